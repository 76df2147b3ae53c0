"""A node's Answers as data: cases on a healthy node, asked of one Requirement each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ssmdiag.demo.described import merge_patch
from ssmdiag.model import (
    Advice,
    Broken,
    Denial,
    Situation,
    Symptom,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.registry import discover
from ssmdiag.world.asking import Asking, Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable
from tests.symptoms import symptom

FOLDER = Path(__file__).parent / "fixtures" / "requirements"
CHECKS = {requirement.id: requirement.check for requirement in discover()}
REGION = "eu-north-1"
NODE = "i-00112233445566778"

Case = Mapping[str, Any]


def fixture(name: str) -> dict[str, Any]:
    """A fixture file of this folder."""
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return data


BASE: dict[str, Any] = fixture("agent")["base"]


def door(world: Mapping[str, Any]) -> Door:
    """The Answers of a world, by operation; what it does not hold is not known."""

    def ask(question: Call) -> Answer:
        data = world.get(question.operation)
        if data is None:
            return Unreachable(f"the case does not hold {question}")
        kind = data if isinstance(data, dict) else {}
        if "Denied" in kind:
            return Denied(Denial(message=kind["Denied"], action=kind["Denied"]))
        if "Unreachable" in kind:
            return Unreachable(kind["Unreachable"])
        return Absent(kind["Absent"]) if "Absent" in kind else Known(data)

    return ask


def decided(case: Case, world: Mapping[str, Any]) -> Verdict:
    """The Verdict of a case's Requirement."""
    return CHECKS[case["check"]](Asking(door(world)), situation_of(case))


def situation_of(case: Case) -> Situation:
    """The Situation of a case, with a Symptom if it holds a line of the log."""
    symptoms = (_symptom(case),) if "log" in case else ()
    return Situation(
        case.get("region", REGION),
        symptoms=symptoms,
        principals=tuple(case.get("principals", ())),
        instance_id=case.get("node") or None,
    )


def _symptom(case: Case) -> Symptom:
    return symptom(
        case["log"],
        case["check"],
        case.get("suspect", "agent-config"),
        last=datetime.fromisoformat(case["last"]) if "last" in case else None,
        title="something went wrong",
    )


def patched(*patches: Mapping[str, Any]) -> dict[str, Any]:
    """The healthy node with some patches on it."""
    world: dict[str, Any] = BASE
    for patch in patches:
        world = merge_patch(world, patch)
    return world


def complaints(case: Case, verdict: Verdict) -> list[str]:
    """Where a Verdict is not what its case wants; empty if it is."""
    evidence = " | ".join(getattr(verdict, "evidence", ()))
    found = {
        "verdict": type(verdict).__name__,
        "says": verdict.said,
        "evidence": evidence,
        "advice": _advice(verdict),
        "settle": verdict.settle if isinstance(verdict, Unverified) else "",
        "waits": (verdict.waits_for or "") if isinstance(verdict, Unverified) else "",
        "kind": verdict.resource.kind if isinstance(verdict, Broken) else "",
        "name": verdict.resource.name if isinstance(verdict, Broken) else "",
    }
    wrong = [
        f"{name}: {text!r} lacks {case[name]!r}"
        for name, text in found.items()
        if not (text == case.get(name, text) if name in _WHOLE else case.get(name, "") in text)
    ]
    if isinstance(verdict, Unverified) and "suspects" in case:
        kinds = [s.kind for s in verdict.suspects]
        wrong += [f"suspects: {kinds}"] if kinds != case["suspects"] else []
    if isinstance(verdict, Broken):
        wrong += _unmended(case, verdict)
    return wrong


_WHOLE = ("verdict", "waits", "kind", "name")


def _unmended(case: Case, verdict: Broken) -> Iterator[str]:
    """Whatever is broken has evidence and a fix."""
    writes = [f"{c.service}:{c.operation}" for c in _writes(verdict)]
    if "writes" in case and writes != case["writes"]:
        yield f"writes: {writes}"
    if not (verdict.evidence and verdict.remedies):
        yield f"broken without evidence or remedy: {verdict}"


def _writes(verdict: Broken) -> list[Call]:
    return [c for r in verdict.remedies if isinstance(r, Write) for c in r.calls]


def _advice(verdict: Verdict) -> str:
    remedies = verdict.remedies if isinstance(verdict, Broken) else ()
    return " ".join(r.text for r in remedies if isinstance(r, Advice))


def without_a_field(world: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The world again and again, each time with one field of one Answer left out."""
    text = json.dumps(world)
    for operation in world:
        for number in range(1000):
            copy = json.loads(text)
            fields = list(_fields(copy[operation]))
            if number >= len(fields):
                break
            owner, name = fields[number]
            del owner[name]
            yield f"{operation} without {name}", copy


def _fields(data: Any) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(data, dict):
        yield from ((data, name) for name in data)
    for part in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _fields(part)
