"""What a plan's Calls make, as resources: the form in which CloudFormation and Terraform think."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, Optional

from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

Kind = Literal[
    "instance-profile",
    "role",
    "role-attachment",
    "role-policy",
    "managed-policy",
    "key",
    "alias",
    "log-group",
    "bucket",
    "bucket-policy",
    "document",
    "metric-filter",
    "alarm",
    "subscription-filter",
]


@dataclass(frozen=True)
class Made:
    """One resource that a plan makes, or one that exists and that it edits."""

    kind: Kind
    name: str
    """What AWS knows it by; for a key that is still to be made, what stands for its ARN."""
    new: bool
    properties: Mapping[str, Any] = field(hash=False)
    """The parameters of its Calls, by the names of the API; documents as JSON values."""
    calls: tuple[Call, ...]


@dataclass
class _Draft:
    kind: Kind
    name: str
    new: bool
    properties: dict[str, Any]
    calls: list[Call]


# Operation: the kind of resource, the parameter that names it, and whether it makes a new one.
_MAKES: Mapping[str, tuple[Kind, str, bool]] = {
    "CreateInstanceProfile": ("instance-profile", "InstanceProfileName", True),
    "AddRoleToInstanceProfile": ("instance-profile", "InstanceProfileName", False),
    "CreateRole": ("role", "RoleName", True),
    "PutRolePolicy": ("role-policy", "RoleName", True),
    "CreatePolicy": ("managed-policy", "PolicyName", True),
    "CreateAlias": ("alias", "AliasName", True),
    "EnableKeyRotation": ("key", "KeyId", False),
    "PutKeyPolicy": ("key", "KeyId", False),
    "CreateLogGroup": ("log-group", "logGroupName", True),
    "AssociateKmsKey": ("log-group", "logGroupName", False),
    "PutRetentionPolicy": ("log-group", "logGroupName", False),
    "CreateBucket": ("bucket", "Bucket", True),
    "PutBucketEncryption": ("bucket", "Bucket", False),
    "PutPublicAccessBlock": ("bucket", "Bucket", False),
    "PutBucketPolicy": ("bucket-policy", "Bucket", True),
    "CreateDocument": ("document", "Name", True),
    "UpdateDocument": ("document", "Name", False),
    "PutMetricFilter": ("metric-filter", "filterName", True),
    "PutMetricAlarm": ("alarm", "AlarmName", True),
    "PutSubscriptionFilter": ("subscription-filter", "filterName", True),
}
# Nothing but the second half of what stands before it.
_ABSORBED = ("UpdateDocumentDefaultVersion",)
_JSON = ("Policy", "PolicyDocument", "AssumeRolePolicyDocument", "Content")


def resources(
    calls: Sequence[Call], replaced: Mapping[Call, str]
) -> tuple[tuple[Made, ...], tuple[Call, ...]]:
    """The resources that ``calls`` make or edit, in order, and the Calls that no resource stands
    for. ``replaced`` holds the Calls that replace a document which exists."""
    drafts: dict[tuple[str, str], _Draft] = {}
    others: list[Call] = []
    for call in calls:
        draft = _draft_of(call, drafts, replaced)
        if draft is not None:
            draft.calls.append(call)
            _merge(draft, call)
        elif call.operation in _ABSORBED and (before := _document_before(drafts)):
            before.calls.append(call)
        else:
            others.append(call)
    made = (Made(d.kind, d.name, d.new, d.properties, tuple(d.calls)) for d in drafts.values())
    return tuple(made), tuple(others)


def _document_before(drafts: Mapping[tuple[str, str], _Draft]) -> Optional[_Draft]:
    last = list(drafts.values())[-1:]
    return last[0] if last and last[0].kind == "document" else None


def _draft_of(
    call: Call, drafts: dict[tuple[str, str], _Draft], replaced: Mapping[Call, str]
) -> Optional[_Draft]:
    if call.operation == "CreateKey" and call.gives:
        kind, name, new = "key", call.gives.stand_in, True  # type: Kind, str, bool
    elif call.operation == "AttachRolePolicy":
        parameters = call.parameters
        kind, name, new = "role", parameters["RoleName"], False
        if ("role", name) not in drafts:
            kind, name, new = "role-attachment", f"{name}/{parameters['PolicyArn']}", True
    elif call.operation in _MAKES:
        kind, parameter, new = _MAKES[call.operation]
        name = call.parameters[parameter]
        if call.operation == "PutRolePolicy":
            name = f"{name}/{call.parameters['PolicyName']}"
    else:
        return None
    return drafts.setdefault((kind, name), _Draft(kind, name, new and call not in replaced, {}, []))


def _merge(draft: _Draft, call: Call) -> None:
    if call.operation == "EnableKeyRotation":
        draft.properties["EnableKeyRotation"] = True
    elif call.operation == "AttachRolePolicy" and draft.kind == "role":
        draft.properties.setdefault("ManagedPolicyArns", []).append(call.parameters["PolicyArn"])
    elif call.operation == "AddRoleToInstanceProfile":
        draft.properties.setdefault("Roles", []).append(call.parameters["RoleName"])
    else:
        for name, value in call.parameters.items():
            draft.properties[name] = json.loads(value) if name in _JSON else value
