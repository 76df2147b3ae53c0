"""IAM policy evaluation: a request and the policies in, a Decision out.

Nothing may deny the request, and every step of at least one path must allow it. A step is one kind
of policy; which paths there are depends on who asks for what.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic",
"Permissions boundaries for IAM entities" and "AWS JSON policy elements: Principal"; AWS
Organizations User Guide, "SCP evaluation" and "Resource control policies"; KMS Developer Guide,
"Key policies in AWS KMS" and "Grants in AWS KMS".
"""

from __future__ import annotations

from typing import Literal, Optional

from ssmdiag.iam.arn import parse_arn
from ssmdiag.policy.caller import Kind, account_of, assumes_role, kind_of, manages_alias
from ssmdiag.policy.context import lookup_for, owner_of
from ssmdiag.policy.decision import (
    Decision,
    allowed,
    denied_by,
    not_allowed,
    not_known,
    perhaps_denied_by,
    unread,
)
from ssmdiag.policy.grant import admits, can_be_granted
from ssmdiag.policy.layer import Layer, Step, read_layer
from ssmdiag.policy.logic import Truth, all_of, any_of
from ssmdiag.policy.pattern import Lookup
from ssmdiag.policy.request import Policies, Request
from ssmdiag.values import dataclass

_Path = list[Step]


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide ``request``: allowed, denied, or undetermined if what is unknown could turn it.

    Where neither ``request`` nor the resource's ARN says who owns the resource, it is taken to be
    the caller's account. A policy that is malformed counts as one that could not be read.
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
        path = next(path for path in paths if _allows(path) is None)
        return not_known(next(step for step in path if step.allows is None), request)
    open_path = next(path for path in paths if _allows(path))
    granting = [step for step in open_path if step.layer in _GRANTING]
    return _by_deny(layers, request, None) or allowed(open_path, granting[-1], request)


# --- the layers and the paths through them ------------------------------------------------------

_GRANTING = ("identity", "resource", "trust")


@dataclass(frozen=True)
class _Layers:
    """In the order in which a refusal names them."""

    scps: tuple[Layer, ...]
    rcp: Layer
    endpoint: Layer
    resource: Layer
    identity: Layer
    boundary: Layer
    session: Layer

    def all(self) -> tuple[Layer, ...]:
        beside = (self.rcp, self.endpoint, self.resource)
        return (*self.scps, *beside, self.identity, self.boundary, self.session)


_WITHOUT_IDENTITY: tuple[Kind, ...] = ("service", "provider", "anonymous", "root")
"""Callers to whom no identity policy, boundary or session policy can be attached."""


def _read_layers(request: Request, policies: Policies, lookup: Lookup) -> _Layers:
    kind = kind_of(request)
    service_linked = ":role/aws-service-role/" in (request.principal_arn or "")
    levels = policies.scps if policies.scps is not None else (None,)
    if service_linked or kind in ("service", "provider", "anonymous"):
        levels = ()
    alone = kind in _WITHOUT_IDENTITY
    of_resource: Literal["trust", "resource"] = (
        "trust" if assumes_role(request.action) else "resource"
    )
    bounded = None if policies.boundary is None else bool(policies.boundary) and not alone
    return _Layers(
        scps=tuple(read_layer("scp", level, request, lookup) for level in levels),
        rcp=read_layer("rcp", () if service_linked else policies.rcps, request, lookup),
        endpoint=read_layer("vpc-endpoint", policies.endpoint, request, lookup),
        resource=read_layer(of_resource, policies.resource, request, lookup, bounded),
        identity=read_layer("identity", () if alone else policies.identity, request, lookup),
        boundary=read_layer("boundary", () if alone else policies.boundary, request, lookup),
        session=read_layer("session", () if alone else policies.session, request, lookup),
    )


def policy_is_mandatory(request: Request) -> bool:
    """Whether identity policies count only if the resource's own policy says so: KMS keys, and
    roles that are to be assumed."""
    arn = parse_arn(request.resource)
    named = ("key/",) if manages_alias(request.action) else ("key/", "alias/")
    is_key = arn is not None and arn.service == "kms" and arn.resource.startswith(named)
    return is_key or assumes_role(request.action)


def _paths(request: Request, layers: _Layers, by_grant: Step) -> list[_Path]:
    """Every way to be allowed. Who is named directly is not limited by a boundary or a session
    policy; who is named by the role is; who is named by the account needs identity policies."""
    gates = [*(level.grants() for level in layers.scps), layers.endpoint.lets_through()]
    # The grant comes last: where nothing admits the caller, a policy is what people look for.
    return [[*gates, *route] for route in (*_routes(request, layers), [by_grant])]


def _routes(request: Request, layers: _Layers) -> list[_Path]:
    kind = kind_of(request)
    resource = layers.resource
    if kind in ("service", "provider", "anonymous"):
        return [[resource.grants("direct")]]
    limits = [layers.boundary.lets_through(), _session_limit(kind, layers.session)]
    identity = [layers.identity.grants(), *limits]
    if kind == "root":
        # Nothing needs to be allowed to the root user of an account, within that account.
        identity = [Step("identity", True, said="the root user may do everything in its account")]
    if owner_of(request) != account_of(request.principal):
        return [[resource.grants(), *identity]]
    routes = [[resource.grants("direct")], [resource.grants("role"), *limits]]
    if policy_is_mandatory(request):
        return [*routes, [resource.grants("account"), *identity]]
    return [identity, *routes]


def _session_limit(kind: Kind, session: Layer) -> Step:
    """A federated user may nothing that no session policy allows; others need none."""
    return session.grants() if kind == "federated-user" else session.lets_through()


def _grant_step(request: Request, policies: Policies, lookup: Lookup) -> Step:
    if not can_be_granted(request.action):
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


# --- what the layers say together ---------------------------------------------------------------


def _by_deny(
    layers: _Layers, request: Request, certainty: Literal[True, None]
) -> Optional[Decision]:
    """The first Deny that applies (True) or may apply (None)."""
    for layer in layers.all():
        denies, reading = layer.denies()
        if denies is not certainty:
            continue
        if reading is None:
            return unread(layer.type, layer.unread or "")
        return denied_by(reading, request) if denies else perhaps_denied_by(reading, request)
    return None


def _not_allowed(path: _Path, request: Request) -> Decision:
    step = path[_steps_taken(path)]
    because = []
    if step.layer == "resource" and policy_is_mandatory(request):
        because.append("the key policy neither admits the caller nor lets identity policies decide")
    return not_allowed(step, request, because)
