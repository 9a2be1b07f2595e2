"""Waiting times and the best that came, by hand and in properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.undelivered import best_delivered, classified, register, sought, waiting_times

_COLUMNS = [
    "delivery_id",
    "supplier_iso3",
    "recipient_iso3",
    "order_year",
    "delivery_year",
    "designation",
    "category",
    "number_delivered",
    "tiv_millions",
]
CLASSES = pd.DataFrame(
    [
        ("Old", "combat_aircraft", 2.0, None),
        ("New", "combat_aircraft", 4.0, None),
        ("Other new", "combat_aircraft", 4.0, None),
        ("Near", "air_defence", np.nan, "short"),
        ("Far-2", "air_defence", np.nan, "long"),
    ],
    columns=["designation", "category", "generation", "reach"],
)
WINDOW = 10


def deliveries(*rows: tuple) -> pd.DataFrame:
    """Order, supplier, year ordered, year delivered, type, items, volume; all to IRN."""
    made = [(f"{o}-{d}", s, "IRN", y, d, t, "Any", n, v) for o, s, y, d, t, n, v in rows]
    frame = pd.DataFrame(made, columns=_COLUMNS)
    return frame.astype({"order_year": "Int64", "delivery_year": "Int64"})


REGISTER = deliveries(
    ("1", "RUS", 2000, 2001, "New", 4, 10.0),
    ("1", "RUS", 2000, 2004, "New", 2, 30.0),
    ("2", "RUS", 2001, 2006, "Old", 5, 60.0),
    ("12", "RUS", 2003, 2003, "Tank", 50, 0.0),
    ("3", "USA", 1990, 1995, "Old", 7, 1.0),
    ("4", "USA", 2004, 2005, "Other new", 1, 1.0),
    ("5", "RUS", 2005, 2006, "Near", 3, 1.0),
    ("6", "RUS", 2007, 2012, "Far-2", 3, 1.0),
)


def waits(rows: pd.DataFrame = REGISTER) -> pd.DataFrame:
    made = waiting_times(register(rows), ("RUS", "USA"), ("IRN",), WINDOW)
    return made.set_index(["supplier_iso3", "year"]).drop(columns="recipient_iso3")


def test_waits_by_hand() -> None:
    row = waits().loc[("RUS", 2006)]
    # Orders 1 (1 year to the first delivery), 12 (0), 2 (5) and 5 (1).
    assert row["n_orders"] == 4
    assert row[["mean_wait", "median_wait", "longest_wait"]].tolist() == [7 / 4, 1, 5]
    # Each delivery by its volume, those after the first too.
    expected = (10 * 1 + 30 * 4 + 60 * 5 + 0 * 0 + 1 * 1) / (10 + 30 + 60 + 0 + 1)
    assert row["mean_volume_wait"] == pytest.approx(expected)


def test_the_window_counts_first_deliveries_of_ten_years() -> None:
    rows = waits()
    assert rows.loc[("RUS", 2010), "n_orders"] == 4
    assert rows.loc[("RUS", 2011), "n_orders"] == 3  # order 1 first came in 2001
    assert rows.loc[("USA", 2004), "n_orders"] == 1
    assert ("USA", 1994) not in rows.index
    assert rows.index.get_level_values("year").max() == 2012  # the register's last year


def test_orders_without_deliveries_are_unknown_where_the_register_leaves_them_out() -> None:
    assert waits()["n_undelivered"].isna().all()
    missing = deliveries(("7", "RUS", 2008, None, "Jet", None, 0.0))
    rows = waits(pd.concat([REGISTER, missing]))
    assert rows.loc[("RUS", 2012), "n_undelivered"] == 1
    assert rows.loc[("RUS", 2007), "n_undelivered"] == 0
    known = ["n_orders", "mean_wait", "mean_volume_wait"]
    pd.testing.assert_frame_equal(rows[known], waits()[known], check_dtype=False)


def best(rows: pd.DataFrame = REGISTER, category: str = "combat_aircraft") -> pd.DataFrame:
    made = best_delivered(
        classified(register(rows), CLASSES), ("IRN", "SAU"), range(1990, 2013), WINDOW
    )
    return made[made["category"] == category].set_index(["recipient_iso3", "year"])


def test_the_newest_by_hand() -> None:
    iran = best().loc["IRN"]
    assert iran["newest_generation"].isna().sum() == 1995 - 1990
    assert iran.loc[2000, "newest_generation"] == 2
    row = iran.loc[2010]
    # An older type that came later does not lower it; an equal one does not take its place.
    assert (row["newest_generation"], row["supplier_iso3"], row["since_year"]) == (4, "RUS", 2001)
    assert (row["latest_year"], row["items_delivered"]) == (2006, 19)
    assert row["items_in_window"] == 12  # without the seven of 1995


def test_the_farthest_by_hand() -> None:
    iran = best(category="air_defence").loc["IRN"]
    assert iran["longest_reach"].dropna().to_dict() == {
        **dict.fromkeys(range(2006, 2012), "short"),
        2012: "long",
    }
    assert iran["newest_generation"].isna().all()


def test_nothing_delivered_is_missing_not_a_low_class() -> None:
    saudi = best().loc["SAU"]
    assert len(saudi) == 2012 - 1990 + 1
    assert saudi[["newest_generation", "supplier_iso3", "since_year"]].isna().all(axis=None)
    assert not saudi["items_delivered"].any()


@pytest.mark.parametrize("seed", range(3))
def test_the_best_never_falls_and_later_years_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    years = rng.integers(1991, 2012, 30)
    rows = deliveries(
        *(
            (str(n), rng.choice(["RUS", "USA"]), y - 1, y, rng.choice(["Old", "New"]), 1, 1.0)
            for n, y in enumerate(years)
        ),
        ("99", "RUS", 2010, 2012, "Tank", 1, 1.0),
    )
    iran = best(rows).loc["IRN"]
    assert (iran["newest_generation"].dropna().diff().dropna() >= 0).all()
    plain = [
        rows[rows["delivery_year"] <= y]["designation"].map({"Old": 2.0, "New": 4.0}).max()
        for y in iran.index
    ]
    np.testing.assert_array_equal(iran["newest_generation"], plain)
    more = pd.concat([rows, deliveries(("100", "RUS", 2012, 2013, "Old", 1, 1.0))])
    pd.testing.assert_frame_equal(best(more).loc["IRN"].loc[:2012], iran)


def test_what_was_sought_is_looked_for_in_the_register() -> None:
    wanted = pd.DataFrame(
        [
            ("Far", "air_defence", "RUS", "IRN", 2007, "delivered_late"),
            ("Far", "air_defence", "RUS", "IRN", 2013, "refused"),
            ("Jet", "combat_aircraft", "RUS", "IRN", 2009, "ordered"),
            ("New", "combat_aircraft", "USA", "IRN", 2000, "declined"),
        ],
        columns=["designation", "category", "supplier_iso3", "recipient_iso3", "year", "outcome"],
    )
    plain = register(REGISTER)
    rows = sought(wanted, plain, classified(plain, CLASSES))
    assert rows["is_delivered"].tolist() == [True, False, False, False]
    assert rows["register_year"].tolist()[0] == 2012
    # To the delivery; not awaited; to the register's last year; not awaited.
    assert rows["years_waited"].fillna(-1).tolist() == [5, -1, 3, -1]
    assert rows["generation_before"].fillna(-1).tolist() == [-1, -1, 4, 2]
