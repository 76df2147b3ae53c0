"""How a Remedy becomes a Change: merged into what is there, and no wider than asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssmdiag.model import Admit, Advice, Allow, Remedy
from ssmdiag.requirements.changes import Edit, compose
from ssmdiag.world import snapshot
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Absent, Answer, Call, Known, call

_GROUP = "arn:aws:logs:eu-west-1:444455556666:log-group:audit:*"
_KEY = "arn:aws:kms:eu-west-1:444455556666:key/0f00dfee-0000-4000-8000-d00dfeed0000"
_FIND = Allow("Node", ("logs:DescribeLogGroups",), "*", "FindLogGroup")
_WRITE = Allow("Node", ("logs:PutLogEvents",), _GROUP, "WriteSessionLog")


def _allow(actions: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _composed(remedies: list[Remedy], **inline: dict[str, Any]) -> Edit:
    answers: dict[Call, Answer] = {
        call("iam", "ListRolePolicies", RoleName="Node"): Known({"PolicyNames": list(inline)}),
        **{
            call("iam", "GetRolePolicy", RoleName="Node", PolicyName=name): Known(
                {"PolicyDocument": document}
            )
            for name, document in inline.items()
        },
    }
    return compose(Asking(snapshot.door(answers)), remedies)


def _written(edit: Edit) -> tuple[str, list[dict[str, Any]]]:
    (order,) = edit.calls
    assert (order.service, order.operation) == ("iam", "PutRolePolicy")
    document = json.loads(order.parameters["PolicyDocument"])
    return order.parameters["PolicyName"], document["Statement"]


def test_a_missing_action_joins_the_statement_of_the_same_scope() -> None:
    existing = _document(_allow("logs:CreateLogStream", _GROUP, Sid="Mine"))
    name, statements = _written(_composed([_WRITE], Logging=existing))
    assert name == "Logging"
    assert statements == [_allow(["logs:CreateLogStream", "logs:PutLogEvents"], _GROUP, Sid="Mine")]


def test_another_scope_is_a_statement_of_its_own() -> None:
    existing = _document(_allow("logs:DescribeLogGroups", _GROUP, Sid="FindLogGroup"))
    _, statements = _written(_composed([_FIND], Logging=existing))
    assert statements == [
        existing["Statement"][0],
        _allow("logs:DescribeLogGroups", "*", Sid="FindLogGroup2"),
    ]


def test_a_conditioned_statement_is_left_alone() -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    existing = _document(_allow("logs:CreateLogStream", _GROUP, Condition=condition))
    _, statements = _written(_composed([_WRITE], Logging=existing))
    assert statements[0] == existing["Statement"][0]
    assert statements[1] == _allow("logs:PutLogEvents", _GROUP, Sid="WriteSessionLog")


def test_the_policy_that_deals_with_the_same_matter_is_extended() -> None:
    other = _document(_allow("s3:GetObject", "arn:aws:s3:::assets/*"))
    logging = _document(_allow("logs:CreateLogStream", _GROUP))
    name, _ = _written(_composed([_WRITE], Assets=other, Logging=logging))
    assert name == "Logging"


def test_a_role_without_such_a_policy_gets_one_of_its_own() -> None:
    other = _document(_allow("s3:GetObject", "arn:aws:s3:::assets/*"))
    name, statements = _written(_composed([_FIND, _WRITE], Assets=other))
    assert name == "SessionManagerLogging"
    assert [s["Sid"] for s in statements] == ["FindLogGroup", "WriteSessionLog"]


def test_unread_policies_are_never_overwritten() -> None:
    nothing_known = Asking(snapshot.door({}))
    names = {
        _written(compose(nothing_known, remedies))[0] for remedies in ([_FIND], [_WRITE], [_FIND])
    }
    assert len(names) == 2
    assert all(name.startswith("SessionManagerLogging-") for name in names)


_FULL = _document(_allow("s3:GetObject", ["arn:aws:s3:::b/" + "x" * 1000] * 10))
_ROLE_ARN = "arn:aws:iam::444455556666:role/path/Node"
_MANAGED = "arn:aws:iam::444455556666:policy/SessionManagerLogging"


def _composed_when_full(attached: list[str], answers: dict[Call, Answer]) -> Edit:
    known: dict[Call, Answer] = {
        call("iam", "ListRolePolicies", RoleName="Node"): Known({"PolicyNames": ["Full"]}),
        call("iam", "GetRolePolicy", RoleName="Node", PolicyName="Full"): Known(
            {"PolicyDocument": _FULL}
        ),
        call("iam", "GetRole", RoleName="Node"): Known({"Role": {"Arn": _ROLE_ARN}}),
        call("iam", "ListAttachedRolePolicies", RoleName="Node"): Known(
            {"AttachedPolicies": [{"PolicyArn": arn} for arn in attached]}
        ),
        **answers,
    }
    return compose(Asking(snapshot.door(known)), [_FIND])


def test_a_role_whose_inline_policies_are_full_gets_a_managed_policy() -> None:
    no_such: dict[Call, Answer] = {
        call("iam", "GetPolicy", PolicyArn=_MANAGED): Absent("NoSuchEntity")
    }
    create, attach = _composed_when_full([], no_such).calls
    assert (create.operation, attach.operation) == ("CreatePolicy", "AttachRolePolicy")
    assert create.parameters["PolicyName"] == "SessionManagerLogging"
    assert json.loads(create.parameters["PolicyDocument"])["Statement"] == [
        _allow("logs:DescribeLogGroups", "*", Sid="FindLogGroup")
    ]
    assert attach.parameters == {"RoleName": "Node", "PolicyArn": _MANAGED}


def test_a_managed_policy_of_that_name_that_is_not_ours_is_left_alone() -> None:
    taken: dict[Call, Answer] = {call("iam", "GetPolicy", PolicyArn=_MANAGED): Known({})}
    create, attach = _composed_when_full([], taken).calls
    assert create.parameters["PolicyName"].startswith("SessionManagerLogging-")
    assert attach.parameters["PolicyArn"].endswith(create.parameters["PolicyName"])


def _with_managed(versions: int, document: dict[str, Any]) -> dict[Call, Answer]:
    return {
        call("iam", "GetPolicy", PolicyArn=_MANAGED): Known({"Policy": {"DefaultVersionId": "v1"}}),
        call("iam", "GetPolicyVersion", PolicyArn=_MANAGED, VersionId="v1"): Known(
            {"PolicyVersion": {"Document": document}}
        ),
        call("iam", "ListPolicyVersions", PolicyArn=_MANAGED): Known({"Versions": [{}] * versions}),
    }


def test_the_managed_policy_that_is_there_gets_a_new_version() -> None:
    old = _document(_allow("logs:PutLogEvents", _GROUP, Sid="WriteSessionLog"))
    (order,) = _composed_when_full([_MANAGED], _with_managed(2, old)).calls
    assert order.operation == "CreatePolicyVersion"
    assert order.parameters["SetAsDefault"] is True
    statements = json.loads(order.parameters["PolicyDocument"])["Statement"]
    assert [s["Sid"] for s in statements] == ["WriteSessionLog", "FindLogGroup"]


@pytest.mark.parametrize(
    ("attached", "answers", "said"),
    [
        ([_MANAGED], _with_managed(5, _document()), "has 5 versions: delete one"),
        ([_MANAGED], _with_managed(1, _FULL), "of 6144 characters: split it"),
        ([f"arn:aws:iam::aws:policy/P{n}" for n in range(10)], {}, "10 managed ones"),
    ],
    ids=["versions", "size", "attached"],
)
def test_quotas_that_leave_no_way_are_told(
    attached: list[str], answers: dict[Call, Answer], said: str
) -> None:
    edit = _composed_when_full(attached, answers)
    assert edit.calls == ()
    assert said in edit.advice[0]


def test_roles_of_identity_center_are_not_written_to() -> None:
    edit = compose(
        Asking(snapshot.door({})),
        [
            Allow(
                "AWSReservedSSO_Ops_0123456789abcdef", ("kms:GenerateDataKey",), _KEY, "SessionKey"
            )
        ],
    )
    assert edit.calls == ()
    assert "permission set" in edit.advice[0]


_ROOT = {
    "Sid": "EnableIAM",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
    "Action": "kms:*",
    "Resource": "*",
}


@pytest.mark.parametrize(
    ("existing", "sids"),
    [
        ([_ROOT], ["EnableIAM", "CloudWatchLogs"]),
        (
            [_ROOT, {**_ROOT, "Sid": "CloudWatchLogs"}],
            ["EnableIAM", "CloudWatchLogs", "CloudWatchLogs2"],
        ),
    ],
    ids=["new", "the Sid is taken"],
)
def test_a_key_policy_keeps_every_statement(existing: list[Any], sids: list[str]) -> None:
    reading = call("kms", "GetKeyPolicy", KeyId=_KEY, PolicyName="default")
    answers: dict[Call, Answer] = {reading: Known({"Policy": json.dumps(_document(*existing))})}
    admit = Admit(
        _KEY, "CloudWatchLogs", ("Service", "logs.eu-west-1.amazonaws.com"), ("kms:Encrypt*",)
    )
    (order,) = compose(Asking(snapshot.door(answers)), [admit]).calls
    statements = json.loads(order.parameters["Policy"])["Statement"]
    assert statements[: len(existing)] == existing
    assert [s["Sid"] for s in statements] == sids


def test_an_unread_key_policy_is_for_its_owner_to_change() -> None:
    admit = Admit(_KEY, "Node", ("AWS", "arn:aws:iam::444455556666:role/Node"), ("kms:Decrypt",))
    edit = compose(Asking(snapshot.door({})), [admit, Advice("and look at the alarm")])
    assert edit.calls == ()
    assert "the owner of key" in edit.advice[0]
    assert edit.advice[1] == "and look at the alarm"


def test_a_role_of_identity_center_is_not_named_without_its_path() -> None:
    reading = call("kms", "GetKeyPolicy", KeyId=_KEY, PolicyName="default")
    answers: dict[Call, Answer] = {reading: Known({"Policy": json.dumps(_document(_ROOT))})}
    name = "AWSReservedSSO_Ops_0123456789abcdef"
    whole = f"arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-west-1/{name}"
    for arn, calls in ((f"arn:aws:iam::444455556666:role/{name}", 0), (whole, 1)):
        admit = Admit(_KEY, "Caller", ("AWS", arn), ("kms:GenerateDataKey",))
        edit = compose(Asking(snapshot.door(answers)), [admit])
        assert len(edit.calls) == calls
        assert all("look it up with `aws iam get-role`" in advice for advice in edit.advice)
