"""The question answered: policies read, judged, and for a denial the Change that is proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Optional

from ssmdiag.can.organization import service_control_policies
from ssmdiag.can.principals import find_who
from ssmdiag.can.question import Question
from ssmdiag.can.remedies import remedies_for
from ssmdiag.can.resources import What, find_what
from ssmdiag.can.simulator import compared
from ssmdiag.can.testimony import testimony
from ssmdiag.model import Change, Proof, Situation
from ssmdiag.policy.caller import kind_of
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.judgement import Judgement
from ssmdiag.policy.mend import Mending, mend
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.caller.principals import Who
from ssmdiag.requirements.changes import compose
from ssmdiag.requirements.contract import Gap
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Asking, account
from ssmdiag.world.call import Ask, Call
from ssmdiag.world.overlay import Overlay, can_overlay

Commands = Callable[[Sequence[Call]], tuple[str, ...]]


@dataclass(frozen=True)
class _Matter:
    """A question with everything that was read for it."""

    question: Question
    who: Who
    what: What
    request: Request
    policies: Policies
    decision: Decision
    above: Optional[Gap]
    """Why the policies of the organization could not be read."""


def judge(
    question: Question, ask: Asking, region: str, commands: Commands, compare: bool = False
) -> Judgement:
    """Answer ``question``. With ``compare``, AWS's own simulator is asked beside.

    Raises NoSuchPrincipalError and NoSuchResourceError.
    """
    situation = Situation(region)
    matter = _read(question, ask, situation)
    decision = matter.decision
    evidence: list[str] = []
    reasons = (*decision.reasons, *_gaps(matter))
    outcome, by_aws = decision.outcome, None
    if outcome == "undetermined":
        by_aws = testimony(ask, situation, matter.request, matter.who)
    if by_aws is not None:
        outcome = by_aws.outcome
        evidence.append(by_aws.said)
        reasons = ("the policies that can be read leave it open", *reasons)
    if compare:
        evidence += compared(ask, matter.request, matter.policies, matter.who)
    judgement = Judgement(
        outcome=outcome,
        said=_said(outcome, matter),
        decided_by=decision.layer,
        explicit=decision.explicit,
        reasons=reasons,
        evidence=tuple(evidence),
        unseen=_unseen(matter) if outcome != "denied" else (),
        settle=() if outcome != "undetermined" else _settle(matter),
        change=None,
        advice=(),
        proof=None,
        calls=(),
    )
    if decision.outcome == "denied":
        judgement = _mended(judgement, matter, ask, situation, commands)
    return replace(judgement, calls=account(ask.answers))


def _read(question: Question, ask: Ask, situation: Situation) -> _Matter:
    who = find_who(ask, situation, question.principal)
    what = find_what(ask, situation, question, who.account)
    request = Request(
        action=question.action,
        resource=what.arn,
        principal=who.principal,
        principal_arn=who.principal_arn,
        resource_account=what.owner,
        context={**what.context, **who.context, **question.context},
    )
    above = service_control_policies(ask, who.account) if who.account else ()
    policies = Policies(
        identity=who.identity,
        resource=None if isinstance(what.policies, Gap) else what.policies,
        boundary=who.boundary,
        scps=() if isinstance(above, Gap) else above,
    )
    decision = evaluate(request, policies)
    if decision.outcome != "allowed" and not decision.explicit and what.grants:
        policies = replace(policies, grants=what.grants())
        decision = evaluate(request, policies)
    gap = above if isinstance(above, Gap) else None
    return _Matter(question, who, what, request, policies, decision, gap)


def _said(outcome: str, matter: _Matter) -> str:
    what = f"{matter.request.action} on {matter.request.resource}"
    who = matter.who.words
    if outcome == "undetermined":
        return f"It cannot be said whether {who} is allowed {what}"
    # The name of a service or an ARN is not written with a capital.
    first = who[:1].upper() + who[1:] if who.partition(" ")[0].isalpha() else who
    return f"{first} is {'' if outcome == 'allowed' else 'not '}allowed {what}"


def _unseen(matter: _Matter) -> tuple[str, ...]:
    """What may still deny: policies that cannot be found from the caller and the resource."""
    unseen = []
    if matter.above:
        unseen.append(f"service control policies ({matter.above.settle})")
    unseen.append("resource control policies, session policies, the policy of a VPC endpoint")
    return tuple(unseen)


def _open(matter: _Matter) -> list[Gap]:
    gaps = [matter.who.gap] if matter.who.gap else []
    if isinstance(matter.what.policies, Gap):
        gaps.append(matter.what.policies)
    if matter.policies.grants is None:
        gaps.append(Gap("the key's grants could not be read", "allow kms:ListGrants"))
    return gaps


def _gaps(matter: _Matter) -> tuple[str, ...]:
    """Why something could not be read, if that is why it cannot be said."""
    told = matter.decision.reasons
    is_open = matter.decision.outcome == "undetermined"
    return tuple(gap.why for gap in _open(matter) if gap.why not in told) if is_open else ()


def _settle(matter: _Matter) -> tuple[str, ...]:
    said = [gap.settle for gap in _open(matter)]
    near = matter.decision.nearest
    if near and near.key:
        said.append(
            f"tell its value with --context {near.key}=VALUE, or {near.key}= if the request does "
            "not have it"
        )
    return tuple(said)


# --- from a denial to the proved Change ---------------------------------------------------------


def _mended(
    judgement: Judgement, matter: _Matter, ask: Asking, situation: Situation, commands: Commands
) -> Judgement:
    mending = mend(matter.request, matter.policies, matter.what.written)
    remedies = remedies_for(mending, matter.request, matter.who, matter.what)
    edit = compose(ask, remedies)
    advice = [*edit.advice, *([str(mending.obstacle)] if mending.obstacle else [])]
    if edit.calls and kind_of(matter.request) == "service" and not _held(mending):
        advice.append(_CONFUSED)
    if not edit.calls:
        return replace(judgement, advice=tuple(advice))
    change = Change(
        summary=edit.summary,
        calls=edit.calls,
        commands=commands(edit.calls),
        actor="somebody who may " + ", ".join(dict.fromkeys(_action(c) for c in edit.calls)),
    )
    proof = _proof(edit.calls, mending, matter, ask, situation)
    return replace(judgement, change=change, advice=tuple(advice), proof=proof)


_CONFUSED = (
    "this lets the service act for anybody: say what it acts for, and the statement is held to it "
    "(--context aws:SourceArn=ARN or --context kms:EncryptionContext:aws:logs:arn=ARN)"
)


def _held(mending: Mending) -> bool:
    return all("Condition" in addition.statement for addition in mending.additions)


def _action(order: Call) -> str:
    return f"{order.service}:{order.operation}"


def _proof(
    calls: Sequence[Call], mending: Mending, matter: _Matter, ask: Ask, situation: Situation
) -> Proof:
    if not can_overlay(calls):
        return Proof(False, "what these commands do cannot be foretold")
    after = _read(matter.question, Overlay(ask, calls), situation).decision
    if after.outcome == "allowed":
        return Proof(True, "on paper: with the change in place the same request is allowed")
    rest = mending.obstacle or "; ".join(after.reasons)
    if after.outcome == "undetermined":
        return Proof(False, f"it is needed; whether it is enough cannot be said: {rest}")
    return Proof(False, f"it is needed but not enough: {rest}")
