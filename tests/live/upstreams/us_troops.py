"""troopdata's series in its repository: a column of regions, and NA where a code is missing."""

from __future__ import annotations

from collections.abc import Callable

from upstreams import Reply

COLUMN = (b"troops_ad", b"troops_active")
PIECE = 0
TABLE = """\
countryname,year,ccode,iso3c,region,troops_ad
Aden,1951,1029,NA,Middle East & North Africa,0
Aden,1967,1029,NA,Middle East & North Africa,7
Afghanistan,2009,700,AFG,South Asia,59054
Albania,1998,339,ALB,Europe & Central Asia,83
Antarctica,1956,10000,NA,Antarctica,173
Côte D’ivoire,1961,437,CIV,Sub-Saharan Africa,3
""".encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The one file, as GitHub answers raw files."""
    path = "/meflynn/troopdata/master/data-raw/troopdata-rebuild-country-year.csv"
    return [Reply(path, edit(TABLE), "text/plain; charset=utf-8")]
