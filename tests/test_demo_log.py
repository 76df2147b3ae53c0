"""The agent's log of the story: what a start and one session leave in the two files."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account
from ssmdiag.demo.log import Outcome, agent_log, session_id, write_agent_log
from ssmdiag.demo.story import Story

START = datetime(2026, 3, 14, 2, 58, 41, 250000)
STORY = Story(
    account_id="123456789012",
    region="us-east-1",
    role="EC2RoleSSMCWSecureLogs",
    instance_id="i-0c1d2e3f4a5b6c7d8",
    key_arn="arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    alias="alias/session-manager-logs",
    log_group="ssm-secure-consolelog-group",
    preferences="SSM-SessionManagerRunShell",
)
SESSION = session_id(STORY, START)
PLUGIN = f"[ssm-session-worker] [{SESSION}] [DataBackend] [pluginName=Standard_Stream]"
DENIED = (
    "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/EC2RoleSSMCWSecureLogs/"
    "i-0c1d2e3f4a5b6c7d8 is not authorized to perform: logs:DescribeLogGroups on resource:"
    " arn:aws:logs:us-east-1:123456789012:log-group::log-stream: because no identity-based policy"
    " allows the logs:DescribeLogGroups action"
)


@pytest.mark.parametrize("outcome", ["refused", "logged"])
def test_every_line_has_the_layout_of_agent_3_3_and_time_never_runs_back(outcome: Outcome) -> None:
    lines = agent_log(STORY, outcome, START).main.splitlines()

    layout = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{4} (INFO|WARN|ERROR) \S")
    assert [line for line in lines if not layout.match(line)] == []
    assert lines[0] == "2026-03-14 02:58:41.2500 INFO Proxy environment variables:"
    assert [line[:24] for line in lines] == sorted(line[:24] for line in lines)
    assert "{" not in "".join(line for line in lines if "Payload" not in line)


def test_a_start_tells_version_identity_credentials_and_channel() -> None:
    main = agent_log(STORY, "logged", START).main

    for said in (
        "INFO [amazon-ssm-agent] amazon-ssm-agent - v3.3.1611.0\n",
        "INFO Agent will take identity from EC2\n",
        "INFO EC2RoleProvider Successfully connected with instance profile role credentials\n",
        "INFO [ssm-agent-worker] [MessageService] [MGSInteractor] Set up control channel"
        " successfully\n",
    ):
        assert said in main


def test_a_refused_session_is_a_cluster_of_six_records_about_one_denial() -> None:
    lines = agent_log(STORY, "refused", START).main.splitlines()

    told = [line[25:].replace(f" {PLUGIN}", "") for line in lines]
    first = next(n for n, line in enumerate(told) if line.startswith("ERROR"))
    assert told[first : first + 6] == [
        f"ERROR error when calling AWS APIs. error details - {DENIED}",
        "INFO increasing error count by 1",
        f"ERROR Error Calling DescribeLogGroups:{DENIED}",
        f"ERROR Error in calling DescribeLogGroups:{DENIED}",
        "WARN The CloudWatch log group specified in session preferences either does not exist or"
        " unable to validate its existence. This might result in no logging of session data to"
        " CloudWatch.",
        "ERROR Validation failed, err: We couldn't start the session because encryption is not set"
        " up on the selected CloudWatch Logs log group. Either encrypt the log group or choose an"
        " option to enable logging without encryption.",
    ]
    assert sum(line.startswith("ERROR") for line in told) == 4


def test_the_errors_file_repeats_the_errors_with_their_code_positions() -> None:
    log = agent_log(STORY, "refused", START)

    coded = re.compile(r"(ERROR) \[(\w+ @ \w+\.go\.\d+)\]")
    assert coded.findall(log.errors) == [
        ("ERROR", "HandleAwsError @ awserr.go.50"),
        ("ERROR", "DescribeLogGroups @ cloudwatchlogsservice.go.283"),
        ("ERROR", "getLogGroupDetails @ cloudwatchlogsservice.go.342"),
        ("ERROR", "execute @ shell.go.238"),
    ]
    errors = [line for line in log.main.splitlines() if " ERROR " in line]
    assert coded.sub(r"\1", log.errors).splitlines() == errors


def test_a_session_that_works_shakes_hands_streams_and_ends() -> None:
    log = agent_log(STORY, "logged", START)

    told = [line.partition(f"{PLUGIN} ")[2] for line in log.main.splitlines()]
    milestones = [
        "Initiating Handshake",
        "Encryption challenge confirmed.",
        "Handshake successfully completed.",
        "Plugin Standard_Stream started",
        "Started CloudWatch upload",
        "Received Sequence token",
        "Finished uploading events to CloudWatch",
        f"Closing datachannel with channel Id {SESSION}",
    ]
    assert [line for line in told if line in milestones] == milestones
    assert " ERROR " not in log.main
    assert log.errors == ""


def test_a_second_start_is_appended_as_another_session(tmp_path: Path) -> None:
    later = START.replace(hour=3)

    main = write_agent_log(tmp_path, STORY, "refused", START)
    errors_before = (tmp_path / "errors.log").read_text(encoding="utf-8")
    write_agent_log(tmp_path, STORY, "logged", later)

    written = main.read_text(encoding="utf-8")
    assert main.name == "amazon-ssm-agent.log"
    assert written == (
        agent_log(STORY, "refused", START).main + agent_log(STORY, "logged", later).main
    )
    assert session_id(STORY, later) != SESSION
    assert (tmp_path / "errors.log").read_text(encoding="utf-8") == errors_before


def test_the_log_words_the_denial_as_the_account_does(account: Account) -> None:
    account.act_as(STORY.caller)
    account.faults.refuse("logs", "DescribeLogGroups", reason="identity")

    with pytest.raises(ClientError) as refusal:
        boto3.client("logs").describe_log_groups(logGroupNamePrefix=STORY.log_group)

    error = refusal.value.response["Error"]
    assert f"{error['Code']}: {error['Message']}" == DENIED
