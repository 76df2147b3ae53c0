"""What mends the way from a node to a service in its VPC: write Calls where they are clear and
safe, else who must do what.

A write opens no more than tcp 443 between the node and where its requests go, and for network ACLs
the ports on which answers come back. An endpoint with private DNS takes the requests of its whole
VPC, which is said. Sources: AWS PrivateLink Guide, "Create an interface endpoint" and "Gateway
endpoints"; Amazon VPC User Guide, "DNS attributes for your VPC", "Security group rules" and
"Custom network ACLs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import Advice, Remedy, Write
from ssmdiag.requirements.network.network_acl_facts import (
    HTTPS,
    LAST_RULE,
    Ports,
    Shut,
    covers,
    in_words,
    networks_of,
)
from ssmdiag.requirements.network.security_group_facts import SecurityGroups, read_groups
from ssmdiag.requirements.network.silence import is_inside
from ssmdiag.requirements.network.vpc_facts import Endpoint, Node, Vpc
from ssmdiag.world.call import Ask, Call, Known, call

_SERVICES = ("ssmmessages", "ssm", "ec2messages", "logs", "kms")
# Of Linux and of Windows together.
_ANSWERS: Ports = (32768, 65535)
# Identifiers, address ranges and names of services: what a Call here may hold.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/-]{0,127}\Z|::/0\Z")


def lead_by_name(ask: Ask, vpc: Vpc, endpoint: Endpoint) -> Remedy:
    """Private DNS for an interface endpoint that nobody's names lead to."""
    summary = f"switch private DNS on for {endpoint.id}, so that all of {vpc.id} uses it"
    lacking = _lacking_dns(ask, vpc)
    # Private DNS of S3 can be meant for resolvers outside the VPC alone.
    if lacking or endpoint.service.endswith(".s3"):
        needs = lacking or "enableDnsSupport and enableDnsHostnames"
        return Advice(f"{summary} (ec2:ModifyVpcEndpoint); {vpc.id} needs {needs} for that")
    order = call("ec2", "ModifyVpcEndpoint", VpcEndpointId=endpoint.id, PrivateDnsEnabled=True)
    return _written(order, summary)


def lead_by_route(vpc: Vpc, endpoint: Endpoint) -> Remedy:
    """A route of the node's subnet to a gateway endpoint."""
    order = call(
        "ec2",
        "ModifyVpcEndpoint",
        VpcEndpointId=endpoint.id,
        AddRouteTableIds=[vpc.route_table],
    )
    return _written(order, f"add {vpc.route_table} to {endpoint.id}")


def _lacking_dns(ask: Ask, vpc: Vpc) -> str:
    """The attributes of the VPC without which there is no private DNS, unless they are known on."""
    wanted = {
        name: f"{name[0].upper()}{name[1:]}" for name in ("enableDnsSupport", "enableDnsHostnames")
    }
    found = {
        name: ask(call("ec2", "DescribeVpcAttribute", VpcId=vpc.id, Attribute=name))
        for name in wanted
    }
    return " and ".join(
        name
        for name, answer in found.items()
        if not (isinstance(answer, Known) and answer.data.get(wanted[name]) == {"Value": True})
    )


# --- security groups ----------------------------------------------------------------------------


def admit(node: Node, endpoint: Endpoint) -> Remedy:
    """An inbound rule of the endpoint for the node's security group."""
    group = endpoint.groups[0]
    source = {"UserIdGroupPairs": [{"GroupId": node.groups[0]}]} if node.groups else None
    if source is None:
        return Advice(
            f"admit tcp 443 from the node in security group {group} "
            "(ec2:AuthorizeSecurityGroupIngress)"
        )
    order = call(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[_https(source)],
    )
    return _written(order, f"admit tcp 443 from security group {node.groups[0]} in {group}")


def let_out(node: Node, endpoint: Optional[Endpoint], address: Optional[str]) -> Remedy:
    """An outbound rule of the node's first security group, no wider than to the endpoint."""
    target: dict[str, Any] = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    where = "anywhere"
    if address and ":" in address:
        target = {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    if endpoint and endpoint.groups:
        where = f"security group {endpoint.groups[0]}"
        target = {"UserIdGroupPairs": [{"GroupId": endpoint.groups[0]}]}
    elif endpoint and endpoint.prefix_list:
        where = f"prefix list {endpoint.prefix_list}"
        target = {"PrefixListIds": [{"PrefixListId": endpoint.prefix_list}]}
    order = call(
        "ec2",
        "AuthorizeSecurityGroupEgress",
        GroupId=node.groups[0],
        IpPermissions=[_https(target)],
    )
    return _written(order, f"let security group {node.groups[0]} out to {where} on tcp 443")


def _https(target: dict[str, Any]) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **target}


# --- endpoints ----------------------------------------------------------------------------------


