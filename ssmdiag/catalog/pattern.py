"""The catalogue's nouns: Pattern, Doubt, Catalog, Problem."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from typing import Any, Literal, Optional, get_args

from ssmdiag.model import ResourceKind, Severity
from ssmdiag.values import dataclass

When = Literal[
    "always",
    "denial",
    "unreachable",
    "not-found",
    "throttled",
    "key-state",
    "invalid",
    "credentials",
    "clock",
    "service",
]
WHENS: tuple[str, ...] = get_args(When)

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL")
TROUBLE = ("WARN", "ERROR", "CRITICAL")

SAME_FAILURE = "*"
"""In ``echo_of``: whichever Record of the session tells of the same failed request."""


@dataclass(frozen=True)
class Doubt:
    """One ``[[suspects]]`` table: in which case which Requirement is in doubt."""

    when: When
    requirement: str
    resource: Optional[ResourceKind] = None
    """For a denial: whose identity policy is meant if AWS names no other kind of policy."""
    likely: bool = False
    leaves_trace: bool = False
    """The agent would have logged that fault by itself, in the same session."""
    action: Optional[str] = None
    """Only for denials of this ``service:Operation``; ``*`` and ``?`` as in IAM."""
    host: Optional[str] = None
    """Only if this host was to be reached; ``*`` and ``?`` as in IAM, empty if it is not told."""
    text: Optional[str] = None
    """Only if this expression is found in the failure's text."""

    @property
    def condition(self) -> tuple[Optional[str], Optional[str], Optional[str]]:
        return self.action, self.host, self.text

    @property
    def narrow(self) -> bool:
        return self.condition != (None, None, None)


@dataclass(frozen=True)
class Pattern:
    """How one family of Records looks, and what it may mean. Written in TOML, never in code."""

    id: str
    title: str
    area: str
    severity: Severity
    source: str
    literals: tuple[str, ...]
    expressions: tuple[str, ...]
    explanation: str = ""
    agents: str = ""
    levels: tuple[str, ...] = TROUBLE
    subject: tuple[str, ...] = ()
    benign: str = ""
    echo_of: tuple[str, ...] = ()
    clue_to: tuple[str, ...] = ()
    """Means nothing alone; said beside one of these, its suspects come before theirs."""
    suspects: tuple[Doubt, ...] = ()
    priority: int = 0


_Numbered = tuple[int, str]
"""A literal, and its place in the order in which Patterns are to be tried."""


@dataclass(frozen=True)
class Catalog:
    """All Patterns, and what a failed request means whatever Pattern it was found in."""

    patterns: tuple[Pattern, ...]
    failures: tuple[Doubt, ...] = ()

    def __getitem__(self, pattern_id: str) -> Pattern:
        return self._by_id[pattern_id]

    def __contains__(self, pattern_id: str) -> bool:
        return pattern_id in self._by_id

    @cached_property
    def _by_id(self) -> dict[str, Pattern]:
        return {pattern.id: pattern for pattern in self.patterns}

    @cached_property
    def literals(self) -> tuple[tuple[str, Pattern], ...]:
        """Every literal with its Pattern, in the order in which Patterns are to be tried."""
        ranked = sorted(self.patterns, key=lambda pattern: (-pattern.priority, pattern.id))
        return tuple((literal, pattern) for pattern in ranked for literal in pattern.literals)

    def having(self, text: str) -> Iterable[Pattern]:
        """The Patterns of which a literal occurs in ``text``, in the order in which to try them.

        White space in ``text`` is single spaces. Most literals have a whole word inside, so that
        those whose word does not occur need not be looked for.
        """
        by_word, wordless = self._by_word
        numbers = [number for number, literal in wordless if literal in text]
        for word in by_word.keys() & text.split(" "):
            numbers += [number for number, literal in by_word[word] if literal in text]
        patterns = (self.literals[number][1] for number in sorted(numbers))
        return {pattern.id: pattern for pattern in patterns}.values()

    @cached_property
    def _by_word(self) -> tuple[dict[str, list[_Numbered]], list[_Numbered]]:
        """Numbered literals by the longest word that stands whole in them; those without one."""
        by_word: dict[str, list[_Numbered]] = {}
        wordless: list[_Numbered] = []
        for number, (literal, _) in enumerate(self.literals):
            inside = literal.split(" ")[1:-1]
            alike = by_word.setdefault(max(inside, key=len), []) if inside else wordless
            alike.append((number, literal))
        return by_word, wordless


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file of the catalogue, and under which key."""

    file: str
    key: str
    text: str
    line: int = 0
    """On which line of the file, from 1; 0 if it is not told."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.text}" if self.key else f"{place}: {self.text}"


@cache
def compiled(expression: str) -> Any:
    """The compiled expression; ``.`` is any character. Raises ValueError if it is none.

    Compiling the whole catalogue costs more than reading a small log, and so does the package that
    does it: hence on first use.
    """
    import regex

    try:
        return regex.compile(expression, regex.DOTALL | regex.VERSION1)
    except regex.error as error:
        raise ValueError(str(error)) from None


SECONDS_PER_EXPRESSION = 0.02
"""Processor time after which an expression counts as not found: log text is hostile."""


def search(expression: str, text: str) -> Optional[dict[str, str]]:
    """What the expression's named groups captured in ``text``; None if it is not found."""
    try:
        return find(expression, text)
    except TimeoutError:
        return None


def find(expression: str, text: str) -> Optional[dict[str, str]]:
    """As ``search``. Raises TimeoutError where that gives up."""
    try:
        found = compiled(expression).search(text, timeout=SECONDS_PER_EXPRESSION)
    except ValueError:
        return None
    if not found:
        return None
    return {name: value for name, value in found.groupdict().items() if value is not None}
