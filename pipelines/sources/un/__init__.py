"""Recorded votes of the General Assembly and the Security Council, from the UN Digital Library.

Traps: vote codes in lower case; a blank vote means not voting; a member that was absent differs
from a state that was no member; states change their names (five spellings of Türkiye), and two
spellings of Iran overlap from 1980 to 1982; CHINA before 25 October 1971 is the Republic of China;
sessions stand in roman and arabic numerals, special and emergency ones with a prefix; one Council
resolution (S/RES/2760) has two records; the last year of an export is a part of a year; totals
are written as decimals, are blank for some records, and zero for a resolution adopted without a
vote. The library turns programs away (an empty 202, or 403): files saved by hand are read the same.
"""
