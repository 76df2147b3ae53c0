"""AWS as a place to send to: an order is carried out, or the sink says what to do about it."""

from __future__ import annotations

from typing import Any

from ssmdiag.iam.action import action_of
from ssmdiag.model import Denial
from ssmdiag.tell.plain import one_line
from ssmdiag.tell.sink import SinkError
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Call, Denied, Known


def carried_out(order: Call, write: Door, resource: str) -> Any:
    """What AWS answered to ``order``, which needs a permission on ``resource``.

    Raises SinkError if it refused, does not know what is named, or did not answer.
    """
    answer = write(order)
    if isinstance(answer, Known):
        return answer.data
    action = action_of(order.service, order.operation)
    if isinstance(answer, Denied):
        raise SinkError(one_line(_refused(answer.denial, action, resource)))
    if isinstance(answer, Absent):
        raise SinkError(one_line(f"{action}: {answer.why}; see whether {resource} exists"))
    raise SinkError(
        one_line(f"{action} got no answer: {answer.why}; see the network and the credentials")
    )


def _refused(denial: Denial, action: str, resource: str) -> str:
    # An encrypted topic refuses with KMS's words: then KMS's permission is the one to grant.
    missing = denial.action or action
    who = denial.principal or "the principal that the program runs as"
    if denial.explicit:
        remedy = f"a Deny forbids it to {who}"
    else:
        remedy = f"grant {missing} on {denial.resource or resource} to {who}"
    return f"{missing} is not allowed: {remedy} ({denial.message})"
