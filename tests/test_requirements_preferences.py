"""Session documents in, what is wrong with how they are written, and with those beside them.

Every case of the fixture is an account's session documents and the verdict on one Requirement. A
fix is tried on paper: with it the Requirement holds. Add a case to add a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.demo.described import merge_patch
from ssmdiag.model import (
    Advice,
    Broken,
    Denial,
    Holds,
    NotApplicable,
    Record,
    SessionStart,
    Situation,
    Suspect,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.causes import find_causes
from ssmdiag.requirements.changes import compose
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination import retention as quotas
from ssmdiag.requirements.preferences import document as preferences
from ssmdiag.requirements.preferences import inputs as preferences_inputs
from ssmdiag.requirements.preferences import names, session_documents
from ssmdiag.requirements.preferences.facts import NEW_CONTENT, Preferences, in_force
from ssmdiag.world.asking import Asking, Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable
from ssmdiag.world.overlay import Overlay, can_overlay

FIXTURE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures" / "requirements" / "preferences.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = FIXTURE["cases"]
DEFAULT = "SSM-SessionManagerRunShell"
ROOMS = (names, preferences, preferences_inputs, quotas, session_documents)
REQUIREMENTS = {r.id: r for room in ROOMS for r in room.REQUIREMENTS}
SITUATION = Situation("eu-north-1", instance_id="i-00112233445566778")


@pytest.mark.parametrize("case", CASES, ids=[f"{c['requirement']}: {c['id']}" for c in CASES])
def test_what_is_written_is_judged_and_mended(case: dict[str, Any]) -> None:
    asking = Asking(_door(merge_patch(FIXTURE["base"], case["world"])))
    requirement = REQUIREMENTS[case["requirement"]]
    verdict = requirement.check(asking, SITUATION)
    assert type(verdict).__name__ == case["verdict"], verdict
    assert case.get("says", "") in verdict.said
    assert case.get("evidence", "") in "\n".join(getattr(verdict, "evidence", ()))
    if isinstance(verdict, Unverified):
        assert verdict.waits_for == case.get("waits")
        assert case.get("settle", "") in verdict.settle
        assert verdict.waits_for or verdict.suspects
    if isinstance(verdict, Broken):
        assert (verdict.resource.kind, verdict.resource.name) == (
            "prefs-document",
            case.get("resource", DEFAULT),
        )
        assert verdict.remedies
        assert verdict.evidence
        _mended(case, verdict, asking)


def _mended(case: Mapping[str, Any], verdict: Broken, asking: Asking) -> None:
    advice = " ".join(r.text for r in verdict.remedies if isinstance(r, Advice))
    assert case.get("advice", "") in advice
    wanted = {name: case[name] for name in ("inputs", "without", "beside") if name in case}
    edit = compose(asking, verdict.remedies)
    assert bool(edit.calls) == bool(wanted)
    if not wanted:
        return
    assert can_overlay(edit.calls)
    after = _content(edit.calls, case.get("fixes", verdict.resource.name))
    assert {**after["inputs"], **case.get("inputs", {})} == after["inputs"]
    assert {**after, **case.get("beside", {})} == after
    assert not set(case.get("without", ())) & set(after["inputs"])
    if not advice:
        again = REQUIREMENTS[case["requirement"]].check(Overlay(asking, edit.calls), SITUATION)
        assert isinstance(again, Holds)


def test_two_fixes_of_one_document_do_not_undo_one_another() -> None:
    inputs = {
        "cloudWatchLogGroupName": "/pier/shells ",
        "s3BucketName": "s3://pier-audit",
        "idleSessionTimeout": "90",
    }
    asking = Asking(
        _door(merge_patch(FIXTURE["base"], {"documents": {DEFAULT: {"inputs": inputs}}}))
    )
    wanted = ("preferences/inputs", "preferences/bucket-name", "preferences/log-group-name")
    diagnosis = find_causes([REQUIREMENTS[i] for i in wanted], asking, SITUATION)
    (cause,) = diagnosis.causes
    after = _content(cause.edit.calls, DEFAULT)["inputs"]
    assert [after[name] for name in inputs] == ["/pier/shells", "pier-audit", "60"]
    assert all(isinstance(checked.verdict, Holds) for checked in diagnosis.after)
    assert len(cause.edit.calls) == 2


@pytest.mark.parametrize(
    ("used", "found"),
    [
        pytest.param([], Preferences, id="only the default document may be missing"),
        pytest.param([{"DocumentName": "Pier-Shell"}], Gap, id="another one refuses its sessions"),
    ],
)
def test_sessions_without_saved_preferences_have_what_the_console_offers(
    used: list[dict[str, Any]], found: type
) -> None:
    world = merge_patch(FIXTURE["base"], {"documents": {DEFAULT: None}, "sessions": used})
    told = in_force(Asking(_door(world)), SITUATION)
    assert isinstance(told, found)
    if isinstance(told, Preferences):
        assert (told.content, told.written, told.destinations) == (NEW_CONTENT, False, ())


def test_a_symptom_of_a_document_names_the_one_that_the_session_was_started_with() -> None:
    session = "wim-0123456789abcdef0"
    symptom = Symptom(
        pattern="shell/document",
        title="Session refused: its session document (or a parameter) cannot be used",
        severity="session-refused",
        count=1,
        first=None,
        last=None,
        sessions=(session,),
        fields=(),
        failure=None,
        suspects=(Suspect("preferences/session-document", "prefs-document"),),
        decided=False,
        sample=Record("Commands cannot be empty for session type InteractiveCommands"),
    )
    start = SessionStart(session, "Pier-Commands", {"sessionType": "InteractiveCommands"})
    situation = Situation("eu-north-1", symptoms=(symptom,), starts=(start,))
    verdict = _of("preferences/session-document").check(Asking(_nothing), situation)
    assert isinstance(verdict, Unverified)
    assert verdict.suspects[0].name == "Pier-Commands"
    assert "Commands cannot be empty" in verdict.evidence[0]


def test_offline_nothing_is_said_of_documents() -> None:
    situation = Situation("eu-north-1", online=False)
    checked = [
        _of(i).check(Asking(_nothing), situation)
        for i in ("preferences/inputs", "preferences/session-document", "log-group/retention")
    ]
    assert all(isinstance(verdict, NotApplicable) for verdict in checked)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=6), part, max_size=3)
    ),
    max_leaves=6,
)
_NAMES = st.sampled_from([*NEW_CONTENT["inputs"], "cloudwatchLogGroupName", "x"]) | st.text(
    max_size=9
)


@given(st.dictionaries(_NAMES, _JSON, max_size=5) | _JSON, _JSON, _JSON)
def test_whatever_is_written_has_a_verdict_with_a_fix(inputs: Any, kind: Any, version: Any) -> None:
    content = {"inputs": inputs, "sessionType": kind, "schemaVersion": version}
    asking = Asking(_door({**FIXTURE["base"], "documents": {DEFAULT: content}}))
    verdict: Verdict = _of("preferences/inputs").check(asking, SITUATION)
    if isinstance(verdict, Broken):
        edit = compose(asking, verdict.remedies)
        assert edit.calls or edit.advice
        again = _of("preferences/inputs").check(Overlay(asking, edit.calls), SITUATION)
        assert edit.advice or isinstance(again, Holds), again
    else:
        assert isinstance(verdict, Holds)


# --- the world of the fixture -------------------------------------------------------------------


def _of(requirement: str) -> Any:
    return REQUIREMENTS[requirement]


def _content(calls: Any, document: str) -> Any:
    updates = [c for c in calls if c.parameters["Name"] == document and "Content" in c.parameters]
    return json.loads(updates[-1].parameters["Content"])


def _nothing(question: Call) -> Answer:
    return Unreachable(f"{question} was not described")


def _door(world: Mapping[str, Any]) -> Door:
    documents = world["documents"]
    listed = {"DocumentIdentifiers": [{"Name": name} for name in documents]}
    answers = {
        "ListDocuments": listed,
        "DescribeSessions": {"Sessions": world["sessions"]},
        "DescribeLogGroups": {"logGroups": list(world["groups"].values())},
    }

    def door(question: Call) -> Answer:
        operation, name = question.operation, question.parameters.get("Name")
        if operation in world["refused"] or name in world["unreadable"]:
            action = f"{question.service}:{operation}"
            return Denied(Denial(f"not authorized to perform: {action}", action))
        if operation in answers:
            return Known(answers[operation])
        if operation == "GetDocument" and name in documents:
            content = json.dumps(documents[name])
            return Known({"Name": name, "Content": content, "DocumentVersion": "1"})
        return Absent("no such document") if operation == "GetDocument" else _nothing(question)

    return door
