"""The Principal element: whom a statement means, and how directly it names the caller.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "... NotPrincipal".
"""

from __future__ import annotations

from typing import Literal, Optional

from ssmdiag.iam.arn import Arn, parse_arn, role_name_of
from ssmdiag.policy.caller import account_of, kind_of
from ssmdiag.policy.logic import Truth
from ssmdiag.policy.request import Request
from ssmdiag.policy.statement import PrincipalKind, Principals, Statement
from ssmdiag.values import dataclass

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


def meant_by(statement: Statement, request: Request, bounded: Truth = False) -> Meant:
    """Judge Principal or NotPrincipal; a statement without either means whoever has its policy.

    A Deny with NotPrincipal means everybody with a permissions boundary, whomever it lists.
    """
    if statement.principals is None:
        return Meant(True)
    if not statement.principals.negated:
        return _named(statement.principals, request)
    denies = statement.effect == "Deny"
    meant = _not_excluded(statement.principals, denies, request)
    if denies and bounded is not False and meant.fits is not True:
        return Meant(bounded, "direct")
    return meant


def names_caller(arn: str, request: Request) -> Optional[Reach]:
    """How one AWS principal of a policy, or a grantee, reaches the caller; None if not at all."""
    caller, named = parse_arn(request.principal), parse_arn(arn)
    if arn == "*" or (arn == request.principal and not _is_role(named)):
        return "direct"
    if caller is None:
        return None
    if _is_account(arn, named, caller):
        return "account"
    return "role" if named is not None and _is_role_of(caller, named, request) else None


def _is_role_of(caller: Arn, named: Arn, request: Request) -> bool:
    if not _is_role(named) or kind_of(request) not in ("session", "role"):
        return False
    known = request.principal_arn or request.principal
    if kind_of(request) == "role" or request.principal_arn:
        return str(named) == known
    # A session has lost the role's path; its name is unique in the account without.
    same_account = (named.partition, named.account) == (caller.partition, caller.account)
    return same_account and role_name_of(str(named)) == role_name_of(known)


def _is_role(arn: Optional[Arn]) -> bool:
    return arn is not None and arn.service == "iam" and arn.resource.startswith("role/")


def _is_account(text: str, named: Optional[Arn], caller: Arn) -> bool:
    if named is None:
        return text == caller.account
    root = (named.service, named.resource) == ("iam", "root")
    return root and (named.partition, named.account) == (caller.partition, caller.account)


def _named(principals: Principals, request: Request) -> Meant:
    reaches = {_reach(kind, name, request) for kind, name in principals.listed} - {None}
    if reaches:
        return Meant(True, next(reach for reach in _STRENGTH if reach in reaches))
    # Only S3 knows which account a canonical user id stands for.
    if any(kind == "CanonicalUser" for kind, _ in principals.listed):
        return Meant(None, "account")
    names = (name for _, name in principals.listed)
    return Meant(False, kindred=any(_is_kindred(name, request) for name in names))


def _is_kindred(name: str, request: Request) -> bool:
    if kind_of(request) == "service":
        return name.partition(".")[0] == request.principal.partition(".")[0]
    return account_of(name) == account_of(request.principal)


def _reach(kind: PrincipalKind, name: str, request: Request) -> Optional[Reach]:
    if kind == "AWS":
        return names_caller(name, request)
    wanted = {"Service": "service", "Federated": "provider"}.get(kind)
    fits = kind_of(request) == wanted and name in ("*", request.principal)
    return "direct" if fits else None


def _not_excluded(principals: Principals, denies: bool, request: Request) -> Meant:
    """To leave a session out, its own ARN, its role and its account must all be listed.

    A Deny means whoever is not left out whole; only that the account is missing AWS words as
    "might deny", so that this stays unknown. An Allow means who is not listed in any way.
    """
    reaches = {_reach(kind, name, request) for kind, name in principals.listed} - {None}
    if any(name == "*" for _, name in principals.listed):
        return Meant(False)
    missing = _needed_to_leave_out(request) - reaches
    if not missing:
        return Meant(False)
    if not reaches or (denies and missing != {"account"}):
        return Meant(True, "direct")
    return Meant(None, "direct")


def _needed_to_leave_out(request: Request) -> set[Optional[Reach]]:
    kind = kind_of(request)
    needed: set[Optional[Reach]] = {"role"} if kind in ("session", "role") else set()
    if kind != "role":
        needed.add("direct")
    if account_of(request.principal) and kind not in ("root", "provider"):
        needed.add("account")
    return needed


def principals_of(statement: Statement) -> tuple[str, ...]:
    """Whom the statement lists in Principal or NotPrincipal, for people to read."""
    return tuple(name for _, name in (statement.principals or Principals((), False)).listed)
