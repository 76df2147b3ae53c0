"""The life of a stack: its resources come in order, and go in reverse; a failure is undone.

Enters: moto's Stack, which holds the template and evaluates it. Leaves: the stack in one of the
states of CloudFormation User Guide, "Stack status codes", with an event for every step.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from functools import cache
from typing import Any, Optional
from urllib.parse import urlsplit

from ssmdiag.demo.additions.cloudformation.kinds import (
    NOTHING,
    Kind,
    Made,
    Motos,
    Place,
    Properties,
    RefusedError,
)
from ssmdiag.demo.additions.cloudformation.template import order
from ssmdiag.demo.additions.cloudformation.types import KINDS
from ssmdiag.iam.arn import partition_of
from ssmdiag.values import dataclass
from ssmdiag.world.aws import Access, Aws

_SECONDS = 60.0
"""Deadline of one Call to a service; it only ends what hangs, since the service is next door."""

_RETAINING = ("Retain", "RetainExceptOnCreate")
_OUT_OF_REACH = ("AWS::CloudFormation::Stack",)
"""What moto has, but does not let fail."""


class StackError(Exception):
    """An operation on a stack failed; the message is the stack's status reason."""


@dataclass
class Resource:
    """A resource of a stack, under the names by which moto asks."""

    logical_resource_id: str
    cf_resource_type: str
    kind: Kind
    entry: Mapping[str, Any]
    """What the template says of it."""
    properties: Properties
    made: Made

    @property
    def physical_resource_id(self) -> str:
        return self.made.id

    def get_cfn_attribute(self, name: str) -> Any:
        """What Fn::GetAtt finds."""
        return self.kind.attribute(self.made, name)


def kind_of(resource_type: str) -> Optional[Kind]:
    """The resource type of that name, if this account has it."""
    from moto.cloudformation.parsing import get_model_map

    model = get_model_map().get(resource_type)
    if resource_type in KINDS or model is None or resource_type in _OUT_OF_REACH:
        return KINDS.get(resource_type)
    return Motos(resource_type, model)


def create(stack: Any, exports: MutableMapping[str, Any]) -> None:
    """CloudFormation API Reference, "CreateStack", with OnFailure as it is by default: ROLLBACK."""
    _set(stack, "CREATE_IN_PROGRESS", "User Initiated")
    _publish_nothing(stack)
    try:
        _deploy(stack, {})
        _publish(stack, exports)
    except StackError as failure:
        _set(stack, "ROLLBACK_IN_PROGRESS", f"{failure} Rollback requested by user.")
        left = _remove(stack, _held(stack).values(), _rank(stack), retaining=("Retain",))
        _publish_nothing(stack)
        _set(stack, "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", str(failure))
    else:
        _set(stack, "CREATE_COMPLETE")


