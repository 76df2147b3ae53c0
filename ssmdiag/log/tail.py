"""One log and those rolled over from it, read as they grow: no Record lost, none told twice.

A file is known by its first line, which neither renaming nor copying changes; so it is found again
after any rotation (the agent's own: agent source ``seelog_unix.xml``), after a copy and truncation,
and is not mistaken for another that got its inode. Everything before a Mark's ``offset`` is done.
The last Record stays open for a moment, since lines of it may still come: it is told at once, and
told again, under the same identity, if it grows.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal, Optional, Union, cast

from ssmdiag.log import files, layout, period
from ssmdiag.log.records import KEEP, Read, Wanted, parse_records
from ssmdiag.model import Record

SETTLED = 2.0
"""Seconds without growth after which no more lines of the last Record are waited for."""

_FIRST_LINE = 1024
_BEHIND = 256
_BLOCK = 64 << 10

Start = Union[Literal["now", "start"], timedelta]
"""Where to begin in files that were never seen: at their end, at their start, or so long ago."""


@dataclass(frozen=True)
class Mark:
    """How far one file has been read."""

    offset: int
    """Where to go on; it is the start of a Record."""
    behind: str = ""
    """Digest of the bytes just before ``offset``: other ones mean another content."""
    shown: str = ""
    """Digest of the open Record at ``offset``, if that was told already."""


@dataclass(frozen=True)
class Seen:
    """A new Record. ``identity`` is the same however often and from wherever it is told."""

    record: Record
    identity: str
    open: bool = False
    """True if lines of it may still come."""


@dataclass(frozen=True)
class _File:
    """One file of the family as it is now."""

    path: str
    head: str
    """Digest of its first line: what it is known by."""
    size: int
    changed: float
    packed: bool


class Tail:
    """One family of files. ``marks`` says how far each was read, by its first line's digest."""

    def __init__(self, family: str, marks: Optional[Mapping[str, Mark]], start: Start) -> None:
        self.family = family
        self.marks: dict[str, Mark] = dict(marks or {})
        self.notes: list[str] = []
        """What should be said of the reading; whoever says it empties the list."""
        self._first = marks is None
        self._start = start

    def news(self, now: datetime, wanted: Optional[Wanted] = None) -> Iterator[Seen]:
        """The Records that came since; ``marks`` are final when they are exhausted."""
        found = self._files()
        fresh = self._fresh(found)
        for position, file in enumerate(found):
            if file.head not in self.marks:
                self.marks[file.head] = self._beginning(file, fresh[position], now)
            yield from self._of(file, now, wanted)
        heads = {file.head for file in found}
        self.marks = {head: mark for head, mark in self.marks.items() if head in heads}
        self._first = False

    @property
    def lag(self) -> int:
        """Bytes that are not read yet."""
        known = ((file.size, self.marks.get(file.head)) for file in self._files())
        return sum(size - mark.offset if mark else size for size, mark in known)

    # --- which files, and from where ------------------------------------------------------------

    def _files(self) -> list[_File]:
        """The family's files, oldest first. One that is empty, or going away, is not there yet."""
        path = Path(self.family)
        try:
            near = path.parent.glob(f"{_literal(path.name)}*")
            members = [files.named(str(each)) for each in near]
        except OSError:
            return []
        found: dict[str, tuple[tuple[bool, int], _File]] = {}
        for member in members:
            looked = _look(member.path) if member.family == self.family else None
            if looked is not None:
                age = (member.roll is None, member.roll or 0)
                # Of two that begin alike the one still written to counts.
                if looked.head not in found or found[looked.head][0] < age:
                    found[looked.head] = (age, looked)
        return [file for _, file in sorted(found.values(), key=lambda item: item[0])]

    def _fresh(self, found: list[_File]) -> list[bool]:
        """Which files came after the newest that is known: those are read from their start."""
        known = [position for position, file in enumerate(found) if file.head in self.marks]
        if not known and self.marks:
            self.notes.append(
                f"{self.family}: none of the files that were read is there any more, so lines may "
                "have been lost; all that is there is read"
            )
        newest = known[-1] if known else -1
        return [position > newest for position in range(len(found))]

    def _beginning(self, file: _File, fresh: bool, now: datetime) -> Mark:
        if not self._first:
            return Mark(0 if fresh else file.size)
        if self._start == "start":
            return Mark(0)
        if isinstance(self._start, timedelta) and not file.packed:
            with _opened(file) as raw:
                return Mark(period.start_of(raw, file.size, now - self._start))
        return Mark(_last_newline(file, 0))

    # --- one file -------------------------------------------------------------------------------

    def _of(self, file: _File, now: datetime, wanted: Optional[Wanted]) -> Iterator[Seen]:
        mark = self._valid(file, self.marks[file.head])
        try:
            end = _last_newline(file, mark.offset)
            if end <= mark.offset:
                self.marks[file.head] = mark
                return
            last = _last_record(file, mark.offset, end)
            for record in _parsed(file, mark.offset, last, wanted):
                if not (_told(record, mark) or self._too_old(record, now)):
                    yield Seen(record, _identity(file, record))
            yield from self._open(file, mark, last, end, now, wanted)
        except (OSError, EOFError, ValueError):
            # It went away, or is being packed: what is not marked is looked for again.
            return

    def _open(
        self,
        file: _File,
        mark: Mark,
        last: int,
        end: int,
        now: datetime,
        wanted: Optional[Wanted],
    ) -> Iterator[Seen]:
        """The last Record: told if it is new or has grown; done with once it has settled."""
        settled = now.timestamp() - file.changed > SETTLED
        shown = ""
        for record in _parsed(file, last, end, wanted):
            shown = shown or _text(record)
            if not (_told(record, mark) or self._too_old(record, now)):
                yield Seen(record, _identity(file, record), open=not settled)
        at = end if settled else last
        behind = _digest(_bytes(file, max(0, at - _BEHIND), at))
        self.marks[file.head] = Mark(at, behind, "" if settled else shown)

    def _too_old(self, record: Record, now: datetime) -> bool:
        """Is it from before the time at which the first run is to begin?"""
        since = now - self._start if isinstance(self._start, timedelta) else None
        return bool(self._first and since and record.time and record.time < since)

    def _valid(self, file: _File, mark: Mark) -> Mark:
        """The Mark, or the file's start where it was cut short or written anew since."""
        if mark.offset > file.size:
            return Mark(0)
        if mark.behind:
            try:
                now = _digest(_bytes(file, max(0, mark.offset - _BEHIND), mark.offset))
            except (OSError, EOFError):
                return mark
            if now != mark.behind:
                return replace(mark, offset=0, behind="", shown="")
        return mark


