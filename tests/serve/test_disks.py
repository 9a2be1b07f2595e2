"""A disk that is full, and one that may not be written: a small file system of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reading import seen


@pytest.fixture
def mounted(world: Any) -> Iterator[Callable[[str], None]]:
    """The warehouse's folder as a small file system; called with an option, mounts it anew."""
    here = world.location.link.parent
    here.mkdir()

    def mount(option: str) -> None:
        words = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(here)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("mounting is not allowed here")

    mount("size=16m")
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(here)], check=True)


def fill(folder: Path) -> Path:
    """Leave not a byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as sink:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while sink.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return ballast


@pytest.mark.usefixtures("mounted")
def test_a_full_disk_leaves_the_old_and_the_next_completes(world: Any) -> None:
    assert world.tick().outcome == "published"
    world.says(2)
    ballast = fill(world.location.link.parent)
    done = world.tick()
    assert (done.outcome, "No space left" in done.message) == ("failed", True)
    assert any("writing the summary down" in r for r in done.remarks)
    assert seen(world.location.link) == 1
    ballast.unlink()
    done = world.tick()
    assert (done.outcome, done.remarks) == ("published", [])
    assert seen(world.location.link) == 2


def test_a_folder_that_may_not_be_written_leaves_the_old_and_says_so(
    world: Any, mounted: Callable[[str], None]
) -> None:
    assert world.tick().outcome == "published"
    world.says(2)
    mounted("remount,ro")
    done = world.tick()
    assert (done.outcome, "Read-only" in done.message) == ("failed", True)
    assert seen(world.location.link) == 1
    mounted("remount,rw")
    assert world.tick().outcome == "published"
    assert seen(world.location.link) == 2
