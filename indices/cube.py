"""Dense arrays over year, first state and second state, and the way there from long frames.

A *cube* is a float array of shape (years, states, states): ``cube[t, i, j]`` belongs to year t and
the directed pair i to j. Missing is NaN. A *panel array* has shape (years, states). All
mathematics of the index runs on these; long tables exist only at its two ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

Array = np.ndarray


@dataclass(frozen=True)
class Axes:
    """The years and states that the arrays of one run are laid out over.

    Parameters
    ----------
    years : tuple of int
        Consecutive years, ascending.
    states : tuple of str
        ISO codes, ascending.
    """

    years: tuple[int, ...]
    states: tuple[str, ...]

    def __post_init__(self) -> None:
        if list(self.years) != list(range(self.years[0], self.years[-1] + 1)):
            raise ValueError(f"years must be consecutive, got {self.years[:3]} ...")
        if list(self.states) != sorted(set(self.states)):
            raise ValueError("states must be sorted and distinct")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a cube."""
        return len(self.years), len(self.states), len(self.states)

    def year_index(self, years: pd.Series) -> Array:
        """Positions of years; -1 outside."""
        at = years.to_numpy(dtype=np.int64, na_value=-1) - self.years[0]
        return np.where((at >= 0) & (at < len(self.years)), at, -1)

    def state_index(self, states: pd.Series) -> Array:
        """Positions of ISO codes; -1 for a state that is not on the axis."""
        return positions(states, self.states)

    def between(self, frame: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
        """Rows of a long frame whose two states are both on the axis."""
        return frame[(self.state_index(frame[first]) >= 0) & (self.state_index(frame[second]) >= 0)]

    def cube(
        self, frame: pd.DataFrame, first: str, second: str, value: str, fill: float = np.nan
    ) -> Array:
        """Lay one value of a long frame, keyed by `first`, `second` and ``year``, out as a cube.

        Rows outside the axes are left out; cells without a row hold `fill`.
        """
        (out,) = self.cubes(frame, first, second, (value,), fill)
        return out

    def cubes(
        self,
        frame: pd.DataFrame,
        first: str,
        second: str,
        values: Sequence[str],
        fill: float = np.nan,
    ) -> list[Array]:
        """Lay several values of one frame out: see `cube`."""
        t, i, j = (
            self.year_index(frame["year"]),
            self.state_index(frame[first]),
            self.state_index(frame[second]),
        )
        # One number for each cell: ten times as fast as three.
        cell = (t * len(self.states) + i) * len(self.states) + j
        keep = (t >= 0) & (i >= 0) & (j >= 0)
        whole = bool(keep.all())
        out = []
        for value in values:
            cube = np.full(self.shape, fill)
            column = frame[value].to_numpy(dtype=float, na_value=np.nan)
            cube.reshape(-1)[cell if whole else cell[keep]] = column if whole else column[keep]
            out.append(cube)
        return out

    def panel(self, frame: pd.DataFrame, state: str, value: str, fill: float = np.nan) -> Array:
        """Lay one value of a long frame, keyed by `state` and ``year``, out as a panel array."""
        out = np.full(self.shape[:2], fill)
        t, i = self.year_index(frame["year"]), self.state_index(frame[state])
        keep = (t >= 0) & (i >= 0)
        out[t[keep], i[keep]] = frame[value].to_numpy(dtype=float, na_value=np.nan)[keep]
        return out

    def long(self, where: Array, values: dict[str, Array], names: tuple[str, str]) -> pd.DataFrame:
        """Turn cubes into a long frame.

        Parameters
        ----------
        where : bool array, shape of a cube
            The cells that become rows.
        values : dict of str to array
            Columns; each a cube.
        names : tuple of str
            Names of the two state columns.

        Returns
        -------
        DataFrame
            Sorted by first state, second state, year; state columns are categories.
        """
        chosen = row_order(where)
        i, j, t = np.nonzero(chosen)
        return pd.DataFrame(
            {
                names[0]: labelled(i, self.states),
                names[1]: labelled(j, self.states),
                "year": np.asarray(self.years, dtype=np.int64)[t],
            }
            | {name: row_order(value)[chosen] for name, value in values.items()},
            copy=False,
        )


def row_order(cube: Array) -> Array:
    """Copy a cube into the order of a long table's rows: first state, second state, year.

    Choosing rows from that copy is several times faster than gathering cell by cell.
    """
    return np.ascontiguousarray(cube.transpose(1, 2, 0))


def positions(values: pd.Series, places: Sequence[str] | pd.Series) -> Array:
    """Position of each value among distinct `places`; -1 for one that is not there."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, labels = values.array.codes, values.array.categories
    else:
        codes, labels = pd.factorize(values)  # there are many rows, of few states
    if isinstance(places, tuple):  # a few codes of states: no index need be made of them
        place = {name: k for k, name in enumerate(places)}
        found = np.array([*(place.get(name, -1) for name in labels.tolist()), -1])
    else:
        found = np.append(pd.Index(places).get_indexer(labels), -1)
    return found.take(codes, mode="wrap")  # the code of a missing value, -1, is the last place


def labelled(codes: Array, names: Sequence[str]) -> pd.Categorical[str]:
    """Turn positions in `names` into a column of categories; -1 is missing."""
    return pd.Categorical.from_codes(codes, pd.Index(names))


def swap(cube: Array) -> Array:
    """Look at every pair from its other end."""
    return cube.transpose(0, 2, 1)


def trailing_sum(values: Array, window: int) -> Array:
    """Sum over the last `window` years, NaN until the window is full or where a year is missing."""
    out = np.full_like(values, np.nan)
    if len(values) >= window:
        windows = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
        out[window - 1 :] = windows.sum(axis=-1)
    return out


def trailing_mean(values: Array, window: int) -> Array:
    """Mean over the known ones of the last `window` years; NaN where the last itself is missing."""
    total = np.zeros_like(values)
    count = np.zeros_like(values)
    for lag in range(window):
        moved = values[: len(values) - lag]
        known = ~np.isnan(moved)
        total[lag:] += np.where(known, moved, 0.0)
        count[lag:] += known
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isnan(values), np.nan, total / count)


def bridge_and_carry(values: Array, bridge: int, carry: int) -> tuple[Array, Array]:
    """Fill short gaps inside each series, and carry each series a little past its end.

    Parameters
    ----------
    values : array, years first
        One series per remaining cell; NaN is missing.
    bridge : int
        A gap of at most so many years between two observations is filled log-linearly; linearly
        where one of the two is zero, which has no logarithm.
    carry : int
        The last observation stands for at most so many further years.

    Returns
    -------
    filled : array
        `values` with the gaps filled.
    status : int8 array
        0 observed, 1 imputed (bridged), 2 carried, 3 missing.
    """
    years = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1))
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, years, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, years, len(values))[::-1], axis=0)[::-1]
    left = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    right = np.take_along_axis(values, np.minimum(after, len(values) - 1), axis=0)
    inside = ~known & (last >= 0) & (after < len(values)) & (after - last - 1 <= bridge)
    beyond = ~known & (last >= 0) & (after == len(values)) & (years - last <= carry)
    share = np.where(inside, (years - last) / np.maximum(after - last, 1), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.exp(np.log(left) * (1 - share) + np.log(right) * share)
        linear = left * (1 - share) + right * share
    between = np.where((left > 0) & (right > 0), log, linear)
    filled = np.where(known, values, np.where(inside, between, np.where(beyond, left, np.nan)))
    status = np.select([known, inside, beyond], [0, 1, 2], default=3).astype(np.int8)
    return filled, status
