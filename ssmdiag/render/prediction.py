"""A Prediction for people and for programs: which sessions break comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ssmdiag.diagnose.prediction import Foreseen, Prediction, Shift
from ssmdiag.model import Unverified, Verdict
from ssmdiag.outcome import Outcome
from ssmdiag.render.json import written
from ssmdiag.render.layout import Layout, Style
from ssmdiag.render.outcome import outcome_lines, unseen_lines

SCHEMA = "ssmdiag.prediction/1"

_MOOD: dict[str, Style] = {"fine": "good", "broken": "bad", "unverified": "doubt"}


def text(prediction: Prediction, layout: Layout) -> str:
    """Tell the whole Prediction: with a change, every kind of sessions before and after it."""
    return "\n".join(_lines(prediction, layout)) + "\n"


def to_json(prediction: Prediction) -> str:
    """The Prediction as JSON; Outcomes, Verdicts and Stages as the model names their fields."""
    return written(SCHEMA, prediction)


def _lines(prediction: Prediction, layout: Layout) -> Iterator[str]:
    if prediction.changes:
        yield from layout.paragraph(prediction.said, style=_MOOD[prediction.verdict])
        for change in prediction.changes:
            yield from layout.paragraph(change, "  ", style="quiet")
    for number, foreseen in enumerate(prediction.sessions):
        if number or prediction.changes:
            yield ""
        yield from _foreseen(foreseen, layout)
    told = [seen for f in prediction.sessions for seen in (f.after or f.before).unseen]
    yield from unseen_lines(tuple(dict.fromkeys(told)), layout)
    for heading, shifts in (
        ("It breaks", prediction.breaks),
        ("It mends", prediction.mends),
        ("With it this is seen to be broken, which is hidden or not known now", prediction.reveals),
    ):
        yield from _shifts(heading, shifts, layout)


def _foreseen(foreseen: Foreseen, layout: Layout) -> Iterator[str]:
    words = foreseen.words
    yield from layout.paragraph(f"{words[:1].upper()}{words[1:]}", style="strong")
    if foreseen.after is None:
        yield from outcome_lines(foreseen.before, layout, unseen=False)
        return
    for loss in foreseen.losses:
        yield from layout.paragraph(f"! {loss}", "  ", style="bad")
    if _same(foreseen.before, foreseen.after):
        yield "  now and with the change"
        yield from outcome_lines(foreseen.after, layout, unseen=False)
        return
    yield "  now"
    yield from outcome_lines(foreseen.before, layout, unseen=False)
    yield "  with the change"
    yield from outcome_lines(foreseen.after, layout, unseen=False)


def _same(one: Outcome, other: Outcome) -> bool:
    return (one.said, one.arrivals) == (other.said, other.arrivals)


def _shifts(heading: str, shifts: Sequence[Shift], layout: Layout) -> Iterator[str]:
    if not shifts:
        return
    yield ""
    yield from layout.paragraph(heading, style="strong")
    for shift in shifts:
        yield from layout.paragraph(f"{shift.title}: {_told(shift.after)} ({shift.id})", "  - ")


def _told(verdict: Verdict) -> str:
    settle = f"; {verdict.settle}" if isinstance(verdict, Unverified) and verdict.settle else ""
    return f"{verdict.said}{settle}"
