"""The one error of this engine: data or a definition from which no honest number can be made."""

from __future__ import annotations


class CompositeError(ValueError):
    """What was found and where, what was expected, and what to do."""
