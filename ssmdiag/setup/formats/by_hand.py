"""What neither a template nor Terraform can do, as commands to be run beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ssmdiag.setup.commands import commands
from ssmdiag.setup.formats.comments import explained
from ssmdiag.setup.plan import Plan, Step
from ssmdiag.setup.resources import Made
from ssmdiag.world.call import Call, call, promising

OPENING = "export AWS_PAGER=''"
"""Comes before the commands."""


def told(calls: Sequence[Call], plan: Plan) -> Iterator[tuple[list[str], str]]:
    """Each Call as a command, with what the steps that it is the first of are for."""
    said: list[Step] = []
    for order, text in zip(calls, commands(calls, plan.wanted.region)):
        steps = [step for step in plan.steps if order in step.calls and step not in said]
        said += steps
        yield [explained(step) for step in steps], text


def lookups(made: Sequence[Made], calls: Sequence[Call]) -> Iterator[Call]:
    """What tells the commands for ``calls`` the ARN of a key that was ``made`` before them.

    Raises ValueError if nothing can.
    """
    aliases = {m.properties["TargetKeyId"]: m.name for m in made if m.kind == "alias"}
    for key in made:
        if key.kind == "key" and key.new and any(key.name in order.arguments for order in calls):
            if key.name not in aliases:
                raise ValueError(f"no command can find {key.name} without an alias")
            describe = call("kms", "DescribeKey", KeyId=aliases[key.name])
            yield promising(describe, "KeyMetadata.Arn", key.name)
