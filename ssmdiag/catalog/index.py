"""The catalogue in one file, so that a start need not parse two hundred.

``catalogue.json`` beside the area folders holds what ``load`` makes of their TOML files, and the
checksum of these. It is made from them, never written by hand, and used only while they are what
it was made from: after an edit the TOML files are read, until the index is made anew.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Optional, Union

from ssmdiag.catalog.pattern import Catalog, Doubt, Pattern

INDEX = "catalogue.json"


def indexed(folder: Path) -> Optional[Catalog]:
    """The Catalog of ``folder`` by its index; None if that is missing, damaged or out of date."""
    try:
        index = json.loads((folder / INDEX).read_bytes())
        if index["checksum"] != checksum(folder):
            return None
        patterns = tuple(Pattern(**_read(row)) for row in index["patterns"])
        return Catalog(patterns, tuple(Doubt(**row) for row in index["failures"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def index_of(catalog: Catalog, folder: Path) -> str:
    """The text of the index of ``folder``, whose TOML files make ``catalog``. Raises OSError."""
    rows = ",\n".join(_line(pattern) for pattern in catalog.patterns)
    failures = ",\n".join(_line(doubt) for doubt in catalog.failures)
    head = f'"checksum": {checksum(folder)}'
    return f'{{{head},\n"patterns": [\n{rows}\n],\n"failures": [\n{failures}\n]}}\n'


def checksum(folder: Path) -> int:
    """A number that changes with the name or a byte of any TOML file. Raises OSError."""
    total = 0
    for name in sorted(_names(folder)):
        # Not by Path: every start pays for two hundred of these.
        with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
            total = zlib.crc32(b"%b\n%b\n" % (name.encode(), file.read()), total)
    return total


def _names(folder: Path) -> Iterator[str]:
    """The TOML files of a catalogue, by their paths below its folder."""
    for entry in os.scandir(folder):
        inside = os.scandir(entry.path) if entry.is_dir() else ()
        names = (entry.name, *(f"{entry.name}/{file.name}" for file in inside))
        yield from (name for name in names if name.endswith(".toml"))


def _line(entry: Union[Pattern, Doubt]) -> str:
    return json.dumps(dict(_told(entry)), ensure_ascii=False)


def _told(entry: Union[Pattern, Doubt]) -> Iterator[tuple[str, Any]]:
    """Name and value of every field that is not as it is by default."""
    for field in fields(entry):
        value = getattr(entry, field.name)
        if field.default is MISSING or value != field.default:
            doubts = field.name == "suspects"
            yield field.name, [dict(_told(doubt)) for doubt in value] if doubts else value


def _read(row: dict[str, Any]) -> dict[str, Any]:
    row["suspects"] = [Doubt(**doubt) for doubt in row.get("suspects", ())]
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
