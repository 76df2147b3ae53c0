"""Judgement → text for a person: the answer first, then the reason, then exactly what to type."""

from __future__ import annotations

from collections.abc import Iterator

from ssmdiag.policy.judgement import Judgement
from ssmdiag.render.layout import Layout, Style

_MOOD: dict[str, Style] = {"allowed": "good", "denied": "bad", "undetermined": "doubt"}
_LABEL = 12


def text(judgement: Judgement, layout: Layout) -> str:
    """Tell the whole Judgement. Commands are never wrapped, indented or coloured."""
    return "\n".join(_lines(judgement, layout)) + "\n"


def _lines(judgement: Judgement, layout: Layout) -> Iterator[str]:
    yield from layout.paragraph(f"{judgement.said}.", style=_MOOD[judgement.outcome])
    yield ""
    yield from _labelled(layout, "because", judgement.reasons)
    yield from _labelled(layout, "AWS", judgement.evidence)
    yield from _labelled(layout, "to settle", judgement.settle)
    yield from _labelled(layout, "not seen", judgement.unseen)
    if judgement.advice:
        yield ""
        yield from _labelled(layout, "to do", judgement.advice)
    yield from _change(judgement, layout)


def _labelled(layout: Layout, label: str, sentences: tuple[str, ...]) -> Iterator[str]:
    for number, sentence in enumerate(sentences):
        lead = (label if number == 0 else "").ljust(_LABEL)
        yield from layout.paragraph(sentence, lead)


def _change(judgement: Judgement, layout: Layout) -> Iterator[str]:
    change, proof = judgement.change, judgement.proof
    if change is None:
        return
    yield ""
    yield from layout.paragraph(f"To allow it: {change.summary}.", style="strong")
    if proof:
        word = "proved" if proof.proved else "not proved"
        yield from _labelled(layout, word, (proof.said,))
    yield from _labelled(layout, "run by", (change.actor,))
    for command in change.commands:
        yield ""
        yield from layout.verbatim(command)