def _look(path: str) -> Optional[_File]:
    """A file as it is now; None if it cannot be read, or its first line is not whole yet."""
    try:
        status = Path(path).stat()
        with Path(path).open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        file = _File(path, "", status.st_size, status.st_mtime, packed)
        if packed:
            file = replace(file, size=_unpacked_size(file))
        first = _bytes(file, 0, _FIRST_LINE)
    except (OSError, EOFError):
        return None
    line, newline, _ = first.partition(b"\n")
    if not newline and len(first) < _FIRST_LINE:
        return None
    return replace(file, head=_digest(line))


def _unpacked_size(file: _File) -> int:
    with _opened(file) as raw:
        return raw.seek(0, io.SEEK_END)


def _opened(file: _File) -> BinaryIO:
    if file.packed:
        return cast(BinaryIO, gzip.open(file.path, "rb"))
    return Path(file.path).open("rb")


def _bytes(file: _File, start: int, end: int) -> bytes:
    with _opened(file) as raw:
        raw.seek(start)
        return raw.read(end - start)


def _last_newline(file: _File, start: int) -> int:
    """Where the last whole line ends, at or behind ``start``; ``start`` if there is none."""
    end = file.size
    with _opened(file) as raw:
        while end > start:
            begin = max(start, end - _BLOCK)
            raw.seek(begin)
            at = raw.read(end - begin).rfind(b"\n")
            if at >= 0:
                return begin + at + 1
            end = begin
    return start


def _last_record(file: _File, start: int, end: int) -> int:
    """Where the last Record between two places begins. One of endless length is not waited for."""
    begin = max(start, end - KEEP)
    # A Record's start is looked for with the line break before it.
    before = b"\n" if begin == start else b""
    window = before + _bytes(file, begin, end)
    starts = [found.start() for found in layout.START.finditer(window)]
    if not starts:
        return start if begin == start else end
    return begin + starts[-1] + 1 - len(before)


def _parsed(file: _File, start: int, end: int, wanted: Optional[Wanted]) -> Iterator[Record]:
    if end <= start:
        return
    with _opened(file) as raw:
        raw.seek(start)
        yield from parse_records(
            _bounded(raw, end - start), file=file.path, offset=start, wanted=wanted
        )


def _bounded(raw: BinaryIO, left: int) -> Read:
    def read(size: int) -> bytes:
        nonlocal left
        data = raw.read(min(size, left))
        left -= len(data)
        return data

    return read


def _identity(file: _File, record: Record) -> str:
    # The first line of a Record: what comes behind it may still grow.
    line = f"{record.time}{record.message.partition(chr(10))[0]}"
    return f"{file.head}-{record.offset:x}-{_digest(line.encode('utf-8', 'replace'))[:8]}"


def _text(record: Record) -> str:
    return _digest(record.message.encode("utf-8", "replace"))


def _told(record: Record, mark: Mark) -> bool:
    """Is this the Record that was told while it was open, and has it not grown since?"""
    return record.offset == mark.offset and mark.shown == _text(record)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _literal(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
