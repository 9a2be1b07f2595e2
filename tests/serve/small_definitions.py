"""What the daemon of a test loads: all that `serve` loads, with a build of few tables."""

from small_world import build, few_tables

from pipelines import schedules
from pipelines.tick import tick

_FEW = few_tables()
_FEW.__enter__()
schedules.tick = lambda *given: tick(*given, build)

from pipelines.live_definitions import defs  # noqa: E402, F401
