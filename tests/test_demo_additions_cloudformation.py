"""A stack comes about in order or not at all, and a template that is wrong is refused."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account
from tests.stacks import (
    FOR_LOGS,
    GROUP,
    NOT_ALLOWED,
    STACK,
    Resources,
    allow,
    att,
    create,
    delete,
    described,
    events,
    group,
    key,
    log_groups,
    outputs,
    physical,
    policy,
    ref,
    resource,
    role,
    sent,
    topic,
    update,
)

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive


def topics() -> list[str]:
    listed = boto3.client("sns").list_topics()["Topics"]
    return [each["TopicArn"].rpartition(":")[2] for each in listed]


def key_states() -> list[str]:
    kms = boto3.client("kms")
    keys = [each["KeyId"] for each in kms.list_keys()["Keys"]]
    return sorted(kms.describe_key(KeyId=each)["KeyMetadata"]["KeyState"] for each in keys)


def refusal(resources: Resources, **others: Any) -> str:
    with pytest.raises(ClientError) as refused:
        boto3.client("cloudformation").create_stack(**sent(resources, **others))
    assert boto3.client("cloudformation").describe_stacks()["Stacks"] == []
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


# --- creating -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_resources_come_after_what_they_refer_to_and_depend_on_and_go_before_it() -> None:
    create(
        {
            "Last": topic("last", DependsOn=["Middle", "First"]),
            "Middle": resource("SNS::Topic", {"TopicName": {"Fn::Sub": "m-${First.TopicName}"}}),
            "First": topic("first", DependsOn="Zeroth"),
            "Zeroth": topic("zeroth"),
        }
    )
    stack_id = described()["StackId"]
    came = [name for name, _ in events("CREATE_COMPLETE")]
    delete()
    told = boto3.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    went = [
        each["LogicalResourceId"]
        for each in reversed(told)
        if each["ResourceStatus"] == "DELETE_COMPLETE"
    ]

    assert came == ["Zeroth", "First", "Middle", "Last", STACK]
    assert went == ["Last", "Middle", "First", "Zeroth", STACK]
    assert topics() == []


@pytest.mark.usefixtures("account")
def test_a_key_that_does_not_admit_cloudwatch_logs_fails_the_stack() -> None:
    stack = create({"Before": topic("before"), "Key": key(), "Group": group(KmsKeyId=att("Key"))})
    ((failed, reason),) = events("CREATE_FAILED")

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["StackStatusReason"] == "The following resource(s) failed to create: [Group]."
    assert failed == "Group"
    assert reason is not None
    assert NOT_ALLOWED in reason
    assert (log_groups(), topics(), key_states()) == ([], [], ["PendingDeletion"])


@pytest.mark.usefixtures("account")
def test_a_resource_that_fails_halfway_is_taken_away_again() -> None:
    stack = create(
        {"Role": role(RoleName="Node", ManagedPolicyArns=["arn:aws:iam::aws:policy/No"])}
    )

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert boto3.client("iam").list_roles()["Roles"] == []


def test_a_service_that_denies_fails_the_stack_with_its_words(account: Account) -> None:
    account.faults.refuse("logs", "CreateLogGroup")
    stack = create({"Group": group()})
    ((_, reason),) = events("CREATE_FAILED")

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: logs:CreateLogGroup" in str(reason)


@pytest.mark.usefixtures("account")
def test_what_exists_already_is_neither_taken_over_nor_rolled_back() -> None:
    boto3.client("s3").create_bucket(Bucket="archive")
    boto3.client("logs").create_log_group(logGroupName=GROUP)

    for each in (resource("S3::Bucket", {"BucketName": "archive"}), group()):
        assert create({"Each": each})["StackStatus"] == "ROLLBACK_COMPLETE"
        delete()

    assert len(boto3.client("s3").list_buckets()["Buckets"]) == len(log_groups()) == 1


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"RetentionInDay": 30}, "Encountered unsupported property RetentionInDay"),
        ({"RetentionInDays": "soon"}, "invalid literal for int() with base 10: 'soon'"),
        ({"LogGroupName": "session logs"}, "failed to satisfy constraint"),
    ],
)
def test_a_property_that_is_wrong_fails_the_stack(properties: Any, reason: str) -> None:
    assert create({"Group": group(**properties)})["StackStatus"] == "ROLLBACK_COMPLETE"
    ((_, told),) = events("CREATE_FAILED")
    assert reason in str(told)


@pytest.mark.usefixtures("account")
def test_a_property_that_is_missing_fails_the_stack() -> None:
    create({"Alias": resource("KMS::Alias", {"AliasName": "alias/a"})})
    ((_, reason),) = events("CREATE_FAILED")
    assert "Properties validation failed for resource Alias" in str(reason)
    assert "required key [TargetKeyId] not found" in str(reason)


@pytest.mark.usefixtures("account")
def test_a_condition_decides_what_is_there_and_no_value_leaves_nothing() -> None:
    parts = {"Fn::If": ["Never", allow("s3:*"), ref("AWS::NoValue")]}
    create(
        {
            "Never": group(),
            "Managed": resource(
                "IAM::ManagedPolicy", {"PolicyDocument": policy(allow("kms:*"), parts)}
            ),
        },
        Conditions={"Never": {"Fn::Equals": [ref("AWS::Region"), "nowhere"]}},
    )
    found = boto3.client("iam").get_policy_version(PolicyArn=physical("Managed"), VersionId="v1")
    assert found["PolicyVersion"]["Document"] == policy(allow("kms:*"))


# --- refusing -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"X": resource("No::Such")}, "Unrecognized resource types: [AWS::No::Such]"),
        ({"X": topic("x", DependOn="Y")}, "Invalid template resource property 'DependOn'"),
        ({"X-1": topic("x")}, "Resource name X-1 is non alphanumeric."),
        ({"X": topic("x", DependsOn="Y")}, "Unresolved resource dependencies [Y] in the Resources"),
        ({"X": group(KmsKeyId=ref("Y"))}, "Unresolved resource dependencies [Y] in the Resources"),
        (
            {"X": group(LogGroupName={"Fn::Sub": "${aws:username}"})},
            "Unresolved resource dependencies [aws:username] in the Resources",
        ),
        (
            {"X": key(), "Y": group(KmsKeyId=att("X", "KeyArn"))},
            "resource X does not support attribute type KeyArn in Fn::GetAtt",
        ),
        (
            {"X": topic("x", DependsOn="Y"), "Y": topic("y", DependsOn="X")},
            "Circular dependency between resources: [X, Y]",
        ),
        ({}, "At least one Resources member must be defined."),
    ],
)
def test_a_template_that_is_wrong_is_refused(resources: Resources, words: str) -> None:
    told = refusal(resources)
    assert told.startswith("ValidationError: ")
    assert words in told


@pytest.mark.usefixtures("account")
def test_outputs_of_nothing_and_sections_unheard_of_are_refused() -> None:
    fine = {"X": topic("x")}
    assert "dependencies [Y] in the Outputs block" in refusal(fine, outputs={"A": ref("Y")})
    assert "Invalid template property or properties [Output]" in refusal(fine, Output={})
    with pytest.raises(ClientError, match="unsupported structure"):
        boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody="{")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("given", "properties", "needed"),
    [
        ([], {}, "CAPABILITY_IAM"),
        (["CAPABILITY_IAM"], {"RoleName": "Node"}, "CAPABILITY_NAMED_IAM"),
    ],
)
def test_iam_resources_have_to_be_acknowledged(
    given: list[str], properties: Any, needed: str
) -> None:
    asked = {**sent({"Role": role(**properties)}), "Capabilities": given}
    with pytest.raises(ClientError, match=rf"Requires capabilities : \[{needed}\]"):
        boto3.client("cloudformation").create_stack(**asked)


# --- updating and deleting ----------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_a_failed_update_leaves_everything_as_it_was() -> None:
    create(
        {"Key": key(FOR_LOGS), "Group": group(KmsKeyId=att("Key")), "Gone": topic("gone")},
        outputs={"Key": ref("Key")},
    )
    before = outputs()

    stack = update(
        {
            "Group": group(LogGroupName="renamed", RetentionInDays=7),
            "Key": key(FOR_LOGS, Description="new"),
            "New": topic("new"),
            "Wrong": resource("KMS::Alias", {"AliasName": "wrong", "TargetKeyId": ref("Key")}),
        }
    )

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [name for name, _ in events("CREATE_FAILED")] == ["Wrong"]
    assert [each["logGroupName"] for each in log_groups()] == [GROUP]
    assert log_groups()[0]["kmsKeyId"].endswith(before["Key"])
    assert outputs() == before
    metadata = boto3.client("kms").describe_key(KeyId=before["Key"])["KeyMetadata"]
    assert metadata["Description"] == ""
    assert topics() == ["gone"]


@pytest.mark.usefixtures("account")
def test_a_new_name_is_a_new_resource_and_the_old_one_goes() -> None:
    create({"Group": group(), "Kept": group(LogGroupName="kept", RetentionInDays=1)})
    update(
        {
            "Group": group(LogGroupName="renamed"),
            "Kept": {**group(LogGroupName="moved"), "UpdateReplacePolicy": "Retain"},
        }
    )

    assert [each["logGroupName"] for each in log_groups()] == ["kept", "moved", "renamed"]


@pytest.mark.usefixtures("account")
def test_what_is_to_be_retained_outlives_the_stack() -> None:
    create(
        {
            "Group": {**group(), "DeletionPolicy": "Retain"},
            "Other": {**group(LogGroupName="other"), "DeletionPolicy": "RetainExceptOnCreate"},
            "Topic": topic("topic"),
        }
    )
    delete()

    assert [each["logGroupName"] for each in log_groups()] == ["other", GROUP]
    assert topics() == []


@pytest.mark.usefixtures("account")
def test_a_bucket_that_is_not_empty_keeps_its_stack() -> None:
    create({"Bucket": resource("S3::Bucket", {"BucketName": "archive"})})
    s3 = boto3.client("s3")
    s3.put_object(Bucket="archive", Key="log", Body=b"")

    delete()
    kept = described()
    s3.delete_object(Bucket="archive", Key="log")
    delete()

    assert kept["StackStatus"] == "DELETE_FAILED"
    assert "[Bucket]" in kept["StackStatusReason"]
    assert s3.list_buckets()["Buckets"] == []


@pytest.mark.usefixtures("account")
def test_an_update_that_changes_nothing_is_refused() -> None:
    create({"Group": group()})
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update({"Group": group()})
