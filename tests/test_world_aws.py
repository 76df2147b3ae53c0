"""AWS as a door: what comes back when AWS answers, refuses, is silent or breaks off."""

from __future__ import annotations

import time

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import LOG_GROUP, ROLE, mistakes
from ssmdiag.wiring.reach import performing
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Absent, Call, Denied, Known, Unreachable, call

_GROUPS = call("logs", "DescribeLogGroups", logGroupNamePrefix=LOG_GROUP)


def _aws(account: Account, timeout: float = 10.0) -> Aws:
    return Aws(Access(account.region, timeout=timeout))


def test_an_answer_is_plain_json(account: Account) -> None:
    mistakes(performing(account.region), account.id, account.region)
    answer = _aws(account).read(_GROUPS)
    assert isinstance(answer, Known)
    assert [g["logGroupName"] for g in answer.data["logGroups"]] == [LOG_GROUP]
    role = _aws(account).read(call("iam", "GetRole", RoleName=ROLE))
    assert isinstance(role, Known)
    assert isinstance(role.data["Role"]["CreateDate"], str)


@pytest.mark.parametrize(
    "question",
    [
        call("iam", "GetRole", RoleName="nobody"),
        call("kms", "DescribeKey", KeyId="alias/none"),
        call("ssm", "GetDocument", Name="SSM-SessionManagerRunShell"),
        call("s3", "GetBucketLocation", Bucket="no-such-bucket-of-ours"),
        call("s3", "GetBucketEncryption", Bucket="no-such-bucket-of-ours"),
    ],
    ids=str,
)
def test_what_does_not_exist_is_absent(question: Call, account: Account) -> None:
    assert isinstance(_aws(account).read(question), Absent)


@pytest.mark.parametrize("reason", [None, "identity", "boundary", "scp", "vpc-endpoint"])
@pytest.mark.parametrize(
    ("question", "action"),
    [
        (_GROUPS, "logs:DescribeLogGroups"),
        (call("iam", "ListRolePolicies", RoleName=ROLE), "iam:ListRolePolicies"),
        (call("s3", "GetBucketEncryption", Bucket="a-bucket"), "s3:GetEncryptionConfiguration"),
    ],
    ids=["logs", "iam", "s3"],
)
def test_a_refusal_names_the_permission_that_is_missing(
    question: Call, action: str, reason: str, account: Account
) -> None:
    account.faults.refuse(question.service, question.operation, reason=reason)  # type: ignore[arg-type]
    answer = _aws(account).read(question)
    assert isinstance(answer, Denied)
    assert answer.denial.action == action
    assert answer.denial.policy_type in (reason, None)


def test_a_refusal_touches_no_other_answer(account: Account) -> None:
    account.faults.refuse("logs", "DescribeLogGroups", reason="identity")
    assert isinstance(_aws(account).read(call("kms", "ListAliases")), Known)


def test_a_call_that_hangs_ends_at_its_deadline(account: Account) -> None:
    account.faults.hang("logs", "DescribeLogGroups")
    start = time.monotonic()
    answer = _aws(account, timeout=0.5).read(_GROUPS)
    assert isinstance(answer, Unreachable)
    assert time.monotonic() - start < 2


def test_a_connection_that_breaks_off_is_no_answer(account: Account) -> None:
    account.faults.break_off("logs", "DescribeLogGroups")
    assert isinstance(_aws(account).read(_GROUPS), Unreachable)


def test_throttling_is_waited_out(account: Account) -> None:
    account.faults.throttle("logs", "DescribeLogGroups", times=1)
    assert isinstance(_aws(account).read(_GROUPS), Known)


def test_throttling_without_end_is_no_answer(account: Account) -> None:
    account.faults.throttle("logs", "DescribeLogGroups")
    answer = _aws(account, timeout=5).read(_GROUPS)
    assert isinstance(answer, Unreachable)


@pytest.mark.parametrize(
    "order",
    [
        call("iam", "PutRolePolicy", RoleName=ROLE),
        call("kms", "Decrypt", CiphertextBlob="x"),
        call("logs", "AssociateKmsKey", logGroupName=LOG_GROUP),
        call("sts", "AssumeRole", RoleArn="x"),
        call("logs", "StartLiveTail", logGroupIdentifiers=["x"]),
        call("logs", "StartQueryNow", logGroupName=LOG_GROUP),
        call("ec2", "StartQuery", logGroupName=LOG_GROUP),
        call("athena", "StopQuery", queryId="x"),
    ],
    ids=str,
)
def test_the_reading_door_refuses_what_is_not_reading(order: Call, account: Account) -> None:
    with pytest.raises(ValueError, match="this door only reads"):
        _aws(account).read(order)
    assert account.requests == []


def test_the_reading_door_searches_logs_which_changes_nothing(account: Account) -> None:
    mistakes(performing(account.region), account.id, account.region)
    read = _aws(account).read
    begun = read(
        call(
            "logs",
            "StartQuery",
            logGroupName=LOG_GROUP,
            queryString="fields @message",
            startTime=0,
            endTime=1,
        )
    )
    assert isinstance(begun, Known)
    assert isinstance(read(call("logs", "StopQuery", queryId=begun.data["queryId"])), Known)


def test_a_wrong_parameter_is_no_answer_and_no_exception(account: Account) -> None:
    answer = _aws(account).read(call("logs", "DescribeLogGroups", noSuchParameter="x"))
    assert isinstance(answer, Unreachable)
    assert "\n" not in answer.why


def test_no_call_is_made_twice_and_independent_ones_go_side_by_side(account: Account) -> None:
    ask = Asking(_aws(account).read)
    questions = [_GROUPS, call("kms", "ListAliases"), _GROUPS]
    first = ask.all(questions)
    assert first[0] is first[2]
    assert ask(_GROUPS) is first[0]
    assert sorted(account.requests) == [("kms", "ListAliases"), ("logs", "DescribeLogGroups")]
    assert list(ask.answers) == sorted(ask.answers, key=str)
