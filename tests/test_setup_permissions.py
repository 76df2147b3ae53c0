"""What a plan's author must be allowed: on the resources as AWS names them."""

from __future__ import annotations

import json

import boto3

from ssmdiag.demo.account import Account
from ssmdiag.policy.document import Policy
from ssmdiag.setup.author import Author, refusals
from ssmdiag.setup.grounds import account_of, settle
from ssmdiag.setup.permissions import permissions
from ssmdiag.setup.plan import Plan, make_plan
from ssmdiag.setup.wanted import Wish
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_ARN = "arn:aws:iam::123456789012:role/app/AppNode"


def _plan() -> Plan:
    iam = boto3.client("iam")
    iam.create_role(RoleName="AppNode", Path="/app/", AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.create_instance_profile(InstanceProfileName="AppNode")
    iam.add_role_to_instance_profile(InstanceProfileName="AppNode", RoleName="AppNode")
    ask = Asking(Aws(Access("us-east-1")).read)
    wish = Wish(log_group="/ssm/sessions", role="AppNode")
    return make_plan(settle(wish, ask, "us-east-1", account_of(ask)), ask)


def test_a_role_with_a_path_is_named_with_it(account: Account) -> None:
    del account
    plan = _plan()
    document = permissions(plan.wanted, (), plan.calls)
    (statement,) = (
        s for s in document["Statement"] if any(":PutRolePolicy" in a for a in s["Action"])
    )
    assert statement["Resource"] == _ARN


def test_who_is_allowed_it_by_its_path_is_not_refused(account: Account) -> None:
    plan = _plan()
    allowed = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iam:*", "Resource": _ARN.replace("AppNode", "*")}
        ],
    }
    arn = f"arn:aws:iam::{account.id}:user/admin"
    author = Author(arn, arn, account.id, (Policy("admin", "identity", allowed),), ())
    orders = [order for order in plan.calls if order.service == "iam"]
    assert "PutRolePolicy" in [order.operation for order in orders]
    assert refusals(orders, author, plan.wanted) == ()
