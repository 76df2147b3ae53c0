"""Unrecognised errors, alike but for their variable parts, counted under one template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Optional

from ssmdiag.model import Cluster, Record
from ssmdiag.values import dataclass

MOST_CLUSTERS = 1_000
OVERFLOW = "(further kinds of errors)"

_CHARACTERS = 400

_VARIABLE = r"""(?x)
      (?P<url>\b(?:https?|wss?)://[^\s"'<>]+)
    | (?P<arn>\barn:aws[\w-]*:[^\s"'<>,)]+)
    | (?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)
    | (?P<time>\b\d{4}-\d\d-\d\d[T ]\d\d[:-]\d\d[:-]\d\d(?:[.,]\d+)?Z?)
    | (?P<id>\bm?i-[0-9a-f]{8,17}\b)
    | (?P<address>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b)
    | (?P<path>(?:\b[A-Za-z]:\\|(?<![\w.<])/)[^\s"':,;()]+)
    | (?P<hex>\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b)
    | (?P<number>\d+(?:\.\d+)?)
    """
_TIME_WITH_A_SPACE = r"-\d\d \d\d[:-]"


@cache
def mask() -> re.Pattern[str]:
    """Finds the variable parts as ``template`` names them."""
    return re.compile(rf"<(?P<kind>{'|'.join(sorted(re.compile(_VARIABLE).groupindex))}|\*)>")


def template(message: str) -> str:
    """The message with its variable parts named: ``open <path>: attempt <number>``."""
    text = " ".join(message[: 4 * _CHARACTERS].split())
    # No other variable part goes beyond a word, and most words come again.
    pieces = [text] if re.search(_TIME_WITH_A_SPACE, text) else text.split(" ")
    return " ".join(map(_masked, pieces))[:_CHARACTERS]


@lru_cache(maxsize=2048)
def _masked(text: str) -> str:
    return re.sub(_VARIABLE, lambda found: f"<{found.lastgroup}>", text)


ANYTHING = "<*>"
"""In a template: a word in which Records that are otherwise alike differ."""

_ALIKE = 0.6
_REMEMBERED = 10_000


@dataclass
class _Group:
    """Records that are alike."""

    words: list[str]
    level: str
    sample: Record
    count: int = 0

    def likeness(self, words: Sequence[str]) -> float:
        """The share of words that are the same, in the same place."""
        return sum(own == word for own, word in zip(self.words, words)) / len(words)

    def widen(self, words: Sequence[str]) -> None:
        self.words = [own if own == word else ANYTHING for own, word in zip(self.words, words)]


class Templates:
    """Counts Records by template, in bounded memory.

    After the variable parts that their form betrays, those remain that are words (a user's name, a
    plugin's). So messages of one level, length and first word, of whose words most are the same,
    are of one template: the method of Drain (He et al., "Drain: An Online Log Parsing Approach with
    Fixed Depth Tree", ICWS 2017), whose own package pins what it needs to versions of years ago.
    """

    def __init__(self) -> None:
        self._groups: list[_Group] = []
        self._beside: dict[tuple[str, int, str], list[_Group]] = {}
        self._known: dict[tuple[str, str], _Group] = {}
        self._overflow: Optional[_Group] = None

    def take(self, record: Record) -> None:
        text, level = template(record.message), record.level or ""
        group = self._known.get((level, text))
        if group is None:
            group = self._find(text.split(" "), level, record)
            if len(self._known) < _REMEMBERED:
                self._known[level, text] = group
        group.count += 1

    def _find(self, words: list[str], level: str, record: Record) -> _Group:
        beside = self._beside.setdefault((level, len(words), words[0]), [])
        alike = max(beside, key=lambda group: group.likeness(words), default=None)
        if alike is not None and alike.likeness(words) >= _ALIKE:
            alike.widen(words)
            return alike
        if len(self._groups) >= MOST_CLUSTERS:
            self._overflow = self._overflow or _Group([OVERFLOW], "", record)
            return self._overflow
        group = _Group(words, level, record)
        self._groups.append(group)
        beside.append(group)
        return group

    def clusters(self) -> tuple[Cluster, ...]:
        """The most frequent first; among equals the one that was seen first."""
        overflow = [self._overflow] if self._overflow else []
        found = [
            Cluster(" ".join(group.words), group.count, group.level, group.sample)
            for group in (*self._groups, *overflow)
        ]
        return tuple(sorted(found, key=lambda cluster: -cluster.count))


_TROUBLED_WORDS = (
    r"(?i)\b(?:error|fail(?:ed|ure|s)?|denied|unable|cannot|can't|couldn.t|could not|exception"
    r"|panic|refused|timed ?out|timeout|not authorized|fatal)\b"
)


def looks_like_trouble(level: Optional[str], message: str) -> bool:
    """True for WARN and above; without a level, by the words."""
    if level is None:
        return bool(re.search(_TROUBLED_WORDS, message[: 4 * _CHARACTERS]))
    return level in ("WARN", "ERROR", "CRITICAL")
