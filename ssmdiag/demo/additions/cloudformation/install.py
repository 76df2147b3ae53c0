"""CloudFormation: templates that are checked, stacks that fail, change sets that are carried out.

moto creates resources as they are looked at, skips the types that it does not know, and answers
the failure of a resource with a failure of the request. Here a stack's resources are the business
of `stack`; moto keeps the stacks, evaluates templates and prints the answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn, Optional

from ssmdiag.demo.additions.cloudformation import stack as life
from ssmdiag.demo.additions.cloudformation.template import (
    HasAttribute,
    Template,
    TemplateError,
    capability,
    check,
    written_out,
)
from ssmdiag.demo.additions.extending import Method, add, correct
from ssmdiag.iam.arn import dns_suffix, partition_of


def install() -> None:
    """Let stacks be created, updated and deleted with the APIs of the services."""
    from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
    from moto.cloudformation.parsing import ResourceMap
    from moto.cloudformation.responses import CloudFormationResponse

    add(CloudFormationBackend, create_stack, delete_stack, execute_change_set, update_stack)
    correct(CloudFormationBackend, "create_change_set", _creating_change_set)
    for name in ("create_change_set", "create_stack", "update_stack"):
        correct(CloudFormationResponse, name, _if_acknowledged)
    add(ChangeSet, _parse_template)
    add(Stack, _parse_template, has_template)
    add(ResourceMap, validate_outputs)
    correct(ResourceMap, "load", _with_partition)
    correct(ResourceMap, "__getitem__", _of_what_is_there)
    correct(ResourceMap, "__iter__", _over_what_is_there)


# --- the operations -----------------------------------------------------------------------------


def create_stack(backend: Any, name: str, template: str, parameters: Any, **others: Any) -> Any:
    """CloudFormation API Reference, "CreateStack": the template is refused, or the stack fails."""
    from moto.cloudformation.exceptions import AlreadyExistsException

    if _named(backend, name) is not None:
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack = _stack(backend, name, template, parameters, **others)
    backend.stacks[stack.stack_id] = stack
    life.create(stack, backend.exports)
    return stack


def update_stack(
    backend: Any, name: str, template: str, role_arn: Any, parameters: Any, tags: Any
) -> Any:
    """CloudFormation API Reference, "UpdateStack"."""
    stack = backend.get_stack(name)
    given = {
        each["ParameterKey"]: each["ParameterValue"]
        if "ParameterValue" in each
        else stack.stack_parameters[each["ParameterKey"]]
        for each in parameters or ()
    }
    if stack.has_template(template) and stack.has_parameters(given):
        _refuse("No updates are to be performed.")
    _stack(backend, name, template, given)
    stack.role_arn = role_arn
    stack.tags = stack.tags if tags is None else tags
    life.update(stack, backend.exports, template, given)
    return stack


def delete_stack(backend: Any, name_or_stack_id: str) -> None:
    """CloudFormation API Reference, "DeleteStack": no error for a stack that is not there."""
    stack = backend.stacks.get(name_or_stack_id) or _named(backend, name_or_stack_id)
    if stack is not None and life.delete(stack, backend.exports):
        backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)


def execute_change_set(
    backend: Any, change_set_name: str, stack_name: Optional[str] = None
) -> None:
    """CloudFormation API Reference, "ExecuteChangeSet"."""
    change_set = _change_set(backend, change_set_name, stack_name)
    stack = change_set.stack
    if change_set.execution_status != "AVAILABLE":
        _refuse(
            f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of"
            f" [{change_set.status}]"
        )
    change_set.execution_status = "EXECUTE_COMPLETE"
    if change_set.change_set_type == "CREATE":
        life.adopt(stack, change_set.template, change_set.parameters)
        life.create(stack, backend.exports)
    else:
        life.update(stack, backend.exports, change_set.template, change_set.parameters)


def _change_set(backend: Any, name: str, stack_name: Optional[str]) -> Any:
    # moto takes the last of that name, whichever stack it is for.
    for change_set in backend.change_sets.values():
        mine = stack_name in (None, change_set.stack_name, change_set.stack_id)
        if name == change_set.change_set_id or (mine and name == change_set.change_set_name):
            break
    else:
        _refuse(f"ChangeSet [{name}] does not exist")
    return change_set


def _creating_change_set(original: Method) -> Method:
    def create_change_set(backend: Any, **asked: Any) -> Any:
        """CloudFormation API Reference, "CreateChangeSet"."""
        name = asked["stack_name"]
        _stack(backend, name, asked["template"], asked["parameters"])
        existing = _named(backend, name)
        if existing is not None:
            _check_state(backend, existing, asked)
        return original(backend, **asked)

    return create_change_set


def _check_state(backend: Any, stack: Any, asked: dict[str, Any]) -> None:
    if asked["change_set_type"] == "CREATE":
        if stack.status != "REVIEW_IN_PROGRESS":
            _refuse(
                f"Stack [{stack.name}] already exists and cannot be created again with the"
                f" changeSet [{asked['change_set_name']}]"
            )
        # moto makes a stack for every change set, and would find the older one by its name.
        del backend.stacks[stack.stack_id]
    elif stack.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
        _refuse(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


def _if_acknowledged(original: Method) -> Method:
    def operation(response: Any) -> Any:
        from moto.cloudformation.exceptions import CloudFormationError

        needed = capability(_parsed(_template_asked(response)))
        given = response._get_param("Capabilities") or []
        if needed and needed not in given and "CAPABILITY_NAMED_IAM" not in given:
            error = CloudFormationError(f"Requires capabilities : [{needed}]")
            error.code = "InsufficientCapabilitiesException"
            raise error
        return original(response)

    return operation


def _template_asked(response: Any) -> str:
    url = response._get_param("TemplateURL")
    if response._get_bool_param("UsePreviousTemplate", False):
        return str(
            response.cloudformation_backend.get_stack(response._get_param("StackName")).template
        )
    return str(response._get_stack_from_s3_url(url) if url else response._get_param("TemplateBody"))


# --- what moto's classes are taught -------------------------------------------------------------


def _parse_template(holder: Any) -> None:
    """For a stack and for a change set alike."""
    holder.template_dict = _parsed(holder.template)


def has_template(stack: Any, other: str) -> bool:
    """Whether the stack was made from a template that says the same as ``other``."""
    return stack.template != {} and _parsed(stack.template) == _parsed(other)


def validate_outputs(_: Any) -> None:
    """Outputs are checked with the rest of the template."""


def _with_partition(original: Method) -> Method:
    def load(resources: Any) -> None:
        region = resources._region_name
        own = {"AWS::Partition": partition_of(region), "AWS::URLSuffix": dns_suffix(region)}
        resources._parsed_resources.update(own)
        original(resources)

    return load


def _of_what_is_there(_: Method) -> Method:
    def get(resources: Any, name: str) -> Any:
        if name not in resources._parsed_resources:
            _refuse(
                f"Template format error: Unresolved resource dependencies [{name}] in the"
                " Resources block of the template"
            )
        return resources._parsed_resources[name]

    return get


def _over_what_is_there(_: Method) -> Method:
    def names(resources: Any) -> Iterator[str]:
        held = resources._parsed_resources.items()
        return iter([name for name, value in held if isinstance(value, life.Resource)])

    return names


def _parsed(text: str) -> Template:
    from moto.cloudformation.models import Stack

    try:
        # YAML is a superset of JSON, but takes a hundred times as long.
        template = json.loads(text)
    except ValueError:
        try:
            template = Stack.parse_template(text)
        except Exception:
            # Whatever is wrong with it: PyYAML has a dozen errors.
            template = None
    try:
        whole = written_out(template)
        check(whole, _attributes)
    except TemplateError as error:
        _refuse(str(error))
    return whole


def _attributes(resource_type: str) -> Optional[HasAttribute]:
    kind = life.kind_of(resource_type)
    return kind.has if kind else None


def _stack(backend: Any, name: str, template: str, parameters: Any, **others: Any) -> Any:
    """A stack that nobody sees yet. Refuses a template or parameters that are wrong."""
    from moto.cloudformation import models
    from moto.cloudformation.utils import generate_stack_id

    # Untyped, since mypy takes the class for an abstract one.
    make: Any = models.Stack
    return make(
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template=template,
        parameters=parameters,
        account_id=backend.account_id,
        region_name=backend.region_name,
        cross_stack_resources=backend.exports,
        **others,
    )


def _named(backend: Any, name: str) -> Any:
    return next((stack for stack in backend.stacks.values() if stack.name == name), None)


def _refuse(message: str) -> NoReturn:
    from moto.cloudformation.exceptions import ValidationError

    raise ValidationError(message=message)
