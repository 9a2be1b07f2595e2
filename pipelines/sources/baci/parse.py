"""Reduction of a year of BACI, up to eleven million rows of products, to totals of pairs.

Belongs here: the year's CSV as a stream, from its header to the sums, which DuckDB makes while the
stream is inflated, and where a fault in it stands. Does not belong here: the zip, the cache of
years (`fetch`), or which state a number is.

pyarrow parses the stream, on all cores and while zlib inflates it, and hands the batches to DuckDB.
DuckDB's own reader takes a pipe with a single thread and cannot say what broke at the other end.
Sums are of decimals: those of floating numbers would change with the number of threads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import IO, Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipelines.sources.reading import SourceError, require_columns

SOURCE = "baci"
# What a reduced year depends on besides its bytes; raise it when the reduction changes.
REDUCTION = 1
COLUMNS = ["t", "i", "j", "k", "v", "q"]
_TYPES = {
    "t": pa.int16(),
    "i": pa.int16(),
    "j": pa.int16(),
    "k": pa.string(),
    # The file has three digits after the point; a seventh would be an error.
    "v": pa.decimal128(18, 6),
}
_BLOCK = 1 << 22
_FIRST_LINE = 2
_SUMS = """
SELECT i AS exporter_code, j AS importer_code, sum(v)::DOUBLE AS value_usd_thousands,
    coalesce(sum(v) FILTER (k LIKE '27%'), 0)::DOUBLE AS hs27_usd_thousands,
    count(*) AS n_products, min(t) AS first, max(t) AS last, min(v)::DOUBLE AS least,
    count(*) FILTER (strlen(k) <> 6) AS odd
FROM flows GROUP BY ALL ORDER BY ALL
"""
_TWICE = "SELECT i, j, k FROM flows GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"

Opened = Callable[[], AbstractContextManager[IO[bytes]]]


def reduce_year(opened: Opened, place: str, year: int) -> pd.DataFrame:
    """Sum a year's flows of products by exporter and importer.

    Parameters
    ----------
    opened : callable
        Opens the year's CSV anew, as a stream: again where a fault must be found.
    place : str
        Named in errors: the zip and the member in it.
    year : int
        The year that the file's name gives.

    Returns
    -------
    DataFrame
        Table ``raw_baci__flows`` of the year, its rows in no order that is promised.

    Raises
    ------
    SourceError
        Naming the line, if the header is another, a row has another number of cells, a cell is no
        number, a value is negative, a product's code has not six signs, a flow stands twice, a row
        is of another year, or the last line is not ended; and what `opened` raises.
    """
    with opened() as stream:
        header = stream.readline(200).decode("utf-8-sig", "replace").strip("\r\n").split(",")
    require_columns(SOURCE, place, [h.strip('"') for h in header], COLUMNS)  # type: ignore[arg-type]
    watch = _Watch()
    try:
        with opened() as stream:
            sums = _query(_SUMS, _batches(_Ended(stream, watch)), watch)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        raise _broken_row(opened, place) from None
    _check(sums, watch, opened, place, year)
    return sums.drop(columns=["first", "last", "least", "odd"]).assign(year=year)


class _Watch:
    """What is learnt of the stream while DuckDB pulls it."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.is_sorted = True
        self.last_byte = b"\n"
        self._before: tuple[int, str] | None = None

    def batches(self, reader: csv.CSVStreamingReader) -> Iterator[pa.RecordBatch]:
        """Pass the batches on; an error among them would reach DuckDB's caller as a text only."""
        try:
            for batch in reader:
                self._look(batch)
                yield batch
        except Exception as error:
            self.error = error
            raise

    def taken(self) -> Exception:
        """The error, no longer held here: its traceback holds the connection."""
        error, self.error = self.error, None
        assert error is not None
        return error

    def _look(self, batch: pa.RecordBatch) -> None:
        """See whether flows rise strictly: then none stands twice, and nothing need be counted."""
        if not self.is_sorted or not batch.num_rows:
            return
        pair, product = _pairs(batch), batch["k"]
        step = np.diff(pair)
        later = pc.greater(product[1:], product[:-1]).to_numpy(zero_copy_only=False)
        first = (int(pair[0]), product[0].as_py())
        is_after = self._before is None or self._before < first
        self.is_sorted = is_after and bool(((step > 0) | ((step == 0) & later)).all())
        self._before = int(pair[-1]), product[-1].as_py()


class _Ended:
    """A stream that remembers its last byte."""

    closed = False

    def __init__(self, stream: IO[bytes], watch: _Watch) -> None:
        self._stream, self._watch = stream, watch

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if data:
            self._watch.last_byte = data[-1:]
        return data

    def close(self) -> None:
        self.closed = True


def _pairs(batch: pa.RecordBatch) -> np.ndarray:
    """One number for each exporter and importer, in their order."""
    return batch["i"].to_numpy().astype("int64") * 65536 + batch["j"].to_numpy()


