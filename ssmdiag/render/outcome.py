"""Outcome → lines for a person: what the next session will do, and what that was told from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ssmdiag.outcome import Arrival, Expectation, Outcome, Stage
from ssmdiag.render.layout import Layout, Style

_MARKS: Mapping[Expectation, str] = {"yes": "✓", "no": "✗", "unknown": "?"}
_ASCII = {"✓": "+", "✗": "x"}
_MOOD: Mapping[Expectation, Style] = {"yes": "good", "no": "bad", "unknown": "doubt"}
_ARRIVES: Mapping[Expectation, str] = {
    "yes": "its log arrives",
    "no": "no log arrives",
    "unknown": "whether its log arrives is not known",
}


def outcome_lines(outcome: Outcome, layout: Layout, *, unseen: bool = True) -> list[str]:
    """Tell what a session started now will do, the answer first; ``unseen``: and at the end what
    was not looked at."""
    lines = list(_lines(outcome, layout))
    return [*lines, *unseen_lines(outcome.unseen, layout)] if unseen else lines


def unseen_lines(unseen: Sequence[str], layout: Layout) -> list[str]:
    """Say what was not looked at; no line if everything was."""
    if not unseen:
        return []
    said = f"Not looked at, and taken to be as it should: {', '.join(unseen)}."
    return layout.paragraph(said, "    ", style="quiet")


def mark(expectation: Expectation, layout: Layout) -> str:
    """The sign of an expectation; its word stands beside it wherever it is used."""
    sign = _MARKS[expectation]
    return _ASCII.get(sign, sign) if layout.ascii_only else sign


def _lines(outcome: Outcome, layout: Layout) -> Iterator[str]:
    yield from _marked(layout, outcome.whole, outcome.said)
    for step in outcome.steps:
        # What refuses the session, or leaves it open, is said already.
        if step.verdict != "yes" and step.why not in outcome.said:
            yield from _step(step, layout)
    for arrival in outcome.arrivals:
        if outcome.starts != "no" and arrival.because not in outcome.said:
            yield from _arrival(arrival, layout)
    for settle in outcome.settle:
        yield from layout.paragraph(f"To settle it: {settle}.", "    ")


def _step(step: Stage, layout: Layout) -> Iterator[str]:
    word = "fails" if step.verdict == "no" else "not known"
    yield from layout.paragraph(
        f"{step.step}: {word}; {step.why}", f"    {mark(step.verdict, layout)} "
    )


def _arrival(arrival: Arrival, layout: Layout) -> Iterator[str]:
    said = f"{arrival.where}: {_ARRIVES[arrival.arrives]}"
    said += f"; {arrival.because}" if arrival.because else f", {arrival.encrypted}"
    yield from layout.paragraph(said, f"    {mark(arrival.arrives, layout)} ")


def _marked(layout: Layout, expectation: Expectation, said: str) -> list[str]:
    lead = f"  {mark(expectation, layout)} "
    lines = layout.paragraph(said, lead)
    lines[0] = (
        f"  {layout.paint(mark(expectation, layout), _MOOD[expectation])} {lines[0][len(lead) :]}"
    )
    return lines
