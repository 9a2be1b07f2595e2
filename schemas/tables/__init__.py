"""Every table of the warehouse, one module per layer or group of sources.

A table is added by writing a `Table` in one of these modules; nothing else needs to be told of it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from schemas.model import Table


def _collect() -> dict[str, Table]:
    found: dict[str, Table] = {}
    for info in sorted(iter_modules(__path__), key=lambda m: m.name):
        module = import_module(f"{__name__}.{info.name}")
        for table in module.TABLES:
            if table.name in found:
                raise ValueError(f"table {table.name} is defined twice in schemas/tables")
            found[table.name] = table
    return found


REGISTRY: dict[str, Table] = _collect()
