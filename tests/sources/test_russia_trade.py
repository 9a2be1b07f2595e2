"""Russia's compiled trade: the remarks of the file, and the choice between alternatives by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import schemas
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError
from pipelines.sources.russia_trade import reconcile as module
from pipelines.sources.russia_trade.parse import parse_bilateral
from pipelines.sources.russia_trade.reconcile import reconcile

FIXTURE = Path(__file__).parent / "fixtures" / "russia_bilateral.csv"
NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "russia_trade"
TABLE = schemas.table("raw_russia_trade__reports")
HEADER = "year,reporter_iso3,partner_iso3,flow,value_usd,source,quality"
MEAN = "B_two_year_average_same_value_both_years"


@pytest.fixture(scope="module")
def parsed() -> pd.DataFrame:
    return schemas.validate(parse_bilateral(FIXTURE), TABLE).set_index("report_id")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    return parse_bilateral(shared_data / "trade" / "russia_bilateral_2015_2024.csv")


def best(folder: Path, *rows: str) -> pd.DataFrame:
    """Parse rows of the file's form and reconcile them, by exporter, importer and year."""
    path = folder / "russia.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return reconcile(parse_bilateral(path)).set_index(["exporter_iso3", "importer_iso3", "year"])


def test_alternatives_stand_side_by_side(parsed: pd.DataFrame) -> None:
    # Numbers follow the sources' alphabet, not the file's order: UN Comtrade before WITS.
    assert parsed.loc["2015-RUS-ARE-export-1", "value_usd"] == 976104677
    assert parsed.loc["2015-RUS-ARE-export-2", "value_usd"] == 755873461


def test_remarks_become_grades_and_flags(parsed: pd.DataFrame) -> None:
    columns = ["quality_grade", "is_partial_year", "months_covered", "is_fiscal_year"]
    assert parsed[columns].T.to_dict("list") == {
        "2015-RUS-ARE-export-1": ["A", False, 12, False],
        "2015-RUS-ARE-export-2": ["A", False, 12, False],
        "2020-IND-RUS-turnover-1": ["C", False, 12, True],
        "2022-IRN-RUS-export-1": ["C", False, 12, True],
        "2022-RUS-GCC-turnover-1": ["C", False, 12, False],
        "2023-RUS-ARE-turnover-1": ["C", False, 12, False],
        "2024-RUS-IRN-turnover-1": ["D", True, 9, False],
        "2024-RUS-PRK-export-1": ["D", False, 12, False],
    }


