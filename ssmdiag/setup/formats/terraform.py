"""A plan as configuration for Terraform, which makes what is missing and adopts what it edits.

Sources: Terraform documentation, "Import" (blocks, from 1.5 on) and "The lifecycle
Meta-Argument"; documentation of the provider hashicorp/aws, section "Import" of each resource type.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Union

from ssmdiag.setup.formats import by_hand
from ssmdiag.setup.formats.comments import comment, explained, why
from ssmdiag.setup.formats.hcl import Argument, Block, Document, Expression, Known, written
from ssmdiag.setup.formats.terraform_types import (
    AFTER,
    ARGUMENTS,
    GIVEN,
    GUARDED,
    NAME,
    RESET,
    TYPES,
    Arguments,
    Form,
    Json,
    Named,
    Nested,
)
from ssmdiag.setup.plan import Place, Plan
from ssmdiag.setup.resources import Kind, Made, resources
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_Item = Union[Argument, Block]
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DIGEST = re.compile(r"_[0-9a-f]{8}\Z")
_SHOWN = 64


def terraform(plan: Plan) -> str:
    """The whole configuration. Raises ValueError, worded, for what Terraform cannot be told.

    What no resource of Terraform stands for follows in comments, as commands: each line begins with
    ``#before:`` or ``#after:``.
    """
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    made, others = resources(plan.calls, plan.replaced)
    parts = [part for each in made for part in _parts(each)]
    known = _known(parts, plan.wanted)
    yield from _heading(plan, others)
    for block in _opening(plan.wanted) if parts else ():
        yield ""
        yield from written(block, known)
    told: set[int] = set()
    for part in parts:
        yield ""
        yield from why(part.made, plan, told)
        yield from _resource(part, parts, known)
    yield from _by_hand(plan, made, others, known)


def _heading(plan: Plan, others: Sequence[Call]) -> Iterator[str]:
    first = " The commands at the end of this file go with it." if others else ""
    yield from comment(
        f"{plan.title}. Made by "
        "`ssmdiag setup plan --format terraform`. Save it as main.tf in a folder of its own, and "
        "run `terraform init` and `terraform apply` there, which shows every change and asks."
        f"{first}"
    )
    yield "#"
    yield from comment(
        "What exists already is imported and edited in place; what the plan does not speak of "
        "stays as it is. Keep this file once it was applied: what Terraform no longer finds in it, "
        "it destroys. A later plan holds only what is missing then, so it goes into another folder."
    )
    if not plan.calls:
        yield "#"
        yield "# Nothing is to be done."


def _opening(place: Place) -> tuple[Block, ...]:
    provider = {"source": "hashicorp/aws", "version": ">= 5.0"}
    return (
        Block(
            "terraform",
            (),
            (
                Argument("required_version", ">= 1.5"),
                Block("required_providers", (), (Argument("aws", provider),)),
            ),
        ),
        Block(
            "provider",
            ("aws",),
            (
                Argument("region", place.region),
                Argument("allowed_account_ids", [place.account]),
            ),
        ),
    )


# --- which resources of Terraform stand for one of the plan --------------------------------------


@dataclass(frozen=True)
class _Part:
    """One resource of Terraform, and what of the plan it is made from."""

    made: Made
    type: str
    label: str
    properties: Mapping[str, Any]
    id: str = ""
    """By which Terraform imports what exists already; empty: there is nothing to import."""

    @property
    def address(self) -> str:
        return f"{self.type}.{self.label}"


def _parts(made: Made) -> Iterator[_Part]:
    special = _SPECIAL.get(made.kind)
    if special:
        yield from special(made)
        return
    # Every alias begins like that, no role's name has a slash.
    label = made.name.removeprefix("alias/") if made.kind == "alias" else made.name
    id_ = made.name.replace("/", ":", 1) if made.kind == "role-policy" else made.name
    properties = {**GIVEN.get(TYPES[made.kind], {}), **made.properties}
    yield _Part(made, TYPES[made.kind], _label(label), properties, "" if made.new else id_)


def _profile(made: Made) -> Iterator[_Part]:
    properties = {"InstanceProfileName": made.name, **made.properties}
    for role in properties.pop("Roles", []):
        properties["RoleName"] = role
    id_ = "" if made.new else made.name
    yield _Part(made, "aws_iam_instance_profile", _label(made.name), properties, id_)


def _role(made: Made) -> Iterator[_Part]:
    properties = dict(made.properties)
    attached = properties.pop("ManagedPolicyArns", [])
    yield _Part(made, "aws_iam_role", _label(made.name), properties)
    for arn in attached:
        yield _attachment(made, {"RoleName": made.name, "PolicyArn": arn})


def _attachment(made: Made, properties: Mapping[str, Any]) -> _Part:
    role, arn = properties["RoleName"], properties["PolicyArn"]
    label = _label(f"{role}/{arn}", shown=f"{role}_{arn.rsplit('/', 1)[-1]}")
    return _Part(made, "aws_iam_role_policy_attachment", label, properties)


def _key(made: Made) -> Iterator[_Part]:
    id_ = made.name.rsplit("/", 1)[-1]
    if made.new:
        yield _Part(made, "aws_kms_key", _label(id_.strip("<>")), made.properties)
        return
    label = _label(f"key-{id_}")
    if "Policy" in made.properties:
        policy = {"KeyId": id_, "Policy": made.properties["Policy"]}
        yield _Part(made, "aws_kms_key_policy", label, policy, id_)
    if "EnableKeyRotation" in made.properties:
        rotation = {"EnableKeyRotation": made.properties["EnableKeyRotation"]}
        yield _Part(made, "aws_kms_key", label, rotation, id_)


def _bucket(made: Made) -> Iterator[_Part]:
    properties = {"Bucket": made.name, **made.properties}
    settings = {name: properties.pop(name) for name in _SETTINGS if name in properties}
    if made.new:
        yield _Part(made, "aws_s3_bucket", _label(made.name), properties)
    for name, value in settings.items():
        # To make one is to put it, whether there was one before or not.
        own = {"Bucket": made.name, name: value}
        yield _Part(made, _SETTINGS[name], _label(made.name), own)


def _alarm(made: Made) -> Iterator[_Part]:
    properties = dict(made.properties)
    if "Dimensions" in properties:
        properties["Dimensions"] = {d["Name"]: d["Value"] for d in properties["Dimensions"]}
    yield _Part(made, "aws_cloudwatch_metric_alarm", _label(made.name), properties)


_SETTINGS = {
    "PublicAccessBlockConfiguration": "aws_s3_bucket_public_access_block",
    "ServerSideEncryptionConfiguration": "aws_s3_bucket_server_side_encryption_configuration",
}
_SPECIAL: Mapping[Kind, Callable[[Made], Iterator[_Part]]] = {
    "instance-profile": _profile,
    "role": _role,
    "role-attachment": lambda made: iter([_attachment(made, made.properties)]),
    "key": _key,
    "bucket": _bucket,
    "alarm": _alarm,
}


def _label(name: str, shown: str = "") -> str:
    """What Terraform calls a resource: its own name, if that can be a label.

    Any other is told apart by a digest, and so is a name that looks as if it had one.
    """
    if _LABEL.fullmatch(name) and not _DIGEST.search(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", shown or name).strip("_-")[:_SHOWN]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}_{digest}" if _LABEL.match(plain) else f"_{plain}_{digest}"


# --- one resource ---------------------------------------------------------------------------------


def _known(parts: Sequence[_Part], place: Place) -> Known:
    """What Terraform knows better than the plan: what it makes itself."""
    home = f"arn:{place.partition}"
    stand_ins: dict[str, str] = {}
    arns: dict[str, str] = {}
    for part in parts:
        name, expression = part.made.name, f"{part.address}.arn"
        if part.type == "aws_kms_key" and not part.id:
            stand_ins[name] = expression
        elif part.type == "aws_iam_role":
            path = part.properties.get("Path", "/")
            arns[f"{home}:iam::{place.account}:role{path}{name}"] = expression
        elif part.type == "aws_iam_policy":
            arns[f"{home}:iam::{place.account}:policy/{name}"] = expression
        elif part.type == "aws_s3_bucket":
            arns[f"{home}:s3:::{name}"] = expression
    return Known(stand_ins, arns)


def _resource(part: _Part, parts: Sequence[_Part], known: Known) -> Iterator[str]:
    if part.id:
        adopted = (Argument("to", Expression(part.address)), Argument("id", part.id))
        yield from written(Block("import", (), adopted), Known())
        yield ""
    names = {(p.type, p.made.name): p.address for p in parts if p.type in NAME}
    body = tuple(_items(ARGUMENTS[part.type], part.properties, names))
    body += (*_order(part, parts), *_lifecycle(part, body))
    yield from written(
        Block("resource", (part.type, part.label), body), _without(known, part.address)
    )


def _without(known: Known, address: str) -> Known:
    """Nothing refers to itself."""
    parts, wholes = (
        {text: e for text, e in each.items() if e != f"{address}.arn"}
        for each in (known.parts, known.wholes)
    )
    return Known(parts, wholes)


def _items(
    arguments: Arguments, properties: Mapping[str, Any], names: Mapping[tuple[str, str], str]
) -> Iterator[_Item]:
    unknown = [name for name in properties if name not in arguments]
    if unknown:
        raise ValueError(f"it is not known how to tell Terraform of {', '.join(unknown)}")
    for parameter, form in arguments.items():
        if parameter in properties and form is not None:
            yield from _placed(form, properties[parameter], names)


def _placed(form: Form, value: Any, names: Mapping[tuple[str, str], str]) -> Iterator[_Item]:
    if isinstance(form, Json):
        yield Argument(form.argument, Document(value))
    elif isinstance(form, Named):
        address = names.get((form.type, value))
        named = Expression(f"{address}.{NAME[form.type]}") if address else value
        yield Argument(form.argument, named)
    elif isinstance(form, Nested):
        for each in value if isinstance(value, list) else [value]:
            yield Block(form.block, (), tuple(_items(form.arguments, each, names)))
    elif isinstance(form, Mapping):
        yield from _items(form, value, names)
    else:
        yield Argument(str(form), value)


def _order(part: _Part, parts: Sequence[_Part]) -> Iterator[_Item]:
    before = parts[: parts.index(part)]
    awaited = [p.address for p in before if p.type in AFTER.get(part.type, ())]
    if awaited:
        yield Argument("depends_on", [Expression(address) for address in awaited])


def _lifecycle(part: _Part, body: Sequence[_Item]) -> Iterator[_Item]:
    settings: list[_Item] = []
    if part.id:
        given = {item.name for item in body if isinstance(item, Argument)}
        alone = [name for name in RESET.get(part.type, ()) if name not in given]
        if alone:
            settings.append(Argument("ignore_changes", [Expression(name) for name in alone]))
    if not part.made.new or part.type in GUARDED:
        settings.append(Argument("prevent_destroy", True))
    if settings:
        yield Block("lifecycle", (), tuple(settings))


# --- what is left to commands ---------------------------------------------------------------------


def _by_hand(
    plan: Plan, made: Sequence[Made], others: Sequence[Call], known: Known
) -> Iterator[str]:
    texts = (*known.parts, *known.wholes)
    after = [order for order in others if any(text in order.arguments for text in texts)]
    before = [order for order in others if order not in after]
    yield from _commands("before", before, plan)
    yield from _commands("after", [*by_hand.lookups(made, after), *after], plan)
    for step in plan.steps:
        if not step.calls:
            yield ""
            yield from comment(f"No command can do this. {explained(step)}")


def _commands(when: str, calls: Sequence[Call], plan: Plan) -> Iterator[str]:
    if not calls:
        return
    yield ""
    yield from comment(
        f"No resource of Terraform stands for these commands. They come {when} `terraform apply`:"
    )
    yield f"#   sed -n 's/^#{when}: \\{{0,1\\}}//p' main.tf | sh -eu"
    yield f"#{when}: {by_hand.OPENING}"
    for reasons, text in by_hand.told(calls, plan):
        for reason in reasons:
            yield "#"
            yield from comment(reason)
        # No value breaks out of a comment, whatever lines it consists of.
        yield from (f"#{when}: {line}" if line else f"#{when}:" for line in text.split("\n"))
