"""A build of a part of the tables: the index alone, or what its goal was once set for.

Belongs here: only what `starter_build --part` starts, in a process of its own. The raw and core
tables are all there in either part.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import TYPE_CHECKING, Any

import pipelines  # noqa: F401 (first: it settles what NumPy reads of the surroundings)
from indices import assemble
from indices.draws import Draws
from pipelines import cli, definitions
from pipelines.assets import publish
from pipelines.assets.crises import CRISES
from pipelines.assets.factory import STEPS, table_assets
from pipelines.assets.known_groups import KNOWN_GROUPS
from pipelines.assets.outputs import OUTPUTS
from pipelines.assets.rivals import BESIDE
from pipelines.core import scope
from schemas import REGISTRY
from warehouse import publish as warehouse_file
from warehouse.views import VIEWS

if TYPE_CHECKING:
    import pandas as pd

# Need the finished index: tests of validity, crises, events, rivals, breadth, Hormuz, arms.
NEED_THE_INDEX = [*KNOWN_GROUPS, *CRISES, *BESIDE]
FIRST = (
    "out_indicators__yearly_dyads",
    "out_pillars__yearly_dyads",
    "out_depth__yearly_dyads",
    "out_ranks__yearly_dyads",
    "out_gap__yearly",
)
DRAWS = 200  # as many as the first builds made


@wraps(STEPS[FIRST[0]].function)  # which lends its parameters
def first_tables(**given: Any) -> Iterator[pd.DataFrame]:
    """Make the tables in `FIRST` from what the whole step is given."""
    definition = given["definition"]
    core = {name: frame for name, frame in given.items() if name.startswith(("core_", "raw_"))}
    axes, exists = scope.axes_of(core["core_geo__state_years"])
    index = assemble.compute(core, axes, exists, definition)
    draws = Draws(definition, DRAWS)
    with ThreadPoolExecutor(1) as beside:
        errors = beside.submit(assemble.evidence, core, axes, index.data, definition)
        drawn = beside.submit(
            lambda: assemble.depth_tables(index, errors.result(), definition, draws)
        )
        yield assemble.indicator_table(index, definition)
        yield assemble.pillar_table(index)
        gaps = assemble.gap_tables(index, errors.result(), definition, draws)
        yield from drawn.result()
    yield gaps


def leave_out(assets: list[Any], but: tuple[str, ...] = ()) -> None:
    """Take assets out of the job, and their tables, and the views of these, out of the file."""
    gone = {key.to_user_string() for asset in assets for key in asset.keys} - set(but)
    for asset in assets:
        definitions.ASSETS.remove(asset)
    for name in gone:
        del REGISTRY[name]
    kept = tuple(v for v in VIEWS if not any(name in v.query for name in gone))
    warehouse_file.VIEWS = publish.VIEWS = kept


def main() -> None:
    """Build a part, named by the first argument, with the other arguments of `alliance-depth`."""
    if sys.argv.pop(1) == "index":
        leave_out(NEED_THE_INDEX)
    else:
        leave_out([*NEED_THE_INDEX, *OUTPUTS], but=FIRST)
        definitions.ASSETS.append(table_assets(*FIRST)(first_tables))
    cli.main()


if __name__ == "__main__":
    main()
