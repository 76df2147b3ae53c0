"""What says that a Call was carried out already, so that a script can be run again without harm.

Sources: the API References of the services, for which reading operation sees what another makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Callable, Optional, Union

from ssmdiag.setup.documents import document_of, reading_of, text_of, words_for
from ssmdiag.setup.plan import Plan, Step
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call, call


@dataclass(frozen=True)
class Exists:
    """Something is made: not to be done if ``read`` finds it."""

    what: str
    read: Call
    query: str
    """JMESPath: what of the response is not empty then. For a promised value, where it is."""


@dataclass(frozen=True)
class Replaces:
    """A document is replaced or deleted: not to be done if it says what is wanted (or is gone), and
    not to be done either if it is no longer what the plan was made from."""

    what: str
    read: Call
    query: str
    before: Optional[str]
    """The text from which the plan was made; None if there was none."""
    wanted: str
    """Empty if there is to be none."""


@dataclass(frozen=True)
class Unit:
    """Calls that are done together or not at all. Without guard they may be repeated at will."""

    calls: tuple[Call, ...]
    guard: Union[Exists, Replaces, None]


# These complete the Call before them.
_SECOND = ("CreateAlias", "UpdateDocumentDefaultVersion")
_FIRST = ("CreateKey", "UpdateDocument")


NEW_KEY = "made key {}; if this stops before its alias is made, plan anew with --key"
"""Is said, with the ARN, of a key that was just made: nothing but its alias finds it again."""


def units(step: Step, plan: Plan) -> Iterator[Unit]:
    """The Calls of a step, each with its guard."""
    calls = list(step.calls)
    while calls:
        taken = 1
        if calls[0].operation in _FIRST and calls[1:] and calls[1].operation in _SECOND:
            taken = 2
        together, calls = tuple(calls[:taken]), calls[taken:]
        yield Unit(together, _guard(together, plan))


def may_be_gone(order: Call) -> bool:
    """Is it no failure if AWS says that there is nothing of that name (any more)?"""
    return order.operation.startswith("Delete")


def _guard(calls: Sequence[Call], plan: Plan) -> Union[Exists, Replaces, None]:
    order = calls[0]
    document = document_of(order)
    if document:
        return Replaces(
            words_for(order),
            reading_of(order),
            document.read[1],
            plan.replaced.get(order),
            text_of(order),
        )
    if order.operation == "CreateKey":
        order = calls[-1]
    seen = _SEEN.get(order.operation)
    return seen(order) if seen else None


def _alias(order: Call) -> Exists:
    name = order.parameters["AliasName"]
    return Exists(f"key {name}", call("kms", "DescribeKey", KeyId=name), "KeyMetadata.Arn")


def _log_group(order: Call) -> Exists:
    name = order.parameters["logGroupName"]
    read = call("logs", "DescribeLogGroups", logGroupNamePrefix=name)
    return Exists(f"log group {name}", read, _named("logGroups", "logGroupName", name))


def _role(order: Call) -> Exists:
    name = order.parameters["RoleName"]
    return Exists(f"role {name}", call("iam", "GetRole", RoleName=name), "Role.RoleName")


def _profile(order: Call) -> Exists:
    name = order.parameters["InstanceProfileName"]
    read = call("iam", "GetInstanceProfile", InstanceProfileName=name)
    return Exists(f"instance profile {name}", read, "InstanceProfile.InstanceProfileName")


def _in_profile(order: Call) -> Exists:
    role = order.parameters["RoleName"]
    made = _profile(order)
    query = _named("InstanceProfile.Roles", "RoleName", role)
    return Exists(f"role {role} in {made.what}", made.read, query)


def _policy(order: Call) -> Exists:
    name = order.parameters["PolicyName"]
    read = call("iam", "ListPolicies", Scope="Local")
    return Exists(f"policy {name}", read, _named("Policies", "PolicyName", name))


def _bucket(order: Call) -> Exists:
    name = order.parameters["Bucket"]
    return Exists(f"bucket {name}", call("s3", "ListBuckets"), _named("Buckets", "Name", name))


def _document(order: Call) -> Exists:
    name = order.parameters["Name"]
    return Exists(f"document {name}", call("ssm", "GetDocument", Name=name), "Name")


def _default(order: Call) -> Exists:
    """A version that is made the default by itself, not after an update."""
    name, version = order.parameters["Name"], order.parameters["DocumentVersion"]
    read = call("ssm", "GetDocument", Name=name, DocumentVersion="$DEFAULT")
    return Exists(f"version {version}", read, f"[DocumentVersion][?@=='{version}']")


def _data_stream(order: Call) -> Exists:
    name = order.parameters["StreamName"]
    read = call("kinesis", "DescribeStreamSummary", StreamName=name)
    return Exists(f"stream {name}", read, "StreamDescriptionSummary.StreamName")


def _encrypted(order: Call) -> Exists:
    made = _data_stream(order)
    # The CLI would print a null as a word.
    return Exists(f"encryption of {made.what}", made.read, "StreamDescriptionSummary.KeyId || ''")


def _pipeline(order: Call) -> Exists:
    name = order.parameters["PipelineName"]
    read = call("osis", "GetPipeline", PipelineName=name)
    return Exists(f"pipeline {name}", read, "Pipeline.PipelineName")


def _running(order: Call) -> Exists:
    made = _pipeline(order)
    running = "[Pipeline.Status][?@!='STOPPED' && @!='STOPPING' && @!='START_FAILED']"
    return Exists(f"running {made.what}", made.read, running)


def _named(listed: str, field: str, name: str) -> str:
    # A raw string literal of JMESPath ends at the next quote.
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"{listed}[?{field}=='{escaped}'].{field}"


_SEEN: dict[str, Callable[[Call], Exists]] = {
    "CreateAlias": _alias,
    "CreateLogGroup": _log_group,
    "CreateRole": _role,
    "CreateInstanceProfile": _profile,
    "AddRoleToInstanceProfile": _in_profile,
    "CreatePolicy": _policy,
    "CreateBucket": _bucket,
    "CreateDocument": _document,
    "UpdateDocumentDefaultVersion": _default,
    "CreateStream": _data_stream,
    "StartStreamEncryption": _encrypted,
    "CreatePipeline": _pipeline,
    "StartPipeline": _running,
}
