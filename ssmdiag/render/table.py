"""Rows → a table for the terminal that keeps to the page, or records where no table fits."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Optional

from ssmdiag.render.json import written
from ssmdiag.render.layout import Layout

SCHEMA = "ssmdiag.rows/1"

_GAP = "  "
_NARROWEST = 10
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def table(
    rows: Sequence[Mapping[str, str]],
    layout: Layout,
    columns: Sequence[str] = (),
    none: str = "No rows: nothing in this period fits the question.",
    cell_lines: Optional[int] = 5,
) -> str:
    """Draw the rows below their columns' names; ``none`` is said if there are no rows.

    Without ``columns`` they are those of the rows, in the order in which they occur. Cells that
    are too long are wrapped, and cut with an ellipsis after ``cell_lines`` (None: never). No word
    is parted, since nobody could copy half an ARN: where the page is too narrow for that, each row
    becomes a record with a line for every value. Values may come from anywhere: no control
    character gets through.
    """
    if not rows:
        return "\n".join(layout.paragraph(none)) + "\n"
    names = list(columns or dict.fromkeys(name for row in rows for name in row))
    heads = [layout.line(name) for name in names]
    body = [[layout.line(row.get(name, "")) for name in names] for row in rows]
    widths = _widths([heads, *body], layout.width)
    if widths:
        lines = _table(heads, body, widths, layout, cell_lines)
    else:
        lines = _records(heads, body, layout, cell_lines)
    return "\n".join(lines) + "\n"


def _widths(lines: Sequence[Sequence[str]], page: int) -> list[int]:
    """What each column gets: the widest give way first, but none parts a word. Else nothing."""
    columns = list(zip(*lines))
    needed = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in cell.split(" ")) for column in columns]
    room = page - len(_GAP) * (len(columns) - 1)
    if sum(least) > room:
        return []
    most = min(max(needed), room)
    while sum(_between(*bounds, most) for bounds in zip(least, needed)) > room:
        most -= 1
    return [_between(*bounds, most) for bounds in zip(least, needed)]


def _between(least: int, needed: int, most: int) -> int:
    return max(least, min(needed, most))


def _table(
    heads: list[str],
    body: list[list[str]],
    widths: Sequence[int],
    layout: Layout,
    cell_lines: Optional[int],
) -> Iterator[str]:
    numbers = [all(_NUMBER.fullmatch(row[at] or "0") for row in body) for at in range(len(heads))]
    for line in _row(heads, widths, numbers, layout, cell_lines):
        yield layout.paint(line, "strong")
    yield layout.paint(_GAP.join("-" * width for width in widths), "quiet")
    for row in body:
        yield from _row(row, widths, numbers, layout, cell_lines)


def _row(
    cells: Sequence[str],
    widths: Sequence[int],
    numbers: Sequence[bool],
    layout: Layout,
    cell_lines: Optional[int],
) -> Iterator[str]:
    stacks = [_wrapped(cell, w, layout, cell_lines) for cell, w in zip(cells, widths)]
    for level in range(max(map(len, stacks))):
        pieces = [stack[level] if level < len(stack) else "" for stack in stacks]
        yield _GAP.join(
            piece.rjust(width) if number else piece.ljust(width)
            for piece, width, number in zip(pieces, widths, numbers)
        ).rstrip()


def _records(
    heads: list[str], body: list[list[str]], layout: Layout, cell_lines: Optional[int]
) -> Iterator[str]:
    margin = max(map(len, heads)) + len(_GAP)
    for number, row in enumerate(body):
        if number:
            yield ""
        for head, cell in zip(heads, row):
            width = max(layout.width - margin, _NARROWEST)
            lines = _wrapped(cell, width, layout, cell_lines) if cell else []
            for place, line in enumerate(lines):
                lead = head.ljust(margin) if place == 0 else " " * margin
                yield layout.paint(lead, "quiet") + line


def _wrapped(cell: str, width: int, layout: Layout, cell_lines: Optional[int]) -> list[str]:
    lines = textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False) or [""]
    if cell_lines is None or len(lines) <= cell_lines:
        return lines
    ellipsis = layout.line("…")
    last = lines[cell_lines - 1][: width - len(ellipsis)].rstrip() + ellipsis
    return [*lines[: cell_lines - 1], last]


def rows_to_json(
    rows: Sequence[Mapping[str, str]], columns: Sequence[str], statistics: Mapping[str, float]
) -> str:
    """The rows for programs, with what the query cost."""
    whole = {
        "columns": list(columns),
        "rows": [dict(row) for row in rows],
        "statistics": dict(statistics),
    }
    return written(SCHEMA, whole)
