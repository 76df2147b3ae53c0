"""A Plan for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from ssmdiag.iam.action import action_of
from ssmdiag.model import Checked, Holds
from ssmdiag.render.json import written
from ssmdiag.render.layout import Layout
from ssmdiag.setup.plan import Plan, Step

SCHEMA = "ssmdiag.plan/1"


def text(plan: Plan, layout: Layout, *, author: str = "") -> str:
    """Tell what is to be done, why, and what proves it.

    ``author`` says whose credentials would carry it out, if that is known.
    """
    return "\n".join(_lines(plan, layout, author)) + "\n"


def _lines(plan: Plan, layout: Layout, author: str) -> Iterator[str]:
    wanted = plan.wanted
    held = sum(isinstance(c.verdict, Holds) for c in plan.after)
    steps = [step for step in plan.steps if step.calls]
    if not steps:
        yield from layout.paragraph("Nothing is to be done.", style="strong")
    else:
        count = "One step" if len(steps) == 1 else f"{len(steps)} steps"
        head = f"{count} to be done in {wanted.region}, account {wanted.account}."
        yield from layout.paragraph(head, style="strong")
    for number, step in enumerate(steps, start=1):
        yield ""
        yield from _step(step, number, layout)
    for step in plan.steps:
        if not step.calls:
            yield ""
            yield from _by_hand(step, layout)
    yield ""
    yield from _proof(plan, held, layout)
    if plan.left:
        yield ""
        yield from layout.paragraph("What stays:", style="strong")
        for sentence in plan.left:
            yield from layout.paragraph(sentence, "- ")
    if steps:
        yield ""
        said = "It takes somebody who may do what --permissions prints"
        said += f"; {author}." if author else "."
        yield from layout.paragraph(said, style="quiet")


def _step(step: Step, number: int, layout: Layout) -> Iterator[str]:
    yield from layout.paragraph(step.summary, f"{number}. ", style="strong")
    margin = "   "
    for why in step.why:
        yield from layout.paragraph(f"now: {why}", margin)
    actions = dict.fromkeys(action_of(c.service, c.operation) for c in step.calls)
    yield from layout.paragraph(", ".join(actions), margin, style="quiet")
    for advice in step.advice:
        yield from layout.paragraph(f"! {advice}", margin, style="doubt")


def _by_hand(step: Step, layout: Layout) -> Iterator[str]:
    for why in step.why:
        yield from layout.paragraph(why, "✗ " if not layout.ascii_only else "x ", style="bad")
    for advice in step.advice:
        yield from layout.paragraph(f"by hand: {advice}", "  ")


def _proof(plan: Plan, held: int, layout: Layout) -> Iterator[str]:
    if not plan.after:
        return
    if not plan.open:
        when = "with it" if plan.calls else "now"
        said = f"Proved on paper: {held} requirements hold {when}, and none is broken."
        yield from layout.paragraph(said if plan.calls else f"{held} requirements hold now.")
        return
    yield from layout.paragraph(f"{held} requirements hold with it; these are not known to:")
    for checked in plan.open:
        yield from layout.paragraph(_said(checked), "? ", style="doubt")


def _said(checked: Checked) -> str:
    settle = getattr(checked.verdict, "settle", "")
    said = f"{checked.title}: {getattr(checked.verdict, 'said', '')}"
    return f"{said}; to settle it: {settle}" if settle else said


def to_json(plan: Plan) -> str:
    """The Changes, and what every Requirement says before and after them."""
    return written(
        SCHEMA,
        {
            "account": plan.wanted.account,
            "region": plan.wanted.region,
            "done": plan.done,
            "steps": plan.steps,
            "before": plan.before,
            "after": plan.after,
            "left": plan.left,
        },
    )
