"""A stream of bytes → Records, in bounded memory, without building what nobody wants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Callable, NamedTuple, Optional

from ssmdiag.log import layout
from ssmdiag.log.search import Search
from ssmdiag.model import Record

CHUNK = 1 << 18
KEEP = 64 << 10
"""Bytes that are kept of one Record: the agent sets no limit, it even logs whole payloads."""

Read = Callable[[int], bytes]


_Span = tuple[int, int, bool]
"""Start, end, and whether a header stands at the start."""


class _Piece(NamedTuple):
    raw: bytes
    offset: int
    line: int
    cut: int
    headed: bool


def parse_records(
    read: Read,
    *,
    file: str = "",
    offset: int = 0,
    wanted: Optional[Search] = None,
) -> Iterator[Record]:
    """Yield the Records of the bytes that ``read(size)`` returns until it returns none.

    ``offset`` is the place in ``file`` where the bytes begin, at the start of a line; lines are
    counted only from the start of the file. With ``wanted``, a Record is built only where one of
    its words stands. Text before the first header is always yielded, nothing that is not blank gets
    lost.
    """
    for piece in _Cutter(read, offset, wanted).pieces():
        parts = [(start, raw) for start, raw in _parts(piece) if raw.strip(b" \t\r\n\0")]
        line, counted = piece.line, 0
        for start, raw in parts:
            line += piece.raw.count(b"\n", counted, start)
            counted = start
            cut = piece.cut if start == parts[-1][0] else 0
            yield layout.parse(
                raw[:KEEP],
                cut=cut + max(0, len(raw) - KEEP),
                file=file,
                line=line if piece.line else 0,
                offset=piece.offset + start,
            )


def _parts(piece: _Piece) -> Iterator[tuple[int, bytes]]:
    """The Records within one piece, with their offsets in it."""
    if piece.headed:
        yield from layout.split_embedded(piece.raw)
        return
    for start, paragraph in layout.split_paragraphs(piece.raw):
        for inner, part in layout.split_embedded(paragraph):
            for at in range(0, len(part), KEEP):
                yield start + inner + at, part[at : at + KEEP]


class _Cutter:
    """Cuts a stream where Records start.

    ``buffer`` always begins with the line break before a Record (one is put before the first
    line), so that a Record is never split by the seam of two chunks.
    """

    def __init__(self, read: Read, offset: int, wanted: Optional[Search]) -> None:
        self._read = read
        self._wanted = wanted
        self._buffer = b"\n"
        self._offset = offset - 1
        self._line = 0 if offset == 0 else None
        self._cut = self._cut_lines = self._counted = 0

    def pieces(self) -> Iterator[_Piece]:
        more = True
        while more:
            chunk = self._read(CHUNK)
            more = bool(chunk)
            self._buffer += chunk
            end = self._last_start() if more else len(self._buffer)
            if end == 0 and len(self._buffer) > KEEP + layout.LONGEST_HEADER:
                end = self._shorten()
            yield from self._within(end)
            self._forget(end)

    def _last_start(self) -> int:
        """Where the last Record of the buffer starts: more of it may follow."""
        at = len(self._buffer)
        while (at := self._buffer.rfind(b"\n", 0, at)) > 0:
            if layout.START.match(self._buffer, at):
                return at
        return 0

    def _shorten(self) -> int:
        """Drop the middle of a Record that is too long; text without a header goes on at once."""
        if not layout.START.match(self._buffer):
            return max(self._buffer.rfind(b"\n"), 0) or len(self._buffer)
        tail = len(self._buffer) - layout.LONGEST_HEADER
        self._cut += tail - KEEP
        self._cut_lines += self._buffer.count(b"\n", KEEP, tail)
        self._buffer = self._buffer[:KEEP] + self._buffer[tail:]
        return 0

    def _within(self, end: int) -> Iterator[_Piece]:
        """The wanted pieces of ``buffer[:end]``."""
        for start, stop, headed in self._spans(end):
            first = start + self._buffer.startswith(b"\n", start)
            line = self._line_at(first)
            raw = self._buffer[first:stop]
            if start:
                yield _Piece(raw, self._offset + self._cut + first, line, 0, headed)
            else:
                yield _Piece(raw, self._offset + first, line, self._cut, headed)

    def _line_at(self, place: int) -> int:
        """The number of the line that begins at ``buffer[place]``; 0 if lines are not counted."""
        if self._line is None:
            return 0
        count = self._wanted.count_lines if self._wanted else _count_lines
        self._line += count(self._buffer, self._counted, place)
        self._counted = place
        if place > 1:  # behind a Record of which the middle was dropped
            self._line += self._cut_lines
            self._cut_lines = 0
        return self._line

    def _spans(self, end: int) -> Iterator[_Span]:
        if self._wanted is not None:
            yield from self._wanted_spans(end, self._wanted.places(self._buffer, end))
            return
        starts = [found.start() for found in layout.START.finditer(self._buffer, 0, end)]
        stops = [*starts[1:], end]
        if end and starts[:1] != [0]:
            yield 0, starts[0] if starts else end, False
        yield from ((start, stop, True) for start, stop in zip(starts, stops))

    def _wanted_spans(self, end: int, hits: set[int]) -> Iterator[_Span]:
        buffer = self._buffer
        if end and not layout.START.match(buffer):
            hits.add(0)
        done = 0
        for hit in sorted(hits):
            if hit < done:
                continue
            header = self._start_before(hit, done)
            start, behind = header.span() if header else (done, done + 1)
            following = layout.START.search(buffer, behind, end)
            stop = following.start() if following else end
            yield start, stop, header is not None
            done = stop

    def _start_before(self, hit: int, floor: int) -> Optional[re.Match[bytes]]:
        """The header of the Record that ``hit`` lies in; None if that has none."""
        at = hit + 1
        while (at := self._buffer.rfind(b"\n", floor, at)) >= floor:
            if found := layout.START.match(self._buffer, at):
                return found
        return None

    def _forget(self, end: int) -> None:
        if not end:
            return
        self._line_at(end)
        self._offset += end + self._cut
        self._buffer = self._buffer[end:]
        self._cut = self._cut_lines = self._counted = 0


def _count_lines(block: bytes, start: int, end: int) -> int:
    return block.count(b"\n", start, end)
