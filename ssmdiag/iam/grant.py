"""KMS grants: permissions beside the key policy."""

from __future__ import annotations

from collections.abc import Mapping

from ssmdiag.iam.logic import Truth, all_of
from ssmdiag.iam.pattern import Lookup
from ssmdiag.iam.policy import Grant, Request
from ssmdiag.iam.principal import names_caller

_CONTEXT = "kms:EncryptionContext:"


def admits(grant: Grant, request: Request, lookup: Lookup) -> Truth:
    """Whether ``grant`` by itself lets the caller do it (KMS Developer Guide, "Grants in KMS")."""
    service, _, operation = request.action.partition(":")
    listed = operation.lower() in {name.lower() for name in grant.operations}
    if service.lower() != "kms" or not listed or names_caller(grant.grantee, request) is None:
        return False
    constraints = grant.constraints or {}
    return all_of(
        _constraint_fits(name, wanted, request, lookup) for name, wanted in constraints.items()
    )


def _constraint_fits(
    name: str, wanted: Mapping[str, str], request: Request, lookup: Lookup
) -> Truth:
    """EncryptionContextSubset: these pairs and perhaps more; EncryptionContextEquals: no more."""
    pairs = [_pair_fits(key, value, lookup) for key, value in wanted.items()]
    if name == "EncryptionContextEquals":
        pairs.append(_no_others(wanted, request, lookup))
    return all_of(pairs)


def _pair_fits(key: str, value: str, lookup: Lookup) -> Truth:
    seen = lookup(_CONTEXT + key)
    return None if seen is None else seen == (value,)


def _no_others(wanted: Mapping[str, str], request: Request, lookup: Lookup) -> Truth:
    prefix = _CONTEXT.lower()
    known = {
        key[len(prefix) :]
        for key, value in request.context.items()
        if key.lower().startswith(prefix) and value is not None
    }
    listed = lookup("kms:EncryptionContextKeys")
    if not (known | set(listed or ())) <= set(wanted):
        return False
    return None if listed is None else True
