"""Depth and gap made again from kept inputs, without Dagster's bookkeeping and without draws.

Belongs here: running the project's own steps with some sources, or the method, as they were in an
earlier release. Does not belong here: dividing the moves between two releases among their causes
(`indices.attribution`), or any arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from indices import assemble
from indices.definition import Definition, DefinitionError, parse_definition
from pipelines.assets.core import CORE
from pipelines.assets.factory import DEFINITION, STEPS
from pipelines.assets.outputs import OUTPUTS
from pipelines.core import scope
from pipelines.settings import Settings
from schemas import REGISTRY, conform
from warehouse.releases.diff import METHOD, changed_sources
from warehouse.releases.inputs import Input, load, of_release
from warehouse.releases.layout import ReleaseError

# The step that makes depth; what it needs are the core tables of the index.
_DEPTH_STEP = "out_indicators__yearly_dyads"
assert CORE, OUTPUTS  # importing the assets is what fills STEPS


@dataclass
class Recompute:
    """See `warehouse.releases.diff.Recompute`.

    Parameters
    ----------
    causes : sequence of str
        Sources with other tables, by name, then the method if it is another.
    inputs : pair of dict
        Inputs by table, before and after.
    definitions : pair of Definition
    kept : Path
        Folder of the inputs.
    mode : str
        'starter' or 'live': whether the panel or all states.
    """

    causes: Sequence[str]
    inputs: tuple[dict[str, Input], dict[str, Input]]
    definitions: tuple[Definition, Definition]
    kept: Path
    mode: str
    # Tables made so far by what they were made from: a source that has not changed is read once.
    _made: dict[tuple[str, ...], pd.DataFrame] = field(default_factory=dict)

    def __call__(self, chosen: frozenset[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Depth and gap with the chosen causes as they are after."""
        before, after = self.inputs
        inputs = {
            table: side[table]
            for table in sorted(before.keys() | after.keys())
            for side in [self._side(table, chosen)]
            if table in side
        }
        definition = self.definitions[METHOD in chosen]
        settings = Settings(mode=self.mode)
        keys: dict[str, tuple[str, ...]] = {}

        def table(name: str) -> pd.DataFrame:
            if name in inputs:
                keys[name] = (name, inputs[name].sha256)
                if keys[name] not in self._made:
                    self._made[keys[name]] = load(self.kept, inputs[name])
                return self._made[keys[name]]
            if name.startswith("raw_"):  # a source that neither release had
                keys[name] = (name, "")
                return conform(pd.DataFrame(columns=REGISTRY[name].columns), REGISTRY[name])
            step = STEPS[name]
            given: dict[str, Any] = {"settings": settings, DEFINITION: definition}
            given |= {p: table(p) for p in step.parameters if p not in given}
            asked = [k for p in step.parameters if p in keys for k in keys[p]]
            own = [definition.sha256] if DEFINITION in step.parameters else []
            keys[name] = (name, *own, *asked)
            if keys[name] not in self._made:
                made = step.function(**{p: given[p] for p in step.parameters})
                self._made[keys[name]] = conform(made, REGISTRY[name])
            return self._made[keys[name]]

        core = {p: table(p) for p in STEPS[_DEPTH_STEP].parameters if p.startswith("core_")}
        axes, exists = scope.axes_of(core["core_geo__state_years"])
        return assemble.points(core, axes, exists, definition)

    def _side(self, table: str, chosen: frozenset[str]) -> dict[str, Input]:
        source = next(side[table].source for side in self.inputs if table in side)
        return self.inputs[source in chosen or source not in self.causes]


def recompute_between(before: Path, after: Path, kept: Path, mode: str) -> Recompute:
    """What is needed to make the index again between two releases.

    Parameters
    ----------
    before, after : Path
        Release directories; `after` may be one in the making.
    kept : Path
        Folder of the inputs.
    mode : str
        Mode of the later release.

    Raises
    ------
    ReleaseError
        If inputs are not kept here, or a definition cannot be read by this version.
    """
    inputs = (of_release(before), of_release(after))
    sources = changed_sources(before, after)
    definitions = []
    for side in (before, after):
        try:
            definitions.append(parse_definition((side / "definition.toml").read_bytes()))
        except (OSError, DefinitionError) as error:
            raise ReleaseError(
                f"the method of {side.name} cannot be read by this version: {error}"
            ) from None
    for side in inputs:
        for wanted in side.values():
            if not (kept / f"{wanted.sha256}.parquet").is_file():
                load(kept, wanted)  # says what is missing
    causes = sources + ([METHOD] if definitions[0].sha256 != definitions[1].sha256 else [])
    return Recompute(causes, inputs, (definitions[0], definitions[1]), kept, mode)