def _batches(stream: _Ended | IO[bytes], *, threads: bool = True) -> csv.CSVStreamingReader:
    return csv.open_csv(
        stream,
        read_options=csv.ReadOptions(use_threads=threads, block_size=_BLOCK),
        parse_options=csv.ParseOptions(ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=_TYPES,
            include_columns=list(_TYPES),
            null_values=[],
            strings_can_be_null=False,
        ),
    )


def _query(sql: str, reader: csv.CSVStreamingReader, watch: _Watch) -> pd.DataFrame:
    """Run one query over the batches; what broke among them is raised as it was."""
    flows = pa.RecordBatchReader.from_batches(reader.schema, watch.batches(reader))
    with duckdb.connect(config={"memory_limit": "1500MB"}) as con:
        con.register("flows", flows)
        try:
            return con.execute(sql).df()
        except duckdb.Error:
            if watch.error is None:
                raise
            raise watch.taken() from None


def _check(sums: pd.DataFrame, watch: _Watch, opened: Opened, place: str, year: int) -> None:
    """Refuse a year whose sums are not those of its flows."""
    if not len(sums):
        raise _fault(place, 1, "a header and no rows", "flows of products")
    if watch.last_byte not in b"\r\n":
        rows = int(sums["n_products"].sum())
        raise _fault(place, rows + 1, "a last line that is not ended", "a line end after each row")
    if (sums["first"] != year).any() or (sums["last"] != year).any():
        line, row = _first(opened, lambda b: pc.not_equal(b["t"], pa.scalar(year, pa.int16())))
        raise _fault(place, line, f"the year t = {row['t']}", f"{year}, as the file's name says")
    if (sums["least"] < 0).any():
        line, row = _first(opened, lambda b: pc.less(b["v"], pa.scalar(0)))
        raise _fault(place, line, f"v = {row['v'].normalize():f}", "a value of at least 0")
    if sums["odd"].any():
        line, row = _first(opened, lambda b: pc.not_equal(pc.binary_length(b["k"]), 6))
        raise _fault(place, line, f"k = {row['k']!r}", "a product's code of six signs")
    if not watch.is_sorted:
        _check_unique(opened, place)


def _check_unique(opened: Opened, place: str) -> None:
    """Refuse a flow that stands twice, in a file whose order does not rule it out."""
    with opened() as stream:
        twice = _query(_TWICE, _batches(stream), _Watch())
    if not len(twice):
        return
    i, j, k = twice.iloc[0]
    seen: list[int] = []

    def again(batch: pa.RecordBatch) -> np.ndarray:
        """The second row of the flow, whichever batch it is in."""
        same = (_pairs(batch) == int(i) * 65536 + int(j)) & pc.equal(batch["k"], k).to_numpy(
            zero_copy_only=False
        )
        at = np.flatnonzero(same)[: 2 - len(seen)]
        seen.extend(at)
        out = np.zeros(len(same), dtype=bool)
        if len(seen) == 2:
            out[seen[-1]] = True
        return out

    line, _ = _first(opened, again)
    raise _fault(place, line, f"i = {i}, j = {j}, k = {k} a second time", "each flow once")


def _first(
    opened: Opened, is_wrong: Callable[[pa.RecordBatch], pa.Array | np.ndarray]
) -> tuple[int, dict[str, Any]]:
    """Line and cells of the first row for which something holds."""
    before = 0
    with opened() as stream:
        for batch in _batches(stream, threads=False):
            wrong = np.asarray(is_wrong(batch), dtype=bool)
            if wrong.any():
                at = int(wrong.argmax())
                return _FIRST_LINE + before + at, batch.slice(at, 1).to_pylist()[0]
            before += batch.num_rows
    raise AssertionError("a fault that a second reading of the same bytes does not find")


def _broken_row(opened: Opened, place: str) -> SourceError:
    """Find the row that pyarrow cannot read: with several threads it does not say which."""
    try:
        with opened() as stream:
            for _ in _batches(stream, threads=False):
                pass
    except pa.ArrowInvalid as error:
        row = re.search(r"(?:In CSV column #(\d+): )?Row #(\d+): (.*)", str(error), re.DOTALL)
        if not row:
            return _fault(place, None, str(error), "rows of t, i, j, k, v, q")
        column = f"{COLUMNS[int(row[1])]}: " if row[1] else ""
        return _fault(place, int(row[2]), f"{column}{row[3]}", "a number in each of t, i, j, v")
    raise AssertionError("a fault that a second reading of the same bytes does not find")


def _fault(place: str, line: int | None, found: str, expected: str) -> SourceError:
    return SourceError(
        SOURCE,
        place,
        line=line,
        found=found,
        expected=expected,
        todo="fetch the zip again; if CEPII's own file is so, keep the version before it",
    )
