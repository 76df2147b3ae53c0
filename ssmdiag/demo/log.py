"""The log that amazon-ssm-agent 3.3 on Linux would write about the story's node."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from ssmdiag.demo.story import Story, preferences
from ssmdiag.values import dataclass

Outcome = Literal["refused", "logged"]
"""How the session ends: refused for want of encryption, or held and logged in full."""

VERSION = "3.3.1611.0"
_USER = "alice"
_SESSION_AT = 45.0
"""Seconds from the agent's start to the session's."""

# Each line: seconds, level, code position, message. Positions are printed in errors.log only.
_START = """
 0.0000 | INFO | | Proxy environment variables:
 0.0006 | INFO | | https_proxy: {empty}
 0.0006 | INFO | | http_proxy: {empty}
 0.0006 | INFO | | no_proxy: {empty}
 0.0008 | INFO | | Checking if agent identity type OnPrem can be assumed
 0.0010 | INFO | | Checking if agent identity type EC2 can be assumed
 0.1574 | INFO | | Agent will take identity from EC2
 0.2029 | INFO | | {core} amazon-ssm-agent - v{version}
 0.2029 | INFO | | {core} OS: linux, Arch: amd64
 0.2030 | INFO | | {core} Starting Core Agent
 0.2030 | INFO | | {core} Registrar detected. Attempting registration
 0.2031 | INFO | | [Registrar] Starting registrar module
 0.2933 | INFO | | [EC2Identity] Checking disk for registration info
 0.2934 | INFO | | [EC2Identity] Registration info found for ec2 instance
 0.2936 | INFO | | {core} Registration attempted. Resuming core agent startup.
 0.2937 | INFO | | [CredentialRefresher] credentialRefresher has started
 0.2937 | INFO | | [CredentialRefresher] Starting credentials refresher loop
 0.4251 | INFO | | EC2RoleProvider Successfully connected with instance profile role credentials
 0.4252 | INFO | | [CredentialRefresher] Credentials ready
 0.4256 | INFO | | [CredentialRefresher] Next credential rotation will be in 29.99999238 minutes
 1.4354 | INFO | | {provider} Worker ssm-agent-worker is not running, starting worker process
 1.4356 | INFO | | {provider} Worker ssm-agent-worker (pid:2187) started
 1.4357 | INFO | | {container} Monitor long running worker health every 60 seconds
 1.4538 | INFO | | {worker} Checking if agent identity type OnPrem can be assumed
 1.4539 | INFO | | {worker} Checking if agent identity type EC2 can be assumed
 1.6428 | INFO | | {worker} Agent will take identity from EC2
 1.7484 | INFO | | {worker} Create new startup processor
 1.8896 | INFO | | {service} Appending MGSInteractor to MessageService interactors
 1.8898 | INFO | | {service} Appending MDSInteractor to MessageService interactors
 1.8903 | INFO | | {worker} Initializing bookkeeping folders
 1.8906 | INFO | | {worker} Init the cloudwatchlogs publisher
 1.8907 | INFO | | {worker} ssm-agent-worker - v{version}
 1.8907 | INFO | | {worker} OS: linux, Arch: amd64
 1.8932 | INFO | | {worker} [HealthCheck] HealthCheck reporting agent health.
 1.8954 | INFO | | {mgs} SSM Agent is trying to setup control channel for MGSInteractor
 1.8967 | INFO | | {mgs} Setting up websocket for controlchannel for instance: {node}, {request}
 1.9495 | INFO | | {mgs} Opening websocket connection to: {control_channel}
 1.9971 | INFO | | {mgs} Successfully opened websocket connection to: {address}
 1.9973 | INFO | | {mgs} Starting websocket pinger
 1.9974 | INFO | | {mgs} Starting websocket listener
 1.9974 | INFO | | {mgs} Set up control channel successfully
 1.9974 | INFO | | {mgs} SSM Connection channel status is set to ssmmessages
