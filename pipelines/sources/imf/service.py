"""Parser of the SDMX service's replies: the list of codes, and flows of a block of reporters.

Belongs here: structure-specific SDMX-ML 2.1 as the service sends it, and its check against the
world. Does not belong here: which reporters are asked (`fetch`), or the portal's export (`parse`).

The replies are streamed, with nothing kept of an observation but three numbers. sdmx1 reads the
same message into objects: 92 microseconds and about 4 kB an observation against 5 microseconds
here, which for the four to eight million of all reporters is ten minutes and all of the memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, iterparse

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.imf.parse import WORLD, world_residual
from pipelines.sources.reading import SourceError, require_file

_SOURCE = "imf"
_DIMENSIONS = ("COUNTRY", "INDICATOR", "COUNTERPART_COUNTRY", "FREQUENCY")
_INDICATORS = ("MG_CIF_USD", "XG_FOB_USD")
_LABELS = ["reporter", "indicator", "counterpart"]
_MILLION = 1e6
# The world's trade as China or the United States report it has been above this since 1948; in
# millions it would stay below it.
_LEAST_WORLD_USD = 1e9
# Years in which a reporter's counterparts add up to its world within this share, and how many of
# all reporters' may not: old years and small states are rounded, and some parts kept secret.
_WORLD_TOLERANCE = 0.01
_MOST_BEYOND = 0.05
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def parse_codes(path: Path) -> dict[str, str]:
    """English names of the economies by code, from the reply to a request for the code list."""
    names: dict[str, str] = {}
    for element in _elements(path, ("Code",)):
        code = element.get("id", "")
        for child in element:
            if _tag(child) == "Name" and child.get(_LANG, "en") == "en":
                names[code] = (child.text or "").strip()
    if not names:
        raise _fault(path, "no codes", "the list of codes CL_IMTS_COUNTRY")
    return names


def parse_replies(paths: Sequence[Path], names: dict[str, str]) -> pd.DataFrame:
    """Read replies to requests for flows.

    Overlapping groups of countries (G, GX, U) other than the world are left out as they are read.
    A year for which a reporter has any figure gets a row for each of its counterparts, as in the
    portal's export: without a value where the service gives none.

    Parameters
    ----------
    paths : sequence of Path
        One reply for each block of reporters.
    names : dict
        What `parse_codes` returned.

    Returns
    -------
    DataFrame
        Table ``raw_imf__imts``, in millions of dollars.

    Raises
    ------
    SourceError
        If a reply is cut short or holds no observation, a series is not a yearly one of exports FOB
        or imports CIF in dollars, or stands twice, a value is no number, or the counterparts of too
        many reporters do not add up to their world.
    """
    blocks = [_block(path) for path in paths]
    frame = pd.concat([f for block in blocks for f in block], ignore_index=True)
    key = ["reporter", "indicator", "counterpart", "year"]
    twice = frame.duplicated(key)
    if twice.any():
        row = frame.loc[twice, key].iloc[0].to_dict()
        raise _fault(paths[0].parent, f"{row} in two replies", "each reporter in one reply")
    labels = sorted(frame["counterpart"].unique())
    unnamed = [code for code in labels if code not in names]
    if unnamed:
        raise _fault(
            paths[0].parent, f"counterparts {unnamed} without a name", "codes of CL_IMTS_COUNTRY"
        )
    frame["counterpart_name"] = frame["counterpart"].map(names)
    table = schemas.conform(frame, schemas.table("raw_imf__imts"))
    _check_unit(table, paths[0].parent)
    check_world(table, paths[0].parent)
    return table


def check_world(frame: pd.DataFrame, place: Path) -> None:
    """Raise an error, naming the worst, where too many reporters' parts are not their whole.

    Every reporter, direction and year with a world total is compared with the sum of its
    counterparts without groups. A lost or doubled part shows in all years of many reporters; single
    years off by more than 1 % are the upstream's own, and are let pass up to 5 % of all.
    """
    residual = world_residual(frame)
    off = residual["residual_share"].abs()
    beyond = residual[(off > _WORLD_TOLERANCE) | off.isna()]
    if len(beyond) <= _MOST_BEYOND * len(residual):
        return
    order = beyond["residual_share"].abs().sort_values(ascending=False, kind="stable").index
    worst = "; ".join(
        f"{r.reporter} {r.indicator} {r.year} {100 * r.residual_share:+.1f} %"
        for r in beyond.loc[order].head(10).itertuples(index=False)
    )
    raise SourceError(
        _SOURCE,
        place,
        found=f"{len(beyond)} of {len(residual)} reporters' years whose counterparts differ from "
        f"their world ({WORLD}) by more than {100 * _WORLD_TOLERANCE:g} %, the worst {worst}",
        expected=f"at most {100 * _MOST_BEYOND:g} % of them",
        todo="look whether counterparts are missing from the replies or counted twice: a new group "
        "of countries must be an aggregate in pipelines/sources/imf/names.csv",
    )


def _block(path: Path) -> list[pd.DataFrame]:
    """Rows of one reply, by reporter and indicator."""
    series: dict[tuple[str, str, str], int] = {}
    place, years, values = array("l"), array("h"), array("d")
    for element in _elements(path, ("Series",)):
        lacking = [d for d in _DIMENSIONS if d not in element.attrib]
        if lacking:
            raise _fault(path, f"a series with {element.keys()}", f"also {lacking}")
        reporter, indicator, counterpart, frequency = (element.attrib[d] for d in _DIMENSIONS)
        if _is_group(counterpart):
            continue
        label = f"{reporter}.{indicator}.{counterpart}.{frequency}"
        unit = element.get("UNIT", "USD")
        if indicator not in _INDICATORS or frequency != "A" or unit != "USD":
            raise _fault(
                path, f"series {label} in {unit}", f"yearly series of {_INDICATORS} in USD"
            )
        key = (reporter, indicator, counterpart)
        if key in series:
            raise _fault(path, f"series {label} a second time", "each series once")
        at = series[key] = len(series)
        for observation in element:
            year, value = observation.get("TIME_PERIOD", ""), observation.get("OBS_VALUE", "NaN")
            try:
                years.append(int(year))
                values.append(float(value))
            except ValueError:
                raise _fault(
                    path, f"TIME_PERIOD={year!r} OBS_VALUE={value!r} in {label}", "a year, a number"
                ) from None
            place.append(at)
    known = ~np.isnan(np.asarray(values))
    if not known.any():
        raise _fault(path, "no observation", "flows of the reporters that were asked for")
    grid = pd.DataFrame({"at": place, "year": years, "value": values})[known]
    twice = grid.duplicated(["at", "year"])
    if twice.any():
        key = list(series)[int(grid.loc[twice, "at"].iloc[0])]
        raise _fault(path, f"series {'.'.join(key)} with a year twice", "each year once")
    return _filled(pd.DataFrame(list(series), columns=_LABELS), grid)


def _filled(series: pd.DataFrame, grid: pd.DataFrame) -> list[pd.DataFrame]:
    """Give every counterpart of a reporter a row in each year in which any has a value."""
    out = []
    of_series = grid.groupby("at")
    indices = of_series.indices
    year, value = grid["year"].to_numpy(), grid["value"].to_numpy()
    for (reporter, indicator), members in series.groupby(["reporter", "indicator"], sort=True):
        rows = {at: indices[at] for at in members.index if at in indices}
        if not rows:
            continue
        years = np.unique(np.concatenate([year[r] for r in rows.values()]))
        cells = np.full((len(members), len(years)), np.nan)
        for line, at in enumerate(members.index):
            if at in rows:
                cells[line, np.searchsorted(years, year[rows[at]])] = value[rows[at]]
        out.append(
            pd.DataFrame(
                {
                    "reporter": reporter,
                    "indicator": indicator,
                    "counterpart": np.repeat(members["counterpart"].to_numpy(), len(years)),
                    "year": np.tile(years.astype("int64"), len(members)),
                    "value_usd_millions": cells.ravel() / _MILLION,
                }
            )
        )
    return out


def _check_unit(frame: pd.DataFrame, place: Path) -> None:
    world = frame.loc[frame["counterpart"] == WORLD, "value_usd_millions"].max() * _MILLION
    if not world >= _LEAST_WORLD_USD:
        raise _fault(
            place,
            f"{world:.0f} as the largest trade of a reporter with the world ({WORLD})",
            f"dollars, above {_LEAST_WORLD_USD:.0f}",
        )


def has_observations(path: Path) -> bool:
    """Whether a reply holds any observation at all."""
    with closing(_elements(path, ("Obs",))) as found:
        return any(True for _ in found)


def _is_group(code: str) -> bool:
    """Whether the code is one of the overlapping groups, by its form."""
    return code != WORLD and code.lstrip("GXU").isdigit() and code[0] in "GU"


def _elements(path: Path, wanted: tuple[str, ...]) -> Generator[Element, None, None]:
    """Elements of these names, each whole; forgotten afterwards."""
    require_file(_SOURCE, path, "a reply of the SDMX service")
    try:
        with path.open("rb") as file:
            for _, element in iterparse(file):
                if _tag(element) in wanted:
                    yield element
                    element.clear()
    except ParseError as error:
        raise SourceError(
            _SOURCE,
            path,
            line=error.position[0],
            found=f"{error}",
            expected="a whole SDMX-ML message",
            todo="the reply is cut short or is no SDMX; run again: alliance-depth refresh imf",
        ) from None


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _fault(path: Path, found: str, expected: str) -> SourceError:
    return SourceError(
        _SOURCE,
        path,
        found=found,
        expected=expected,
        todo="run again: alliance-depth refresh imf; if the service's form has changed, "
        "pipelines/sources/imf/service.py must learn it",
    )
