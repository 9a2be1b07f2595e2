"""Tables compiled by hand from individually sourced rows: labels, treaties, posture, clubs, crude.

Every row has the address of the page it rests on and a confidence; a row without a source does not
exist, and an explicit 'none' is a sourced one. Traps: a date is as precise as its source (2008,
2008-07 or 2008-07-31). Read, a start is the first day of what is written and an end the last. In a
history (labels, memberships) one row may end in the very year or month in which the next begins;
then the boundary is the more precise of the two dates, or the first day if both say the same. An
empty end means it goes on. The files are edited by hand, so the loader is strict and lists every
fault of a file at once, with its line.
"""