"""

_SESSION = """
 0.0000 | INFO | | {mgs} Processing AgentMessage: MessageType - interactive_shell, Id - {message_id}
 0.0001 | INFO | | {mgs} Parsing AgentMessage {message_id}, Payload: {payload}
 0.0005 | INFO | | {engine} document {session} submission started
 0.0009 | INFO | | {engine} document {session} submission ended
 0.0239 | INFO | | ssm-session-worker - v{version}
 0.0240 | INFO | | picking up runtime config identity selector
 0.0241 | INFO | | Checking if agent identity type OnPrem can be assumed
 0.0242 | INFO | | Checking if agent identity type EC2 can be assumed
 0.1719 | INFO | | Agent will take identity from EC2
 0.1720 | INFO | | {session_worker} Init the cloudwatchlogs publisher
 0.1721 | INFO | | {session_worker} document: {session} worker started
 0.2201 | INFO | | {backend} received plugin config message
 0.2206 | INFO | | {backend} Running plugin Standard_Stream Standard_Stream
 0.2686 | INFO | | {plugin} Setting up datachannel for session: {session}, {asked}
 0.4574 | INFO | | {plugin} Opening websocket connection to: {data_channel}
 0.5040 | INFO | | {plugin} Successfully opened websocket connection to: {address}
 0.5043 | INFO | | {plugin} Initiating Handshake
 0.5044 | INFO | | {plugin} Starting websocket pinger
 0.5044 | INFO | | {plugin} Starting websocket listener
 0.5961 | INFO | | {plugin} Client side session manager plugin version is: 1.2.650.0
 0.6489 | INFO | | {plugin} Verifying encryption challenge..
 0.6490 | INFO | | {plugin} Encryption challenge confirmed.
 0.6490 | INFO | | {plugin} Handshake successfully completed.
 0.6490 | WARN | | {plugin} Overriding SessionLogsDestination: "none" {overridden}
"""

_REFUSED = """
 0.6930 | ERROR | HandleAwsError @ awserr.go.50 | {plugin} {api_error} {denied}
 0.6930 | INFO  | | {plugin} increasing error count by 1
 0.6930 | ERROR | {publisher}.283 | {plugin} Error Calling DescribeLogGroups:{denied}
 0.6930 | ERROR | {details}.342 | {plugin} Error in calling DescribeLogGroups:{denied}
 0.6930 | WARN  | | {plugin} {unseen}
 0.6930 | ERROR | execute @ shell.go.238 | {plugin} Validation failed, err: {unencrypted}
 0.6931 | INFO  | | {plugin} Closing datachannel with channel Id {session}
"""

_LOGGED = """
 0.7866 | INFO | | {plugin} Starting command executor
 0.8051 | INFO | | {plugin} Plugin Standard_Stream started
 0.8051 | INFO | | {plugin} Uploading logs at {folder}/ipcTempFile.log to CloudWatch
 4.8063 | INFO | | {plugin} Started CloudWatch upload
 4.8063 | INFO | | {plugin} Log stream creation started
 4.8475 | INFO | | {plugin} Log stream already created
 4.8475 | INFO | | {plugin} Log stream creation ended
 4.8475 | INFO | | {plugin} Calling Get Sequence token
 4.8901 | INFO | | {plugin} Received Sequence token
 9.8058 | INFO | | {plugin} Finished uploading events to CloudWatch
 9.8059 | INFO | | {plugin} Stopping pty
 9.8060 | INFO | | {plugin} Closing datachannel with channel Id {session}
"""

_END = """
 0.0000 | INFO | | {plugin} Closing websocket channel connection to: {data_channel}
 0.0001 | INFO | | {plugin} Ending websocket pinger
 0.0002 | INFO | | {plugin} Successfully closed websocket connection to: {address}
 0.0002 | INFO | | {plugin} Ending websocket listener
 0.0002 | INFO | | {backend} Sending plugin Standard_Stream completion message
 0.0003 | INFO | | {backend} document execution complete
 0.0011 | INFO | | {backend} stopping ipc worker...
 0.0013 | INFO | | {session_worker} Session worker closed
 0.0015 | INFO | | {replies} received plugin: Standard_Stream result from Processor
 0.0015 | INFO | | {replies} session: {session} complete
 0.0021 | INFO | | {engine} execution of {session} is over. {tidied}
 3.0021 | INFO | | {session_worker} Stop the cloudwatchlogs publisher
