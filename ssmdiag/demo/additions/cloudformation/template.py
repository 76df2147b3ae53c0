"""CloudFormation templates: written out in full, checked, and put in order.

Enters: a template as JSON or YAML spell it. Leaves: the same with one spelling for every
intrinsic function, or a TemplateError in CloudFormation's words.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Optional

Template = dict[str, Any]
HasAttribute = Callable[[str], bool]

_SECTIONS = frozenset(
    {
        *("AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata"),
        *("Outputs", "Parameters", "Resources", "Rules", "Transform"),
    }
)
_ENTRIES = frozenset(
    {
        *("Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties"),
        *("Type", "UpdatePolicy", "UpdateReplacePolicy"),
    }
)
_PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
_CUSTOM_NAMES = ("GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName")
_NAMED_TYPES = ("Group", "InstanceProfile", "ManagedPolicy", "Role", "User")

_PLACE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE = re.compile(r"[\w.:]+", re.ASCII)


class TemplateError(Exception):
    """CloudFormation would refuse the template; the message is its own."""


def written_out(template: Any) -> Template:
    """The template with ``Fn::Sub`` as ``Fn::Join``, ``Fn::GetAtt`` as a pair, dates as text.

    CloudFormation User Guide, "Fn::Sub": ``${!Literal}`` stands for ``${Literal}``. A date without
    quotation marks, such as the version of a policy, is text to CloudFormation though not to YAML.
    """
    if not isinstance(template, dict):
        raise TemplateError("Template format error: unsupported structure.")
    plain: Template = _plain(template)
    return plain


def check(template: Template, recognise: Callable[[str], Optional[HasAttribute]]) -> None:
    """Raise TemplateError for what CloudFormation refuses before it begins.

    ``recognise`` gives, for a resource type, which attributes Fn::GetAtt finds there; None for a
    type that does not exist.
    """
    unknown = sorted(set(template) - _SECTIONS)
    if unknown:
        raise TemplateError(
            f"Template format error: Invalid template property or properties [{', '.join(unknown)}]"
        )
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    for name, resource in resources.items():
        _check_entry(name, resource)
    types = {resource["Type"] for resource in resources.values()}
    strange = sorted(each for each in types if recognise(each) is None)
    if strange:
        raise TemplateError(
            f"Template format error: Unrecognized resource types: [{', '.join(strange)}]"
        )
    for section in ("Resources", "Outputs"):
        _check_references(template, section, recognise)
    order(template)


def order(template: Template) -> Sequence[str]:
    """The logical names, each after those that it refers to or depends on.

    CloudFormation User Guide, "DependsOn attribute". Raises TemplateError for a circle.
    """
    resources = template["Resources"]
    needs = {name: _needs(resource) & set(resources) for name, resource in resources.items()}
    ordered: list[str] = []
    while len(ordered) < len(needs):
        left = [name for name in needs if name not in ordered]
        ready = [name for name in left if needs[name] <= set(ordered)]
        if not ready:
            raise TemplateError(f"Circular dependency between resources: [{', '.join(left)}]")
        ordered.extend(ready)
    return ordered


def capability(template: Template) -> Optional[str]:
    """What has to be acknowledged before the stack is made, if anything.

    CloudFormation API Reference, "CreateStack", parameter Capabilities: IAM resources, and among
    them those with custom names.
    """
    found = [r for r in template["Resources"].values() if r["Type"].startswith("AWS::IAM::")]
    named = any(
        resource["Type"].rpartition(":")[2] in _NAMED_TYPES
        and any(name in resource.get("Properties", {}) for name in _CUSTOM_NAMES)
        for resource in found
    )
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM") if found else None


# --- one spelling -------------------------------------------------------------------------------


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if isinstance(node, datetime.date):
        return node.isoformat()
    if not isinstance(node, dict):
        return node
    if set(node) == {"Fn::Sub"}:
        return _joined(node["Fn::Sub"])
    if set(node) == {"Fn::GetAtt"}:
        return {"Fn::GetAtt": _pair(node["Fn::GetAtt"])}
    return {name: _plain(each) for name, each in node.items()}


def _pair(attribute: Any) -> list[Any]:
    parts = attribute.split(".") if isinstance(attribute, str) else list(attribute)
    if len(parts) < 2:
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the"
            " resource name and the resource attribute"
        )
    return [parts[0], ".".join(parts[1:])]


def _joined(sub: Any) -> dict[str, Any]:
    text, given = (sub, {}) if isinstance(sub, str) else sub
    parts: list[Any] = []
    end = 0
    for place in _PLACE.finditer(text):
        parts += [text[end : place.start()], _put_in(place[1], given)]
        end = place.end()
    return {"Fn::Join": ["", [part for part in (*parts, text[end:]) if part != ""]]}


def _put_in(variable: str, given: Mapping[str, Any]) -> Any:
    if variable.startswith("!"):
        return f"${{{variable[1:]}}}"
    if not _VARIABLE.fullmatch(variable):
        raise TemplateError(
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric"
            " characters, underscores, periods, and colons"
        )
    if variable in given:
        return _plain(given[variable])
    return {"Fn::GetAtt": _pair(variable)} if "." in variable else {"Ref": variable}


# --- what is wrong with it ----------------------------------------------------------------------


def _check_entry(name: str, resource: Any) -> None:
    if not (name.isascii() and name.isalnum()):
        raise TemplateError(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a"
            " Type member."
        )
    unknown = sorted(set(resource) - _ENTRIES)
    if unknown:
        raise TemplateError(
            f"Template format error: Invalid template resource property '{unknown[0]}'"
        )


def _check_references(
    template: Template, section: str, recognise: Callable[[str], Optional[HasAttribute]]
) -> None:
    resources = template["Resources"]
    known = {*resources, *template.get("Parameters", {}), *_PSEUDO_PARAMETERS}
    entries = (template.get(section) or {}).values()
    places = [entry.get("Properties") if section == "Resources" else entry for entry in entries]
    for name, attribute in _references(places):
        # Only resources have attributes.
        if name not in (known if attribute is None else resources):
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{name}] in the"
                f" {section} block of the template"
            )
        kind = resources[name]["Type"] if name in resources else ""
        has = recognise(kind)
        if attribute is not None and has is not None and not has(attribute):
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {attribute} in"
                " Fn::GetAtt"
            )
    for resource in resources.values():
        for name in _depends_on(resource):
            if name not in resources:
                raise TemplateError(
                    f"Template format error: Unresolved resource dependencies [{name}] in the"
                    " Resources block of the template"
                )


def _needs(resource: Template) -> set[str]:
    referred = {name for name, _ in _references(resource.get("Properties", {}))}
    return referred | set(_depends_on(resource))


def _depends_on(resource: Template) -> Sequence[str]:
    named: Any = resource.get("DependsOn", [])
    return [named] if isinstance(named, str) else list(named)


def _references(node: Any) -> Iterator[tuple[str, Optional[str]]]:
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        if set(node) == {"Ref"}:
            yield node["Ref"], None
        elif set(node) == {"Fn::GetAtt"}:
            yield node["Fn::GetAtt"][0], node["Fn::GetAtt"][1]
        else:
            for each in node.values():
                yield from _references(each)
