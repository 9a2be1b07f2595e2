"""Voeten's files: absences and non-members, doubled pairs, wrong years, and the real files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.core.geo import cow_to_iso3
from pipelines.sources.reading import SourceError
from pipelines.sources.voeten.parse import (
    parse_ideal_points,
    parse_votes_parquet,
    parse_votes_rdata,
)

VOTES = schemas.table("raw_voeten__votes")
POINTS = schemas.table("raw_voeten__ideal_points")
# The layout of the upstream's files, cut down to a few rows; columns nobody reads are kept.
RDATA_ROWS = pd.DataFrame(
    {
        "rcid": [3, 3, 3, 3, 4],
        "session": [1, 1, 1, 1, 1],
        "vote": [1, 3, 9, 8, 2],
        "ccode": [2, 20, 31, 40, 2],
        "member": [1, 1, None, 1, 1],
        "date": ["1/1/1946", "1/1/1946", "1/1/1946", "1/1/1946", None],
        "unres": ["R/1/66", "R/1/66", "R/1/66", "R/1/66", ""],
        "year": [1946.0] * 5,
    }
)
PARQUET_ROWS = pd.DataFrame(
    {
        "resid": [78015, 78015, 78015],
        "ccode": [679, 2, 679],
        "date": ["2023-11-28", "2023-11-28", "2023-10-27"],
        "year": [2022, 2022, 2022],
        "vote": [1, 3, 1],
        "session": [78, 78, 78],
    }
)
HEADER = (
    '"","ccode","session","NVotesAll","IdealPointAll","QO%All","Q5%All","Q10%All","Q50%All",'
    '"Q90%All","Q95%All","Q100%All","iso3c","Countryname","USAgree","RUSSAgree","BrazilAgree",'
    '"ChinaAgree","IndiaAgree","IsraelAgree"\n'
)
USA = (
    '"1",2,1,42,1.67635,1.09977,1.339545,1.404822,1.668589,1.95806,2.039101,2.490737,"USA",'
    '"United States",1,0.2142857,0.6428571,NA,0.4761905,NA\n'
)
NORTH_YEMEN = (
    '"9",678,22,30,-1.1,-2,-1.5,-1.4,-1.1,-0.9,-0.8,-0.1,"YAR","Yemen Arab Republic",'
    "0.2,0.9,0.5,NA,0.6,0.1\n"
)
SOUTH_YEMEN = NORTH_YEMEN.replace('"9",678', '"10",680').replace("Arab", "People's")
NAMELESS = '"11",347,22,3,0.5,0,0,0,0.5,1,1,1,"",NA,0,1,1,1,0.5,0\n'
TUR_78 = (
    '"8159",640,78,2,0.5085674,0.1466465,0.2778529,0.3278665,0.5085195,0.6880004,0.7319483,'
    '0.9306736,"TUR","Turkey",0,1,1,1,0.5,0\n'
)
IDEAL_POINTS = HEADER + USA + NORTH_YEMEN + SOUTH_YEMEN + NAMELESS + TUR_78


def rdata(folder: Path, rows: pd.DataFrame) -> Path:
    """Write rows as the upstream's RData file, whose one object is called x."""
    import pyreadr

    path = folder / "UNVotesPublished.RData"
    pyreadr.write_rdata(str(path), rows, df_name="x")
    return path


def parquet(folder: Path, rows: pd.DataFrame) -> Path:
    """Write rows as the Parquet file of June 2024."""
    path = folder / "votes.parquet"
    rows.to_parquet(path, index=False)
    return path


def csv(folder: Path, text: str | bytes) -> Path:
    """Write the text of an ideal-point file."""
    path = folder / "IdealpointestimatesAll.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# Parser, writer and rows of each file of votes.
FILES = pytest.mark.parametrize(
    ("parse", "write", "rows"),
    [
        (parse_votes_rdata, rdata, RDATA_ROWS),
        (parse_votes_parquet, parquet, PARQUET_ROWS),
    ],
    ids=["RData", "Parquet"],
)


def votes(frame: pd.DataFrame) -> set[tuple[int, int, int]]:
    """Return roll call, state and vote."""
    return set(frame[["rcid", "ccode", "vote"]].itertuples(index=False, name=None))


def test_absent_differs_from_no_member(tmp_path: Path) -> None:
    frame = schemas.validate(parse_votes_rdata(rdata(tmp_path, RDATA_ROWS)), VOTES)
    assert votes(frame) == {(3, 2, 1), (3, 20, 3), (3, 31, 9), (3, 40, 8), (4, 2, 2)}


def test_dates_are_left_as_text(tmp_path: Path) -> None:
    frame = parse_votes_rdata(rdata(tmp_path, RDATA_ROWS))
    assert frame["date"].to_list()[:4] == ["1/1/1946"] * 4
    assert frame["date"].isna().to_list() == [False] * 4 + [True]


