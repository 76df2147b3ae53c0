"""A world as it would be after some write Calls: the door that proves a Change on paper.

Each writing operation has one effect (``effects/``): a function that rewrites the Answers of the
reading Calls which would see the change. A writing operation without an effect cannot be proved,
and ``can_overlay`` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ssmdiag.world.call import Answer, Ask, Call, Known, call
from ssmdiag.world.effects import cloudwatch, ec2, iam, kinesis, kms, logs, osis, s3, ssm

_EFFECTS = {
    (service, operation): effect
    for service, effects in {
        "cloudwatch": cloudwatch.EFFECTS,
        "ec2": ec2.EFFECTS,
        "iam": iam.EFFECTS,
        "kinesis": kinesis.EFFECTS,
        "kms": kms.EFFECTS,
        "logs": logs.EFFECTS,
        "osis": osis.EFFECTS,
        "s3": s3.EFFECTS,
        "ssm": ssm.EFFECTS,
    }.items()
    for operation, effect in effects.items()
}


class Overlay:
    """An ``Ask`` that sees ``writes`` as done on top of the world behind ``below``."""

    def __init__(self, below: Ask, writes: Sequence[Call]) -> None:
        self._below = below
        self._effects = [
            (_EFFECTS[w.service, w.operation], _resolved(writes, i, below))
            for i, w in enumerate(writes)
        ]

    def __call__(self, question: Call, /) -> Answer:
        answer = self._below(question)
        for effect, parameters in self._effects:
            answer = effect(parameters, question, answer)
        return answer

    def all(self, questions: Sequence[Call], /) -> list[Answer]:
        return [self(question) for question in questions]


def can_overlay(writes: Sequence[Call]) -> bool:
    """True if the effect of every one of these write Calls is known."""
    return all((w.service, w.operation) in _EFFECTS for w in writes)


def _resolved(writes: Sequence[Call], position: int, below: Ask) -> dict[str, Any]:
    """The parameters of one write, with what AWS adds to them by itself."""
    write = writes[position]
    parameters = write.parameters
    if write.operation == "UpdateDocumentDefaultVersion":
        version, before = parameters["DocumentVersion"], writes[position - 1]
        if position and before.gives and before.gives.stand_in == version:
            parameters["Content"] = before.parameters["Content"]
        else:
            parameters["Content"] = _content(below, parameters["Name"], version)
    if write.operation == "CreateKey" and write.gives:
        parameters["Arn"] = write.gives.stand_in
    if write.operation == "CreateAlias":
        target = below(call("kms", "DescribeKey", KeyId=parameters["TargetKeyId"]))
        parameters["Target"] = target.data if isinstance(target, Known) else None
    if write.operation in ("CreateRole", "CreateInstanceProfile"):
        caller = below(call("sts", "GetCallerIdentity"))
        parameters["Caller"] = caller.data if isinstance(caller, Known) else {}
    return parameters


def _content(below: Ask, name: str, version: str) -> str:
    """A version's text; the newest one, which was surely read already, is tried first."""
    for wanted in ("$LATEST", version):
        answer = below(call("ssm", "GetDocument", Name=name, DocumentVersion=wanted))
        if isinstance(answer, Known) and str(answer.data.get("DocumentVersion")) == version:
            return str(answer.data["Content"])
    return "{}"
