"""Service control policies: read level by level, from the account up to the root."""

from __future__ import annotations

import json
from typing import Any

from ssmdiag.can.organization import service_control_policies
from ssmdiag.demo.account import Account
from ssmdiag.model import Denial
from ssmdiag.requirements.contract import Gap
from ssmdiag.world import snapshot
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, call

_ACCOUNT, _UNIT, _ROOT = "111122223333", "ou-abcd-01234567", "r-abcd"
_ORGANIZATION = call("organizations", "DescribeOrganization")


def _of(target: str) -> Call:
    return call(
        "organizations",
        "ListPoliciesForTarget",
        TargetId=target,
        Filter="SERVICE_CONTROL_POLICY",
    )


def _answers(*levels: tuple[str, str, str]) -> dict[Call, Answer]:
    """``levels``: target, the name of its one SCP, the action that this allows."""
    answers: dict[Call, Answer] = {
        _ORGANIZATION: Known({"Organization": {"MasterAccountId": "444455556666"}})
    }
    above = [target for target, _, _ in levels[1:]]
    for (target, name, action), parent in zip(levels, [*above, None]):
        answers[_of(target)] = Known({"Policies": [{"Id": f"p-{name}", "Name": name}]})
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        answers[call("organizations", "DescribePolicy", PolicyId=f"p-{name}")] = Known(
            {"Policy": {"Content": content}}
        )
        parents = [{"Id": parent}] if parent else []
        answers[call("organizations", "ListParents", ChildId=target)] = Known({"Parents": parents})
    return answers


def _read(answers: dict[Call, Answer]) -> Any:
    return service_control_policies(Asking(snapshot.door(answers)), _ACCOUNT)


def test_every_level_is_told_the_root_first() -> None:
    levels = _read(_answers((_ACCOUNT, "Own", "kms:*"), (_UNIT, "Team", "*"), (_ROOT, "Full", "*")))
    assert [[policy.name for policy in level] for level in levels] == [
        [f"Full at {_ROOT}"],
        [f"Team at {_UNIT}"],
        [f"Own at {_ACCOUNT}"],
    ]


def test_a_level_that_may_not_be_read_leaves_them_all_open() -> None:
    answers = _answers((_ACCOUNT, "Own", "*"), (_ROOT, "Full", "*"))
    refused = Denial(message="no", action="organizations:ListPoliciesForTarget")
    found = _read({**answers, _of(_ROOT): Denied(refused)})
    assert isinstance(found, Gap)
    assert found.settle == "allow organizations:ListPoliciesForTarget"


def test_a_malformed_policy_is_named() -> None:
    answers = _answers((_ACCOUNT, "Own", "*"))
    described = call("organizations", "DescribePolicy", PolicyId="p-Own")
    found = _read({**answers, described: Known({"Policy": {"Content": "{"}})})
    assert isinstance(found, Gap)
    assert found.why.startswith("service control policy p-Own: it is not JSON")


def test_no_organization_and_its_management_account_have_none() -> None:
    assert _read({_ORGANIZATION: Absent("AWSOrganizationsNotInUseException")}) == ()
    mine = Known({"Organization": {"MasterAccountId": _ACCOUNT}})
    assert _read({_ORGANIZATION: mine}) == ()


def test_the_embedded_account_is_in_no_organization(account: Account) -> None:
    ask = Asking(Aws(Access(account.region)).read)
    assert service_control_policies(ask, account.id) == ()
