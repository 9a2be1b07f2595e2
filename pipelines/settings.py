"""What one run is told from outside: where the figures come from, where the result goes.

Does not belong here: anything of the index itself, which is data (`indices/definition.toml`).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import dagster as dg
import pandas as pd

from warehouse.publish import LINK, Location

PROJECT = Path(__file__).resolve().parents[1]


class Settings(dg.ConfigurableResource):
    """Settings of a run.

    Parameters
    ----------
    link : str
        The link readers open; builds and working files lie beside it.
    starter : str
        Folder of the bundled figures.
    mode : str
        'starter' or 'live'.
    release : str
        Name of the build.
    keep : int
        Builds that stay.
    """

    link: str = str(LINK)
    starter: str = str(PROJECT / "warehouse" / "starter")
    mode: str = "starter"
    release: str = "local"
    keep: int = 3

    @property
    def location(self) -> Location:
        """Where the warehouse lives."""
        return Location(Path(self.link))


def code_version() -> str:
    """The commit this checkout stands on; empty outside a checkout."""
    return _git("rev-parse", "HEAD")


def built_at() -> pd.Timestamp:
    """SOURCE_DATE_EPOCH, or the time of the commit; 1970 outside a checkout.

    Never the time of day: the same commit gives the same bytes.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or "0"
    return pd.Timestamp(int(epoch), unit="s")


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(PROJECT), *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
