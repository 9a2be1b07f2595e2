"""The README's chart: Iran and the Gulf at the other end of each great power's ties.

Does not belong here: any number; everything is drawn from the warehouse.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from warehouse.answers import connect

IRAN, GULF = "#b5432a", "#1f5f8b"
ORDER = ("CHN", "RUS", "USA")
FIRST_YEAR = 1980
QUERY = """
SELECT principal_iso3, name, year, iran_depth, gulf_depth, iran_depth + gap_lo90,
       iran_depth + gap_hi90
FROM iran_and_gulf JOIN core_geo__states ON iso3 = principal_iso3
WHERE view = 'principal' AND measure = 'depth' AND year >= ?
ORDER BY principal_iso3, year
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
    style = {"svg.hashsalt": "alliance-depth", "svg.fonttype": "none", "font.size": 10}
    with mpl.rc_context(style):
        figure, panels = plt.subplots(1, len(ORDER), figsize=(10, 3.6), sharey=True)
        for axis, principal in zip(panels, ORDER, strict=True):
            _panel(axis, [r[1:] for r in rows if r[0] == principal])
        panels[0].set_ylabel("depth (0 no tie, 100)")
        figure.suptitle(
            "How deep a great power's ties are, seen from the great power", x=0.02, ha="left"
        )
        figure.tight_layout()
        figure.savefig(target, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _panel(axis: object, rows: list[tuple[object, ...]]) -> None:
    name = rows[0][0]
    year, iran, gulf, lo, hi = (np.array([r[k] for r in rows], dtype=float) for k in range(1, 6))
    axis.fill_between(year, lo, hi, color=GULF, alpha=0.18, linewidth=0)  # type: ignore[attr-defined]
    for values, colour, label in ((gulf, GULF, "Gulf states, mean of six"), (iran, IRAN, "Iran")):
        axis.plot(year, values, color=colour, linewidth=1.8)  # type: ignore[attr-defined]
        axis.annotate(  # type: ignore[attr-defined]
            label,
            (year[-1], values[-1]),
            xytext=(-4, 6),
            textcoords="offset points",
            color=colour,
            ha="right",
            fontsize=9,
        )
    axis.set_title(f"{name}'s ties", loc="left", fontsize=11)  # type: ignore[attr-defined]
    axis.set_ylim(0, 60)  # type: ignore[attr-defined]
    axis.spines[["top", "right"]].set_visible(False)  # type: ignore[attr-defined]
    axis.grid(axis="y", alpha=0.25)  # type: ignore[attr-defined]
