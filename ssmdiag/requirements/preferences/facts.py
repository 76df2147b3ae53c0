"""The preferences in force, as facts: which document counts, and what it says.

Sources: Systems Manager User Guide, "Session document schema" and "Configure session preferences";
Amazon CloudWatch Logs API Reference, CreateLogGroup (form of a name).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from ssmdiag.model import NotApplicable, SessionStart, Situation, Unverified, Verdict, Write
from ssmdiag.requirements.contract import Gap, gap_of, waits
from ssmdiag.requirements.identity.agent import node_id
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Ask, Call, Known, call, promising

DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell"
READABLE = "preferences/document"
GROUP_NAME = "preferences/log-group-name"
BUCKET_NAME = "preferences/bucket-name"

NO_KEY = NotApplicable("sessions are not encrypted with a KMS key")

_NEW_VERSION = "<new version>"

NEW_CONTENT: dict[str, Any] = {
    "schemaVersion": "1.0",
    "description": "Document to hold regional settings for Session Manager",
    "sessionType": "Standard_Stream",
    "inputs": {
        "s3BucketName": "",
        "s3KeyPrefix": "",
        "s3EncryptionEnabled": True,
        "cloudWatchLogGroupName": "",
        "cloudWatchEncryptionEnabled": True,
        "cloudWatchStreamingEnabled": True,
        "kmsKeyId": "",
        "runAsEnabled": False,
        "runAsDefaultUser": "",
        "idleSessionTimeout": "20",
        "maxSessionDuration": "",
        "shellProfile": {"windows": "", "linux": ""},
    },
}
"""What the console writes when preferences are saved for the first time."""

DESTINATIONS = ("cloudWatchLogGroupName", "s3BucketName")

LOGGING_INPUTS = (
    "s3BucketName",
    "s3KeyPrefix",
    "s3EncryptionEnabled",
    "cloudWatchLogGroupName",
    "cloudWatchEncryptionEnabled",
    "cloudWatchStreamingEnabled",
    "kmsKeyId",
)
"""What one document takes from another, so that its sessions are logged and encrypted alike."""

_GROUP_NAME_FORM = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}\Z")
# Amazon S3 User Guide, "Bucket naming rules".
_BUCKET_NAME_FORM = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")


def is_group_name(text: str) -> bool:
    """Can a log group be called so?"""
    return bool(_GROUP_NAME_FORM.match(text))


def is_bucket_name(text: str) -> bool:
    """Can a bucket be called so?"""
    return bool(_BUCKET_NAME_FORM.match(text))


@dataclass(frozen=True)
class Preferences:
    """The session document that sessions are started with, as far as logging is concerned."""

    document: str
    content: dict[str, Any]
    source: str
    written: bool = True
    """False: only the log told it; the document itself could not be read."""

    @property
    def inputs(self) -> dict[str, Any]:
        inputs = self.content.get("inputs")
        return inputs if isinstance(inputs, dict) else {}

    def text(self, name: str) -> str:
        return str(self.inputs.get(name) or "")

    def flag(self, name: str) -> bool:
        # Newer agents accept booleans written as strings, so a reader must too.
        return str(self.inputs.get(name, "")).lower() == "true"

    @property
    def destinations(self) -> tuple[str, ...]:
        """Where sessions started with it are logged, in words."""
        words = {"cloudWatchLogGroupName": "log group", "s3BucketName": "bucket"}
        return tuple(f"{words[n]} {self.text(n)}" for n in DESTINATIONS if self.text(n))

    @property
    def group(self) -> str:
        return self.text("cloudWatchLogGroupName")

    @property
    def bucket(self) -> str:
        return self.text("s3BucketName")

    @property
    def key(self) -> str:
        return self.text("kmsKeyId")

    @property
    def prefix(self) -> str:
        return self.text("s3KeyPrefix").strip("/")


UNSAVED = Preferences(DEFAULT_DOCUMENT, NEW_CONTENT, "no preferences were saved", written=False)
"""What sessions have where no preferences were ever saved; logging is none of it."""


def reading(document: str, version: str = "$DEFAULT") -> Call:
    """The Call for one version of a session document; ``$DEFAULT`` is the one that counts."""
    return call("ssm", "GetDocument", Name=document, DocumentVersion=version)


def document_in_use(ask: Ask, situation: Situation) -> str:
    """The document that sessions on this node are started with.

    A session takes everything from the document it is started with; nothing is merged from the
    default one. The log tells it for the sessions that it covers, ssm:DescribeSessions for others.
    """
    troubled = {s for symptom in situation.symptoms for s in symptom.sessions}
    starts = [s for s in situation.starts if s.session in troubled] or list(situation.starts)
    named = [s.document for s in starts if is_own(s.document)]
    if named:
        return named[-1]
    if situation.starts or not situation.online:
        return DEFAULT_DOCUMENT
    sessions = past_sessions(ask, situation)
    for session in () if isinstance(sessions, Gap) else sessions:
        name = session.get("DocumentName") or DEFAULT_DOCUMENT
        if is_own(name):
            return str(name)
    return DEFAULT_DOCUMENT


def past_sessions(ask: Ask, situation: Situation) -> Union[list[dict[str, Any]], Gap]:
    """The sessions that ended on this node in the last 30 days, newest first.

    Thirty days is how long Systems Manager keeps them (User Guide, "Logging session activity").
    """
    node = node_id(ask, situation)
    if not node:
        return Gap("the node's id is not known", "run ssmdiag on the node, as root")
    filters = [{"key": "Target", "value": node}]
    answer = ask(call("ssm", "DescribeSessions", State="History", Filters=filters, MaxResults=20))
    if not isinstance(answer, Known):
        return gap_of(answer, "the list of past sessions")
    found: list[dict[str, Any]] = answer.data.get("Sessions", [])
    return sorted(found, key=lambda s: str(s.get("StartDate", "")), reverse=True)


def find_preferences(ask: Ask, situation: Situation) -> Union[Preferences, Gap]:
    """Read the preferences in force; where AWS refuses, take what the agent logged."""
    name = document_in_use(ask, situation)
    answer = ask(reading(name))
    if isinstance(answer, Known):
        content = content_of(answer)
        if content is None:
            return Gap(f"document {name} is not valid JSON", "save the preferences again")
        return Preferences(name, content, f"ssm:GetDocument {name}")
    start = _latest(situation, name)
    if start is not None and not isinstance(answer, Absent):
        source = f"the start of session {start.session} in the agent's log"
        return Preferences(name, start.content, source, written=False)
    return gap_of(answer, f"the preferences document {name}")


def in_force(ask: Ask, situation: Situation) -> Union[Preferences, Gap]:
    """The preferences in force; where none were ever saved, what sessions have without any.

    Only the default document may be missing: a session that is started with another one is then
    refused (Systems Manager API Reference, StartSession: ``DocumentName``, ``InvalidDocument``).
    """
    found = find_preferences(ask, situation)
    if isinstance(found, Preferences) or document_in_use(ask, situation) != DEFAULT_DOCUMENT:
        return found
    return UNSAVED if isinstance(ask(reading(DEFAULT_DOCUMENT)), Absent) else found


def the_preferences(ask: Ask, situation: Situation) -> Union[Preferences, Unverified]:
    """The preferences; the Verdict of what cannot be looked at without them."""
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return waits(READABLE, "not known before the preferences are")
    return found


def preferences_with_group(ask: Ask, situation: Situation) -> Union[Preferences, Verdict]:
    """Preferences that name a log group; else the Verdict of what is about that group."""
    found = the_preferences(ask, situation)
    if isinstance(found, Preferences) and not found.group:
        return NotApplicable("no log group is configured")
    return found


def preferences_with_bucket(ask: Ask, situation: Situation) -> Union[Preferences, Verdict]:
    """Preferences that name what can be a bucket; else the Verdict of what is about that bucket."""
    found = the_preferences(ask, situation)
    if not isinstance(found, Preferences):
        return found
    if not found.bucket:
        return NotApplicable("no bucket is configured")
    if not is_bucket_name(found.bucket):
        return waits(BUCKET_NAME, "the configured name has to be mended first")
    return found


def preferences_with_key(ask: Ask, situation: Situation) -> Union[Preferences, Verdict]:
    """Preferences that name a session key; else the Verdict of what is about that key."""
    found = the_preferences(ask, situation)
    return NO_KEY if isinstance(found, Preferences) and not found.key else found


def _latest(situation: Situation, document: str) -> Optional[SessionStart]:
    starts = [s for s in situation.starts if s.document == document]
    return starts[-1] if starts else None


def is_own(document: str) -> bool:
    """False for AWS's own documents, for port forwarding, SSH and single commands."""
    return bool(document) and not document.startswith(("AWS-", "AWSFleetManager-", "AmazonEKS-"))


