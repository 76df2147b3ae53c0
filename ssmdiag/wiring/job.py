"""What every job has in common: its surroundings, how it reaches the world, how it fails, how it
writes a file. Every command loads this, so it loads little itself."""

from __future__ import annotations

import os
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
    profile: Optional[str] = None
    region: Optional[str] = None
    endpoint_url: Optional[str] = None
    assume_role: Optional[str] = None
    timeout: float = 10.0
    root: Path = Path("/")
    """Where the node's files are seen from here."""


def write_aside(path: Path, content: Union[str, bytes]) -> None:
    """Write a file as a whole: aside, synced, readable by its owner only, renamed."""
    import tempfile

    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}") from None
