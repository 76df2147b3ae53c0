"""What in a node's VPC surely keeps it from a service that does not answer.

A proxy cannot be seen in the VPC. So that there is no way out counts only where the VPC shows how
the node reaches Systems Manager at all; where it does not, the node has, or lacks, another way. A
probe of the node does see whether a proxy is in use.

Sources: AWS PrivateLink Guide, "Access AWS services through AWS PrivateLink", "Gateway endpoints"
and "Create an interface endpoint"; Systems Manager User Guide, "Create VPC endpoints".
"""

from __future__ import annotations

from typing import Optional, Union

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import Advice, Broken, Resource, Situation
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.security_group_facts import SecurityGroups, read_groups
from ssmdiag.requirements.silence import Silence
from ssmdiag.requirements.vpc_facts import Endpoint, Node, Vpc, find_vpc
from ssmdiag.world.call import Ask

_CHANNEL = "ssmmessages"
_ALL = (_CHANNEL, "ssm", "ec2messages", "logs", "kms", "s3")


def find_obstacle(ask: Ask, situation: Situation, silence: Silence) -> Union[Broken, Gap, None]:
    """The obstacle; a Gap if the VPC could not be read, None if it shows none."""
    vpc = find_vpc(ask, situation)
    if not isinstance(vpc, Vpc):
        return vpc
    endpoint = _in_question(vpc, silence)
    groups = read_groups(ask, vpc.node, endpoint)
    if isinstance(groups, SecurityGroups):
        shut = _shut(vpc, endpoint, groups, silence)
        if shut is not None:
            return shut
    astray = _astray(vpc, silence, situation.region)
    return groups if astray is None and isinstance(groups, Gap) else astray


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


# --- security groups ----------------------------------------------------------------------------


def _shut(
    vpc: Vpc, endpoint: Optional[Endpoint], groups: SecurityGroups, silence: Silence
) -> Optional[Broken]:
    if not silence.presumed and not groups.let_out(vpc.node, silence.address):
        return _shut_at_node(vpc.node, silence)
    if endpoint is None or endpoint.gateway or groups.let_in(vpc.node, endpoint):
        return None
    if silence.presumed and not _is_explained(vpc, silence, silence.region):
        return None
    names = ", ".join(endpoint.groups)
    return Broken(
        f"VPC endpoint {endpoint.id} ({silence.service}) does not let the node in: its security "
        f"groups ({names}) do not admit port 443 from it",
        Resource("endpoint-network", endpoint.id),
        (f"no inbound rule of {names} fits the node's address or security groups",),
        (
            Advice(
                f"admit tcp 443 from {_source(vpc.node)} in one of the groups {names} of "
                f"{endpoint.id} (ec2:AuthorizeSecurityGroupIngress)"
            ),
        ),
    )


def _shut_at_node(node: Node, silence: Silence) -> Broken:
    names = ", ".join(node.groups)
    host = f"{silence.service}.{silence.region}.{dns_suffix(silence.region)}"
    where = f" ({silence.address})" if silence.address else ""
    return Broken(
        f"the node's security groups ({names}) do not let it out to {host}{where} on port 443",
        Resource("endpoint-network", node.groups[0]),
        (f"no outbound rule of {names} fits port 443 of that address",),
        (
            Advice(
                f"add an outbound rule for tcp 443 to one of the groups {names} "
                "(ec2:AuthorizeSecurityGroupEgress)"
            ),
        ),
    )


def _source(node: Node) -> str:
    return " or ".join((*node.addresses[:1], *node.groups[:1])) or "the node"


# --- endpoints and routes -----------------------------------------------------------------------


def _astray(vpc: Vpc, silence: Silence, region: str) -> Optional[Broken]:
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
        return _idle(vpc, working[0], silence)
    return _not_working(vpc, there[0], silence) if there else _missing(vpc, silence)


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


def _idle(vpc: Vpc, endpoint: Endpoint, silence: Silence) -> Broken:
    said = f"VPC endpoint {endpoint.id} ({silence.service}) takes none of the node's requests: "
    if endpoint.gateway:
        said += f"route table {vpc.route_table} of the node's subnet does not lead to it"
        advice = Advice(f"add {vpc.route_table} to {endpoint.id} (ec2:ModifyVpcEndpoint)")
    else:
        said += "private DNS is off"
        advice = Advice(
            f"switch private DNS on for {endpoint.id} (ec2:ModifyVpcEndpoint "
            f"--private-dns-enabled); {vpc.id} needs enableDnsSupport and enableDnsHostnames"
        )
    return Broken(said, Resource("endpoint-network", endpoint.id), (_no_way(vpc),), (advice,))


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


def _missing(vpc: Vpc, silence: Silence) -> Broken:
    name = f"com.amazonaws.{silence.region}.{silence.service}"
    how = f"with private DNS and a security group that admits tcp 443 from {_source(vpc.node)}"
    make = f"create an interface endpoint {name} in {vpc.id} {how}"
    if silence.service == "s3":
        make = f"create a gateway endpoint {name} in {vpc.id} with route table {vpc.route_table}"
    otherwise = "give its subnet a NAT route"
    if vpc.lacks_address:
        otherwise = "give the node a public address (ec2:AssociateAddress), or a NAT route"
    if silence.region.startswith("cn-"):
        make += " (in China some services are named cn.com.amazonaws...)"
    return Broken(
        f"{vpc.id} has no endpoint for {silence.service}, and the node has no other way to it",
        Resource("vpc-endpoint", name),
        (_no_way(vpc),),
        (Advice(f"{make} (ec2:CreateVpcEndpoint); or {otherwise}"),),
    )


def _no_way(vpc: Vpc) -> str:
    if vpc.lacks_address:
        return (
            f"the routes of the node's subnet ({vpc.route_table}) lead to an internet gateway, "
            "which takes a public address, and the node has none"
        )
    return f"the routes of the node's subnet ({vpc.route_table}) lead nowhere beyond {vpc.id}"
