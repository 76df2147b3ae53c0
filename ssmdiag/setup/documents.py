"""Documents that a Call writes or deletes as a whole: policies, preferences. What is in them must
not be lost.

Sources: the API References of IAM, KMS, S3 and Systems Manager, for each operation and the one that
reads the same document.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional, Union

from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Known, call


@dataclass(frozen=True)
class Document:
    """How one kind of document is written and read."""

    what: str
    """In words, with the parameters that tell which one: ``the policy of key {KeyId}``."""
    text: str
    """The parameter that holds the text; empty for a Call that deletes the document."""
    names: tuple[str, ...]
    """The parameters that tell which document it is."""
    read: tuple[str, str]
    """The operation that reads it, and where its response holds the text."""
    fixed: tuple[tuple[str, str], ...] = ()
    """Parameters of the reading Call that are always the same."""


_DOCUMENTS = {
    ("kms", "PutKeyPolicy"): Document(
        "the policy of key {KeyId}",
        "Policy",
        ("KeyId",),
        ("GetKeyPolicy", "Policy"),
        (("PolicyName", "default"),),
    ),
    ("iam", "PutRolePolicy"): Document(
        "inline policy {PolicyName} of role {RoleName}",
        "PolicyDocument",
        ("RoleName", "PolicyName"),
        ("GetRolePolicy", "PolicyDocument"),
    ),
    ("iam", "DeleteRolePolicy"): Document(
        "inline policy {PolicyName} of role {RoleName}",
        "",
        ("RoleName", "PolicyName"),
        ("GetRolePolicy", "PolicyDocument"),
    ),
    ("iam", "UpdateAssumeRolePolicy"): Document(
        "the trust policy of role {RoleName}",
        "PolicyDocument",
        ("RoleName",),
        ("GetRole", "Role.AssumeRolePolicyDocument"),
    ),
    ("ssm", "UpdateDocument"): Document(
        "document {Name}",
        "Content",
        ("Name",),
        ("GetDocument", "Content"),
        (("DocumentVersion", "$DEFAULT"),),
    ),
    ("s3", "PutBucketPolicy"): Document(
        "the policy of bucket {Bucket}",
        "Policy",
        ("Bucket",),
        ("GetBucketPolicy", "Policy"),
    ),
}


@dataclass(frozen=True)
class _Setting:
    """A thing that a Call makes, or sets anew where there is one of its name."""

    what: str
    read: str
    given: tuple[str, ...]
    """The parameters that the reading operation takes, too."""
    listed: str
    name: str
    """What its name is called, in the Call and in the list."""
    moving: tuple[str, ...] = ()
    """How the names of those fields begin that change without anybody changing it."""


_SETTINGS = {
    ("logs", "PutMetricFilter"): _Setting(
        "metric filter {filterName} of log group {logGroupName}",
        "DescribeMetricFilters",
        ("logGroupName",),
        "metricFilters",
        "filterName",
    ),
    ("logs", "PutSubscriptionFilter"): _Setting(
        "subscription filter {filterName} of log group {logGroupName}",
        "DescribeSubscriptionFilters",
        ("logGroupName",),
        "subscriptionFilters",
        "filterName",
    ),
    ("cloudwatch", "PutMetricAlarm"): _Setting(
        "alarm {AlarmName}",
        "DescribeAlarms",
        (),
        "MetricAlarms",
        "AlarmName",
        ("State", "EvaluationState"),
    ),
}


def document_of(order: Call) -> Optional[Document]:
    """The kind of document that a write Call writes or deletes; None if it does neither."""
    return _DOCUMENTS.get((order.service, order.operation))


def text_of(order: Call) -> str:
    """The text that a Call writes; empty if it deletes the document."""
    document = _DOCUMENTS[order.service, order.operation]
    return str(order.parameters[document.text]) if document.text else ""


def is_whole(order: Call) -> bool:
    """Does a Call write or delete a document or a setting as a whole, whatever is in it?"""
    which = order.service, order.operation
    return which in _SETTINGS or which in _DOCUMENTS


def words_for(order: Call) -> str:
    """Which document or setting a Call writes or deletes, in words."""
    which = order.service, order.operation
    what = _SETTINGS[which].what if which in _SETTINGS else _DOCUMENTS[which].what
    return what.format(**order.parameters)


def reading_of(order: Call) -> Call:
    """The Call that reads the document that ``order`` writes or deletes."""
    document = _DOCUMENTS[order.service, order.operation]
    which = {name: order.parameters[name] for name in document.names}
    return call(order.service, document.read[0], order.region, **which, **dict(document.fixed))


def replaced(ask: Door, order: Call) -> Optional[str]:
    """The text that ``order`` would replace or delete; None if there is none, or it is unknown."""
    found = current(ask, order) if is_whole(order) else None
    return str(found.data) if isinstance(found, Known) else None


def current(ask: Door, order: Call) -> Answer:
    """What ``order``, which ``is_whole``, would replace or delete, as it is now.

    ``Known`` holds its text; for a setting, which has no text, how AWS lists it. ``Absent`` if
    there is none.
    """
    setting = _SETTINGS.get((order.service, order.operation))
    if setting is not None:
        return _listed(ask, order, setting)
    answer = ask(reading_of(order))
    if not isinstance(answer, Known):
        return answer
    found: Any = answer.data
    for name in _DOCUMENTS[order.service, order.operation].read[1].split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return _text(found, order)


def _listed(ask: Door, order: Call, setting: _Setting) -> Answer:
    parameters = order.parameters
    given = {name: parameters[name] for name in setting.given}
    answer = ask(call(order.service, setting.read, order.region, **given))
    if not isinstance(answer, Known):
        return answer
    listed = answer.data.get(setting.listed, [])
    same = [each for each in listed if each.get(setting.name) == parameters[setting.name]]
    lasting = [{k: v for k, v in s.items() if not k.startswith(setting.moving)} for s in same[:1]]
    return _text(lasting[0] if lasting else None, order)


def _text(found: Any, order: Call) -> Answer:
    if found is None:
        return Absent(f"there is no {words_for(order)}")
    text = found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False)
    return Known(text)


def written_once(calls: Sequence[Call]) -> list[Union[Call, int]]:
    """Write each document once: where it is written first, as it is written last.

    A later text was composed with the earlier one in place, and so contains it. At the position of
    a Call that is not needed then stands the position of the one that does its work.
    """
    first: dict[tuple[str, ...], int] = {}
    kept: list[Union[Call, int]] = []
    for position, order in enumerate(calls):
        which = _which(order)
        if which is None or which not in first:
            kept.append(order)
            first.update({which: position} if which else {})
        else:
            earlier = calls[first[which]]
            kept[first[which]] = _holding(earlier, order)
            kept.append(first[which])
    return kept


def _which(order: Call) -> Optional[tuple[str, ...]]:
    if order.operation == "CreateKey" and order.gives:
        # The key's first policy is the document that PutKeyPolicy writes later.
        return "kms", "PutKeyPolicy", order.gives.stand_in
    document = document_of(order)
    if document is None or not document.text or order.operation == "UpdateDocument":
        return None
    names = (str(order.parameters[name]) for name in document.names)
    return order.service, order.operation, *names


def _holding(order: Call, last: Call) -> Call:
    document = document_of(order)
    parameter = document.text if document else "Policy"
    arguments = {**order.parameters, parameter: text_of(last)}
    return replace(order, arguments=json.dumps(arguments, sort_keys=True, separators=(",", ":")))
