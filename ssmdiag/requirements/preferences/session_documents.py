"""Session documents beside the one in force: what is started with them is not logged as it says.

A session takes everything from the document that it is started with, and nothing from the
preferences. Sources: Systems Manager User Guide, "Session document schema" and "Logging session
activity"; Systems Manager API Reference, ListDocuments and DescribeSessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional, Union

from ssmdiag.model import (
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted, gap_of, moments, waits
from ssmdiag.requirements.preferences.facts import (
    DEFAULT_DOCUMENT,
    LOGGING_INPUTS,
    Preferences,
    content_of,
    document_in_use,
    is_own,
    past_sessions,
    reading,
    rewrite,
    the_preferences,
)
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Known, call

ID = "preferences/session-document"
_READ_AT_MOST = 30

LISTING = call(
    "ssm",
    "ListDocuments",
    Filters=[
        {"Key": "DocumentType", "Values": ["Session"]},
        {"Key": "Owner", "Values": ["Self"]},
    ],
)


@dataclass(frozen=True)
class _Document:
    """A session document of this account that is not the one in force."""

    name: str
    preferences: Optional[Preferences]
    """None if it could not be read."""
    used: str
    """When a session on this node was last started with it, in words; empty if none is known."""

    @property
    def kind(self) -> str:
        return str(self.preferences.content.get("sessionType")) if self.preferences else ""

    @property
    def unlogged(self) -> bool:
        known = self.preferences is not None and self.kind != "Port"
        return known and self.preferences is not None and not self.preferences.destinations


def _check(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, ID)
    if symptoms:
        return _refused(ask, situation, symptoms[-1])
    if not situation.online:
        return NotApplicable("session documents were not asked for")
    found = the_preferences(ask, situation)
    if not isinstance(found, Preferences):
        return found
    if not found.destinations:
        return waits("preferences/destination", "the preferences log sessions nowhere themselves")
    documents, used = _others(ask, situation, found.document), _used(ask, situation)
    if isinstance(documents, Gap):
        suspect = Resource("prefs-document", "other session documents")
        return Unverified(documents.why, (suspect,), documents.settle)
    return _judged(found, documents, used)


def _refused(ask: Ask, situation: Situation, symptom: Symptom) -> Verdict:
    """The agent could not carry a document out; what is wrong in it only people can tell."""
    starts = [s.document for s in situation.starts if s.session in symptom.sessions]
    name = starts[-1] if starts else document_in_use(ask, situation)
    return Unverified(
        f"the agent could not carry out session document {name}, or what was asked of it: "
        f"{symptom.title}",
        (Resource("prefs-document", name),),
        "look at the document (aws ssm get-document) and at the parameters with which the session "
        "was started; start one with other parameters, or with an empty shellProfile",
        (f"in the agent's log: {symptom.sample.message} ({moments(symptom)})",),
    )


# --- which there are, and which are used --------------------------------------------------------


def _others(ask: Ask, situation: Situation, in_force: str) -> Union[tuple[_Document, ...], Gap]:
    answer = ask(LISTING)
    if not isinstance(answer, Known):
        return gap_of(answer, "the list of this account's session documents")
    names = sorted(str(d.get("Name")) for d in answer.data.get("DocumentIdentifiers", []))
    used = _used(ask, situation)
    last = {} if isinstance(used, Gap) else used
    # Those in use first: if there are many, the others are not read.
    others = sorted((n for n in names if n != in_force), key=lambda n: n not in last)
    read = others[:_READ_AT_MOST]
    contents = [content_of(answer) for answer in ask.all([reading(name) for name in read])]
    found = [None if c is None else Preferences(n, c, "") for n, c in zip(read, contents)]
    unread = [None] * (len(others) - len(read))
    return tuple(_Document(n, p, last.get(n, "")) for n, p in zip(others, [*found, *unread]))


def _used(ask: Ask, situation: Situation) -> Union[dict[str, str], Gap]:
    """The documents of the sessions on this node, each with when it was last used."""
    sessions = past_sessions(ask, situation)
    found: dict[str, str] = {}
    for start in reversed(situation.starts):
        when = f"{start.time:%Y-%m-%d}" if start.time else "as the agent's log shows"
        found.setdefault(start.document, when)
    if isinstance(sessions, Gap):
        return found or sessions
    for session in sessions:
        name = session.get("DocumentName") or DEFAULT_DOCUMENT
        found.setdefault(str(name), str(session.get("StartDate", ""))[:10] or "lately")
    return found


# --- what that means ----------------------------------------------------------------------------


def _judged(
    found: Preferences, documents: Sequence[_Document], used: Union[dict[str, str], Gap]
) -> Verdict:
    evidence = (*(_told(d) for d in documents), *_of_aws(used))
    shells = [d for d in documents if d.unlogged and d.kind == "Standard_Stream"]
    at_work = [d for d in shells if d.used]
    if at_work:
        names = " and ".join(d.name for d in at_work)
        return Broken(
            f"sessions on this node are also started with {names}, which logs nothing: only "
            f"{found.document} logs to {' and '.join(found.destinations)}",
            Resource("prefs-document", at_work[0].name),
            evidence,
            tuple(_like(found, d.preferences) for d in at_work if d.preferences),
        )
    unread = [d for d in documents if d.used and d.preferences is None]
    if unread:
        name = unread[0].name
        return Unverified(
            f"where sessions started with document {name} are logged: it could not be read",
            (Resource("prefs-document", name),),
            f"allow ssm:GetDocument on document/{name}",
            evidence,
        )
    if shells and isinstance(used, Gap):
        return Unverified(
            f"document {shells[0].name} logs nothing; whether it is in use is not known",
            (Resource("prefs-document", shells[0].name),),
            used.settle,
            (*evidence, used.why),
        )
    if not documents:
        return Holds(
            f"no session document of this account stands beside {found.document}", evidence
        )
    others = (
        "1 other session document"
        if len(documents) == 1
        else (f"{len(documents)} other session documents")
    )
    return Holds(f"no shell on this node went unlogged because of {others}", evidence)


def _like(found: Preferences, other: Preferences) -> Write:
    wanted = {name: found.inputs[name] for name in LOGGING_INPUTS if name in found.inputs}
    summary = f"give document {other.document} the logging inputs of {found.document}"
    return rewrite(other, wanted, summary)


def _told(document: _Document) -> str:
    used = "not used on this node in the last 30 days"
    if document.used:
        used = f"last used here {document.used}"
    if document.preferences is None:
        return f"document {document.name} was not read; {used}"
    where = " and ".join(document.preferences.destinations)
    said = f"logs to {where}" if where else "names no log group and no bucket"
    if document.kind == "Port":
        said = "forwards ports, which is never logged"
    return f"document {document.name} ({document.kind}) {said}; {used}"


def _of_aws(used: Union[dict[str, str], Gap]) -> Iterator[str]:
    """Port forwarding and SSH are never logged, whatever the preferences say."""
    for name, when in () if isinstance(used, Gap) else used.items():
        if not is_own(name) and ("PortForwarding" in name or "SSH" in name):
            yield f"sessions started with {name} are never logged; last used here {when}"


REQUIREMENTS = (
    Requirement(
        ID,
        "Session documents can be used, and log as the preferences do",
        "preferences",
        _check,
        standing=False,
    ),
)
