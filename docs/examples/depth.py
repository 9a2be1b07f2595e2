"""The depth of every tie and year, made by the engine from the published scores of indicators.

python docs/examples/depth.py
"""

import duckdb
import pandas as pd

from indices.composite import DirichletWeights, Index, Result, Tree, analyse
from indices.definition import load_definition
from warehouse.answers import connect


def depth(con: duckdb.DuckDBPyConnection, since: int = 1946) -> Result:
    """Aggregate indicators to pillars and pillars to depth, by the weights of the index."""
    pillars = load_definition().pillars
    nodes = [{"code": "depth", "parent": None}]
    for pillar in pillars:
        nodes.append({"code": pillar.name, "parent": "depth", "weight": pillar.weight})
        nodes += [
            {"code": i.name, "parent": pillar.name, "weight": i.weight} for i in pillar.indicators
        ]
    scores = con.execute(
        "SELECT from_iso3 || '-' || to_iso3 AS tie, year, indicator, score "
        "FROM out_indicators__yearly_dyads WHERE year >= ?",
        [since],
    ).df()
    panel = scores.pivot(index=["tie", "year"], columns="indicator", values="score")
    # Published scores have been through their goalposts; a full tie has all four pillars.
    index = Index(Tree.from_frame(pd.DataFrame(nodes)), normalise=None, minimum_weight={3: 1})
    return index.fit(panel, unit="tie", time="year")


if __name__ == "__main__":
    with connect() as con:
        result = depth(con)
    drawn = analyse(
        result, [DirichletWeights(50)], seed=1, draws=1000, ranks=False, keep=False, threads=2
    )
    print(drawn.scores.round(1))
