"""What the log tells beside its errors: who the agent is, where, and how sessions were started.

Sources: agent source ``agent/messageservice`` ("Parsing AgentMessage", whose payload holds the
session document) and ``common/identity/availableidentities/ec2`` (the role provider's lines).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any, Optional

from ssmdiag.iam.arn import REGION, is_node_session
from ssmdiag.model import Record, SessionStart
from ssmdiag.values import dataclass

LITERALS = (
    b"Parsing AgentMessage ",
    b"role credentials",
    b"amazon-ssm-agent - v",
    b" arn:aws:sts::",
    b"for instance: ",
    b"Opening websocket connection",
)

_PRINCIPAL = r"arn:aws[\w-]*:sts::\d{12}:assumed-role/[\w+=,.@-]{1,128}/[\w+=,.@-]{2,64}"
# Endpoints and ARNs of Systems Manager and EC2 are of the node's own region, those of a log group
# nearly always; a key or a bucket may be elsewhere.
_REGION_NAME = rf"({REGION})\b"
_REGION = (
    r"\b(?:(?:ssm|ssmmessages|ec2messages)\.|arn:aws[\w-]*:(?:ssm|ssmmessages|ec2):)" + _REGION_NAME
)
_BEFORE_REGION = ("ssm.", "messages.", ":ssm", ":ec2:")
_REGION_OF_LOGS = r"\b(?:logs\.|arn:aws[\w-]*:logs:)" + _REGION_NAME
_VERSION = r"amazon-ssm-agent - v(\d+(?:\.\d+){1,3})"
_INSTANCE = (
    r"(?i)(?:instance(?:ID)?[=:]\s?|/amazon/ssm/|assumed-role/[\w+=,.@-]{1,128}/)"
    r"(m?i-(?:[0-9a-f]{17}|[0-9a-f]{8}))\b"
)
_EC2_WORKS = "Successfully connected with instance profile role credentials"
_SSM_WORKS = "Successfully connected with Systems Manager role credentials"
_STARTS_KEPT = 50


@dataclass
class Evidence:
    """Gathered while Records stream past; read it when they are at their end."""

    region: Optional[str] = None
    instance_id: Optional[str] = None
    agent_version: Optional[str] = None
    credential_source: Optional[Any] = None
    principals: list[str] = field(default_factory=list)
    starts: list[SessionStart] = field(default_factory=list)

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass every Record on, having looked at it."""
        for record in records:
            self.look(record)
            yield record

    def look(self, record: Record) -> None:
        """Gather what one Record tells."""
        # The words that an expression needs are sought first: most Records have none of them.
        message = record.message
        if "amazon-ssm-agent - v" in message and (found := re.search(_VERSION, message)):
            self.agent_version = found.group(1)
        if _EC2_WORKS in message:
            self.credential_source = "EC2"
        elif _SSM_WORKS in message:
            self.credential_source = "SSM"
        self._place(message)
        if "i-" in message.lower() and (found := re.search(_INSTANCE, message)):
            self.instance_id = found.group(1)
        if ":assumed-role/" in message:
            for found in re.finditer(_PRINCIPAL, message):
                self._principal(found.group(0))
        if "Parsing AgentMessage " in message and "Payload: " in message:
            self._start(record)

    def _place(self, message: str) -> None:
        strong = any(words in message for words in _BEFORE_REGION)
        found = re.search(_REGION, message) if strong else None
        if found is None and self.region is None:
            found = re.search(_REGION_OF_LOGS, message)
        if found is not None:
            self.region = found.group(1)

    def _principal(self, arn: str) -> None:
        arn = arn.rstrip(".,")
        if self.principals[-1:] == [arn] or not is_node_session(arn):
            return
        if arn in self.principals:
            self.principals.remove(arn)
        self.principals.append(arn)

    def _start(self, record: Record) -> None:
        payload = _json(record.message.split("Payload: ", 1)[1])
        content = _json(payload.get("Content"))
        document = content.get("DocumentContent")
        name, session = content.get("DocumentName"), content.get("SessionId")
        if not (isinstance(document, dict) and isinstance(name, str) and isinstance(session, str)):
            return
        owner = content.get("SessionOwner")
        start = SessionStart(
            session,
            name,
            document,
            owner if isinstance(owner, str) and owner else None,
            record.time,
        )
        self.starts = [*self.starts[-_STARTS_KEPT + 1 :], start]


def _json(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
