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
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal, Optional, Union, cast

from ssmdiag.log import files, layout, period
from ssmdiag.log.records import KEEP, parse_records
from ssmdiag.log.search import Search
from ssmdiag.model import Record
from ssmdiag.values import dataclass

SETTLED = 2.0
"""Seconds without growth after which no more lines of the last Record are waited for."""

_FIRST_LINE = 1024
_BEHIND = 256
_BLOCK = 64 << 10
_GONE_AT_MOST = 50

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
class _Sight:
    """What a file looks like from outside."""

    path: str
    inode: int
    size: int
    changed: float


@dataclass(frozen=True)
class _File:
    """One file of the family as it is now."""

    path: str
    head: str
    """Digest of its first line: what it is known by."""
    size: int
    """Bytes of its text."""
    packed: bool
    sight: _Sight

    @property
    def changed(self) -> float:
        return self.sight.changed


class Tail:
    """One family of files. ``marks`` says how far each was read, by its first line's digest."""

    def __init__(self, family: str, marks: Optional[Mapping[str, Mark]], start: Start) -> None:
        self.family = family
        self.marks: dict[str, Mark] = dict(marks or {})
        self.notes: list[str] = []
        """What should be said of the reading; whoever says it empties the list."""
        self._first = marks is None
        self._start = start
        self._since: Optional[datetime] = None
        self._packed: dict[_Sight, _File] = {}
        self._finished: set[_Sight] = set()
        """Packed files, which are dear to look into and do not change: what was found in them."""
        self._unreadable: dict[str, str] = {}

    def news(self, now: datetime, wanted: Optional[Search] = None) -> Iterator[Seen]:
        """The Records that came since; ``marks`` are final when they are exhausted."""
        self._since = self._begins(now)
        found = self._files()
        if self.marks and not any(file.head in self.marks for file in found) and found:
            self.notes.append(
                f"{self.family}: none of the files that were read is there any more, so lines may "
                "have been lost; all that is there is read"
            )
        for file in found:
            if file.head not in self.marks:
                self.marks[file.head] = self._beginning(file)
            yield from self._of(file, now, wanted)
        self._forget({file.head for file in found})
        self._first = False

    def _forget(self, there: set[str]) -> None:
        """Forget files that went long ago. One that is only being renamed may be missed once."""
        gone = [head for head in self.marks if head not in there]
        for head in gone[:-_GONE_AT_MOST]:
            del self.marks[head]

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
            looked = self._look(member.path) if member.family == self.family else None
            if looked is not None:
                age = (member.roll is None, member.roll or 0)
                # Of two that begin alike the one still written to counts.
                if looked.head not in found or found[looked.head][0] < age:
                    found[looked.head] = (age, looked)
        return [file for _, file in sorted(found.values(), key=lambda item: item[0])]

    def _look(self, path: str) -> Optional[_File]:
        """A file as it is now; None if it cannot be read, or its first line is not whole yet."""
        problem = ""
        try:
            found = self._packed.get(_sight(path, Path(path).stat())) or _looked_into(path)
            if found is not None and found.packed:
                self._packed[found.sight] = found
        except (PermissionError, gzip.BadGzipFile, zlib.error) as error:
            found, problem = None, _in_words(error)
        except (OSError, EOFError):
            return None
        if problem and self._unreadable.get(path) != problem:
            self.notes.append(f"{path}: {problem}")
        self._unreadable[path] = problem
        return found

    def _begins(self, now: datetime) -> Optional[datetime]:
        """What is older is not told; None: all is."""
        if not self._first or not isinstance(self._start, timedelta):
            return None
        try:
            return now - self._start
        except OverflowError:
            return datetime.min

    def _beginning(self, file: _File) -> Mark:
        """Where to begin in a file that was not known before; but at the first run it is new."""
        if not self._first or self._start == "start":
            return Mark(0)
        try:
            with _opened(file) as raw:
                if self._since and not file.packed:
                    return Mark(period.start_of(raw, file.size, self._since))
                return Mark(_last_newline(raw, 0, file.size))
        except (OSError, EOFError, zlib.error):
            return Mark(0)

    # --- one file -------------------------------------------------------------------------------

    def _of(self, file: _File, now: datetime, wanted: Optional[Search]) -> Iterator[Seen]:
        if file.sight in self._finished:
            return
        try:
            with _opened(file) as raw:
                yield from self._read(_Known(raw, file), now, wanted)
        except (OSError, EOFError, ValueError, zlib.error):
            # It went away, or became another: what is not marked is looked for again.
            return
        if file.packed and not self.marks[file.head].shown:
            self._finished.add(file.sight)

    def _read(self, file: _Known, now: datetime, wanted: Optional[Search]) -> Iterator[Seen]:
        mark = _valid(file, self.marks[file.head])
        end = _last_newline(file.raw, mark.offset, file.size)
        last = _last_record(file, mark.offset, end)
        for record in file.records(mark.offset, last, wanted):
            if not (_told(record, mark) or self._too_old(record)):
                yield Seen(record, _identity(file, record))
        # The last Record is told at once, and done with once it has settled.
        settled = now.timestamp() - file.changed > SETTLED
        shown = ""
        for record in file.records(last, end, wanted):
            shown = shown or _text(record)
            if not (_told(record, mark) or self._too_old(record)):
                yield Seen(record, _identity(file, record), open=not settled)
        at = end if settled else last
        behind = _digest(file.bytes(max(0, at - _BEHIND), at))
        self.marks[file.head] = Mark(at, behind, "" if settled else shown)

    def _too_old(self, record: Record) -> bool:
        return bool(self._since and record.time and record.time < self._since)


