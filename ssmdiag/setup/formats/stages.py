"""What of a plan a template can make, and which Calls come before and after its deployment.

A template makes what is new and edits nothing that exists. Sources: CloudFormation CLI User Guide,
"Resource type handler contract" (to create what exists is an error); AWS KMS API Reference,
PutKeyPolicy, and Amazon S3 User Guide, "Principals for bucket policies" (a policy names only
principals that exist); IAM User Guide, "Grammar of the IAM JSON policy language" (a resource that
an identity's policy names need not exist); Amazon CloudWatch Logs API Reference, CreateLogGroup and
PutSubscriptionFilter (the key and the role must admit them by then).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from ssmdiag.setup.formats.cloudformation_types import TYPES
from ssmdiag.setup.plan import Place, Plan
from ssmdiag.setup.resources import Made, resources
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_EDITS = ("UpdateDocument", "UpdateDocumentDefaultVersion")
"""Of the preferences: sessions notice nothing before."""


@dataclass(frozen=True)
class Stages:
    """A plan in three parts, each in the plan's order."""

    before: tuple[Call, ...]
    made: tuple[Made, ...]
    """What the template makes."""
    after: tuple[Call, ...]


def staged(plan: Plan) -> Stages:
    """Part a plan so that nothing is done before what it needs, and the preferences come last.

    What is new, but needs an edit that needs the template, comes after the deployment, too.
    """
    made, _ = resources(plan.calls, plan.replaced)
    new = {order: each for each in _new(made, plan.wanted) for order in each.calls}
    sorting = _Sorting(plan.wanted)
    taken: list[Made] = []
    for order in plan.calls:
        if order not in new:
            sorting.edit(order)
        elif new[order] not in taken:
            taken.append(new[order])
            sorting.make(new[order])
    made_there = {order for each in sorting.made for order in each.calls}
    followed = [plan.calls.index(each.calls[0]) for each in sorting.made]
    early = plan.calls[: max(followed, default=0)]
    before = tuple(c for c in early if c not in sorting.late and c not in made_there)
    after = tuple(c for c in plan.calls if c not in before and c not in made_there)
    return Stages(before, tuple(sorting.made), after)


def arn_of(made: Made, place: Place) -> str:
    """The ARN that a new resource will have, if it can be told; else empty.

    Service Authorization Reference, "Resource types" of each service.
    """
    home = f"arn:{place.partition}"
    if made.kind == "role":
        return f"{home}:iam::{place.account}:role{made.properties.get('Path', '/')}{made.name}"
    if made.kind == "managed-policy":
        return f"{home}:iam::{place.account}:policy{made.properties.get('Path', '/')}{made.name}"
    if made.kind == "bucket":
        return f"{home}:s3:::{made.name}"
    return ""


def _new(made: Sequence[Made], place: Place) -> Iterator[Made]:
    """What a template can make: it attaches only policies of its own to a role that exists."""
    own = {arn_of(each, place) for each in made if each.new and each.kind == "managed-policy"}
    for each in made:
        attaches = each.kind == "role-attachment" and each.properties["PolicyArn"] in own
        if each.new and (each.kind in TYPES or attaches):
            yield each


@dataclass
class _Sorting:
    """What is known of the stages while the Calls pass by in order."""

    place: Place
    made: list[Made] = field(default_factory=list)
    late: list[Call] = field(default_factory=list)
    unfinished: set[str] = field(default_factory=set)
    """Names and ARNs of what is of no use yet when the template is deployed."""

    def make(self, each: Made) -> None:
        values = {value for order in each.calls for value in _values(order.parameters)}
        if values & self.unfinished or (each.kind == "document" and self.late):
            self.late.extend(each.calls)
            self.unfinished |= {each.name, arn_of(each, self.place)} - {""}
        else:
            self.made.append(each)

    def edit(self, order: Call) -> None:
        values = set(_values(order.parameters))
        there = {text for each in self.made for text in (each.name, arn_of(each, self.place))}
        needs = values & (there - {""} | self.unfinished) or self._within(order)
        if needs or order.operation in _EDITS:
            self.late.append(order)
            self.unfinished |= set(self._completed(order.parameters))

    def _within(self, order: Call) -> bool:
        """Does a longer text, such as the configuration of a pipeline, speak of what is made?"""
        keys = [each.name for each in self.made if each.kind == "key"]
        roles = [arn_of(each, self.place) for each in self.made if each.kind == "role"]
        return any(text in order.arguments for text in (*keys, *roles))

    def _completed(self, parameters: Mapping[str, Any]) -> Iterator[str]:
        if "Policy" in parameters and "KeyId" in parameters:
            yield parameters["KeyId"]
        if "RoleName" in parameters:
            home = f"arn:{self.place.partition}:iam::{self.place.account}"
            yield f"{home}:role/{parameters['RoleName']}"


def _values(value: Any) -> Iterator[str]:
    """Every text that names something which must exist by then."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _values(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            # So KMS and S3 call a policy, whose principals they look for.
            is_policy = name == "Policy" and isinstance(each, str)
            yield from _values(json.loads(each) if is_policy else each)