def update(stack: Any, exports: MutableMapping[str, Any], template: str, parameters: Any) -> None:
    """CloudFormation API Reference, "UpdateStack": what is no longer wanted goes at the end."""
    before = stack.template, stack.parameters
    rank = _rank(stack)
    replaced: dict[str, Resource] = {}
    _set(stack, "UPDATE_IN_PROGRESS", "User Initiated")
    try:
        adopt(stack, template, parameters)
        _deploy(stack, replaced)
        _publish(stack, exports)
    except StackError as failure:
        _roll_back(stack, exports, before, replaced, str(failure))
    else:
        _set(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        _remove(stack, replaced.values(), rank, policy="UpdateReplacePolicy")
        _remove(stack, _unwanted(stack), rank)
        _set(stack, "UPDATE_COMPLETE")


def delete(stack: Any, exports: MutableMapping[str, Any]) -> bool:
    """CloudFormation API Reference, "DeleteStack"; says whether everything could be deleted."""
    _set(stack, "DELETE_IN_PROGRESS", "User Initiated")
    failed = _remove(stack, _held(stack).values(), _rank(stack))
    if failed:
        listed = ", ".join(failed)
        _set(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{listed}].")
        return False
    _withdraw(stack, exports)
    _publish_nothing(stack)
    _set(stack, "DELETE_COMPLETE")
    return True


def _roll_back(
    stack: Any,
    exports: MutableMapping[str, Any],
    before: tuple[str, Any],
    replaced: Mapping[str, Resource],
    reason: str,
) -> None:
    _set(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    rank, held = _rank(stack), _held(stack)
    superseding = [held[name] for name in replaced]
    stack.resource_map._parsed_resources.update(replaced)
    adopt(stack, *before)
    try:
        _deploy(stack, {})
        _publish(stack, exports)
    except StackError as failure:
        _set(stack, "UPDATE_ROLLBACK_FAILED", str(failure))
        return
    _remove(stack, [*superseding, *_unwanted(stack)], rank, retaining=("Retain",))
    _set(stack, "UPDATE_ROLLBACK_COMPLETE", reason)


# --- the resources ------------------------------------------------------------------------------


def adopt(stack: Any, template: str, parameters: Any) -> None:
    """Let the stack want what ``template`` says; it keeps what it has."""
    held = _held(stack)
    stack.template, stack.parameters = template, parameters
    stack._parse_template()
    stack.description = stack.template_dict.get("Description")
    stack.resource_map = stack._create_resource_map()
    stack.resource_map._parsed_resources.update(held)


def _held(stack: Any) -> dict[str, Resource]:
    parsed = stack.resource_map._parsed_resources
    return {name: value for name, value in parsed.items() if isinstance(value, Resource)}


def _rank(stack: Any) -> Sequence[str]:
    return order(stack.template_dict) if stack.template_dict else ()


def _wanted(stack: Any) -> Sequence[str]:
    resources, conditions = stack.template_dict["Resources"], stack.resource_map.lazy_condition_map
    return [
        name
        for name in order(stack.template_dict)
        if "Condition" not in resources[name] or conditions[resources[name]["Condition"]]
    ]


def _unwanted(stack: Any) -> list[Resource]:
    wanted = set(_wanted(stack))
    return [resource for name, resource in _held(stack).items() if name not in wanted]


def _deploy(stack: Any, replaced: dict[str, Resource]) -> None:
    """Make what is wanted and missing, change what is different; note what is ``replaced``."""
    place = _place(stack)
    for name in _wanted(stack):
        verb = "UPDATE" if name in _held(stack) else "CREATE"
        try:
            _settle(stack, place, name, replaced)
        except Exception as error:
            # Not RefusedError alone: moto's own types raise what they like.
            _tell(stack, name, f"{verb}_FAILED", _reason(error))
            listed = f"The following resource(s) failed to {verb.lower()}: [{name}]."
            raise StackError(listed) from error


def _settle(stack: Any, place: Place, name: str, replaced: dict[str, Resource]) -> None:
    entry = stack.template_dict["Resources"][name]
    kind = kind_of(entry["Type"])
    if kind is None:
        raise RefusedError(f"{entry['Type']} is no resource type of this account")
    new = kind.prepared(name, _evaluated(stack, entry.get("Properties", {})))
    resource = _held(stack).get(name)
    if resource is None:
        _tell(stack, name, "CREATE_IN_PROGRESS")
        _bring_about(stack, place, name, kind, new, replaced)
        _tell(stack, name, "CREATE_COMPLETE")
        return
    if resource.cf_resource_type != entry["Type"]:
        raise RefusedError("Update of resource type is not permitted.")
    resource.entry = entry
    if resource.properties == new:
        return
    _tell(stack, name, "UPDATE_IN_PROGRESS")
    if kind.replaced(resource.properties, new):
        _bring_about(stack, place, name, kind, new, replaced)
    else:
        # Before it is tried, so that what was done of it is undone in a rollback.
        old, resource.properties = resource.properties, new
        resource.made = kind.arrange(place, resource.made, old, new)
    _tell(stack, name, "UPDATE_COMPLETE")


def _bring_about(
    stack: Any,
    place: Place,
    name: str,
    kind: Kind,
    new: Properties,
    replaced: dict[str, Resource],
) -> None:
    from moto.cloudformation.parsing import generate_resource_name

    entry = stack.template_dict["Resources"][name]
    generated = generate_resource_name(entry["Type"], stack.name, name)
    made = kind.create(place, new.get(kind.named_by or "", generated), new)
    resources = stack.resource_map._parsed_resources
    if name in resources:
        replaced[name] = resources[name]
    resources[name] = Resource(name, entry["Type"], kind, entry, new, made)
    resources[name].made = kind.arrange(place, made, NOTHING, new)


def _remove(
    stack: Any,
    gone: Collection[Resource],
    rank: Sequence[str],
    policy: str = "DeletionPolicy",
    retaining: Collection[str] = _RETAINING,
) -> list[str]:
    """Delete what is ``gone``, the last by ``rank`` first; returns what could not be deleted."""
    place = _place(stack)
    resources = stack.resource_map._parsed_resources
    failed = []
    for resource in sorted(gone, key=lambda r: -rank.index(r.logical_resource_id)):
        name = resource.logical_resource_id
        try:
            if resource.entry.get(policy) in retaining:
                _tell(stack, name, "DELETE_SKIPPED", resource=resource)
            else:
                _tell(stack, name, "DELETE_IN_PROGRESS", resource=resource)
                resource.kind.delete(place, resource.made, resource.properties)
                _tell(stack, name, "DELETE_COMPLETE", resource=resource)
        except Exception as error:
            _tell(stack, name, "DELETE_FAILED", _reason(error), resource)
            failed.append(name)
        else:
            if resources.get(name) is resource:
                del resources[name]
    return failed


def _evaluated(stack: Any, properties: Mapping[str, Any]) -> Properties:
    from moto.cloudformation.parsing import clean_json

    evaluated: Properties = _without_nothing(
        clean_json(copy.deepcopy(properties), stack.resource_map)
    )
    return evaluated


def _without_nothing(value: Any) -> Any:
    # moto drops AWS::NoValue from an object only.
    if isinstance(value, list):
        return [_without_nothing(each) for each in value if each is not None]
    if isinstance(value, dict):
        return {name: _without_nothing(each) for name, each in value.items()}
    return value


def _place(stack: Any) -> Place:
    partition = partition_of(stack.region_name)
    door = _door(os.environ.get("AWS_ENDPOINT_URL", ""), stack.region_name)
    return Place(stack.account_id, stack.region_name, partition, stack.stack_id, door.write)


@cache
def _door(endpoint: str, region: str) -> Aws:
    # Whoever serves the account without having entered it has credentials of their own, and those
    # are for nobody else to use.
    if urlsplit(endpoint).hostname != "127.0.0.1":
        raise RuntimeError("CloudFormation needs the process that serves the account to enter it")
    return Aws(Access(region, endpoint_url=endpoint, timeout=_SECONDS))


# --- what is told of it -------------------------------------------------------------------------


def _set(stack: Any, status: str, reason: Optional[str] = None) -> None:
    stack.status, stack.status_reason = status, reason
    stack._add_stack_event(status, resource_status_reason=reason)


def _tell(
    stack: Any,
    name: str,
    status: str,
    reason: Optional[str] = None,
    resource: Optional[Resource] = None,
) -> None:
    from moto.cloudformation.models import Event

    known = resource or _held(stack).get(name)
    event = Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=name,
        physical_resource_id=known.physical_resource_id if known else "",
        resource_type=(
            known.cf_resource_type if known else stack.template_dict["Resources"][name]["Type"]
        ),
        resource_status=status,
        resource_status_reason=reason,
        resource_properties=None,
    )
    stack.events.append(event)


def _reason(error: Exception) -> str:
    if isinstance(error, RefusedError):
        return str(error)
    return f"{type(error).__name__}: {getattr(error, 'message', None) or error}"


def _publish(stack: Any, exports: MutableMapping[str, Any]) -> None:
    """Let the outputs be seen, and what of them is exported be imported."""
    try:
        stack.output_map = stack._create_output_map()
        list(stack.output_map.values())
        exported = {export.name: export for export in stack.exports}
    except Exception as error:
        raise StackError(_reason(error)) from error
    for name in exported:
        owner = exports[name].exporting_stack_id if name in exports else stack.stack_id
        if owner != stack.stack_id:
            raise StackError(f"Export with name {name} is already exported by stack {owner}.")
    _withdraw(stack, exports)
    exports.update(exported)


def _publish_nothing(stack: Any) -> None:
    from moto.cloudformation.parsing import OutputMap

    # moto evaluates outputs whenever the stack is described, even if what they name is not there.
    stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)


def _withdraw(stack: Any, exports: MutableMapping[str, Any]) -> None:
    for name in [n for n, e in exports.items() if e.exporting_stack_id == stack.stack_id]:
        del exports[name]
