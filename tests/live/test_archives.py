"""Zip files from outside: unpacked whole within the limits, or not at all."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.live.archives import member, unpacked, unzip
from pipelines.live.web import Address, address
from pipelines.sources.reading import SourceError

TABLE = b"a,b\n" + b"1,2\n" * 1000


def packed(**entries: bytes) -> bytes:
    """A zip with these files."""
    return zipped(list(entries.items()))


def zipped(entries: list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def small(**values: float) -> Address:
    return replace(address("atop"), **values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where files are unpacked; whatever is beside it got out."""
    return tmp_path / "into"


def write(folder: Path, data: bytes) -> Path:
    path = folder.parent / "a.zip"
    path.write_bytes(data)
    return path


def read_member(path: Path, pattern: str, where: Address) -> bytes:
    with member("atop", path, pattern, where) as stream:
        return stream.read()


def refused(folder: Path, data: bytes, *words: str, where: Address | None = None) -> None:
    """Both ways of opening refuse the zip, and no file of it is left anywhere."""
    path = write(folder, data)
    with pytest.raises(SourceError) as caught:
        unzip("atop", path, folder, where or small())
    assert [w for w in (*words, "atop", str(path)) if w not in str(caught.value)] == []
    with pytest.raises(SourceError) as caught:
        read_member(path, r".*\.csv", where or small())
    assert [w for w in words if w not in str(caught.value)] == []
    assert [p for p in folder.parent.rglob("*") if p.is_file()] == [path]


def test_files_come_out_as_they_went_in(folder: Path) -> None:
    data = zipped([("in/", b""), ("in/a.csv", TABLE), ("read me.txt", b"")])
    path = write(folder, data)
    assert unzip("atop", path, folder, small()) == [folder / "in/a.csv", folder / "read me.txt"]
    assert (folder / "in/a.csv").read_bytes() == TABLE
    with member("atop", path, r"A\.csv", small()) as stream:
        assert stream.readline() == b"a,b\n"
        assert stream.read() == TABLE[4:]


def test_a_member_must_be_the_only_one(folder: Path) -> None:
    path = write(folder, packed(**{"a.csv": TABLE, "b.csv": TABLE}))
    for pattern, found in ((r".*\.csv", "2 files"), ("c", "0 files")):
        with pytest.raises(SourceError, match=found):
            read_member(path, pattern, small())


@pytest.mark.parametrize(
    "name",
    ["../out.csv", "in/../../out.csv", "/etc/out.csv", "C:/out.csv", "..\\out.csv", "a\\b.csv"],
)
def test_an_entry_outside_its_folder_is_refused(name: str, folder: Path) -> None:
    info = zipfile.ZipInfo("x")
    info.filename = name
    refused(folder, zipped([("a.csv", TABLE), (info, b"evil")]), "points outside its folder")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(kind: int, folder: Path) -> None:
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = (kind | 0o777) << 16
    refused(folder, zipped([(info, b"/etc/passwd")]), "a link or device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a.csv", "A.csv", "./a.csv"])
def test_a_name_twice_is_refused(second: str, folder: Path) -> None:
    refused(folder, zipped([("a.csv", TABLE), (second, b"other")]), "twice")


def test_an_encrypted_entry_is_refused(folder: Path) -> None:
    data = bytearray(packed(**{"a.csv": TABLE}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    refused(folder, bytes(data), "encrypted", "by hand")


def test_a_zip_cut_short_is_refused_at_every_length(folder: Path) -> None:
    data = packed(**{"a.csv": TABLE, "b.txt": TABLE})
    for length in (1, 10, len(data) // 2, len(data) - 30, len(data) - 1):
        refused(folder, data[:length], "a whole zip file")


def test_damage_inside_is_found_and_the_files_before_it_do_not_stay(folder: Path) -> None:
    data = bytearray(packed(**{"a.txt": TABLE, "b.csv": bytes(range(256)) * 50}))
    at = data.index(b"b.csv") + 200
    data[at] ^= 0xFF
    refused(folder, bytes(data), "a whole zip file")


def test_what_is_no_zip_is_refused(folder: Path) -> None:
    refused(folder, b"<!DOCTYPE html>", "HTML page")
    refused(folder, b"a,b\n" * 100, "a whole zip file")


def test_a_bomb_is_stopped_before_it_is_unpacked(folder: Path) -> None:
    bomb = packed(**{"a.csv": b"0" * 20_000_000})
    assert len(bomb) < 30_000
    refused(folder, bomb, "a decompression bomb")
    refused(folder, bomb, "more than 1 MB once unpacked", where=small(max_unpacked_mb=1))


def test_many_files_count_together(folder: Path) -> None:
    noise = b"".join(i.to_bytes(3, "little") for i in range(200_000))
    files = {f"{k}.txt": noise for k in range(4)}
    path = write(folder, packed(**files))
    with pytest.raises(SourceError, match="more than 2 MB once unpacked"):
        unzip("atop", path, folder, small(max_unpacked_mb=2))
    assert [p for p in folder.rglob("*") if p.is_file()] == []
    assert len(unzip("atop", path, folder, small(max_unpacked_mb=3))) == 4


def test_the_size_in_the_header_is_not_believed(folder: Path) -> None:
    """The header claims 10 bytes for a file of 20 MB: neither is it unpacked, nor cut to 10."""
    bomb = bytearray(packed(**{"a.csv": b"0" * 20_000_000}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", bomb, bomb.index(signature) + at, 10)
    refused(folder, bytes(bomb), "a whole zip file")


def test_a_file_that_is_there_is_not_written_over(folder: Path) -> None:
    folder.mkdir()
    path = write(folder, packed(**{"a.csv": TABLE}))
    (folder / "a.csv").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        unzip("atop", path, folder, small())
    assert (folder / "a.csv").read_bytes() == b"mine"


def test_some_files_are_there_while_they_are_read(folder: Path) -> None:
    path = write(folder, packed(**{"in/a.csv": TABLE, "in/b.csv": b"b"}))
    with unpacked("atop", path, ["in/b.csv"]) as files:
        assert {n: p.read_bytes() for n, p in files.items()} == {"in/b.csv": b"b"}
        assert len(list(files["in/b.csv"].parent.iterdir())) == 1
    assert not files["in/b.csv"].exists()
    with pytest.raises(SourceError, match="also"), unpacked("atop", path, ["c.csv"]):
        pass
    path = write(folder, zipped([("a.csv", TABLE), ("../b.csv", b"")]))
    with pytest.raises(SourceError, match="outside"), unpacked("atop", path, ["a.csv"]):
        pass
