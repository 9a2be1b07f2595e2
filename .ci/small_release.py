"""Release a small cut of the warehouse, for a validator that takes minutes over the whole."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from releasing import release  # noqa: E402
from small import cut  # noqa: E402

from warehouse.publish import LINK  # noqa: E402

if __name__ == "__main__":
    print(release(cut(LINK.resolve(), Path(sys.argv[1])), "2026.11.1"))
