"""Whether somebody may start sessions here: on the node, with the document, over the data channel.

Sources: Systems Manager User Guide, "Sample IAM policies for Session Manager", "Additional sample
IAM policies for Session Manager" and "Enforce a session document permission check for the AWS CLI";
Service Authorization Reference, "AWS Systems Manager"; Session Manager plugin, release history
(1.2.764.0 signs the request that opens the data channel).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ssmdiag.model import (
    Advice,
    Broken,
    Denial,
    Holds,
    Lack,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.mend import obstacle_of
from ssmdiag.requirements.caller.data_key import allowing, refused_to
from ssmdiag.requirements.caller.principals import Nobody, Who, named
from ssmdiag.requirements.caller.requests import (
    DOCUMENT_CHECK,
    OPEN,
    RESUME,
    START,
    TERMINATE,
    Place,
    asks_for_document,
    find_place,
    may_on_own,
    may_start,
    policies_of,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted
from ssmdiag.requirements.preferences.facts import DEFAULT_DOCUMENT
from ssmdiag.requirements.role.unseen_policies import refused_unseen
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask

ID = "caller/session-actions"
_SIGNING_PLUGIN = "1.2.764.0"


@dataclass(frozen=True)
class _Start:
    """One of the two things that ssm:StartSession is checked on."""

    decision: Decision
    arn: str
    what: str
    sid: str


def _check(ask: Ask, situation: Situation) -> Verdict:
    denial = _refusal(situation)
    caller = situation.caller or (denial.principal if denial else None)
    if caller is None and not doubted(situation, ID):
        return NotApplicable("nobody was named who is to start sessions (--as-user ARN)")
    who = named(ask, situation, caller) if caller else Nobody("the log does not tell who it was")
    if isinstance(who, Nobody):
        return _open("whether they may start sessions here is not known", caller, who.why)
    place = find_place(ask, situation)
    if isinstance(place, Gap):
        said = f"whether {who.words} may start sessions here: {place.why}"
        return _open(said, who.name, place.settle)
    if who.account != place.account:
        return _from_elsewhere(who, place)
    verdict = _judged(who, place)
    if denial is not None and refused_to(denial, who):
        return _beside(denial, who, verdict)
    return verdict


def _open(said: str, caller: Optional[str], settle: str) -> Unverified:
    return Unverified(said, (Resource("caller", caller or "who starts the session"),), settle)


def _refusal(situation: Situation) -> Optional[Denial]:
    symptoms = doubted(situation, ID)
    denials = [s.failure.denial for s in symptoms if s.failure and s.failure.denial]
    return denials[-1] if denials else None


def _from_elsewhere(who: Who, place: Place) -> Broken:
    return Broken(
        f"{who.words} belongs to account {who.account}, and sessions on this node can only be "
        f"started with credentials of its own account, {place.account}",
        Resource("caller", who.name),
        (f"the node is {place.node}",),
        (
            Advice(
                f"assume a role of account {place.account} that may start sessions, and use that"
            ),
        ),
    )


# --- the requests of one session, in the order in which they are made ---------------------------


def _judged(who: Who, place: Place) -> Verdict:
    node = _Start(may_start(who, place, place.node), place.node, "this node", "StartSessionOnNode")
    document = _Start(
        may_start(who, place, place.document_arn),
        place.document_arn,
        f"document {place.document}",
        "StartSessionWithDocument",
    )
    surely = place.document != DEFAULT_DOCUMENT or asks_for_document(who, place)
    both = node.decision.outcome == document.decision.outcome == "denied"
    starts = (node, document) if surely or both else (node,)
    denied = [s for s in starts if s.decision.outcome == "denied"]
    if denied:
        return _broken(who, place, denied)
    for start in starts:
        if start.decision.outcome == "undetermined":
            return _undetermined(who, START, start.what, start.decision)
    if document.decision.outcome != "allowed":
        return _default_document(who, place, document.decision)
    return _channel(who, place)


def _broken(who: Who, place: Place, denied: Sequence[_Start]) -> Broken:
    first = denied[0].decision
    resource = Resource("caller", who.name)
    if first.layer == "boundary":
        resource = Resource("boundary", who.boundary_arn or who.name)
    lack = Lack(who.words, START, " and ".join(s.what for s in denied))
    evidence = tuple(dict.fromkeys(reason for s in denied for reason in s.decision.reasons))
    remedies = [_remedy(who, s.decision, START, s.arn, s.sid) for s in denied]
    if may_on_own(who, place, OPEN).outcome == "denied":
        # They never came so far; a newer client needs it as well.
        remedies.append(_opening(who, place))
    return Broken(str(lack), resource, evidence, tuple(remedies), lack=lack)


def _opening(who: Who, place: Place) -> Remedy:
    variable = "${aws:username}" if who.role is None else "${aws:userid}"
    own = f"{place.base}:*:*:session/{variable}-*"
    return _remedy(who, may_on_own(who, place, OPEN), OPEN, own, "OpenOwnDataChannel")


def _remedy(who: Who, decision: Decision, action: str, resource: str, sid: str) -> Remedy:
    if decision.explicit or decision.layer != "identity":
        return Advice(str(obstacle_of(decision, f"{action} on {resource}", policies_of(who))))
    return allowing(who, action, resource, sid)


def _undetermined(who: Who, action: str, what: str, decision: Decision) -> Unverified:
    near = decision.nearest
    settle = who.gap.settle if who.gap else "start a session as they would"
    if who.gap is None and near and near.key and "resourcetag/" in near.key.lower():
        settle = (
            f"compare the tags of {what} with the condition ({near.key}): aws ec2 describe-tags, "
            "or aws ssm list-tags-for-resource for a hybrid node or a document"
        )
    elif who.gap is None and near and near.key:
        settle = f"the value of {near.key} in their requests would settle it"
    why = who.gap.why if who.gap else "; ".join(decision.reasons)
    return Unverified(
        f"whether {who.words} is allowed {action} on {what}: {why}",
        (Resource("caller", who.name),),
        settle,
        decision.reasons,
    )


def _default_document(who: Who, place: Place, decision: Decision) -> Unverified:
    remedy = _remedy(who, decision, START, place.document_arn, "StartSessionWithDocument")
    return Unverified(
        f"{who.words} is allowed {START} on this node, but not surely with document "
        f"{place.document}; whether AWS asks for that where no document is named is not certain",
        (Resource("caller", who.name),),
        "start a session as they would",
        (
            *decision.reasons,
            "the user guide wants the default document named in the policy; before, it was only "
            f"looked at with the condition {DOCUMENT_CHECK}",
        ),
        (remedy,) if decision.outcome == "denied" else (),
    )


# --- what comes after the start -----------------------------------------------------------------


def _channel(who: Who, place: Place) -> Verdict:
    told = tuple(_told(action, may_on_own(who, place, action)) for action in (TERMINATE, RESUME))
    beside = (*(line for line in told if line), _UNSEEN)
    if who.principal.endswith(":root"):
        return Holds(f"{who.words} may start sessions on this node", beside)
    decision = may_on_own(who, place, OPEN)
    if decision.outcome == "undetermined":
        return _undetermined(who, OPEN, "their own sessions", decision)
    if decision.outcome == "denied":
        return _cannot_open(who, place, decision)
    said = f"{who.words} may start sessions on this node with document {place.document}"
    return Holds(said, (*decision.reasons, *beside))


_UNSEEN = "service control policies and session policies were not looked at"


def _told(action: str, decision: Decision) -> str:
    if decision.outcome == "allowed":
        return ""
    surely = "is not" if decision.outcome == "denied" else "may not be"
    effect = "take up a session again after the connection was lost"
    if action == TERMINATE:
        effect = "end a session other than by leaving its shell"
    return f"{action} on their own sessions {surely} allowed; it takes that to {effect}"


def _cannot_open(who: Who, place: Place, decision: Decision) -> Unverified:
    return Unverified(
        f"{who.words} may start sessions on this node, but is not allowed {OPEN} on them: "
        "whether that matters depends on the client",
        (Resource("caller", who.name),),
        "start a session as they would, with an up-to-date Session Manager plugin",
        (
            *decision.reasons,
            f"the Session Manager plugin signs this request since {_SIGNING_PLUGIN}, and the user "
            "guide names it among what users need; older plugins do without",
        ),
        (_opening(who, place),),
    )


def _beside(denial: Denial, who: Who, verdict: Verdict) -> Verdict:
    """What was found, beside what AWS said when it refused."""
    if not isinstance(verdict, Holds):
        return verdict
    action = denial.action if denial.action in (START, OPEN, TERMINATE, RESUME) else None
    evidence = (*verdict.evidence, f"AWS refused: {denial.message}")
    if action is None:
        said = f"AWS refused {who.words} an action that starting a session does not take"
        settle = "look with ssmdiag can, which judges any action"
        return Unverified(said, (Resource("caller", who.name),), settle, evidence)
    unseen = refused_unseen(denial, action, who.name, evidence)
    return unseen or Holds(f"{verdict.said} now; it was refused before", evidence)


REQUIREMENTS = (
    Requirement(ID, "Who starts the session may start it", "permission", _check, standing=False),
)
