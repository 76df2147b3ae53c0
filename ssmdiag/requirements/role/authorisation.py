"""May this principal do this? Policies are read through ``ask`` and judged by ``policy.evaluate``.

Turns a Decision, and what the log said of the same action, into a Verdict. Sources: IAM User Guide,
"Policy evaluation logic" and "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Callable, Optional, Union

from ssmdiag.iam.arn import role_name_of
from ssmdiag.iam.failure import denied_resource
from ssmdiag.model import (
    Advice,
    Allow,
    Broken,
    Denial,
    Holds,
    Lack,
    NotApplicable,
    Remedy,
    Resource,
    ResourceKind,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.policy.document import Policy
from ssmdiag.policy.request import Grant, Policies, Request
from ssmdiag.requirements.contract import Gap, doubted, moments, waits
from ssmdiag.requirements.network.vpc_facts import ENDPOINT_POLICY
from ssmdiag.requirements.role.policies import RolePolicies
from ssmdiag.requirements.role.unseen_policies import refused_unseen, refusing_policy
from ssmdiag.values import dataclass
from ssmdiag.world.call import Answer, Denied, Unreachable

if TYPE_CHECKING:
    from ssmdiag.policy.decision import Decision


@dataclass(frozen=True)
class Witness:
    """AWS's own word on a request, made with the same identity: evidence where policies leave it
    open. ``how`` says what is asked, in words; ``ask`` asks it."""

    how: str
    ask: Callable[[], Answer]


@dataclass(frozen=True)
class Need:
    """One permission that somebody must have."""

    requirement: str
    action: str
    resource: str
    what: str
    """The resource in words: ``log group X``, ``the session key``."""
    role: str
    role_arn: str
    principal: str
    account: str
    remedy: Remedy
    """What makes identity policies allow it."""
    context: Mapping[str, Union[str, Sequence[str], None]] = field(default_factory=dict)
    owner: str = ""
    """The account that owns the resource, if it may be another one."""
    resource_policy: Union[Sequence[Policy], Gap] = ()
    resource_policy_of: Optional[Resource] = None
    admission: Optional[Remedy] = None
    """What makes the resource policy allow it."""
    grants: Optional[Callable[[], Optional[Sequence[Grant]]]] = None
    """Reads KMS grants; called only if policies alone do not allow."""
    kind: ResourceKind = "role"
    """``caller`` if the role is that of the person who starts sessions."""
    words: str = ""
    """Who needs it, in words, if that is not a role."""
    witness: Optional[Witness] = None
    """Asked only if the policies do not decide."""


def permission(situation: Situation, need: Need, role: RolePolicies) -> Verdict:
    """Judge one permission. ``role`` holds the policies of ``need.role``."""
    denial, symptom = last_denial(situation, need)
    if not situation.online:
        return _as_logged(need, denial, symptom)
    policies = _policies(need, role)
    decision = _decide(need, policies)
    if decision.outcome == "denied":
        return _denied(need, role, policies, decision, symptom)
    if _is_for_endpoint(need, denial):
        said = f"AWS says that a VPC endpoint policy refused {_who(need)} {need.action}"
        return waits(ENDPOINT_POLICY, said)
    if decision.outcome == "allowed":
        return _allowed(need, decision, denial, symptom)
    if need.witness and not isinstance(testimony := need.witness.ask(), Unreachable):
        return _witnessed(need, need.witness.how, testimony)
    return _undetermined(need, role, decision, denial, symptom)


def _as_logged(need: Need, denial: Optional[Denial], symptom: Optional[Symptom]) -> Verdict:
    """What the log alone tells: what was refused, and not whether it still is."""
    if denial is None or symptom is None:
        return NotApplicable("nothing in the log casts doubt on it")
    why, settle = "whether it still does was not asked", "run ssmdiag with access to AWS"
    return _refused(need, denial, symptom, why, settle)


def _is_for_endpoint(need: Need, denial: Optional[Denial]) -> bool:
    """Must the node's VPC endpoint be looked at? Who starts sessions comes through another."""
    named = denial is not None and denial.policy_type == "vpc-endpoint"
    return named and need.kind == "role"


