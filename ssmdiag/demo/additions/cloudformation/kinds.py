"""Resource types as CloudFormation's engine sees them: what can be asked of every one.

As AWS's own resource handlers do (CloudFormation CLI User Guide, "Resource types"), a type makes,
changes and deletes its resources with the API of the service, so that a stack is refused what
anybody else is refused. Types that only moto knows are left to moto.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Callable, Optional, Protocol

from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, call

Properties = Mapping[str, Any]

NOTHING: Properties = MappingProxyType({})
"""What a resource had before it was made; one without properties has others that are empty."""

_DOCUMENTS = ("AssumeRolePolicyDocument", "Content", "KeyPolicy", "PolicyDocument")
_WHOLE_NUMBERS = (
    *("DatapointsToAlarm", "EvaluationPeriods", "MaxSessionDuration", "PendingWindowInDays"),
    *("Period", "RetentionInDays", "RotationPeriodInDays"),
)
_NUMBERS = ("DefaultValue", "Threshold")
_FLAGS = (
    *("ActionsEnabled", "BlockPublicAcls", "BlockPublicPolicy", "BucketKeyEnabled"),
    *("BypassPolicyLockoutSafetyCheck", "EnableKeyRotation", "Enabled", "IgnorePublicAcls"),
    *("MultiRegion", "RestrictPublicBuckets", "ReturnData"),
)


class RefusedError(Exception):
    """A resource cannot be made, changed or deleted; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where the resources of a stack are, and the door to the services there."""

    account: str
    region: str
    partition: str
    stack_id: str
    write: Callable[[Call], Answer]

    def do(self, service: str, operation: str, **parameters: Any) -> Any:
        """Carry out a Call, without the parameters that are None. Raises RefusedError."""
        return _data(self._answer(service, operation, parameters))

    def undo(self, service: str, operation: str, **parameters: Any) -> None:
        """The same for what takes something away, which may be gone already."""
        answer = self._answer(service, operation, parameters)
        if not isinstance(answer, Absent):
            _data(answer)

    def find(self, service: str, operation: str, **parameters: Any) -> Any:
        """What a Call that reads answers; None if what it asks for is not there."""
        answer = self._answer(service, operation, parameters)
        return None if isinstance(answer, Absent) else _data(answer)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def _answer(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.write(call(service, operation, **given))


@dataclass(frozen=True)
class Made:
    """A resource that exists: what Ref and Fn::GetAtt say of it."""

    id: str
    attributes: Properties = field(default_factory=dict)
    model: Any = None
    """moto's own object, if moto made it."""


class Kind(Protocol):
    """A resource type."""

    @property
    def named_by(self) -> Optional[str]:
        """The property that names the resource; without it, CloudFormation makes up a name."""

    def has(self, attribute: str) -> bool:
        """Whether Fn::GetAtt finds ``attribute``."""

    def attribute(self, made: Made, name: str) -> Any:
        """What Fn::GetAtt finds."""

    def prepared(self, logical_id: str, properties: Properties) -> Properties:
        """The properties in their documented types. Raises RefusedError for any unknown one."""

    def replaced(self, old: Properties, new: Properties) -> bool:
        """Whether the change from ``old`` to ``new`` takes a new resource."""

    def create(self, place: Place, name: str, new: Properties) -> Made:
        """Make the resource; `arrange` follows."""

    def arrange(self, place: Place, made: Made, old: Properties, new: Properties) -> Made:
        """Bring what can change from ``old``, which is NOTHING at first, to ``new``."""

    def delete(self, place: Place, made: Made, old: Properties) -> None:
        """Take the resource away."""


@dataclass(frozen=True)
class Own:
    """A resource type by three functions and the names of its properties.

    CloudFormation CLI User Guide, "Resource type schema": what is ``required``, and what is
    ``fixed`` ("createOnlyProperties").
    """

    create: Callable[[Place, str, Properties], Made]
    change: Callable[[Place, Made, Properties, Properties], None]
    delete: Callable[[Place, Made, Properties], None]
    properties: tuple[str, ...]
    required: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    fixed_in_a_version: tuple[str, ...] = ()
    """Fixed too, unless the property UpdateMethod asks for a new version."""
    attributes: tuple[str, ...] = ()
    named_by: Optional[str] = None

    def has(self, attribute: str) -> bool:
        return attribute in self.attributes

    def attribute(self, made: Made, name: str) -> Any:
        return made.attributes[name]

    def prepared(self, logical_id: str, properties: Properties) -> Properties:
        for name in properties:
            if name not in self.properties:
                raise RefusedError(f"Encountered unsupported property {name}")
        for name in self.required:
            if name not in properties:
                raise RefusedError(
                    f"Properties validation failed for resource {logical_id} with message: #:"
                    f" required key [{name}] not found"
                )
        return {name: _typed(name, value) for name, value in properties.items()}

    def replaced(self, old: Properties, new: Properties) -> bool:
        versions = new.get("UpdateMethod") == "NewVersion"
        fixed = self.fixed if versions else (*self.fixed, *self.fixed_in_a_version)
        return any(old.get(name) != new.get(name) for name in fixed)

    def arrange(self, place: Place, made: Made, old: Properties, new: Properties) -> Made:
        self.change(place, made, old, new)
        return made


