"""United States military personnel by country and year, 1950 to 2024, from the troopdata series.

The figures count persons on the rolls, not posture: deployed units are dropped in most years (the
Gulf, Iraq, Afghanistan, Syria, Jordan) and in others several counts of a year are added up (Iraq
has 510,000 in one), and embassy guards and Guantanamo are in. A sourced posture table stands in
their place where they fail.
The producer's program no longer writes the file by country and year; it writes one by quarter, in
which figures that an earlier version had summed twice are put right. That one is not read here: it
needs a rule from quarters to years, and its names were not at hand to be mapped.
Traps: a country can have two spellings in one year (Czechia, Czech Republic), one of them with 0,
so rows of one state are added up, never chosen from. `ccode` is a COW number only below 1000;
above, the source numbers territories itself. Vietnam has the code of the north (816) from 1954 on
although the troops stood in the south. Russia stands for the Soviet Union, Yugoslavia goes on to
2024 for Serbia, Germany is the Federal Republic before 1990, and the United States are a row too.
The `iso3c` column is blank for states that are gone and is not read. Names hold a typographic
apostrophe (U+2019).
"""