def test_the_wrong_year_of_session_78_is_not_read(tmp_path: Path) -> None:
    parsed = parse_votes_parquet(parquet(tmp_path, PARQUET_ROWS))
    without = parse_votes_parquet(parquet(tmp_path, PARQUET_ROWS.assign(year=1900)))
    assert "year" not in parsed.columns
    assert parsed.equals(without)
    assert set(parsed["session"]) == {78}


def test_of_two_equal_votes_the_first_stays(tmp_path: Path) -> None:
    frame = schemas.validate(parse_votes_parquet(parquet(tmp_path, PARQUET_ROWS)), VOTES)
    assert votes(frame) == {(78015, 2, 3), (78015, 679, 1)}
    assert frame.loc[frame["ccode"] == 679, "date"].item() == "2023-11-28"


@FILES
def test_two_different_votes_of_a_state_are_refused(
    parse: Callable[[Path], pd.DataFrame],
    write: Callable[[Path, pd.DataFrame], Path],
    rows: pd.DataFrame,
    tmp_path: Path,
) -> None:
    path = write(tmp_path, pd.concat([rows, rows.head(1).assign(vote=2)], ignore_index=True))
    with pytest.raises(SourceError, match="which has another vote of that state") as error:
        parse(path)
    assert error.value.row == len(rows) + 1
    assert str(path) in str(error.value)


@FILES
@pytest.mark.parametrize("code", [0, 4, -9])
def test_an_unknown_code_is_refused(
    parse: Callable[[Path], pd.DataFrame],
    write: Callable[[Path, pd.DataFrame], Path],
    rows: pd.DataFrame,
    code: int,
    tmp_path: Path,
) -> None:
    path = write(tmp_path, rows.assign(vote=[*rows["vote"][:-1], code]))
    with pytest.raises(SourceError, match=rf"found vote = {code}; expected one of \(1, 2, 3") as e:
        parse(path)
    assert e.value.row == len(rows)


def test_an_absence_in_the_file_without_absences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"row 2: found vote = 8; expected one of \(1, 2, 3\)"):
        parse_votes_parquet(parquet(tmp_path, PARQUET_ROWS.assign(vote=[1, 8, 1])))


@FILES
@pytest.mark.parametrize("column", ["ccode", "session", "date", "vote"])
def test_a_missing_column_is_named(
    parse: Callable[[Path], pd.DataFrame],
    write: Callable[[Path, pd.DataFrame], Path],
    rows: pd.DataFrame,
    column: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(SourceError, match=rf"expected also the columns \['{column}'\]"):
        parse(write(tmp_path, rows.drop(columns=column)))


@FILES
@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("cut", "found "),
        ("empty", "found "),
        ("HTML", "found "),
        ("absent", "found no such file"),
    ],
)
def test_a_damaged_file_is_refused(
    parse: Callable[[Path], pd.DataFrame],
    write: Callable[[Path, pd.DataFrame], Path],
    rows: pd.DataFrame,
    damage: str,
    found: str,
    tmp_path: Path,
) -> None:
    path = write(tmp_path, rows)
    whole = path.read_bytes()
    page = b"<!DOCTYPE html><html><body>Just a moment...</body></html>"
    if damage == "absent":
        path.unlink()
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "HTML": page}[damage])
    with pytest.raises(SourceError, match=f"{path}: {found}"):
        parse(path)


def test_two_objects_are_not_the_file_of_votes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {"x": RDATA_ROWS, "y": RDATA_ROWS}
    monkeypatch.setattr("pyreadr.read_r", lambda _: two)
    with pytest.raises(SourceError, match=r"the objects \['x', 'y'\]; expected one data frame"):
        parse_votes_rdata(rdata(tmp_path, RDATA_ROWS))


def test_only_the_number_identifies_a_state(tmp_path: Path) -> None:
    # Both Yemens are YAR, and some abbreviations are blank.
    frame = schemas.validate(parse_ideal_points(csv(tmp_path, IDEAL_POINTS)), POINTS)
    assert frame["ccode"].to_list() == [2, 347, 640, 678, 680]


def test_na_is_missing_and_zero_is_zero(tmp_path: Path) -> None:
    frame = parse_ideal_points(csv(tmp_path, IDEAL_POINTS)).set_index("ccode")
    agree = [c for c in frame.columns if c.endswith("_agree")]
    assert frame.loc[2, agree].isna().to_dict() == {
        "usa_agree": False,
        "russia_agree": False,
        "brazil_agree": False,
        "china_agree": True,
        "india_agree": False,
        "israel_agree": True,
    }
    assert frame.loc[2, "russia_agree"] == 0.2142857
    assert frame.loc[640, "n_votes"] == 2
    assert (frame.loc[640, "usa_agree"], frame.loc[640, "india_agree"]) == (0, 0.5)


