"""UNCTAD's workbooks: one treaty in two files, parties, Excel dates, bad zips, and the real zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd
import pytest

import schemas
from pipelines.sources.investment_treaties.parse import parse_zip
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "investment_treaties"
TABLE = "raw_unctad__investment_treaties"
REAL = "unctad_bits_2020_01.zip"
FOLDER = "NewDataJan2020/"
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HEADER = (
    "No.",
    "Title of agreement",
    "Short title",
    "Parties",
    "Type of agreement",
    "Status",
    "Files",
    "Date of signature",
    "Date of entry into force",
    "Date of termination",
    "Type of termination",
    "Amendment protocols",
    "Side instruments",
)
Row = Sequence[str | int | None]


def treaty(
    short: str = "Iran, Islamic Republic of - Oman BIT (2001)",
    parties: str = "Iran, Islamic Republic of; Oman;",
    status: str = "In force",
    signed: str | int | None = 37236,
    in_force: int | None = 38057,
    ended: int | None = None,
    how: str = "",
    kind: str = "Bilateral Investment Treaties",
) -> Row:
    """Return the cells of a treaty as the upstream writes them."""
    return (1, "", short, parties, kind, status, "", signed, in_force, ended, how, "No", "No")


def workbook(*rows: Row, header: Row = HEADER) -> bytes:
    """Write a workbook in the upstream's form: shared strings, blank cells left without a value."""
    strings: list[str] = []
    sheet = []
    for number, row in enumerate([header, *rows], start=1):
        cells = []
        for letter, value in zip("ABCDEFGHIJKLM", row, strict=False):
            place = f'r="{letter}{number}" s="6"'
            if value is None:
                cells.append(f"<c {place}/>")
            elif isinstance(value, int):
                cells.append(f"<c {place}><v>{value}</v></c>")
            else:
                cells.append(f'<c {place} t="s"><v>{len(strings)}</v></c>')
                strings.append(value)
        sheet.append(f'<row r="{number}">{"".join(cells)}<c r="N{number}" s="5"/></row>')
    items = "".join(f"<si><t>{escape(s)}</t></si>" for s in strings)
    declared = '\ufeff<?xml version="1.0" encoding="utf-8"?>'
    data = f"<sheetData>{''.join(sheet)}</sheetData>"
    return packed(
        {
            SHEET: f"{declared}<worksheet {MAIN}>{data}</worksheet>",
            STRINGS: f"{declared}<sst {MAIN}>{items}</sst>",
        }
    )


