"""Should a catalogue ship? What ``load`` accepts may still be useless, misleading or slow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import combinations

from ssmdiag.catalog.match import CHARACTERS_READ
from ssmdiag.catalog.pattern import (
    SAME_FAILURE,
    Catalog,
    Doubt,
    Pattern,
    Problem,
    compiled,
)

LONGEST_TITLE = 100
SHORTEST_LITERAL = 8
_SLOW_SECONDS = 0.1
"""What explodes takes far longer, and what does not takes far less, also on a machine at work."""


def lint(catalog: Catalog, requirements: Collection[str]) -> tuple[Problem, ...]:
    """What speaks against shipping ``catalog``; ``requirements`` are the ids that exist."""
    problems: list[Problem] = []
    for pattern in catalog.patterns:
        found = (
            *_words(pattern),
            *_literals(pattern),
            *_expressions(pattern),
            *_references(catalog, pattern),
            *_doubts(pattern.suspects, requirements),
        )
        problems.extend(Problem(f"{pattern.id}.toml", key, text) for key, text in found)
    problems.extend(
        Problem("failures.toml", key, text) for key, text in _doubts(catalog.failures, requirements)
    )
    return (*problems, *_overlaps(catalog))


_Found = Iterator[tuple[str, str]]


def _words(pattern: Pattern) -> _Found:
    if len(pattern.title) > LONGEST_TITLE or "\n" in pattern.title:
        yield "title", f"is not one line of at most {LONGEST_TITLE} characters"
    if not pattern.source:
        yield "source", "is missing: where does the agent write this?"
    if not pattern.explanation and not pattern.benign:
        yield "explanation", "is missing: what does this mean, and what are typical causes?"


def _literals(pattern: Pattern) -> _Found:
    written = " ".join(pattern.expressions)
    for literal in pattern.literals:
        others = [other for other in pattern.literals if other != literal]
        if len(literal) < SHORTEST_LITERAL:
            yield "literals", f"{literal!r} is too short to sift by"
        if " ".join(literal.split()) != literal.strip():
            yield "literals", f"{literal!r} can never occur: white space is read as one space"
        if any(other in literal for other in others):
            yield "literals", f"{literal!r} is dead: another literal is part of it"
        if not any(word in written for word in re.findall(r"\w{4,}", literal)):
            yield "literals", f"{literal!r} is dead: no expression has a word of it"


def _expressions(pattern: Pattern) -> _Found:
    groups: set[str] = set()
    for expression in (*pattern.expressions, *(d.text for d in pattern.suspects if d.text)):
        try:
            groups.update(compiled(expression).groupindex)
        except ValueError as error:
            yield "expressions", f"{expression!r} is not an expression: {error}"
            continue
        if _slow(expression, pattern.literals):
            yield "expressions", f"{expression!r} is slow on hostile text"
    for name in sorted(set(pattern.subject) - groups):
        yield "subject", f"{name!r} is captured by no expression"
    conditional = [doubt for doubt in pattern.suspects if doubt.when != "always"]
    if conditional and "error" not in groups:
        yield "suspects", "depend on the kind of failure, but no expression captures (?<error>…)"


def _slow(expression: str, literals: Collection[str]) -> bool:
    return any(_interrupted(expression, text) for text in hostile(literals))


def _interrupted(expression: str, text: str) -> bool:
    try:
        compiled(expression).search(text, timeout=_SLOW_SECONDS)
    except TimeoutError:
        return True
    return False


def hostile(literals: Collection[str]) -> Iterator[str]:
    """Texts as long as a message can be: every literal over and over, and nothing to end it."""
    for filling in ("a", "a ", '"', "/", ": ", "{", "\\", "é"):
        yield (filling * CHARACTERS_READ)[:CHARACTERS_READ]
        for literal in literals:
            yield (literal + filling * CHARACTERS_READ)[:CHARACTERS_READ]
            yield ((literal + filling * 3) * CHARACTERS_READ)[:CHARACTERS_READ]


def _references(catalog: Catalog, pattern: Pattern) -> _Found:
    for key, names in (("echo_of", pattern.echo_of), ("clue_to", pattern.clue_to)):
        for name in names:
            if name != SAME_FAILURE and name not in catalog:
                yield key, f"{name!r} is no pattern"
    if pattern.id in _echoed(catalog, pattern):
        yield "echo_of", "goes in a circle"


def _echoed(catalog: Catalog, pattern: Pattern) -> set[str]:
    """Ids of all that ``pattern`` repeats, directly or through another echo."""
    reached: set[str] = set()
    ahead = [*pattern.echo_of, *pattern.clue_to]
    while ahead:
        name = ahead.pop()
        if name in catalog and name not in reached:
            reached.add(name)
            ahead.extend((*catalog[name].echo_of, *catalog[name].clue_to))
    return reached


def _doubts(doubts: Collection[Doubt], requirements: Collection[str]) -> _Found:
    for doubt in doubts:
        if doubt.requirement not in requirements:
            yield "suspects", f"{doubt.requirement!r} is no Requirement"


def _overlaps(catalog: Catalog) -> Iterator[Problem]:
    for one, other in combinations(catalog.patterns, 2):
        shared = set(one.expressions) & set(other.expressions)
        if shared and one.priority == other.priority and set(one.levels) & set(other.levels):
            text = f"has an expression of {other.id} at the same priority"
            yield Problem(f"{one.id}.toml", "expressions", text)
