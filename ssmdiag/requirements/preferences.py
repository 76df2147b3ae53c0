"""The preferences in force, and whether they say what was meant.

Sources: Systems Manager User Guide, "Session document schema" and "Configure session preferences";
Amazon CloudWatch Logs API Reference, CreateLogGroup (form of a name).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Optional, Union

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    SessionStart,
    Situation,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted, gap_of, waits
from ssmdiag.requirements.identity import node_id
from ssmdiag.requirements.log_group_facts import Group, find_group, prepared_for
from ssmdiag.world.call import Absent, Ask, Call, Known, Unreachable, call

DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell"
READABLE = "preferences/document"

_DESTINATIONS = ("cloudWatchLogGroupName", "s3BucketName")
_LOGGING_INPUTS = (
    "s3BucketName",
    "s3KeyPrefix",
    "s3EncryptionEnabled",
    "cloudWatchLogGroupName",
    "cloudWatchEncryptionEnabled",
    "cloudWatchStreamingEnabled",
    "kmsKeyId",
)
_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}\Z")


@dataclass(frozen=True)
class Preferences:
    """The session document that sessions are started with, as far as logging is concerned."""

    document: str
    content: dict[str, Any]
    source: str
    written: bool = True
    """False: only the log told it; the document itself could not be read."""

    def text(self, name: str) -> str:
        return str(self.content.get("inputs", {}).get(name) or "")

    def flag(self, name: str) -> bool:
        # Newer agents accept booleans written as strings, so a reader must too.
        return str(self.content.get("inputs", {}).get(name, "")).lower() == "true"

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
    named = [s.document for s in starts if _is_own(s.document)]
    if named:
        return named[-1]
    node = node_id(ask, situation)
    if situation.starts or not (situation.online and node):
        return DEFAULT_DOCUMENT
    filters = [{"key": "Target", "value": node}]
    answer = ask(call("ssm", "DescribeSessions", State="History", Filters=filters, MaxResults=20))
    sessions = answer.data.get("Sessions", []) if isinstance(answer, Known) else []
    for session in sorted(sessions, key=lambda s: str(s.get("StartDate", "")), reverse=True):
        name = session.get("DocumentName") or DEFAULT_DOCUMENT
        if _is_own(name):
            return str(name)
    return DEFAULT_DOCUMENT


def find_preferences(ask: Ask, situation: Situation) -> Union[Preferences, Gap]:
    """Read the preferences in force; where AWS refuses, take what the agent logged."""
    name = document_in_use(ask, situation)
    answer = ask(reading(name))
    if isinstance(answer, Known):
        content = _parsed(answer.data.get("Content"))
        if content is None:
            return Gap(f"document {name} is not valid JSON", "save the preferences again")
        return Preferences(name, content, f"ssm:GetDocument {name}")
    start = _latest(situation, name)
    if start is not None and not isinstance(answer, Absent):
        source = f"the start of session {start.session} in the agent's log"
        return Preferences(name, start.content, source, written=False)
    return gap_of(answer, f"the preferences document {name}")


def _latest(situation: Situation, document: str) -> Optional[SessionStart]:
    starts = [s for s in situation.starts if s.document == document]
    return starts[-1] if starts else None


def _is_own(document: str) -> bool:
    # AWS-owned documents (port forwarding, SSH, ...) start sessions that are never logged.
    return bool(document) and not document.startswith(("AWS-", "AWSFleetManager-", "AmazonEKS-"))


def _parsed(content: Any) -> Optional[dict[str, Any]]:
    try:
        document = json.loads(content)
    except (TypeError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def rewrite(preferences: Preferences, inputs: dict[str, Any], summary: str) -> Write:
    """The Calls that put ``inputs`` into a document, keep the rest, and make it count.

    UpdateDocument alone changes nothing for sessions: the new version must become the default
    one (Systems Manager API Reference, UpdateDocumentDefaultVersion).
    """
    content = {
        **preferences.content,
        "inputs": {**preferences.content.get("inputs", {}), **inputs},
    }
    text = json.dumps(content, indent=2)
    name = preferences.document
    return Write(
        (
            call(
                "ssm",
                "UpdateDocument",
                Name=name,
                DocumentVersion="$LATEST",
                DocumentFormat="JSON",
                Content=text,
            ),
            call(
                "ssm",
                "UpdateDocumentDefaultVersion",
                Name=name,
                DocumentVersion={"$output": "DocumentDescription.DocumentVersion"},
            ),
        ),
        summary,
    )


def _resource(document: str) -> Resource:
    return Resource("prefs-document", document)


def _readable(ask: Ask, situation: Situation) -> Verdict:
    found = find_preferences(ask, situation)
    name = document_in_use(ask, situation)
    if isinstance(found, Preferences) and found.written:
        return Holds(f"document {name} was read", (f"version $DEFAULT, {found.source}",))
    if not situation.online:
        return NotApplicable("the preferences were not asked for")
    if isinstance(found, Preferences):
        return Unverified(
            f"document {name} could not be read; what follows uses {found.source}",
            (_resource(name),),
            f"allow ssm:GetDocument on document/{name}",
        )
    answer = ask(reading(name))
    if isinstance(answer, Absent):
        return _never_saved(name, situation)
    if isinstance(answer, Known):
        return Broken(found.why, _resource(name), (found.settle,))
    settle = f"allow ssm:GetDocument on document/{name}"
    if isinstance(answer, Unreachable):
        settle = found.settle
    return Unverified(found.why, (_resource(name),), settle)


def _never_saved(name: str, situation: Situation) -> Verdict:
    return Broken(
        f"Session Manager preferences were never saved in {situation.region}: "
        f"document {name} does not exist, so no session is logged",
        _resource(name),
        ("preferences are regional; those of another region do not count here",),
    )


def _destination(ask: Ask, situation: Situation) -> Verdict:
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return waits(READABLE, "not known before the preferences are")
    used = [found.text(name) for name in _DESTINATIONS if found.text(name)]
    if used:
        return Holds(f"document {found.document} logs sessions to {' and '.join(used)}")
    said = f"document {found.document} in {situation.region} names no log group and no bucket, so "
    said += "sessions started with it are not logged"
    evidence = [f"read from {found.source}"]
    remedies: list[Union[Write, Advice]] = []
    if found.document != DEFAULT_DOCUMENT:
        evidence.append(f"sessions on this node are started with document {found.document}")
        default = ask(reading(DEFAULT_DOCUMENT))
        content = _parsed(default.data.get("Content")) if isinstance(default, Known) else None
        inputs = (content or {}).get("inputs", {})
        wanted = {name: inputs[name] for name in _LOGGING_INPUTS if name in inputs}
        if any(wanted.get(name) for name in _DESTINATIONS):
            summary = f"give document {found.document} the logging inputs of {DEFAULT_DOCUMENT}"
            remedies.append(rewrite(found, wanted, summary))
    elif newer := _newer_version(ask, found):
        evidence.append("its newest version does name a destination, but is not the default one")
        remedies.append(newer)
    else:
        remedies += _prepared_destination(ask, situation, found)
    return Broken(said, _resource(found.document), tuple(evidence), tuple(remedies))


def _prepared_destination(
    ask: Ask, situation: Situation, found: Preferences
) -> list[Union[Write, Advice]]:
    """The log group for which the agent's role already has permissions, if there is one."""
    for name in prepared_for(ask, situation):
        group = find_group(ask, situation, name)
        if isinstance(group, Group) and group.exact:
            inputs = {
                "cloudWatchLogGroupName": name,
                "cloudWatchEncryptionEnabled": group.key is not None,
                "cloudWatchStreamingEnabled": True,
            }
            summary = f"log sessions to {name}, for which the role has permissions already"
            return [rewrite(found, inputs, f"{summary}, in {found.document}")]
    return [Advice("name a log group (cloudWatchLogGroupName) or a bucket (s3BucketName) in it")]


