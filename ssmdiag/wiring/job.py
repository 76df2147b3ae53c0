"""What every job has in common: its surroundings, how it reaches the world, how it fails, how it
writes a file. Every command loads this, so it loads little itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Optional, Union

from ssmdiag.values import dataclass


class JobError(Exception):
    """The job could not be done; the message is one line that says what to do (exit code 3)."""


class MisuseError(JobError):
    """What was asked for cannot be, whatever the world is like (exit code 2)."""


@dataclass(frozen=True)
class Surroundings:
    """What the process stands in."""

    platform: str
    environ: Mapping[str, str]
    stdin: BinaryIO
    now: datetime
    interpreter: Path = field(default_factory=lambda: Path(sys.executable))


@dataclass(frozen=True)
class Reach:
    """Where Answers come from, and where they are kept."""

    snapshot: Optional[Path] = None
    save_snapshot: Optional[Path] = None
    redact: bool = False
    """Are they kept without account ids and names of users?"""
    profile: Optional[str] = None
    region: Optional[str] = None
    endpoint_url: Optional[str] = None
    assume_role: Optional[str] = None
    timeout: float = 10.0
    root: Path = Path("/")
    """Where the node's files are seen from here."""


def write_aside(path: Path, content: Union[str, bytes]) -> None:
    """Write a file as a whole, readable by its owner only.

    A link stays, and what it leads to is written; a device or a pipe is written to.
    Raises JobError.
    """
    from ssmdiag import aside

    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if _is_passage(path):
            path.write_bytes(data)
        else:
            aside.write_aside(path.resolve(), data)
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}") from None


def _is_passage(path: Path) -> bool:
    """Is it no file of its own, but a way to somewhere else, such as ``/dev/stdout``?"""
    return path.exists() and (not path.is_file() or path.parts[1:2] in (("dev",), ("proc",)))
