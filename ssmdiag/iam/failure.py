"""What an AWS SDK, or AWS itself, says when a request failed: one reader for all of it.

It reads the agent's log (AWS SDK for Go), our own refused Calls (botocore), Java, JSON and XML
bodies, wherever in a longer message they stand.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Optional

from ssmdiag.iam.arn import is_node_session, parse_arn, session_name_of
from ssmdiag.iam.denial import read_denial
from ssmdiag.iam.error_code import ErrorCode, find_codes, kind_of_status
from ssmdiag.iam.network import host_meant, trouble_at
from ssmdiag.model import Denial, Failure, FailureKind, ResourceKind

LONGEST = 64 * 1024
"""Characters that are read of one text; what comes after them is not looked at."""

_GAP = r"(?:\s|\\[nrt]|#0(?:11|12|15))+"
"""White space, also as JSON (``\\n``) and syslog (``#011``) write it."""

_QUOTE = r'(?<!\\)\\*(?:"|&quot;)'


def read_failure(text: str) -> Optional[Failure]:
    """The failed request that ``text`` tells of, or None if it tells of none.

    ``Failure.text`` is ``text`` on one line. Never raises; time grows with the text's length.
    """
    flat = re.sub(_QUOTE, '"', re.sub(_GAP, " ", text[:LONGEST])).strip()
    codes = find_codes(flat)
    denial, start = read_denial(flat)
    if denial:
        code = _code_at(codes, start)
        return Failure("denial", flat, code, replace(denial, code=code))
    first = codes[0] if codes else None
    kind = _kind(flat, first)
    if kind is None:
        return None
    code = first.code if first else None
    if kind == "denial":
        return Failure(kind, flat, code, _bare_denial(flat, first))
    host = host_meant(flat) if kind == "unreachable" else None
    return Failure(kind, flat, code, host=host)


_SAYINGS: tuple[tuple[str, FailureKind], ...] = (
    (r"\bUnauthorized request\b", "denial"),
    (r"(?i)\bsignature (?:expired|not yet current)\b", "clock"),
    (r"\brequest signature we calculated does not match\b", "credentials"),
    (
        r"\bkey/(?:mrk-)?[0-9a-f-]{32,36} is (?:disabled|pending|unavailable|not enabled)\b",
        "key-state",
    ),
)
"""Sentences that say more than the code they come with."""

_BARE_SAYINGS: tuple[tuple[str, FailureKind], ...] = (
    (r"\bAccess Denied\b|\bForbidden$|\b[Yy]ou are not authorized to perform\b", "denial"),
    (r"\bno EC2 instance role found\b|\b[Uu]nable to locate credentials\b", "credentials"),
    (r"\bno valid (?:providers in chain|credentials could be retrieved)\b", "credentials"),
    (r"\bcredentials are already expired\b", "credentials"),
    (r"\bsecurity token included in the request is (?:expired|invalid)\b", "credentials"),
    (r"\bRate exceeded\b", "throttled"),
)
"""Sentences that are enough where no code stands beside them."""


def _kind(text: str, code: Optional[ErrorCode]) -> Optional[FailureKind]:
    """From the most telling to the least: sentence, code, bare sentence, network, HTTP status."""
    return (
        _said(text, _SAYINGS)
        or (code.kind if code else None)
        or _said(text, _BARE_SAYINGS)
        or ("unreachable" if trouble_at(text) is not None else None)
        or kind_of_status(text)
        or ("other" if code else None)
    )


def _said(text: str, sayings: tuple[tuple[str, FailureKind], ...]) -> Optional[FailureKind]:
    return next((kind for form, kind in sayings if re.search(form, text)), None)


def _code_at(codes: list[ErrorCode], start: int) -> Optional[str]:
    """The code that belongs to a sentence: the last before it, else (Java) the first after it."""
    before = [code.code for code in codes if code.start < start]
    after = [code.code for code in codes if code.start >= start]
    return before[-1] if before else next(iter(after), None)


_TAG = r"<[^<>]*>"
_BEFORE_MESSAGE = r"^ when calling the \w+ operation(?: \([^()]*\))?"
_AFTER_MESSAGE = r",? status code: |</(?i:message)>| \(Service: | caused by: "


def _bare_denial(text: str, code: Optional[ErrorCode]) -> Denial:
    """A refusal that does not say who, what or why: ``CODE: the words with it``."""
    said = text[code.end :] if code else text
    said = re.split(_AFTER_MESSAGE, re.sub(_BEFORE_MESSAGE, "", said), maxsplit=1)[0]
    said = " ".join(re.sub(_TAG, " ", said).split()).strip(" :>")
    name = code.code if code else None
    named = name and not name.isdigit()
    message = f"{name}: {said}" if named and said else (said or name or text)
    # The metadata service's word for a role that EC2 is not trusted to assume.
    trust = name == "AssumeRoleUnauthorizedAccess"
    return Denial(message, policy_type="trust" if trust else None, code=name)


# --- what a refusal points to -------------------------------------------------------------------

_KEY_WORDS = (
    r"(?i)does not exist in this region|customer master key|specified KMS key"
    r"|to access the (?:KMS )?key"
)
_BY_POLICY: dict[str, ResourceKind] = {
    "boundary": "boundary",
    "scp": "scp",
    "rcp": "scp",
    "vpc-endpoint": "vpc-endpoint",
}


def denied_resource(denial: Denial) -> ResourceKind:
    """The kind of resource that ``denial`` points to, from its text alone.

    The policy type that AWS names decides; where it names none, or the identity's own, the
    principal does: ``caller`` for a person's or program's session, ``role`` for a node's.
    """
    service = (denial.action or "").partition(":")[0].lower()
    if denial.policy_type in _BY_POLICY:
        return _BY_POLICY[denial.policy_type]
    if re.search(_KEY_WORDS, denial.message) or (
        denial.policy_type == "resource" and service == "kms"
    ):
        return "key-policy"
    if service == "s3" and (denial.policy_type == "resource" or "Block Public" in denial.message):
        return "bucket"
    return "caller" if _is_outsider(denial.principal or "") else "role"


def _is_outsider(principal: str) -> bool:
    """Whether it is surely not a node: a user, or a session named otherwise than a node's."""
    arn = parse_arn(principal)
    if arn is None:
        return False
    if session_name_of(principal):
        return not is_node_session(principal)
    return arn.resource == "root" or arn.resource.startswith(("user/", "federated-user/"))