class _Known:
    """A file that is open, and checked after every read to be still the one that is meant.

    It is held by its handle, so renaming does not matter; it may be cut short and written anew.
    """

    def __init__(self, raw: BinaryIO, file: _File) -> None:
        self.raw = raw
        self.path, self.head = file.path, file.head
        self.size, self.changed = file.size, file.changed
        self._packed = file.packed
        self._check()

    def bytes(self, start: int, end: int) -> bytes:
        """Raises EOFError if they are not those of the file that is meant."""
        self.raw.seek(start)
        data = self.raw.read(end - start)
        if len(data) < end - start:
            raise EOFError
        if not self._packed:
            self._check()
        return data

    def records(self, start: int, end: int, wanted: Optional[Search]) -> Iterator[Record]:
        """The Records between two places. Raises EOFError as ``bytes`` does."""
        at = start

        def read(size: int) -> bytes:
            nonlocal at
            begin, at = at, min(at + size, end)
            return self.bytes(begin, at)

        if start < end:
            yield from parse_records(read, file=self.path, offset=start, wanted=wanted)

    def _check(self) -> None:
        self.raw.seek(0)
        if _first_line(self.raw.read(_FIRST_LINE)) != self.head:
            raise EOFError


def _valid(file: _Known, mark: Mark) -> Mark:
    """The Mark, or the file's start where it was cut short or written anew since."""
    if mark.offset > file.size:
        return Mark(0)
    behind = _digest(file.bytes(max(0, mark.offset - _BEHIND), mark.offset))
    return Mark(0) if mark.behind and behind != mark.behind else mark


def _sight(path: str, status: os.stat_result) -> _Sight:
    return _Sight(path, status.st_ino, status.st_size, status.st_mtime)


def _looked_into(path: str) -> Optional[_File]:
    """The file, or None if its first line is not whole yet."""
    with Path(path).open("rb") as raw:
        sight = _sight(path, os.fstat(raw.fileno()))
        packed = raw.read(2) == b"\x1f\x8b"
    file = _File(path, "", sight.size, packed, sight)
    with _opened(file) as raw:
        head = _first_line(raw.read(_FIRST_LINE))
        size = raw.seek(0, io.SEEK_END) if packed else file.size
    return replace(file, head=head, size=size) if head else None


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
        return files.in_words(error)
    return "the compressed data is damaged, so it is not read"


def _first_line(beginning: bytes) -> str:
    """Digest of the first line; empty if it is not whole yet."""
    line, newline, _ = beginning.partition(b"\n")
    return _digest(line) if newline or len(beginning) == _FIRST_LINE else ""


def _opened(file: _File) -> BinaryIO:
    if file.packed:
        return cast(BinaryIO, gzip.open(file.path, "rb"))
    return Path(file.path).open("rb")


def _last_newline(raw: BinaryIO, start: int, end: int) -> int:
    """Where the last whole line ends between two places; ``start`` if there is none."""
    while end > start:
        begin = max(start, end - _BLOCK)
        raw.seek(begin)
        at = raw.read(end - begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return start


def _last_record(file: _Known, start: int, end: int) -> int:
    """Where the last Record between two places begins. One of endless length is not waited for."""
    begin = max(start, end - KEEP)
    # A Record's start is looked for with the line break before it.
    before = b"\n" if begin == start else b""
    window = before + file.bytes(begin, end)
    starts = [found.start() for found in layout.START.finditer(window)]
    if not starts:
        return start if begin == start else end
    return begin + starts[-1] + 1 - len(before)


def _identity(file: _Known, record: Record) -> str:
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
