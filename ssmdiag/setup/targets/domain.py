"""The OpenSearch domain that events are delivered to: that a pipeline can write to it.

Nothing of a domain is edited here: what its access policy must say is told to its owner. Sources:
OpenSearch Service API Reference, DescribeDomain and DomainStatus; Amazon OpenSearch Service
Developer Guide, "Granting Amazon OpenSearch Ingestion pipelines access to domains", "Identity and
Access Management in Amazon OpenSearch Service" and "Fine-grained access control".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Optional, Union

from ssmdiag.model import Advice, Broken, Holds, Resource, Unverified, Verdict
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.contract import Gap, Requirement, gap_of, waits
from ssmdiag.setup.observed import Observed
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Known, call

DOMAIN = "observe/domain"


@dataclass(frozen=True)
class Domain:
    """What a pipeline must know of a domain."""

    endpoint: str
    """Host name; empty for a domain inside a VPC, and for one that is being made."""
    in_vpc: bool
    policy: Optional[Policy]
    """Its access policy; None if it has none."""
    fine_grained: bool
    """Has it users and roles of its own?"""
    encrypted: bool
    """At rest."""


def requirements(observed: Observed) -> tuple[Requirement, ...]:
    """The domain exists where a pipeline can reach it, and does not forbid what the pipeline does.

    A domain inside a VPC is not provided for.
    """
    title = "A pipeline can reach the domain"
    access = "The domain does not forbid the pipeline to write"
    return (
        requirement(DOMAIN, title, "destination", _reachable, observed),
        requirement("observe/domain-access", access, "permission", _not_forbidden, observed),
    )


def find_domain(ask: Ask, observed: Observed) -> Union[Domain, Absent, Gap]:
    """Look the domain up."""
    answer = ask(call("opensearch", "DescribeDomain", DomainName=observed.domain_name))
    if isinstance(answer, Absent):
        return answer
    if not isinstance(answer, Known):
        return gap_of(answer, f"domain {observed.domain_name}")
    status = answer.data["DomainStatus"]
    if status.get("Deleted"):
        return Absent(f"domain {observed.domain_name} is being deleted")
    written = str(status.get("AccessPolicies") or "")
    try:
        policy = Policy("domain access policy", "resource", parse(written)) if written else None
    except PolicyError as error:
        return Gap(f"the access policy of domain {observed.domain_name}: {error}", "write it anew")
    return Domain(
        endpoint=str(status.get("Endpoint") or ""),
        in_vpc=bool((status.get("VPCOptions") or {}).get("SubnetIds")),
        policy=policy,
        fine_grained=bool((status.get("AdvancedSecurityOptions") or {}).get("Enabled")),
        encrypted=bool((status.get("EncryptionAtRestOptions") or {}).get("Enabled")),
    )


def reachable(ask: Ask, observed: Observed) -> Optional[Domain]:
    """The domain, if a pipeline can write to it; None as long as ``observe/domain`` is broken."""
    found = find_domain(ask, observed)
    return found if isinstance(found, Domain) and found.endpoint and not found.in_vpc else None


def _reachable(observed: Observed, ask: Ask) -> Verdict:
    name, resource = observed.domain_name, Resource("log-group", observed.group)
    found = find_domain(ask, observed)
    if isinstance(found, Gap):
        return unread(found, resource)
    if isinstance(found, Absent):
        said = f"there is no OpenSearch domain {name} in {observed.region}"
        return Broken(said, resource, (found.why,), (Advice(f"create domain {name} first"),))
    if found.in_vpc:
        advice = Advice(
            f"make a pipeline with VPC options for domain {name} by hand, and name another domain "
            "here or none"
        )
        return Broken(f"domain {name} is inside a VPC", resource, (), (advice,))
    if not found.endpoint:
        advice = Advice(f"wait until domain {name} is active")
        return Broken(f"domain {name} has no endpoint yet", resource, (), (advice,))
    return Holds(f"domain {name} is at {found.endpoint}")


def _not_forbidden(observed: Observed, ask: Ask) -> Verdict:
    name, resource = observed.domain_name, Resource("log-group", observed.group)
    found = find_domain(ask, observed)
    if not isinstance(found, Domain):
        return waits(DOMAIN, "not known before the domain is")
    if found.policy is None:
        return Holds(f"domain {name} has no access policy")
    decision = _decided(observed, found.policy)
    if decision.outcome == "denied" and decision.explicit:
        advice = Advice(f"narrow the Deny statement in the access policy of domain {name}")
        said = f"the access policy of domain {name} forbids role {observed.delivery_role} to write"
        return Broken(said, resource, decision.reasons, (advice,))
    if decision.outcome == "undetermined" and decision.explicit:
        said = f"whether the access policy of domain {name} forbids the pipeline to write"
        settle = "compare the conditions of its Deny statements with what the pipeline does"
        return Unverified(said, (resource,), settle, decision.reasons)
    return Holds(f"the access policy of domain {name} does not forbid the pipeline to write")


def _decided(observed: Observed, policy: Policy) -> Decision:
    role = observed.delivery_role
    request = Request(
        "es:ESHttpPost",
        f"{observed.domain}/_bulk",
        f"arn:{observed.partition}:sts::{observed.account}:assumed-role/{role}/delivery",
        principal_arn=observed.role_arn(role),
        resource_account=observed.account,
        context={"aws:SecureTransport": "true"},
    )
    return evaluate(request, Policies(identity=(), resource=(policy,)))


def advice(observed: Observed, domain: Domain) -> Iterator[str]:
    """What whoever owns the domain has to do, or to know, before a pipeline writes to it."""
    name, arn = observed.domain_name, observed.role_arn(observed.delivery_role)
    if domain.policy is None or _decided(observed, domain.policy).outcome != "allowed":
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": arn},
            "Action": ["es:DescribeDomain", "es:ESHttp*"],
            "Resource": f"{observed.domain}/*",
        }
        yield f"the access policy of domain {name} has to have {json.dumps(statement)}"
    if domain.fine_grained:
        yield (
            f"domain {name} has fine-grained access control: map {arn} to the backend role "
            "all_access there"
        )
    if not domain.encrypted:
        yield f"domain {name} is not encrypted at rest, and events leave the log group in clear"
