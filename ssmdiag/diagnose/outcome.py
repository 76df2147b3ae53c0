"""What a session that is started now will do: the agent's own judgement, told in advance.

``agent_steps`` says what the agent does; here the Verdicts of the Requirements, and a few facts,
say which of these steps would succeed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ssmdiag.diagnose import agent_steps as steps
from ssmdiag.diagnose.agent_steps import Session, Step, Would, worst
from ssmdiag.diagnose.likelihood import Verdicts
from ssmdiag.diagnose.step_verdicts import World, look
from ssmdiag.model import Checked, Situation
from ssmdiag.outcome import Arrival, Expectation, Outcome, Stage
from ssmdiag.policy.logic import Truth
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination.bucket_facts import bucket_encryption
from ssmdiag.requirements.destination.log_group_facts import Group, find_group
from ssmdiag.requirements.identity.agent import node_id
from ssmdiag.requirements.preferences.facts import (
    UNSAVED,
    Preferences,
    document_in_use,
    in_force,
    reading,
)
from ssmdiag.world.call import Absent, Ask

_NO_KMS_KEY = "not encrypted with a KMS key"
_UNKNOWN = "encrypted with what is not known"
_DOCUMENT = Step("document", "the session document is there")
_NO_DOCUMENT = "An error occurred (InvalidDocument) when calling the StartSession operation: …"

Taken = Sequence[tuple[Step, Would]]
Told = tuple[Arrival, Would]


def outcome(checked: Sequence[Checked], ask: Ask, situation: Situation) -> Outcome:
    """Predict a session on this node, started with the preferences in force.

    ``checked`` are the Requirements of the same world and Situation.
    """
    found = in_force(ask, situation)
    verdicts = Verdicts(checked, situation)
    if isinstance(found, Gap):
        return _of_unknown(found, World(ask, situation, verdicts, UNSAVED))
    session, world = _session(found), World(ask, situation, verdicts, found)
    taken = steps.start(session, lambda step: look(world, step))
    started = _started(taken)
    arrivals = _arrivals(session, world, started)
    return _told(world, taken, started, arrivals)


def _told(world: World, taken: Taken, started: Would, arrivals: Sequence[Told]) -> Outcome:
    sentence = _sentence(taken, started, node_id(world.ask, world.situation))
    open_ones = [started, *(would for _, would in taken), *(would for _, would in arrivals)]
    return Outcome(
        starts=_expected(started.truth),
        said=_said(started, sentence, arrivals),
        sentence=sentence,
        arrivals=tuple(arrival for arrival, _ in arrivals),
        steps=tuple(Stage(step.title, _expected(w.truth), w.why) for step, w in taken),
        settle=() if started.truth is False else _settling(open_ones),
        unseen=world.verdicts.unseen,
    )


def _settling(open_ones: Sequence[Would]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(w.settle for w in open_ones if w.truth is None and w.settle))


def _started(taken: Taken) -> Would:
    return steps.worst([would for step, would in taken if step.refuses])


# --- what it is started with --------------------------------------------------------------------


def _of_unknown(found: Gap, world: World) -> Outcome:
    """A session of which it is not known what it is started with."""
    taken = steps.start(None, lambda step: look(world, step))
    started = _started(taken)
    if started.truth is False:
        return _told(world, taken, started, ())
    name = document_in_use(world.ask, world.situation)
    if isinstance(world.ask(reading(name)), Absent):
        refused = Would(False, f"document {name} does not exist", sentence=_NO_DOCUMENT)
        return _told(world, (*taken, (_DOCUMENT, refused)), refused, ())
    unknown = Would(None, found.why, found.settle)
    return _told(world, (*taken, (_DOCUMENT, unknown)), unknown, ())


def _session(preferences: Preferences) -> Session:
    return Session(
        kind=str(preferences.content.get("sessionType") or "Standard_Stream"),
        key=bool(preferences.key),
        group=preferences.group,
        group_enforced=preferences.flag("cloudWatchEncryptionEnabled"),
        streaming=preferences.flag("cloudWatchStreamingEnabled"),
        bucket=preferences.bucket,
        bucket_enforced=preferences.flag("s3EncryptionEnabled"),
    )


# --- where its log arrives ----------------------------------------------------------------------


def _arrivals(session: Session, world: World, started: Would) -> list[Told]:
    found: list[Told] = []
    if session.group:
        never = steps.never_logged(session, group=True)
        needed = [look(world, step) for step in steps.steps_to_group(session)]
        where = f"log group {session.group}"
        found.append(_arrival(where, _group_encryption(world), never, needed, started))
    if session.bucket:
        never = steps.never_logged(session, group=False)
        needed = [look(world, step) for step in steps.steps_to_bucket()]
        where = f"bucket {session.bucket}"
        found.append(_arrival(where, _bucket_encryption(world), never, needed, started))
    return found


def _arrival(
    where: str, encrypted: str, never: str, needed: Sequence[Would], started: Would
) -> Told:
    why = "the session is refused" if started.truth is False else started.why
    would = worst([Would(False, never)] if never else [*needed, Would(started.truth, why)])
    return Arrival(where, _expected(would.truth), encrypted, would.why), would


def _group_encryption(world: World) -> str:
    group = find_group(world.ask, world.situation, world.preferences.group)
    if not isinstance(group, Group):
        return _UNKNOWN
    return f"encrypted with KMS key {group.key}" if group.key else _NO_KMS_KEY


def _bucket_encryption(world: World) -> str:
    found = bucket_encryption(world.ask, world.preferences.bucket)
    if isinstance(found, Gap):
        return _UNKNOWN
    key = found.key or ("the AWS managed key of S3" if found.algorithm != "AES256" else "")
    return f"encrypted with KMS key {key}" if key else "encrypted with AES256, a key of S3's own"


# --- in words -----------------------------------------------------------------------------------


def _sentence(taken: Taken, started: Would, node: str) -> Optional[str]:
    if started.truth is not False:
        return None
    step, would = taken[-1]
    if would.sentence is not None:
        return would.sentence or None
    return step.sentence.replace("{node}", node or "…") if step.sentence else None


def _said(started: Would, sentence: Optional[str], arrivals: Sequence[Told]) -> str:
    if started.truth is False:
        return _refused(started.why, sentence)
    if started.truth is None:
        told = f"Whether it starts is not known: {started.why}"
        lost = [
            f"its log would not arrive in {a.where}, because {a.because}"
            for a, _ in arrivals
            if a.arrives == "no"
        ]
        return "; ".join((told, *lost)) + "."
    if not arrivals:
        return "It starts, and is logged nowhere."
    return f"It starts, {'; '.join(_logged(arrival) for arrival, _ in arrivals)}."


def _refused(why: str, sentence: Optional[str]) -> str:
    reads = f"; the user reads: “{sentence}”" if sentence else ""
    return f"It is refused, because {why}{reads}."


def _logged(arrival: Arrival) -> str:
    if arrival.arrives == "yes":
        return f"and its log arrives in {arrival.where}, {arrival.encrypted}"
    if arrival.arrives == "no":
        return f"but no log will arrive in {arrival.where}, because {arrival.because}"
    return f"but whether its log arrives in {arrival.where} is not known: {arrival.because}"


def _expected(truth: Truth) -> Expectation:
    return "unknown" if truth is None else "yes" if truth else "no"
