"""How the scheduled refresh is run, as data: `operation.toml`, and the file that replaces parts.

Does not belong here: acting on any of it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULTS = Path(__file__).with_name("operation.toml")
OVERRIDES = "ALLIANCE_DEPTH_OPERATION"


class OperationError(ValueError):
    """The settings cannot be used; the message names the file, the key and what was expected."""


@dataclass(frozen=True)
class Group:
    """Sources that are refreshed together; the fields are explained in `operation.toml`."""

    name: str
    cron: str
    sources: tuple[str, ...]
    warn_days: int
    fail_days: int


@dataclass(frozen=True)
class Again:
    """When a source that failed is asked again."""

    hours: float
    most: int


@dataclass(frozen=True)
class Patience:
    """How long a refresh waits for another, and how often one that failed starts anew."""

    minutes: float
    tries: int
    pause_seconds: float


@dataclass(frozen=True)
class Notify:
    """Who is told."""

    command: tuple[str, ...]
    webhook: str
    seconds: float
    only_changes: bool


@dataclass(frozen=True)
class Keep:
    """How much stays on disk."""

    builds: int
    vintages: int
    vintage_days: int
    quarantine: int
    quarantine_days: int
    records: int
    record_days: int
    runs: int
    run_days: int
    log_mb: float
    logs: int


@dataclass(frozen=True)
class Operation:
    """All settings; the fields are explained in `operation.toml`."""

    groups: tuple[Group, ...]
    versions_cron: str
    again: Again
    patience: Patience
    cut_releases: bool
    notify: Notify
    keep: Keep


def operation() -> Operation:
    """Read the settings.

    Raises
    ------
    OperationError
        If the operator's file cannot be read, has a key that is unknown, or a value of another
        kind than the default.
    """
    found = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    given = os.environ.get(OVERRIDES)
    if given:
        try:
            own = tomllib.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OperationError(f"{given}: {error}; expected a file like {DEFAULTS}") from None
        found = _replaced(found, own, given)
    notify = found["notify"]
    return Operation(
        groups=tuple(
            Group(name, **{**values, "sources": tuple(values["sources"])})
            for name, values in found["groups"].items()
        ),
        versions_cron=found["versions"]["cron"],
        again=Again(**found["again"]),
        patience=Patience(**found["patience"]),
        cut_releases=found["release"]["cut"],
        notify=Notify(**{**notify, "command": tuple(notify["command"])}),
        keep=Keep(**found["keep"]),
    )


def _replaced(
    defaults: Mapping[str, Any], own: Mapping[str, Any], where: str, at: str = ""
) -> dict[str, Any]:
    """Defaults with the operator's values in their places."""
    result = dict(defaults)
    for key, value in own.items():
        name = f"{at}.{key}" if at else key
        if key not in defaults:
            raise OperationError(
                f"{where}: found the key {name}; expected one of {sorted(defaults)}"
            )
        default = defaults[key]
        if isinstance(default, dict) and isinstance(value, dict):
            result[key] = _replaced(default, value, where, name)
            continue
        number = isinstance(default, int | float) and not isinstance(default, bool)
        kind: Any = (int, float) if number else type(default)
        if not isinstance(value, kind) or (number and isinstance(value, bool)):
            raise OperationError(
                f"{where}: found {name} = {value!r}; expected a value like {default!r}"
            )
        result[key] = value
    return result
