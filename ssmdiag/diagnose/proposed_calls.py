"""Write Calls out of JSON: of a plan, a Report, a Finding or a Change, as this program writes them.

What JSON does not carry is put back: which value of a response later Calls hold (``Promise``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from ssmdiag.diagnose.proposal_targets import ProposalError
from ssmdiag.iam.arn import REGION
from ssmdiag.policy.document import PolicyError, parse
from ssmdiag.world.call import Call, promising
from ssmdiag.world.overlay import can_overlay

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}\Z")
_SERVICE = re.compile(r"[a-z][a-z0-9-]{1,30}\Z")
_REGION = re.compile(rf"(?:{REGION})?\Z")
_NEW_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/<[^\"<>]+>")
# Parameters that hold a document as text.
_TEXTS = {"Policy", "PolicyDocument", "AssumeRolePolicyDocument", "Content"}


def read_calls(value: Any) -> Optional[tuple[Call, ...]]:
    """The write Calls that a JSON value holds, in their order; None if it is no such JSON.

    Raises ProposalError for a Call that is malformed, or whose effect is not known.
    """
    written = _written(value)
    if written is None:
        return None
    calls = tuple(_call(each, number) for number, each in enumerate(written, start=1))
    if not calls:
        raise ProposalError("it holds no write Call")
    for order in calls:
        if not can_overlay([order]):
            raise ProposalError(
                f"what {order.service}:{order.operation} does is not known to ssmdiag, so nothing "
                "can be said about it"
            )
    return tuple(_with_promise(order, calls[i + 1 :]) for i, order in enumerate(calls))


def _written(value: Any) -> Optional[list[Any]]:
    """The list of Calls, wherever it stands: a Report counts calls of its own that only read."""
    if isinstance(value, list):
        return value
    if not isinstance(value, Mapping):
        return None
    for name, part in (("steps", "calls"), ("findings", "change")):
        if isinstance(value.get(name), list):
            inner = [each.get(part) for each in value[name] if isinstance(each, Mapping)]
            return [c for each in inner for c in (_written(each) or ())]
    change = value.get("change")
    if isinstance(change, Mapping):
        return _written(change)
    calls = value.get("calls")
    return calls if isinstance(calls, list) else None


def _call(written: Any, number: int) -> Call:
    parts = written if isinstance(written, Mapping) else {}
    service, operation = parts.get("service"), parts.get("operation")
    region, parameters = parts.get("region", ""), parts.get("parameters", {})
    texts = ((service, _SERVICE), (operation, _NAME), (region, _REGION))
    fine = all(isinstance(text, str) and form.match(text) for text, form in texts)
    if not (fine and isinstance(parameters, Mapping)):
        raise ProposalError(
            f"write Call {number} has not the form of one: service, operation, region, parameters"
        )
    for name in _TEXTS & set(parameters):
        try:
            parse(str(parameters[name]))
        except PolicyError as error:
            raise ProposalError(f"write Call {number}, {name}: {error}") from None
    # Not through ``call``: a parameter may be called as one of its own.
    arguments = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return Call(str(service), str(operation), arguments, region)


def _with_promise(order: Call, later: Sequence[Call]) -> Call:
    if order.operation == "UpdateDocument":
        for version in _new_versions(order, later):
            return promising(order, "DocumentDescription.DocumentVersion", version)
    if order.operation == "CreateKey":
        found = next((m for c in later if (m := _NEW_KEY.search(c.arguments))), None)
        return promising(order, "KeyMetadata.Arn", found.group()) if found else order
    return order


def _new_versions(order: Call, later: Sequence[Call]) -> Iterator[str]:
    for each in later:
        given = each.parameters
        version = str(given.get("DocumentVersion", ""))
        same = given.get("Name") == order.parameters.get("Name")
        if each.operation == "UpdateDocumentDefaultVersion" and same and not version.isdigit():
            yield version
