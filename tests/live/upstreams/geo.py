"""COW's list of states of 2016: whole numbers, and a last line that is not ended."""

from __future__ import annotations

from collections.abc import Callable

from upstreams import Reply

COLUMN = (b"stateabb", b"abbreviation")
PIECE = 0
TABLE = b"""\
stateabb,ccode,statenme,styear,stmonth,stday,endyear,endmonth,endday,version
USA,2,United States of America,1816,1,1,2016,12,31,2016
CUB,40,Cuba,1902,5,20,1906,9,25,2016
CUB,40,Cuba,1909,1,23,2016,12,31,2016
IRN,630,Iran,1855,1,1,2016,12,31,2016
WSM,990,Samoa,1976,12,15,2016,12,31,2016"""


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The one file."""
    return [Reply("/wp-content/uploads/states2016.csv", edit(TABLE), "text/csv")]
