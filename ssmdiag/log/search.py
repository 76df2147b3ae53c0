"""Where in a block of bytes words stand, and how many lines there are: the scan's inner loops.

With the extra ``fast`` (``ahocorasick_rs``, ``stringzilla``) that takes vector instructions;
without it a few expressions of ``re``, and ``bytes``. Both find the same. What either does well was
measured: see ``scripts/bench``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Callable

PATIENCE = 4 << 20
"""Bytes that are searched before the extra is loaded: for less it would not pay."""

# ``re`` runs fast to the next place of one byte that it must begin with. So words share as few of
# these as possible; then one class of bytes turns most places away, and the whole word is looked
# back at last.
_PIVOTS = (b"R", b" ", b":")


class Search:
    """Looks for words, none of them with a line break, in the blocks of logs one after another."""

    def __init__(self, words: Iterable[bytes], patience: int = PATIENCE) -> None:
        self._words = _shortest(words)
        self._patience = patience

    def places(self, block: bytes, end: int) -> set[int]:
        """Places before ``end``, at least one in each line that holds a word."""
        self._patience -= end
        if self._patience < 0 and self._automaton is not None:
            found = self._automaton.find_matches_as_indexes(memoryview(block)[:end])
            return {start for _, start, _ in found}
        return {f.start() for each in self._expressions for f in each.finditer(block, 0, end)}

    def count_lines(self, block: bytes, start: int, end: int) -> int:
        """How many line breaks stand between two places."""
        count = bytes.count if self._patience >= 0 else self._count
        return count(block, b"\n", start, end)

    @cached_property
    def _expressions(self) -> list[re.Pattern[bytes]]:
        return expressions_of(self._words)

    @cached_property
    def _automaton(self) -> Any:
        try:
            from ahocorasick_rs import BytesAhoCorasick, MatchKind
        except ImportError:
            return None
        # This kind of match, not the standard one, is what vector instructions are used for.
        return BytesAhoCorasick(list(self._words), matchkind=MatchKind.LeftmostFirst)

    @cached_property
    def _count(self) -> Callable[[bytes, bytes, int, int], int]:
        try:
            import stringzilla
        except ImportError:
            return bytes.count
        count: Callable[[bytes, bytes, int, int], int] = stringzilla.count
        return count


def expressions_of(words: Sequence[bytes]) -> list[re.Pattern[bytes]]:
    """Expressions of which one matches wherever a word stands, and nowhere else."""
    groups: dict[bytes, list[bytes]] = {}
    for word in words:
        pivot = next((each for each in _PIVOTS if word.partition(each)[2]), b"")
        groups.setdefault(pivot, []).append(word)
    alone = groups.pop(b"", [])
    shared = [_expression_of(pivot, group) for pivot, group in groups.items()]
    return shared + [re.compile(re.escape(word)) for word in alone]


def _expression_of(pivot: bytes, words: Sequence[bytes]) -> re.Pattern[bytes]:
    tails = {word: word.partition(pivot)[2] for word in words}
    firsts = b"".join(sorted({re.escape(tail[:1]) for tail in tails.values()}))
    rests = [re.escape(tail[1:]) + b"(?<=" + re.escape(w) + b")" for w, tail in tails.items()]
    return re.compile(re.escape(pivot) + b"[" + firsts + b"](?:" + b"|".join(rests) + b")")


def _shortest(words: Iterable[bytes]) -> tuple[bytes, ...]:
    """Without those that hold another one."""
    each = sorted(set(words))
    return tuple(w for w in each if not any(o != w and o in w for o in each))
