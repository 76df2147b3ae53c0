"""Documents that a Call writes as a whole: policies, preferences. What is in them must not be lost.

Sources: the API References of IAM, KMS, S3 and Systems Manager, for each operation and the one that
reads the same document.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional, Union

from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call, Known, call


@dataclass(frozen=True)
class Document:
    """How one kind of document is written and read."""

    what: str
    """In words, with the parameters that tell which one: ``the policy of key {KeyId}``."""
    text: str
    """The parameter that holds the text."""
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
        "alarm {AlarmName}", "DescribeAlarms", (), "MetricAlarms", "AlarmName"
    ),
}


def document_of(order: Call) -> Optional[Document]:
    """The kind of document that a write Call writes; None if it writes none."""
    return _DOCUMENTS.get((order.service, order.operation))


def text_of(order: Call) -> str:
    """The text that a Call writes."""
    return str(order.parameters[_DOCUMENTS[order.service, order.operation].text])


def words_for(order: Call) -> str:
    """Which document or setting a Call writes, in words."""
    which = order.service, order.operation
    what = _SETTINGS[which].what if which in _SETTINGS else _DOCUMENTS[which].what
    return what.format(**order.parameters)


def reading_of(order: Call) -> Call:
    """The Call that reads what ``order`` writes."""
    document = _DOCUMENTS[order.service, order.operation]
    which = {name: order.parameters[name] for name in document.names}
    return call(order.service, document.read[0], order.region, **which, **dict(document.fixed))


def replaced(ask: Ask, order: Call) -> Optional[str]:
    """The text that ``order`` would replace; None if it makes something new.

    For a setting, which has no text, that is how AWS lists it.
    """
    setting = _SETTINGS.get((order.service, order.operation))
    if setting is not None:
        return _listed(ask, order, setting)
    document = document_of(order)
    answer = ask(reading_of(order)) if document else None
    if document is None or not isinstance(answer, Known):
        return None
    found: Any = answer.data
    for name in document.read[1].split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        return None
    return found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False)


def _listed(ask: Ask, order: Call, setting: _Setting) -> Optional[str]:
    parameters = order.parameters
    given = {name: parameters[name] for name in setting.given}
    answer = ask(call(order.service, setting.read, order.region, **given))
    listed = answer.data.get(setting.listed, []) if isinstance(answer, Known) else []
    same = [each for each in listed if each.get(setting.name) == parameters[setting.name]]
    return json.dumps(same[0], indent=2, ensure_ascii=False) if same else None


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
    if document is None or order.operation == "UpdateDocument":
        return None
    names = (str(order.parameters[name]) for name in document.names)
    return order.service, order.operation, *names


def _holding(order: Call, last: Call) -> Call:
    document = document_of(order)
    parameter = document.text if document else "Policy"
    arguments = {**order.parameters, parameter: text_of(last)}
    return replace(order, arguments=json.dumps(arguments, sort_keys=True, separators=(",", ":")))
