"""What Harvard's Dataverse answers: the listing of the data set, and its file of ideal points.

As of version 39 (July 2026): ideal points by calendar year, of votes on final passage, beside an
older file that the Dataverse turned into a .tab, a codebook, dyads and agreement scores.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from upstreams import Reply

COLUMN = (b"IdealPointFP", b"IdealPoint")
PIECE = 1
DOI = "doi:10.7910/DVN/LEJUQZ"
HEADER = (
    '"","ccode","year","NVotesFP","IdealPointFP","Q0%FP","Q5%FP","Q10%FP","Q50%FP","Q90%FP",'
    '"Q95%FP","Q100%FP","iso3c","Countryname"\n'
)
# Correlates of War number, abbreviation, name, ideal point in 2015.
STATES = (
    (2, "USA", "United States", 2.6),
    (200, "GBR", "United Kingdom", 1.7),
    (220, "FRA", "France", 1.5),
    (365, "RUS", "Russia", -0.4),
    (630, "IRN", "Iran", -1.7),
    (640, "TUR", "Turkey", 0.5),
    (666, "ISR", "Israel", 2.1),
    (670, "SAU", "Saudi Arabia", -0.9),
    (690, "KWT", "Kuwait", -0.8),
    (692, "BHR", "Bahrain", -0.9),
    (694, "QAT", "Qatar", -0.9),
    (696, "ARE", "United Arab Emirates", -0.8),
    (698, "OMN", "Oman", -0.9),
    (710, "CHN", "China", -0.9),
)
YEARS = range(2015, 2026)


def points() -> bytes:
    """Ideal points of 14 states by year, as R writes them; a missing one is NA."""
    lines = [HEADER]
    for ccode, iso3c, name, start in STATES:
        for year in YEARS:
            point = round(start + 0.013 * (year - YEARS[0]), 6)
            missing = (iso3c, year) == ("OMN", 2016)
            spread = ",".join(
                "NA" if missing else f"{point + s:.6f}" for s in (-1, 0, 0, 0, 0, 0, 1)
            )
            lines.append(
                f'"{len(lines)}",{ccode},{year},{60 + year % 7},{"NA" if missing else point},'
                f'{spread},"{iso3c}","{name}"\n'
            )
    return "".join(lines).encode()


def file(number: int, name: str, data: bytes, day: str, **more: Any) -> dict[str, Any]:
    """A file's entry in the listing."""
    md5 = hashlib.md5(data).hexdigest()
    return {
        "label": name,
        "restricted": False,
        "version": 1,
        "datasetVersionId": 520931,
        "dataFile": {
            "id": number,
            "persistentId": "",
            "filename": name,
            "contentType": "text/csv",
            "filesize": len(data),
            "storageIdentifier": f"s3://dvn-cloud:{number}",
            "rootDataFileId": -1,
            "md5": md5,
            "checksum": {"type": "MD5", "value": md5},
            "creationDate": day,
            "publicationDate": day,
            **more,
        },
    }


def turned(number: int, name: str, data: bytes, day: str) -> dict[str, Any]:
    """The entry of a file that the Dataverse turned into a .tab: its checksum is the original's."""
    return file(
        number,
        name.rsplit(".", 1)[0] + ".tab",
        data,
        day,
        contentType="text/tab-separated-values",
        originalFileFormat="application/x-stata-14" if name.endswith(".dta") else "text/csv",
        originalFormatLabel="Comma Separated Values",
        originalFileSize=len(data),
        originalFileName=name,
        UNF="UNF:6:THbSVfLiqCuW/Dt51uiCIw==",
    )


def listing(files: list[dict[str, Any]], **more: Any) -> bytes:
    """The data set, as the Dataverse describes it."""
    version = {
        "id": 520931,
        "datasetPersistentId": DOI,
        "versionNumber": 39,
        "versionMinorNumber": 0,
        "versionState": "RELEASED",
        "releaseTime": "2026-07-30T14:10:02Z",
        "license": {"name": "CC0 1.0"},
        "files": files,
        **more,
    }
    data = {"id": 1, "identifier": "DVN/LEJUQZ", "latestVersion": version}
    return json.dumps({"status": "OK", "data": data}).encode()


def dataset(body: bytes) -> Reply:
    """The answer to the request for the listing."""
    return Reply(
        "/api/datasets/:persistentId/", body, "application/json", query={"persistentId": DOI}
    )


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """All answers of a fetch."""
    data = edit(points())
    files = [
        file(11837234, "AgreementScores.csv", b"...", "2025-07-28"),
        file(13642024, "Codebook_IdealPointEstimates1946-2025.txt", b"...", "2026-04-03"),
        turned(13642025, "Idealpointestimates1946-2025.csv", b"...", "2026-04-03"),
        file(14098430, "IdealPointDyads1946-2025.csv", b"...", "2026-07-30"),
        file(14098429, "IdealpointestimatesFP_2026FP.csv", data, "2026-07-30"),
    ]
    return [
        dataset(listing(files)),
        Reply("/api/access/datafile/14098429", data, "text/csv", query={}),
    ]
