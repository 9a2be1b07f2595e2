"""Is a release what it says it is? Hashes, schemas, counts, and the same rows in every form.

Belongs here: checks of a release's directory or address. Does not belong here: whether its figures
make sense, which is the gate's question before a release is made.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from schemas import REGISTRY
from warehouse.releases.layout import (
    DATABASE,
    DATAPACKAGE,
    SUMS,
    VOLATILE,
    ReleaseError,
    file_hash,
    files_below,
    read_sums,
)

_TYPES = {
    "string": "string",
    "integer": "int64",
    "number": "double",
    "boolean": "bool",
    "date": "date32[day]",
}


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Parameters
    ----------
    release : str
        Its name, as its list of sums gives it; empty where that cannot be read.
    files, tables, rows : int
        How many were checked.
    faults : tuple of str
        Each names a file and what is wrong with it.
    """

    release: str
    files: int
    tables: int
    rows: int
    faults: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(place: str, progress: Callable[[str], None] = lambda _: None) -> Verdict:
    """Check a release.

    Parameters
    ----------
    place : str
        Path of its directory, or its address (http, https, s3); then it is downloaded first.
    progress : callable
        Called with what is being done.

    Raises
    ------
    ReleaseError
        If nothing is there.
    """
    if "://" not in place:
        folder = Path(place)
        if not folder.is_dir():
            raise ReleaseError(f"{place} is not there; expected the directory of a release")
        return _verify(folder, progress)
    from warehouse.releases.copy import download

    with tempfile.TemporaryDirectory() as scratch:
        progress("downloading")
        download(place, Path(scratch))
        return _verify(Path(scratch), progress)


def _verify(folder: Path, progress: Callable[[str], None]) -> Verdict:
    progress("hashes")
    release, sums, faults = _hashes(folder)
    tables = rows = 0
    # Where bytes are wrong, what is in them does not matter.
    if not faults:
        progress("tables")
        package = json.loads((folder / DATAPACKAGE).read_text())
        faults += _package(package, release, sums)
        named = _by_table(package)
        with duckdb.connect() as con:
            for name, forms in named.items():
                tables += 1
                rows += forms["csv"]["rows"]
                faults += _table(con, folder, name, forms, release)
        progress("DuckDB file")
        faults += _database(folder, {n: f["csv"]["rows"] for n, f in named.items()}, release)
        faults += _withheld(named)
    return Verdict(release, len(sums), tables, rows, tuple(faults))


def _hashes(folder: Path) -> tuple[str, dict[str, str], list[str]]:
    """Read both lists of sums and compare them with the files that are there."""
    release, faults = "", []
    sums: dict[str, str] = {}
    for name in (SUMS, VOLATILE):
        try:
            said, listed = read_sums(folder / name)
            sums |= listed
            if release and said != release:
                faults.append(f"{name}: of release {said}, the other of {release}")
            release = release or said
        except ReleaseError as error:
            faults.append(str(error))
    there = [f for f in files_below(folder) if f not in (SUMS, VOLATILE)]
    # Without a whole list it cannot be said which files should be there.
    if not faults:
        faults += [f"{name}: not there" for name in sorted(set(sums) - set(there))]
        faults += [f"{name}: not part of the release" for name in sorted(set(there) - set(sums))]
    present = [name for name in there if name in sums]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: file_hash(folder / name), present))
    faults += [
        f"{name}: damaged, its SHA-256 is {sha256[:12]}…, expected {sums[name][:12]}…"
        for name, sha256 in zip(present, found, strict=True)
        if sha256 != sums[name]
    ]
    return release, sums, faults


