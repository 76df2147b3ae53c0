"""The condition keys of one request: those it was given and those that IAM always adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ssmdiag.iam.arn import Arn, parse_arn
from ssmdiag.iam.pattern import Lookup, Values
from ssmdiag.iam.policy import ContextValue, Request

_PRINCIPAL_TYPES = {
    "assumed-role": "AssumedRole",
    "role": "AssumedRole",
    "user": "User",
    "root": "Account",
    "federated-user": "FederatedUser",
}


def is_service(principal: str) -> bool:
    """Whether ``principal`` is a service principal: a host name, not an ARN."""
    return not principal.startswith("arn:") and ".amazonaws." in principal


def account_of(principal: str) -> Optional[str]:
    """The account that an IAM principal belongs to; None for a service."""
    arn = parse_arn(principal)
    return arn.account if arn else None


# Service principals belong to no account and no organization of the customer's.
_ABSENT_FOR_SERVICES = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalType",
    "aws:username",
)


def owner_of(request: Request) -> Optional[str]:
    """The account that owns the resource: as told, else from its ARN, else the caller's own."""
    arn = parse_arn(request.resource)
    named = arn.account if arn and arn.account.isdigit() else None
    return request.resource_account or named or account_of(request.principal)


def lookup_for(request: Request) -> Lookup:
    """A function that finds a condition key's values. Names of keys ignore case."""
    given = {name.lower(): _values(value) for name, value in request.context.items()}
    added = {name.lower(): _values(value) for name, value in _added(request).items()}
    known = {**added, **given}
    missing: Values = () if request.complete else None

    def lookup(name: str) -> Values:
        return known.get(name.lower(), missing)

    return lookup


def _values(value: ContextValue) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _added(request: Request) -> Mapping[str, ContextValue]:
    """IAM User Guide, "AWS global condition context keys": what is always there, if derivable."""
    resource = parse_arn(request.resource)
    keys: dict[str, ContextValue] = {"aws:SecureTransport": "true"}
    if resource and resource.region not in ("", "*"):
        keys["aws:RequestedRegion"] = resource.region
    if request.resource_account:
        keys["aws:ResourceAccount"] = request.resource_account
    if is_service(request.principal):
        keys["aws:PrincipalIsAWSService"] = "true"
        keys["aws:PrincipalServiceName"] = request.principal
        keys.update(dict.fromkeys(_ABSENT_FOR_SERVICES))
        return keys
    caller = parse_arn(request.principal)
    if caller:
        keys.update(_added_for(caller, request))
    return keys


def _added_for(caller: Arn, request: Request) -> Mapping[str, ContextValue]:
    kind, _, name = caller.resource.partition("/")
    through_service = any(
        key.lower() == "kms:viaservice" and value is not None
        for key, value in request.context.items()
    )
    keys: dict[str, ContextValue] = {
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalServiceName": None,
        "aws:ViaAWSService": "true" if through_service else "false",
        "aws:username": name.rpartition("/")[2] if kind == "user" else None,
    }
    if kind in _PRINCIPAL_TYPES:
        keys["aws:PrincipalType"] = _PRINCIPAL_TYPES[kind]
    # A session's ARN has lost the role's path, so it cannot stand in for the role's ARN.
    arn = request.principal_arn or (None if kind == "assumed-role" else request.principal)
    if arn:
        keys["aws:PrincipalArn"] = arn
    if request.action.lower().startswith("kms:"):
        keys["kms:CallerAccount"] = caller.account
    return keys
