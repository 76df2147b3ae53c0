"""CloudFormation makes keys, buckets and preferences."""

from __future__ import annotations

import importlib
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.additions.cloudformation.types import KINDS
from tests.stacks import (
    ACCOUNT,
    FOR_LOGS,
    STACK,
    Resources,
    att,
    create,
    delete,
    described,
    group,
    key,
    log_groups,
    outputs,
    physical,
    policy,
    ref,
    resource,
    statement_of,
    update,
)

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive

PREFERENCES = "SSM-SessionManagerRunShell"


@pytest.mark.usefixtures("account")
def test_a_key_has_its_policy_description_rotation_tags_and_alias() -> None:
    made = create(
        {
            "Alias": resource(
                "KMS::Alias", {"AliasName": "alias/sessions", "TargetKeyId": ref("Key")}
            ),
            "ByArn": resource(
                "KMS::Alias", {"AliasName": "alias/by-arn", "TargetKeyId": att("Key")}
            ),
            "Key": key(
                Description="sessions",
                EnableKeyRotation=True,
                Tags=[{"Key": "team", "Value": "ops"}],
            ),
        },
        outputs={
            "Ref": ref("Key"),
            "Arn": att("Key"),
            "Id": att("Key", "KeyId"),
            "A": ref("Alias"),
        },
    )
    kms = boto3.client("kms")
    metadata = kms.describe_key(KeyId="alias/sessions")["KeyMetadata"]
    tags = kms.list_resource_tags(KeyId=metadata["KeyId"])["Tags"]

    assert made["StackStatus"] == "CREATE_COMPLETE"
    assert outputs() == {
        "Ref": metadata["KeyId"],
        "Arn": metadata["Arn"],
        "Id": metadata["KeyId"],
        "A": "alias/sessions",
    }
    assert metadata["Description"] == "sessions"
    assert kms.describe_key(KeyId="alias/by-arn")["KeyMetadata"] == metadata
    assert kms.get_key_rotation_status(KeyId=metadata["KeyId"])["KeyRotationEnabled"] is True
    assert tags == [{"TagKey": "team", "TagValue": "ops"}]
    (statement,) = statement_of(kms.get_key_policy(KeyId=metadata["KeyId"]))
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.mark.usefixtures("account")
def test_a_changed_key_stays_the_same_key() -> None:
    create({"Key": key(Tags=[{"Key": "old", "Value": "1"}], EnableKeyRotation="true")})
    before = physical("Key")

    update({"Key": key(FOR_LOGS, Description="new", Tags=[{"Key": "new", "Value": "2"}])})

    kms = boto3.client("kms")
    assert physical("Key") == before
    assert len(statement_of(kms.get_key_policy(KeyId=before))) == 2
    assert kms.describe_key(KeyId=before)["KeyMetadata"]["Description"] == "new"
    assert kms.get_key_rotation_status(KeyId=before)["KeyRotationEnabled"] is False
    assert kms.list_resource_tags(KeyId=before)["Tags"] == [{"TagKey": "new", "TagValue": "2"}]


@pytest.mark.usefixtures("account")
def test_an_alias_moves_to_another_key_or_is_replaced_under_another_name() -> None:
    def alias(name: str, target: str) -> Resources:
        return resource("KMS::Alias", {"AliasName": f"alias/{name}", "TargetKeyId": ref(target)})

    keys = {"One": key(), "Two": key(Description="two")}
    create({**keys, "Alias": alias("a", "One")})
    update({**keys, "Alias": alias("a", "Two")})
    moved = {
        a["AliasName"]: a["TargetKeyId"] for a in boto3.client("kms").list_aliases()["Aliases"]
    }
    update({**keys, "Alias": alias("b", "Two")})
    renamed = [a["AliasName"] for a in boto3.client("kms").list_aliases()["Aliases"]]

    assert moved["alias/a"] == physical("Two")
    assert "alias/a" not in renamed
    assert "alias/b" in renamed


@pytest.mark.usefixtures("account")
def test_a_deleted_stack_schedules_its_key_for_deletion_and_deletes_the_rest() -> None:
    create(
        {
            "Key": key(FOR_LOGS, PendingWindowInDays=7),
            "Alias": resource("KMS::Alias", {"AliasName": "alias/s", "TargetKeyId": ref("Key")}),
            "Group": group(KmsKeyId=att("Key")),
        }
    )
    key_id = physical("Key")

    delete()

    assert boto3.client("kms").describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == (
        "PendingDeletion"
    )
    assert log_groups() == []
    with pytest.raises(ClientError, match="does not exist"):
        described()


def bucket(**properties: Any) -> Resources:
    return resource("S3::Bucket", {"BucketName": "archive", **properties})


