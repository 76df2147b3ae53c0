"""Pipelines of the embedded account are made where and as AWS makes them."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive

_SOURCE = {"http": {"path": "/logs", "aws": {"region": "us-east-1"}}}
_BODY = {"version": "2", "logs": {"source": _SOURCE, "sink": [{"s3": {"bucket": "b"}}]}}
_GROUP = "/aws/vendedlogs/OpenSearchIngestion/logs"


def _create(region: str, group: str = "") -> dict[str, Any]:
    options = {"IsLoggingEnabled": True, "CloudWatchLogDestination": {"LogGroup": group}}
    created = boto3.client("osis", region_name=region).create_pipeline(
        PipelineName="logs",
        MinUnits=1,
        MaxUnits=1,
        PipelineConfigurationBody=json.dumps(_BODY),
        **({"LogPublishingOptions": options} if group else {}),
    )
    pipeline: dict[str, Any] = created["Pipeline"]
    return pipeline


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_pipeline_is_made_in_every_partition_that_offers_them(
    region: str, partition: str, account: Account
) -> None:
    arn = f"arn:{partition}:osis:{region}:{account.id}:pipeline/logs"
    assert _create(region)["PipelineArn"] == arn


def test_a_pipeline_logs_to_a_vended_log_group(account: Account) -> None:
    del account
    boto3.client("logs").create_log_group(logGroupName=_GROUP)
    assert _create("us-east-1", _GROUP)["PipelineName"] == "logs"


@pytest.mark.parametrize("group", ["sessions", _GROUP])
def test_a_pipeline_cannot_log_to_another_log_group_or_to_none(
    group: str, account: Account
) -> None:
    del account
    boto3.client("logs").create_log_group(logGroupName="sessions")
    with pytest.raises(ClientError) as caught:
        _create("us-east-1", group)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
