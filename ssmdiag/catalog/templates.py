"""Unrecognised errors, alike but for their variable parts, counted under one template."""

from __future__ import annotations

import re
from typing import Optional

from ssmdiag.model import Cluster, Record

MOST_CLUSTERS = 1_000
OVERFLOW = "(further kinds of errors)"

_CHARACTERS = 400

_VARIABLE = re.compile(
    r"""
      (?P<url>\b(?:https?|wss?)://[^\s"'<>]+)
    | (?P<arn>\barn:aws[\w-]*:[^\s"'<>,)]+)
    | (?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)
    | (?P<time>\b\d{4}-\d\d-\d\d[T ]\d\d[:-]\d\d[:-]\d\d(?:[.,]\d+)?Z?)
    | (?P<id>\bm?i-[0-9a-f]{8,17}\b)
    | (?P<address>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b)
    | (?P<path>(?:\b[A-Za-z]:\\|(?<![\w.<])/)[^\s"':,;()]+)
    | (?P<hex>\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b)
    | (?P<number>\d+(?:\.\d+)?)
    """,
    re.VERBOSE,
)


def template(message: str) -> str:
    """The message with its variable parts named: ``open <path>: attempt <number>``."""
    text = " ".join(message[: 4 * _CHARACTERS].split())
    return _VARIABLE.sub(lambda found: f"<{found.lastgroup}>", text)[:_CHARACTERS]


class Templates:
    """Counts Records by template, in bounded memory."""

    def __init__(self) -> None:
        self._clusters: dict[tuple[str, str], tuple[int, Record]] = {}

    def take(self, record: Record) -> None:
        key = (template(record.message), record.level or "")
        if key not in self._clusters and len(self._clusters) >= MOST_CLUSTERS:
            key = (OVERFLOW, "")
        count, sample = self._clusters.get(key, (0, record))
        self._clusters[key] = (count + 1, sample)

    def clusters(self) -> tuple[Cluster, ...]:
        """The most frequent first; among equals the one that was seen first."""
        found = [
            Cluster(text, count, level, sample)
            for (text, level), (count, sample) in self._clusters.items()
        ]
        return tuple(sorted(found, key=lambda cluster: -cluster.count))


_TROUBLED_WORDS = re.compile(
    r"\b(?:error|fail(?:ed|ure|s)?|denied|unable|cannot|can't|couldn.t|could not|exception|panic"
    r"|refused|timed ?out|timeout|not authorized|fatal)\b",
    re.IGNORECASE,
)


def looks_like_trouble(level: Optional[str], message: str) -> bool:
    """True for WARN and above; without a level, by the words."""
    if level is None:
        return bool(_TROUBLED_WORDS.search(message[: 4 * _CHARACTERS]))
    return level in ("WARN", "ERROR", "CRITICAL")
