"""Report → JSON for programs, under the versioned schema beside this file."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from ssmdiag.model import (
    Admit,
    Advice,
    Allow,
    Broken,
    Checked,
    Holds,
    NotApplicable,
    Report,
    Unverified,
    Write,
)
from ssmdiag.policy.judgement import Judgement
from ssmdiag.render.scrub import scrub
from ssmdiag.world.call import Call

SCHEMA = "ssmdiag.report/1"
JUDGEMENT_SCHEMA = "ssmdiag.judgement/1"

# Members of the unions, whose class is what a program must be told besides their fields.
_KINDS: dict[type, tuple[str, str]] = {
    Holds: ("verdict", "holds"),
    Broken: ("verdict", "broken"),
    Unverified: ("verdict", "unverified"),
    NotApplicable: ("verdict", "not-applicable"),
    Allow: ("kind", "allow"),
    Admit: ("kind", "admit"),
    Write: ("kind", "write"),
    Advice: ("kind", "advice"),
}
# Tuples of name and value that read better as objects.
_NAMED = ("node", "fields")


def to_json(report: Report) -> str:
    """Tell the whole Report, as ``report.schema.json`` describes it (JSON Schema 2020-12).

    Keys stand in the model's order, dictionaries of AWS's in alphabetical order; times are the
    node's local ones, in ISO 8601 without a zone because agent logs have none. Equal Reports give
    equal text. What does not print is escaped, which JSON reads as the same string.
    """
    return written(SCHEMA, report)


def judgement_to_json(judgement: Judgement) -> str:
    """Tell the answer to ``ssmdiag can``: the fields of the model's ``Judgement``."""
    return written(JUDGEMENT_SCHEMA, judgement)


def written(schema: str, value: Any) -> str:
    """A dataclass or a dictionary as JSON under a versioned schema."""
    document = {"schema": schema, **plain(value)}
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return re.sub(r"[^\n -~]", _escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    return char if char.isprintable() else json.dumps(char)[1:-1]


def plain(value: Any) -> Any:
    """A value of the model as JSON holds it."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, dict):
        return {scrub(name): plain(value[name]) for name in sorted(value)}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return _object(value) if is_dataclass(value) else value


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, Call):
        return _call(value)
    if isinstance(value, Checked):
        place = {name: scrub(getattr(value, name)) for name in ("id", "title", "layer")}
        return {**place, **_object(value.verdict)}
    kind = _KINDS.get(type(value))
    document = dict([kind]) if kind else {}
    for each in fields(value):
        document[each.name] = _field(each.name, getattr(value, each.name))
    return document


def _field(name: str, value: Any) -> Any:
    if name in _NAMED:
        return {scrub(key): scrub(each) for key, each in value}
    if name == "period":
        return dict(zip(("first", "last"), plain(value)))
    if name == "principal" and isinstance(value, tuple):
        return dict(zip(("type", "id"), plain(value)))
    return plain(value)


def _call(call: Call) -> dict[str, Any]:
    return {
        "service": call.service,
        "operation": call.operation,
        "region": call.region,
        "parameters": plain(call.parameters),
    }
