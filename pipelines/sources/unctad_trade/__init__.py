"""UNCTADstat merchandise totals: each economy's goods trade with the whole world, 1948 to 2024.

Traps: 69 of the 305 economies are groups that overlap (World, BRICS, G-77, continents). Most are
listed for all years, with nothing outside an economy's life: the Soviet Union (SUN) ends in 1991
and Russia starts in 1992, likewise the two Germanies to 1989, both Yemens to 1989, Yugoslavia to
1991 and Serbia and Montenegro 1992 to 2007, Ethiopia with Eritrea to 1991, Sudan to 2011, Indonesia
with East Timor to 2002 and Panama without the Canal Zone to 1980. The last two have no letter code,
and two codes are none of ISO's (ETH_1991, SDN_2011): states are told by `unctad_code`. Footnotes
flag estimates and breaks; South Africa's figures are the customs union's from 1948 to 1979 although
other members have rows too. Zeros exist (Tuvalu, Niue) and are not blanks.
"""
