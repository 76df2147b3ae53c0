"""The grammar of policies: from JSON to statements, or to the place where it is malformed.

IAM refuses a malformed policy when it is saved, so one that is found in a file is a slip of the
pen: it is never judged, since what it was meant to say is not known. Sources: IAM User Guide,
"Grammar of the IAM JSON policy language" and the pages "IAM JSON policy elements: ...".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional, get_args

from ssmdiag.model import PolicyType
from ssmdiag.policy.conditions import Condition
from ssmdiag.policy.document import WORDS, PolicyError, with_article
from ssmdiag.policy.operators import read_operator
from ssmdiag.policy.pattern import Template
from ssmdiag.policy.statement import (
    Actions,
    PrincipalKind,
    Principals,
    Resources,
    Statement,
)

_VERSIONS = ("2012-10-17", "2008-10-17")
_TOP = ("Version", "Id", "Statement")
_ELEMENTS = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
)
_WITH_PRINCIPAL = ("resource", "rcp", "vpc-endpoint", "trust")
_OF_IAM = ("identity", "boundary", "session", "scp")


def statements(document: Any, kind: PolicyType) -> tuple[Statement, ...]:
    """The statements of a policy of that kind. Raises PolicyError if it is malformed."""
    if not isinstance(document, Mapping):
        raise PolicyError(f"it is {_a(document)}, not an object")
    _known_only(document, _TOP, "the policy")
    version = document.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise PolicyError(f"Version is {_shown(version)}, not {' or '.join(_VERSIONS)}")
    if "Statement" not in document:
        raise PolicyError("it has no Statement")
    listed = document["Statement"]
    each = listed if isinstance(listed, list) else [listed]
    return tuple(
        _statement(statement, number, str(version), kind)
        for number, statement in enumerate(each, start=1)
    )


def _statement(written: Any, number: int, version: str, kind: PolicyType) -> Statement:
    where = f"statement {number}"
    if not isinstance(written, Mapping):
        raise PolicyError(f"{where} is {_a(written)}, not an object")
    sid = written.get("Sid") or ""
    if not isinstance(sid, str):
        raise PolicyError(f"{where}: Sid is {_a(sid)}, not a string")
    if sid:
        where = f'{where} (Sid "{sid}")'
    _known_only(written, _ELEMENTS, where)
    effect = written.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where}: Effect is {_shown(effect)}, not Allow or Deny")
    return Statement(
        label=sid or f"#{number}",
        effect=effect,
        actions=_actions(written, where),
        resources=_resources(written, where, version, kind),
        principals=_principals(written, where, kind),
        conditions=tuple(_conditions(written.get("Condition", {}), where, version)),
    )


def _known_only(written: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in written:
        if name not in known:
            raise PolicyError(f'{where} has an element "{name}", which policies do not have')


def _one_of(written: Mapping[str, Any], element: str, where: str) -> Optional[str]:
    """Which of ``element`` and its opposite there is; None: neither. Both are malformed."""
    opposite = f"Not{element}"
    if element in written and opposite in written:
        raise PolicyError(f"{where} has both {element} and {opposite}")
    return next((name for name in (element, opposite) if name in written), None)


def _actions(written: Mapping[str, Any], where: str) -> Actions:
    name = _one_of(written, "Action", where)
    if name is None:
        raise PolicyError(f"{where} has neither Action nor NotAction")
    listed = _strings(written[name], f"{where}: {name}")
    for action in listed:
        if ":" not in action and action != "*":
            raise PolicyError(f'{where}: {name} "{action}" names no service before a colon')
    return Actions(listed, negated=name != "Action")


def _resources(
    written: Mapping[str, Any], where: str, version: str, kind: PolicyType
) -> Optional[Resources]:
    name = _one_of(written, "Resource", where)
    if kind == "trust" and name:
        raise PolicyError(f"{where} has {name}, which a role trust policy does not have")
    if name is None:
        if kind in _OF_IAM:
            raise PolicyError(f"{where} has neither Resource nor NotResource")
        return None
    listed = _strings(written[name], f"{where}: {name}")
    for resource in listed:
        if kind in _OF_IAM and not resource.startswith(("arn:", "*", "?", "${")):
            raise PolicyError(f'{where}: {name} "{resource}" is neither an ARN nor "*"')
        if kind == "session" and resource.startswith("arn:") and resource.count(":") < 5:
            raise PolicyError(f'{where}: {name} "{resource}" is an incomplete ARN')
    return Resources(tuple(Template(text, version) for text in listed), negated=name != "Resource")


def _principals(written: Mapping[str, Any], where: str, kind: PolicyType) -> Optional[Principals]:
    name = _one_of(written, "Principal", where)
    if kind not in _WITH_PRINCIPAL:
        if name:
            raise PolicyError(
                f"{where} has {name}, which {with_article(WORDS[kind])} does not have"
            )
        return None
    if name is None:
        raise PolicyError(f"{where} has no Principal, which {with_article(WORDS[kind])} needs")
    element = written[name]
    if element == "*":
        return Principals((("AWS", "*"),), negated=name != "Principal")
    if not isinstance(element, Mapping) or not element:
        raise PolicyError(f'{where}: {name} is {_shown(element)}, neither "*" nor an object')
    listed: list[tuple[PrincipalKind, str]] = []
    for type_, who in element.items():
        if type_ not in get_args(PrincipalKind):
            raise PolicyError(f'{where}: {name} has "{type_}", which is no type of principal')
        listed += [(type_, text) for text in _strings(who, f"{where}: {name} {type_}")]
    return Principals(tuple(listed), negated=name != "Principal")


def _conditions(written: Any, where: str, version: str) -> Iterator[Condition]:
    if not isinstance(written, Mapping):
        raise PolicyError(f"{where}: Condition is {_a(written)}, not an object")
    for name, keys in written.items():
        operator = read_operator(name)
        if operator is None:
            raise PolicyError(f'{where}: "{name}" is no condition operator')
        if not isinstance(keys, Mapping):
            raise PolicyError(f"{where}: Condition {name} is {_a(keys)}, not an object")
        for key, values in keys.items():
            texts = _values(values, f"{where}: Condition {name} {key}")
            yield Condition(operator, key, tuple(Template(text, version) for text in texts))


def _strings(value: Any, where: str) -> tuple[str, ...]:
    """One string or a list of strings, at least one."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise PolicyError(f"{where} is an empty list")
    for text in listed:
        if not isinstance(text, str):
            raise PolicyError(f"{where} holds {_a(text)}, not a string")
        if not text:
            raise PolicyError(f"{where} holds an empty string")
    return tuple(listed)


def _values(value: Any, where: str) -> list[str]:
    """A condition's values as strings; JSON's own booleans and numbers are as good as those."""
    listed = value if isinstance(value, list) else [value]
    texts = []
    for item in listed:
        if isinstance(item, bool):
            texts.append("true" if item else "false")
        elif isinstance(item, (str, int, float)):
            texts.append(str(item))
        else:
            raise PolicyError(f"{where} holds {_a(item)}, not a string")
    return texts


def _a(value: Any) -> str:
    """What kind of JSON value it is, in words."""
    if value is None:
        return "null"
    kinds = {bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    return f'"{value}"' if isinstance(value, str) else _a(value)