def _newer_version(ask: Ask, found: Preferences) -> Optional[Write]:
    answer = ask(reading(found.document, "$LATEST"))
    if not isinstance(answer, Known):
        return None
    content = _parsed(answer.data.get("Content")) or {}
    version = answer.data.get("DocumentVersion")
    if not version or not any(content.get("inputs", {}).get(name) for name in _DESTINATIONS):
        return None
    order = call(
        "ssm", "UpdateDocumentDefaultVersion", Name=found.document, DocumentVersion=str(version)
    )
    return Write((order,), f"make version {version} of {found.document} the default version")


def _group_name(ask: Ask, situation: Situation) -> Verdict:
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return waits(READABLE, "not known before the preferences are")
    name = found.group
    if not name:
        return NotApplicable("no log group is configured")
    if _GROUP_NAME.match(name):
        return Holds(f"{name!r} has the form of a log group name")
    logged = tuple(f"the agent logged: {s.title}" for s in doubted(situation, GROUP_NAME))
    candidate = name.split(":log-group:")[-1].removesuffix(":*").strip()
    remedies: tuple[Write, ...] = ()
    if _GROUP_NAME.match(candidate):
        summary = f"set cloudWatchLogGroupName to {candidate!r} in {found.document}"
        remedies = (rewrite(found, {"cloudWatchLogGroupName": candidate}, summary),)
    return Broken(
        f"document {found.document} names the log group {name!r}, which no log group can be "
        "called: a name has only letters, digits and . - _ / #",
        _resource(found.document),
        ("CloudWatch Logs rejects such a name before it looks for the group", *logged),
        remedies,
    )


GROUP_NAME = "preferences/log-group-name"

REQUIREMENTS = (
    Requirement(READABLE, "The preferences document exists", "preferences", _readable),
    Requirement(
        "preferences/destination", "Sessions are logged somewhere", "preferences", _destination
    ),
    Requirement(GROUP_NAME, "The log group's name is well-formed", "preferences", _group_name),
)
