"""The question as a person types it, checked before anything is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Optional

from ssmdiag.policy.request import ContextValue
from ssmdiag.values import dataclass

_ACTION = re.compile(r"[a-z0-9][a-z0-9-]*:[A-Za-z0-9]+")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:\S+")
_NAME = re.compile(r"[\w+=,.@/-]{1,512}")


class QuestionError(ValueError):
    """The question makes no sense as it was typed; the message says what would."""


@dataclass(frozen=True)
class Question:
    """One question. ``resource`` is an ARN, ``*``, or a name that the action's service knows."""

    action: str
    resource: str
    principal: Optional[str] = None
    """A role's name, the ARN of a role, session or user, or a service principal; None: the agent's
    role, or else whoever asks."""
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)

    @property
    def service(self) -> str:
        return self.action.partition(":")[0].lower()


def read_question(
    action: str, resource: str, principal: Optional[str], context: Sequence[str]
) -> Question:
    """Check what was typed. Raises QuestionError.

    ``context`` holds ``key=value``; a key that is given several times has several values, and
    ``key=`` says that the request does not have it.
    """
    if not _ACTION.fullmatch(action):
        hint = "name one action" if "*" in action else "write it as service:Operation"
        raise QuestionError(f"{action!r} is no action: {hint}, as in kms:Decrypt")
    for what, text in (("resource", resource), ("principal", principal or "x")):
        if text.startswith("arn:") and not _ARN.fullmatch(text):
            raise QuestionError(f"{text!r} is not an ARN: the {what} needs all six parts")
        if not (text.startswith(("arn:", "s3://")) or text == "*" or _NAME.fullmatch(text)):
            raise QuestionError(f"{text!r} cannot be the name of a {what}")
    return Question(action, resource, principal, _context(context))


def _context(written: Sequence[str]) -> dict[str, ContextValue]:
    found: dict[str, list[str]] = {}
    for pair in written:
        key, equals, value = pair.partition("=")
        if not equals or ":" not in key:
            raise QuestionError(
                f"{pair!r} is no context key: write key=value, as in kms:ViaService="
                "s3.us-east-1.amazonaws.com, or key= for a key that the request does not have"
            )
        found.setdefault(key, []).extend([value] if value else [])
    return {key: _value(values) for key, values in found.items()}


def _value(values: list[str]) -> ContextValue:
    if not values:
        return None
    return values[0] if len(values) == 1 else values
