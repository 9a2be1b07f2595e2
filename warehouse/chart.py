"""Charts of the documents: Iran and the Gulf in each great power's ties; depth against crises.

Does not belong here: any number; everything is drawn from the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from warehouse.answers import connect

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


CRISES = """
SELECT partner_iso3, depth, response, crisis_id = '2025-june' AND target_iso3 = 'IRN' AS is_iran
FROM out_crises__responses WHERE depth_status = 'full'
ORDER BY response, depth, crisis_id, target_iso3, partner_iso3
"""
PARTNERS = {
    "CHN": ("China", IRAN),
    "RUS": ("Russia", "#3d7a4a"),
    "USA": ("the United States", GULF),
}
OTHERS = ("Britain, France", "#777777")
RUNGS = ("nothing", "words", "diplomacy", "money", "arms", "support", "force", "war")
# Responses of one rung stand in lanes, so that none hides another.
LANES, LANE = 5, 0.13


@contextmanager
def _figure(target: Path, *shape: int, **how: Any) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axes, saved as SVG at the end; the same content gives the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    style: dict[Any, Any] = {
        "svg.hashsalt": "alliance-depth",
        "svg.fonttype": "none",
        "font.size": 10,
    }
    with mpl.rc_context(style):
        figure, axes = plt.subplots(*shape, **how)
        yield figure, axes
        figure.tight_layout()
        figure.savefig(target, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def draw(link: Path, target: Path) -> None:
    """Draw the headline chart as SVG; the same warehouse gives the same bytes.

    Parameters
    ----------
    link : Path
        The warehouse.
    target : Path
        The SVG file to write.
    """
    with connect(link) as con:
        rows = con.execute(QUERY, [FIRST_YEAR]).fetchall()
    shape = len(MEASURES), len(PRINCIPALS)
    with _figure(target, *shape, figsize=(10, 5.6), sharex=True, sharey=True) as (figure, grid):
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


def draw_crises(link: Path, target: Path) -> None:
    """Draw depth before a crisis against what the partner did, as SVG; see `draw`."""
    with connect(link) as con:
        rows = con.execute(CRISES).fetchall()
    whose, depth, response, iran = (np.array(column) for column in zip(*rows, strict=True))
    lane = (np.arange(len(rows)) % LANES - LANES // 2) * LANE
    with _figure(target, figsize=(10, 4.6)) as (_, axis):
        others = ~np.isin(whose, list(PARTNERS))
        groups = [(whose == p, *look) for p, look in PARTNERS.items()] + [(others, *OTHERS)]
        for mine, name, colour in groups:
            axis.scatter(
                depth[mine], (response + lane)[mine], s=34, color=colour, alpha=0.75,
                linewidth=0, label=name,
            )  # fmt: skip
        for x, y, partner in zip(depth[iran], (response + lane)[iran], whose[iran], strict=True):
            axis.scatter([x], [y], s=110, facecolor="none", edgecolor="black", linewidth=1.4)
            axis.annotate(
                f"{PARTNERS[partner][0]}, Iran in June 2025", (x, y), (8, 10),
                textcoords="offset points", fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            )  # fmt: skip
        axis.set_yticks(range(len(RUNGS)), RUNGS)
        axis.set_xlabel("Depth of the partner's tie in the year before, 0 no tie to 100")
        axis.set_xlim(0, None)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", alpha=0.25)
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False)


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


CHARTS: dict[str, Callable[[Path, Path], None]] = {"headline": draw, "crises": draw_crises}
