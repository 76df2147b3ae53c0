"""The nouns that cross rooms.

Every word here is a word of the program's language: the code, the documents, the JSON and the
terminal use the same ones. It imports the standard library, ``values`` (how a noun is frozen) and
``outcome`` (more nouns), nothing else of the program; nothing here asks, reads or decides.
"""

from __future__ import annotations

import re
from dataclasses import field
from datetime import datetime
from typing import Any, Literal, Optional, Union, get_args

from ssmdiag.outcome import Outcome
from ssmdiag.values import dataclass

ResourceKind = Literal[
    "role",
    "boundary",
    "scp",
    "key-policy",
    "key-state",
    "log-group",
    "bucket",
    "prefs-document",
    "vpc-endpoint",
    "endpoint-network",
    "agent-config",
    "local-os",
    "clock",
    "caller",
    "service-side",
    "none",
]
RESOURCE_KINDS: tuple[str, ...] = get_args(ResourceKind)

PolicyType = Literal[
    "identity", "resource", "boundary", "session", "scp", "rcp", "vpc-endpoint", "trust"
]

FailureKind = Literal[
    "denial",  # AWS refused the request: a policy decides
    "unreachable",  # no answer: DNS, route, TLS, proxy, timeout, reset
    "not-found",  # AWS answered that the thing is not there
    "throttled",
    "key-state",  # the KMS key exists but cannot be used: disabled, pending deletion, ...
    "invalid",  # AWS rejected a parameter's form
    "credentials",  # no credentials, expired or not valid ones
    "clock",  # the signature's time is off
    "service",  # AWS answered 5xx
    "other",
]

