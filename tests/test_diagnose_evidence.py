"""What the log tells beside its errors."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Optional

import pytest

from ssmdiag.demo.log import agent_log
from ssmdiag.demo.story import Story
from ssmdiag.diagnose.evidence import Evidence
from ssmdiag.log.records import parse_records
from ssmdiag.model import Record

_NODE = "arn:aws:sts::444455556666:assumed-role/NodeRole/i-0f00dfeed00c0ffee"


def _heard(*messages: str) -> Evidence:
    evidence = Evidence()
    for _ in evidence.watch([Record(message) for message in messages]):
        pass
    return evidence


def test_a_whole_log_tells_who_and_where_the_agent_is() -> None:
    story = Story(
        account_id="444455556666",
        region="eu-west-1",
        role="NodeRole",
        instance_id="i-0f00dfeed00c0ffee",
        key_arn="arn:aws:kms:eu-west-1:444455556666:key/0f00dfee-0000-4000-8000-d00dfeed0000",
        alias="alias/sessions",
        log_group="audit",
        preferences="SSM-SessionManagerRunShell",
    )
    text = agent_log(story, "refused", datetime(2026, 11, 20, 3)).main.encode()
    chunks = iter([text, b""])
    evidence = Evidence()
    for _ in evidence.watch(parse_records(lambda _: next(chunks))):
        pass
    assert (evidence.region, evidence.instance_id) == ("eu-west-1", "i-0f00dfeed00c0ffee")
    assert evidence.credential_source == "EC2"
    assert evidence.principals == [_NODE]
    (start,) = evidence.starts
    assert start.document == "SSM-SessionManagerRunShell"
    assert start.content["inputs"]["kmsKeyId"] == story.key_arn


@pytest.mark.parametrize(
    ("message", "region"),
    [
        (
            'Post "https://ssm.ap-southeast-2.amazonaws.com/": dial tcp: i/o timeout',
            "ap-southeast-2",
        ),
        ("wss://ssmmessages.us-gov-west-1.amazonaws.com/v1/control-channel", "us-gov-west-1"),
        ("wss://ssmmessages.eusc-de-east-1.amazonaws.eu/v1/control-channel", "eusc-de-east-1"),
        ("on resource: arn:aws-cn:logs:cn-north-1:4444:log-group::log-stream:", "cn-north-1"),
        ("arn:aws:ec2:eu-central-1:444455556666:instance/i-0f00dfeed00c0ffee", "eu-central-1"),
        ("on resource: arn:aws:kms:us-west-2:444455556666:key/1", None),
        ('Get "https://logs-bucket.s3.us-west-2.amazonaws.com/"', None),
        ("nothing of the kind", None),
    ],
)
def test_the_region_is_taken_from_what_must_be_in_it(message: str, region: Optional[str]) -> None:
    assert _heard(message).region == region


def test_systems_managers_own_region_outweighs_a_log_groups() -> None:
    logs = "arn:aws:logs:us-east-1:444455556666:log-group:audit"
    assert _heard(logs, "https://ssm.eu-west-1.amazonaws.com/").region == "eu-west-1"
    assert _heard("https://ssm.eu-west-1.amazonaws.com/", logs).region == "eu-west-1"


def test_principals_are_the_agents_newest_last() -> None:
    other = _NODE.replace("NodeRole", "OtherRole")
    person = "arn:aws:sts::444455556666:assumed-role/Ops/maria"
    heard = _heard(f"User: {_NODE} is", f"User: {other} is", f"User: {person} is", f"{_NODE}.")
    assert heard.principals == [other, _NODE]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "{",
        "[]",
        '{"Content": 1}',
        '{"Content": "{}"}',
        json.dumps({"Content": json.dumps({"DocumentName": "X", "SessionId": "s"})}),
        json.dumps({"Content": json.dumps({"DocumentName": 1, "DocumentContent": {}})}),
    ],
)
def test_a_payload_that_cannot_be_read_is_passed_over(payload: str) -> None:
    assert _heard(f"Parsing AgentMessage 1, Payload: {payload}").starts == []


def _payload(session: str, **inputs: Any) -> str:
    content = {
        "DocumentName": "SSM-SessionManagerRunShell",
        "DocumentContent": {"inputs": inputs},
        "SessionId": session,
        "SessionOwner": "arn:aws:sts::444455556666:assumed-role/Ops/maria",
    }
    return "Parsing AgentMessage 1, Payload: " + json.dumps({"Content": json.dumps(content)})


def test_only_the_newest_starts_are_kept() -> None:
    heard = _heard(*(_payload(f"maria-{n}") for n in range(100)))
    assert [s.session for s in heard.starts] == [f"maria-{n}" for n in range(50, 100)]
