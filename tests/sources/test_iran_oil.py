"""Iran's crude to China: ranges in order, notes and the year of low confidence."""

from __future__ import annotations

from pathlib import Path

import pytest

import schemas
from pipelines.sources.iran_oil.parse import parse_crude_estimates
from pipelines.sources.reading import SourceError

FIXTURE = Path(__file__).parent / "fixtures" / "iran_crude.csv"
TABLE = schemas.table("raw_iran_oil__estimates")


def test_ranges_notes_and_confidence() -> None:
    frame = schemas.validate(parse_crude_estimates(FIXTURE), TABLE).set_index("year")
    assert frame.loc[2018, ["kbd_low", "kbd_high"]].to_list() == [591, 746]
    assert '"about half the imports of 2018"'.strip('"') in frame.loc[2018, "source"]
    assert frame["note"].isna().to_dict() == {2017: False, 2018: True, 2024: False}
    assert frame["is_low_confidence"].to_dict() == {2017: False, 2018: False, 2024: True}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2018,591,746", "2018,746,591", "line 3: found kbd_low = 746, kbd_high = 591"),
        ("2018,591,746", "2018,,746", "line 3: found kbd_low = ''; expected a number"),
    ],
    ids=["crossed", "blank end"],
)
def test_a_bad_range_is_refused_with_its_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "crude.csv"
    path.write_text(FIXTURE.read_text().replace(old, new))
    with pytest.raises(SourceError, match=message):
        parse_crude_estimates(path)


@pytest.mark.realdata
def test_real_file(shared_data: Path) -> None:
    path = shared_data / "trade" / "iran_crude_to_china_estimates.csv"
    frame = schemas.validate(parse_crude_estimates(path), TABLE).set_index("year")
    assert list(frame.index) == list(range(2017, 2026))
    assert frame.loc[2023, ["kbd_low", "kbd_high"]].to_list() == [1050, 1191]
    assert list(frame.index[frame["is_low_confidence"]]) == [2024]
