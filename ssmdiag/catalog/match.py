"""Record → the Pattern that knows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Optional

from ssmdiag.catalog.pattern import Catalog, Pattern, find
from ssmdiag.iam.failure import read_failure
from ssmdiag.model import Failure, Record
from ssmdiag.values import dataclass

CHARACTERS_READ = 16_384
"""Longer messages are dumps (payloads, stack traces); what they are about stands at their head."""

_TIMEOUTS_AT_MOST = 2
"""After so many expressions that came to no end, a Record is not looked at any further."""

QUIET = ("TRACE", "DEBUG", "INFO")


@dataclass(frozen=True)
class Hit:
    """A Record and the Pattern that knows it."""

    pattern: Pattern
    fields: tuple[tuple[str, str], ...]
    """What the expression captured, sorted by name, without ``error`` and ``session``."""
    error: str
    """What the expression captured as ``error``: the words of the failed request."""
    failure: Optional[Failure]
    """``error``, read."""
    session: Optional[str]
    """The session that the Record speaks of, though it may not be the one that wrote it."""


def match(catalog: Catalog, record: Record) -> Optional[Hit]:
    """The Pattern of the highest priority that knows ``record``, with what it captured."""
    return next(hits(catalog, record), None)


def hits(catalog: Catalog, record: Record) -> Iterator[Hit]:
    """Every Pattern that knows ``record``, in the order in which ``match`` prefers them.

    Expressions see the message with each run of whitespace as one space, because excerpts arrive
    wrapped: ``Error Calling\\n  DescribeLogGroups:`` is the same words.
    """
    text = " ".join(record.message[:CHARACTERS_READ].split())
    patience = _TIMEOUTS_AT_MOST
    for pattern in catalog.having(text):
        if not _admits(pattern, record.level):
            continue
        captured, given_up = _search(pattern, text, patience)
        patience -= given_up
        if captured is not None:
            yield _hit(pattern, captured, record)


def interesting(catalog: Catalog, also: Iterable[bytes] = ()) -> tuple[bytes, ...]:
    """One of these words stands in every INFO or DEBUG Record that can mean anything here.

    ``also`` are further words that somebody wants to see.
    """
    quiet = {
        literal.encode()
        for literal, pattern in catalog.literals
        if any(level in QUIET for level in pattern.levels)
    }
    return tuple(sorted(quiet.union(also)))


def _admits(pattern: Pattern, level: Optional[str]) -> bool:
    return level is None or level in pattern.levels


def _search(pattern: Pattern, text: str, patience: int) -> tuple[Optional[dict[str, str]], int]:
    """What the first expression that is found captured, and how many were given up before."""
    given_up = 0
    for expression in pattern.expressions:
        if given_up >= patience:
            break
        try:
            captured = find(expression, text)
        except TimeoutError:
            given_up += 1
            continue
        if captured is not None:
            return captured, given_up
    return None, given_up


def _hit(pattern: Pattern, captured: dict[str, str], record: Record) -> Hit:
    error = captured.pop("error", "").strip()
    session = captured.pop("session", None) or record.session
    failure = _read(re.sub(_REQUEST_ID, "", error)) if error else None
    return Hit(pattern, tuple(sorted(captured.items())), error, failure, session)


_REQUEST_ID = r"(?i)(?:, | )(?:request|host) id: ?[\w/+=-]*"

_read = lru_cache(maxsize=1024)(read_failure)
"""A failure that repeats every second differs in its request id only; the sample keeps one."""
