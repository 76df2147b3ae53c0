"""What a plan's steps are for, as comment lines: ``#`` begins one in every format."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ssmdiag.setup.plan import Plan, Step
from ssmdiag.setup.resources import Made

_WIDTH = 78


def comment(text: str) -> Iterator[str]:
    """Prose as comment lines; no text, however hostile, breaks out of them."""
    for line in textwrap.wrap(
        one_line(text), _WIDTH, break_long_words=False, break_on_hyphens=False
    ):
        yield f"# {line}"


def one_line(text: str) -> str:
    """The text without line breaks, nor anything else that is not printable."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def explained(step: Step) -> str:
    """What a step is for: what is missing now, what it does, and what to know before."""
    why = "; ".join(step.why)
    return (
        ". ".join(
            one_line(text).rstrip(".")
            for text in (why, f"So: {step.summary}", *step.advice)
            if text
        )
        + "."
    )


def why(made: Made, plan: Plan, told: set[int]) -> Iterator[str]:
    """What a resource is for. Reasons are told once, at the first resource that has them; ``told``
    holds the numbers of the steps that were explained."""
    numbers = [n for n, step in enumerate(plan.steps) if set(step.calls) & set(made.calls)]
    for number in numbers:
        step = plan.steps[number]
        yield from comment(f"Part of this: {step.summary}." if number in told else explained(step))
    told.update(numbers)
