"""The condition keys of one request: those it was given and those that IAM always adds.

Source: IAM User Guide, "AWS global condition context keys"; AWS KMS Developer Guide, "AWS KMS
condition keys".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Optional

from ssmdiag.iam.arn import Arn, parse_arn
from ssmdiag.policy.caller import account_of, kind_of
from ssmdiag.policy.pattern import Lookup, Several, Values
from ssmdiag.policy.request import ContextValue, Request

ENCRYPTION_CONTEXT = "kms:EncryptionContext:"
_ENCRYPTION_CONTEXT_KEYS = "kms:EncryptionContextKeys"

_PRINCIPAL_TYPES = {
    "session": "AssumedRole",
    "role": "AssumedRole",
    "user": "User",
    "root": "Account",
    "federated-user": "FederatedUser",
    "anonymous": "Anonymous",
}

# Service principals belong to no account and no organization of the customer's.
_OF_PRINCIPALS = (
    *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID"),
    *("aws:PrincipalOrgPaths", "aws:userid", "aws:username"),
)

# All requests, or all of IAM's principals, have these: that nobody named them does not mean that
# they are absent.
_NEVER_ABSENT = (
    *("aws:currenttime", "aws:epochtime", "aws:requestedregion"),
    *("aws:principalarn", "aws:userid"),
)


def owner_of(request: Request) -> Optional[str]:
    """The account that owns the resource: as told, else from its ARN, else the caller's own."""
    arn = parse_arn(request.resource)
    named = arn.account if arn and arn.account.isdigit() else None
    return request.resource_account or named or account_of(request.principal)


def lookup_for(request: Request) -> Lookup:
    """A function that finds a condition key's values. Names of keys ignore case."""
    known: dict[str, Values] = dict.fromkeys(_NEVER_ABSENT)
    known.update((name.lower(), _values(value)) for name, value in _added(request))
    known.update((name.lower(), _values(value)) for name, value in request.context.items())
    known.update((name.lower(), None) for name in request.unknown)
    otherwise: Values = () if request.complete else None

    def lookup(name: str) -> Values:
        return known.get(name.lower(), otherwise)

    return lookup


def _values(value: ContextValue) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else Several(value)


def _added(request: Request) -> Iterator[tuple[str, ContextValue]]:
    """What IAM adds to every request, as far as it can be derived."""
    resource = parse_arn(request.resource)
    kind = kind_of(request)
    yield "aws:SecureTransport", "true"
    if resource and resource.region not in ("", "*"):
        yield "aws:RequestedRegion", resource.region
    if owner_of(request):
        yield "aws:ResourceAccount", owner_of(request)
    if kind in _PRINCIPAL_TYPES:
        yield "aws:PrincipalType", _PRINCIPAL_TYPES[kind]
    if request.action.lower().startswith("kms:"):
        yield from _added_by_kms(request)
    if kind == "service":
        yield from dict.fromkeys((*_OF_PRINCIPALS, "aws:PrincipalType")).items()
        yield "aws:PrincipalIsAWSService", "true"
        yield "aws:PrincipalServiceName", request.principal
        return
    yield "aws:PrincipalIsAWSService", "false"
    yield "aws:PrincipalServiceName", None
    caller = parse_arn(request.principal)
    if caller:
        yield from _added_for(caller, kind, request)
    else:
        yield from dict.fromkeys(_OF_PRINCIPALS).items()


def _added_for(caller: Arn, kind: str, request: Request) -> Iterator[tuple[str, ContextValue]]:
    through_service = any(
        key.lower() == "kms:viaservice" and value is not None
        for key, value in request.context.items()
    )
    yield "aws:PrincipalAccount", caller.account
    yield "aws:ViaAWSService", "true" if through_service else "false"
    yield "aws:username", caller.resource.rpartition("/")[2] if kind == "user" else None
    # A session's ARN has lost the role's path, so it cannot stand in for the role's ARN.
    arn = request.principal_arn or (None if kind == "session" else request.principal)
    if arn:
        yield "aws:PrincipalArn", arn


def _added_by_kms(request: Request) -> Iterator[tuple[str, ContextValue]]:
    account = account_of(request.principal)
    if account:
        yield "kms:CallerAccount", account
    if request.complete:
        pairs = encryption_context(request)
        if pairs:
            yield _ENCRYPTION_CONTEXT_KEYS, list(pairs)


def encryption_context(request: Request) -> Mapping[str, str]:
    """The pairs of the encryption context that are known, by the names that were given."""
    start = len(ENCRYPTION_CONTEXT)
    return {
        key[start:]: value
        for key, value in request.context.items()
        if key.lower().startswith(ENCRYPTION_CONTEXT.lower()) and isinstance(value, str)
    }
