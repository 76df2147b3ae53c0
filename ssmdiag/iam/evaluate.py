"""IAM policy evaluation: a request and the policies in, a Decision out.

Nothing may deny the request, and every step of at least one path must allow it. A step is one kind
of policy; which paths there are depends on who asks for what.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic",
"Permissions boundaries for IAM entities" and "AWS JSON policy elements: Principal"; KMS Developer
Guide, "Key policies in AWS KMS" and "Grants in AWS KMS".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional

from ssmdiag.iam.arn import parse_arn
from ssmdiag.iam.context import account_of, is_service, lookup_for, owner_of
from ssmdiag.iam.grant import admits
from ssmdiag.iam.layer import Layer, Step, read_layer
from ssmdiag.iam.logic import Truth, all_of, any_of
from ssmdiag.iam.pattern import Lookup
from ssmdiag.iam.policy import Decision, Policies, Request
from ssmdiag.iam.statement import WORDS, Reading

_Path = list[Step]


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide ``request``: allowed, denied, or undetermined if what is unknown could turn it.

    ``policies.scps`` counts as one level of an organization: any of them may allow. Where neither
    ``request`` nor the resource's ARN says who owns it, it is taken to be the caller's account.
    """
    lookup = lookup_for(request)
    layers = _read_layers(request, policies, lookup)
    denied = _by_deny(layers, request, True)
    if denied:
        return denied
    paths = _paths(request, layers, _grant_step(request, policies, lookup))
    granted = any_of(_allows(path) for path in paths)
    if granted is False:
        return _not_allowed(max(paths, key=_steps_taken), request)
    if granted is None:
        return _not_known(next(path for path in paths if _allows(path) is None), request)
    open_path = next(path for path in paths if _allows(path))
    return _by_deny(layers, request, None) or _allowed(open_path, request)


# --- the layers and the paths through them ------------------------------------------------------


@dataclass(frozen=True)
class _Layers:
    """In the order in which a refusal names them."""

    scp: Layer
    endpoint: Layer
    resource: Layer
    identity: Layer
    boundary: Layer
    session: Layer

    def all(self) -> tuple[Layer, ...]:
        restricting = (self.scp, self.endpoint)
        return (*restricting, self.resource, self.identity, self.boundary, self.session)


def _read_layers(request: Request, policies: Policies, lookup: Lookup) -> _Layers:
    service = is_service(request.principal)
    exempt = service or ":role/aws-service-role/" in (request.principal_arn or "")
    return _Layers(
        scp=read_layer("scp", () if exempt else policies.scps, request, lookup),
        endpoint=read_layer("vpc-endpoint", policies.endpoint, request, lookup),
        resource=read_layer(
            "trust" if _assumes_role(request) else "resource", policies.resource, request, lookup
        ),
        identity=read_layer("identity", () if service else policies.identity, request, lookup),
        boundary=read_layer("boundary", () if service else policies.boundary, request, lookup),
        session=read_layer("session", () if service else policies.session, request, lookup),
    )


def _assumes_role(request: Request) -> bool:
    return request.action.lower().startswith("sts:assumerole")


def _policy_is_mandatory(request: Request) -> bool:
    """Whether identity policies count only if the resource's own policy says so: KMS keys, and
    roles that are to be assumed."""
    arn = parse_arn(request.resource)
    is_key = arn is not None and arn.service == "kms" and arn.resource.startswith("key/")
    return is_key or _assumes_role(request)


def _paths(request: Request, layers: _Layers, by_grant: Step) -> list[_Path]:
    """Every way to be allowed. Who is named directly is not limited by a boundary or a session
    policy; who is named by the role is; who is named by the account needs identity policies."""
    gates = [layers.scp.lets_through(), layers.endpoint.lets_through()]
    limits = [layers.boundary.lets_through(), layers.session.lets_through()]
    identity = [layers.identity.grants(), *limits]
    if is_service(request.principal):
        routes = [[layers.resource.grants("direct")]]
    elif owner_of(request) != account_of(request.principal):
        routes = [[layers.resource.grants(), *identity]]
    else:
        routes = [
            [layers.resource.grants("direct")],
            [layers.resource.grants("role"), *limits],
        ]
        if _policy_is_mandatory(request):
            routes.append([layers.resource.grants("account"), *identity])
        else:
            routes.insert(0, identity)
    # The grant comes last: where nothing admits the caller, a policy is what people look for.
    return [[*gates, *route] for route in (*routes, [by_grant])]


def _grant_step(request: Request, policies: Policies, lookup: Lookup) -> Step:
    if not request.action.lower().startswith("kms:"):
        return Step("resource", False)
    if policies.grants is None:
        return Step("resource", None, said="the key's grants could not be read")
    found: dict[Truth, str] = {}
    for grant in policies.grants:
        found.setdefault(admits(grant, request, lookup), grant.grantee)
    allows = any_of(found)
    words = {
        True: f"a grant to {found.get(True)} admits {request.action}",
        None: f"whether the grant to {found.get(None)} applies depends on unknown keys",
        False: "",
    }
    return Step("resource", allows, said=words[allows])


def _allows(path: _Path) -> Truth:
    return all_of(step.allows for step in path)


def _steps_taken(path: _Path) -> int:
    """How many steps surely or perhaps allow before the first that does not."""
    return next(n for n, step in enumerate(path) if step.allows is False)


# --- the decisions ------------------------------------------------------------------------------


def _by_deny(
    layers: _Layers, request: Request, certainty: Literal[True, None]
) -> Optional[Decision]:
    """The first Deny that applies (True) or may apply (None)."""
    for layer in layers.all():
        denies, reading = layer.denies()
        if denies is not certainty:
            continue
        if reading is None:
            said = f"{layer.grants().said}, and could deny it"
            return Decision("undetermined", layer.type, False, (said,))
        said = f"{reading.named} denies {request.action} on {request.resource}"
        if denies:
            return Decision("denied", layer.type, True, (said,), _statement(reading))
        said = f"{said} if it applies: {_obstacle(reading)}"
        return Decision("undetermined", layer.type, True, (said,), _statement(reading))
    return None


def _not_allowed(path: _Path, request: Request) -> Decision:
    step = path[_steps_taken(path)]
    reasons = [f"no {WORDS[step.layer]} allows {request.action} on {request.resource}"]
    if step.layer == "resource" and _policy_is_mandatory(request):
        reasons.append("the key policy neither admits the caller nor lets identity policies decide")
    if step.reading:
        reasons.append(f"{step.reading.named} comes nearest, but {_obstacle(step.reading)}")
    return Decision("denied", step.layer, False, tuple(reasons), _statement(step.reading))


def _not_known(path: _Path, request: Request) -> Decision:
    step = next(step for step in path if step.allows is None)
    said = step.said
    if step.reading:
        said = f"{step.reading.named} allows {request.action} if it applies"
        said = f"{said}: {_obstacle(step.reading)}"
    return Decision("undetermined", step.layer, False, (said,), _statement(step.reading))


def _allowed(path: _Path, request: Request) -> Decision:
    readings = [step.reading for step in path if step.reading]
    reasons = [f"{reading.named} allows {request.action}" for reading in readings]
    granting = [step for step in path if step.layer in ("identity", "resource", "trust")][-1]
    if granting.said:
        reasons.append(granting.said)
    return Decision("allowed", granting.layer, False, tuple(reasons), _statement(granting.reading))


def _obstacle(reading: Reading) -> str:
    return reading.obstacle.why if reading.obstacle else ""


def _statement(reading: Optional[Reading]) -> Optional[tuple[str, str]]:
    return (reading.policy.name, reading.label) if reading else None
