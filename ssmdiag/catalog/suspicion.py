"""Which Requirements a failure, found in the words of a Pattern, casts doubt on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Optional

from ssmdiag.catalog.pattern import Catalog, Doubt, Pattern, search
from ssmdiag.iam.failure import denied_resource
from ssmdiag.model import Denial, Failure, ResourceKind, Suspect


def suspects(
    catalog: Catalog, pattern: Pattern, failure: Optional[Failure]
) -> tuple[tuple[Suspect, ...], bool]:
    """The suspects in order of likelihood, and whether the text alone decides between them.

    A row with a condition goes before one without, and the Pattern's own before those of
    ``failures.toml``, which hold for any request. Where the kind of failure is not known,
    everything that the Pattern mentions is in doubt.
    """
    doubts = _doubts(catalog, pattern, failure)
    named = tuple(
        dict.fromkeys(
            Suspect(doubt.requirement, _resource(doubt, failure), doubt.leaves_trace)
            for doubt in doubts
        )
    )
    kinds = {suspect.resource for suspect in named}
    return named, len(kinds) == 1 or bool(doubts and doubts[0].likely)


def _doubts(catalog: Catalog, pattern: Pattern, failure: Optional[Failure]) -> Sequence[Doubt]:
    own = _own(catalog, pattern)
    always = [doubt for doubt in own if doubt.when == "always"]
    if failure is None or failure.kind == "other":
        return always or [doubt for doubt in own if not doubt.narrow]
    return [*_applicable(own, catalog.failures, failure), *always]


def _own(catalog: Catalog, pattern: Pattern) -> Sequence[Doubt]:
    """An echo that names no suspects means those of what it repeats."""
    if pattern.suspects or not pattern.echo_of or pattern.echo_of[0] not in catalog:
        return pattern.suspects
    return catalog[pattern.echo_of[0]].suspects


def _applicable(own: Iterable[Doubt], general: Iterable[Doubt], failure: Failure) -> list[Doubt]:
    """All rows that have the first condition that fits; without one, all that have no condition."""
    fitting, fallback = ([d for d in rows if _fits(d, failure)] for rows in (own, general))
    narrow = [doubt for doubt in (*fitting, *fallback) if doubt.narrow]
    return (
        [doubt for doubt in narrow if doubt.condition == narrow[0].condition] or fitting or fallback
    )


def _fits(doubt: Doubt, failure: Failure) -> bool:
    if doubt.when != failure.kind:
        return False
    action = (failure.denial.action if failure.denial else None) or ""
    if doubt.action is not None and not _like(action.lower(), doubt.action.lower()):
        return False
    if doubt.host is not None and not _like((failure.host or "").lower(), doubt.host):
        return False
    return doubt.text is None or search(doubt.text, failure.text) is not None


def _like(text: str, form: str) -> bool:
    """As ``fnmatchcase``, which compiles an expression even where there is nothing wild."""
    plain = "".join(takewhile(lambda char: char not in "*?[", form))
    return text == form if plain == form else text.startswith(plain) and fnmatchcase(text, form)


def _resource(doubt: Doubt, failure: Optional[Failure]) -> ResourceKind:
    if doubt.when != "denial":
        return doubt.resource or "none"
    denial: Optional[Denial] = failure.denial if failure else None
    named = denied_resource(denial) if denial else "role"
    return doubt.resource if doubt.resource and named == "role" else named
