"""The node that is looked at: usually this machine, sometimes a disk or a container's host."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache, wraps
from pathlib import Path
from typing import Callable, TypeVar

from ssmdiag.model import Denial
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Denied, Unreachable

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Place:
    """Where the host's questions are answered.

    ``root`` other than ``/`` is where the node's files are seen from here: a broken node's disk, or
    its file system in a container. Files and ``/proc`` are read below it; programs, which would
    tell of this machine, are not run; the network is this machine's all the same. What is read
    ``once`` of a node counts as long as its Place.
    """

    platform: str
    """``sys.platform``."""
    environ: Mapping[str, str]
    root: Path = Path("/")

    @property
    def here(self) -> bool:
        """Is the node this very machine?"""
        return self.root == Path("/")

    def path(self, absolute: str) -> Path:
        """A path of the node, as it is seen from here."""
        return self.root / absolute.lstrip("/") if not self.here else Path(absolute)


def once(read: Callable[[Place], _T]) -> Callable[[Place], _T]:
    """Let a reading be made once for each Place: many questions, asked side by side, need it."""
    lock, remembered = threading.Lock(), lru_cache(maxsize=4)(read)

    @wraps(read)
    def reading(place: Place) -> _T:
        # Without the lock those who come first would all read.
        with lock:
            return remembered(place)

    return reading


def text_of(path: Path) -> str:
    """A file's text, for whom one that cannot be read is as good as an empty one."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        # Where a path is read in a file, even a null byte may be in it.
        return ""


def unread(path: Path, error: OSError) -> Answer:
    """Why a file or folder could not be read, as an Answer."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Absent(f"{path} does not exist")
    if isinstance(error, PermissionError):
        return Denied(Denial(message=f"{path} may only be read by root", action=f"read {path}"))
    return Unreachable(f"{path}: {error.strerror or error}")
