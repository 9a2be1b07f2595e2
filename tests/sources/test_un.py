"""The library's exports: layouts, codes, names, totals; and Voeten's published agreement."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import schemas
from indices.pillars.voting import agreement_dyads, ballots
from pipelines.core import un
from pipelines.core.geo import SOURCES, cow_to_iso3
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError
from pipelines.sources.un.parse import body_of, parse_ga, parse_sc, session_number
from pipelines.sources.voeten.parse import parse_ideal_points, parse_votes_parquet

FIXTURES = Path(__file__).parent / "fixtures"
GA, SC = FIXTURES / "un_ga.csv", FIXTURES / "un_sc.csv"
# Of the fixture: the emergency session, the thirty-sixth, the fifteenth, and one without a label.
ES11, S36, S15, BLANK = 3959039, 654321, 207453, 100001
Frames = dict[str, pd.DataFrame]
Parse = Callable[[Path], Frames]


def changed(folder: Path, old: str, new: str, fixture: Path = GA) -> Path:
    text = fixture.read_text(encoding="utf-8")
    assert old in text
    path = folder / "votes.csv"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def checked(frames: Frames) -> list[pd.DataFrame]:
    """Validate both tables; the roll calls come first."""
    return [schemas.validate(f, schemas.table(name)) for name, f in frames.items()]


def vote(votes: pd.DataFrame, undl_id: int, ms_code: str) -> str:
    return votes[(votes["undl_id"] == undl_id) & (votes["ms_code"] == ms_code)]["ms_vote"].item()


def test_case_and_spaces_of_a_vote_do_not_matter_and_a_blank_is_no_vote() -> None:
    _, votes = checked(parse_ga(GA))
    got = {(i, c): vote(votes, i, c) for i in (ES11, S36) for c in ("CHN", "IRN", "TUR")}
    assert got == {
        (ES11, "CHN"): "A",
        (ES11, "IRN"): "X",
        (ES11, "TUR"): "Y",
        (S36, "CHN"): "Y",  # y
        (S36, "IRN"): "X",  # blank
        (S36, "TUR"): "Y",  # with spaces around
    }


def test_one_row_for_each_record_in_the_order_of_numbers() -> None:
    calls, votes = checked(parse_ga(GA))
    assert calls["undl_id"].tolist() == [BLANK, S15, S36, ES11]
    assert len(votes) == 11
    last = calls.iloc[3]
    assert last["date"] == pd.Timestamp(2022, 3, 2)
    assert last["agenda_title"] == 'A/ES-11/L.1 "UKRAINE"\nEMERGENCY SESSION'
    totals = ["total_yes", "total_no", "total_abstentions", "total_non_voting", "total_ms"]
    assert last[totals].tolist() == [1, 1, 1, 1, 4]
    assert calls.loc[0, ["session", "meeting", "title"]].isna().all()


def test_only_regular_sessions_have_a_number() -> None:
    labels = ["I", "IV", "IX", "XIX", "XXX", "31", "80", " 79 ", "S-III", "ES-11", "S-14", "", None]
    numbers = session_number(pd.Series(labels, dtype="str"))
    assert numbers.dtype == "Int64"
    assert numbers.tolist()[:8] == [1, 4, 9, 19, 30, 31, 80, 79]
    assert numbers[8:].isna().all()


def as_gzip(folder: Path, fixture: Path) -> Path:
    path = folder / "votes.csv.gz"
    path.write_bytes(gzip.compress(fixture.read_bytes()))
    return path


def as_parquet(folder: Path, fixture: Path) -> Path:
    frame = pd.read_csv(fixture, keep_default_na=False)
    path = folder / "votes.parquet"
    frame.to_parquet(path)
    return path


def as_marked_csv(folder: Path, fixture: Path) -> Path:
    """Save as some programs do: with a byte-order mark and the line ends of Windows."""
    path = folder / "votes.csv"
    lines = fixture.read_bytes().replace(b"\n", b"\r\n").replace(b'"\r\nEMER', b'"\nEMER')
    path.write_bytes(b"\xef\xbb\xbf" + lines)
    return path


@pytest.mark.parametrize("form", [as_gzip, as_parquet, as_marked_csv])
@pytest.mark.parametrize(("parse", "fixture"), [(parse_ga, GA), (parse_sc, SC)])
def test_every_form_of_the_export_reads_alike(
    parse: Parse, fixture: Path, form: Callable[[Path, Path], Path], tmp_path: Path
) -> None:
    want, got = parse(fixture), parse(form(tmp_path, fixture))
    assert list(want) == list(got)
    for name in want:
        pd.testing.assert_frame_equal(got[name].replace("\r\n", "\n", regex=True), want[name])


def test_the_council_export_has_names_of_its_own_and_one_resolution_twice() -> None:
    calls, votes = checked(parse_sc(SC))
    assert calls["undl_id"].tolist() == [3970000, 4066424, 4070358]
    assert calls["is_duplicate"].tolist() == [False, False, True]
    assert calls["title"].tolist()[0] == "2669 (2022). Myanmar"
    assert calls["session"].isna().all()
    assert len(votes) == 6  # of both records: the raw layer leaves nothing out
    kept = un.roll_calls(parse_ga(GA)["raw_un__ga_roll_calls"], calls)
    assert kept.loc[kept["body"] == "SC", "roll_call_id"].tolist() == ["SC-3970000", "SC-4066424"]


def test_an_excerpt_of_states_is_not_held_to_the_totals(tmp_path: Path) -> None:
    # The agenda item of the emergency session has a line break: its row is on two lines.
    path = changed(tmp_path, "\nEMERGENCY", " EMERGENCY")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], *(x for x in lines if ",IRN," in x)]), encoding="utf-8")
    calls, votes = checked(parse_ga(path))
    assert votes["ms_vote"].tolist() == ["Y", "X", "X"]
    assert calls["total_ms"].tolist() == [2, 4, 4]


def test_line_breaks_in_a_long_file_do_not_end_a_row(tmp_path: Path) -> None:
    # Longer than the megabyte the reader takes at a time.
    path = changed(tmp_path, "\nEMERGENCY", "\nEMERGENCY" * 100_000)
    calls, votes = checked(parse_ga(path))
    assert (len(calls), len(votes)) == (4, 11)
    assert calls["agenda_title"].iloc[3].count("\n") == 100_000


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("IRAN,Y,", "IRAN,Q,", "row 10: found ms_vote = 'Q'; expected one of"),
        ("207453,IRN", "20745x,IRN", "row 10: found undl_id = '20745x'; expected a whole number"),
        ("IRN,IRAN,Y", "IRN, ,Y", "row 10: found ms_name = ' '; expected the name of a member"),
        ("1960-12-20", "1960-13-20", "row 9: found date = '1960-13-20'; expected a date"),
        ("IRAN,Y,1960-12-20", "IRAN,Y,1960-12-22", "row 10: .*'1960-12-20', as in .* row 9"),
        (",1,0,1,0,2,", ",1,0,1.5,0,2,", "row 9: found total_abstentions = '1.5'"),
        (",1,0,1,0,2,", ",2,0,0,0,2,", "row 9: .*207453 with 1 votes Y.*expected 2, .*total_yes"),
        (",1,0,1,0,2,", ",3,0,0,0,3,", "row 9: .*207453 with 1 votes A.*expected 0, .*abstentions"),
        ("TUR,TURKEY", "IRN,IRAN", "row 7: found .*'IRAN'.* a second time"),
        (
            "TUR,TURKEY",
            "IRN,IRAN (ISLAMIC REPUBLIC OF)",
            r"row 7: .*\['IRAN', 'IRAN \(ISLAMIC REPUBLIC OF\)'\] under the code 'IRN'",
        ),
        ("IRAN,Y,1960-12-20,", "IRAN,Y,", "row 10: found Expected 20 columns, got 19"),
        ("ms_vote", "vote", r"line 1: found columns .*also the columns \['ms_vote'\]"),
    ],
)
def test_a_damaged_export_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(SourceError, match=message) as caught:
        parse_ga(path)
    assert str(path) in str(caught.value)


TOTALS = ["total_yes", "total_no", "total_abstentions", "total_non_voting", "total_ms"]


@pytest.mark.parametrize("blank", ["1.0,0.0,1.0,0.0,2.0", "1,0,1,,2", ",,,,2", ",,,,", "0,0,0,0,2"])
def test_totals_that_a_record_does_not_state_are_counted(blank: str, tmp_path: Path) -> None:
    # The library writes totals as decimals, leaves some blank, and gives those of a resolution
    # adopted without a vote as zero.
    calls, _ = checked(parse_ga(changed(tmp_path, ",1,0,1,0,2,", f",{blank},")))
    assert calls.set_index("undl_id").loc[S15, TOTALS].tolist() == [1, 0, 1, 0, 2]


@pytest.mark.parametrize(
    ("blank", "name"), [("1,0,1,,2", "total_non_voting"), (",,,,", "total_yes")]
)
def test_totals_of_an_excerpt_cannot_be_counted(blank: str, name: str, tmp_path: Path) -> None:
    path = changed(tmp_path, ",1,0,1,0,2,", f",{blank},")
    text = path.read_text(encoding="utf-8").replace("\nEMERGENCY", " EMERGENCY")
    lines = text.splitlines(keepends=True)
    path.write_text("".join([lines[0], *(x for x in lines if ",IRN," in x)]), encoding="utf-8")
    with pytest.raises(SourceError, match=f"row 3: found {name} = ''; .*not the rows of all"):
        parse_ga(path)


def test_few_records_that_contradict_themselves_are_kept_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    header = GA.read_text(encoding="utf-8").splitlines(keepends=True)[0]
    row = "{0},IRN,IRAN,Y,1960-12-20,XV,A/RES/1514,,,A/PV.947,,,,,{1},0,0,1,\n"
    rows = [row.format(1000 + k, "1,0") for k in range(150)]
    wrong, last = row.format(5, "0,1"), row.format(6, "1,0")
    path = tmp_path / "votes.csv"
    path.write_text("".join([header, *rows, wrong, last]), encoding="utf-8")
    calls, votes = checked(parse_ga(path))
    assert calls.set_index("undl_id").loc[5, TOTALS].tolist() == [0, 1, 0, 0, 1]
    assert vote(votes, 5, "IRN") == "Y"
    assert "1 of 152 records state other totals than their rows" in caplog.text
    assert "[5]" in caplog.text
    path.write_text("".join([header, *rows[:20], wrong]), encoding="utf-8")
    with pytest.raises(SourceError, match=r"row 21: .* 5 with 1 votes Y .*1 of 21 records"):
        parse_ga(path)


@pytest.mark.parametrize("form", [None, as_gzip, as_parquet, as_marked_csv])
@pytest.mark.parametrize(("fixture", "body"), [(GA, "ga"), (SC, "sc")])
def test_which_body_a_file_is_of(
    fixture: Path, body: str, form: Callable[[Path, Path], Path] | None, tmp_path: Path
) -> None:
    assert body_of(form(tmp_path, fixture) if form else fixture) == body


def test_a_stored_file_without_an_extension_is_read_by_its_bytes(tmp_path: Path) -> None:
    path = as_gzip(tmp_path, GA).rename(tmp_path / "0a1b2c")
    assert len(parse_ga(path)["raw_un__ga_votes"]) == 11


def test_a_file_of_neither_body_is_named(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    text = GA.read_text(encoding="utf-8")
    path.write_text(text.replace(",A/", ",T/"), encoding="utf-8")
    with pytest.raises(SourceError, match=r"no symbols .* start with A/ or S/"):
        body_of(path)


def test_members_without_a_code_are_not_taken_for_one(tmp_path: Path) -> None:
    path = changed(tmp_path, "207453,CHN", "207453,")
    votes = parse_ga(changed(tmp_path, "207453,IRN", "207453,", path))["raw_un__ga_votes"]
    assert votes.loc[votes["undl_id"] == S15, "ms_code"].isna().tolist() == [True, True]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found an empty file"),
        (b"<!DOCTYPE html><title>Just a moment", "found an HTML page.*robot"),
        (GA.read_bytes().splitlines(keepends=True)[0], "found a header and no rows"),
        (GA.read_bytes()[:-80], "row 11: found Expected 20 columns"),
        (GA.read_text(encoding="utf-8").encode("iso-8859-9"), "row 4: .*invalid UTF8"),
        (gzip.compress(GA.read_bytes())[:-60], "expected a whole CSV or Parquet file"),
        (b"PAR1" + bytes(50), "expected a whole CSV or Parquet file"),
    ],
    ids=["empty", "html", "header", "cut", "encoding", "cut gzip", "cut parquet"],
)
def test_a_file_that_is_not_the_export_is_refused(
    data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / ("votes.csv.gz" if data.startswith(b"\x1f\x8b") else "votes.csv")
    path.write_bytes(data)
    with pytest.raises(SourceError, match=message) as caught:
        parse_ga(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv: found no such file"):
        parse_ga(tmp_path / "gone.csv")


def test_a_file_cut_between_rows_is_noticed(tmp_path: Path) -> None:
    lines = GA.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "votes.csv"
    path.write_text("".join(lines[:-2]), encoding="utf-8")  # without the second vote of XV
    with pytest.raises(SourceError, match="row 9: found the last record, 207453, with 1 rows"):
        parse_ga(path)


@pytest.mark.parametrize(
    ("name", "day", "iso3"),
    [
        ("CHINA", "1971-10-24", "TWN"),
        ("CHINA", "1971-10-25", "CHN"),
        ("YUGOSLAVIA", "1992-04-26", "YUG"),
        ("YUGOSLAVIA", "1992-04-27", "SRB"),
        ("IRAN", "1981-01-01", "IRN"),
        ("IRAN (ISLAMIC REPUBLIC OF)", "1981-01-01", "IRN"),
        *((name, "2022-07-01", "TUR") for name in
          ("TURKEY", "TÜRKİYE", "TURKIYE", "TÜRKIYE", "TÜRKÝYE")),
        ("USSR", "1980-01-01", "RUS"),
        ("ZANZIBAR", "1963-12-17", "EAZ"),
        ("GERMAN DEMOCRATIC REPUBLIC", "1980-01-01", "DDR"),
        ("DEMOCRATIC YEMEN", "1980-01-01", "YMD"),
        ("CZECHOSLOVAKIA", "1980-01-01", "CSK"),
    ],
)  # fmt: skip
def test_which_state_a_name_meant_on_a_day(name: str, day: str, iso3: str) -> None:
    when = pd.Series(pd.to_datetime([day]))
    mapped = map_names("un", "test", pd.Series([name]), load_map(SOURCES / "un"), when)
    assert mapped["iso3"].tolist() == [iso3]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "un"


@pytest.fixture(scope="module")
def real(folder: Path) -> Frames:
    ga = parse_ga(folder / "undl_ga_voting_1946_202510.parquet")
    return ga | parse_sc(folder / "undl_sc_voting_1946_202510.parquet")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("body", "rows", "records"), [("ga", 917_380, 5_539), ("sc", 41_079, 2_797)]
)
def test_real_export_is_kept_whole(
    body: str, rows: int, records: int, real: Frames, folder: Path
) -> None:
    calls, votes = checked({k: v for k, v in real.items() if k.startswith(f"raw_un__{body}")})
    assert (len(calls), len(votes)) == (records, rows)
    upstream = parquet.read_table(
        folder / f"undl_{body}_voting_1946_202510.parquet", columns=["ms_vote"]
    )["ms_vote"].value_counts()
    counts = {c["values"].as_py(): c["counts"].as_py() for c in upstream}
    assert votes["ms_vote"].value_counts().to_dict() == counts
    assert calls["total_ms"].sum() == rows


@pytest.mark.realdata
def test_real_council_has_one_resolution_twice_and_real_2025_is_a_part_year(real: Frames) -> None:
    council = real["raw_un__sc_roll_calls"]
    twice = council[council["is_duplicate"]]
    assert twice["resolution"].tolist() == ["S/RES/2760(2024)"]
    assembly = real["raw_un__ga_roll_calls"]
    of_2025 = assembly[assembly["date"].dt.year == 2025]["resolution"]
    # 33 votes on resolutions (SOURCES.md), and one on a decision.
    assert of_2025.str.startswith("A/RES/").sum() == 33
    assert of_2025[~of_2025.str.startswith("A/RES/")].tolist() == ["A/DEC/80/506"]
    assert assembly["date"].agg(["min", "max"]).tolist() == [
        pd.Timestamp(1946, 1, 26),
        pd.Timestamp(2025, 10, 29),
    ]
    sessions = set(session_number(assembly["session"]).dropna())
    # The nineteenth session adopted all by consent, so as not to put members' arrears to the test.
    assert sessions == set(range(1, 81)) - {19}


@pytest.mark.realdata
@pytest.mark.parametrize("body", ["ga", "sc"])
def test_real_csv_of_25_states_equals_the_parquet_file(
    body: str, real: Frames, folder: Path
) -> None:
    parse = {"ga": parse_ga, "sc": parse_sc}[body]
    got = parse(folder / f"undl_{body}_voting_25_states_2018_202510.csv.gz")
    calls, votes = real[f"raw_un__{body}_roll_calls"], real[f"raw_un__{body}_votes"]
    since = calls[calls["date"] >= "2018-01-01"]
    names = got[f"raw_un__{body}_votes"]["ms_code"].unique()
    chosen = votes[votes["ms_code"].isin(names) & votes["undl_id"].isin(since["undl_id"])]
    want = {
        f"raw_un__{body}_roll_calls": since[since["undl_id"].isin(chosen["undl_id"])],
        f"raw_un__{body}_votes": chosen,
    }
    for name, frame in want.items():
        pd.testing.assert_frame_equal(got[name], frame.reset_index(drop=True))


@pytest.mark.realdata
def test_every_real_name_is_mapped_and_every_map_row_used(real: Frames) -> None:
    rows = pd.concat(
        real[f"raw_un__{b}_votes"][["undl_id", "ms_name"]].merge(
            real[f"raw_un__{b}_roll_calls"][["undl_id", "date"]], on="undl_id"
        )
        for b in ("ga", "sc")
    ).reset_index(drop=True)
    mapping = load_map(SOURCES / "un")
    mapped = map_names("un", "votes", rows["ms_name"], mapping, rows["date"], complete=True)
    assert set(mapped["kind"]) == {"state"}
    # Two spellings of one state in one record would double its vote.
    assert not mapped.assign(undl_id=rows["undl_id"]).duplicated(["undl_id", "iso3"]).any()
    spelled = rows.loc[mapped["iso3"] == "TUR", "ms_name"]
    assert spelled.nunique() == 5
    assembly = rows[: len(real["raw_un__ga_votes"])].groupby("ms_name")["date"]
    assert assembly.max()["IRAN"].year == 1982
    assert assembly.min()["IRAN (ISLAMIC REPUBLIC OF)"].year == 1980


PUBLISHED = {
    "usa_agree": "USA",
    "russia_agree": "RUS",
    "brazil_agree": "BRA",
    "china_agree": "CHN",
    "india_agree": "IND",
    "israel_agree": "ISR",
}
# Published with seven digits.
ROUNDING = 5.01e-8


def states(rows: pd.DataFrame) -> pd.Series:
    """Return Voeten's states; his session 1 began in 1946."""
    day = pd.to_datetime((rows["session"] + 1945).astype("str") + "-12-01")
    return cow_to_iso3(rows["ccode"], day, "voeten", "test")


