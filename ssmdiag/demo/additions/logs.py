"""CloudWatch Logs: encryption of log groups with KMS keys, as the service checks it."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, Optional

from ssmdiag.demo.additions.extending import Method, add, correct, refuse
from ssmdiag.iam.arn import logs_principal, parse_arn
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request

_NAME = re.compile(r"[.\-_/#A-Za-z0-9]+")


def install() -> None:
    """Add AssociateKmsKey and DisassociateKmsKey; make CreateLogGroup check name and key."""
    from moto.logs.models import LogGroup
    from moto.logs.responses import LogsResponse

    add(LogsResponse, associate_kms_key, disassociate_kms_key)
    correct(LogsResponse, "create_log_group", _creating)
    correct(LogsResponse, "describe_log_groups", _describing)
    correct(LogGroup, "to_describe_dict", _with_class)


def associate_kms_key(response: Any) -> str:
    """CloudWatch Logs API Reference, "AssociateKmsKey"."""
    group = _group(response)
    group.kms_key_id = _usable_key(response, group.arn, response._get_param("kmsKeyId"))
    return ""


def disassociate_kms_key(response: Any) -> str:
    """CloudWatch Logs API Reference, "DisassociateKmsKey"."""
    _group(response).kms_key_id = None
    return ""


def _creating(original: Method) -> Method:
    def create_log_group(response: Any) -> Any:
        name = response._get_param("logGroupName") or ""
        _check_name("logGroupName", name)
        key = response._get_param("kmsKeyId")
        if key and name not in response.logs_backend.groups:
            arn = f"arn:{response.partition}:logs:{response.region}:{response.current_account}"
            _usable_key(response, f"{arn}:log-group:{name}", key)
        answer = original(response)
        group = response.logs_backend.groups[name]
        group.log_group_class = response._get_param("logGroupClass") or "STANDARD"
        return answer

    return create_log_group


def _describing(original: Method) -> Method:
    def describe_log_groups(response: Any) -> Any:
        _check_name("logGroupNamePrefix", response._get_param("logGroupNamePrefix"))
        return original(response)

    return describe_log_groups


def _with_class(original: Method) -> Method:
    def to_describe_dict(group: Any) -> dict[str, Any]:
        group_class = getattr(group, "log_group_class", "STANDARD")
        return {**original(group), "logGroupClass": group_class}

    return to_describe_dict


def _check_name(parameter: str, value: Optional[str]) -> None:
    if value is not None and not _NAME.fullmatch(value):
        refuse(
            "InvalidParameterException",
            f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy"
            f" constraint: Member must satisfy regular expression pattern: {_NAME.pattern}",
        )


def _group(response: Any) -> Any:
    name = response._get_param("logGroupName")
    identifier = response._get_param("resourceIdentifier")
    if (name is None) == (identifier is None):
        refuse(
            "InvalidParameterException",
            "Exactly one of logGroupName and resourceIdentifier must be specified",
        )
    if identifier is not None:
        arn = parse_arn(identifier)
        kind, _, rest = (arn.resource if arn else "").partition(":")
        name = rest[:-2] if rest.endswith(":*") else rest
        if kind != "log-group":
            refuse("InvalidParameterException", f"Invalid resourceIdentifier: {identifier}")
    if name not in response.logs_backend.groups:
        refuse("ResourceNotFoundException", "The specified log group does not exist.")
    return response.logs_backend.groups[name]


def _usable_key(response: Any, group_arn: str, key_arn: str) -> str:
    from moto.kms.models import kms_backends

    arn = parse_arn(key_arn or "")
    if arn is None or (arn.region, arn.account) != (response.region, response.current_account):
        _not_allowed(group_arn)
    keys = kms_backends[response.current_account][response.region].keys
    key = keys.get(arn.resource.partition("key/")[2])
    if key is None or key.key_state != "Enabled" or key.key_spec != "SYMMETRIC_DEFAULT":
        _not_allowed(group_arn)
    if not _admits_logs(key, group_arn, response.region):
        _not_allowed(group_arn)
    return key_arn


def _admits_logs(key: Any, group_arn: str, region: str) -> bool:
    """Whether the key policy lets the service use the key for this group.

    CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS": the service
    calls KMS itself, with the group's ARN as encryption context.
    """
    request = Request(
        action="kms:GenerateDataKey",
        resource=key.arn,
        principal=logs_principal(region),
        resource_account=key.account_id,
        context={"kms:EncryptionContext:aws:logs:arn": group_arn},
        complete=True,
    )
    policy = Policy("key policy", "resource", json.loads(key.policy))
    decision = evaluate(request, Policies(identity=(), resource=(policy,)))
    return decision.outcome == "allowed"


def _not_allowed(group_arn: str) -> NoReturn:
    # AWS has this one sentence for a key that is absent, disabled, or closed to the service.
    refuse(
        "InvalidParameterException",
        "The specified KMS key does not exist or is not allowed to be used with LogGroup"
        f" '{group_arn}'",
    )
