"""How an asset of this project is made: its tables, their descriptions and their blocking checks.

Belongs here: the decorator that gives every table asset its name, group, description and pandera
check from the registry, and the Parquet files between assets. Does not belong here: what any table
holds.
"""

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import PrivateAttr

from indices.definition import load_definition
from schemas import Table, conform, table, validate
from schemas.frames import SchemaError
from warehouse.publish import BuildFile, Location, begin, publish
from warehouse.tables import read, save

GROUPS = {"raw": "raw", "core": "core", "out": "indices", "meta": "publish"}
CHECK = "schema"
TABLES = "tables"
# Resources an asset function may ask for by name; its other parameters are tables, or the
# definition of the index.
RESOURCES = (TABLES, "settings")
DEFINITION = "definition"


# Told the name of each table as it is done: Dagster hands its events over only at the end of a run.
LISTENERS: list[Callable[[str], None]] = []


@dataclass(frozen=True)
class Step:
    """What an asset is made of, for those who run it without Dagster.

    Parameters
    ----------
    names : tuple of str
        Tables it makes, in order.
    parameters : tuple of str
        What its function takes: tables, `RESOURCES` or `DEFINITION`.
    function : callable
    """

    names: tuple[str, ...]
    parameters: tuple[str, ...]
    function: Callable[..., Any]


# Every step of this project by the first table it makes.
STEPS: dict[str, Step] = {}


class ParquetTables(dg.ConfigurableResource):
    """The tables of a run, one Parquet file each.

    Not an IO manager: with one, Dagster writes four events for every input of every asset, which
    take longer than most of the assets.

    Parameters
    ----------
    link : str
        The warehouse; the files lie beside it.
    behind : bool
        Whether all steps share this process. Then a table is written, and loaded into the next
        build of the warehouse, while the steps after it compute; otherwise it is written at once,
        and all are loaded at the end.
    """

    link: str
    behind: bool = False
    # What this process made: handed on as it is, instead of being read back from its own file.
    _made: dict[str, pd.DataFrame] = PrivateAttr(default_factory=dict)
    _writer: ThreadPoolExecutor | None = PrivateAttr(default=None)
    _writing: list[Future[None]] = PrivateAttr(default_factory=list)
    _begun: BuildFile | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Start the file of the next build and the thread that fills it."""
        if self.behind:
            self._begun = begin(self.location)
            self._writer = ThreadPoolExecutor(1)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Drop what a failed run leaves; after a good one nothing is left."""
        if self._writer:
            self._writer.shutdown(cancel_futures=True)
        if self._begun:
            self._begun.discard()

    @property
    def location(self) -> Location:
        """Where the warehouse lives."""
        return Location(Path(self.link))

    def path(self, name: str) -> Path:
        """File of a table."""
        return self.location.tables / f"{name}.parquet"

    def put(self, made: pd.DataFrame, definition: Table) -> int:
        """Conform, validate and write a table; return its number of rows."""
        frame = validate(conform(made, definition), definition)
        if self._writer:
            self._writing.append(self._writer.submit(self._write, frame, definition))
        else:
            self._write(frame, definition)
        self._made[definition.name] = frame
        for tell in LISTENERS:
            tell(definition.name)
        return len(frame)

    def _write(self, frame: pd.DataFrame, definition: Table) -> None:
        save(frame, definition, self.path(definition.name))
        if self._begun and definition.in_warehouse:
            self._begun.load(definition, self.location.tables)

    def written(self) -> Path:
        """Wait until every table put so far is in its file; return their folder."""
        for done in self._writing:
            done.result()
        return self.location.tables

    def publish(self, keep: int) -> Path:
        """Publish the warehouse that these tables make; return its file."""
        folder = self.written()
        begun, self._begun = self._begun, None
        build_id = pd.Timestamp.now("UTC").strftime("%Y%m%dT%H%M%S%fZ")
        return publish(folder, build_id, self.location, keep, begun)

    def get(self, name: str) -> pd.DataFrame:
        """Return a table made earlier, in this run or another."""
        if name in self._made:
            return self._made[name]
        path = self.path(name)
        if not path.is_file():
            raise dg.Failure(
                f"{name} is not in {path.parent}; make it first: run the whole job, or include "
                f"{name} in the selection"
            )
        return read(path, table(name))


def checked(made: pd.DataFrame, definition: Table, tables: ParquetTables) -> dg.AssetCheckResult:
    """Conform, validate and write a table; report what was expected and what was found."""
    metadata: dict[str, Any] = {
        "expected": {"key": ", ".join(definition.key), "columns": len(definition.fields)}
    }
    try:
        metadata["rows"] = tables.put(made, definition)
    except SchemaError as error:
        metadata["found"] = str(error)
    return dg.AssetCheckResult(
        passed="rows" in metadata,
        asset_key=definition.name,
        check_name=CHECK,
        metadata=metadata,
    )


def table_assets(*names: str, step: str = "") -> Callable[[Callable[..., Any]], Any]:
    """Make assets of a function that returns one table, or several one after the other.

    The function's parameters are the names of the tables it needs, of `RESOURCES`, or `DEFINITION`.
    Each table is validated against the registry before anything downstream may start: one that
    breaks its schema stops the run and is named, together with every other fault of the same step.

    Parameters
    ----------
    *names : str
        Tables of the registry the function returns, in order.
    step : str
        Name of the step; by default that of the table, or of the function where there are several.
    """
    definitions = [table(n) for n in names]

    def make(fn: Callable[..., Any]) -> dg.AssetsDefinition:
        parameters = tuple(inspect.signature(fn).parameters)
        inputs = [p for p in parameters if p not in (*RESOURCES, DEFINITION)]
        STEPS[names[0]] = Step(names, parameters, fn)

        @dg.multi_asset(
            name=step or (fn.__name__ if len(names) > 1 else names[0]),
            specs=[
                dg.AssetSpec(
                    d.name,
                    deps=inputs,
                    description=d.description,
                    group_name=GROUPS[d.layer],
                    metadata={"key": ", ".join(d.key), "sources": ", ".join(d.sources)},
                    kinds={"parquet", "pandas"},
                )
                for d in definitions
            ],
            check_specs=[
                dg.AssetCheckSpec(
                    CHECK,
                    asset=d.name,
                    blocking=True,
                    description="Columns, types, bounds, codes and key as the registry has them.",
                )
                for d in definitions
            ],
            required_resource_keys={TABLES, *(p for p in parameters if p in RESOURCES)},
        )
        def compute(context: dg.AssetExecutionContext) -> Iterator[Any]:
            tables = getattr(context.resources, TABLES)
            given = {p: tables.get(p) for p in inputs}
            given |= {p: getattr(context.resources, p) for p in parameters if p in RESOURCES}
            if DEFINITION in parameters:
                given[DEFINITION] = load_definition()
            made = fn(**given)
            faults = []
            results = [made] if isinstance(made, pd.DataFrame) else made
            for definition, frame in zip(definitions, results, strict=True):
                check = checked(frame, definition, tables)
                if check.passed:
                    yield dg.MaterializeResult(
                        asset_key=definition.name,
                        metadata={"rows": len(frame)},
                        check_results=[check],
                    )
                else:
                    yield check
                    faults.append(check.metadata["found"].value)
            if faults:
                raise dg.Failure("\n".join(faults))

        return compute

    return make
