"""Security groups between a node and a VPC endpoint, as facts: do they let port 443 through?

They are stateful, so one direction is enough. What is not shown (a group of another account, the
content of a prefix list) is taken to let through. Source: Amazon EC2 API Reference, IpPermission;
Amazon VPC User Guide, "Security group rules".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional, Union

from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network.vpc_facts import Data, Endpoint, Node, listed, unread
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, call

_HTTPS = 443


@dataclass(frozen=True)
class SecurityGroups:
    """The rules of some groups, by group id."""

    groups: Mapping[str, Data]

    def let_out(self, node: Node, address: Optional[str]) -> bool:
        """May the node send to ``address`` (None: to anywhere at all) on port 443?"""
        rules = self._rules(node.groups, "IpPermissionsEgress")
        if rules is None:
            return True
        where = (address,) if address else ()
        return any(_opens(rule) and _reaches(rule, where, None) for rule in rules)

    def let_in(self, node: Node, endpoint: Endpoint) -> bool:
        """Does the endpoint take what the node sends on port 443?"""
        rules = self._rules(endpoint.groups, "IpPermissions")
        if rules is None:
            return True
        return any(_opens(rule) and _reaches(rule, node.addresses, node.groups) for rule in rules)

    def _rules(self, names: Sequence[str], direction: str) -> Optional[list[Data]]:
        """The rules of all ``names``; None if some are not known."""
        known = [self.groups.get(name, {}).get(direction) for name in names]
        if not known or any(rules is None for rules in known):
            return None
        return [rule for rules in known for rule in rules or ()]


def read_groups(ask: Ask, node: Node, endpoint: Optional[Endpoint]) -> Union[SecurityGroups, Gap]:
    """Read the groups of the node and of the endpoint that its requests go to."""
    names = sorted({*node.groups, *(endpoint.groups if endpoint else ())})
    if not names:
        return SecurityGroups({})
    answer = ask(call("ec2", "DescribeSecurityGroups", GroupIds=names))
    found = listed(answer, "SecurityGroups")
    if found is None:
        return unread(answer, f"the security groups {', '.join(names)}")
    return SecurityGroups({str(group.get("GroupId")): group for group in found})


def _opens(rule: Data) -> bool:
    protocol = str(rule.get("IpProtocol", "-1"))
    if protocol == "-1":
        return True
    low, high = rule.get("FromPort"), rule.get("ToPort")
    fits = (low is None or low <= _HTTPS) and (high is None or high >= _HTTPS)
    return protocol in ("tcp", "6") and fits


def _reaches(rule: Data, addresses: Sequence[str], groups: Optional[Sequence[str]]) -> bool:
    """Does a rule mean one of these ``addresses`` or ``groups``? None: any group may be meant."""
    named = [pair.get("GroupId") for pair in rule.get("UserIdGroupPairs") or ()]
    if rule.get("PrefixListIds") or any(groups is None or name in groups for name in named):
        return True
    blocks = list(_blocks(rule))
    if not addresses or not (blocks or named):
        return True
    return any(_within(address, blocks) for address in addresses)


def _blocks(rule: Data) -> Iterator[Any]:
    yield from (r.get("CidrIp") for r in rule.get("IpRanges") or ())
    yield from (r.get("CidrIpv6") for r in rule.get("Ipv6Ranges") or ())


def _within(address: str, blocks: Iterable[Any]) -> bool:
    try:
        here = ipaddress.ip_address(address)
        return any(here in ipaddress.ip_network(str(b), strict=False) for b in blocks)
    except ValueError:
        return True
