"""Call and Answer: every question to the outside is a value, and so is what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional, Protocol, Union

from ssmdiag.model import Denial
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Promise:
    """A value that AWS will tell only in its response to a write Call.

    Until then later Calls hold ``stand_in`` in its place, anywhere in their arguments; ``path`` is
    where the response holds it, as in ``KeyMetadata.Arn``.
    """

    path: str
    stand_in: str


@dataclass(frozen=True)
class Call:
    """One question (or, in a Change, one order) to an AWS service or to the host.

    ``service`` is boto3's service name, or ``host``; ``operation`` the API's operation name as the
    AWS API references print it; ``arguments`` its parameters as canonical JSON, so that a Call can
    be a dictionary key and a line of a Snapshot. ``region`` is empty for the node's own.
    """

    service: str
    operation: str
    arguments: str = "{}"
    region: str = ""
    gives: Optional[Promise] = None
    """What later Calls need of the response to this one."""

    @property
    def parameters(self) -> dict[str, Any]:
        parameters: dict[str, Any] = json.loads(self.arguments)
        return parameters

    def __str__(self) -> str:
        shown = ", ".join(f"{k}={v}" for k, v in self.parameters.items())
        place = f"@{self.region}" if self.region else ""
        return f"{self.service}:{self.operation}{place}({shown})"


def call(service: str, operation: str, region: str = "", **parameters: Any) -> Call:
    """Make a Call from keyword parameters, which must be JSON values."""
    arguments = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return Call(service, operation, arguments, region)


_PLAIN = re.compile(r"[\w:/.+=@,-]+")


def promising(order: Call, path: str, stand_in: str) -> Call:
    """The same write Call, whose response later ones need."""
    return replace(order, gives=Promise(path, stand_in))


def keeping(order: Call, promise: Promise, value: str) -> Call:
    """A later Call with the value that was promised. Raises ValueError if it is not a plain one."""
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"{promise.path} of the response is {value!r}, which is no plain value")
    return replace(order, arguments=order.arguments.replace(promise.stand_in, value))


@dataclass(frozen=True)
class Known:
    """AWS (or the host) answered; ``data`` holds JSON values only. Never change it in place."""

    data: Any


@dataclass(frozen=True)
class Absent:
    """The thing asked for does not exist, and the answer says so."""

    why: str


@dataclass(frozen=True)
class Denied:
    """The question was refused. ``denial`` names the permission that was missing."""

    denial: Denial


@dataclass(frozen=True)
class Unreachable:
    """No usable answer: network, timeout, throttled to the end, an error of AWS, no credentials."""

    why: str


Answer = Union[Known, Absent, Denied, Unreachable]


def reason(answer: Union[Absent, Denied, Unreachable]) -> str:
    """Why an Answer is not ``Known``, in the words of whoever gave it."""
    return answer.denial.message if isinstance(answer, Denied) else answer.why


class Ask(Protocol):
    """The one door. ``ask(call)`` answers one Call; ``ask.all`` several, side by side if it can."""

    def __call__(self, question: Call, /) -> Answer: ...

    def all(self, questions: Sequence[Call], /) -> list[Answer]: ...
