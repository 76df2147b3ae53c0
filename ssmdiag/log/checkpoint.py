"""The checkpoint: how far the logs were read, and what was told, so that a run goes on from there.

It is written aside, synced and renamed: a crash at any instruction leaves the old one or the
new one. A damaged one is put aside, never overwritten.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any, Optional

from ssmdiag.log.tail import Mark
from ssmdiag.values import dataclass

SCHEMA = "ssmdiag.checkpoint/1"


@dataclass(frozen=True)
class Checkpoint:
    """What a run knows of those before it."""

    marks: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)
    """By log, and in it by what each of its files is known by."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What was told, in the form of whoever tells."""
    saved: str = ""
    """When, ISO 8601 in UTC."""


def load(path: Path) -> tuple[Optional[Checkpoint], Optional[str]]:
    """The checkpoint, or None at the first run; and what has to be said about it, if anything."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, None
    except (OSError, UnicodeDecodeError) as error:
        return None, _aside(path, str(error))
    try:
        return _parsed(text), None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return None, _aside(path, f"{type(error).__name__}: {error}")


def _parsed(text: str) -> Checkpoint:
    whole = json.loads(text)
    if whole["schema"] != SCHEMA:
        raise ValueError(f"its schema is {whole['schema']!r}, not {SCHEMA!r}")
    marks = {
        log: {head: Mark(**mark) for head, mark in of_log.items()}
        for log, of_log in whole["marks"].items()
    }
    return Checkpoint(marks, dict(whole["told"]), str(whole["saved"]))


def _aside(path: Path, why: str) -> str:
    damaged = path.with_name(f"{path.name}.damaged")
    with contextlib.suppress(OSError):
        path.replace(damaged)
    return f"the checkpoint {path} cannot be used ({why}) and is put aside as {damaged.name}"


def save(path: Path, checkpoint: Checkpoint) -> Optional[str]:
    """Write the checkpoint, 0600. Says why not, if that fails: the old one is whole then."""
    marks = {
        log: {head: asdict(mark) for head, mark in of_log.items()}
        for log, of_log in checkpoint.marks.items()
    }
    whole = {
        "schema": SCHEMA,
        "saved": checkpoint.saved,
        "marks": marks,
        "told": checkpoint.told,
    }
    aside = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(whole, file)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            if aside:
                Path(aside).unlink()
        return f"the checkpoint {path} cannot be written: {error.strerror or error}"
    return None


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder, and needs no such thing.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
