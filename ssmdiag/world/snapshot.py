"""The recorded Answers of one run, as a file, and the door that reads them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ssmdiag.iam.arn import is_region
from ssmdiag.model import Denial
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable, call

SCHEMA = "ssmdiag.snapshot/1"
# What is known is an object, whoever answers, but for these.
_DATA: Mapping[tuple[str, str], type] = {("host", "GetInstanceMetadata"): str}


class SnapshotError(ValueError):
    """The text is not a Snapshot of this version; the message says why in one line."""


def dump(answers: Mapping[Call, Answer], region: str) -> str:
    """Render Answers as JSON text; equal Answers give equal bytes."""
    entries = [
        {
            "service": question.service,
            "operation": question.operation,
            "region": question.region,
            "parameters": question.parameters,
            "answer": _packed(answer),
        }
        for question, answer in sorted(answers.items(), key=lambda item: str(item[0]))
    ]
    whole = {"schema": SCHEMA, "region": region, "answers": entries}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def load(text: str) -> tuple[dict[Call, Answer], str]:
    """Read a Snapshot back: its Answers and the region it was taken in. Raises SnapshotError."""
    try:
        return _read(json.loads(text))
    except json.JSONDecodeError as error:
        raise SnapshotError(f"not JSON: {error}") from None
    except RecursionError:
        raise SnapshotError("it is nested too deeply") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"an entry is not complete: {error}") from None


def _read(whole: Any) -> tuple[dict[Call, Answer], str]:
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
        found = whole.get("schema") if isinstance(whole, dict) else type(whole).__name__
        raise SnapshotError(f"its schema is {found!r}, this version reads {SCHEMA!r}")
    answers = dict(_entry(each) for each in whole["answers"])
    region = whole["region"]
    if not (isinstance(region, str) and is_region(region)):
        raise SnapshotError(f"its region is {region!r}, which is none")
    return answers, region


def _entry(entry: Mapping[str, Any]) -> tuple[Call, Answer]:
    service, operation, region = entry["service"], entry["operation"], entry.get("region", "")
    asked = f"the answer to {service}:{operation}"
    if not (isinstance(service, str) and isinstance(operation, str)):
        raise SnapshotError(f"{asked} is to no Call")
    if region != "" and not (isinstance(region, str) and is_region(region)):
        raise SnapshotError(f"{asked} is of the region {region!r}, which is none")
    answer = _unpacked(entry["answer"])
    if not _has_form(answer, _DATA.get((service, operation), dict)):
        raise SnapshotError(f"{asked} has not the form of one")
    return call(service, operation, region, **entry["parameters"]), answer


def door(answers: Mapping[Call, Answer]) -> Door:
    """The door over recorded Answers. What was not asked then cannot be known now."""

    def ask(question: Call) -> Answer:
        return answers.get(question, Unreachable("the snapshot does not hold this Call"))

    return ask


def _packed(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Known):
        return {"known": answer.data}
    if isinstance(answer, Absent):
        return {"absent": answer.why}
    if isinstance(answer, Denied):
        return {"denied": asdict(answer.denial)}
    return {"unreachable": answer.why}


def _unpacked(packed: Mapping[str, Any]) -> Answer:
    if "known" in packed:
        return Known(packed["known"])
    if "absent" in packed:
        return Absent(packed["absent"])
    if "denied" in packed:
        return Denied(Denial(**packed["denied"]))
    return Unreachable(packed["unreachable"])


def _has_form(answer: Answer, data: type) -> bool:
    """Is it made of what an Answer is made of, and known ``data``?"""
    if isinstance(answer, Known):
        return isinstance(answer.data, data)
    if isinstance(answer, Denied):
        texts = {**asdict(answer.denial), "explicit": None}
        words = [text for text in texts.values() if text is not None]
        return isinstance(answer.denial.message, str) and all(isinstance(w, str) for w in words)
    return isinstance(answer.why, str)
