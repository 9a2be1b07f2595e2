"""The README's chart: Iran and the Gulf at the other end of each great power's ties.

Does not belong here: any number; everything is drawn from the warehouse.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from warehouse.answers import connect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IRAN, GULF = "#b5432a", "#1f5f8b"
PRINCIPALS = ("CHN", "RUS", "USA")
MEASURES = (
    ("costly", "What is paid for:\ntrade, arms, obligations"),
    ("declared", "What is said:\nvotes, labels, memberships"),
)
FIRST_YEAR = 1980
QUERY = """
SELECT principal_iso3, measure, name, year, iran_depth, gulf_depth, iran_depth + gap_lo90,
       iran_depth + gap_hi90
FROM iran_and_gulf JOIN core_geo__states ON iso3 = principal_iso3
WHERE view = 'principal' AND year >= ?
ORDER BY principal_iso3, measure, year
"""


def draw(link: Path, target: Path) -> None:
    """Draw the headline chart as SVG; the same warehouse gives the same bytes.

    Parameters
    ----------
    link : Path
        The warehouse.
    target : Path
        The SVG file to write.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with connect(link) as con:
        rows = con.execute(QUERY, [FIRST_YEAR]).fetchall()
    style: dict[Any, Any] = {
        "svg.hashsalt": "alliance-depth",
        "svg.fonttype": "none",
        "font.size": 10,
    }
    with mpl.rc_context(style):
        figure, grid = plt.subplots(
            len(MEASURES), len(PRINCIPALS), figsize=(10, 5.6), sharex=True, sharey=True
        )
        for line, (measure, label) in zip(grid, MEASURES, strict=True):
            for axis, principal in zip(line, PRINCIPALS, strict=True):
                _panel(axis, [r[3:] for r in rows if r[:2] == (principal, measure)])
            line[0].set_ylabel(label)
        for axis, principal in zip(grid[0], PRINCIPALS, strict=True):
            name = next(r[2] for r in rows if r[0] == principal)
            axis.set_title(
                f"{name}'s ties with" if not name.endswith("s") else f"{name}' ties with",
                loc="left",
                fontsize=11,
            )
        figure.legend(
            *grid[0, 0].get_legend_handles_labels(), loc="upper right", ncols=2, frameon=False
        )
        figure.suptitle("Depth, 0 no tie to 100", x=0.012, ha="left", fontsize=12)
        figure.tight_layout()
        figure.savefig(target, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _panel(axis: Axes, rows: list[tuple[float, ...]]) -> None:
    year, iran, gulf, lo, hi = (np.array([r[k] for r in rows], dtype=float) for k in range(5))
    # The interval is that of the gap, laid around Iran's line: where it leaves Iran's line out, one
    # of the two is deeper.
    axis.fill_between(year, lo, hi, color=GULF, alpha=0.18, linewidth=0)
    axis.plot(year, iran, color=IRAN, linewidth=1.8, label="Iran")
    axis.plot(
        year, gulf, color=GULF, linewidth=1.8, label="the Gulf states (mean; band: 90 % of the gap)"
    )
    axis.set_ylim(0, 75)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", alpha=0.25)