def beside_published(dyads: pd.DataFrame, folder: Path, sessions: list[int]) -> pd.DataFrame:
    """Put our measures beside the published agreement of every two states in these sessions."""
    points = parse_ideal_points(folder / "voeten_IdealpointestimatesAll_Jun2024.csv")
    points = points[points["session"].isin(sessions)]
    long = (
        points.assign(from_iso3=states(points))
        .rename(columns=PUBLISHED)
        .melt(["from_iso3", "session"], list(PUBLISHED.values()), "to_iso3", "published")
        .dropna()
    )
    ours = dyads.astype({"from_iso3": "str", "to_iso3": "str"})
    both = long.merge(ours, on=["from_iso3", "to_iso3", "session"], how="left")
    return both[both["from_iso3"] != both["to_iso3"]]


@pytest.mark.realdata
def test_identical_share_of_the_librarys_votes_equals_voetens_published_agreement(
    real: Frames, folder: Path
) -> None:
    sessions = [68, 69, 77]
    calls = un.roll_calls(real["raw_un__ga_roll_calls"], real["raw_un__sc_roll_calls"])
    calls = calls[calls["session"].isin(sessions)]
    votes = un.votes(real["raw_un__ga_votes"], real["raw_un__sc_votes"], calls)
    both = beside_published(un.session_dyads(votes, calls), folder, sessions)
    assert (both.groupby("session").size() > 1000).all()
    assert np.abs(both["identical_share"] - both["published"]).max() < ROUNDING
    # His columns are not 1 - mean distance / 2, which gives half a point to an abstention.
    assert (both["agreement"] - both["published"]).max() > 0.2


