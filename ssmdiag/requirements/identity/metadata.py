"""Whether EC2's instance metadata service answers, from which the agent has its identity.

Sources: EC2 User Guide, "Use the Instance Metadata Service" and "Configure instance metadata
options" (403: turned off; the hop limit is the reach of the answer to a token request, which a
container needs to be 2); agent ``RELEASENOTES.md`` (3.2.1041: IMDSv2 alone).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Verdict,
)
from ssmdiag.requirements.agent.facts import CONTAINER, METADATA, restarting, told
from ssmdiag.requirements.contract import Gap, Requirement, doubted, gap_of, unread
from ssmdiag.requirements.identity.agent import is_node_id, kind_of_node, node_id
from ssmdiag.world.call import Ask, Known, call

_ID = "identity/metadata-service"
_ADDRESS = "169.254.169.254"
_SWITCH = "AWS_EC2_METADATA_DISABLED"
_OUTCOMES = ("answered", "refused", "silence", "unreachable")
"""What came of the request for a token."""


def _metadata(ask: Ask, situation: Situation) -> Verdict:
    answer, kind, symptoms = ask(METADATA), kind_of_node(ask, situation), doubted(situation, _ID)
    data = told(answer)
    if kind in ("hybrid", "ECS") and not data.get("Identity"):
        return NotApplicable("the agent takes its identity from elsewhere than EC2")
    if data.get("Token") == "answered" and data.get("TokenStatus") in (200, None):
        return Holds("instance metadata answers (IMDSv2)", _of_instance(data))
    options = _options(ask, situation) if kind == "EC2" else Gap("", "")
    if isinstance(options, Mapping) and options.get("HttpEndpoint") == "disabled":
        return _disabled(ask, situation, options)
    if kind != "EC2" and isinstance(answer, Known):
        return NotApplicable("no instance metadata answers, and nothing says that this is EC2")
    if isinstance(answer, Known) and data.get("Token") in _OUTCOMES:
        return _silent(ask, situation, data, options)
    gap = gap_of(answer, "the instance metadata service")
    settle = f"unset {_SWITCH} and run ssmdiag again" if _SWITCH in gap.why else gap.settle
    return unread(gap, _ID, symptoms, settle)


def _of_instance(data: Mapping[str, Any]) -> tuple[str, ...]:
    identity = data.get("Identity")
    if not isinstance(identity, dict):
        return ()
    node, account = identity.get("InstanceId"), identity.get("AccountId")
    return (f"it says: instance {node} of account {account} in {identity.get('Region')}",)


def _silent(ask: Ask, situation: Situation, data: Mapping[str, Any], options: Any) -> Verdict:
    asked, status = data.get("Token"), data.get("TokenStatus")
    shown = _shown(options)
    if status == 403:
        return _disabled(ask, situation, options)
    if asked == "silence" and data.get("Tokenless"):
        return _out_of_reach(ask, situation, data, shown)
    said = {
        "silence": "nobody answers",
        "unreachable": "there is no way to it",
    }.get(str(asked), f"a token is refused with status {status}" if status else "it is refused")
    return Broken(
        f"instance metadata ({_ADDRESS}) cannot be used: {said}",
        Resource("local-os", _ADDRESS),
        (f"request for an IMDSv2 token: {data.get('Problem') or asked}", *shown),
        (
            Advice(
                "something on this node is in the way: look at `ip route get 169.254.169.254`, "
                "`iptables -S | grep 169.254`, `nft list ruleset`, and container networks; let "
                f"root reach http://{_ADDRESS}; then {restarting(ask)}"
            ),
        ),
    )


def _out_of_reach(
    ask: Ask, situation: Situation, data: Mapping[str, Any], shown: tuple[str, ...]
) -> Broken:
    container = told(ask(CONTAINER)).get("Kind")
    where = f"in a container ({container})" if container else "behind a router of its own"
    return Broken(
        "the hop limit of instance metadata is too small: a token request gets no answer, though "
        "the service is there",
        Resource("local-os", _ADDRESS),
        (
            f"without a token it answers with status {data.get('Tokenless')}",
            f"the agent stands {where}, one hop further than the instance itself",
            *shown,
        ),
        (Advice(_modify(ask, situation, "--http-put-response-hop-limit 2")),),
    )


def _disabled(ask: Ask, situation: Situation, options: Any) -> Broken:
    return Broken(
        "instance metadata is turned off for this instance, so the agent has no identity",
        Resource("local-os", _ADDRESS),
        _shown(options) or ("a token request is answered with status 403",),
        (Advice(_modify(ask, situation, "--http-endpoint enabled")),),
    )


def _modify(ask: Ask, situation: Situation, change: str) -> str:
    node = node_id(ask, situation)
    instance = node if is_node_id(node) else "INSTANCE_ID"
    return (
        "who administers the instance (ec2:ModifyInstanceMetadataOptions) has to run `aws ec2 "
        f"modify-instance-metadata-options --instance-id {instance} {change}`; then on the node, "
        f"{restarting(ask)}"
    )


def _options(ask: Ask, situation: Situation) -> Any:
    """What EC2 says of the instance's metadata options, or why that is not known."""
    node = node_id(ask, situation)
    answer = ask(call("ec2", "DescribeInstances", InstanceIds=[node]))
    for reservation in told(answer).get("Reservations", []):
        for instance in reservation.get("Instances", []):
            if isinstance(instance.get("MetadataOptions"), dict):
                return instance["MetadataOptions"]
    return gap_of(answer, "the instance's metadata options")


def _shown(options: Any) -> tuple[str, ...]:
    if not isinstance(options, Mapping):
        return ()
    names = ("HttpEndpoint", "HttpTokens", "HttpPutResponseHopLimit", "State")
    listed = ", ".join(f"{n} {options[n]}" for n in names if n in options)
    return (f"EC2 says: {listed}",) if listed else ()


REQUIREMENTS = (
    Requirement(_ID, "Instance metadata answers", "identity", _metadata, standing=False),
)
