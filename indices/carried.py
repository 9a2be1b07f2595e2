"""What the method carries past the last year of a source that is closed.

Belongs here: those years, and the clubs whose accessions are followed after them. Does not belong
here: how long a gap in a series is bridged (`definition.toml`).
"""

from __future__ import annotations

# After its last coded year a treaty stays in force until a sourced end.
ATOP_LAST_YEAR = 2018
IGO_LAST_YEAR = 2014
# Clubs that are intergovernmental organisations founded or joined after the last year of the IGO
# data, and the code under which that data knows them, if it does.
IGO_CODES = {
    "sco": "sco",
    "eaeu": "eaeu",
    "aiib": "aiib",
    "opec": "opec",
    "csto": "csto",
    "gcc": "gcc",
    "arab_league": "lnl",
    "asean": "asean",
    "eu": "eu",
    "gecf": "gecf",
    "au": "au",
    "oic": "oic",
}
