"""What the UN Digital Library answers: the listings of two records, and their newest exports.

The exports have the columns and the spelling of the files of February 2026: totals of the Assembly
with a decimal, those of the Council without; a member that did not vote is X; a resolution of the
Council adopted without a vote has totals of zero.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from upstreams import Reply

COLUMN = (b"ms_vote", b"vote")
PIECE = 1
GA, SC = "2026_02_06_ga_voting", "2026_02_06_sc_voting"
GA_COLUMNS = (
    "undl_id,ms_code,ms_name,ms_vote,date,session,resolution,draft,committee_report,meeting,title,"
    "agenda_title,subjects,vote_note,total_yes,total_no,total_abstentions,total_non_voting,total_ms,"
    "undl_link"
)
SC_COLUMNS = (
    "undl_id,ms_code,ms_name,permanent_member,ms_vote,date,resolution,draft,meeting,description,"
    "agenda,subjects,vote_note,total_yes,total_no,total_abstentions,total_non_voting,total_ms,"
    "modality,undl_link"
)
STATES = {
    "ARE": "UNITED ARAB EMIRATES",
    "BHR": "BAHRAIN",
    "CHN": "CHINA",
    "FRA": "FRANCE",
    "GBR": "UNITED KINGDOM",
    "IRN": "IRAN (ISLAMIC REPUBLIC OF)",
    "ISR": "ISRAEL",
    "KWT": "KUWAIT",
    "OMN": "OMAN",
    "QAT": "QATAR",
    "RUS": "RUSSIAN FEDERATION",
    "SAU": "SAUDI ARABIA",
    "TUR": "TÜRKİYE",
    "USA": "UNITED STATES",
}
PERMANENT = ("CHN", "FRA", "GBR", "RUS", "USA")
COUNCIL = (*PERMANENT, "ARE", "KWT")
SESSIONS = range(70, 81)
# What three resolutions of each session are met with; all others vote yes.
AGAINST = ({"USA": "N", "ISR": "N", "GBR": "A", "FRA": "A"}, {"IRN": "N", "RUS": "N", "CHN": "A"},
           {"USA": "N", "IRN": "A", "TUR": "X", "CHN": "A", "RUS": "A"})  # fmt: skip


def _table(columns: str, rows: Iterable[Mapping[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns.split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _totals(votes: Mapping[str, str], form: Callable[[int], object]) -> dict[str, object]:
    cast = list(votes.values())
    numbers = [cast.count(v) for v in "YNAX"] + [len(cast)]
    names = ("total_yes", "total_no", "total_abstentions", "total_non_voting", "total_ms")
    return dict(zip(names, map(form, numbers), strict=True))


def assembly() -> bytes:
    """The General Assembly's export, of 14 members: three votes in each of eleven sessions."""
    rows: list[dict[str, object]] = []
    for session in SESSIONS:
        for k, against in enumerate(AGAINST):
            votes = {code: against.get(code, "Y") for code in STATES}
            record = 3_800_000 + session * 100 + k
            call = {
                "undl_id": record,
                "date": f"{session + 1945}-12-{5 + k:02}",
                "session": session,
                "resolution": f"A/RES/{session}/{20 + k}",
                "draft": f"A/{session}/L.{30 + k}",
                "meeting": f"A/{session}/PV.{50 + k}",
                "title": f"Question {k} : resolution / adopted by the General Assembly",
                "agenda_title": f'A/{session}/251 {30 + k} "Item", with\na second line',
                "undl_link": f"https://digitallibrary.un.org/record/{record}",
                **_totals(votes, float),
            }
            rows += [
                {**call, "ms_code": code, "ms_name": STATES[code], "ms_vote": vote}
                for code, vote in votes.items()
            ]
    return _table(GA_COLUMNS, rows)


def council() -> bytes:
    """The Security Council's export: a vote in each of eleven years, the last without one."""
    rows: list[dict[str, object]] = []
    for session in SESSIONS:
        year = session + 1945
        votes = {code: "A" if code in ("CHN", "RUS") else "Y" for code in COUNCIL}
        record = 3_900_000 + year
        call: dict[str, object] = {
            "undl_id": record,
            "date": f"{year}-03-{session - 60:02}",
            "resolution": f"S/RES/{2200 + session}({year})",
            "meeting": f"S/PV.{7300 + session}",
            "description": f"Security Council resolution {2200 + session} ({year}) [on a question]",
            "agenda": "THE SITUATION IN THE MIDDLE EAST",
            "modality": "Vote",
            "undl_link": f"https://digitallibrary.un.org/record/{record}",
            **_totals(votes, int),
        }
        if session == SESSIONS[-1]:
            votes = dict.fromkeys(COUNCIL, "Y")
            none = dict.fromkeys(
                ("total_yes", "total_no", "total_abstentions", "total_non_voting"), 0
            )
            call |= {**none, "modality": "Without Vote", "vote_note": "Adopted without vote"}
        rows += [
            {**call, "ms_code": code, "ms_name": STATES[code], "ms_vote": vote,
             "permanent_member": code in PERMANENT}
            for code, vote in votes.items()
        ]  # fmt: skip
    return _table(SC_COLUMNS, rows)


def listing(record: str, names: Sequence[str]) -> bytes:
    """A record's files, as the library lists them."""
    return json.dumps(
        [
            {
                "name": name.rsplit(".", 1)[0],
                "format": "." + name.rsplit(".", 1)[1],
                "description": "",
                "modified": "2026-02-06 15:20:11",
                "size": 1000,
                "url": f"https://digitallibrary.un.org/record/{record}/files/{name}",
            }
            for name in names
        ]
    ).encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """All answers of a fetch."""
    ga = [f"{GA}.csv", f"{GA}_md.md", "2025_9_19_ga_voting.csv", "2025_10_2_ga_voting.csv"]
    sc = ["2025_12_09_sc_voting.csv", f"{SC}.csv", "2025_7_21_sc_voting.csv"]
    api = "/api/v1/file"
    return [
        Reply(api, listing("4060887", ga), "application/json", query={"recid": "4060887"}),
        Reply(f"/record/4060887/files/{GA}.csv", edit(assembly()), "text/csv"),
        Reply(api, listing("4055387", sc), "application/json", query={"recid": "4055387"}),
        Reply(f"/record/4055387/files/{SC}.csv", edit(council()), "text/csv"),
    ]
