"""The overlay foretells what AWS does: every write is made on paper and on the embedded account,
and the reading Calls that see it must then be answered alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Callable

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import LOG_GROUP, PREFERENCES, ROLE, Story, mistakes
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.role.policies import managed_policies
from ssmdiag.wiring.reach import performing
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Absent, Call, Known, call, keeping, promising
from ssmdiag.world.effects import ec2
from ssmdiag.world.overlay import _EFFECTS, Overlay, can_overlay
from tests.observing_writes import observing_cases

TIER = "/ssm/managed-instance/activation-tier"


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
        **observing_cases(story),
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
        "service setting": (
            [call("ssm", "UpdateServiceSetting", SettingId=TIER, SettingValue="advanced")],
            [call("ssm", "GetServiceSetting", SettingId=TIER)],
        ),
        "alias": (
            [call("kms", "CreateAlias", AliasName="alias/other", TargetKeyId=key)],
            [
                call("kms", "DescribeKey", KeyId="alias/other"),
                call("kms", "ListAliases", KeyId=key),
            ],
        ),
        "rotation": (
            [call("kms", "EnableKeyRotation", KeyId=key)],
            [call("kms", "GetKeyRotationStatus", KeyId=key)],
        ),
        "retention": (
            [call("logs", "PutRetentionPolicy", logGroupName=LOG_GROUP, retentionInDays=365)],
            [call("logs", "DescribeLogGroups", logGroupNamePrefix=LOG_GROUP)],
        ),
        "role": (
            [call("iam", "CreateRole", RoleName="New", AssumeRolePolicyDocument=trust)],
            [
                call("iam", "GetRole", RoleName="New"),
                call("iam", "ListRolePolicies", RoleName="New"),
                call("iam", "ListAttachedRolePolicies", RoleName="New"),
                call("iam", "ListInstanceProfilesForRole", RoleName="New"),
            ],
        ),
        "instance profile": (
            [
                call("iam", "CreateInstanceProfile", InstanceProfileName="New"),
                call(
                    "iam",
                    "AddRoleToInstanceProfile",
                    InstanceProfileName="New",
                    RoleName=ROLE,
                ),
            ],
            [
                call("iam", "GetInstanceProfile", InstanceProfileName="New"),
                call("iam", "ListInstanceProfilesForRole", RoleName=ROLE),
            ],
        ),
        "inline policy deleted": (
            [call("iam", "DeleteRolePolicy", RoleName=ROLE, PolicyName="SessionLogging")],
            [
                call("iam", "ListRolePolicies", RoleName=ROLE),
                call("iam", "GetRolePolicy", RoleName=ROLE, PolicyName="SessionLogging"),
            ],
        ),
        "public access": (
            [
                create_bucket,
                call(
                    "s3",
                    "PutPublicAccessBlock",
                    Bucket=bucket,
                    PublicAccessBlockConfiguration={"BlockPublicAcls": True},
                ),
            ],
            [call("s3", "GetPublicAccessBlock", Bucket=bucket)],
        ),
        "bucket created": (
            [create_bucket],
            [
                call("s3", "GetPublicAccessBlock", Bucket=bucket),
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
    "metric filter",
    "metric filter deleted",
    "subscription",
    "subscription deleted",
    "alarm",
    "alarm deleted",
    "stream",
    "stream encrypted",
    "pipeline",
    "pipeline stopped",
    "pipeline started again",
    "inline policy",
    "managed policy",
    "bucket policy",
    "trust policy",
    "key policy",
    "key enabled",
    "log group created",
    "log group encrypted",
    "document updated and made the default",
    "service setting",
    "alias",
    "rotation",
    "retention",
    "role",
    "instance profile",
    "inline policy deleted",
    "public access",
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
    # The network of a node has cases of its own. A deletion cannot be scheduled and cancelled in
    # one breath; a document can be created once; a managed policy is read in two steps; a new key's
    # ARN is not known before.
    elsewhere = {
        *(("ec2", operation) for operation in ec2.EFFECTS),
        ("kms", "CreateKey"),
        ("kms", "CancelKeyDeletion"),
        ("ssm", "CreateDocument"),
        ("iam", "CreatePolicyVersion"),
    }
    assert set(_EFFECTS) - elsewhere == covered
    assert set(_NAMES) == set(_cases(story))


def test_a_new_key_is_foretold_under_its_stand_in(account: Account) -> None:
    arn = f"arn:aws:kms:{account.region}:{account.id}:key/<new>"
    root = {"AWS": f"arn:aws:iam::{account.id}:root"}
    policy = _policy({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
    writes = [
        promising(call("kms", "CreateKey", Policy=policy), "KeyMetadata.Arn", arn),
        call("kms", "CreateAlias", AliasName="alias/new", TargetKeyId=arn),
    ]
    reads = [
        call("kms", "DescribeKey", KeyId="alias/new"),
        call("kms", "DescribeKey", KeyId=arn),
        call("kms", "GetKeyPolicy", KeyId=arn, PolicyName="default"),
        call("kms", "GetKeyRotationStatus", KeyId=arn),
        call("kms", "ListAliases", KeyId=arn),
        call("kms", "ListGrants", KeyId=arn),
    ]
    on_paper = Overlay(Asking(Aws(Access(account.region)).read), writes)
    foretold = [_essence(on_paper(question)) for question in reads]

    perform, promise = performing(account.region), writes[0].gives
    assert promise is not None
    real_arn = perform(writes[0])["KeyMetadata"]["Arn"]
    perform(keeping(writes[1], promise, real_arn))

    real = Aws(Access(account.region))
    assert foretold == [_essence(real.read(keeping(q, promise, real_arn))) for q in reads]


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
    """What only AWS's response tells is promised, as in a Change."""
    promised = []
    for write in writes:
        if write.operation == "UpdateDocument":
            write = promising(write, "DocumentDescription.DocumentVersion", "<new>")
        if write.operation == "UpdateDocumentDefaultVersion":
            write = call("ssm", write.operation, **{**write.parameters, "DocumentVersion": "<new>"})
        promised.append(write)
    return promised


