"""What in a node's VPC surely keeps it from a service that does not answer.

A proxy cannot be seen in the VPC. So that there is no way out counts only where the VPC shows how
the node reaches Systems Manager at all; where it does not, the node has, or lacks, another way. A
probe of the node does see whether a proxy is in use.

Sources: AWS PrivateLink Guide, "Access AWS services through AWS PrivateLink", "Gateway endpoints"
and "Create an interface endpoint"; Systems Manager User Guide, "Create VPC endpoints"; what AWS's
runbook AWSSupport-TroubleshootManagedInstance looks at.
"""

from __future__ import annotations

from typing import Optional, Union

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import Advice, Broken, Resource, Situation
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network import vpc_remedies as remedies
from ssmdiag.requirements.network.network_acl_facts import read_acls
from ssmdiag.requirements.network.security_group_facts import SecurityGroups, read_groups
from ssmdiag.requirements.network.silence import Silence
from ssmdiag.requirements.network.vpc_facts import Endpoint, Node, Vpc, find_vpc
from ssmdiag.world.call import Ask

_CHANNEL = "ssmmessages"
_ALL = (_CHANNEL, "ssm", "ec2messages", "logs", "kms", "s3")


def find_obstacle(ask: Ask, situation: Situation, silence: Silence) -> Union[Broken, Gap, None]:
    """The obstacle; a Gap if the VPC could not be read whole, None if it shows none."""
    vpc = find_vpc(ask, situation)
    if not isinstance(vpc, Vpc):
        return vpc
    astray = _astray(ask, vpc, silence, situation.region)
    if astray is not None:
        return astray
    if silence.address is None and not _is_explained(vpc, silence, situation.region):
        # A proxy may take the requests, on another port.
        return None
    endpoint = _in_question(vpc, silence)
    # An endpoint that takes the requests has addresses of the VPC.
    named = endpoint is None or endpoint.gateway or silence.inside
    dialled = silence.address if named else None
    by_groups = _shut_by_groups(ask, vpc, endpoint, silence, dialled)
    if isinstance(by_groups, Broken):
        return by_groups
    by_acls = _shut_by_acls(ask, vpc, endpoint, silence, dialled)
    return by_acls if isinstance(by_acls, Broken) else by_groups or by_acls


def _in_question(vpc: Vpc, silence: Silence) -> Optional[Endpoint]:
    """The endpoint that the requests went to, as far as the dialled address leaves it open."""
    taken = vpc.taken(silence.service, silence.region)
    if silence.inside and taken is None:
        # A private hosted zone can lead to an endpoint without private DNS of its own.
        working = [e for e in vpc.of(silence.service, silence.region) if e.works and not e.gateway]
        return working[0] if len(working) == 1 else None
    outside = silence.address is not None and not silence.inside
    if taken is not None and not taken.gateway and outside and vpc.has_way_out:
        return None
    return taken


# --- security groups and network ACLs -----------------------------------------------------------


def _shut_by_groups(
    ask: Ask, vpc: Vpc, endpoint: Optional[Endpoint], silence: Silence, dialled: Optional[str]
) -> Union[Broken, Gap, None]:
    groups = read_groups(ask, vpc.node, endpoint)
    if isinstance(groups, Gap):
        return groups
    if not groups.let_out(vpc.node, dialled):
        return _shut_at_node(vpc.node, endpoint, silence, dialled)
    if endpoint is None or endpoint.gateway or groups.let_in(vpc.node, endpoint):
        return None
    names = ", ".join(endpoint.groups)
    return Broken(
        f"VPC endpoint {endpoint.id} ({silence.service}) does not let the node in: its security "
        f"groups ({names}) do not admit port 443 from it",
        Resource("endpoint-network", endpoint.id),
        (f"no inbound rule of {names} fits the node's address or security groups",),
        (remedies.admit(vpc.node, endpoint),),
    )


def _shut_at_node(
    node: Node, endpoint: Optional[Endpoint], silence: Silence, dialled: Optional[str]
) -> Broken:
    names = ", ".join(node.groups)
    where = f" ({dialled})" if dialled else ""
    return Broken(
        f"the node's security groups ({names}) do not let it out to {_host(silence)}{where} on "
        "port 443",
        Resource("endpoint-network", node.groups[0]),
        (f"no outbound rule of {names} fits port 443 of that address",),
        (remedies.let_out(node, endpoint, dialled),),
    )


