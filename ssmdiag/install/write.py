"""Installing and taking back: files are written and removed, over nothing that others wrote."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Optional

from ssmdiag.aside import write_aside
from ssmdiag.install.installation import MARK, Installation, Kind, UnitFile


class InstallError(Exception):
    """A file that cannot be written or removed, or must not be: one line that says why."""


def write(installation: Installation, root: Optional[Path] = None) -> tuple[Path, ...]:
    """Write every file of the installation; ``root`` stands in place of / if it is given.

    Raises InstallError, and then has written nothing over what others wrote, and nothing at all if
    it is seen beforehand. A file of another form of the same kind must be taken away first: the
    system would run both.
    """
    places = {place(file.path, root): file for file in installation.files}
    for path in (place(each, root) for each in installation.kind.paths):
        if path in places:
            _ours(path)
        elif os.path.lexists(path):
            name = installation.kind.name
            raise InstallError(f"{path} is there, too: first run ssmdiag install {name} --remove")
    for path, file in places.items():
        _folder(path, file)
    for path, file in places.items():
        _write(path, file)
    return tuple(places)


def remove(kind: Kind, root: Optional[Path] = None) -> tuple[Path, ...]:
    """Take away the files of this kind that are there, and say which they were.

    Raises InstallError, also for a file that others wrote; then nothing is taken away.
    """
    places = [place(path, root) for path in kind.paths]
    found = [path for path in places if _ours(path)]
    for path in found:
        with _worded(path, "removed"):
            path.unlink()
    return tuple(found)


def place(path: str, root: Optional[Path]) -> Path:
    """Where a file goes: where its path says, or to the same place in ``root``."""
    if root is None:
        return Path(path)
    windows = PureWindowsPath(path)
    whole: PurePath = windows if windows.drive else PurePosixPath(path)
    return root.joinpath(*whole.parts[1:])


def _ours(path: Path) -> bool:
    """Whether the file is there. Raises InstallError if others wrote it."""
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file():
        raise InstallError(f"{path} is there and is no file of ssmdiag's: it is left alone")
    with _worded(path, "read"):
        content = path.read_bytes()
    if not any(
        MARK.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "utf-16-be")
    ):
        raise InstallError(f"{path} was not written by ssmdiag install: it is left alone")
    return True


def _folder(path: Path, file: UnitFile) -> None:
    if file.own_folder:
        with _worded(path.parent, "made"):
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    elif not path.parent.is_dir():
        raise InstallError(f"there is no folder {path.parent}: what reads it is not installed")


def _write(path: Path, file: UnitFile) -> None:
    with _worded(path, "written"):
        write_aside(path, file.text.encode(file.encoding), file.mode)


@contextlib.contextmanager
def _worded(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InstallError(f"{path} cannot be {done}: {error.strerror}") from None
