"""The Principal element: whom a statement means, and how directly it names the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Optional

from ssmdiag.iam.arn import Arn, parse_arn, role_name_of
from ssmdiag.iam.conditions import texts
from ssmdiag.iam.context import account_of, is_service
from ssmdiag.iam.logic import Truth
from ssmdiag.iam.policy import Request

Reach = Literal["direct", "role", "account"]
"""How a statement came to mean the caller: by its own ARN, as a service or as anyone
(``direct``), by the role behind its session, or by the whole account."""

_STRENGTH: tuple[Reach, ...] = ("direct", "role", "account")


@dataclass(frozen=True)
class Meant:
    """Whether the caller is meant and how. ``reach`` is set unless ``fits`` is False."""

    fits: Truth
    reach: Optional[Reach] = None
    kindred: bool = False
    """It names another principal that is easily taken for the caller: the same service in another
    region, something else of the same account."""


def meant_by(statement: Mapping[str, Any], request: Request) -> Meant:
    """Judge Principal or NotPrincipal of a statement in a resource-based policy.

    Source: IAM User Guide, "AWS JSON policy elements: Principal" and "... NotPrincipal".
    """
    if "NotPrincipal" in statement:
        return _not_excluded(statement["NotPrincipal"], request)
    return _named(statement.get("Principal"), request)


def names_caller(arn: str, request: Request) -> Optional[Reach]:
    """How one AWS principal of a policy, or a grantee, reaches the caller; None if not at all."""
    caller, named = parse_arn(request.principal), parse_arn(arn)
    if arn == "*" or (arn == request.principal and not _is_role(named)):
        return "direct"
    if caller is None:
        return None
    if _is_account(arn, named, caller):
        return "account"
    # A role's name is unique in its account whatever its path, and a session has lost the path.
    role = role_name_of(request.principal_arn or request.principal)
    same_role = (
        named is not None
        and _is_role(named)
        and (named.partition, named.account) == (caller.partition, caller.account)
        and role_name_of(arn) == role
    )
    return "role" if same_role else None


def _is_role(arn: Optional[Arn]) -> bool:
    return arn is not None and arn.service == "iam" and arn.resource.startswith("role/")


def _is_account(text: str, named: Optional[Arn], caller: Arn) -> bool:
    if named is None:
        return text == caller.account
    root = (named.service, named.resource) == ("iam", "root")
    return root and (named.partition, named.account) == (caller.partition, caller.account)


def _named(element: Any, request: Request) -> Meant:
    reaches: set[Reach] = set()
    uncertain = False
    for kind, name in _entries(element):
        if kind == "CanonicalUser":
            uncertain = True
        reach = _reach(kind, name, request)
        if reach:
            reaches.add(reach)
    if reaches:
        return Meant(True, next(reach for reach in _STRENGTH if reach in reaches))
    # Only S3 knows which account a canonical user id stands for.
    if uncertain:
        return Meant(None, "account")
    names = (name for _, name in _entries(element))
    return Meant(False, kindred=any(_is_kindred(name, request.principal) for name in names))


def _is_kindred(name: str, principal: str) -> bool:
    if is_service(principal):
        return name.partition(".")[0] == principal.partition(".")[0]
    return account_of(name) == account_of(principal)


def _reach(kind: str, name: str, request: Request) -> Optional[Reach]:
    if kind == "AWS":
        return names_caller(name, request)
    is_kind = is_service(request.principal) if kind == "Service" else kind == "Federated"
    return "direct" if is_kind and name in ("*", request.principal) else None


def _entries(element: Any) -> list[tuple[str, str]]:
    """``"*"`` means the same as ``{"AWS": "*"}``."""
    if isinstance(element, Mapping):
        return [(kind, name) for kind, names in element.items() for name in texts(names)]
    return [("AWS", name) for name in texts(element)] if element else []


def principals_of(statement: Mapping[str, Any]) -> tuple[str, ...]:
    """Whom the statement lists in Principal or NotPrincipal, for people to read."""
    element = statement.get("NotPrincipal", statement.get("Principal"))
    return tuple(name for _, name in _entries(element))


def _not_excluded(element: Any, request: Request) -> Meant:
    """To leave out a session, its own ARN, its role and its account must all be listed; AWS only
    says that with less the statement "might" still mean the caller, so that is unknown."""
    reaches = {_reach(kind, name, request) for kind, name in _entries(element)} - {None}
    needed: set[Optional[Reach]] = set()
    if account_of(request.principal):
        needed.add("account")
    if role_name_of(request.principal):
        needed.add("role")
    if not _is_role(parse_arn(request.principal)):
        needed.add("direct")
    everyone = any(name == "*" for _, name in _entries(element))
    if everyone or needed <= reaches:
        return Meant(False)
    return Meant(None if reaches else True, "direct")
