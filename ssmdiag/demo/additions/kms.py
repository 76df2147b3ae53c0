"""KMS: key policies under their default name, states that exclude one another, foreign keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ssmdiag.demo.additions.extending import Method, add, correct, refuse
from ssmdiag.demo.additions.iam import caller_arn
from ssmdiag.iam.arn import parse_arn
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request

_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def install() -> None:
    """Correct the key policy's operations, the changes of state and the finding of keys."""
    from moto.kms.models import KmsBackend
    from moto.kms.responses import KmsResponse

    add(KmsResponse, get_key_policy, put_key_policy)
    for name in ("enable_key", "disable_key", "schedule_key_deletion"):
        correct(KmsResponse, name, _unless_deleted)
    correct(KmsResponse, "cancel_key_deletion", _if_deleted)
    for name in ("enable_key_rotation", "disable_key_rotation"):
        correct(KmsResponse, name, _if_it_can_be_rotated)
    correct(KmsResponse, "get_key_rotation_status", _if_of_kms)
    correct(KmsBackend, "replicate_key", _as_replica)
    for name in ("enable_key", "disable_key", "schedule_key_deletion", "cancel_key_deletion"):
        correct(KmsBackend, name, _by_arn_too)
    for name in ("_validate_cmk_id", "_validate_alias"):
        correct(KmsResponse, name, _of_this_account_and_region)


def get_key_policy(response: Any) -> str:
    """KMS API Reference, "GetKeyPolicy": the name may be left out since there is only one."""
    policy = _key(response).policy
    return json.dumps({"Policy": policy, "PolicyName": _policy_name(response)})


def put_key_policy(response: Any) -> str:
    """KMS API Reference, "PutKeyPolicy": malformed policies and lock-outs are refused."""
    key = _key(response)
    _policy_name(response)
    text = response._get_param("Policy")
    document = _document(text)
    if not response._get_param("BypassPolicyLockoutSafetyCheck"):
        _check_lockout(response, key, document)
    key.policy = text
    return "{}"


def _key(response: Any) -> Any:
    key_id = response._get_param("KeyId")
    response._validate_cmk_id(key_id)
    return response.kms_backend.keys[response.kms_backend.get_key_id(key_id)]


def _policy_name(response: Any) -> str:
    name: str = response._get_param("PolicyName") or "default"
    if name != "default":
        refuse("NotFoundException", "No such policy exists")
    return name


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        refuse("MalformedPolicyDocumentException", "Policy is not in a valid JSON format")
    return document


def _check_lockout(response: Any, key: Any, document: Mapping[str, Any]) -> None:
    request = Request(
        action="kms:PutKeyPolicy",
        resource=key.arn,
        principal=caller_arn(response.current_account, response.partition),
        resource_account=key.account_id,
    )
    mine = Policy("administrator", "identity", _ANYTHING)
    new = Policy("key policy", "resource", document)
    if evaluate(request, Policies(identity=(mine,), resource=(new,))).outcome == "denied":
        refuse(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _unless_deleted(original: Method) -> Method:
    def change_state(response: Any) -> Any:
        key = _key(response)
        if key.key_state == "PendingDeletion":
            refuse("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return original(response)

    return change_state


def _if_it_can_be_rotated(original: Method) -> Method:
    """KMS Developer Guide, "Key states of AWS KMS keys" and "Rotating multi-Region keys"."""

    def change_rotation(response: Any) -> Any:
        key = _key(response)
        if key.key_state == "Disabled":
            refuse("DisabledException", f"{key.arn} is disabled.")
        if key.multi_region and key.multi_region_configuration["MultiRegionKeyType"] == "REPLICA":
            refuse("UnsupportedOperationException", f"{key.arn} is a replica key.")
        return original(response)

    return _unless_deleted(_if_of_kms(change_rotation))


def _if_of_kms(original: Method) -> Method:
    def rotation(response: Any) -> Any:
        key = _key(response)
        if key.origin != "AWS_KMS":
            refuse(
                "UnsupportedOperationException",
                f"{key.arn} origin is {key.origin} which is not valid for this operation.",
            )
        return original(response)

    return rotation


def _as_replica(original: Method) -> Method:
    # moto copies the key and leaves it what it is.
    def replicate_key(backend: Any, *others: Any) -> Any:
        replica = original(backend, *others)
        replica.multi_region_configuration = {
            **replica.multi_region_configuration,
            "MultiRegionKeyType": "REPLICA",
        }
        return replica

    return replicate_key


def _if_deleted(original: Method) -> Method:
    def cancel_key_deletion(response: Any) -> Any:
        key = _key(response)
        if key.key_state != "PendingDeletion":
            refuse("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        return original(response)

    return cancel_key_deletion


def _by_arn_too(original: Method) -> Method:
    # moto looks these keys up by their bare id only.
    def change_state(backend: Any, key_id: str, *others: Any) -> Any:
        return original(backend, backend.get_key_id(key_id), *others)

    return change_state


def _of_this_account_and_region(original: Method) -> Method:
    def validate(response: Any, key_id: str) -> None:
        arn = parse_arn(key_id)
        if arn is not None and arn.region != response.region:
            refuse("NotFoundException", f"Invalid arn {arn.region}")
        if arn is not None and arn.account != response.current_account:
            refuse(
                "AccessDeniedException",
                f"User: {caller_arn(response.current_account, response.partition)} is not"
                f" authorized to perform: kms:{response._get_action()} on this resource because"
                " the resource does not exist in this Region, no resource-based policies allow"
                " access, or a resource-based policy explicitly denies access",
            )
        original(response, key_id)

    return validate
