"""ATOP 5.1, Alliance Treaty Obligations and Provisions: military alliance agreements 1815 to 2018.

Traps: an end or exit year of 0 means in force when coding ended (31 December 2018), not the year 0.
The member file has one row per member and phase, and a member may leave and come back inside one
phase, so (atopid, member, phase) is no key: the entry year belongs to it. Members of one agreement
must be matched by phase and by time: atopid alone pairs members that never met (East Germany's
exit with Germany's entry, the founders of 1961 with those who joined in 2003), and time alone pairs
the Czech Republic with Slovakia in nine treaties that each inherited from Czechoslovakia with a
third state in a phase of its own. Obligations can be one-sided (the United States to Japan, not
back). Code 710 is China under whichever government held it: the Republic of China before October
1949. Days (not months) are missing in a few rows. The file codes no end after 2018.
"""
