"""``ssmdiag can`` as a person runs it: the question on the command line, answer and exit code.

What it says is data, too: ``fixtures/can`` holds a saved snapshot and, for every question, the
whole answer. After a change of wording: ``SSMDIAG_REGENERATE=1 python -m pytest
tests/test_cli_can.py``; then read the diff.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Optional

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import ROLE, Story, mistakes
from ssmdiag.wiring.reach import performing
from tests.program import Done, ssmdiag

FIXTURES = Path(__file__).parent / "fixtures/can"
ANSWERS = sorted(FIXTURES.glob("*.txt"))


def _can(*arguments: str) -> Done:
    return ssmdiag("can", *arguments)


@pytest.fixture
def story(account: Account) -> Story:
    story = mistakes(performing(account.region), account.id, account.region)
    account.act_as(story.caller)
    return story


# --- what it says -------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ANSWERS, ids=lambda file: file.stem)
def test_the_answer_comes_first_and_then_its_grounds(file: Path) -> None:
    question, _, _ = file.read_text(encoding="utf-8").partition("\n")
    done = _can(*shlex.split(question)[2:], "--snapshot", str(FIXTURES / "snapshot.json"))
    told = f"{question}\nexit code {done.returncode}\n{done.stdout}{done.stderr}"
    if os.environ.get("SSMDIAG_REGENERATE"):
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")


# --- on the embedded account --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        (("logs:DescribeLogGroups",), "PutRolePolicy"),
        (("logs:PutLogEvents", "another-group"), "PutRolePolicy"),
        (("kms:GenerateDataKey", "{alias}"), "PutRolePolicy"),
        (
            ("kms:GenerateDataKey", "{alias}", "--as", "logs.us-east-1.amazonaws.com"),
            "PutKeyPolicy",
        ),
        (("s3:PutObject", "s3://sessions/a.log", "--as", "{user}"), None),
        (("sts:AssumeRole", "{role}", "--as", "ssm.amazonaws.com"), "UpdateAssumeRolePolicy"),
    ],
    ids=lambda part: part[0] if isinstance(part, tuple) else str(part),
)
def test_the_printed_commands_make_it_allowed(
    account: Account, story: Story, question: tuple[str, ...], operation: Optional[str]
) -> None:
    boto3.client("iam").create_user(UserName="alice")
    boto3.client("s3").create_bucket(Bucket="sessions")
    names = {"alias": story.alias, "role": ROLE, "user": f"arn:aws:iam::{account.id}:user/alice"}
    typed = [word.format(**names) for word in question]
    before = _can(*typed, "--format", "json")
    assert before.returncode == 1, before.stdout + before.stderr
    answer = json.loads(before.stdout)
    if operation is None:
        assert answer["change"] is None
        assert answer["advice"][0].startswith("add to a policy of user alice: ")
        return
    assert answer["proof"]["proved"] is True
    assert [c["operation"] for c in answer["change"]["calls"]] == [operation]
    for command in answer["change"]["commands"]:
        subprocess.run(["/bin/sh", "-euc", command], env=account.environ, check=True)
    after = _can(*typed)
    assert after.returncode == 0, after.stdout


@pytest.mark.usefixtures("story")
def test_a_full_role_gets_a_managed_policy_by_the_printed_commands(account: Account) -> None:
    iam = boto3.client("iam")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/*"]}
    for number in range(2):
        statement["Resource"] = [f"arn:aws:s3:::b/{'x' * 1000}{n}" for n in range(5)]
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=ROLE, PolicyName=f"Full{number}", PolicyDocument=document)
    answer = json.loads(_can("logs:DescribeLogGroups", "--format", "json").stdout)
    assert answer["proof"]["proved"] is True
    assert [c["operation"] for c in answer["change"]["calls"]] == [
        "CreatePolicy",
        "AttachRolePolicy",
    ]
    script = "\n".join(answer["change"]["commands"])
    subprocess.run(["/bin/sh", "-euc", script], env=account.environ, check=True)
    assert _can("logs:DescribeLogGroups").returncode == 0


def test_the_simulator_s_answer_stands_beside(story: Story) -> None:
    both = _can("logs:PutLogEvents", story.log_group, "--compare")
    assert both.returncode == 0
    assert "the IAM policy simulator says allowed" in " ".join(both.stdout.split())
    assert "ssmdiag agrees" in " ".join(both.stdout.split())
    neither = _can("logs:DescribeLogGroups", "--compare")
    assert neither.returncode == 1
    assert "the IAM policy simulator says implicitDeny" in " ".join(neither.stdout.split())


def test_a_role_that_may_not_be_read_may_have_any_path(account: Account, story: Story) -> None:
    named = {"AWS": f"arn:aws:iam::{account.id}:role/teams/web/Deep"}
    statement = {"Effect": "Allow", "Principal": named, "Action": "kms:Decrypt", "Resource": "*"}
    boto3.client("kms").put_key_policy(
        KeyId=story.key_arn,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        BypassPolicyLockoutSafetyCheck=True,
    )
    account.faults.refuse("iam", "GetRole", reason="identity")
    meant = _can("kms:Decrypt", story.key_arn, "--as", "Deep")
    assert meant.returncode == 4
    assert "the permissions boundary could not be read" in meant.stdout
    other = _can("kms:Decrypt", story.key_arn, "--as", "Shallow", "--format", "json")
    assert other.returncode == 1
    proof = json.loads(other.stdout)["proof"]
    assert proof["proved"] is False
    assert proof["said"].startswith("it is needed; whether it is enough cannot be said")


def test_where_the_policies_may_not_be_read_kms_is_asked_in_a_dry_run(
    account: Account, story: Story
) -> None:
    for operation in ("GetRole", "ListRolePolicies", "ListAttachedRolePolicies"):
        account.faults.refuse("iam", operation, reason="identity")
    allowed = _can("kms:GenerateDataKey", story.key_arn)
    said = " ".join(allowed.stdout.split())
    assert "KMS, asked in a dry run with the same credentials, refuses" in said
    assert allowed.returncode == 1
    assert ("kms", "GenerateDataKey") in account.requests


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("kms:*", "x"), 2, "name one action"),
        (("Decrypt", "x"), 2, "write it as service:Operation"),
        (("kms:Decrypt", "arn:aws:kms"), 2, "needs all six parts"),
        (("kms:Decrypt", "a b"), 2, "cannot be the name of a resource"),
        (("kms:Decrypt", "x", "--context", "kms:ViaService"), 2, "write key=value"),
        (("kms:Decrypt", "nokey"), 3, "KMS key alias/nokey is not known"),
        (("logs:PutLogEvents", "g", "--as", "Nobody"), 3, "role Nobody does not exist"),
        (("sts:AssumeRole", "Nobody"), 3, "role Nobody does not exist"),
        (("sqs:SendMessage", "queue"), 3, "'queue' is no ARN"),
    ],
)
@pytest.mark.usefixtures("story")
def test_a_question_that_makes_no_sense_gets_one_line(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = _can(*arguments, "--region", "us-east-1")
    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
