"""Releases on other machines: copied there with the list of sums last, and fetched from there.

Belongs here: moving files of a release to a folder or to object storage, and from an address. Does
not belong here: what is in them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.releases.layout import (
    SUMS,
    VOLATILE,
    ReleaseError,
    files_below,
    is_release,
    read_sums,
    sync,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ALREADY = "a release is never written twice; take another place, or the next number"


def publish(release: Path, place: str, progress: Callable[[str], None] = lambda _: None) -> str:
    """Copy a release into ``<place>/<name>``.

    The lists of sums come last: until they are there, what is there is no release.

    Parameters
    ----------
    release : Path
        A finished release.
    place : str
        A folder, or the address of object storage (``s3://bucket/folder``; its keys and endpoint
        come from the usual AWS variables).
    progress : callable
        Called with each file's name.

    Returns
    -------
    str
        Where it is now.

    Raises
    ------
    ReleaseError
        If it is no release, the place holds one of that name, or cannot be written.
    """
    if not is_release(release):
        raise ReleaseError(f"{release} is no finished release")
    names = [f for f in files_below(release) if f not in (SUMS, VOLATILE)] + [VOLATILE, SUMS]
    if "://" not in place:
        return _to_folder(release, Path(place) / release.name, names, progress)
    target = f"{place.rstrip('/')}/{release.name}"
    store = _store(target)
    if _is_there(store, SUMS):
        raise ReleaseError(f"{target} is there already; {ALREADY}")
    import obstore

    for name in names:
        progress(name)
        try:
            # Only ever created: two that publish at once cannot mix their files unseen.
            obstore.put(store, name, release / name)
        except obstore.exceptions.BaseError as error:
            raise ReleaseError(f"{target}/{name} could not be written: {error}") from None
    return target


def _to_folder(
    release: Path, target: Path, names: list[str], progress: Callable[[str], None]
) -> str:
    if (target / SUMS).exists():
        raise ReleaseError(f"{target} is there already; {ALREADY}")
    try:
        for name in names:
            progress(name)
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.partial")
            shutil.copyfile(release / name, partial)
            sync(partial)
            partial.replace(path)
    except OSError as error:
        raise ReleaseError(f"{target} could not be written: {error}") from None
    return str(target)


def download(address: str, folder: Path) -> None:
    """Fetch a release into an empty folder, whole or with an error.

    Raises
    ------
    ReleaseError
        If its lists of sums or a file they name cannot be had.
    """
    store = _store(address.rstrip("/"))
    for name in (SUMS, VOLATILE):
        _fetch(store, address, name, folder)
    for name in (n for listing in (SUMS, VOLATILE) for n in read_sums(folder / listing)[1]):
        _fetch(store, address, name, folder)


def _fetch(store: ObjectStore, address: str, name: str, folder: Path) -> None:
    import obstore

    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            for chunk in obstore.get(store, name):
                file.write(chunk)
    except (obstore.exceptions.BaseError, FileNotFoundError) as error:
        raise ReleaseError(f"{address}/{name} cannot be had: {error}") from None


def _is_there(store: ObjectStore, name: str) -> bool:
    import obstore

    try:
        obstore.head(store, name)
    except FileNotFoundError:
        return False
    except obstore.exceptions.BaseError as error:
        raise ReleaseError(f"the place cannot be asked for {name}: {error}") from None
    return True


def _store(address: str) -> ObjectStore:
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    # Large files take their time; without encryption only where the address or AWS_ALLOW_HTTP says.
    plain = address.startswith("http://") or os.environ.get("AWS_ALLOW_HTTP", "") == "true"
    client: Any = {"timeout": "900s", "allow_http": plain}
    try:
        return from_url(address, client_options=client)
    except (BaseError, ValueError) as error:
        raise ReleaseError(f"{address} is no address of a release: {error}") from None