def _shut_by_acls(
    ask: Ask, vpc: Vpc, endpoint: Optional[Endpoint], silence: Silence, dialled: Optional[str]
) -> Union[Broken, Gap, None]:
    acls = read_acls(ask, vpc, endpoint)
    if isinstance(acls, Gap):
        return acls
    shut = acls.shut(vpc, endpoint, dialled)
    if not shut:
        return None
    first = shut[0].crossing
    told = ", ".join(dict.fromkeys(s.packets for s in shut if s.crossing.acl == first.acl))
    return Broken(
        f"network ACL {first.acl} of {first.subnet} drops what the node exchanges with "
        f"{_host(silence)}: {told}",
        Resource("endpoint-network", first.acl),
        tuple(dict.fromkeys(s.proof for s in shut)),
        tuple(dict.fromkeys(remedies.pass_acl(vpc, s) for s in shut)),
    )


def _host(silence: Silence) -> str:
    return f"{silence.service}.{silence.region}.{dns_suffix(silence.region)}"


# --- endpoints and routes -----------------------------------------------------------------------


def _astray(ask: Ask, vpc: Vpc, silence: Silence, region: str) -> Optional[Broken]:
    """The requests lead nowhere: no way out, and no endpoint that takes them."""
    if vpc.has_way_out or vpc.shared or silence.inside or not _is_explained(vpc, silence, region):
        return None
    if silence.region != region:
        return _elsewhere(vpc, silence, region) if silence.service == "s3" else None
    if vpc.taken(silence.service, region) is not None:
        return None
    there = vpc.of(silence.service, region)
    working = [e for e in there if e.works]
    if working:
        return _idle(ask, vpc, working[0], silence)
    return _not_working(vpc, there[0], silence) if there else _missing(ask, vpc, silence)


def _is_explained(vpc: Vpc, silence: Silence, region: str) -> bool:
    """Does the VPC show how the node reaches Systems Manager, as it does or once did?

    A gateway endpoint says nothing of that: it is in VPCs whose nodes use a proxy, too. Where no
    proxy is in use, it must be the VPC that is to lead the node there.
    """
    if silence.direct:
        return True
    services = (_CHANNEL,) if silence.in_session and silence.service != _CHANNEL else _ALL
    taken = [vpc.taken(service, region) for service in services]
    return any(e is not None and not e.gateway for e in taken)


def _elsewhere(vpc: Vpc, silence: Silence, region: str) -> Broken:
    taken = vpc.taken("s3", region)
    through = f"gateway endpoint {taken.id}" if taken and taken.gateway else "an endpoint for S3"
    return Broken(
        f"the bucket is in {silence.region}; {through} serves only {region}, and the node has no "
        "other way out",
        Resource("endpoint-network", taken.id if taken else vpc.id),
        (_no_way(vpc),),
        (Advice(f"use a bucket of {region}, or give the node's subnet a NAT route"),),
    )


def _idle(ask: Ask, vpc: Vpc, endpoint: Endpoint, silence: Silence) -> Broken:
    said = f"VPC endpoint {endpoint.id} ({silence.service}) takes none of the node's requests: "
    resource = Resource("endpoint-network", endpoint.id)
    if endpoint.gateway:
        said += f"route table {vpc.route_table} of the node's subnet does not lead to it"
        by_route = remedies.lead_by_route(vpc, endpoint)
        return Broken(said, resource, (_no_way(vpc),), (by_route,))
    by_name = remedies.lead_by_name(ask, vpc, endpoint)
    groups = read_groups(ask, vpc.node, endpoint)
    shut = isinstance(groups, SecurityGroups) and not groups.let_in(vpc.node, endpoint)
    also = (remedies.admit(vpc.node, endpoint),) if shut else ()
    return Broken(f"{said}private DNS is off", resource, (_no_way(vpc),), (by_name, *also))


def _not_working(vpc: Vpc, endpoint: Endpoint, silence: Silence) -> Broken:
    return Broken(
        f"VPC endpoint {endpoint.id} ({silence.service}) is in state {endpoint.state}, and the "
        "node has no other way to the service",
        Resource("vpc-endpoint", endpoint.id),
        (_no_way(vpc),),
        (
            Advice(
                f"wait until {endpoint.id} is available, have it accepted, or make it anew "
                "(ec2:CreateVpcEndpoint)"
            ),
        ),
    )


def _missing(ask: Ask, vpc: Vpc, silence: Silence) -> Broken:
    return Broken(
        f"{vpc.id} has no endpoint for {silence.service}, and the node has no other way to it",
        Resource("vpc-endpoint", f"com.amazonaws.{silence.region}.{silence.service}"),
        (_no_way(vpc),),
        (remedies.create(ask, vpc, silence.service, silence.region),),
    )


def _no_way(vpc: Vpc) -> str:
    if vpc.lacks_address:
        return (
            f"the routes of the node's subnet ({vpc.route_table}) lead to an internet gateway, "
            "which takes a public address, and the node has none"
        )
    return f"the routes of the node's subnet ({vpc.route_table}) lead nowhere beyond {vpc.id}"
