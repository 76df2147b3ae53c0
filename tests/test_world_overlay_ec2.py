"""The overlay foretells what EC2 shows after a write to the network of a node, on which every write
is made on paper, on the embedded account, and by the command that is printed for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.commands import commands
from ssmdiag.wiring.reach import performing
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Answer, Call, Known, call
from ssmdiag.world.effects import ec2
from ssmdiag.world.overlay import Overlay

Names = Mapping[str, str]
"""The ids that EC2 gave to the parts of the network."""


@pytest.fixture
def names(account: Account) -> Names:
    """A VPC with a subnet, two security groups and an endpoint of either kind."""
    perform = performing(account.region)

    def made(operation: str, path: str, **parameters: Any) -> str:
        value: Any = perform(call("ec2", operation, **parameters))
        for part in path.split("."):
            value = value[part]
        return str(value)

    vpc = made("CreateVpc", "Vpc.VpcId", CidrBlock="10.44.0.0/16")
    subnet = made("CreateSubnet", "Subnet.SubnetId", VpcId=vpc, CidrBlock="10.44.3.0/24")
    service = f"com.amazonaws.{account.region}"
    groups = {
        name: made("CreateSecurityGroup", "GroupId", GroupName=name, Description=name, VpcId=vpc)
        for name in ("node", "endpoint")
    }
    acls = perform(call("ec2", "DescribeNetworkAcls", Filters=_of(vpc)))["NetworkAcls"]
    return {
        **groups,
        "vpc": vpc,
        "subnet": subnet,
        "service": service,
        "acl": acls[0]["NetworkAclId"],
        "table": made("CreateRouteTable", "RouteTable.RouteTableId", VpcId=vpc),
        "s3": made(
            "CreateVpcEndpoint",
            "VpcEndpoint.VpcEndpointId",
            VpcId=vpc,
            ServiceName=f"{service}.s3",
            VpcEndpointType="Gateway",
        ),
        "kms": made(
            "CreateVpcEndpoint",
            "VpcEndpoint.VpcEndpointId",
            VpcId=vpc,
            ServiceName=f"{service}.kms",
            VpcEndpointType="Interface",
            SubnetIds=[subnet],
            SecurityGroupIds=[groups["endpoint"]],
            PrivateDnsEnabled=False,
        ),
    }


def _of(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def _https(**target: Any) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **target}]


def _endpoint_policy(n: Names) -> Call:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    return call("ec2", "ModifyVpcEndpoint", VpcEndpointId=n["s3"], PolicyDocument=policy)


WRITES: dict[str, Callable[[Names], Call]] = {
    "an endpoint's policy": _endpoint_policy,
    "a route to a gateway endpoint": lambda n: call(
        "ec2", "ModifyVpcEndpoint", VpcEndpointId=n["s3"], AddRouteTableIds=[n["table"]]
    ),
    "private DNS": lambda n: call(
        "ec2", "ModifyVpcEndpoint", VpcEndpointId=n["kms"], PrivateDnsEnabled=True
    ),
    "an interface endpoint": lambda n: call(
        "ec2",
        "CreateVpcEndpoint",
        VpcId=n["vpc"],
        ServiceName=f"{n['service']}.logs",
        VpcEndpointType="Interface",
        SubnetIds=[n["subnet"]],
        SecurityGroupIds=[n["endpoint"]],
        PrivateDnsEnabled=True,
    ),
    "a rule for what comes in": lambda n: call(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        GroupId=n["endpoint"],
        IpPermissions=_https(UserIdGroupPairs=[{"GroupId": n["node"]}]),
    ),
    "a rule for what goes out": lambda n: call(
        "ec2",
        "AuthorizeSecurityGroupEgress",
        GroupId=n["node"],
        IpPermissions=_https(IpRanges=[{"CidrIp": "10.44.0.0/16"}]),
    ),
    "a rule of a network ACL": lambda n: call(
        "ec2",
        "CreateNetworkAclEntry",
        NetworkAclId=n["acl"],
        RuleNumber=20,
        Protocol="6",
        RuleAction="allow",
        Egress=False,
        PortRange={"From": 32768, "To": 65535},
        CidrBlock="10.44.0.0/16",
    ),
}

# The embedded account takes note of no change of an endpoint's private DNS.
EMBEDDED = {name: write for name, write in WRITES.items() if name != "private DNS"}


def test_an_overlay_foretells_what_ec2_shows(names: Names, account: Account) -> None:
    door, perform = Aws(Access(account.region)).read, performing(account.region)
    for name, write in EMBEDDED.items():
        order = write(names)
        on_paper = Overlay(Asking(door), [order])
        before = [_essence(door(question)) for question in _questions(names)]
        foretold = [_essence(on_paper(question)) for question in _questions(names)]

        perform(order)
        assert foretold == [_essence(door(question)) for question in _questions(names)], name
        assert foretold != before, name


@pytest.mark.exhaustive
def test_the_printed_commands_do_the_same(names: Names, account: Account) -> None:
    orders = [write(names) for write in EMBEDDED.values()]
    door = Aws(Access(account.region)).read
    on_paper = Overlay(Asking(door), orders)
    foretold = [_essence(on_paper(question)) for question in _questions(names)]

    tools = str(Path(sys.executable).parent)
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    script = "set -e\n" + "\n".join(commands(orders, account.region)) + "\n"
    done = subprocess.run(["sh"], input=script, env=environ, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert foretold == [_essence(door(question)) for question in _questions(names)]


def test_private_dns_is_foretold(names: Names, account: Account) -> None:
    order = WRITES["private DNS"](names)
    (question, *_) = _questions(names)
    answer = Overlay(Asking(Aws(Access(account.region)).read), [order])(question)
    assert isinstance(answer, Known)
    shown = {e["VpcEndpointId"]: e["PrivateDnsEnabled"] for e in answer.data["VpcEndpoints"]}
    assert shown[names["kms"]] is True


PARTS = ("vpc", "subnet", "service", "acl", "table", "s3", "kms", "node", "endpoint")
ANY = {part: part for part in PARTS}


def test_every_effect_on_a_network_is_foretold_by_some_case() -> None:
    assert {write(ANY).operation for write in WRITES.values()} == set(ec2.EFFECTS)


@pytest.mark.parametrize("name", WRITES)
def test_a_probe_of_before_is_outdated_unless_only_a_policy_changes(name: str) -> None:
    probe = call("host", "ProbeEndpoint", Host="kms.eu-north-1.amazonaws.com", Port=443)
    found = {probe: Known({"Stage": "connect", "Kind": "silence"})}
    answer = Overlay(Asking(found.__getitem__), [WRITES[name](ANY)])(probe)
    assert isinstance(answer, Known)
    assert answer.data.get("Outdated", False) is (name != "an endpoint's policy")


# --- what is compared ---------------------------------------------------------------------------


def _questions(names: Names) -> list[Call]:
    groups = sorted((names["node"], names["endpoint"]))
    return [
        call("ec2", "DescribeVpcEndpoints", Filters=_of(names["vpc"])),
        call("ec2", "DescribeSecurityGroups", GroupIds=groups),
        call("ec2", "DescribeNetworkAcls", Filters=_of(names["vpc"])),
    ]


_TOLD_OF_AN_ENDPOINT = (
    *("VpcEndpointType", "VpcId", "ServiceName", "State"),
    *("RouteTableIds", "SubnetIds", "PrivateDnsEnabled"),
)


def _essence(answer: Answer) -> Any:
    """What a Requirement looks at: ids, times and the order of rules are EC2's own affair."""
    assert isinstance(answer, Known), answer
    if "VpcEndpoints" in answer.data:
        return [_of_endpoint(endpoint) for endpoint in answer.data["VpcEndpoints"]]
    if "SecurityGroups" in answer.data:
        return {group["GroupId"]: _of_group(group) for group in answer.data["SecurityGroups"]}
    return [
        sorted(json.dumps(entry, sort_keys=True) for entry in acl["Entries"])
        for acl in answer.data["NetworkAcls"]
    ]


def _of_endpoint(endpoint: Mapping[str, Any]) -> list[Any]:
    groups = [group["GroupId"] for group in endpoint["Groups"]]
    statements = json.loads(endpoint["PolicyDocument"])["Statement"]
    return [*(endpoint[name] for name in _TOLD_OF_AN_ENDPOINT), groups, statements]


def _of_group(group: Mapping[str, Any]) -> list[Any]:
    return [
        [
            [rule.get(name) for name in ("IpProtocol", "FromPort", "ToPort")],
            [pair["GroupId"] for pair in rule.get("UserIdGroupPairs", ())],
            [block["CidrIp"] for block in rule.get("IpRanges", ())],
        ]
        for direction in ("IpPermissions", "IpPermissionsEgress")
        for rule in group[direction]
    ]