@pytest.mark.realdata
def test_identical_share_of_voetens_own_votes_equals_his_published_agreement(folder: Path) -> None:
    sessions = [40, 44, 51, 60, 75, 76, 77]
    raw = parse_votes_parquet(folder / "voeten_votes_Jun2024_sessions_1_78.parquet")
    raw = raw[raw["session"].isin(sessions)]
    votes = pd.DataFrame(
        {
            "roll_call_id": raw["rcid"].astype("str"),
            "iso3": states(raw),
            "vote": raw["vote"].map({1: "Y", 2: "A", 3: "N"}),
        }
    )
    counted = pd.crosstab(votes["roll_call_id"], votes["vote"])
    calls = counted.set_axis(["abstain", "no", "yes"], axis=1).reset_index()
    calls["session"] = calls["roll_call_id"].map(
        dict(zip(votes["roll_call_id"], raw["session"], strict=True))
    )
    dyads = agreement_dyads(ballots(votes, calls, "session"), "session")
    both = beside_published(dyads, folder, sessions)
    assert np.abs(both["identical_share"] - both["published"]).max() < ROUNDING
    # He published agreement of two members whose votes his file leaves out: no states then.
    without = both[both["identical_share"].isna()]
    assert set(zip(without["from_iso3"], without["session"], strict=True)) == {
        (iso3, session) for iso3 in ("BLR", "UKR") for session in (40, 44)
    }
