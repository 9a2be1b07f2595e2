"""Copies of the established software's figures, and how far ours are from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "reference"


def upstream(name: str, *index: str) -> pd.DataFrame:
    """Read a copied file, indexed by columns."""
    return pd.read_csv(FOLDER / f"{name}.csv").set_index(list(index))


def relative_error(ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """Largest relative error, both having the same cells; the same cells must be missing."""
    a = ours.loc[theirs.index, theirs.columns].to_numpy(dtype=float)
    b = theirs.to_numpy(dtype=float)
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    return float(np.nanmax(np.abs(a - b) / np.where(b == 0, 1.0, np.abs(b))))
