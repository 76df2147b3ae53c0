"""Systems Manager: versions of the preferences document, settings, nodes and sessions."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account

NAME = "SSM-SessionManagerRunShell"
DHMC = "/ssm/managed-instance/default-ec2-instance-management-role"


def content(**inputs: Any) -> str:
    return json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs})


def inputs_of(version: str) -> Any:
    answer = boto3.client("ssm").get_document(Name=NAME, DocumentVersion=version)
    return json.loads(answer["Content"])["inputs"]


@pytest.fixture
def preferences(account: Account) -> Any:
    del account
    ssm = boto3.client("ssm")
    ssm.create_document(
        Name=NAME, DocumentType="Session", DocumentFormat="JSON", Content=content(kmsKeyId="old")
    )
    return ssm


def test_an_update_counts_only_once_it_is_made_the_default(preferences: Any) -> None:
    preferences.update_document(
        Name=NAME, DocumentVersion="$LATEST", Content=content(kmsKeyId="new")
    )
    assert (inputs_of("$DEFAULT"), inputs_of("$LATEST")) == (
        {"kmsKeyId": "old"},
        {"kmsKeyId": "new"},
    )

    preferences.update_document_default_version(Name=NAME, DocumentVersion="2")

    assert inputs_of("$DEFAULT") == {"kmsKeyId": "new"}
    described = preferences.describe_document(Name=NAME)["Document"]
    assert (described["DefaultVersion"], described["LatestVersion"]) == ("2", "2")
    versions = preferences.list_document_versions(Name=NAME)["DocumentVersions"]
    assert [(v["DocumentVersion"], v["IsDefaultVersion"]) for v in versions] == [
        ("2", True),
        ("1", False),
    ]


def test_equal_content_is_no_new_version(preferences: Any) -> None:
    with pytest.raises(preferences.exceptions.DuplicateDocumentContent):
        preferences.update_document(
            Name=NAME, DocumentVersion="$LATEST", Content=content(kmsKeyId="old")
        )


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("operation", ["get_document", "describe_document"])
def test_preferences_nobody_saved_are_an_invalid_document(operation: str) -> None:
    ssm = boto3.client("ssm")

    with pytest.raises(ssm.exceptions.InvalidDocument):
        getattr(ssm, operation)(Name=NAME)
    with pytest.raises(ssm.exceptions.InvalidDocument):
        ssm.update_document(Name=NAME, DocumentVersion="$LATEST", Content=content())


def test_the_default_management_role_is_none_until_set_and_after_reset(account: Account) -> None:
    ssm = boto3.client("ssm")
    carla = "arn:aws:iam::123456789012:user/carla"
    account.act_as(carla)

    def seen() -> tuple[str, str, str]:
        setting = ssm.get_service_setting(SettingId=DHMC)["ServiceSetting"]
        return setting["SettingValue"], setting["Status"], setting["LastModifiedUser"]

    assert seen() == ("$None", "Default", "System")
    by_arn = f"arn:aws:ssm:us-east-1:123456789012:servicesetting{DHMC}"
    ssm.update_service_setting(SettingId=by_arn, SettingValue="service-role/NodesByDefault")
    assert seen() == ("service-role/NodesByDefault", "Customized", carla)
    ssm.reset_service_setting(SettingId=DHMC)
    assert seen() == ("$None", "Default", "System")


@pytest.mark.usefixtures("account")
def test_a_setting_that_aws_does_not_have_is_not_found() -> None:
    with pytest.raises(ClientError) as refusal:
        boto3.client("ssm").get_service_setting(SettingId="/ssm/no/such/thing")

    assert refusal.value.response["Error"]["Code"] == "ServiceSettingNotFound"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["i-0a", "mi-0b"]),
        ({"Filters": [{"Key": "InstanceIds", "Values": ["i-0a"]}]}, ["i-0a"]),
        ({"Filters": [{"Key": "PingStatus", "Values": ["ConnectionLost"]}]}, ["mi-0b"]),
        (
            {
                "InstanceInformationFilterList": [
                    {"key": "ResourceType", "valueSet": ["ManagedInstance"]}
                ]
            },
            ["mi-0b"],
        ),
        ({"Filters": [{"Key": "InstanceIds", "Values": ["i-0c"]}]}, []),
    ],
)
def test_managed_nodes_are_found_by_filter(
    account: Account, filters: dict[str, Any], found: list[str]
) -> None:
    account.add_node("i-0a", AgentVersion="3.3.1611.0")
    account.add_node("mi-0b", PingStatus="ConnectionLost", ResourceType="ManagedInstance")

    answer = boto3.client("ssm").describe_instance_information(**filters)

    assert [node["InstanceId"] for node in answer["InstanceInformationList"]] == found


def test_only_a_node_that_is_online_is_connected(account: Account) -> None:
    account.add_node("i-0a")
    account.add_node("i-0b", PingStatus="ConnectionLost")
    ssm = boto3.client("ssm")

    status = {
        node: ssm.get_connection_status(Target=node)["Status"] for node in ("i-0a", "i-0b", "i-0c")
    }

    assert status == {"i-0a": "connected", "i-0b": "notconnected", "i-0c": "notconnected"}
    assert ssm.describe_activations()["ActivationList"] == []


@pytest.mark.parametrize(
    ("state", "filters", "found"),
    [
        ("Active", [], ["carla-03"]),
        ("History", [], ["carla-02", "alice-01"]),
        ("History", [{"key": "Owner", "value": "alice"}], ["alice-01"]),
        ("History", [{"key": "Status", "value": "Failed"}], ["carla-02"]),
        ("History", [{"key": "InvokedAfter", "value": "2026-05-04T00:00:00Z"}], ["carla-02"]),
        ("History", [{"key": "InvokedBefore", "value": "2026-05-04T00:00:00Z"}], ["alice-01"]),
        ("History", [{"key": "Target", "value": "i-0f"}], []),
    ],
)
def test_sessions_are_found_by_state_and_filter_newest_first(
    account: Account, state: str, filters: list[dict[str, str]], found: list[str]
) -> None:
    third_of_may, fifth_of_may = 1777766400, 1777939200
    for session, owner, status, started in (
        ("alice-01", "alice", "Terminated", third_of_may),
        ("carla-02", "carla", "Failed", fifth_of_may),
        ("carla-03", "carla", "Connected", fifth_of_may),
    ):
        account.add_session(session, Owner=owner, Status=status, StartDate=started, Target="i-0a")

    narrowed = {"Filters": filters} if filters else {}
    answer = boto3.client("ssm").describe_sessions(State=state, **narrowed)

    assert [session["SessionId"] for session in answer["Sessions"]] == found
