"""CEPII: the page of BACI, and a zip of two years in HS 1992.

Real values of neither year; the layout is that of the releases since 2020. In 1998 Belgium stands
with Luxembourg under 58, in 1999 under 56.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from . import Reply

VERSION = "202601"
FILE = f"BACI_HS92_V{VERSION}.zip"
COLUMN = (b"t,i,j,k,v,q", b"t,i,j,k,value,q")
PIECE = 1
YEARS = {
    1998: b"""t,i,j,k,v,q
1998,58,156,270900,120.500,1.000
1998,276,364,841112,12.750,0.150
1998,364,276,270900,900.000,45.000
1998,364,842,970110,2.001,NA
""",
    1999: b"""t,i,j,k,v,q
1999,56,156,270900,80.250,0.700
1999,56,156,9999AA,1.125,NA
1999,276,364,841112,15.000,0.200
1999,364,276,270900,1100.000,52.000
1999,490,364,851762,3.333,0.010
""",
}
# Later releases before earlier ones and other revisions between, as the page lists them.
PAGE = f"""<!DOCTYPE html>
<html lang="en"><head><title>CEPII - BACI</title></head><body>
<p>This is the <em>{VERSION}</em> version, covering 1995-2024.</p>
<a href="/DATA_DOWNLOAD/baci/data/BACI_HS92_V{VERSION}.zip">HS92 (2.4 GB)</a>
<a href="/DATA_DOWNLOAD/baci/data/BACI_HS17_V{VERSION}.zip">HS17 (1.0 GB)</a>
<a href="/DATA_DOWNLOAD/baci/data/BACI_HS92_V202501.zip">HS92, archive</a>
</body></html>
"""
COUNTRIES = b"""country_code,country_name,country_iso2,country_iso3
56,Belgium,BE,BEL
58,Belgium-Luxembourg (...1998),BE,BEL
276,Germany,DE,DEU
490,"Other Asia, nes",N/A,S19
"""
README = f"Name of the dataset: BACI\n\nVersion: {VERSION}\n\nFormat: csv\n".encode()


def archive(years: dict[int, bytes], version: str = VERSION) -> bytes:
    """The zip of these years."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as made:
        for year, text in years.items():
            made.writestr(f"BACI_HS92_Y{year}_V{version}.csv", text)
        made.writestr(f"country_codes_V{version}.csv", COUNTRIES)
        made.writestr("Readme.txt", README)
    return packed.getvalue()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The page, then the zip."""
    years = {year: edit(text) for year, text in YEARS.items()}
    return [
        Reply(
            "/CEPII/en/bdd_modele/bdd_modele_item.asp",
            PAGE.encode(),
            "text/html; charset=utf-8",
            query={"id": "37"},
        ),
        Reply(f"/{FILE}", archive(years), "application/x-zip-compressed"),
    ]
