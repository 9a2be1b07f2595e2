"""Parser of COW's IGO memberships by state and year.

Belongs here: turning the wide file into rows, and the world mean that needs every state at once.
Does not belong here: mapping codes to states, memberships after 2014, joint memberships of pairs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    read_parquet,
    require_unique,
    to_integer,
)

_SOURCE = "cow_igo"
_ID = ["ccode", "year", "state"]
_STATUS = {1: "full", 2: "associate", 3: "observer"}
_NO_TIE = (0, -1)
_UNKNOWN = -9


def parse_state_year(path: Path) -> dict[str, pd.DataFrame]:
    """Read the state-year file, as bundled (Parquet) or as the upstream gives it (CSV).

    Parameters
    ----------
    path : Path
        ``cow_igo_state_year_v3.parquet`` or ``state_year_formatv3.csv``.

    Returns
    -------
    dict of str to DataFrame
        Tables ``raw_cow_igo__memberships``, ``__gaps``, ``__coverage`` and ``__world``.

    Raises
    ------
    SourceError
        If the file is not such a table or a cell holds another code than -9, -1, 0, 1, 2, 3.
    """
    if path.suffix == ".parquet":
        wide, first_line = read_parquet(_SOURCE, path, _ID), None
    else:
        wide, first_line = read_delimited(_SOURCE, path, _ID), 2
    wide.columns = wide.columns.str.lower()
    igos = np.array([c for c in wide.columns if c not in _ID], dtype=object)
    if not len(igos):
        raise SourceError(
            _SOURCE,
            path,
            line=1,
            found=f"only the columns {list(wide.columns)}",
            expected="also a column for each organisation",
            todo="take the state-year file, not the list of states",
        )
    coverage = pd.DataFrame(
        {
            "ccode": to_integer(_SOURCE, path, wide["ccode"], "ccode", first_line),
            "year": to_integer(_SOURCE, path, wide["year"], "year", first_line),
            "state_abb": wide["state"],
        }
    )
    require_unique(_SOURCE, path, coverage, ["ccode", "year"], first_line)
    codes = _codes(wide[igos], path, first_line)
    frames = {
        "raw_cow_igo__memberships": _memberships(coverage, codes, igos),
        "raw_cow_igo__gaps": _gaps(coverage, codes, igos),
        "raw_cow_igo__coverage": coverage,
        "raw_cow_igo__world": _world(coverage, codes),
    }
    return {name: schemas.conform(f, schemas.table(name)) for name, f in frames.items()}


def _codes(cells: pd.DataFrame, path: Path, first_line: int | None) -> np.ndarray:
    """Cells as small integers; any code the codebook does not name is an error."""
    numbers = np.column_stack([_numbers(cells[igo]) for igo in cells])
    wrong = ~np.isin(numbers, [_UNKNOWN, *_NO_TIE, *_STATUS])
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise SourceError(
            _SOURCE,
            path,
            **({"row": row + 1} if first_line is None else {"line": first_line + row}),
            found=f"{cells.columns[column]} = {cells.iloc[row, column]!r}",
            expected="one of the codes -9, -1, 0, 1, 2, 3",
            todo="look the code up in the codebook of this version and teach the parser",
        )
    return numbers.astype("int8")


def _numbers(cells: pd.Series) -> np.ndarray:
    """One organisation's codes; a text column holds few spellings, and each is read once."""
    place, spellings = pd.factorize(cells, use_na_sentinel=False)
    numbers = pd.to_numeric(pd.Series(spellings), errors="coerce")
    return numbers.to_numpy(dtype="float64", na_value=np.nan)[place]


def _memberships(coverage: pd.DataFrame, codes: np.ndarray, igos: np.ndarray) -> pd.DataFrame:
    row, column = np.nonzero(codes > 0)
    return pd.DataFrame(
        {
            "ccode": coverage["ccode"].to_numpy()[row],
            "year": coverage["year"].to_numpy()[row],
            "igo": pd.Index(igos, dtype="str").take(column),
            "status": pd.Index(list(_STATUS.values()), dtype="str").take(codes[row, column] - 1),
        }
    )


def _gaps(coverage: pd.DataFrame, codes: np.ndarray, igos: np.ndarray) -> pd.DataFrame:
    """Spells of consecutive years without data, by state and organisation."""
    row, column = np.nonzero(codes == _UNKNOWN)
    ccode = coverage["ccode"].to_numpy()[row]
    year = coverage["year"].to_numpy()[row]
    order = np.lexsort((year, column, ccode))
    ccode, column, year = ccode[order], column[order], year[order]
    goes_on = (ccode[1:] == ccode[:-1]) & (column[1:] == column[:-1]) & (year[1:] == year[:-1] + 1)
    starts = np.append(True, ~goes_on)[: len(year)]
    ends = np.append(~goes_on, True)[: len(year)]
    return pd.DataFrame(
        {
            "ccode": ccode[starts],
            "igo": pd.Series(igos[column[starts]], dtype="str"),
            "first_year": year[starts],
            "last_year": year[ends],
        }
    )


def _world(coverage: pd.DataFrame, codes: np.ndarray) -> pd.DataFrame:
    """Mean over ordered pairs (i, j) of |full_i and full_j| / |full_i|, by year.

    Summed over all j != i the numerator is the product of i's row with the column sums, less i's
    own memberships; so a year needs one matrix-vector product, and no matrix of pairs.
    """
    years, of_year = np.unique(coverage["year"].to_numpy(), return_inverse=True)
    shares = np.full(len(years), np.nan)
    for k in range(len(years)):
        full = (codes[of_year == k] == 1).astype("int64")
        own = full.sum(axis=1)
        shared = full @ full.sum(axis=0) - own
        some = own > 0
        if some.any() and len(full) > 1:
            shares[k] = (shared[some] / (own[some] * (len(full) - 1))).mean()
    return pd.DataFrame(
        {"year": years, "mean_shared_share": shares, "n_states": np.bincount(of_year)}
    )
