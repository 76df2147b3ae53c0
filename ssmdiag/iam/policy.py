"""What is to be judged: policies, grants and the request; and the decision that comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Optional, Union

from ssmdiag.model import PolicyType

ContextValue = Union[str, Sequence[str], None]


@dataclass(frozen=True)
class Policy:
    """One policy document as ``json.loads`` gives it, with the name that people know it by."""

    name: str
    type: PolicyType
    document: Mapping[str, Any] = field(hash=False)
    arn: Optional[str] = None


def statements_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy document; a single one may stand without a list."""
    listed = document.get("Statement") or []
    each = listed if isinstance(listed, list) else [listed]
    return [statement for statement in each if isinstance(statement, Mapping)]


@dataclass(frozen=True)
class Grant:
    """One KMS grant. ``operations`` are bare names: ``Decrypt``, ``GenerateDataKey``."""

    grantee: str
    operations: tuple[str, ...]
    constraints: Optional[Mapping[str, Any]] = field(default=None, hash=False)
    """``EncryptionContextSubset`` or ``EncryptionContextEquals``, as ListGrants prints it."""


@dataclass(frozen=True)
class Request:
    """One request as AWS would authorise it.

    ``principal`` is an assumed-role session ARN, a role or user ARN, or a service principal such as
    ``logs.us-east-1.amazonaws.com``; ``principal_arn`` the role's ARN behind a session, with its
    path if known; ``resource_account`` the account that owns the resource. In ``context`` a value
    of None says that the key is known to be absent. ``complete`` says that every key that
    ``context`` does not hold is absent; otherwise it is unknown.
    """

    action: str
    resource: str
    principal: str
    principal_arn: Optional[str] = None
    resource_account: Optional[str] = None
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)
    complete: bool = False


@dataclass(frozen=True)
class Policies:
    """Everything that may allow or forbid. None: could not be read; empty: known to be none."""

    identity: Optional[Sequence[Policy]]
    resource: Optional[Sequence[Policy]] = ()
    boundary: Optional[Sequence[Policy]] = ()
    scps: Optional[Sequence[Policy]] = ()
    session: Optional[Sequence[Policy]] = ()
    endpoint: Optional[Sequence[Policy]] = ()
    grants: Optional[Sequence[Grant]] = ()


@dataclass(frozen=True)
class Decision:
    """What IAM would answer, and why."""

    outcome: Literal["allowed", "denied", "undetermined"]
    layer: Optional[PolicyType]
    """The kind of policy that decided: for ``denied`` the one that denies or does not allow, for
    ``undetermined`` the one that is not known."""
    explicit: bool
    """True if a Deny statement decided."""
    reasons: tuple[str, ...]
    statement: Optional[tuple[str, str]] = None
    """Policy name and Sid (or ``#2``, counted from 1) of the deciding or nearest statement."""
