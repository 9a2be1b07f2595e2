"""A build of the index without the tables that test it or stand beside it.

Belongs here: only what `starter_build --index-alone` starts: the same steps but those that need the
finished index (tests of validity, crises, events, rivals, breadth, Hormuz, undelivered arms), in
a process of its own. Their raw tables stay.
"""

from __future__ import annotations

import sys

from pipelines import cli, definitions
from pipelines.assets.crises import CRISES
from pipelines.assets.known_groups import KNOWN_GROUPS
from pipelines.assets.rivals import BESIDE
from schemas import REGISTRY

LEFT_OUT = [*KNOWN_GROUPS, *CRISES, *BESIDE]


def main() -> None:
    """Build, with the arguments of `alliance-depth`."""
    for asset in LEFT_OUT:
        definitions.ASSETS.remove(asset)
        for key in asset.keys:
            del REGISTRY[key.to_user_string()]
    cli.main()


if __name__ == "__main__":
    sys.exit(main())
