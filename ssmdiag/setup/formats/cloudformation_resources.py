"""Resources of a plan as CloudFormation has them: named, referring to each other, in order.

Sources: CloudFormation Template Reference Guide, "Fn::Sub", "DependsOn attribute", "DeletionPolicy
attribute" and "UpdateReplacePolicy attribute"; CloudFormation User Guide, "Get values stored in
other services using dynamic references" (which nothing escapes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from ssmdiag.setup.formats.cloudformation_types import NAMING, TYPES, properties_of
from ssmdiag.setup.formats.stages import arn_of
from ssmdiag.setup.plan import Place
from ssmdiag.setup.resources import Kind, Made
from ssmdiag.values import dataclass

Ids = Mapping[tuple[Kind, str], str]
"""Logical ids, by the kind and the name of what they stand for."""

_ID: Mapping[Kind, str] = {
    "instance-profile": "NodeInstanceProfile",
    "managed-policy": "ManagedPolicy",
    "key": "SessionKey",
    "alias": "SessionKeyAlias",
    "log-group": "SessionLogGroup",
    "bucket": "SessionLogBucket",
    "bucket-policy": "SessionLogBucketPolicy",
    "document": "SessionPreferences",
    "subscription-filter": "SubscriptionFilter",
}
_ROLE_ID = {"ec2.": "NodeRole", "logs.": "SubscriptionRole"}
"""Whose a role is, by whom it trusts."""

_OF_MANY: Mapping[Kind, str] = {"metric-filter": "Filter", "alarm": "Alarm"}
"""Kinds of which there are many: their names tell them apart."""

_SHOWN = 64
_TOLD: Mapping[Kind, tuple[str, str, str]] = {
    "instance-profile": ("Name", "", "The instance profile that nodes are launched with"),
    "key": ("Arn", "Arn", "The key that encrypts sessions and their logs"),
    "log-group": ("Name", "", "The log group of the sessions"),
    "bucket": ("Name", "", "The bucket of the sessions"),
}
"""Outputs: the end of the id, the attribute (none: the name), and what it is."""


@dataclass(frozen=True)
class Entry:
    """One resource of a template."""

    made: Made
    id: str
    body: Mapping[str, Any]


def entries(made: Sequence[Made], place: Place) -> Iterator[Entry]:
    """What ``made`` is in a template. Raises ValueError, worded, for what none can say."""
    ids = _ids(made)
    for position, each in enumerate(made):
        if each.kind == "role-attachment":
            # The policy says to whom it is attached.
            continue
        # A plan can be carried out in its order, so what refers back never makes a circle.
        known = _known(made[:position], ids, place)
        properties: dict[str, Any] = known.put_into(_with_policies(each, made, place))
        for name, kind in NAMING.items():
            if name in properties and kind != each.kind:
                properties[name] = _named(properties[name], kind, ids)
        body: dict[str, Any] = {"Type": TYPES[each.kind].name}
        if TYPES[each.kind].kept:
            body.update(DeletionPolicy="Retain", UpdateReplacePolicy="Retain")
        referred = set(_referred(properties))
        awaited = [ids[m.kind, m.name] for m in _awaited(each, made, position)]
        if set(awaited) - referred:
            body["DependsOn"] = [id_ for id_ in awaited if id_ not in referred]
        yield Entry(each, ids[each.kind, each.name], {**body, "Properties": properties})


def outputs(found: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """What a stack tells of what it made; nothing if that is of no use to anybody."""
    told = {}
    for entry in found:
        if entry.made.kind in _TOLD:
            end, attribute, what = _TOLD[entry.made.kind]
            value = {"Fn::GetAtt": [entry.id, attribute]} if attribute else {"Ref": entry.id}
            told[entry.id + end] = {"Description": what, "Value": value}
    return told


# --- names ----------------------------------------------------------------------------------------


def _ids(made: Sequence[Made]) -> dict[tuple[Kind, str], str]:
    ids: dict[tuple[Kind, str], str] = {}
    # A role's policy is called after the role.
    for each in sorted(made, key=lambda m: m.kind == "role-policy"):
        if each.kind == "role-attachment":
            continue
        wanted = id_ = _wanted_id(each, ids)
        number = 1
        while id_ in ids.values():
            number += 1
            id_ = f"{wanted}{number}"
        ids[each.kind, each.name] = id_
    return ids


def _wanted_id(made: Made, ids: Ids) -> str:
    if made.kind == "role":
        trust = str(made.properties.get("AssumeRolePolicyDocument"))
        return next((id_ for service, id_ in _ROLE_ID.items() if f"'{service}" in trust), "Role")
    if made.kind == "role-policy":
        return f"{ids.get(('role', made.properties['RoleName']), 'Role')}Policy"
    if made.kind in _OF_MANY:
        words = re.findall("[A-Za-z0-9]+", made.name)
        return "".join(w[0].upper() + w[1:] for w in words)[:_SHOWN] + _OF_MANY[made.kind]
    return _ID[made.kind]


def _named(value: Any, kind: Kind, ids: Ids) -> Any:
    if isinstance(value, list):
        return [_named(each, kind, ids) for each in value]
    id_ = ids.get((kind, value)) if isinstance(value, str) else None
    return {"Ref": id_} if id_ else value


def _with_policies(made: Made, whole: Sequence[Made], place: Place) -> dict[str, Any]:
    """The properties of a resource; managed policies of the template know their roles, so that
    roles can be made first."""
    properties = properties_of(made)
    policies = {arn_of(each, place) for each in whole if each.kind == "managed-policy"}
    if made.kind == "role":
        attached = [a for a in properties.pop("ManagedPolicyArns", []) if a not in policies]
        return {**properties, "ManagedPolicyArns": attached} if attached else properties
    if made.kind == "managed-policy":
        roles = list(_holders(arn_of(made, place), whole))
        return {**properties, "Roles": roles} if roles else properties
    return properties


def _holders(policy: str, whole: Sequence[Made]) -> Iterator[str]:
    for each in whole:
        if each.kind == "role" and policy in each.properties.get("ManagedPolicyArns", []):
            yield each.name
        elif each.kind == "role-attachment" and each.properties["PolicyArn"] == policy:
            yield each.properties["RoleName"]


# --- references -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """References to what the template makes, by the texts that stand in their place."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Logical ids, by what stands for the ARN of a key, even within another text."""
    arns: Mapping[str, Any] = field(default_factory=dict)
    """References, by ARNs. Only where the text is all there is: one ARN may begin with another."""

    def put_into(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {name: self.put_into(each) for name, each in value.items()}
        return [self.put_into(each) for each in value] if isinstance(value, list) else value

    def _text(self, text: str) -> Any:
        if "{{resolve:" in text:
            raise ValueError(f"CloudFormation would put what it refers to in the place of {text!r}")
        if text in self.arns:
            return self.arns[text]
        if text in self.keys:
            return {"Fn::GetAtt": [self.keys[text], "Arn"]}
        if not any(key in text for key in self.keys):
            return text
        pieces = re.split(f"({'|'.join(map(re.escape, self.keys))})", text)
        places = [f"${{{self.keys[p]}.Arn}}" if p in self.keys else _escaped(p) for p in pieces]
        if None not in places:
            return {"Fn::Sub": "".join(map(str, places))}
        # What no escape makes plain is put in as a value, which nothing is looked for in.
        names = [f"Text{n}" if p not in self.keys else "" for n, p in enumerate(pieces)]
        values = {name: piece for name, piece in zip(names, pieces) if name and piece}
        template = (f"${{{n}}}" if n in values else str(p or "") for n, p in zip(names, places))
        return {"Fn::Sub": ["".join(template), values]}


def _escaped(literal: str) -> Any:
    """Text for Fn::Sub; None if a ``${`` in it is never closed, so that no escape helps."""
    closed = re.sub(r"\$\{[^{}]+\}", "", literal)
    return None if "${" in closed else literal.replace("${", "${!")


def _known(before: Sequence[Made], ids: Ids, place: Place) -> _Known:
    keys: dict[str, str] = {}
    arns: dict[str, Any] = {}
    for each in before:
        if each.kind == "key":
            keys[each.name] = ids[each.kind, each.name]
        elif each.kind == "managed-policy":
            arns[arn_of(each, place)] = {"Ref": ids[each.kind, each.name]}
        elif arn_of(each, place):
            arns[arn_of(each, place)] = {"Fn::GetAtt": [ids[each.kind, each.name], "Arn"]}
    return _Known(keys, arns)


def _referred(value: Any) -> Iterator[str]:
    """The logical ids that a value refers to: they need not be waited for once more."""
    if isinstance(value, list):
        for each in value:
            yield from _referred(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name == "Ref":
                yield each
            elif name == "Fn::GetAtt":
                yield each[0]
            elif name == "Fn::Sub":
                yield from re.findall(
                    r"\$\{(\w+)\.Arn\}", each if isinstance(each, str) else each[0]
                )
            else:
                yield from _referred(each)


def _awaited(made: Made, whole: Sequence[Made], position: int) -> Iterator[Made]:
    """What has to be complete before, though nothing of it may be named."""
    for number, each in enumerate(whole):
        if made.kind == "document":
            # Sessions notice nothing before all that the preferences name is there.
            waits = each is not made and each.kind != "role-attachment"
        else:
            # A role is taken at its word, whether it has its permissions already or not.
            uses_role = made.kind == "subscription-filter"
            waits = uses_role and each.kind in ("role-policy", "managed-policy")
            waits = waits and number < position
        if waits:
            yield each
