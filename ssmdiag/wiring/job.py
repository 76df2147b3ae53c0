"""What every job has in common: its surroundings, how it fails, how it writes a file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO


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


def write_aside(path: Path, text: str) -> None:
    """Write a file as a whole: aside, synced, readable by its owner only, renamed."""
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}") from None
