"""Findings: causes and open questions, each with the Symptoms that it explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional

from ssmdiag.diagnose import wording
from ssmdiag.model import (
    Broken,
    Change,
    Checked,
    Finding,
    Holds,
    NotApplicable,
    Proof,
    Remedy,
    Resource,
    Situation,
    Symptom,
    Unverified,
)
from ssmdiag.requirements.causes import Cause, Diagnosis, in_one_sentence, worsened
from ssmdiag.world.call import Ask, Call

if TYPE_CHECKING:
    from ssmdiag.requirements.changes import Edit

Commands = Callable[[Sequence[Call]], tuple[str, ...]]


def broken_finding(
    cause: Cause,
    number: int,
    diagnosis: Diagnosis,
    symptoms: tuple[Symptom, ...],
    commands: Commands,
) -> Finding:
    """The Finding of one cause, with its Change and the proof."""
    told = {x.requirement for s in symptoms for x in s.suspects}
    # What the log complains of comes first.
    checked = sorted(cause.checked, key=lambda c: c.id not in told)
    verdicts = [c.verdict for c in checked if isinstance(c.verdict, Broken)]
    evidence = list(dict.fromkeys(e for v in verdicts for e in v.evidence))
    if cause.hidden:
        evidence.append("this shows only once what is listed before it is mended")
    change = change_of(cause.edit, commands)
    return Finding(
        resource=cause.resource,
        verdict="broken",
        said=in_one_sentence(verdicts),
        requirements=tuple(c.id for c in checked),
        evidence=tuple(evidence),
        symptoms=symptoms,
        change=change,
        advice=cause.edit.advice,
        proof=_proof(cause, number, diagnosis) if change else None,
    )


def change_of(edit: Edit, commands: Commands) -> Optional[Change]:
    """An Edit as a Change with its commands, or None if there is nothing to run."""
    if not edit.calls:
        return None
    return Change(
        summary=edit.summary,
        calls=edit.calls,
        commands=commands(edit.calls),
        actor=wording.actor(edit.calls),
    )


def _proof(cause: Cause, number: int, diagnosis: Diagnosis) -> Proof:
    if not all(v.provable for v in cause.broken):
        return Proof(False, "only proposed: the policies that it mends could not be read")
    wanted = {c.id for c in cause.checked}
    after = {c.id: c for c in diagnosis.after}
    good = (Holds, NotApplicable)
    open_ones = [after[i] for i in sorted(wanted) if not isinstance(after[i].verdict, good)]
    if open_ones:
        rest = "; ".join(_said(c) for c in open_ones)
        return Proof(False, f"with the change in place, {rest}")
    worse = worsened(diagnosis)
    if worse:
        return Proof(False, f"the change would break {', '.join(c.id for c in worse)}")
    before = f" after fix {number - 1}" if number == 2 else ""
    if number > 2:
        joint = "and" if number == 3 else "to"
        before = f" after fixes 1 {joint} {number - 1}"
    return Proof(
        True,
        f"on paper{before}: {', '.join(sorted(wanted))} "
        f"{'hold' if len(wanted) > 1 else 'holds'} with it, and nothing that held breaks",
    )


def _said(checked: Checked) -> str:
    return getattr(checked.verdict, "said", checked.title)


# --- what could not be verified -----------------------------------------------------------------


def unverified_findings(
    chain: Sequence[Checked],
    explains: Mapping[str, tuple[Symptom, ...]],
    beside: Mapping[str, str],
    ask: Ask,
    commands: Commands,
) -> list[Finding]:
    """One Finding for each resource about which something could not be verified.

    What is open only ``beside`` another Requirement, which explains the same Symptoms, is told
    with that.
    """
    open_ones = {
        c.id: c.verdict
        for c in chain
        if isinstance(c.verdict, Unverified) and c.verdict.waits_for is None
    }
    groups: dict[tuple[Resource, ...], list[Checked]] = {}
    for c in chain:
        if c.id in open_ones:
            verdict = open_ones.get(beside.get(c.id, c.id), open_ones[c.id])
            key = verdict.suspects[:1] or (Resource("none", verdict.said),)
            groups.setdefault(key, []).append(c)
    found = [_unverified(group, explains, beside, ask, commands) for group in groups.values()]
    return sorted(found, key=lambda f: not f.symptoms)


def _unverified(
    group: Sequence[Checked],
    explains: Mapping[str, tuple[Symptom, ...]],
    beside: Mapping[str, str],
    ask: Ask,
    commands: Commands,
) -> Finding:
    doubted = [c for c in group if explains.get(c.id)]
    shown = doubted or list(group)
    also = [c for c in group if c.id in beside and c not in shown]
    verdicts = [c.verdict for c in shown if isinstance(c.verdict, Unverified)]
    others = [c.verdict for c in also if isinstance(c.verdict, Unverified)]
    edit = _edit(ask, [r for v in verdicts for r in v.remedies])
    change = change_of(edit, commands) if edit else None
    suspects = _suspects(verdicts)
    kinds = {s.kind for s in suspects}
    suspects += tuple(s for s in _suspects(others) if s.kind not in kinds)
    more = len(group) - len(shown) - len(also)
    evidence = list(dict.fromkeys(e for v in verdicts for e in v.evidence))
    if more:
        what = "requirement" if more == 1 else "requirements"
        evidence.append(f"{more} more {what} on the same resource could not be verified")
    return Finding(
        resource=suspects[0] if suspects else Resource("none", "not known"),
        verdict="unverified",
        said=verdicts[0].said,
        requirements=tuple(c.id for c in group),
        evidence=tuple(evidence),
        symptoms=tuple(dict.fromkeys(s for c in group for s in explains.get(c.id, ()))),
        change=change,
        advice=edit.advice if edit else (),
        proof=Proof(False, "only proposed: what it mends could not be read") if change else None,
        settle=tuple(dict.fromkeys(v.settle for v in (*verdicts, *others) if v.settle)),
        suspects=suspects,
    )


def _edit(ask: Ask, remedies: Sequence[Remedy]) -> Optional[Edit]:
    if not remedies:
        return None
    from ssmdiag.requirements.changes import compose

    return compose(ask, remedies)


def with_what_is_open(finding: Finding, chain: Sequence[Checked]) -> Finding:
    """An unverified Finding that also names the kinds of resources which its Symptoms leave open:
    a Requirement that waits for another suspects nothing itself."""
    unsettled = {c.id for c in chain if isinstance(c.verdict, Unverified)}
    kinds = {s.kind for s in finding.suspects}
    more = {
        suspect.resource: Resource(suspect.resource, _name(symptom))
        for symptom in finding.symptoms
        for suspect in symptom.suspects
        if suspect.requirement in unsettled and not symptom.decided
    }
    others = tuple(more[kind] for kind in more if kind not in (*kinds, "none"))
    return replace(finding, suspects=(*finding.suspects, *others))


def _suspects(verdicts: Sequence[Unverified]) -> tuple[Resource, ...]:
    return tuple(dict.fromkeys(s for v in verdicts for s in v.suspects))


def finding_from_log(symptom: Symptom, situation: Situation) -> Finding:
    """What the log alone says, where no Requirement could look at it."""
    suspects = tuple(dict.fromkeys(Resource(s.resource, _name(symptom)) for s in symptom.suspects))
    kinds = list(dict.fromkeys(s.kind for s in suspects))
    said = f"the agent's log says: {symptom.title}"
    if len(kinds) > 1 and not symptom.decided:
        said += f"; the log alone does not tell which of {', '.join(kinds)} is at fault"
    settle = "run ssmdiag with access to AWS" if not situation.online else "see the explanation"
    return Finding(
        resource=suspects[0],
        verdict="unverified",
        said=said,
        requirements=tuple(dict.fromkeys(s.requirement for s in symptom.suspects)),
        evidence=(symptom.failure.text,) if symptom.failure else (symptom.sample.message,),
        symptoms=(symptom,),
        change=None,
        advice=(),
        proof=None,
        settle=(settle,),
        suspects=suspects[:1] if symptom.decided else suspects,
    )


def _name(symptom: Symptom) -> str:
    if symptom.failure and symptom.failure.host:
        return symptom.failure.host
    fields = dict(symptom.fields)
    return next(
        (fields[k] for k in ("group", "bucket", "key", "path", "host") if k in fields), "this node"
    )
