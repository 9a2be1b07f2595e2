"""Building in a process of its own, and looking at what a build left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from warehouse.answers import connect

ROOT = Path(__file__).resolve().parents[2]
# One time for all builds, and two quite different surroundings. The second has an older processor,
# as far as NumPy and its matrix products can tell.
HERE = {
    "SOURCE_DATE_EPOCH": "1700000000",
    "PYTHONHASHSEED": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
}
ELSEWHERE = {
    "SOURCE_DATE_EPOCH": HERE["SOURCE_DATE_EPOCH"],
    "PYTHONHASHSEED": "4242",
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "de_DE.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
}


@dataclass(frozen=True)
class Built:
    """A finished build."""

    link: Path

    @property
    def tables(self) -> Path:
        """Folder of its Parquet tables."""
        return self.link.parent / "run" / "tables"


def start(
    *words: str | Path, cwd: Path = ROOT, env: dict[str, str] = HERE
) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def build_aside(there: Connection, link: Path) -> None:
    """Build the starter to a link as the command does, in a process that somebody else started."""
    from pipelines import cli

    sys.argv = ["alliance-depth", "build", "--warehouse", str(link)]
    there.send("begun")
    cli.main()


def build(link: Path, cwd: Path = ROOT, env: dict[str, str] = HERE) -> Built:
    """Build the starter to a link, in a process of its own."""
    with start("build", "--warehouse", link, cwd=cwd, env=env) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return Built(link)


def share(built: Built, folder: Path) -> Path:
    """Give a test an installation of its own, on the same build; return its link."""
    (folder / "builds").mkdir()
    target = built.link.resolve()
    os.link(target, folder / "builds" / target.name)
    link = folder / built.link.name
    link.symlink_to(f"builds/{target.name}")
    return link


def assert_whole(link: Path) -> Path:
    """Read every table and view of the build behind a link; return the build."""
    with connect(link) as con:
        rows = con.execute("SELECT table_name, rows FROM meta_tables").fetchall()
        assert len(rows) > 50
        for name, expected in rows:
            (found,) = con.execute(f'SELECT count(*) FROM "{name}"').fetchone() or (None,)
            assert found == expected or expected is None, name
    return link.resolve()


def assert_same_bytes(one: Built, other: Built) -> None:
    """Compare all tables of two builds."""
    names = sorted(p.name for p in one.tables.iterdir())
    assert names == sorted(p.name for p in other.tables.iterdir())
    assert len(names) > 50
    differ = [n for n in names if (one.tables / n).read_bytes() != (other.tables / n).read_bytes()]
    assert differ == []


def leftovers(link: Path) -> list[str]:
    """Files that are neither the link, a finished build, the lock, a table nor a drawn year."""
    known = {link, link.parent / "builds" / ".lock"}
    return sorted(
        str(p.relative_to(link.parent))
        for p in link.parent.rglob("*")
        if p not in known
        and not p.is_dir()
        and not (p.parent.name == "builds" and p.suffix == ".duckdb" and p.name[0] != ".")
        and not (p.parent.name == "tables" and p.suffix == ".parquet")
        and not (p.parent.name == "years" and p.suffix == ".npz")
    )