Severity = Literal["info", "degraded", "no-logs", "session-refused", "offline"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""What the user loses; the later, the more."""


# --- what was read ------------------------------------------------------------------------------

_SESSION_ID = re.compile(r".+-[0-9a-z]{17,26}")  # a command's is a UUID: its last part is shorter


@dataclass(frozen=True)
class Record:
    """One entry of an agent log. Several lines can be one Record."""

    message: str
    """The text after level, code position and context brackets; lines joined by newlines."""
    time: Optional[datetime] = None
    """Local time of the agent's host, as written: agent logs carry no zone. None if unreadable."""
    level: Optional[str] = None
    """TRACE, DEBUG, INFO, WARN, ERROR or CRITICAL; None where the layout is not the agent's."""
    context: tuple[str, ...] = ()
    """The bracketed words before the message, outermost first, without their brackets."""
    code: Optional[str] = None
    """``Func @ file.go.N`` as errors.log prints it, without brackets."""
    file: str = ""
    line: int = 0
    """Number of the Record's first line in its file, from 1; 0 if not counted."""
    offset: int = 0
    """Byte offset of the Record's first line in its (decompressed) file."""

    @property
    def session(self) -> Optional[str]:
        """The session id from the context brackets, behind the session's worker or the executer."""
        after = dict(zip(self.context, self.context[1:]))
        candidate = after.get("ssm-session-worker")
        if candidate and candidate != "DataBackend":
            return candidate
        executed = after.get("OutOfProcExecuter") or after.get("BasicExecuter") or ""
        return executed if _SESSION_ID.fullmatch(executed) else None


@dataclass(frozen=True)
class Denial:
    """What an access-denied message of AWS says (IAM User Guide, "Troubleshoot access denied")."""

    message: str
    action: Optional[str] = None
    """``service:Operation`` as printed after "perform:"."""
    principal: Optional[str] = None
    resource: Optional[str] = None
    explicit: Optional[bool] = None
    """True: a Deny statement; False: nothing allows it; None: the message does not say."""
    policy_type: Optional[PolicyType] = None
    policy_arn: Optional[str] = None
    code: Optional[str] = None


@dataclass(frozen=True)
class Failure:
    """One failed request to AWS, as an SDK words it, in the agent's log or in our own Calls."""

    kind: FailureKind
    text: str
    code: Optional[str] = None
    denial: Optional[Denial] = None
    host: Optional[str] = None
    """The endpoint that was to be reached, for ``unreachable``."""


@dataclass(frozen=True)
class Suspect:
    """A Requirement on which a Symptom casts doubt."""

    requirement: str
    resource: ResourceKind
    leaves_trace: bool = False
    """A fault there is logged by itself: a session's whole log without it clears the suspect."""


@dataclass(frozen=True)
class Symptom:
    """Records of one Pattern about the same subject, folded together."""

    pattern: str
    title: str
    severity: Severity
    count: int
    first: Optional[datetime]
    last: Optional[datetime]
    sessions: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    """What the Pattern captured, sorted by name."""
    failure: Optional[Failure]
    suspects: tuple[Suspect, ...]
    """In order of likelihood; empty when nothing of ours can be at fault."""
    decided: bool
    """True if the text alone singles out the first suspect's kind of resource."""
    sample: Record
    explanation: str = ""


@dataclass(frozen=True)
class Cluster:
    """Error Records that no Pattern knows, alike but for their variable parts."""

    template: str
    count: int
    level: str
    sample: Record


@dataclass(frozen=True)
class SourceFile:
    """The account of one file that was opened."""

    path: str
    bytes_read: int = 0
    bytes_total: int = 0
    problem: Optional[str] = None
    """Why it could not be read (to the end), in words; None if it could."""


# --- what must hold -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Resource:
    """One thing in AWS or on the host that can be misconfigured."""

    kind: ResourceKind
    name: str


@dataclass(frozen=True)
class Allow:
    """Remedy: a role's identity policies must allow ``actions`` on ``resource``."""

    role: str
    actions: tuple[str, ...]
    resource: str
    sid: str
    """What the statement is for; statements of one purpose are merged."""
    condition: Optional[dict[str, Any]] = field(default=None, hash=False)


@dataclass(frozen=True)
class Admit:
    """Remedy: a key policy must admit one principal for ``actions``."""

    key: str
    sid: str
    principal: tuple[str, str]
    """``("Service", "logs.us-east-1.amazonaws.com")`` or ``("AWS", role ARN)``."""
    actions: tuple[str, ...]
    condition: Optional[dict[str, Any]] = field(default=None, hash=False)
    region: str = ""
    """The key's, if that is not the one that is asked about."""


@dataclass(frozen=True)
class Write:
    """Remedy: these write Calls, in this order (``calls`` are ``world.call.Call`` values)."""

    calls: tuple[Any, ...]
    summary: str


@dataclass(frozen=True)
class Advice:
    """Remedy that no command of ours can carry out: who must do what."""

    text: str


Remedy = Union[Allow, Admit, Write, Advice]


@dataclass(frozen=True)
class Holds:
    said: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lack:
    """A permission that is missing: who may not do what to what."""

    who: str
    action: str
    what: str

    def __str__(self) -> str:
        return f"{self.who} is not allowed {self.action} on {self.what}"


@dataclass(frozen=True)
class Broken:
    said: str
    """One sentence: what is wrong, with the resource's name."""
    resource: Resource
    evidence: tuple[str, ...]
    remedies: tuple[Remedy, ...] = ()
    provable: bool = True
    """False if this was decided by something that an overlay cannot change: AWS's own refusal."""
    lack: Optional[Lack] = None
    """What ``said`` says, if that is a missing permission: several can then be told as one."""


@dataclass(frozen=True)
class Unverified:
    said: str
    suspects: tuple[Resource, ...]
    """What may be at fault; empty when this only waits for something else."""
    settle: str
    """What would settle it: a permission to grant, a command to run."""
    evidence: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    waits_for: Optional[str] = None
    """Id of the Requirement that has to be known first, if that is all that is missing."""


@dataclass(frozen=True)
class NotApplicable:
    said: str


Verdict = Union[Holds, Broken, Unverified, NotApplicable]


@dataclass(frozen=True)
class Checked:
    """A Requirement with its Verdict: one link of the chain."""

    id: str
    title: str
    layer: str
    verdict: Verdict


# --- what is told -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """An edit of the world, as write Calls, with the commands that make them."""

    summary: str
    calls: tuple[Any, ...]
    commands: tuple[str, ...]
    """POSIX shell commands, to be run in order."""
    actor: str
    """Who must run them, in words."""


@dataclass(frozen=True)
class Proof:
    """What evaluating the Requirements again said after the Change was overlaid in memory."""

    proved: bool
    said: str


@dataclass(frozen=True)
class Finding:
    """One cause: what is wrong with one resource, the Symptoms that it explains, and the fix."""

    resource: Resource
    verdict: Literal["broken", "unverified"]
    said: str
    requirements: tuple[str, ...]
    evidence: tuple[str, ...]
    symptoms: tuple[Symptom, ...]
    change: Optional[Change]
    advice: tuple[str, ...]
    proof: Optional[Proof]
    settle: tuple[str, ...] = ()
    suspects: tuple[Resource, ...] = ()
    """For an unverified Finding: everything that may be at fault, most likely first."""


@dataclass(frozen=True)
class AskedCall:
    """The account of one Call."""

    call: str
    answer: Literal["known", "absent", "denied", "unreachable"]
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """All that one run found out. Equal input gives an equal Report, to the byte."""

    verdict: Literal["ok", "broken", "unverified"]
    headline: str
    node: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    chain: tuple[Checked, ...]
    past: tuple[Symptom, ...]
    """Symptoms whose Requirements all hold now."""
    unexplained: tuple[Symptom, ...]
    unrecognised: tuple[Cluster, ...]
    benign: int  # Records that look like trouble and are known not to be
    notes: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    calls: tuple[AskedCall, ...]
    period: tuple[Optional[datetime], Optional[datetime]] = (None, None)
    noise: tuple[Symptom, ...] = ()  # what is benign, told only on request
    outcome: Optional[Outcome] = None
    """What the next session will do, where that was asked."""


# --- what is known before anything is asked -----------------------------------------------------


@dataclass(frozen=True)
class SessionStart:
    """One session as the agent logged its start: the document and the settings it was given."""

    session: str
    document: str
    content: dict[str, Any] = field(hash=False)
    """The session document: ``sessionType``, ``inputs``, ..."""
    owner: Optional[str] = None
    """ARN of who started the session."""
    time: Optional[datetime] = None


@dataclass(frozen=True)
class Situation:
    """What a Requirement may know besides Answers: where the node is and what its log said."""

    region: str
    online: bool = True
    """False: nothing but the log may be used."""
    symptoms: tuple[Symptom, ...] = ()
    principals: tuple[str, ...] = ()
    """ARNs under which AWS saw the agent, oldest first, as denials in the log name them."""
    credential_source: Optional[Literal["EC2", "SSM"]] = None
    """From the log: instance profile (EC2) or Default Host Management / hybrid (SSM)."""
    instance_id: Optional[str] = None
    starts: tuple[SessionStart, ...] = ()
    """Sessions whose start the log shows, oldest first."""
    agent_version: Optional[str] = None
    caller: Optional[str] = None
    """ARN of who is to start sessions, where that is asked (``check --as-user``)."""