def _by_table(package: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    named: dict[str, dict[str, dict[str, Any]]] = {}
    for resource in package["resources"]:
        named.setdefault(resource["title"], {})[resource["format"]] = resource
    return named


def _package(package: dict[str, Any], release: str, sums: dict[str, str]) -> Iterator[str]:
    if package["version"] != release:
        yield f"{DATAPACKAGE}: of release {package['version']}, expected {release}"
    for resource in package["resources"]:
        if resource["hash"] != f"sha256:{sums.get(resource['path'], '')}":
            yield f"{DATAPACKAGE}: the hash of {resource['path']} is not that of {SUMS}"


def _table(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    name: str,
    forms: dict[str, dict[str, Any]],
    release: str,
) -> Iterator[str]:
    csv, parquet = forms["csv"], forms["parquet"]
    expected = {f["name"]: _TYPES[f["type"]] for f in csv["schema"]["fields"]}
    file = pq.ParquetFile(folder / parquet["path"])
    found = {f.name: str(f.type) for f in file.schema_arrow}
    if found != expected:
        yield f"{parquet['path']}: columns {found}, expected {expected}"
    said = (file.schema_arrow.metadata or {}).get(b"release", b"").decode()
    if said != release:
        yield f"{parquet['path']}: of release {said or '(none)'}, expected {release}"
    if file.metadata.num_rows != csv["rows"]:
        yield f"{parquet['path']}: {file.metadata.num_rows} rows, expected {csv['rows']}"
    # The form is that of write_csv: DuckDB need not guess it.
    read = (
        f"read_csv('{_quoted(folder / csv['path'])}', all_varchar=true, header=true, "
        "delim=',', quote='\"', escape='\"', new_line='\\r\\n')"
    )
    heads = [row[0] for row in con.execute(f"DESCRIBE FROM {read}").fetchall()]
    if heads != list(expected):
        yield f"{csv['path']}: columns {heads}, expected {list(expected)}"
        return
    count = con.execute(f"SELECT count(*) FROM {read}").fetchall()[0][0]
    if count != csv["rows"]:
        yield f"{csv['path']}: {count} rows, expected {csv['rows']}"
    if name not in REGISTRY:
        return
    if list(csv["schema"]["primaryKey"]) != list(REGISTRY[name].key):
        yield f"{DATAPACKAGE}: the key of {name} is not that of the registry"


def _database(folder: Path, rows: dict[str, int], release: str) -> Iterator[str]:
    """Compare every table of the DuckDB file with its Parquet file, row by row."""
    try:
        con = duckdb.connect(str(folder / DATABASE), read_only=True)
    except duckdb.Error as error:
        yield f"{DATABASE}: DuckDB cannot open it: {error}"
        return
    with con:
        found = {n for (n,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for name in sorted(found ^ set(rows)):
            side = "not in the Parquet files" if name in found else "not there"
            yield f"{DATABASE}: the table {name} is {side}"
        for name in sorted(found & set(rows)):
            other = f"read_parquet('{_quoted(folder / 'parquet' / f'{name}.parquet')}')"
            # Rows that only one has; by the counts, how many only the other has.
            ((only, here, there),) = con.execute(
                f'SELECT (SELECT count(*) FROM (FROM "{name}" EXCEPT ALL FROM {other})), '
                f'(SELECT count(*) FROM "{name}"), (SELECT count(*) FROM {other})'
            ).fetchall()
            n = 2 * only + there - here
            if n:
                yield f"{DATABASE}: {n} rows of {name} differ from its Parquet file"
        if "meta_release" in found:
            ((said,),) = con.execute("SELECT release FROM meta_release").fetchall()
            if said != release:
                yield f"{DATABASE}: of release {said}, expected {release}"


def _withheld(named: dict[str, dict[str, dict[str, Any]]]) -> Iterator[str]:
    """Nothing that may not leave has left, by today's registry."""
    for name, forms in named.items():
        if name in REGISTRY:
            kept = REGISTRY[name].released
            allowed = set(kept.columns) if kept else set()
            lost = [f["name"] for f in forms["csv"]["schema"]["fields"] if f["name"] not in allowed]
            if lost:
                yield f"{forms['csv']['path']}: holds {lost}, which may not leave the machine"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