@pytest.mark.usefixtures("account")
def test_a_bucket_is_encrypted_closed_and_has_a_policy() -> None:
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": att("Key")}
    rule = {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_default}
    closed = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": False,
    }
    everything = {"Fn::Sub": "${Bucket.Arn}/*"}
    insecure = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [att("Bucket"), everything],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    whole = {
        "Policy": resource(
            "S3::BucketPolicy", {"Bucket": ref("Bucket"), "PolicyDocument": policy(insecure)}
        ),
        "Bucket": bucket(
            BucketEncryption={"ServerSideEncryptionConfiguration": [rule]},
            PublicAccessBlockConfiguration=closed,
        ),
        "Key": key(),
    }
    create(whole, outputs={"Key": att("Key"), "Ref": ref("Bucket"), "Policy": ref("Policy")})
    s3, told = boto3.client("s3"), outputs()
    (encryption,) = s3.get_bucket_encryption(Bucket="archive")["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    access = s3.get_public_access_block(Bucket="archive")["PublicAccessBlockConfiguration"]
    (statement,) = statement_of(s3.get_bucket_policy(Bucket="archive"))

    assert encryption["BucketKeyEnabled"] is True
    assert encryption["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": told["Key"],
    }
    assert access == closed
    assert statement["Resource"] == ["arn:aws:s3:::archive", "arn:aws:s3:::archive/*"]
    assert (told["Ref"], told["Policy"]) == ("archive", "archive")

    update({"Bucket": bucket()})
    (default,) = s3.get_bucket_encryption(Bucket="archive")["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="archive")
    delete()
    assert s3.list_buckets()["Buckets"] == []


def preferences(**properties: Any) -> Resources:
    settings = {"Name": PREFERENCES, "DocumentType": "Session", "DocumentFormat": "JSON"}
    return resource("SSM::Document", {**settings, **properties})


def content(**inputs: Any) -> dict[str, Any]:
    return {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}


def versions() -> list[tuple[str, bool]]:
    listed = boto3.client("ssm").list_document_versions(Name=PREFERENCES)["DocumentVersions"]
    return [(each["DocumentVersion"], each["IsDefaultVersion"]) for each in reversed(listed)]


def saved_inputs() -> Any:
    document = boto3.client("ssm").get_document(Name=PREFERENCES, DocumentVersion="$DEFAULT")
    return json.loads(document["Content"])["inputs"]


@pytest.mark.usefixtures("account")
def test_preferences_in_new_versions_each_become_the_default() -> None:
    def saved(**inputs: Any) -> Resources:
        return {"Preferences": preferences(UpdateMethod="NewVersion", Content=content(**inputs))}

    create(saved(kmsKeyId="one"), outputs={"Ref": ref("Preferences")})
    told = outputs()
    update(saved(kmsKeyId="two"))
    second = saved_inputs()
    update(saved(kmsKeyId="one"))

    assert told == {"Ref": PREFERENCES}
    assert second == {"kmsKeyId": "two"}
    assert saved_inputs() == {"kmsKeyId": "one"}
    assert versions() == [("1", True), ("2", False)]
    delete()
    with pytest.raises(ClientError, match="InvalidDocument"):
        saved_inputs()


@pytest.mark.usefixtures("account")
def test_preferences_may_be_text_with_what_the_account_puts_in() -> None:
    text = json.dumps(content(kmsKeyId="${Key}", s3KeyPrefix="${!prefix}", note="$$1 ${Mine}"))
    sub = {"Fn::Sub": [text, {"Mine": ref("AWS::StackName")}]}
    create({"Preferences": preferences(Content=sub), "Key": key()})

    assert saved_inputs() == {
        "kmsKeyId": physical("Key"),
        "s3KeyPrefix": "${prefix}",
        "note": f"$$1 {STACK}",
    }


@pytest.mark.usefixtures("account")
def test_preferences_that_exist_cannot_be_created_again_nor_replaced_under_their_name() -> None:
    first = {"Preferences": preferences(Content=content(kmsKeyId="one"))}
    boto3.client("ssm").create_document(
        Name=PREFERENCES, DocumentType="Session", Content=json.dumps(content())
    )
    failed = create(first)
    delete()
    boto3.client("ssm").delete_document(Name=PREFERENCES)
    create(first)

    replaced = update({"Preferences": preferences(Content=content(kmsKeyId="two"))})

    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    assert replaced["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert saved_inputs() == {"kmsKeyId": "one"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_type_has_the_properties_that_aws_publishes_for_it(name: str) -> None:
    """AWS's own schemas, as cfn-lint ships them."""
    kind: Any = KINDS[name]
    published_by_aws: Any = importlib.import_module("cfnlint.schema.manager")
    schemas = published_by_aws.PROVIDER_SCHEMA_MANAGER
    schema = schemas.get_resource_schema("us-east-1", name).schema

    def published(part: str) -> set[str]:
        return {path[len("/properties/") :] for path in schema.get(part, [])}

    read_only = published("readOnlyProperties")
    assert set(kind.properties) <= set(schema["properties"]) - read_only
    assert set(schema.get("required", [])) <= set(kind.required)
    assert set(kind.attributes) <= read_only
    assert set(kind.fixed) == {
        path
        for path in published("createOnlyProperties")
        if path.partition("/")[0] in kind.properties
    }
    assert set(kind.fixed_in_a_version) == {
        path for path in published("conditionalCreateOnlyProperties") if path in kind.properties
    }