def _essence(answer: object) -> object:
    """What a Requirement looks at; AWS adds times and ids that nobody can foretell."""
    if isinstance(answer, Absent):
        return "absent"
    assert isinstance(answer, Known), answer
    for name, essence in _ESSENCES.items():
        if name in answer.data:
            return essence(answer.data[name])
    return {k: v for k, v in answer.data.items() if k != "IsTruncated"}


_TOLD_OF_AN_ALARM = (
    *("AlarmName", "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods"),
    *("Threshold", "ComparisonOperator", "AlarmActions", "OKActions", "ActionsEnabled"),
)
_TOLD_OF_A_SUBSCRIPTION = ("filterName", "filterPattern", "destinationArn", "roleArn")
_TOLD_OF_A_STREAM = ("StreamName", "EncryptionType", "OpenShardCount")
_TOLD_OF_A_GROUP = ("logGroupName", "kmsKeyId", "retentionInDays")
_TOLD_OF_A_KEY = ("KeyState", "KeySpec", "KeyManager")
_ESSENCES: dict[str, Callable[[Any], object]] = {
    "metricFilters": lambda filters: [
        [f["filterName"], f["filterPattern"], f["metricTransformations"]] for f in filters
    ],
    "subscriptionFilters": lambda filters: [
        [f[name] for name in _TOLD_OF_A_SUBSCRIPTION] for f in filters
    ],
    "MetricAlarms": lambda alarms: sorted(
        [alarm[name] for name in _TOLD_OF_AN_ALARM] for alarm in alarms
    ),
    "StreamDescriptionSummary": lambda stream: [stream[name] for name in _TOLD_OF_A_STREAM],
    "Pipeline": lambda it: [it["PipelineName"], it["Status"], it["PipelineConfigurationBody"]],
    "logGroups": lambda groups: [[g.get(name) for name in _TOLD_OF_A_GROUP] for g in groups],
    "KeyMetadata": lambda key: [key[name] for name in _TOLD_OF_A_KEY],
    "Role": lambda role: [role["Arn"], role["AssumeRolePolicyDocument"]],
    "InstanceProfile": lambda it: [it["Arn"], [role["RoleName"] for role in it["Roles"]]],
    "InstanceProfiles": lambda profiles: {each["InstanceProfileName"] for each in profiles},
    "Aliases": lambda aliases: {alias["AliasName"] for alias in aliases},
    "PublicAccessBlockConfiguration": lambda it: {name for name, on in it.items() if on},
    "Content": json.loads,
    "ServiceSetting": lambda it: (it["SettingId"], it["SettingValue"]),
    "Policy": json.loads,
    "ServerSideEncryptionConfiguration": lambda it: [
        rule["ApplyServerSideEncryptionByDefault"] for rule in it["Rules"]
    ],
}
