"""Parsers of what the World Bank itself gives: the service's pages, and the page's CSV download.

Belongs here: an answer of the service with its count of rows, and the wide file in the zip that the
indicator's page offers. Does not belong here: the long file of `parse`, or the web.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    require_columns,
    require_file,
    require_unique,
    to_integer,
    to_number,
)
from pipelines.sources.worldbank.parse import IndicatorTable

_SOURCE = "worldbank"
INDICATORS: dict[IndicatorTable, str] = {
    "raw_worldbank__gdp": "NY.GDP.MKTP.CD",
    "raw_worldbank__population": "SP.POP.TOTL",
}
_HEAD = ["page", "pages", "total", "lastupdated"]
_ROW = ["countryiso3code", "country", "date", "value", "indicator"]
_LABELS = ["Country Name", "Country Code", "Indicator Name", "Indicator Code"]


def read_page(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Head and rows of one answer of the service.

    Raises
    ------
    SourceError
        If it is no such answer. The service says what is wrong with a request in an answer with
        HTTP 200; its words are in the error.
    """
    require_file(_SOURCE, path, "an answer of the World Bank's service")
    try:
        answer = json.loads(path.read_bytes())
    except ValueError as error:
        raise _fault(path, f"no whole JSON ({error})", "an answer of the service") from None
    messages = _messages(answer)
    if messages:
        raise _fault(path, f"the message {messages!r}", "figures of the indicator")
    if not (
        isinstance(answer, list)
        and len(answer) == 2
        and isinstance(answer[0], dict)
        and isinstance(answer[1], list)
    ):
        raise _fault(path, f"{str(answer)[:200]}", "a head and a list of rows")
    head, rows = answer
    require_columns(_SOURCE, path, head, _HEAD, None)
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or any(name not in row for name in _ROW):
            raise SourceError(
                _SOURCE,
                path,
                row=at + 1,
                found=f"{str(row)[:200]}",
                expected=f"a row with {_ROW}",
                todo="see whether the service has changed its form; then "
                "pipelines/sources/worldbank/service.py must learn it",
            )
    return head, rows


def _messages(answer: Any) -> str:
    """What the service says instead of figures: ``[{"message": [{"key": ..., "value": ...}]}]``."""
    first = answer[0] if isinstance(answer, list) and answer else answer
    found = first.get("message") if isinstance(first, dict) else None
    if not isinstance(found, list):
        return str(found or "")
    return "; ".join(f"{m.get('key', '')}: {m.get('value', '')}" for m in found)


def parse_pages(paths: Sequence[Path], table: IndicatorTable) -> pd.DataFrame:
    """Read all pages of one indicator.

    Parameters
    ----------
    paths : sequence of Path
        The pages, in any order.
    table : {'raw_worldbank__gdp', 'raw_worldbank__population'}
        The table they are for.

    Returns
    -------
    DataFrame
        That table.

    Raises
    ------
    SourceError
        If a page is missing, is of another update than the others, or is of another indicator; if
        there are fewer or more rows than the service counts; or a row is not a country's year.
    """
    heads, parts = [], []
    for path in paths:
        head, rows = read_page(path)
        heads.append(head)
        page = pd.DataFrame(
            {
                "country_code": [str(r["countryiso3code"]) for r in rows],
                "country_name": [str(r["country"]["value"]) for r in rows],
                "year": [str(r["date"]) for r in rows],
                "value": [r["value"] for r in rows],
                "indicator": [str(r["indicator"]["id"]) for r in rows],
            }
        )
        page["year"] = to_integer(_SOURCE, path, page["year"], "date")
        page["value"] = _values(path, page["value"])
        _require_codes(path, page["country_code"], INDICATORS[table], page["indicator"])
        parts.append(page)
    place = paths[0].parent
    have = sorted(int(h["page"]) for h in heads)
    expected = {(int(h["pages"]), int(h["total"]), str(h["lastupdated"])) for h in heads}
    if len(expected) != 1:
        raise _fault(
            place, f"pages of different updates: {sorted(expected)}", "all pages of one update"
        )
    ((pages, total, _),) = expected
    if have != list(range(1, pages + 1)):
        raise _fault(place, f"the pages {have} of {INDICATORS[table]}", f"1 to {pages}")
    frame = pd.concat(parts, ignore_index=True)
    if len(frame) != total:
        raise _fault(place, f"{len(frame)} rows of {INDICATORS[table]}", f"{total}, as it says")
    require_unique(_SOURCE, place, frame, ["country_code", "year"])
    return _table(frame, table)


def _values(path: Path, values: pd.Series) -> pd.Series:
    """Numbers, null missing: a text that looks like a number would be another form."""
    for at, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise SourceError(
                _SOURCE,
                path,
                row=at + 1,
                found=f"value = {value!r}",
                expected="a number or null",
                todo="look at the row; the service may have changed its form",
            )
    return pd.to_numeric(values).astype("float64")


def parse_download(data: bytes, place: Path | str, table: IndicatorTable) -> pd.DataFrame:
    """Read the wide CSV of the zip that an indicator's page offers, a column a year.

    Its header stands below a few lines on the file's source, and is found by its names.

    Raises
    ------
    SourceError
        If it is not such a file, or is of another indicator.
    """
    path = Path(place)
    text = data.decode("utf-8-sig", "strict")
    lines = text.splitlines()
    top = next((n for n, x in enumerate(lines) if x.startswith('"Country Name"')), None)
    if top is None:
        require_columns(_SOURCE, path, lines[:1], _LABELS)
    wide = pd.read_csv(
        io.StringIO("\n".join(lines[top:])), dtype="str", keep_default_na=False, header=0
    )
    require_columns(_SOURCE, path, wide.columns, _LABELS, (top or 0) + 1)
    years = [c for c in wide.columns if c.isdigit() and len(c) == 4]
    require_columns(_SOURCE, path, years or wide.columns, years or ["a year"], (top or 0) + 1)
    first = (top or 0) + 2
    _require_codes(path, wide["Country Code"], INDICATORS[table], wide["Indicator Code"])
    require_unique(_SOURCE, path, wide, ["Country Code"], first)
    numbers = pd.DataFrame({y: to_number(_SOURCE, path, wide[y], y, first) for y in years})
    labels = wide[["Country Code", "Country Name"]].set_axis(
        ["country_code", "country_name"], axis=1
    )
    frame = pd.concat([labels, numbers], axis=1).melt(list(labels), years, "year", "value")
    return _table(frame.astype({"year": "int64"}), table)


def _require_codes(path: Path, codes: pd.Series, wanted: str, given: pd.Series) -> None:
    other = sorted(set(given) - {wanted})
    if other:
        raise _fault(path, f"the indicators {other}", wanted)
    odd = ~codes.str.fullmatch("[A-Z]{3}").to_numpy(dtype=bool)
    if odd.any():
        at = int(odd.argmax())
        raise SourceError(
            _SOURCE,
            path,
            row=at + 1,
            found=f"the country code {codes.iloc[at]!r}",
            expected="a code of three capital letters",
            todo="look at the row; a new group without a code needs the parser's help",
        )


def _table(frame: pd.DataFrame, table: IndicatorTable) -> pd.DataFrame:
    definition = schemas.table(table)
    named = frame.rename(columns={"value": definition.columns[-1]})
    return schemas.conform(named[definition.columns], definition)


def _fault(path: Path, found: str, expected: str) -> SourceError:
    return SourceError(
        _SOURCE,
        path,
        found=found,
        expected=expected,
        todo="run again: alliance-depth refresh worldbank; if it stays so, see whether the "
        "service has changed",
    )
