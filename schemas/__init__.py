"""The one registry of tables and fields; everything else about a table is generated from it.

`schemas.table(name)` gives a definition, `schemas.conform` brings a frame into its shape,
`schemas.validate` checks it. Imports no other room of the project.
"""

from schemas.frames import conform, validate
from schemas.model import CAVEATS, Field, Table
from schemas.tables import REGISTRY


def table(name: str) -> Table:
    """Return the definition of one table.

    Raises
    ------
    KeyError
        If the registry has no table of that name; the message lists near names.
    """
    if name not in REGISTRY:
        near = [t for t in REGISTRY if name.split("__")[0] in t] or sorted(REGISTRY)
        raise KeyError(f"no table {name!r} in the registry; near names: {near}")
    return REGISTRY[name]


__all__ = ["CAVEATS", "REGISTRY", "Field", "Table", "conform", "table", "validate"]