"""


@dataclass(frozen=True)
class AgentLog:
    """What one start of the agent and one session leave behind."""

    main: str
    """The text for amazon-ssm-agent.log."""
    errors: str
    """The text for errors.log: the ERROR Records again, with their code positions."""


def agent_log(story: Story, outcome: Outcome, start: datetime) -> AgentLog:
    """The log of an agent that starts at ``start`` (local time) and is soon asked for a session.

    Layout and wording: ``seelog_unix.xml`` and the sources of amazon-ssm-agent 3.3.
    """
    session = start + timedelta(seconds=_SESSION_AT)
    ended = session + timedelta(seconds=0.6932 if outcome == "refused" else 9.8061)
    parts = (
        (_START, start),
        (_SESSION, session),
        (_REFUSED if outcome == "refused" else _LOGGED, session),
        (_END, ended),
    )
    words = _words(story, start)
    main, errors = [], []
    for template, since in parts:
        for line in template.strip("\n").splitlines():
            offset, level, code, message = (part.strip() for part in line.split("|", 3))
            at = _stamp(since + timedelta(seconds=float(offset)))
            text = message.format_map(words)
            main.append(f"{at} {level} {text}\n")
            if level == "ERROR":
                errors.append(f"{at} {level} [{code.format_map(words)}] {text}\n")
    return AgentLog("".join(main), "".join(errors))


def write_agent_log(folder: Path, story: Story, outcome: Outcome, start: datetime) -> Path:
    """Append ``agent_log(…)`` to the two files in ``folder``; return the path of the main one."""
    log = agent_log(story, outcome, start)
    main = folder / "amazon-ssm-agent.log"
    for path, text in ((main, log.main), (folder / "errors.log", log.errors)):
        if text:
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(text)
    return main


def session_id(story: Story, start: datetime) -> str:
    """The session in the log of an agent that starts at ``start``: ``alice-`` and 17 digits."""
    return f"{_USER}-{_uuid(story, start, 'session').hex[:17]}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 100:04d}"


def _uuid(story: Story, start: datetime, purpose: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{story.instance_id}/{start.isoformat()}/{purpose}")


def _words(story: Story, start: datetime) -> dict[str, str]:
    session = session_id(story, start)
    message_id = str(_uuid(story, start, "message"))
    channels = f"wss://ssmmessages.{story.region}.amazonaws.com/v1"
    data = "/var/lib/amazon/ssm"
    return {
        **_contexts(session),
        **_sentences(story),
        "asked": f"requestId: {_uuid(story, start, 'data channel')}, clientId: ",
        "address": "10.0.12.31:443",
        "control_channel": f"{channels}/control-channel/{story.instance_id}"
        "?role=subscribe&stream=input",
        "data_channel": f"{channels}/data-channel/{session}?role=publish_subscribe",
        "empty": "",
        "folder": f"{data}/{story.instance_id}/session/orchestration/{session}/Standard_Stream",
        "message_id": message_id,
        "node": story.instance_id,
        "payload": _payload(story, session),
        "request": f"requestId: {_uuid(story, start, 'request')}",
        "session": session,
        "version": VERSION,
    }


def _contexts(session: str) -> dict[str, str]:
    core, worker = "[amazon-ssm-agent]", "[ssm-agent-worker]"
    service = f"{worker} [MessageService]"
    backend = f"[ssm-session-worker] [{session}] [DataBackend]"
    return {
        "core": core,
        "container": f"{core} [LongRunningWorkerContainer]",
        "provider": f"{core} [LongRunningWorkerContainer] [WorkerProvider]",
        "worker": worker,
        "service": service,
        "mgs": f"{service} [MGSInteractor]",
        "engine": f"{service} [EngineProcessor]",
        "replies": f"{service} [SessionProcessorWrapper]",
        "session_worker": f"[ssm-session-worker] [{session}]",
        "backend": backend,
        "plugin": f"{backend} [pluginName=Standard_Stream]",
        "publisher": "DescribeLogGroups @ cloudwatchlogsservice.go",
        "details": "getLogGroupDetails @ cloudwatchlogsservice.go",
    }


def _sentences(story: Story) -> dict[str, str]:
    return {
        "api_error": "error when calling AWS APIs. error details -",
        "denied": f"AccessDeniedException: User: {story.caller} is not authorized to perform:"
        f" logs:DescribeLogGroups on resource: arn:aws:logs:{story.region}:{story.account_id}"
        ":log-group::log-stream: because no identity-based policy allows the"
        " logs:DescribeLogGroups action",
        "overridden": "since logging session data to CloudWatch or S3 is enabled.",
        "tidied": "Removing interimState from current folder",
        "unencrypted": "We couldn't start the session because encryption is not set up on the"
        " selected CloudWatch Logs log group. Either encrypt the log group or choose an option to"
        " enable logging without encryption.",
        "unseen": "The CloudWatch log group specified in session preferences either does not exist"
        " or unable to validate its existence. This might result in no logging of session data to"
        " CloudWatch.",
    }


def _payload(story: Story, session: str) -> str:
    content = {
        "DocumentName": story.preferences,
        "DocumentContent": {**preferences(story.key_arn), "parameters": {}, "properties": {}},
        "SessionId": session,
        "Parameters": {},
        "RunAsUser": "",
        "SessionOwner": f"arn:aws:sts::{story.account_id}:assumed-role/Operators/{_USER}",
    }
    return json.dumps(
        {
            "Content": json.dumps(content),
            "TaskId": session,
            "Topic": "aws.ssm.sendCommand",
            "SchemaVersion": 1,
        }
    )
