"""The vocabulary of the registry: what a field and a table are.

Belongs here: the two dataclasses, the fixed lists of types, caveats and redistribution levels, and
the checks that a definition makes sense. Does not belong here: any particular table
(`schemas.tables`) or anything generated from one (`schemas.frames`, `schemas.generate`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

FieldType = Literal["string", "int", "float", "bool", "date"]
Redistribution = Literal["full", "aggregate", "none"]
Layer = Literal["raw", "core", "out", "meta"]

CAVEATS = MappingProxyType(
    {
        "estimated_upstream": "The source itself marks these figures as estimates.",
        "revised_upstream": "The source revises past figures between vintages.",
        "imputed": "Holds values this package filled in; a status or method column says which.",
        "carried": "Holds values carried past the source's last observed year; a column says so.",
        "successor_state": "A continuity rule joins a predecessor's figures to a successor state.",
        "compiled_by_hand": "Compiled from individually sourced rows, with a confidence for each.",
        "partial_coverage": "Covers only part of the states or years of the package.",
        "judgement": "Rests on a stated judgement, varied in the uncertainty analysis.",
        "non_commercial": "The source allows non-commercial use with attribution only.",
    }
)


@dataclass(frozen=True)
class Field:
    """One column, with everything that is known of it.

    Parameters
    ----------
    name : str
        Column name, snake case, the unit as a suffix where there is one.
    type : {'string', 'int', 'float', 'bool', 'date'}
        Logical type, from which the pandas, Arrow and DuckDB types follow.
    description : str
        What one value means, in a sentence.
    unit : str
        Unit of measurement; empty for a name, a code or a flag.
    nullable : bool
        Whether a value may be missing. Keys never are.
    minimum, maximum : float or None
        Inclusive bounds of a number.
    allowed : tuple of str
        The complete list of values of a coded string; empty where any value may stand.
    pattern : str
        A regular expression every value must match in full; empty for none.
    redistribution : {'full', 'aggregate', 'none'}
        What of this field may leave the machine in a release: its values, its values as sums that
        this package made of the source's rows (the field holds such sums), or nothing.
    """

    name: str
    type: FieldType
    description: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    redistribution: Redistribution = "full"


@dataclass(frozen=True)
class Table:
    """One table of the warehouse.

    Parameters
    ----------
    name : str
        ``layer_source__grain``, for instance ``core_un__votes``.
    description : str
        What one row is, in a sentence or two.
    key : tuple of str
        The fields that identify a row; also the order in which rows are stored.
    fields : tuple of Field
        Every column, in order.
    sources : tuple of str
        Names of the upstream sources (keys of ``meta_sources``) the table rests on.
    caveats : tuple of str
        Keys of `CAVEATS`.
    in_warehouse : bool
        False for a table that is parsed only to reconcile others with it and is not published.
    withheld_rows : str
        An SQL condition on the table's columns: rows that meet it do not leave in a release.
    """

    name: str
    description: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    sources: tuple[str, ...] = ()
    caveats: tuple[str, ...] = field(default=())
    in_warehouse: bool = True
    withheld_rows: str = ""

    def __post_init__(self) -> None:
        names = [f.name for f in self.fields]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a field is named twice: {names}")
        missing = [k for k in self.key if k not in names]
        if missing or not self.key:
            raise ValueError(f"{self.name}: key fields {missing or '(none given)'} are not fields")
        nullable = [f.name for f in self.fields if f.name in self.key and f.nullable]
        if nullable:
            raise ValueError(f"{self.name}: key fields {nullable} may not be nullable")
        unknown = [c for c in self.caveats if c not in CAVEATS]
        if unknown:
            raise ValueError(f"{self.name}: caveats {unknown} are not in schemas.model.CAVEATS")
        if self.layer not in ("raw", "core", "out", "meta"):
            raise ValueError(f"{self.name}: a table name starts with raw_, core_, out_ or meta_")

    @property
    def layer(self) -> str:
        """The layer the name starts with: raw, core, out or meta."""
        return self.name.split("_", 1)[0]

    @property
    def columns(self) -> list[str]:
        """Column names in order."""
        return [f.name for f in self.fields]

    @property
    def released(self) -> Table | None:
        """The table as a release holds it, without the fields that may not leave.

        None for raw tables, which are the sources' own, and where a key may not leave: rows that
        nothing tells apart are of no use.
        """
        kept = tuple(f for f in self.fields if f.redistribution != "none")
        if self.layer == "raw" or not self.in_warehouse:
            return None
        if not set(self.key) <= {f.name for f in kept}:
            return None
        return self if len(kept) == len(self.fields) else replace(self, fields=kept)

    def __getitem__(self, name: str) -> Field:
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(f"{self.name} has no field {name!r}; it has {self.columns}")
