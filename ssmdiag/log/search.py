"""Where in a block of bytes something stands that is worth a closer look: the scan's inner loop.

With the extra ``fast`` (``ahocorasick_rs``, ``stringzilla``) words are sought and line breaks
counted by vector instructions; without it by few expressions of ``re``, and by ``bytes``. Both find
the same. What either does well was measured: see ``scripts/bench``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Callable, Union

Sought = Union[bytes, "re.Pattern[bytes]"]
"""A word without a line break, or an expression; words are found several times faster."""

Places = Callable[[bytes, int], "set[int]"]
"""Block and end → places before the end, at least one in each line that holds a word."""

LARGE = 1 << 18
"""Bytes of a block from which on the extra is used: for less, loading it would not pay."""

# ``re`` runs fast to the next place of one byte that it must begin with. So words share as few of
# these as possible; then one class of bytes turns most places away, and the whole word is looked
# back at last.
_PIVOTS = (b"R", b" ", b":")


@lru_cache(maxsize=16)
def finder(sought: tuple[Sought, ...]) -> Places:
    """Looks for all of these at once."""
    words = tuple(each for each in sought if isinstance(each, bytes) and _is_word(each))
    expressions = [_expression(each) for each in sought if each not in words]
    return _Finder(_shortest(words), expressions).places


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


def count(word: bytes, block: bytes, start: int, end: int) -> int:
    """How often the word stands between two places of a block; it must not overlap itself."""
    if len(block) < LARGE:
        return block.count(word, start, end)
    return _counter()(block, word, start, end)


class _Finder:
    def __init__(self, words: tuple[bytes, ...], expressions: list[re.Pattern[bytes]]) -> None:
        self._expressions = expressions
        self._words = words

    @cached_property
    def _plain(self) -> list[re.Pattern[bytes]]:
        return expressions_of(self._words)

    @cached_property
    def _automaton(self) -> Any:
        return automaton_of(self._words) if self._words else None

    def places(self, block: bytes, end: int) -> set[int]:
        found = _starts(self._expressions, block, end)
        automaton = self._automaton if len(block) >= LARGE else None
        if automaton is None:
            found.update(_starts(self._plain, block, end))
        else:
            hits = automaton.find_matches_as_indexes(memoryview(block)[:end])
            found.update(start for _, start, _ in hits)
        return found


def automaton_of(words: Sequence[bytes]) -> Any:
    """An automaton for the words, or None where the extra ``fast`` is not installed."""
    try:
        from ahocorasick_rs import BytesAhoCorasick, MatchKind
    except ImportError:
        return None
    # This kind of match, not the standard one, is what vector instructions are used for.
    return BytesAhoCorasick(list(words), matchkind=MatchKind.LeftmostFirst)


@lru_cache(maxsize=1)
def _counter() -> Callable[[bytes, bytes, int, int], int]:
    try:
        import stringzilla
    except ImportError:
        return bytes.count
    counter: Callable[[bytes, bytes, int, int], int] = stringzilla.count
    return counter


def _is_word(text: bytes) -> bool:
    return bool(text) and b"\n" not in text


def _expression(sought: Sought) -> re.Pattern[bytes]:
    return re.compile(re.escape(sought)) if isinstance(sought, bytes) else sought


def _starts(expressions: Iterable[re.Pattern[bytes]], block: bytes, end: int) -> set[int]:
    return {found.start() for each in expressions for found in each.finditer(block, 0, end)}


def _shortest(words: Iterable[bytes]) -> tuple[bytes, ...]:
    """Without those that hold another one."""
    each = sorted(set(words))
    return tuple(w for w in each if not any(o != w and o in w for o in each))