@pytest.mark.parametrize(
    ("damaged", "line", "message"),
    [
        (IDEAL_POINTS + USA, 7, "{'ccode': 2, 'session': 1} a second time"),
        (IDEAL_POINTS[:-1], 6, "cut short"),
        (IDEAL_POINTS.replace("0.2142857", "."), 2, "RUSSAgree = '.'; expected a number"),
        (IDEAL_POINTS.replace('"10",680', '"10",NA'), 4, "ccode = 'NA'; expected a number"),
        (IDEAL_POINTS.replace('"10",680', '"10",680.5'), 4, "ccode = '680.5'; expected a whole"),
        (IDEAL_POINTS.replace("IsraelAgree", "ISRAgree"), 1, "the columns ['IsraelAgree']"),
        (IDEAL_POINTS.replace(",0.1\n", "\n", 1), 3, "Expected 20 columns, got 19"),
        (HEADER, 1, "a header and no rows"),
        (IDEAL_POINTS.replace("Turkey", "Türkiye").encode("latin-1"), 6, "byte 0xfc"),
        (b"", None, "an empty file"),
        (b"<html><head></head></html>", None, "an HTML page"),
    ],
    ids=["twice", "cut", "word", "no number", "half", "renamed", "narrow", "no rows", "latin-1",
         "empty", "HTML"],
)  # fmt: skip
def test_a_damaged_ideal_point_file_is_refused(
    damaged: str | bytes, line: int | None, message: str, tmp_path: Path
) -> None:
    path = csv(tmp_path, damaged)
    with pytest.raises(SourceError) as error:
        parse_ideal_points(path)
    assert message in str(error.value)
    assert error.value.line == line
    assert str(path) in str(error.value)


@pytest.fixture(scope="module")
def real_2016(shared_data: Path) -> pd.DataFrame:
    """Return the votes of sessions 1 to 70."""
    path = shared_data / "un" / "voeten_UNVotesPublished_2016.RData"
    return schemas.validate(parse_votes_rdata(path), VOTES)


@pytest.fixture(scope="module")
def real_2024(shared_data: Path) -> pd.DataFrame:
    """Return the votes of sessions 1 to 78."""
    path = shared_data / "un" / "voeten_votes_Jun2024_sessions_1_78.parquet"
    return schemas.validate(parse_votes_parquet(path), VOTES)


@pytest.fixture(scope="module")
def real_points(shared_data: Path) -> pd.DataFrame:
    """Return the published ideal points."""
    path = shared_data / "un" / "voeten_IdealpointestimatesAll_Jun2024.csv"
    return schemas.validate(parse_ideal_points(path), POINTS)


@pytest.mark.realdata
def test_real_votes_of_2016(real_2016: pd.DataFrame) -> None:
    assert len(real_2016) == 1_066_613
    assert set(real_2016["vote"]) == {1, 2, 3, 8, 9}
    assert (real_2016["session"].min(), real_2016["session"].max()) == (1, 70)


@pytest.mark.realdata
def test_real_votes_of_2024(real_2024: pd.DataFrame) -> None:
    # 855,890 rows, of which three stand twice.
    assert len(real_2024) == 855_890 - 3
    assert set(real_2024["vote"]) == {1, 2, 3}
    assert (real_2024["session"].min(), real_2024["session"].max()) == (1, 78)
    turkey = real_2024[(real_2024["ccode"] == 640) & (real_2024["session"] == 78)]
    assert len(turkey) == 2


@pytest.mark.realdata
def test_real_ideal_points(real_points: pd.DataFrame) -> None:
    # 11,238 is the row number of the file's last line.
    assert len(real_points) == 11_238
    assert (real_points["session"].min(), real_points["session"].max()) == (1, 78)
    turkey = real_points[(real_points["ccode"] == 640) & (real_points["session"] == 78)]
    assert turkey["n_votes"].item() == 2
    own = real_points.loc[real_points["ccode"] == 2, "usa_agree"]
    assert set(own.dropna()) == {1.0}


@pytest.mark.realdata
def test_every_real_number_is_a_state(
    real_2016: pd.DataFrame, real_2024: pd.DataFrame, real_points: pd.DataFrame
) -> None:
    for frame in (real_2016, real_2024, real_points):
        pairs = frame[["ccode", "session"]].drop_duplicates()
        when = pd.to_datetime((pairs["session"] + 1945).astype("str") + "-12-01")
        assert (cow_to_iso3(pairs["ccode"], when, "voeten", "real files") != "").all()
