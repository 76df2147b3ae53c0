"""What whoever plans, applies and verifies must be allowed, as the policy that allows it.

Source: Service Authorization Reference (which resource an action is authorised on).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ssmdiag.iam.action import action_of
from ssmdiag.setup.plan import Place
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Call

_Named = Callable[[Place, Mapping[str, Any]], str]


def _iam(kind: str, parameter: str) -> _Named:
    return lambda place, p: f"arn:{place.partition}:iam::{place.account}:{kind}/{p[parameter]}"


def _regional(service: str, form: str, parameter: str) -> _Named:
    def named(place: Place, p: Mapping[str, Any]) -> str:
        resource = form.format(p[parameter])
        return f"arn:{place.partition}:{service}:{place.region}:{place.account}:{resource}"

    return named


def _role(place: Place, p: Mapping[str, Any]) -> str:
    if isinstance(place, Wanted) and p["RoleName"] == place.role:
        # It may have a path, which its name does not tell.
        return place.role_arn
    return _iam("role", "RoleName")(place, p)


def _bucket(place: Place, p: Mapping[str, Any]) -> str:
    return f"arn:{place.partition}:s3:::{p['Bucket']}"


def _key(place: Place, p: Mapping[str, Any]) -> str:
    written = str(p.get("KeyId") or p.get("TargetKeyId") or "")
    known = written.startswith("arn:") and "<" not in written
    return written if known else f"arn:{place.partition}:kms:{place.region}:{place.account}:key/*"


_PROFILE = _iam("instance-profile", "InstanceProfileName")
_GROUP = _regional("logs", "log-group:{}:*", "logGroupName")
_RESOURCES: Mapping[str, _Named] = {
    "CreateRole": _role,
    "AttachRolePolicy": _role,
    "PutRolePolicy": _role,
    "DeleteRolePolicy": _role,
    "UpdateAssumeRolePolicy": _role,
    "CreateInstanceProfile": _PROFILE,
    "AddRoleToInstanceProfile": _PROFILE,
    "CreatePolicy": _iam("policy", "PolicyName"),
    "PutKeyPolicy": _key,
    "EnableKey": _key,
    "EnableKeyRotation": _key,
    "CancelKeyDeletion": _key,
    "CreateLogGroup": _GROUP,
    "AssociateKmsKey": _GROUP,
    "PutRetentionPolicy": _GROUP,
    "PutMetricFilter": _GROUP,
    "DeleteMetricFilter": _GROUP,
    "PutSubscriptionFilter": _GROUP,
    "DeleteSubscriptionFilter": _GROUP,
    "CreateLogStream": _GROUP,
    "PutLogEvents": _GROUP,
    "DeleteLogStream": _GROUP,
    "PutMetricAlarm": _regional("cloudwatch", "alarm:{}", "AlarmName"),
    "CreateDocument": _regional("ssm", "document/{}", "Name"),
    "UpdateDocument": _regional("ssm", "document/{}", "Name"),
    "UpdateDocumentDefaultVersion": _regional("ssm", "document/{}", "Name"),
    "CreateBucket": _bucket,
    "PutBucketEncryption": _bucket,
    "PutPublicAccessBlock": _bucket,
    "PutBucketPolicy": _bucket,
}


def permissions(place: Place, reads: Iterable[Call], writes: Iterable[Call]) -> dict[str, Any]:
    """The policy document for these Calls: reading on everything, writing on what is written."""
    statements: dict[str, set[str]] = {}
    for order in writes:
        for action, resource in needed_for(place, order):
            statements.setdefault(resource, set()).add(action)
    asked = {action_of(c.service, c.operation) for c in reads if c.service != "host"}
    # AWS asks for no permission where one only asks who he is.
    asked.discard("sts:GetCallerIdentity")
    looking = {"Sid": "Look", "Effect": "Allow", "Action": sorted(asked), "Resource": "*"}
    changing = [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
        for resource, actions in statements.items()
    ]
    return {"Version": "2012-10-17", "Statement": [looking, *changing]}


def needed_for(place: Place, order: Call) -> Iterable[tuple[str, str]]:
    """The actions, each with its resource, that one write Call takes."""
    parameters = order.parameters
    resource_of = _RESOURCES.get(order.operation)
    resource = resource_of(place, parameters) if resource_of else "*"
    yield action_of(order.service, order.operation), resource
    if order.operation == "CreateAlias":
        yield "kms:CreateAlias", _key(place, parameters)
    if order.operation == "CreateKey" and "Tags" in parameters:
        yield "kms:TagResource", "*"
    if order.operation == "AddRoleToInstanceProfile":
        yield "iam:PassRole", _role(place, parameters)
    if order.operation == "CreatePipeline":
        # OpenSearch Ingestion User Guide, "Monitoring pipeline logs".
        yield "logs:CreateLogDelivery", "*"
    for passed in _roles_in(parameters):
        yield "iam:PassRole", passed


_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")


def _roles_in(parameters: Mapping[str, Any]) -> Iterable[str]:
    """The ARNs of roles that a Call hands to a service."""
    handed = (parameters.get(name, "") for name in ("roleArn", "PipelineConfigurationBody"))
    return dict.fromkeys(arn for text in handed for arn in _ROLE_ARN.findall(str(text)))
