"""World Bank World Development Indicators: GDP at current prices and midyear population.

Traps: about 50 of the codes are overlapping groups (AFE, ARB, WLD) that look like countries'.
A table reader that takes the text NA for a missing value loses Namibia wherever two-letter codes
are used, so cells are read as they stand. Years without a figure have no row or an empty one. Names
change between vintages (Puerto Rico, Somalia): states are told by code. XKX is Kosovo, PSE the
Palestinian territories, CHI the Channel Islands (two territories under one code that is none of
ISO's). The two files do not list the same countries: GDP lacks Gibraltar, North Korea and the
British Virgin Islands, so only both together use the whole map of names. Taiwan is in neither.
"""
