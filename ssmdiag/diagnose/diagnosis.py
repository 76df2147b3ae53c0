"""The whole diagnosis: Situation and Requirements in, Report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Optional

from ssmdiag.diagnose import wording
from ssmdiag.diagnose.findings import (
    Commands,
    broken_finding,
    finding_from_log,
    unverified_findings,
    with_what_is_open,
)
from ssmdiag.model import (
    Broken,
    Checked,
    Cluster,
    Finding,
    Holds,
    NotApplicable,
    Report,
    Situation,
    SourceFile,
    Symptom,
    Unverified,
)
from ssmdiag.requirements.causes import Diagnosis, find_causes
from ssmdiag.requirements.contract import Requirement, doubted
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Asking, account


@dataclass(frozen=True)
class Reading:
    """What was made of the log, for the Report."""

    clusters: tuple[Cluster, ...] = ()
    benign: int = 0
    noise: tuple[Symptom, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    period: tuple[Optional[datetime], Optional[datetime]] = (None, None)


def diagnose(
    situation: Situation,
    reading: Reading,
    requirements: Sequence[Requirement],
    ask: Asking,
    commands: Commands,
) -> Report:
    """Decide what is wrong, what explains which Symptom, and prove the fixes."""
    diagnosis = find_causes(requirements, ask, situation)
    explains, past, from_log = _attribute(situation.symptoms, diagnosis, situation)
    findings = [
        broken_finding(
            cause,
            number,
            diagnosis,
            tuple(dict.fromkeys(s for c in cause.checked for s in explains.get(c.id, ()))),
            commands,
        )
        for number, cause in enumerate(diagnosis.causes, start=1)
    ]
    # From the log alone an open question that blames nothing is no news.
    beside = _beside(requirements, situation, explains)
    broken = {c.id for c in diagnosis.before if isinstance(c.verdict, Broken)}
    open_ones = [
        c
        for c in diagnosis.before
        if (situation.online or _blames(c)) and beside.get(c.id) not in broken
    ]
    findings += [
        with_what_is_open(f, diagnosis.before)
        for f in unverified_findings(open_ones, explains, beside, ask, commands)
    ]
    findings += [finding_from_log(s, situation) for s in from_log]
    verdict = _verdict(findings, diagnosis.before)
    repaired = [r for f in findings if f.verdict == "broken" for r in f.requirements]
    unexplained = tuple(s for s in situation.symptoms if not s.suspects)
    return Report(
        verdict=verdict,
        headline=wording.headline(findings, diagnosis.before, situation, verdict),
        node=_node(situation),
        findings=tuple(findings),
        chain=_for_reading(diagnosis.before),
        past=past,
        unexplained=unexplained,
        unrecognised=reading.clusters,
        benign=reading.benign,
        noise=reading.noise,
        notes=wording.notes(situation, situation.symptoms, repaired, ask),
        sources=reading.sources,
        calls=account(ask.answers) if situation.online else (),
        period=reading.period,
    )


# Who asks, what is wanted, with which key, where to: the order in which a session needs them.
_CHAIN = ("host", "network", "identity", "credentials", "permission", "preferences", "key")


def _for_reading(chain: Sequence[Checked]) -> tuple[Checked, ...]:
    order = {layer: number for number, layer in enumerate(_CHAIN)}
    return tuple(sorted(chain, key=lambda c: order.get(c.layer, len(order))))


def _verdict(
    findings: Sequence[Finding], chain: Sequence[Checked]
) -> Literal["ok", "broken", "unverified"]:
    if any(f.verdict == "broken" for f in findings):
        return "broken"
    if findings or any(isinstance(c.verdict, Unverified) for c in chain):
        return "unverified"
    return "ok"


def _node(situation: Situation) -> tuple[tuple[str, str], ...]:
    facts = {
        "region": situation.region,
        "instance": situation.instance_id,
        "agent": situation.agent_version,
    }
    return tuple((name, value) for name, value in facts.items() if value)


Explains = Mapping[str, tuple[Symptom, ...]]


def _attribute(
    symptoms: Sequence[Symptom], diagnosis: Diagnosis, situation: Situation
) -> tuple[Explains, tuple[Symptom, ...], tuple[Symptom, ...]]:
    """Tell for each Symptom what explains it: a Requirement, the past, or only the log."""
    verdicts = {c.id: c for c in diagnosis.before}
    hidden = {c.id for cause in diagnosis.causes for c in cause.checked}
    explains: dict[str, tuple[Symptom, ...]] = {}
    past: list[Symptom] = []
    from_log: list[Symptom] = []
    for symptom in symptoms:
        if not symptom.suspects:
            continue
        culprit = _culprit(symptom, verdicts, hidden)
        if culprit is not None:
            explains[culprit] = (*explains.get(culprit, ()), symptom)
        elif situation.online and _all_hold(symptom, verdicts):
            past.append(symptom)
        else:
            from_log.append(symptom)
    return explains, tuple(past), tuple(from_log)


def _culprit(symptom: Symptom, verdicts: Mapping[str, Checked], hidden: set[str]) -> Optional[str]:
    """The Requirement that explains a Symptom: broken before open, following what waits."""
    named = [_followed(s.requirement, verdicts) for s in symptom.suspects]
    known = [verdicts[n] for n in named if n in verdicts]
    for wanted in (Broken, Unverified):
        for checked in known:
            verdict = checked.verdict
            if isinstance(verdict, wanted) and _blames(checked):
                return checked.id
    return next((n for n in named if n in hidden), None)


def _beside(
    requirements: Sequence[Requirement], situation: Situation, explains: Explains
) -> dict[str, str]:
    """What was asked only because of Symptoms that others explain, each with one of those."""
    asked = {r.id: doubted(situation, r.id) for r in requirements if not r.standing}
    culprit = {s: name for name, symptoms in explains.items() for s in symptoms}
    return {
        name: culprit[signs[0]]
        for name, signs in asked.items()
        if signs and name not in explains and culprit.keys() >= set(signs)
    }


def _blames(checked: Checked) -> bool:
    """What nobody is suspected for explains nothing."""
    verdict = checked.verdict
    return isinstance(verdict, Broken) or (
        isinstance(verdict, Unverified) and bool(verdict.suspects)
    )


def _followed(requirement: str, verdicts: Mapping[str, Checked]) -> str:
    for _ in range(len(verdicts)):
        checked = verdicts.get(requirement)
        verdict = checked.verdict if checked else None
        lower = verdict.waits_for if isinstance(verdict, Unverified) else None
        if lower is None or lower not in verdicts:
            return requirement
        requirement = lower
    return requirement


def _all_hold(symptom: Symptom, verdicts: Mapping[str, Checked]) -> bool:
    """Everything that it may come from was looked at, and nothing of that is amiss now."""
    looked_at = [verdicts.get(s.requirement) for s in symptom.suspects]
    fine = (Holds, NotApplicable)
    return all(c is not None and isinstance(c.verdict, fine) for c in looked_at) and any(
        c is not None and isinstance(c.verdict, Holds) for c in looked_at
    )
