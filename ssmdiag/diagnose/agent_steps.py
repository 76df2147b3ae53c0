"""What the agent does for a session, from start to end: which steps in which order, which failure
refuses the session, which is dropped, and which sentence the user then reads.

Pure: whether a step succeeds comes in as a function. Sources: agent source
``agent/session/plugins/sessionplugin/sessionplugin.go`` (data channel, handshake, plugin),
``agent/session/datachannel/datachannel.go`` and ``agent/session/crypto`` (handshake),
``agent/session/shell/shell.go`` (checks before the shell, logging), ``shell_unix.go`` (Run As,
transcript), ``agent/agentlogstocloudwatch/cloudwatchlogspublisher`` and ``agent/s3util``; plugin
source ``src/sessionmanagerplugin`` (it prints the agent's sentence as it is); AWS Systems Manager
User Guide, "Troubleshooting Session Manager".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Callable, Optional

from ssmdiag.policy.logic import Truth
from ssmdiag.values import dataclass

PORT = "Port"
NON_INTERACTIVE = "NonInteractiveCommands"

_HANDSHAKE = "Encountered error while initiating handshake. "
_NOT_ENCRYPTED = (
    "We couldn't start the session because encryption is not set up on the selected {where}. "
    "Either encrypt the {thing} or choose an option to enable logging without encryption."
)


@dataclass(frozen=True)
class Session:
    """What a session is started with."""

    kind: str = "Standard_Stream"
    """``sessionType`` of its document."""
    key: bool = False
    """A KMS key encrypts the session itself."""
    group: str = ""
    group_enforced: bool = False
    """It may only start if the log group is encrypted."""
    streaming: bool = False
    bucket: str = ""
    bucket_enforced: bool = False


@dataclass(frozen=True)
class Would:
    """Would a step succeed? None: not known."""

    truth: Truth
    why: str = ""
    settle: str = ""
    sentence: Optional[str] = None
    """What the user reads, where that depends on why it fails."""


@dataclass(frozen=True)
class Step:
    """One thing that is done for a session."""

    id: str
    title: str
    sentence: Optional[str] = None
    """What the user reads if it fails and refuses the session."""
    refuses: bool = True
    """False: its failure is dropped, and shows only in what comes later."""


ALLOWED = Step(
    "allowed",
    "the caller may start the session",
    "An error occurred (AccessDeniedException) when calling the StartSession operation: User: … is "
    "not authorized to perform: ssm:StartSession on resource: …",
)
CONNECTED = Step(
    "connected",
    "the node is connected to Systems Manager",
    "An error occurred (TargetNotConnected) when calling the StartSession operation: {node} is "
    "not connected.",
)
DATA_CHANNEL = Step(
    "data-channel",
    "the agent opens a data channel (ssmmessages:CreateDataChannel, OpenDataChannel)",
    "Setting up data channel with id … failed: …",
)
DATA_KEY = Step(
    "data-key",
    "the client gets a data key with the caller's credentials (kms:GenerateDataKey)",
    f"{_HANDSHAKE}KMSEncryption failed on client with status 2 error: Failed to process action "
    "KMSEncryption: Error calling KMS GenerateDataKey API: …",
)
DECRYPT = Step(
    "decrypt",
    "the agent decrypts the data key (kms:Decrypt)",
    f"{_HANDSHAKE}Fetching data key failed: Unable to retrieve data key, Error when decrypting "
    "data key …",
)
FIND_GROUP = Step(
    "find-group", "the agent finds the log group (logs:DescribeLogGroups)", refuses=False
)
GROUP_ENCRYPTED = Step(
    "group-encrypted",
    "the log group has a KMS key",
    _NOT_ENCRYPTED.format(where="CloudWatch Logs log group", thing="log group"),
)
READ_ENCRYPTION = Step(
    "read-bucket-encryption",
    "the agent reads the bucket's encryption (s3:GetEncryptionConfiguration)",
    "Couldn't start the session because we are unable to validate encryption on Amazon S3 bucket. "
    "Error: …",
)
BUCKET_ENCRYPTED = Step(
    "bucket-encrypted",
    "the bucket is encrypted with AES256 or aws:kms",
    _NOT_ENCRYPTED.format(where="Amazon S3 bucket", thing="bucket"),
)
SHELL = Step("shell", "the shell starts")

TRANSCRIPT = Step("transcript", "the transcript is made (script, cat)")
CREATE_STREAM = Step("create-stream", "the log stream is created (logs:CreateLogStream)")
PUT_EVENTS = Step("put-events", "the log is written (logs:PutLogEvents)")
PUT_OBJECT = Step("put-object", "the log is uploaded (s3:PutObject)")

UNREACHABLE_KMS = (
    f"{_HANDSHAKE}Handshake timed out. Please ensure that you have the latest version of the "
    "session manager plugin."
)
"""The agent waits 15 seconds for the handshake, and longer than that for KMS to answer."""

Look = Callable[[Step], Would]


def steps_to_start(session: Optional[Session]) -> Iterator[Step]:
    """What has to succeed for the session to start, in the order in which it is tried; of a session
    that is not known, what every one needs."""
    yield from (ALLOWED, CONNECTED, DATA_CHANNEL)
    if session is None or session.kind == PORT:
        return
    if session.key:
        yield from (DATA_KEY, DECRYPT)
    if session.group:
        yield FIND_GROUP
    if session.group and session.group_enforced:
        yield GROUP_ENCRYPTED
    if session.bucket and session.bucket_enforced:
        yield from (READ_ENCRYPTION, BUCKET_ENCRYPTED)
    yield SHELL


def start(session: Optional[Session], look: Look) -> tuple[tuple[Step, Would], ...]:
    """The steps that are taken, up to the first that surely refuses the session: what comes behind
    it is not reached, and the log says nothing of it."""
    taken: list[tuple[Step, Would]] = []
    for step in steps_to_start(session):
        would = look(step)
        if step is GROUP_ENCRYPTED and taken[-1][1].truth is not True:
            # A group that was not found counts as one without a key, whatever the error was.
            would = worst([taken[-1][1], would])
        taken.append((step, would))
        if step.refuses and would.truth is False:
            break
    return tuple(taken)


def steps_to_group(session: Session) -> Sequence[Step]:
    """What has to succeed for the log to arrive in the log group."""
    if session.streaming:
        # What is not found when the session starts is not streamed to, and nothing is uploaded
        # at the end in its place.
        return (FIND_GROUP, CREATE_STREAM, PUT_EVENTS)
    return (TRANSCRIPT, CREATE_STREAM, PUT_EVENTS)


def steps_to_bucket() -> Sequence[Step]:
    """What has to succeed for the log to arrive in the bucket."""
    return (TRANSCRIPT, PUT_OBJECT)


def never_logged(session: Session, *, group: bool) -> str:
    """Why sessions of this kind are not logged to the log group, or to the bucket, whatever the
    configuration is; empty if they are."""
    if session.kind == PORT:
        return "sessions of type Port are never logged"
    if group and session.streaming and session.kind == NON_INTERACTIVE:
        return "sessions of type NonInteractiveCommands are not streamed"
    return ""


def worst(all_: Sequence[Would]) -> Would:
    """The one that decides: the first that fails, else the first that is not known."""
    for truth in (False, None):
        found = next((would for would in all_ if would.truth is truth), None)
        if found is not None:
            return found
    return Would(True)