@dataclass(frozen=True)
class Motos:
    """A resource type that moto implements and this package does not."""

    type: str
    model: Any

    @property
    def named_by(self) -> Optional[str]:
        from moto.cloudformation.parsing import resource_name_property_from_type

        return resource_name_property_from_type(self.type) or None

    def has(self, attribute: str) -> bool:
        return bool(self.model.has_cfn_attr(attribute))

    def attribute(self, made: Made, name: str) -> Any:
        return made.model.get_cfn_attribute(name)

    def prepared(self, _: str, properties: Properties) -> Properties:
        return properties

    def replaced(self, *_: Properties) -> bool:
        return False

    def create(self, place: Place, name: str, new: Properties) -> Made:
        made = self.model.create_from_cloudformation_json(
            name, self._json(new), place.account, place.region, StackId=place.stack_id
        )
        return Made(made.physical_resource_id, model=made)

    def arrange(self, place: Place, made: Made, old: Properties, new: Properties) -> Made:
        if old is NOTHING:
            return made
        if hasattr(self.model.update_from_cloudformation_json, "__isabstractmethod__"):
            raise RefusedError(f"{self.type} cannot be updated in this account")
        changed = self.model.update_from_cloudformation_json(
            original_resource=made.model,
            new_resource_name=new.get(self.named_by or "", made.id),
            cloudformation_json=self._json(new),
            account_id=place.account,
            region_name=place.region,
        )
        return Made(changed.physical_resource_id, model=changed)

    def delete(self, place: Place, made: Made, old: Properties) -> None:
        # moto has two ways for it, and a type has either.
        if hasattr(made.model, "delete"):
            made.model.delete(place.account, place.region)
        else:
            self.model.delete_from_cloudformation_json(
                made.id, self._json(old), place.account, place.region
            )

    def _json(self, properties: Properties) -> dict[str, Any]:
        return {"Type": self.type, "Properties": dict(properties)}


def put_new(
    put: Callable[[Place, str, Properties], Made],
    exists: Callable[[Place, str, Properties], bool],
) -> Callable[[Place, str, Properties], Made]:
    """How to make with an operation that would overwrite what is not the stack's.

    CloudFormation CLI User Guide, "Resource type handler contract": to create what exists is an
    error.
    """

    def create(place: Place, name: str, new: Properties) -> Made:
        if exists(place, name, new):
            raise RefusedError(f"{name} already exists")
        return put(place, name, new)

    return create


def put_again(
    put: Callable[[Place, str, Properties], Made],
) -> Callable[[Place, Made, Properties, Properties], None]:
    """How to change what the same operation makes and overwrites."""

    def change(place: Place, made: Made, old: Properties, new: Properties) -> None:
        if old is not NOTHING:
            put(place, made.id, new)

    return change


def retag(
    place: Place,
    service: str,
    operations: tuple[str, str],
    tagged: Mapping[str, Any],
    old: Properties,
    new: Properties,
) -> None:
    """Bring the tags from ``old`` to ``new`` with two operations, one that adds and one that
    removes; ``tagged`` are the parameters that say whose tags."""
    gone, changed = tag_changes(old, new)
    add, remove = operations
    if gone:
        place.undo(service, remove, **tagged, TagKeys=gone)
    if changed:
        pairs = [{"Key": key, "Value": value} for key, value in changed.items()]
        place.do(service, add, **tagged, Tags=pairs)


def tag_changes(old: Properties, new: Properties) -> tuple[list[str], dict[str, str]]:
    """The keys of the tags that go, and the tags that come or change."""
    before, after = (
        {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        for properties in (old, new)
    )
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return sorted(before.keys() - after.keys()), changed


def _data(answer: Answer) -> Any:
    if isinstance(answer, Known):
        return answer.data
    why = answer.denial.message if isinstance(answer, Denied) else answer.why
    raise RefusedError(f'Resource handler returned message: "{why}"')


def _typed(name: str, value: Any) -> Any:
    """CloudFormation User Guide, "Template format": a template may write any scalar as text."""
    if name in _DOCUMENTS:
        return value if isinstance(value, str) else json.dumps(value)
    if isinstance(value, Mapping):
        return {key: _typed(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_typed(name, each) for each in value]
    if name in _FLAGS:
        return str(value).lower() == "true"
    if name in _NUMBERS:
        return float(value)
    if name in _WHOLE_NUMBERS:
        return int(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