def last_denial(situation: Situation, need: Need) -> tuple[Optional[Denial], Optional[Symptom]]:
    """The newest refusal of this action to this role that the log tells."""
    for symptom in reversed(doubted(situation, need.requirement)):
        denial = symptom.failure.denial if symptom.failure else None
        if denial is None or (denial.action or "").lower() != need.action.lower():
            continue
        if denial.principal and role_name_of(denial.principal) not in (need.role, None):
            continue
        return denial, symptom
    return None, None


def _policies(need: Need, role: RolePolicies) -> Policies:
    resource = None if isinstance(need.resource_policy, Gap) else need.resource_policy
    return Policies(identity=role.identity, resource=resource, boundary=role.boundary)


def _decide(need: Need, policies: Policies) -> Decision:
    # From the log alone nothing is evaluated, and what evaluates is not loaded.
    from ssmdiag.policy.evaluate import evaluate

    request = Request(
        action=need.action,
        resource=need.resource,
        principal=need.principal,
        principal_arn=need.role_arn,
        resource_account=need.owner or need.account,
        context=need.context,
    )
    decision = evaluate(request, policies)
    if decision.outcome == "allowed" or decision.explicit or need.grants is None:
        return decision
    return evaluate(request, replace(policies, grants=need.grants()))


def _who(need: Need) -> str:
    return need.words or f"role {need.role}"


def _allowed(
    need: Need, decision: Decision, denial: Optional[Denial], symptom: Optional[Symptom]
) -> Verdict:
    said = f"{_who(need)} is allowed {need.action} on {need.what}"
    if denial is None or symptom is None:
        return Holds(said, decision.reasons)
    evidence = (*decision.reasons, f"AWS refused it: {denial.message} ({moments(symptom)})")
    unseen = refused_unseen(denial, need.action, need.role, evidence)
    if unseen is not None:
        return unseen
    return Holds(f"{said} now; it was refused before ({moments(symptom)})", evidence)


def _witnessed(need: Need, how: str, witness: Answer) -> Verdict:
    """AWS itself decided the same request of the same identity a moment ago."""
    if not isinstance(witness, Denied):
        said = f"{_who(need)} is allowed {need.action} on {need.what}"
        return Holds(said, (f"AWS answers {how}, made with the same role",))
    kind = denied_resource(witness.denial)
    resource = Resource(kind, _name(kind, need, witness.denial))
    remedies: tuple[Remedy, ...] = (need.remedy,)
    if kind != need.kind:
        remedies = (Advice(f"whoever owns {resource.name} has to allow {need.action} in it"),)
    lack = Lack(_who(need), need.action, need.what)
    return Broken(
        str(lack),
        resource,
        (f"AWS refuses {how}, made with the same role: {witness.denial.message}",),
        remedies,
        provable=False,
        lack=lack,
    )


def _denied(
    need: Need,
    role: RolePolicies,
    policies: Policies,
    decision: Decision,
    symptom: Optional[Symptom],
) -> Verdict:
    seen = (f"AWS refused it in the agent's log ({moments(symptom)})",) if symptom else ()
    evidence = (*decision.reasons, *seen)
    if decision.layer == "resource" and need.resource_policy_of is not None:
        return _denied_by_resource(need, policies, decision, evidence)
    advice = (Advice(_to_be_done(need, policies, decision)),)
    if decision.layer == "boundary":
        return Broken(
            f"the permissions boundary {role.boundary_arn} does not allow {_who(need)} "
            f"{need.action} on {need.what}",
            Resource("boundary", role.boundary_arn or need.role),
            evidence,
            advice,
        )
    lack = Lack(_who(need), need.action, need.what)
    if decision.explicit:
        said = f"{lack}: a Deny statement forbids it"
        return Broken(said, Resource(need.kind, need.role), evidence, advice)
    resource = Resource(need.kind, need.role)
    return Broken(str(lack), resource, evidence, (need.remedy,), lack=lack)


