"""The headline made again from the pillars of the warehouse: a marimo notebook.

marimo edit docs/examples/headline.py    # python -m pip install marimo; from the repository's root
"""

import marimo

app = marimo.App()


@app.cell
def _():
    import duckdb
    import marimo as mo

    con = duckdb.connect("warehouse/alliance_depth.duckdb", read_only=True)
    return con, mo


@app.cell
def _(mo):
    mo.md("""
    # Iran or the Gulf: whose tie with a great power is deeper?

    Depth is the weighted mean of four pillars. The gap is the mean depth of the ties with the
    Gulf states, less that of the tie with Iran: above zero the Gulf's is deeper.
    """)


@app.cell
def _():
    # The published weights; change one and everything below follows.
    weights = {"trade": 0.25, "arms": 0.25, "treaties": 0.25, "voting": 0.25}
    return (weights,)


@app.cell
def _(con, weights):
    ties = con.sql("""
        SELECT from_iso3 AS principal, to_iso3 AS partner, year, trade, arms, treaties, voting
        FROM pillar_profile
        WHERE from_iso3 IN ('CHN', 'RUS', 'USA') AND depth_status = 'full'
          AND to_iso3 IN ('IRN', 'SAU', 'ARE', 'QAT', 'KWT', 'BHR', 'OMN')
    """).df()
    ties["depth"] = sum(w * ties[p] for p, w in weights.items()) / sum(weights.values())
    return (ties,)


@app.cell
def _(ties):
    iran = ties["partner"] == "IRN"
    by = ["principal", "year"]
    headline = (
        ties[iran].set_index(by)[["depth"]].rename(columns={"depth": "iran"})
        .join(ties[~iran].groupby(by)["depth"].agg(gulf="mean", states="size"), how="inner")
        .reset_index()
    )  # fmt: skip
    headline["gap"] = headline["gulf"] - headline["iran"]
    return (headline,)


@app.cell
def _(con, headline):
    published = con.sql("""
        SELECT principal_iso3 AS principal, year, gap AS published, gap_lo90, gap_hi90
        FROM iran_and_gulf WHERE view = 'principal' AND measure = 'depth'
    """).df()
    compared = headline.merge(published, how="outer", on=["principal", "year"])
    difference = (compared["gap"] - compared["published"]).abs().max()
    return compared, difference


@app.cell
def _(compared, difference, mo):
    last = compared[compared["year"] == compared["year"].max()].round(1)
    mo.vstack(
        [
            mo.ui.table(last, selection=None),
            mo.md(f"Largest difference from the published gaps of all years: {difference:.1e}"),
        ]
    )


if __name__ == "__main__":
    app.run()
