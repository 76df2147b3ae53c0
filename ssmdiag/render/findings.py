"""One Finding for a person: what is wrong, why, and exactly what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ssmdiag.model import Finding, Resource
from ssmdiag.render.layout import Layout
from ssmdiag.render.sightings import sighting

_BODY = "   "
_LABEL = 11


def finding_lines(layout: Layout, number: int, finding: Finding) -> list[str]:
    """The Finding as a numbered block; commands stand alone on their lines, to be copied."""
    doubt = "Could not verify: " if finding.verdict == "unverified" else ""
    return [
        *layout.paragraph(doubt + finding.said, lead=f"{number}. ", style="strong"),
        "",
        *_labelled(layout, "Why", finding.evidence),
        *_labelled(layout, "Seen", [sighting(symptom) for symptom in finding.symptoms]),
        *_labelled(layout, "Suspects", [_named(suspect) for suspect in finding.suspects]),
        *_labelled(layout, "To settle", finding.settle),
        *_fix(layout, finding),
    ]


def _named(resource: Resource) -> str:
    return f"{resource.kind} {resource.name}".rstrip()


def _fix(layout: Layout, finding: Finding) -> Iterator[str]:
    change = finding.change
    remedy = "If so" if finding.verdict == "unverified" else "Fix"
    if change:
        yield from _labelled(layout, remedy, [change.summary])
        yield from _labelled(layout, "Run by", [change.actor] if change.actor else [])
        yield ""
        for command in change.commands:
            yield from layout.verbatim(command)
        yield ""
    yield from _labelled(layout, "Also" if change else remedy, finding.advice)
    if finding.proof:
        label = "Proved" if finding.proof.proved else "Not proved"
        yield from _labelled(layout, label, [finding.proof.said])


def _labelled(layout: Layout, label: str, texts: Sequence[str]) -> Iterator[str]:
    margin = _BODY + " " * _LABEL
    bullet = "- " if len(texts) > 1 else ""
    for position, each in enumerate(texts):
        lines = layout.paragraph(each, lead=margin + bullet)
        if position == 0:
            name = layout.paint(label, "quiet") + " " * (_LABEL - len(label))
            lines[0] = _BODY + name + lines[0][len(margin) :]
        yield from lines
