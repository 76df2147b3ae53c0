"""The node that is looked at: usually this machine, sometimes a disk or a container's host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ssmdiag.model import Denial
from ssmdiag.world.call import Absent, Answer, Denied, Unreachable


@dataclass(frozen=True)
class Place:
    """Where the host's questions are answered.

    ``root`` other than ``/`` is where the node's files are seen from here: a broken node's disk, or
    its file system in a container. Files and ``/proc`` are read below it; programs, which would
    tell of this machine, are not run; the network is this machine's all the same.
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


def unread(path: Path, error: OSError) -> Answer:
    """Why a file or folder could not be read, as an Answer."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Absent(f"{path} does not exist")
    if isinstance(error, PermissionError):
        return Denied(Denial(message=f"{path} may only be read by root", action=f"read {path}"))
    return Unreachable(f"{path}: {error.strerror or error}")