def create(ask: Ask, vpc: Vpc, service: str, region: str) -> Remedy:
    """An endpoint for a service that has none: as those are which the node uses already."""
    name = f"com.amazonaws.{region}.{service}"
    if vpc.lacks_address or dns_suffix(region) != "amazonaws.com":
        return _creation_in_words(vpc, name, region)
    if service == "s3":
        order = call(
            "ec2",
            "CreateVpcEndpoint",
            VpcId=vpc.id,
            ServiceName=name,
            VpcEndpointType="Gateway",
            RouteTableIds=[vpc.route_table],
        )
        return _written(
            order,
            f"create a gateway endpoint {name} in {vpc.id} with route table {vpc.route_table}",
        )
    model = _model(ask, vpc, region)
    if service not in _SERVICES or model is None or _lacking_dns(ask, vpc):
        return _creation_in_words(vpc, name, region)
    order = call(
        "ec2",
        "CreateVpcEndpoint",
        VpcId=vpc.id,
        ServiceName=name,
        VpcEndpointType="Interface",
        SubnetIds=list(model.subnets),
        SecurityGroupIds=list(model.groups),
        PrivateDnsEnabled=True,
    )
    return _written(
        order,
        f"create an interface endpoint {name} in {vpc.id} with private DNS, so that all of "
        f"{vpc.id} uses it, in the subnets and security groups of {model.id}",
    )


def _model(ask: Ask, vpc: Vpc, region: str) -> Optional[Endpoint]:
    """An interface endpoint that the node uses, and whose security groups let it in."""
    for service in _SERVICES:
        taken = vpc.taken(service, region)
        if taken is None or taken.gateway or not (taken.subnets and taken.groups):
            continue
        groups = read_groups(ask, vpc.node, taken)
        if isinstance(groups, SecurityGroups) and groups.let_in(vpc.node, taken):
            return taken
    return None


def _creation_in_words(vpc: Vpc, name: str, region: str) -> Advice:
    make = (
        f"create an interface endpoint {name} in {vpc.id} with private DNS and a security group "
        f"that admits tcp 443 from {_source(vpc.node)}"
    )
    if name.endswith(".s3"):
        make = f"create a gateway endpoint {name} in {vpc.id} with route table {vpc.route_table}"
    otherwise = "give its subnet a NAT route"
    if vpc.lacks_address:
        otherwise = "give the node a public address (ec2:AssociateAddress), or a NAT route"
    if region.startswith("cn-"):
        make += " (in China some services are named cn.com.amazonaws...)"
    return Advice(f"{make} (ec2:CreateVpcEndpoint); or {otherwise}")


def _source(node: Node) -> str:
    return " or ".join((*node.addresses[:1], *node.groups[:1])) or "the node"


# --- network ACLs -------------------------------------------------------------------------------


def pass_acl(vpc: Vpc, shut: Shut) -> Remedy:
    """A rule before those that deny, for the part of the VPC, or the world, that is meant."""
    crossing = shut.crossing
    ports = HTTPS if crossing.ports == HTTPS else _ANSWERS
    way, at = ("outbound", "to") if crossing.egress else ("inbound", "from")
    blocks = networks_of(vpc.blocks)
    scopes = [*map(str, blocks), "0.0.0.0/0", "::/0"]
    other = crossing.networks[0]
    scope = next((str(block) for block in blocks if covers(block, other)), None)
    if scope is None and not (other.prefixlen and is_inside(str(other.network_address))):
        scope = "::/0" if other.version == 6 else "0.0.0.0/0"
    purpose = 2 * scopes.index(scope) + (ports == _ANSWERS) if scope else 0
    number = _free(shut, purpose, 2 * len(scopes))
    if scope is None or number is None:
        return Advice(
            f"add an {way} rule before rule {shut.rule} of {crossing.acl} that allows tcp "
            f"{in_words(ports)} {at} {other} (ec2:CreateNetworkAclEntry)"
        )
    block = {"Ipv6CidrBlock": scope} if ":" in scope else {"CidrBlock": scope}
    order = call(
        "ec2",
        "CreateNetworkAclEntry",
        NetworkAclId=crossing.acl,
        RuleNumber=number,
        Protocol="6",
        RuleAction="allow",
        Egress=crossing.egress,
        PortRange={"From": ports[0], "To": ports[1]},
        **block,
    )
    return _written(
        order,
        f"add {way} rule {number} to {crossing.acl}, which allows tcp {in_words(ports)} {at} "
        f"{scope}",
    )


def _free(shut: Shut, place: int, places: int) -> Optional[int]:
    """The highest free number below the rule that denies; behind all others, if that is ``*``.

    What several services need of one ACL is written at once, so that each purpose has a ``place``
    of its own among every ``places`` numbers.
    """
    numbers = range(shut.rule - 1, 0, -1)
    if shut.rule >= LAST_RULE:
        last = max((n for n in shut.numbers if n < LAST_RULE), default=90)
        numbers = range(last + 10, LAST_RULE)
    return next((n for n in numbers if n % places == place and n not in shut.numbers), None)


# --- nothing that is not plain enters a command -------------------------------------------------


def _written(order: Call, summary: str) -> Remedy:
    if all(_PLAIN.match(text) for text in _texts(order.parameters)):
        return Write((order,), summary)
    return Advice(f"{summary} (ec2:{order.operation})")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _texts(part)
