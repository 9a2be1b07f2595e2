"""Which file of an upstream a person or a program brought: by the names in a zip, or by a header.

Belongs here: telling files apart, saying which is wanted, and handing a member to a parser. Does
not belong here: the checks of unpacking (`pipelines.live.archives`), or which files an upstream has
(its `fetch.py`).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.live.archives import BROKEN, check_entries, unpacked
from pipelines.live.web import address
from pipelines.sources.reading import SourceError, require_file


@dataclass(frozen=True)
class Kind:
    """A file that may be brought in place of the wanted one.

    Parameters
    ----------
    what : str
        What it is, for a message.
    name : str
        Pattern of its name inside a zip; empty if it comes in none.
    columns : tuple of str
        Columns by which its header is known; empty if it is no text.
    """

    what: str
    name: str = ""
    columns: tuple[str, ...] = ()


EXCEL = Kind("an Excel workbook", r"workbook\.xml")


def is_zip(source: str, path: Path, wanted: str) -> bool:
    """Whether a file is a zip by its first bytes; a missing, empty or HTML file is an error."""
    return require_file(source, path, wanted).startswith(b"PK")


def pick_members(
    source: str, path: Path, patterns: Mapping[str, str], others: Sequence[Kind], wanted: str
) -> dict[str, str]:
    """Find the members of a zip that a source needs, whatever folder they stand in.

    Parameters
    ----------
    patterns : mapping
        What is looked for, and the pattern of its name without the folder.
    others : sequence of Kind
        Files that are known not to be wanted; the first that matches is named.
    wanted : str
        The file that should be there, for messages.

    Returns
    -------
    dict of str to str
        Full name inside the zip, by the keys of `patterns`.

    Raises
    ------
    SourceError
        If the zip is not whole, or a pattern has not exactly one member.
    """
    names = member_names(source, path, wanted)
    found = {key: _matching(names, pattern) for key, pattern in patterns.items()}
    if all(len(matches) == 1 for matches in found.values()):
        return {key: matches[0] for key, matches in found.items()}
    twice = next((m for m in found.values() if len(m) > 1), None)
    lacking = " and ".join(key for key, matches in found.items() if not matches)
    if twice:
        what = f"more than one file of a kind: {_some(twice)}"
    elif len(patterns) > 1 and any(found.values()):
        what = f"a zip without the {lacking}: {_some(names)}"
    else:
        raise refuse_members(source, path, names, others, wanted)
    raise SourceError(source, path, found=what, expected=wanted, todo=address(source).by_hand)


def member_names(source: str, path: Path, wanted: str) -> list[str]:
    """Names of the files in a zip; `SourceError` if it is not whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in check_entries(source, path, archive)]
    except BROKEN as error:
        raise SourceError(
            source,
            path,
            found=f"a zip that is cut short or damaged ({error})",
            expected=wanted,
            todo=address(source).by_hand,
        ) from None
    # A Mac adds a shadow of each file.
    return [n for n in names if not n.startswith("__MACOSX/")]


@contextmanager
def members(source: str, path: Path, names: Iterable[str]) -> Iterator[dict[str, Path]]:
    """Unpack members of a zip for as long as they are parsed, as `archives.unpacked`.

    An error about one of them names it inside the zip, which is where a reader can look for it.
    """
    with unpacked(source, path, names) as files:
        try:
            yield files
        except SourceError as error:
            for name, file in files.items():
                if error.file == str(file):
                    error.file = f"{path}!{name}"
                    error.args = (str(error).replace(str(file), error.file, 1),)
            raise


def require_header(
    source: str,
    path: Path,
    columns: Iterable[str],
    others: Sequence[Kind],
    wanted: str,
    without: Iterable[str] = (),
) -> None:
    """Raise an error unless the file is a delimited text with the columns and `without` others.

    The error says what the file is, where `others` knows it. Upper and lower case are one.
    """
    if is_zip(source, path, wanted):
        raise refuse_members(source, path, member_names(source, path, wanted), others, wanted)
    have = {name.lower() for name in _header(source, path, wanted)}
    if not have.issuperset(columns) or not have.isdisjoint(without):
        raise refuse_table(source, path, others, wanted)


def refuse_table(source: str, path: Path, others: Sequence[Kind], wanted: str) -> SourceError:
    """Error for a text that is not wanted; says what it is where `others` knows its columns."""
    names = _header(source, path, wanted)
    have = {name.lower() for name in names}
    other = next((k for k in others if k.columns and have.issuperset(k.columns)), None)
    what = f"the columns {_some(names)}"
    return SourceError(
        source,
        path,
        line=1,
        found=f"{other.what}, with {what}" if other else what,
        expected=wanted,
        todo=address(source).by_hand,
    )


def refuse_members(
    source: str, path: Path, names: Sequence[str], others: Sequence[Kind], wanted: str
) -> SourceError:
    """Error for a zip that holds nothing of what is wanted; says what it is where that is known."""
    other = next((k for k in (*others, EXCEL) if k.name and _matching(names, k.name)), None)
    what = f"the files {_some(names)}" if names else "no files"
    return SourceError(
        source,
        path,
        found=f"{other.what}, with {what}" if other else f"a zip with {what}",
        expected=wanted,
        todo=address(source).by_hand,
    )


def _header(source: str, path: Path, wanted: str) -> list[str]:
    """Column names of a delimited text, by its first line; any of the separators `,` `;` tab."""
    start = require_file(source, path, wanted).removeprefix(b"\xef\xbb\xbf")
    line = re.split(rb"[\r\n]", start, maxsplit=1)[0].decode("latin-1")
    separator = max(",;\t", key=line.count)
    return [cell.strip().strip('"') for cell in line.split(separator)]


def _matching(names: Sequence[str], pattern: str) -> list[str]:
    return [n for n in names if re.fullmatch(pattern, PurePosixPath(n).name, re.IGNORECASE)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
