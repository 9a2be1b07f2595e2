"""How an asset of this project is made: one table, its description and its blocking check.

Belongs here: the decorator that gives every table asset its name, group, description and pandera
check from the registry, and the Parquet files between assets. Does not belong here: what any table
holds.
"""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import PrivateAttr

from schemas import Table, table
from schemas.frames import SchemaError
from warehouse.tables import read, write

GROUPS = {"raw": "raw", "core": "core", "out": "indices", "meta": "publish"}
CHECK = "schema"
FRAMES = "parquet_tables"


class ParquetTables(dg.ConfigurableIOManager):
    """Passes tables between assets as one Parquet file each.

    A table is conformed, validated and written by the asset that made it, before its check is
    reported; this only reads it back for those that need it.
    """

    folder: str
    # What this process made: handed on as it is, instead of being read back from its own file.
    _made: dict[str, pd.DataFrame] = PrivateAttr(default_factory=dict)

    def put(self, made: pd.DataFrame, definition: Table) -> int:
        """Conform, validate and write a table; return its number of rows."""
        frame = write(made, definition, self.path(definition.name))
        self._made[definition.name] = frame
        return len(frame)

    def path(self, name: str) -> Path:
        """File of a table."""
        return Path(self.folder) / f"{name}.parquet"

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Nothing: `_checked` wrote the file already."""

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read an upstream table."""
        name = context.asset_key.path[-1]
        if name in self._made:
            return self._made[name]
        path = self.path(name)
        if not path.is_file():
            raise dg.Failure(
                f"{name} is not in {self.folder}; make it first: run the whole job, or include "
                f"{name} in the selection"
            )
        return read(path, table(name))


def _checked(made: pd.DataFrame, definition: Table, tables: ParquetTables) -> dg.AssetCheckResult:
    """Conform, validate and write a table; report what was expected and what was found."""
    expected = {
        "key": ", ".join(definition.key),
        "columns": len(definition.fields),
    }
    try:
        rows = tables.put(made, definition)
    except SchemaError as error:
        return dg.AssetCheckResult(
            passed=False,
            asset_key=definition.name,
            check_name=CHECK,
            metadata={"expected": expected, "found": str(error)},
        )
    return dg.AssetCheckResult(
        passed=True,
        asset_key=definition.name,
        check_name=CHECK,
        metadata={"expected": expected, "rows": rows},
    )


def table_assets(*names: str) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Make an asset of a function that returns one table, or a tuple of several.

    The function's parameters are the names of the tables it needs; a parameter named ``context``
    or the name of a resource is given as such. Each table is validated against the registry before
    anything downstream may start: a table that breaks its schema stops the run and is named.

    Parameters
    ----------
    *names : str
        Tables of the registry the function returns, in order.
    """
    definitions = [table(n) for n in names]

    def make(fn: Callable[..., Any]) -> dg.AssetsDefinition:
        parameters = list(inspect.signature(fn).parameters)
        given = [p for p in parameters if p in RESOURCES]
        inputs = [p for p in parameters if p not in RESOURCES]

        @dg.multi_asset(
            name=fn.__name__ if len(names) > 1 else names[0],
            outs={
                d.name: dg.AssetOut(
                    description=d.description,
                    io_manager_key=FRAMES,
                    is_required=False,
                    group_name=GROUPS[d.layer],
                    metadata={"key": ", ".join(d.key), "sources": ", ".join(d.sources)},
                    kinds={"parquet", "pandas"},
                )
                for d in definitions
            },
            ins={p: dg.AssetIn(p) for p in inputs},
            check_specs=[
                dg.AssetCheckSpec(
                    CHECK,
                    asset=d.name,
                    blocking=True,
                    description="Columns, types, bounds, codes and key as the registry has them.",
                )
                for d in definitions
            ],
            required_resource_keys={FRAMES, *given},
        )
        def compute(context: dg.AssetExecutionContext, **frames: Any) -> Iterator[Any]:
            extra = {p: getattr(context.resources, p) for p in given}
            made = fn(**frames, **extra)
            results = made if isinstance(made, tuple) else (made,)
            tables = getattr(context.resources, FRAMES)
            faults = []
            for definition, frame in zip(definitions, results, strict=True):
                check = _checked(frame, definition, tables)
                if check.passed:
                    yield dg.Output(
                        None, output_name=definition.name, metadata={"rows": len(frame)}
                    )
                else:
                    faults.append(check.metadata["found"].value)
                yield check
            if faults:
                raise dg.Failure("\n".join(faults))

        return compute

    return make


# Resources an asset function may ask for by name.
RESOURCES = ("settings",)