def test_quotes_and_zeros_survive(parsed: pd.DataFrame) -> None:
    assert '"almost 1 trn rub ($11.4bn)"' in parsed.loc["2023-RUS-ARE-turnover-1", "source"]
    assert parsed.loc["2024-RUS-PRK-export-1", "value_usd"] == 0


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("2020,RUS,IRN,exports,1,s,A_x", "flow 'exports'; expected export, import or turnover"),
        ("2020,RUS,IRN,export,1,s,official", "quality 'official'; expected a remark that starts"),
        ("2020,CHN,IRN,export,1,s,A_x", "the pair 'CHN with IRN'; expected RUS as one"),
        ("2020,RUS,RUS,export,1,s,A_x", "the pair 'RUS with RUS'"),
        ("2020,RUS,IRN,export,1,s,D_partial_year", "source 's'; expected the months"),
        ("2020,RUS,IRN,export,1,SEP-JAN ONLY,D_partial_year", "source 'SEP-JAN ONLY'"),
        ("2020,RUS,IRN,export,,s,A_x", "value_usd = ''; expected a number"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(row: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "russia.csv"
    path.write_text(f"{HEADER}\n2020,RUS,IRN,import,1,s,A_x\n{row}\n")
    with pytest.raises(SourceError, match=f"line 3: found {found}"):
        parse_bilateral(path)


def test_better_grade_first_then_the_importer(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2015,IND,RUS,export,1800,CEPII BACI,A_reconciled_BACI",
        "2015,IND,RUS,export,1600,WITS,A_official_mirror",
        "2015,RUS,IND,import,2120,WITS,A_official_reporter",
        "2015,RUS,IND,import,9999,press,C_text",
        "2016,IND,RUS,export,1600,WITS,A_official_mirror",
        "2016,IND,RUS,export,1800,CEPII BACI,A_reconciled_BACI",
    )
    first = out.loc[("IND", "RUS", 2015)]
    assert first[["value_usd", "valuation", "method"]].to_list() == [2120, "CIF", "importer_report"]
    # The range is in the figure's own valuation, and press does not widen an official figure.
    assert np.isclose(first["value_lo_usd"], 1600 * 1.06)
    assert first["value_hi_usd"] == 2120
    assert first["n_reports"] == 4
    second = out.loc[("IND", "RUS", 2016)]
    assert second[["value_usd", "valuation", "method"]].to_list() == [1800, "FOB", "reconciled"]


def test_newer_vintage_and_calendar_year_first(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2015,RUS,ARE,export,756,WITS partner totals,A_official_reporter",
        "2015,RUS,ARE,export,976,Zoll (Russia reporter),A_official_reporter",
        "2022,RUS,IND,export,40,press,C_text",
        "2022,IND,RUS,import,46,a paper (FY2022-23),C_text_fiscal_year",
    )
    assert out.loc[("RUS", "ARE", 2015), ["value_usd", "value_lo_usd"]].to_list() == [976, 756]
    assert out.loc[("RUS", "IND", 2022), "value_usd"] == 40


def test_a_turnover_is_divided_as_in_the_nearest_year(tmp_path: Path) -> None:
    known = [
        "2015,RUS,IRN,export,900,UN,A_x",
        "2015,RUS,IRN,import,106,UN,A_x",
        "2020,RUS,IRN,export,600,UN,A_x",
        "2020,RUS,IRN,import,424,UN,A_x",
    ]
    out = best(tmp_path, *known, "2021,RUS,IRN,turnover,2048,press,C_text_turnover")
    exports, imports = out.loc[("RUS", "IRN", 2021)], out.loc[("IRN", "RUS", 2021)]
    # 2020's turnover is 1,024, of which 600 and 424; twice that in 2021.
    assert np.isclose(exports["value_usd"], 1200)
    assert np.isclose(imports["value_usd"], 848)
    assert (exports["valuation"], imports["valuation"]) == ("FOB", "CIF")
    assert exports["value_usd"] + imports["value_usd"] == pytest.approx(2048), "nothing is added"
    assert set(out.loc[(slice(None), slice(None), 2021), "method"]) == {"turnover_split"}
    assert set(out.loc[(slice(None), slice(None), 2021), "grade"]) == {"C"}
    # The range goes from 2020's proportion less 20 % to 2015's plus 20 %.
    assert exports["value_lo_usd"] == pytest.approx(1200 * 0.8)
    assert exports["value_hi_usd"] == pytest.approx(2048 * 900 / 1006 * 1.2)
    assert imports["value_lo_usd"] == pytest.approx(2048 * 106 / 1006 * 0.8)
    # Told by Iran, the same turnover holds Russia's sales CIF and Iran's FOB: 636 and 400 of 1,036.
    told = best(tmp_path, *known, "2021,IRN,RUS,turnover,1036,press,C_text_turnover")
    assert told.loc[("RUS", "IRN", 2021), "value_usd"] == pytest.approx(636)
    assert told.loc[("RUS", "IRN", 2021), "valuation"] == "CIF"


def test_a_reported_flow_is_taken_off_its_turnover(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2020,RUS,IRN,export,600,UN,A_x",
        "2020,RUS,IRN,import,424,UN,A_x",
        "2022,IRN,RUS,export,700,customs,C_text",
        "2022,RUS,IRN,turnover,4600,press,C_text_turnover",
    )
    rest = out.loc[("RUS", "IRN", 2022)]
    assert rest["method"] == "turnover_residual"
    assert rest["value_usd"] == pytest.approx(4600 - 700 * 1.06)
    assert rest["value_hi_usd"] == pytest.approx(4600 - 742 + 0.2 * 4600)
    assert rest["value_lo_usd"] == pytest.approx(4600 * 0.8 * 600 / 1024)
    reported = out.loc[("IRN", "RUS", 2022)]
    assert reported[["value_usd", "method"]].to_list() == [700, "exporter_report"]
    # A residual small beside its turnover may be nothing: 4,600 less 4,240, give or take 920.
    small = best(
        tmp_path,
        "2020,RUS,IRN,export,600,UN,A_x",
        "2020,RUS,IRN,import,424,UN,A_x",
        "2022,IRN,RUS,export,4000,customs,C_text",
        "2022,RUS,IRN,turnover,4600,press,C_text_turnover",
    )
    ends = small.loc[("RUS", "IRN", 2022), ["value_usd", "value_lo_usd"]]
    assert ends.to_list() == pytest.approx([360, 0])
    # The divided turnover (424 of 1,024 parts, CIF) is an alternative to the press figure.
    assert reported["value_hi_usd"] == pytest.approx(4600 * 424 / 1024 / 1.06)


def test_a_turnover_smaller_than_its_part_is_divided_instead(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2023,RUS,SAU,export,5600,IMF," + MEAN,
        "2023,RUS,SAU,turnover,1750,press,C_text_turnover",
        "2016,RUS,SAU,export,700,UN,A_x",
        "2016,RUS,SAU,import,318,UN,A_x",
    )
    assert out.loc[("SAU", "RUS", 2023), "method"] == "turnover_split"
    assert out.loc[("SAU", "RUS", 2023), "value_usd"] == pytest.approx(1750 * 318 / 1018)


def test_a_part_year_is_raised_to_twelve_months(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2020,RUS,IRN,export,600,UN,A_x",
        "2020,RUS,IRN,import,424,UN,A_x",
        "2024,RUS,IRN,turnover,768,press JAN-SEP ONLY,D_partial_year",
    )
    assert out.loc[("RUS", "IRN", 2024), "value_usd"] == pytest.approx(600)
    assert out.loc[("RUS", "IRN", 2024), "grade"] == "D"


def test_two_year_means_and_conflicts_share_their_range(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2016,RUS,SAU,export,700,UN,A_x",
        "2016,RUS,SAU,import,318,UN,A_x",
        "2022,RUS,SAU,turnover,1018,press,C_text_turnover",
        "2023,RUS,SAU,export,5600,IMF," + MEAN,
        "2024,RUS,SAU,export,5600,IMF," + MEAN,
        "2023,RUS,BLR,export,300,IMF," + MEAN,
        "2023,RUS,BLR,export,200,Kremlin,C_text",
        "2024,RUS,BLR,export,300,IMF," + MEAN,
        "2023,ARM,RUS,import,440,Armstat,A_official_mirror",
        "2024,ARM,RUS,import,924,Armstat,A_official_mirror",
    )
    ends = ["value_lo_usd", "value_hi_usd"]
    belarus = out.loc[("RUS", "BLR")][ends].to_numpy()
    assert belarus == pytest.approx(np.array([[200, 360], [200, 360]]))
    saudi = out.loc[("RUS", "SAU")].loc[2022:, [*ends, "value_usd"]].to_numpy()
    low, high = 700 * 0.8, 5600 * 1.2
    assert saudi == pytest.approx(
        np.array([[low, high, 700], [low, high, 5600], [low, high, 5600]])
    )
    armenia = out.loc[("RUS", "ARM")][ends].to_numpy()
    assert armenia == pytest.approx(np.array([[440, 440], [440, 924]]))


def test_groups_and_later_years_are_left_out(tmp_path: Path) -> None:
    out = best(
        tmp_path,
        "2022,RUS,GCC,turnover,11000,press,C_text_turnover",
        "2024,RUS,VEN,export,899,IMF," + MEAN,
        "2025,RUS,VEN,export,778,IMF,B_2025_extra",
    )
    assert list(out.index) == [("RUS", "VEN", 2024)]


def test_a_turnover_that_nothing_divides_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="turnover 2022-RUS-IRN-turnover-1 and no year with both"):
        best(tmp_path, "2022,RUS,IRN,turnover,4600,press,C_text_turnover")


def test_an_unknown_partner_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'QQQ'.*russia_trade/names\.csv"):
        best(tmp_path, "2022,RUS,QQQ,export,4600,press,C_text")


@pytest.mark.realdata
def test_real_file_row_by_row(real: pd.DataFrame, shared_data: Path) -> None:
    with (shared_data / "trade" / "russia_bilateral_2015_2024.csv").open(newline="") as file:
        rows = [tuple(r) for r in csv.reader(file)][1:]
    schemas.validate(real, TABLE)
    assert len(real) == len(rows) == 382
    columns = ["year", "reporter_iso3", "partner_iso3", "flow", "value_usd", "source", "quality"]
    text = real[columns].astype({"value_usd": "int64"}).astype("str")
    assert sorted(text.itertuples(index=False, name=None)) == sorted(rows)
    assert real["is_partial_year"].sum() == sum(r[-1] == "D_partial_year" for r in rows) == 3


@pytest.mark.realdata
def test_every_state_of_the_real_file_is_mapped(real: pd.DataFrame) -> None:
    codes = pd.concat([real["reporter_iso3"], real["partner_iso3"]], ignore_index=True)
    mapped = map_names("russia_trade", "r", codes, load_map(NAMES), complete=True)
    assert set(codes[mapped["kind"] != "state"]) == {"GCC"}


@pytest.mark.realdata
def test_real_best_figures(real: pd.DataFrame) -> None:
    out = reconcile(real).set_index(["exporter_iso3", "importer_iso3", "year"])
    assert not out.index.duplicated().any()
    assert (out["value_lo_usd"] <= out["value_usd"]).all()
    assert (out["value_usd"] <= out["value_hi_usd"]).all()
    assert out.index.get_level_values("year").max() == 2024
    # Figures of the file for 2020, which only Russia reports.
    assert out.loc[("RUS", "IRN", 2020), "value_usd"] == 1423524907
    # SOURCES.md: Russia to Saudi Arabia is 5.6 bn against a turnover of 1.75 bn and of 3.6 bn.
    for year in (2022, 2023, 2024):
        saudi = out.loc[("RUS", "SAU", year)]
        assert saudi["value_lo_usd"] < 1.75e9
        assert saudi["value_hi_usd"] > 5.6e9
    # Every conflict that is known still has a figure to widen.
    for c in module.CONFLICTS:
        assert all((c.exporter_iso3, c.importer_iso3, y) in out.index for y in (*c.into, *c.years))


@pytest.mark.realdata
def test_no_flow_is_counted_twice_or_lost(real: pd.DataFrame) -> None:
    out = reconcile(real)
    states = real[(real["year"] <= 2024) & (real["partner_iso3"] != "GCC")]
    chosen = states.set_index("report_id")["value_usd"]
    direct = out[~out["method"].str.startswith("turnover")]
    assert (direct["value_usd"].to_numpy() == chosen[direct["report_id"]].to_numpy()).all()
    pair = states["reporter_iso3"] + states["partner_iso3"]
    one_way = states[states["flow"] != "turnover"]
    wanted = {
        (r.reporter_iso3, r.partner_iso3, r.year)
        if r.flow == "export"
        else (r.partner_iso3, r.reporter_iso3, r.year)
        for r in one_way.itertuples()
    }
    both_ways = states[states["flow"] == "turnover"].assign(pair=pair)
    wanted |= {(r.pair[:3], r.pair[3:], r.year) for r in both_ways.itertuples()}
    wanted |= {(r.pair[3:], r.pair[:3], r.year) for r in both_ways.itertuples()}
    assert (
        set(out[["exporter_iso3", "importer_iso3", "year"]].itertuples(index=False, name=None))
        == wanted
    )


@pytest.mark.realdata
def test_the_width_of_a_two_year_mean_is_what_russias_own_reports_show(real: pd.DataFrame) -> None:
    own = real[real["source"].str.startswith("UN Comtrade")]
    table = own.pivot_table(index=["partner_iso3", "flow"], columns="year", values="value_usd")
    off = []
    for year in range(2015, 2020):
        mean = (table[year] + table[year + 1]) / 2
        off.extend((table[year] / mean - 1).abs().dropna())
    assert len(off) == 90
    assert 0.15 < np.quantile(off, 0.9) <= module.HALF_WIDTH["B"]
