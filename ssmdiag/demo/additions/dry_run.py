"""KMS: requests that ask only whether they would succeed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, NoReturn, Optional

from ssmdiag.demo.additions.entities import caller
from ssmdiag.demo.additions.extending import Method, correct, refuse
from ssmdiag.demo.additions.iam import caller_arn
from ssmdiag.demo.denials import Reason, denial
from ssmdiag.demo.wire import Received
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import ContextValue, Grant, Policies, Request


def install() -> None:
    """Let Decrypt, Encrypt and GenerateDataKey judge permissions where DryRun is true."""
    from moto.kms.responses import KmsResponse

    for name in ("decrypt", "encrypt", "generate_data_key"):
        correct(KmsResponse, name, _with_dry_run)


def _with_dry_run(original: Method) -> Method:
    def operation(response: Any) -> Any:
        if response._get_param("DryRun"):
            _run_dry(response, original)
        return original(response)

    return operation


def _run_dry(response: Any, original: Method) -> NoReturn:
    """KMS Developer Guide, "Testing your permissions": a dry run always ends with an error; only
    DryRunOperationException means that the caller has the permissions and the parameters are right.
    """
    ciphertext = _ciphertext(response)
    key = _key(response, ciphertext)
    _check_permission(response, key)
    _check_state(key)
    if not _ignores_ciphertext(response):
        _check_ciphertext(key, ciphertext)
        original(response)
    # Its status: KMS API Reference, "Decrypt", section "Errors".
    refuse(
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
        status=412,
    )


# --- which key ----------------------------------------------------------------------------------


def _ignores_ciphertext(response: Any) -> bool:
    modifiers = response._get_param("DryRunModifiers") or ()
    return response._get_action() == "Decrypt" and "IGNORE_CIPHERTEXT" in modifiers


def _ciphertext(response: Any) -> Optional[bytes]:
    """What is to be decrypted; None where that does not matter.

    KMS API Reference, "Decrypt": CiphertextBlob is required unless it is to be ignored, and then
    KeyId is.
    """
    if response._get_action() != "Decrypt":
        return None
    ignored = _ignores_ciphertext(response)
    required = "KeyId" if ignored else "CiphertextBlob"
    if response._get_param(required) is None:
        parameter = required[0].lower() + required[1:]
        refuse(
            "ValidationException",
            f"1 validation error detected: Value null at '{parameter}' failed to satisfy"
            " constraint: Member must not be null",
        )
    blob: bytes = response._get_param("CiphertextBlob")
    return None if ignored else blob


def _key(response: Any, ciphertext: Optional[bytes]) -> Any:
    """The key that is named, else the one whose ciphertext it is."""
    backend = response.kms_backend
    named = response._get_param("KeyId")
    if named is not None:
        response._validate_key_id(named)
        return backend.keys[backend.any_id_to_key_id(named)]
    key = backend.keys.get(_key_id_in(ciphertext or b""))
    if key is None:
        _deny(response, "undisclosed")
    return key


def _key_id_in(ciphertext: bytes) -> str:
    from moto.kms.exceptions import InvalidCiphertextException
    from moto.kms.utils import _deserialize_ciphertext_blob

    try:
        return str(_deserialize_ciphertext_blob(ciphertext).key_id)
    except Exception:
        # Whatever is wrong with the bytes, struct's error or Unicode's.
        raise InvalidCiphertextException() from None


def _check_ciphertext(key: Any, ciphertext: Optional[bytes]) -> None:
    if ciphertext is not None and _key_id_in(ciphertext) != key.id:
        refuse(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )


def _check_state(key: Any) -> None:
    """KMS Developer Guide, "Key states of AWS KMS keys"."""
    if key.key_state == "Disabled":
        refuse("DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        refuse("KMSInvalidStateException", f"{key.arn} is pending deletion.")


# --- whether it is allowed ----------------------------------------------------------------------


def _check_permission(response: Any, key: Any) -> None:
    who = caller_arn(response.current_account, response.partition)
    entity = caller(who)
    request = Request(
        action=f"kms:{response._get_action()}",
        resource=key.arn,
        principal=who,
        principal_arn=entity.arn,
        resource_account=key.account_id,
        context={**_context_of_key(response.kms_backend, key), **_context_of_request(response)},
        complete=True,
    )
    policies = Policies(
        identity=entity.identity,
        resource=(Policy("key policy", "resource", json.loads(key.policy)),),
        boundary=entity.boundary,
        grants=[_grant(grant) for grant in key.grants.values()],
    )
    decision = evaluate(request, policies)
    if decision.outcome != "allowed":
        _deny(response, decision.layer, decision.explicit, key.arn)


def _context_of_key(backend: Any, key: Any) -> Mapping[str, ContextValue]:
    """KMS Developer Guide, "AWS KMS condition keys" and "ABAC for AWS KMS"."""
    tags = backend.list_resource_tags(key.id)["Tags"]
    return {
        "kms:KeyOrigin": key.origin,
        "kms:KeySpec": key.key_spec,
        "kms:KeyUsage": key.key_usage,
        "kms:MultiRegion": "true" if key.multi_region else "false",
        "kms:ResourceAliases": list(key.aliases),
        **{f"aws:ResourceTag/{tag['TagKey']}": tag["TagValue"] for tag in tags},
    }


def _context_of_request(response: Any) -> Mapping[str, ContextValue]:
    """The same pages, and IAM User Guide, "AWS global condition context keys"."""
    pairs = response._get_param("EncryptionContext") or {}
    alias = (response._get_param("KeyId") or "").partition("alias/")[2]
    now = time.time()
    return {
        "aws:CurrentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "aws:EpochTime": str(int(now)),
        "kms:EncryptionAlgorithm": response._get_param("EncryptionAlgorithm")
        or "SYMMETRIC_DEFAULT",
        "kms:RequestAlias": f"alias/{alias}" if alias else None,
        "kms:EncryptionContextKeys": list(pairs),
        **{f"kms:EncryptionContext:{name}": value for name, value in pairs.items()},
    }


def _grant(grant: Any) -> Grant:
    return Grant(
        grantee=grant.grantee_principal,
        operations=tuple(grant.operations),
        constraints=grant.constraints or None,
        retiring=grant.retiring_principal,
    )


def _deny(
    response: Any, reason: Reason, explicit: bool = False, key_arn: Optional[str] = None
) -> NoReturn:
    received = Received("kms", response._get_action(), response.region, {}, "json")
    who = caller_arn(response.current_account, response.partition)
    refused = denial(received, who, response.current_account, reason, explicit, resource=key_arn)
    refuse(refused.code, refused.message, refused.status)
