"""The overlay foretells what AWS does: every write is made on paper and on the embedded account,
and the reading Calls that see it must then be answered alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import LOG_GROUP, PREFERENCES, ROLE, Story, mistakes
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.role_policies import managed_policies
from ssmdiag.wiring.reach import performing
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Absent, Call, Known, call
from ssmdiag.world.overlay import _EFFECTS, Overlay, can_overlay


@pytest.fixture
def story(account: Account) -> Story:
    return mistakes(performing(account.region), account.id, account.region)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _cases(story: Story) -> dict[str, tuple[Sequence[Call], Sequence[Call]]]:
    """What is written, and the reading Calls that see it."""
    key, bucket = story.key_arn, "overlay-bucket"
    allow = _policy({"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"})
    trust = _policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "ssm.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )
    root = {"AWS": f"arn:aws:iam::{story.account_id}:root"}
    admits_logs = _policy(
        {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{story.region}.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
        },
    )
    content = json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}})
    document = call("ssm", "GetDocument", Name=PREFERENCES, DocumentVersion="$DEFAULT")
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    put_policy = call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=admits_logs)
    create_bucket = call("s3", "CreateBucket", Bucket=bucket)
    of_bucket = {
        "Effect": "Allow",
        "Principal": root,
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return {
        "inline policy": (
            [call("iam", "PutRolePolicy", RoleName=ROLE, PolicyName="New", PolicyDocument=allow)],
            [
                call("iam", "ListRolePolicies", RoleName=ROLE),
                call("iam", "GetRolePolicy", RoleName=ROLE, PolicyName="New"),
            ],
        ),
        "managed policy": (
            [
                call("iam", "CreatePolicy", PolicyName="New", PolicyDocument=allow),
                call("iam", "AttachRolePolicy", RoleName=ROLE, PolicyArn=_managed(story)),
            ],
            [call("iam", "ListAttachedRolePolicies", RoleName=ROLE)],
        ),
        "bucket policy": (
            [
                create_bucket,
                call("s3", "PutBucketPolicy", Bucket=bucket, Policy=_policy(of_bucket)),
            ],
            [call("s3", "GetBucketPolicy", Bucket=bucket)],
        ),
        "trust policy": (
            [call("iam", "UpdateAssumeRolePolicy", RoleName=ROLE, PolicyDocument=trust)],
            [call("iam", "GetRole", RoleName=ROLE)],
        ),
        "key policy": (
            [put_policy],
            [call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")],
        ),
        "key enabled": (
            [call("kms", "EnableKey", KeyId=key)],
            [call("kms", "DescribeKey", KeyId=key), call("kms", "DescribeKey", KeyId=story.alias)],
        ),
        "log group created": (
            [call("logs", "CreateLogGroup", logGroupName="ssm-other")],
            [call("logs", "DescribeLogGroups", logGroupNamePrefix="ssm-other")],
        ),
        "log group encrypted": (
            [put_policy, call("logs", "AssociateKmsKey", logGroupName=LOG_GROUP, kmsKeyId=key)],
            [call("logs", "DescribeLogGroups", logGroupNamePrefix=LOG_GROUP)],
        ),
        "document updated and made the default": (
            [
                call(
                    "ssm",
                    "UpdateDocument",
                    Name=PREFERENCES,
                    DocumentVersion="$LATEST",
                    DocumentFormat="JSON",
                    Content=content,
                ),
                call("ssm", "UpdateDocumentDefaultVersion", Name=PREFERENCES, DocumentVersion="2"),
            ],
            [document],
        ),
        "bucket created": (
            [create_bucket],
            [
                call("s3", "GetBucketLocation", Bucket=bucket),
                call("s3", "GetBucketPolicy", Bucket=bucket),
            ],
        ),
        "bucket encrypted": (
            [
                create_bucket,
                call(
                    "s3",
                    "PutBucketEncryption",
                    Bucket=bucket,
                    ServerSideEncryptionConfiguration={"Rules": rules},
                ),
            ],
            [call("s3", "GetBucketEncryption", Bucket=bucket)],
        ),
    }


_NAMES = (
    "inline policy",
    "managed policy",
    "bucket policy",
    "trust policy",
    "key policy",
    "key enabled",
    "log group created",
    "log group encrypted",
    "document updated and made the default",
    "bucket created",
    "bucket encrypted",
)


@pytest.mark.parametrize("name", _NAMES)
def test_an_overlay_foretells_what_the_account_answers(
    name: str, story: Story, account: Account
) -> None:
    writes, reads = _cases(story)[name]
    if name == "key enabled":
        performing(account.region)(call("kms", "DisableKey", KeyId=story.key_arn))
    on_paper = Overlay(Asking(Aws(Access(account.region)).read), _literal(writes))
    foretold = [_essence(on_paper(question)) for question in reads]

    perform = performing(account.region)
    for order in writes:
        perform(order)

    real = Aws(Access(account.region))
    assert foretold == [_essence(real.read(question)) for question in reads]


def test_a_managed_policy_is_foretold_in_its_new_version(story: Story, account: Account) -> None:
    arn = _managed(story)
    first, second = (
        _policy({"Effect": "Allow", "Action": action, "Resource": "*"})
        for action in ("logs:DescribeLogGroups", "logs:PutLogEvents")
    )
    writes = [
        call("iam", "CreatePolicy", PolicyName="New", PolicyDocument=first),
        call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=second, SetAsDefault=True),
    ]
    for number, order in enumerate(writes):
        on_paper = Overlay(Asking(Aws(Access(account.region)).read), writes[number : number + 1])
        foretold = managed_policies(on_paper, [arn], "identity")
        performing(account.region)(order)
        real = managed_policies(Asking(Aws(Access(account.region)).read), [arn], "identity")
        assert foretold == real
        assert not isinstance(real, Gap)
        assert real[0].document == json.loads(order.parameters["PolicyDocument"])


def _managed(story: Story) -> str:
    return f"arn:aws:iam::{story.account_id}:policy/New"


def test_every_effect_is_foretold_by_some_case(story: Story) -> None:
    covered = {(w.service, w.operation) for writes, _ in _cases(story).values() for w in writes}
    # A deletion cannot be scheduled and cancelled in one breath; a document can be created once;
    # a managed policy is read in two steps.
    elsewhere = {
        ("kms", "CancelKeyDeletion"),
        ("ssm", "CreateDocument"),
        ("iam", "CreatePolicyVersion"),
    }
    assert set(_EFFECTS) - elsewhere == covered
    assert set(_NAMES) == set(_cases(story))


def test_a_cancelled_deletion_leaves_the_key_disabled(story: Story, account: Account) -> None:
    perform = performing(account.region)
    perform(call("kms", "ScheduleKeyDeletion", KeyId=story.key_arn, PendingWindowInDays=7))
    asked = call("kms", "DescribeKey", KeyId=story.key_arn)
    cancel = call("kms", "CancelKeyDeletion", KeyId=story.key_arn)
    on_paper = Overlay(Asking(Aws(Access(account.region)).read), [cancel])(asked)
    perform(cancel)
    real = Aws(Access(account.region)).read(asked)
    assert isinstance(on_paper, Known)
    assert isinstance(real, Known)
    states = [a.data["KeyMetadata"]["KeyState"] for a in (on_paper, real)]
    assert states == ["Disabled", "Disabled"]


def test_a_write_of_unknown_effect_cannot_be_proved() -> None:
    assert not can_overlay([call("iam", "DeleteRole", RoleName="x")])


def _literal(writes: Sequence[Call]) -> list[Call]:
    """The new version comes from the output of the Call before, as in a Change."""
    return [
        call(
            w.service,
            w.operation,
            **{
                **w.parameters,
                "DocumentVersion": {"$output": "DocumentDescription.DocumentVersion"},
            },
        )
        if w.operation == "UpdateDocumentDefaultVersion"
        else w
        for w in writes
    ]


def _essence(answer: object) -> object:
    """What a Requirement looks at; AWS adds times and ids that nobody can foretell."""
    if isinstance(answer, Absent):
        return "absent"
    assert isinstance(answer, Known), answer
    data = answer.data
    if "logGroups" in data:
        return [(g["logGroupName"], g.get("kmsKeyId")) for g in data["logGroups"]]
    if "KeyMetadata" in data:
        return data["KeyMetadata"]["KeyState"]
    if "Role" in data:
        return data["Role"]["AssumeRolePolicyDocument"]
    if "Content" in data:
        return json.loads(data["Content"])
    if "Policy" in data:
        return json.loads(data["Policy"])
    if "Rules" in str(data):
        rules = data["ServerSideEncryptionConfiguration"]["Rules"]
        return [r["ApplyServerSideEncryptionByDefault"] for r in rules]
    return {k: v for k, v in data.items() if k != "IsTruncated"}
