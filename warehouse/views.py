"""The views of the warehouse: one SQL file each in `sql/`, described by its leading comments.

A file starts with ``-- `` lines: the description of the view, then one ``-- @column: meaning``
for each of its columns. A view whose columns are not all described fails a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SQL = Path(__file__).with_name("sql")


@dataclass(frozen=True)
class View:
    """A view: its name, what one row is, what each column means, and its query."""

    name: str
    description: str
    columns: dict[str, str]
    query: str


def parse_view(name: str, text: str) -> View:
    """Read one SQL file."""
    head: list[str] = []
    columns: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        if body:
            body.append(line)
        elif line.startswith("-- @"):
            column, meaning = line[4:].split(":", 1)
            columns[column.strip()] = meaning.strip()
        elif line.startswith("--"):
            head.append(line[2:].strip())
        else:
            body.append(line)
    return View(name, " ".join(head), columns, "\n".join(body).strip().rstrip(";"))


VIEWS = tuple(parse_view(p.stem, p.read_text()) for p in sorted(SQL.glob("*.sql")))


def create_view_sql(view: View) -> list[str]:
    """Return the statements that create a view with its comments."""

    def literal(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    return [
        f'CREATE VIEW "{view.name}" AS {view.query}',
        f'COMMENT ON VIEW "{view.name}" IS {literal(view.description)}',
        *(
            f'COMMENT ON COLUMN "{view.name}"."{column}" IS {literal(meaning)}'
            for column, meaning in view.columns.items()
        ),
    ]
