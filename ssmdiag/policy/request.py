"""What is to be judged: a request, and everything that may allow or forbid it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Optional, Union

from ssmdiag.policy.document import Policy
from ssmdiag.values import dataclass

ContextValue = Union[str, Sequence[str], None]


@dataclass(frozen=True)
class Grant:
    """One KMS grant. ``operations`` are bare names: ``Decrypt``, ``GenerateDataKey``."""

    grantee: str
    operations: tuple[str, ...]
    constraints: Optional[Mapping[str, Any]] = field(default=None, hash=False)
    """``EncryptionContextSubset``, ``EncryptionContextEquals`` and ``SourceArn``, as ListGrants
    prints them."""
    retiring: Optional[str] = None
    """Who besides the grantee may retire it."""


@dataclass(frozen=True)
class Request:
    """One request as AWS would authorise it.

    ``principal`` is an assumed-role session ARN, a role or user ARN, an account's root user, a
    service principal such as ``logs.us-east-1.amazonaws.com``, an identity provider (for
    ``sts:AssumeRoleWith...``), or ``*`` for an anonymous caller; ``principal_arn`` the role's ARN
    behind a session, with its path if known; ``resource_account`` the account that owns the
    resource. In ``context`` a value of None says that the key is known to be absent. ``complete``
    says that every key that ``context`` does not hold is absent, but for those in ``unknown``;
    otherwise all of them are unknown.
    """

    action: str
    resource: str
    principal: str
    principal_arn: Optional[str] = None
    resource_account: Optional[str] = None
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)
    complete: bool = False
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Policies:
    """Everything that may allow or forbid. None: could not be read; empty: known to be none."""

    identity: Optional[Sequence[Policy]]
    resource: Optional[Sequence[Policy]] = ()
    """The resource's own policy; for a role that is to be assumed, its trust policy."""
    boundary: Optional[Sequence[Policy]] = ()
    scps: Optional[Sequence[Sequence[Policy]]] = ()
    """Service control policies by level: the organization's root first, the account last."""
    rcps: Optional[Sequence[Policy]] = ()
    """Resource control policies of all levels; RCPFullAWSAccess, always there, may be left out."""
    session: Optional[Sequence[Policy]] = ()
    endpoint: Optional[Sequence[Policy]] = ()
    grants: Optional[Sequence[Grant]] = ()
