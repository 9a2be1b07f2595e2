"""Write the generated documents: the data dictionary from the registry and the views.

Run as ``python docs/generate.py``; a test fails while a document is behind its source.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from schemas import CAVEATS
from schemas.generate import data_dictionary
from warehouse.publish import published_tables
from warehouse.views import VIEWS

TARGET = Path(__file__).with_name("DATA_DICTIONARY.md")


def dictionary() -> str:
    """Return the data dictionary: tables, then views."""
    lines = [data_dictionary(published_tables(), dict(CAVEATS)), "# Views", ""]
    for view in VIEWS:
        lines += [f"## {view.name}", "", view.description, "", "| column | meaning |", "|---|---|"]
        lines += [f"| {column} | {meaning} |" for column, meaning in view.columns.items()] + [""]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(dictionary())
