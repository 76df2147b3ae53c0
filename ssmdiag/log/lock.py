"""The lock beside a checkpoint: one run at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


class LockedError(Exception):
    """Another run holds the lock; the message says so in one line."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock beside the checkpoint. Raises LockedError if another run does, and OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        if not _try(file.fileno()):
            raise LockedError(f"another run of ssmdiag watch is at work ({lock} is locked)")
        yield


def _try(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
