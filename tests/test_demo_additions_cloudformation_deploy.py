"""Change sets are carried out, exports are imported, and the real `aws` deploys."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account
from tests.stacks import (
    GROUP,
    NOT_ALLOWED,
    STACK,
    Resources,
    create,
    delete,
    described,
    events,
    group,
    log_groups,
    outputs,
    ref,
    sent,
    topic,
    update,
)

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive


def change_set(resources: Resources, kind: str, name: str = "changes") -> None:
    asked = {**sent(resources), "ChangeSetName": name, "ChangeSetType": kind}
    boto3.client("cloudformation").create_change_set(**asked)


def execute(name: str = "changes") -> Any:
    boto3.client("cloudformation").execute_change_set(StackName=STACK, ChangeSetName=name)
    return described()


@pytest.mark.usefixtures("account")
def test_a_change_set_that_was_not_carried_out_gives_way_to_the_next() -> None:
    change_set({"Group": group()}, "CREATE", "first")
    change_set({"Group": group(LogGroupName="second")}, "CREATE", "second")
    assert log_groups() == []

    assert execute("second")["StackStatus"] == "CREATE_COMPLETE"
    assert [each["logGroupName"] for each in log_groups()] == ["second"]
    with pytest.raises(ClientError, match="already exists and cannot be created again"):
        change_set({"Group": group()}, "CREATE")
    change_set({"Group": group(LogGroupName="second", RetentionInDays=1)}, "UPDATE")
    assert execute()["StackStatus"] == "UPDATE_COMPLETE"
    assert log_groups()[0]["retentionInDays"] == 1


@pytest.mark.usefixtures("account")
def test_a_stack_that_never_came_about_can_only_be_deleted() -> None:
    change_set({"Group": group(KmsKeyId="arn:nothing")}, "CREATE")

    assert execute()["StackStatus"] == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        change_set({"Group": group()}, "UPDATE")
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        update({"Group": group()})
    delete()
    assert create({"Group": group()})["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.usefixtures("account")
def test_an_export_is_imported_and_its_name_taken() -> None:
    cloudformation = boto3.client("cloudformation")

    def exporting(name: str, value: Any) -> str:
        shown = {"Shown": {"Value": value, "Export": {"Name": "shown"}}}
        asked = sent({"Topic": topic(name)}, Outputs=shown)
        stack_id = cloudformation.create_stack(**{**asked, "StackName": name})["StackId"]
        (stack,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        status: str = stack["StackStatus"]
        return status

    assert exporting("one", ref("Topic")) == "CREATE_COMPLETE"
    assert exporting("two", ref("Topic")) == "ROLLBACK_COMPLETE"
    create({"Importing": topic("three")}, outputs={"Seen": {"Fn::ImportValue": "shown"}})
    assert outputs()["Seen"].endswith(":one")
    cloudformation.delete_stack(StackName="one")
    assert cloudformation.list_exports()["Exports"] == []


def test_nobody_elses_credentials_are_used(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("cloudformation", endpoint_url=account.endpoint_url)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(ClientError, match="needs the process that serves the account to enter it"):
        client.create_stack(**sent({"Group": group()}))


# --- the AWS CLI --------------------------------------------------------------------------------


def test_the_aws_command_deploys_changes_and_explains_a_failure(
    account: Account, tmp_path: Path
) -> None:
    file = tmp_path / "template.yaml"

    def deploy(text: str) -> tuple[int, str]:
        file.write_text(text, encoding="utf-8")
        command = [
            *(sys.executable, str(Path(sys.executable).parent / "aws"), "cloudformation", "deploy"),
            *("--stack-name", STACK, "--template-file", str(file)),
            *("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"),
            *("--parameter-overrides", "Days=14"),
        ]
        ran = subprocess.run(
            command, env=account.environ, capture_output=True, text=True, timeout=120, check=False
        )
        return ran.returncode, ran.stdout + ran.stderr

    closed = TEMPLATE.replace("logs.${AWS::Region}", "logs.elsewhere")

    first = deploy(TEMPLATE)
    made = outputs()
    (logged,) = log_groups()
    again = deploy(TEMPLATE)
    changed = deploy(TEMPLATE.replace("Sessions of", "All sessions of"))
    metadata = boto3.client("kms").describe_key(KeyId=made["Key"])["KeyMetadata"]
    failed = deploy(closed.replace("LogGroupName: sessions", "LogGroupName: others"))

    assert first[0] == 0, first[1]
    assert (logged["kmsKeyId"], logged["retentionInDays"]) == (made["Key"], 14)
    assert json.loads(made["Literal"]) == {"user": "${aws:username}"}
    assert (again[0], changed[0]) == (0, 0), again[1] + changed[1]
    assert "No changes to deploy" in again[1]
    assert metadata["Description"] == "All sessions of us-east-1"
    assert failed[0] != 0
    assert "Failed to create/update the stack" in failed[1]
    assert described()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    ((_, reason),) = events("CREATE_FAILED") + events("UPDATE_FAILED")
    assert NOT_ALLOWED in str(reason)
    assert [each["logGroupName"] for each in log_groups()] == [GROUP]


TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Days:
    Type: Number
    Default: 30
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    DependsOn: Role
    Properties:
      LogGroupName: sessions
      KmsKeyId: !GetAtt Key.Arn
      RetentionInDays: !Ref Days
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: Node
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: ec2.amazonaws.com}
            Action: sts:AssumeRole
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: !Sub Sessions of ${AWS::Region}
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
            Action: kms:*
            Resource: "*"
          - Effect: Allow
            Principal: {Service: !Sub "logs.${AWS::Region}.amazonaws.com"}
            Action: [kms:Encrypt*, kms:Decrypt*, kms:GenerateDataKey*]
            Resource: "*"
Outputs:
  Key:
    Value: !GetAtt Key.Arn
  Literal:
    Value: !Sub '{"user": "${!aws:username}"}'
"""
