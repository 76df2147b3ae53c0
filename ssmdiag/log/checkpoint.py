"""The checkpoint: how far the logs were read, and what was told, so that a run goes on from there.

It is written aside, synced and renamed: a crash at any instruction leaves the old one or the
new one. A damaged one is put aside, never overwritten.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any, Optional

from ssmdiag.aside import write_aside
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


def load(path: Path, *, put_aside: bool = True) -> tuple[Optional[Checkpoint], Optional[str]]:
    """The checkpoint, or None at the first run; and what has to be said about it, if anything.

    ``put_aside`` a damaged one, as whoever goes on to ``save`` must.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, None
    except (OSError, UnicodeDecodeError) as error:
        return None, _unusable(path, str(error), put_aside=put_aside)
    try:
        return _parsed(text), None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return None, _unusable(path, f"{type(error).__name__}: {error}", put_aside=put_aside)


def _parsed(text: str) -> Checkpoint:
    whole = json.loads(text)
    if whole["schema"] != SCHEMA:
        raise ValueError(f"its schema is {whole['schema']!r}, not {SCHEMA!r}")
    marks = {
        log: {head: Mark(**mark) for head, mark in of_log.items()}
        for log, of_log in whole["marks"].items()
    }
    return Checkpoint(marks, dict(whole["told"]), str(whole["saved"]))


def _unusable(path: Path, why: str, *, put_aside: bool) -> str:
    said = f"the checkpoint {path} cannot be used ({why})"
    if not put_aside:
        return said
    damaged = path.with_name(f"{path.name}.damaged")
    with contextlib.suppress(OSError):
        path.replace(damaged)
    return f"{said} and is put aside as {damaged.name}"


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
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_aside(path, json.dumps(whole).encode("utf-8"))
    except OSError as error:
        return f"the checkpoint {path} cannot be written: {error.strerror or error}"
    return None
