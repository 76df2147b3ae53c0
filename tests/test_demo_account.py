"""The account is real HTTP on loopback: boto3 and the ``aws`` command see one and the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account, running

NODE = "arn:aws:sts::123456789012:assumed-role/NodeRole/i-0c1d2e3f4a5b6c7d8"


def aws(account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(sys.executable).parent / "aws"), *arguments]
    return subprocess.run(
        command, env=account.environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_boto3_and_the_aws_command_share_one_account(account: Account) -> None:
    boto3.client("logs").create_log_group(logGroupName="made-by-boto3")

    made = aws(account, "logs", "create-log-group", "--log-group-name", "made-by-aws")
    seen = aws(account, "logs", "describe-log-groups", "--query", "logGroups[].logGroupName")

    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(seen.stdout) == ["made-by-aws", "made-by-boto3"]


def test_reset_empties_the_account_and_ends_every_fault(account: Account) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="gone-soon")
    boto3.client("ssm").update_service_setting(
        SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced"
    )
    account.act_as(NODE)
    account.faults.refuse("logs")

    account.reset()

    assert account.requests == []
    assert logs.describe_log_groups()["logGroups"] == []
    setting = boto3.client("ssm").get_service_setting(
        SettingId="/ssm/managed-instance/activation-tier"
    )
    assert setting["ServiceSetting"]["Status"] == "Default"
    assert boto3.client("sts").get_caller_identity()["Arn"].endswith(":user/administrator")


def test_every_request_is_noted_under_the_name_of_its_operation(account: Account) -> None:
    boto3.client("logs").describe_log_groups(logGroupNamePrefix="web")
    boto3.client("iam").list_roles()
    boto3.client("ec2").describe_vpcs()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="session-archive")
    s3.get_bucket_encryption(Bucket="session-archive")
    s3.get_public_access_block(Bucket="session-archive")
    s3.head_bucket(Bucket="session-archive")
    s3.put_object(Bucket="session-archive", Key="a/b.log", Body=b"$ exit")
    s3.get_object_tagging(Bucket="session-archive", Key="a/b.log")
    s3.list_objects_v2(Bucket="session-archive")
    s3.list_buckets()

    assert account.requests == [
        ("logs", "DescribeLogGroups"),
        ("iam", "ListRoles"),
        ("ec2", "DescribeVpcs"),
        ("s3", "CreateBucket"),
        ("s3", "GetBucketEncryption"),
        ("s3", "GetPublicAccessBlock"),
        ("s3", "HeadBucket"),
        ("s3", "PutObject"),
        ("s3", "GetObjectTagging"),
        ("s3", "ListObjectsV2"),
        ("s3", "ListBuckets"),
    ]
    assert account.received[0].parameters == {"logGroupNamePrefix": "web"}
    assert account.received[7].parameters == {"Bucket": "session-archive", "Key": "a/b.log"}


def test_an_operation_nobody_provides_is_answered_once_and_in_words(account: Account) -> None:
    with pytest.raises(ClientError, match="has not been implemented") as refusal:
        boto3.client("ssm").describe_ops_items()

    assert refusal.value.response["Error"]["Code"] == "NotImplemented"
    assert account.requests == [("ssm", "DescribeOpsItems")]


@pytest.mark.parametrize(
    ("arn", "user_id"),
    [
        (NODE, "AROA4EXAMPLE7DEMOROLE:i-0c1d2e3f4a5b6c7d8"),
        ("arn:aws:iam::123456789012:user/ops/carla", "AIDA4EXAMPLE7DEMOUSER"),
    ],
)
def test_the_account_says_who_asks(account: Account, arn: str, user_id: str) -> None:
    account.act_as(arn)

    identity = boto3.client("sts").get_caller_identity()

    assert (identity["Arn"], identity["UserId"]) == (arn, user_id)
    assert identity["Account"] == "123456789012"


def test_credentials_of_an_assumed_role_are_that_roles(account: Account) -> None:
    account.act_as("arn:aws:iam::123456789012:user/carla")
    assumed: dict[str, Any] = boto3.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/Auditor", RoleSessionName="carla"
    )
    credentials = assumed["Credentials"]

    as_auditor = boto3.client(
        "sts",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    ).get_caller_identity()

    assert as_auditor["Arn"] == "arn:aws:sts::123456789012:assumed-role/Auditor/carla"


def test_an_environment_leads_to_the_account_for_the_time_and_is_then_as_before(
    account: Account,
) -> None:
    environ = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "LANG": "C.UTF-8",
    }
    before = dict(environ)

    with account.entered(environ):
        inside = dict(environ)

    assert inside["AWS_ENDPOINT_URL"] == account.endpoint_url
    assert inside["AWS_ACCESS_KEY_ID"] == "testing"
    assert inside["AWS_EC2_METADATA_DISABLED"] == "true"
    assert inside["LANG"] == "C.UTF-8"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"} & set(inside)
    assert environ == before


def test_an_account_is_gone_when_its_time_is_over(account: Account) -> None:
    del account
    with running() as second:
        address = second.endpoint_url
        sts = boto3.client("sts", endpoint_url=address)
        assert sts.get_caller_identity()["Account"] == "123456789012"

    assert os.environ["AWS_ENDPOINT_URL"] != address
    gone = subprocess.run(
        [sys.executable, "-c", f"import urllib.request as r; r.urlopen('{address}')"],
        env={"NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Connection refused" in gone.stderr


def test_without_moto_the_account_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['moto'] = None\n"
        "from ssmdiag.demo.account import DemoMissingError, running\n"
        "try:\n"
        "    running().__enter__()\n"
        "except DemoMissingError as missing:\n"
        "    print(missing)\n"
    )
    root = Path(__file__).parents[1]

    said = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )

    assert said.stdout.startswith("the demo account needs moto's server (")
    assert said.stdout.endswith("): pip install 'ssmdiag[demo]'\n")
