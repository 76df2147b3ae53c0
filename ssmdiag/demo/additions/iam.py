"""IAM and STS: the AWS managed policies that matter here, and who is asking."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ssmdiag.demo.additions.extending import Method, add, correct

_MANAGED = (
    "AdministratorAccess",
    "AmazonEC2RoleforSSM",
    "AmazonSSMManagedEC2InstanceDefaultPolicy",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
    "ReadOnlyAccess",
)
"""moto holds well over a thousand; loading them all at every reset would take seconds."""


def install() -> None:
    """Let every account hold the AWS managed policies, and answer for a chosen caller."""
    from moto.iam.models import IAMBackend
    from moto.sts.models import STSBackend

    add(IAMBackend, _init_aws_policies)
    correct(STSBackend, "get_caller_identity", _for_the_caller)


def act_as(account: str, arn: str) -> None:
    """Make ``arn`` the one whom plain credentials of ``account`` belong to."""
    _iam(account, arn.split(":")[1]).caller = arn


def caller_arn(account: str, partition: str = "aws") -> str:
    """Whom plain credentials of ``account`` belong to: an administrator, until ``act_as``."""
    caller: str = getattr(_iam(account, partition), "caller", administrator(account, partition))
    return caller


def administrator(account: str, partition: str = "aws") -> str:
    """The user who may do everything, and whom nobody needs to create."""
    return f"arn:{partition}:iam::{account}:user/administrator"


def _iam(account: str, partition: str) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[account][partition]


def _for_the_caller(original: Method) -> Method:
    def get_caller_identity(backend: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        user_id, arn, account = original(backend, access_key_id, region)
        if not arn.endswith(":user/moto"):
            return user_id, arn, account
        arn = caller_arn(account, backend.partition)
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind == "assumed-role":
            return f"AROA4EXAMPLE7DEMOROLE:{name.partition('/')[2]}", arn, account
        return "AIDA4EXAMPLE7DEMOUSER", arn, account

    return get_caller_identity


def _init_aws_policies(backend: Any) -> list[Any]:
    from moto.iam.models import AWSManagedPolicy

    return [
        AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
        for name, data in _managed_policies().items()
    ]


@cache
def _managed_policies() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    every = json.loads(aws_managed_policies_data)
    return {name: every[name] for name in _MANAGED if name in every}