def content_of(answer: Answer) -> Optional[dict[str, Any]]:
    """The session document that ssm:GetDocument answered with; None if it answered with none."""
    return parsed(answer.data.get("Content")) if isinstance(answer, Known) else None


def parsed(content: Any) -> Optional[dict[str, Any]]:
    """A session document's text as a dictionary, or None if it is none."""
    try:
        document = json.loads(content)
    except (TypeError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def rewrite(
    preferences: Preferences,
    inputs: Mapping[str, Any],
    summary: str,
    *,
    without: Sequence[str] = (),
    beside: Optional[Mapping[str, Any]] = None,
) -> Write:
    """The Calls that put ``inputs`` into a document, keep the rest, and make it count.

    Inputs named in ``without`` are left out; ``beside`` holds what stands beside the inputs:
    ``sessionType``, ``schemaVersion``. UpdateDocument alone changes nothing for sessions: the new
    version must become the default one (Systems Manager API Reference,
    UpdateDocumentDefaultVersion).
    """
    kept = {name: value for name, value in preferences.inputs.items() if name not in without}
    content = {**preferences.content, **(beside or {}), "inputs": {**kept, **inputs}}
    text = json.dumps(content, indent=2)
    name = preferences.document
    if not preferences.written:
        create = call(
            "ssm",
            "CreateDocument",
            Name=name,
            DocumentType="Session",
            DocumentFormat="JSON",
            Content=text,
        )
        return Write((create,), summary)
    update = call(
        "ssm",
        "UpdateDocument",
        Name=name,
        DocumentVersion="$LATEST",
        DocumentFormat="JSON",
        Content=text,
    )
    default = call("ssm", "UpdateDocumentDefaultVersion", Name=name, DocumentVersion=_NEW_VERSION)
    new_version = promising(update, "DocumentDescription.DocumentVersion", _NEW_VERSION)
    return Write((new_version, default), summary)
