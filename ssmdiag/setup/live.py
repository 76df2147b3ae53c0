"""A real write to the log group, as the agent makes it, and everything taken away again.

Source: agent source ``agent/agentlogstocloudwatch/cloudwatchlogspublisher`` (CreateLogStream,
PutLogEvents); Amazon CloudWatch Logs API Reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from ssmdiag.iam.action import action_of
from ssmdiag.model import Advice, Broken, Checked, Holds, Resource, Unverified, Verdict
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Answer, Call, Denied, Known, call, reason


@dataclass(frozen=True)
class Trial:
    """One real write: where, under which name, at which moment, and who makes it."""

    group: str
    stream: str
    """A name that no other stream has."""
    moment: int
    """Milliseconds since the epoch."""
    who: str


def try_out(trial: Trial, write: Door) -> tuple[Checked, ...]:
    """Write one event, read the encryption state back, and remove the stream that was made."""
    return tuple(_links(trial, write))


def _links(trial: Trial, write: Door) -> Iterator[Checked]:
    where = {"logGroupName": trial.group, "logStreamName": trial.stream}
    created = call("logs", "CreateLogStream", **where)
    answer = write(created)
    yield _link("live/stream", "A log stream can be made", _done(trial, created, answer))
    if not isinstance(answer, Known):
        return
    event = {"timestamp": trial.moment, "message": "ssmdiag setup verify --live"}
    put = call("logs", "PutLogEvents", **where, logEvents=[event])
    yield _link("live/event", "An event can be written", _done(trial, put, write(put)))
    yield _link("live/encryption", "What is written is encrypted", _encrypted(trial, write))
    yield _link("live/removal", "The stream is removed again", _removed(trial, write))


def _link(id_: str, title: str, verdict: Verdict) -> Checked:
    return Checked(id_, title, "destination", verdict)


def _done(trial: Trial, order: Call, answer: Answer) -> Verdict:
    if isinstance(answer, Known):
        return Holds(f"{trial.who} did {order.operation} on {trial.group}")
    resource = Resource("role" if isinstance(answer, Denied) else "log-group", trial.group)
    said = f"{trial.who} could not do {order.operation} on {trial.group}"
    return Broken(said, resource, (reason(answer),), provable=False)


def _encrypted(trial: Trial, write: Door) -> Verdict:
    group = described(write, trial.group)
    if isinstance(group, Gap):
        return Unverified(group.why, (Resource("log-group", trial.group),), group.settle)
    if key := (group or {}).get("kmsKeyId"):
        return Holds(f"log group {trial.group} is encrypted with {key}")
    said = f"log group {trial.group} has no KMS key"
    return Broken(said, Resource("log-group", trial.group), (), provable=False)


def _removed(trial: Trial, write: Door) -> Verdict:
    order = call("logs", "DeleteLogStream", logGroupName=trial.group, logStreamName=trial.stream)
    answer = write(order)
    if isinstance(answer, Known):
        return Holds(f"log stream {trial.stream} is removed")
    # The agent's role need not be allowed this, and usually is not.
    return Unverified(
        f"log stream {trial.stream} with one event is left: {reason(answer)}",
        (),
        f"somebody who may {action_of('logs', 'DeleteLogStream')} can remove it, or leave it",
        remedies=(Advice("one event of a few bytes does no harm"),),
    )