def packed(files: dict[str, str | bytes]) -> bytes:
    """Return a zip of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def parse(folder: Path, *books: bytes, others: dict[str, bytes] | None = None) -> pd.DataFrame:
    """Parse a zip of the workbooks."""
    files = {f"{FOLDER}myfile{n}.xlsx": book for n, book in enumerate(books, start=1)}
    (folder / REAL).write_bytes(packed({**files, **(others or {})}))
    return schemas.validate(parse_zip(folder / REAL), schemas.table(TABLE))


def both(*rows: Row) -> tuple[bytes, bytes]:
    """Return the rows in two workbooks, as the upstream gives each treaty."""
    return workbook(*rows), workbook(*rows)


def test_a_treaty_of_two_workbooks_is_one(tmp_path: Path) -> None:
    assert len(parse(tmp_path, *both(treaty()))) == 1


def test_parties_are_separated_by_semicolons_and_stand_by_alphabet(tmp_path: Path) -> None:
    turned = treaty(parties="Oman; Iran, Islamic Republic of;")
    frame = parse(tmp_path, workbook(treaty()), workbook(turned))
    assert frame[["party_1", "party_2"]].to_numpy().tolist() == [
        ["Iran, Islamic Republic of", "Oman"]
    ]


def test_dates_are_excel_serials_and_blanks_are_missing(tmp_path: Path) -> None:
    # Day 1 is 1 January 1900 and 1900 counts as a leap year: 36526 is 1 January 2000.
    frame = parse(tmp_path, *both(treaty(signed=36526, in_force=36557)))
    assert frame.loc[0, "signed_date"] == pd.Timestamp("2000-01-01")
    assert frame.loc[0, "in_force_date"] == pd.Timestamp("2000-02-01")
    assert frame[["terminated_date", "termination_type"]].isna().all(axis=None)


def test_signed_is_not_in_force(tmp_path: Path) -> None:
    frame = parse(tmp_path, *both(treaty(status="Signed", in_force=None)))
    assert frame.loc[0, "status"] == "Signed"
    assert frame["in_force_date"].isna().all()


def test_one_title_may_serve_two_treaties(tmp_path: Path) -> None:
    title = "Belgium/Luxembourg - Tajikistan BIT (1989)"
    rows = [treaty(title, f"{state}; Tajikistan;") for state in ("Belgium", "Luxembourg")]
    assert len(parse(tmp_path, *both(*rows))) == 2


def test_empty_workbooks_and_other_files_are_passed_over(tmp_path: Path) -> None:
    frame = parse(
        tmp_path, *both(treaty()), workbook(), others={f"{FOLDER}BIT-origin.dta": b"<stata_dta>"}
    )
    assert len(frame) == 1


def test_the_shadows_that_a_mac_packs_are_passed_over(tmp_path: Path) -> None:
    shadow = {f"__MACOSX/{FOLDER}._myfile1.xlsx": b"\0\5\x16\7"}
    assert len(parse(tmp_path, *both(treaty()), others=shadow)) == 1


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    turned = workbook(tuple(reversed(treaty())), header=tuple(reversed(HEADER)))
    assert len(parse(tmp_path, turned, workbook(treaty()))) == 1


@pytest.mark.parametrize(
    ("books", "row", "message"),
    [
        (
            (workbook(treaty()), workbook(treaty(in_force=38058))),
            2,
            "a second time",
        ),
        ((workbook(treaty()), workbook()), None, "expected each treaty in the workbooks of both"),
        (both(treaty(), treaty(parties="Iran; Oman; Qatar;")), 3, "expected two parties"),
        (both(treaty(parties="Oman;")), 2, "expected two parties"),
        (both(treaty(signed="11/12/2001")), 2, "expected an Excel date"),
        (both(treaty(signed=2001)), 2, "expected an Excel date"),
        (both(), None, "found workbooks without a treaty"),
        ((workbook(header=HEADER[:9]),), None, r"expected also the columns \['Date of term"),
        ((b"PK not a workbook",), None, "expected a whole workbook"),
        ((packed({SHEET: "<worksheet/>"}),), None, "expected a whole workbook"),
        ((packed({SHEET: "<a", STRINGS: "<a"}),), None, "expected a whole workbook"),
        ((packed({STRINGS: '<!DOCTYPE a [<!ENTITY b "c">]><sst/>'}),), None, "a DOCTYPE"),
    ],
)
def test_what_is_wrong_in_a_workbook_is_named(
    books: tuple[bytes, ...], row: int | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message) as error:
        parse(tmp_path, *books)
    assert error.value.row == row
    assert REAL in error.value.file


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a whole zip of workbooks"),
        (b"<!DOCTYPE html><html>Just a moment...</html>", "a whole zip of workbooks"),
        (packed({"a/b.xlsx": workbook(treaty())})[:-40], "a whole zip of workbooks"),
        (packed({"../myfile1.xlsx": workbook(treaty())}), "names inside the zip"),
        (packed({"/myfile1.xlsx": workbook(treaty())}), "names inside the zip"),
        (packed({"readme.txt": b"nothing"}), "workbooks"),
    ],
)
def test_what_is_no_zip_of_workbooks_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / REAL
    path.write_bytes(data)
    with pytest.raises(SourceError, match=f"expected .*{message}"):
        parse_zip(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        parse_zip(tmp_path / REAL)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"status": "Planned"}, "status"), ({"kind": "Model agreements"}, "type")],
)
def test_a_new_code_is_refused(change: dict[str, str], field: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=field):
        parse(tmp_path, *both(treaty(**change)))  # type: ignore[arg-type]


def test_an_unknown_party_is_named(tmp_path: Path) -> None:
    frame = parse(tmp_path, *both(treaty(parties="Atlantis; Oman;")))
    with pytest.raises(SourceError, match=r"map to no state: 'Atlantis' \(row 1\)"):
        map_names("investment_treaties", REAL, frame["party_1"], load_map(NAMES))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    """Return the real treaties."""
    return schemas.validate(parse_zip(shared_data / "treaties" / REAL), schemas.table(TABLE))


@pytest.mark.realdata
def test_the_real_zip_is_whole(real: pd.DataFrame, shared_data: Path) -> None:
    """Compare with another reader of workbooks on every tenth file."""
    seen = set()
    with zipfile.ZipFile(shared_data / "treaties" / REAL) as archive:
        books = sorted(n for n in archive.namelist() if n.endswith(".xlsx"))
        for name in books[::10]:
            sheet = pd.read_excel(io.BytesIO(archive.read(name)), dtype=str, keep_default_na=False)
            seen |= set(zip(sheet["Short title"], sheet["Date of signature"], strict=True))
    mine = zip(real["short_title"], real["signed_date"].dt.strftime("%Y-%m-%d"), strict=True)
    assert len(books) == 237
    assert len(seen) > 500
    assert {(t, d.removesuffix(" 00:00:00")) for t, d in seen if d} <= set(mine)
    assert len(real) == 3303
    assert real["status"].value_counts().to_dict() == {
        "In force": 2337,
        "Signed": 632,
        "Terminated": 333,
        "In negotiation": 1,
    }


@pytest.mark.realdata
def test_dates_are_in_order_and_agree_with_the_status(real: pd.DataFrame) -> None:
    assert not (real["in_force_date"] < real["signed_date"]).any()
    assert not (real["terminated_date"] < real["in_force_date"]).any()
    assert real.loc[real["status"] == "In force", "in_force_date"].notna().all()
    assert ((real["status"] == "Terminated") == real["terminated_date"].notna()).all()


@pytest.mark.realdata
def test_every_party_maps_and_every_map_row_is_used(real: pd.DataFrame) -> None:
    parties = pd.concat([real["party_1"], real["party_2"]], ignore_index=True)
    signed = pd.concat([real["signed_date"]] * 2, ignore_index=True).fillna(
        pd.Timestamp("2020-01-01")
    )
    mapped = map_names("investment_treaties", REAL, parties, load_map(NAMES), signed, complete=True)
    assert parties[mapped["iso3"] == ""].unique().tolist() == [
        "BLEU (Belgium-Luxembourg Economic Union)"
    ]
    assert mapped.loc[parties == "Yugoslavia (former)", "iso3"].tolist() == ["SRB"]