def _to_be_done(need: Need, policies: Policies, decision: Decision) -> str:
    """What must change in a policy that no addition gets past."""
    from ssmdiag.policy.mend import obstacle_of

    # What a policy writes is not always the literal that AWS checks.
    resource = need.remedy.resource if isinstance(need.remedy, Allow) else need.resource
    return str(obstacle_of(decision, f"{need.action} on {resource}", policies))


def _denied_by_resource(
    need: Need, policies: Policies, decision: Decision, evidence: tuple[str, ...]
) -> Verdict:
    assert need.resource_policy_of is not None
    resource = need.resource_policy_of
    what = "key policy" if resource.kind == "key-policy" else "bucket policy"
    said = f"the {what} of {resource.name} does not allow {_who(need)} {need.action}"
    if decision.explicit or need.admission is None:
        return Broken(said, resource, evidence, (Advice(_to_be_done(need, policies, decision)),))
    return Broken(said, resource, evidence, (need.admission,))


def _undetermined(
    need: Need,
    role: RolePolicies,
    decision: Decision,
    denial: Optional[Denial],
    symptom: Optional[Symptom],
) -> Verdict:
    settle, why = _missing(need, role, decision)
    if denial is not None and symptom is not None:
        readable = not isinstance(need.resource_policy, Gap) and role.gap is None
        if readable and denial.policy_type == decision.layer:
            return _agreed(need, decision, denial, symptom)
        return _refused(need, denial, symptom, why, settle)
    unknown = need.resource_policy_of if decision.layer == "resource" else None
    suspect = unknown or Resource(need.kind, need.role)
    if role.boundary is None and decision.layer == "boundary":
        suspect = Resource("boundary", role.boundary_arn or need.role)
    said = f"whether {_who(need)} is allowed {need.action} on {need.what}: {why}"
    return Unverified(said, (suspect,), settle, decision.reasons)


def _refused(need: Need, denial: Denial, symptom: Symptom, why: str, settle: str) -> Unverified:
    """AWS did refuse it; ``why`` it is not known whether it does now."""
    kind = denied_resource(denial)
    remedies: tuple[Remedy, ...] = (need.remedy,) if kind == need.kind else ()
    if kind == "key-policy" and need.admission:
        remedies = (need.admission,)
    return Unverified(
        f"AWS refused {_who(need)} {need.action} on {need.what}; {why}",
        (Resource(kind, _name(kind, need, denial)),),
        settle,
        (f"in the agent's log: {denial.message} ({moments(symptom)})",),
        remedies,
    )


def _agreed(need: Need, decision: Decision, denial: Denial, symptom: Symptom) -> Verdict:
    """AWS named this kind of policy, and in it a condition is found that may well have decided."""
    kind = denied_resource(denial)
    where = f" ({decision.cited.named})" if decision.cited else ""
    resource = Resource(kind, _name(kind, need, denial))
    return Broken(
        f"{_who(need)} is refused {need.action} on {need.what} by a condition{where}",
        resource,
        (*decision.reasons, f"AWS refused it: {denial.message} ({moments(symptom)})"),
        (Advice(f"make the condition{where} fit the node's requests, or narrow the statement"),),
        provable=False,
    )


def _missing(need: Need, role: RolePolicies, decision: Decision) -> tuple[str, str]:
    gaps = [role.gap] if role.gap else []
    if isinstance(need.resource_policy, Gap):
        gaps.insert(0 if decision.layer == "resource" else len(gaps), need.resource_policy)
    if gaps:
        return "; ".join(g.settle for g in gaps), gaps[0].why
    why = decision.reasons[0] if decision.reasons else "a condition depends on an unknown value"
    return "compare the condition with the request by hand, or start a session", why


def _name(kind: ResourceKind, need: Need, denial: Denial) -> str:
    if kind in ("role", "caller"):
        return (role_name_of(denial.principal) if denial.principal else None) or need.role
    if kind == "key-policy":
        arn = denial.resource or ""
        return arn if arn.startswith("arn:") else need.resource
    if need.resource_policy_of is not None and kind == need.resource_policy_of.kind:
        return need.resource_policy_of.name
    return refusing_policy(denial)
