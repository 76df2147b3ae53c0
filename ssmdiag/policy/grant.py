"""KMS grants: permissions beside the key policy.

Sources: AWS KMS Developer Guide, "Grants in AWS KMS"; AWS KMS API Reference, "GrantConstraints".
"""

from __future__ import annotations

from collections.abc import Mapping

from ssmdiag.policy.context import ENCRYPTION_CONTEXT, encryption_context
from ssmdiag.policy.logic import Truth, all_of
from ssmdiag.policy.pattern import Lookup
from ssmdiag.policy.principal import names_caller
from ssmdiag.policy.request import Grant, Request

_NOT_CONSTRAINED = {
    *("creategrant", "describekey", "retiregrant", "getpublickey", "sign", "verify"),
    *("generatemac", "verifymac", "derivesharedsecret"),
}
_CONSTRAINED = {
    *("encrypt", "decrypt", "reencryptfrom", "reencryptto", "generatedatakey"),
    *("generatedatakeywithoutplaintext", "generatedatakeypair"),
    "generatedatakeypairwithoutplaintext",
}
"""The operations with an encryption context: constraints mean no other."""


def can_be_granted(action: str) -> bool:
    """Whether a grant can hold the operation of ``action`` at all."""
    service, _, operation = action.lower().partition(":")
    return service == "kms" and operation in _CONSTRAINED | _NOT_CONSTRAINED


def admits(grant: Grant, request: Request, lookup: Lookup) -> Truth:
    """Whether ``grant`` by itself lets the caller do it."""
    operation = request.action.lower().partition(":")[2]
    if not can_be_granted(request.action):
        return False
    meant = names_caller(grant.grantee, request) is not None
    if operation == "retiregrant" and grant.retiring and names_caller(grant.retiring, request):
        return True
    if not meant or operation not in {name.lower() for name in grant.operations}:
        return False
    if operation not in _CONSTRAINED:
        return True
    return all_of(
        _fits(name, wanted, request, lookup) for name, wanted in (grant.constraints or {}).items()
    )


def _fits(name: str, wanted: object, request: Request, lookup: Lookup) -> Truth:
    """EncryptionContextSubset: these pairs and perhaps more; EncryptionContextEquals: no more."""
    if name == "SourceArn":
        seen = lookup("aws:SourceArn")
        return None if seen is None else seen == (wanted,)
    if name not in ("EncryptionContextSubset", "EncryptionContextEquals"):
        return None
    if not isinstance(wanted, Mapping):
        return None
    pairs = [_pair_fits(key, value, lookup) for key, value in wanted.items()]
    if name == "EncryptionContextEquals":
        pairs.append(_no_others(wanted, request, lookup))
    return all_of(pairs)


def _pair_fits(key: str, value: str, lookup: Lookup) -> Truth:
    """The key's letters may be of any case, the value's not."""
    seen = lookup(ENCRYPTION_CONTEXT + key)
    return None if seen is None else seen == (value,)


def _no_others(wanted: Mapping[str, str], request: Request, lookup: Lookup) -> Truth:
    listed = lookup("kms:EncryptionContextKeys")
    seen = {key.lower() for key in (*encryption_context(request), *(listed or ()))}
    if not seen <= {key.lower() for key in wanted}:
        return False
    return None if listed is None else True
