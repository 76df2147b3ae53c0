"""How a file is written as a whole: aside, synced, renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

_OWNERS = 0o600


def write_aside(path: Path, data: bytes, mode: int = _OWNERS) -> None:
    """Put a file in its place: a crash at any instruction leaves the old one or the new one.

    Raises OSError, and then leaves nothing behind.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # It is made for its owner only, and not every file system knows modes.
        if mode != _OWNERS:
            aside.chmod(mode)
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder, and needs no such thing.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
