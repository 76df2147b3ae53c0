"""Whose policies: what moto's IAM holds for a role, a user or a group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ssmdiag.demo.additions.iam import administrator
from ssmdiag.iam.arn import parse_arn, role_name_of
from ssmdiag.policy.document import Policy, parse
from ssmdiag.values import dataclass

KINDS = ("role", "user", "group")

_EVERYTHING = Policy(
    "AdministratorAccess",
    "identity",
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
)

# IAM does not let a policy be deleted that is somebody's boundary; moto does.
_NOTHING = {"Version": "2012-10-17", "Statement": []}


@dataclass(frozen=True)
class Entity:
    """A role, user or group, with the policies that decide what it may do."""

    arn: Optional[str]
    """With its path; None if IAM holds no such entity."""
    identity: tuple[Policy, ...]
    """Named as the policy simulator names them: ``role_Node_Logging`` for the inline policy
    ``Logging`` of the role ``Node``, and managed policies by their own names."""
    boundary: tuple[Policy, ...] = ()


def entity(account: str, partition: str, kind: str, name: str) -> Entity:
    """What IAM holds for the role, user or group ``name``. Raises moto's NoSuchEntity.

    IAM User Guide, "Policies and permissions in AWS Identity and Access Management": users have
    the policies of their groups too.
    """
    from moto.iam.models import iam_backends

    backend = iam_backends[account][partition]
    held = getattr(backend, f"get_{kind}")(name)
    groups = backend.get_groups_for_user(name) if kind == "user" else []
    holders = [(kind, held), *(("group", group) for group in groups)]
    identity = tuple(policy for each, holder in holders for policy in _policies(each, holder))
    return Entity(held.arn, identity, tuple(_boundary(backend, held)))


def caller(principal: str) -> Entity:
    """Who is behind ``principal``, the ARN of one who signs requests: a session has the policies
    of its role. Whom IAM does not hold has none, the administrator excepted."""
    from moto.iam.exceptions import NoSuchEntity, NotFoundException

    arn = parse_arn(principal)
    if arn is None:
        return Entity(None, ())
    role = role_name_of(principal)
    kind, _, path = arn.resource.partition("/")
    if role is None and kind != "user":
        return Entity(None, ())
    try:
        if role is not None:
            return entity(arn.account, arn.partition, "role", role)
        return entity(arn.account, arn.partition, "user", path.rpartition("/")[2])
    except (NoSuchEntity, NotFoundException):
        everything = principal == administrator(arn.account, arn.partition)
        return Entity(None, (_EVERYTHING,) if everything else ())


def _policies(kind: str, holder: Any) -> Iterator[Policy]:
    for name, text in holder.policies.items():
        yield Policy(f"{kind}_{holder.name}_{name}", "identity", parse(text))
    for arn, managed in holder.managed_policies.items():
        yield Policy(managed.name, "identity", parse(_default_version(managed)), arn)


def _boundary(backend: Any, holder: Any) -> Iterator[Policy]:
    # moto has boundaries for roles only.
    arn = getattr(holder, "permissions_boundary_arn", None)
    if not arn:
        return
    managed = backend.managed_policies.get(arn)
    document = parse(_default_version(managed)) if managed else _NOTHING
    yield Policy(arn.rpartition("/")[2], "boundary", document, arn)


def _default_version(managed: Any) -> str:
    default = managed.default_version_id
    return next(str(v.document) for v in managed.versions if v.version_id == default)
