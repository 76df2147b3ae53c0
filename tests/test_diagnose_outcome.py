"""A node and its configuration in; what its next session does out.

The model of the agent is held against the agent's own logs, too: of every scenario in which the
agent logged what became of a session, the prediction must not contradict the log.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
from jsonschema import Draft202012Validator

import ssmdiag.render
from ssmdiag.catalog.fold import Folded
from ssmdiag.demo import described
from ssmdiag.demo.judging import log_text
from ssmdiag.diagnose.agent_steps import UNREACHABLE_KMS
from ssmdiag.diagnose.hearing import heard_out
from ssmdiag.diagnose.outcome import outcome
from ssmdiag.diagnose.prediction import predict
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.model import Advice, Broken, Checked, Resource, SessionStart, Situation
from ssmdiag.outcome import Outcome
from ssmdiag.render.json import to_json
from ssmdiag.requirements.checking import to_look_at
from ssmdiag.requirements.contract import Requirement
from ssmdiag.requirements.registry import discover
from ssmdiag.wiring import diagnosing
from ssmdiag.wiring.catalogues import shipped_catalog
from ssmdiag.world.asking import Asking, Door, first_of
from ssmdiag.world.call import Answer, Ask, Call, Known
from tests.reports.every import REPORTS

FIXTURES = Path(__file__).parent / "fixtures"
AGENT: dict[str, Any] = json.loads((FIXTURES / "outcome/agent.json").read_text("utf-8"))
BASELINE: dict[str, Any] = json.loads((FIXTURES / "scenarios/baseline.json").read_text("utf-8"))
SCENARIOS: list[dict[str, Any]] = json.loads(
    (FIXTURES / "scenarios/scenarios.json").read_text("utf-8")
)
SCHEMA_FILE = "report.schema.json"
CATALOG = shipped_catalog()
CASES: list[dict[str, Any]] = AGENT["cases"]
TABLE = [
    (failure, mode, expected)
    for failure, row in AGENT["table"].items()
    for mode, expected in row.items()
]
OF_CALLER = [r for r in discover() if r.id == "caller/generate-data-key"]
STANDING = to_look_at(discover(), Situation("eu-central-1"))


@pytest.mark.parametrize(("failure", "mode", "expected"), TABLE)
def test_what_a_failing_call_does_to_session_and_log(
    failure: str, mode: str, expected: str
) -> None:
    told = _foreseen({**AGENT["failures"][failure], "inputs": AGENT["modes"][mode]})
    assert f"{told.starts} {told.arrivals[0].arrives}" == expected, told.said


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_the_outcome_is_told_in_the_agents_own_words(case: dict[str, Any]) -> None:
    told = _foreseen(case)
    arrivals = {arrival.where: arrival.arrives for arrival in told.arrivals}
    assert (told.starts, arrivals) == (case["starts"], case["arrivals"]), told.said
    assert told.sentence == case.get("sentence")
    assert case.get("says", "") in told.said
    assert len(told.steps) == case.get("steps", len(told.steps))
    if told.sentence:
        assert f"the user reads: “{told.sentence}”" in told.said
    if "unknown" in (told.starts, *arrivals.values()):
        assert told.settle


def test_what_was_not_looked_at_is_said() -> None:
    told = _foreseen({})
    assert "the agent on the node" in told.unseen
    assert "what who starts the session may do" in told.unseen
    looked_at = _foreseen({"caller": "arn:aws:sts::444455556666:assumed-role/PlatformOps/bruno"})
    assert looked_at.starts == "yes"


def test_a_requirement_that_no_run_leaves_out_is_never_taken_to_hold() -> None:
    world = _world({})
    told = outcome((), Asking(described.door(world)), _situation(world))
    assert told.starts == "unknown"
    assert told.arrivals[0].arrives == "unknown"


def test_a_report_that_carries_it_is_what_the_schema_describes() -> None:
    described_report = json.loads(
        (Path(ssmdiag.render.__path__[0]) / SCHEMA_FILE).read_text("utf-8")
    )
    told = _foreseen(CASES[1])
    whole = json.loads(to_json(replace(REPORTS["healthy"], outcome=told)))
    Draft202012Validator(described_report).validate(whole)
    assert whole["outcome"]["sentence"] == told.sentence
    assert [step["verdict"] for step in whole["outcome"]["steps"]][-2:] == ["no", "no"]


def test_every_kind_of_sessions_in_use_is_foreseen_by_itself() -> None:
    bare = {**BASELINE["world"]["preferences"]["content"], "inputs": {}}
    world = _world({"world": {"other_documents": {"Ledger-Bare": bare}}})
    owner = "arn:aws:sts::444455556666:assumed-role/PlatformOps"
    starts = tuple(
        SessionStart(name, document, {}, f"{owner}/{name}")
        for name, document in (
            ("anna", "Ledger-Bare"),
            ("bruno", "SSM-SessionManagerRunShell"),
            ("carla", "SSM-SessionManagerRunShell"),
            ("dora", "AWS-StartPortForwardingSession"),
            ("emil", "Elsewhere"),
        )
    )
    situation = replace(_situation(world), starts=starts[:4])
    told = predict(STANDING, Asking(described.door(world)), situation)
    assert [(f.document, f.caller, f.before.said) for f in told.sessions] == [
        (
            "SSM-SessionManagerRunShell",
            f"{owner}/carla",
            "It starts, and its log arrives in log group /ledger/session-audit, encrypted with "
            "KMS key arn:aws:kms:eu-central-1:444455556666:key/"
            "7a6b5c4d-3e2f-4a1b-9c8d-0e1f2a3b4c5d.",
        ),
        ("Ledger-Bare", f"{owner}/carla", "It starts, and is logged nowhere."),
    ]
    # A document that is gone by now refuses its sessions; the log told what was in it then.
    gone = predict(STANDING, Asking(described.door(world)), replace(situation, starts=starts[2:]))
    assert (gone.sessions[0].document, gone.sessions[0].before.starts) == ("Elsewhere", "no")


# --- held against the agent's own logs ----------------------------------------------------------

# What the agent logs of a session that it refuses; the user reads the rest of the line.
_REFUSED = re.compile(
    r"(?:Validation failed, err: (?P<why>.*)"
    r"|(?P<handshake>Encountered error while initiating handshake\. .*)"
    r"|(?P<shell>Unable to start command: .*))",
    re.DOTALL,
)
# What it logs of a log that is lost while the session itself runs.
_LOST = {
    "log group": re.compile(r"Error in PutLogEvents:|Error Creating Log Stream for CloudWatchLogs"),
    "bucket": re.compile(r"Failed to upload shell session logs to S3"),
}
LOGGED = [s for s in SCENARIOS if s["log_lines"] and s["expected_verdict"] != "no-finding"]
WELL = [s for s in SCENARIOS if s["log_lines"] and s["expected_verdict"] == "no-finding"]


@pytest.mark.parametrize("scenario", LOGGED, ids=[s["id"] for s in LOGGED])
def test_no_prediction_contradicts_what_the_agent_logged(scenario: dict[str, Any]) -> None:
    told = _of_scenario(scenario)
    for line in scenario["log_lines"]:
        refused = _REFUSED.search(line)
        if refused:
            sentence = next(group for group in refused.groups() if group)
            assert told.starts != "yes", sentence
            assert _agrees(told, sentence, scenario), sentence
        for where, lost in _LOST.items():
            if lost.search(line):
                assert told.starts != "no", line
                ways = [a.arrives for a in told.arrivals if a.where.startswith(where)]
                assert "yes" not in ways, line


@pytest.mark.parametrize("scenario", WELL, ids=[s["id"] for s in WELL])
def test_where_nothing_is_wrong_sessions_start_and_their_logs_arrive(
    scenario: dict[str, Any],
) -> None:
    told = _of_scenario(scenario)
    assert told.starts == "yes", told.said
    assert {arrival.arrives for arrival in told.arrivals} <= {"yes"}, told.said


def _agrees(told: Outcome, logged: str, scenario: Mapping[str, Any]) -> bool:
    """Is what the user would read now what the agent said then, as far as that can be known?"""
    if scenario["id"] == "ks-disabled-during-session":
        # The key was disabled after the client had used it; of a session that is started now, the
        # client fails.
        return told.sentence is not None
    if told.sentence == UNREACHABLE_KMS and "RequestError" in logged:
        # Now and then a Call that nobody answers fails before the handshake has timed out.
        return True
    return told.sentence is None or _fits(told.sentence, logged)


def _fits(sentence: str, logged: str) -> bool:
    """Is this the sentence, with the gaps that only AWS can fill in?"""
    parts = (re.escape(part) for part in sentence.split("…"))
    return re.match(".*".join(parts), logged.strip(), re.DOTALL) is not None


# --- the worlds of the fixture ------------------------------------------------------------------


def _foreseen(case: Mapping[str, Any]) -> Outcome:
    world = _world(case)
    ask, situation = Asking(_door(world, case)), _situation(world, case.get("caller"))
    requirements = [*STANDING, *(OF_CALLER if case.get("caller") else ())]
    found = [*_checked(requirements, ask, situation), *_decided(case.get("verdicts", {}))]
    return outcome(found, ask, situation)


def _checked(requirements: Sequence[Requirement], ask: Ask, situation: Situation) -> list[Checked]:
    """As ``check`` does, without its threads: a described world answers at once."""
    return [Checked(r.id, r.title, r.layer, r.check(ask, situation)) for r in requirements]


def _world(case: Mapping[str, Any]) -> dict[str, Any]:
    given = [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for action, resource in AGENT["grants"].items()
        if action not in case.get("without", ())
    ]
    core = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    role = {"inline": {"SessionLogging": {"Statement": given}}, "attached": {core: None}}
    whole = described.merge_patch(BASELINE["world"], {"roles": {"LedgerNodeRole": role}})
    preferences = {"preferences": {"content": {"inputs": case.get("inputs", {})}}}
    patched: dict[str, Any] = described.merge_patch(
        described.merge_patch(whole, preferences), case.get("world", {})
    )
    return patched


def _door(world: Mapping[str, Any], case: Mapping[str, Any]) -> Door:
    through = described.door(world)
    host: Mapping[str, Any] = case.get("host", {})

    def on_host(question: Call) -> Answer:
        return Known(host[question.operation]) if question.operation in host else through(question)

    return first_of([("host", on_host)], through)


def _situation(world: Mapping[str, Any], caller: Optional[str] = None) -> Situation:
    node = world["identity"]["instance_id"]
    return Situation(world["region"], instance_id=node, caller=caller)


def _decided(verdicts: Mapping[str, str]) -> list[Checked]:
    resource = Resource("local-os", "the node")
    return [
        Checked(name, name, "host", Broken(said, resource, ("seen",), (Advice("mend it"),)))
        for name, said in verdicts.items()
    ]


def _of_scenario(scenario: Mapping[str, Any]) -> Outcome:
    world = described.merge_patch(BASELINE["world"], scenario["world"])
    heard = diagnosing.hear(CATALOG, read(["-"], stdin=io.BytesIO(log_text(scenario)), span=ALL))
    folded: Folded = heard.folded
    evidence = heard.evidence
    situation = Situation(
        world["region"],
        symptoms=heard_out(folded.symptoms, evidence.starts),
        principals=tuple(evidence.principals),
        credential_source=evidence.credential_source,
        instance_id=evidence.instance_id or world["identity"]["instance_id"],
        starts=tuple(evidence.starts),
    )
    ask = Asking(described.door(world))
    return outcome(_checked(to_look_at(discover(), situation), ask, situation), ask, situation)
