"""A node's VPC in, what is in the way of a service out; and what its endpoints' policies refuse.

Every case of the fixture is a subnet as EC2 describes it and the agent's words about one service.
Only what the VPC proves may be called broken. Add a case to add a test.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ssmdiag.diagnose.findings import broken_finding
from ssmdiag.model import (
    Broken,
    Denial,
    NotApplicable,
    Proof,
    Situation,
    Symptom,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.causes import find_causes
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network import answering as network
from ssmdiag.requirements.network import endpoint_policy
from ssmdiag.requirements.network.endpoints import ServiceEndpoint
from ssmdiag.requirements.network.probe_facts import find_probe
from ssmdiag.setup.commands import commands
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Answer, Call, Denied, Unreachable
from ssmdiag.world.overlay import Overlay
from tests.symptoms import symptom
from tests.vpc_world import FIXTURE, NODE, REGION, door_of, without

CASES: list[dict[str, Any]] = FIXTURE["cases"]
POLICIES: list[dict[str, Any]] = FIXTURE["policies"]
CHECKS = {requirement.id: requirement.check for requirement in network.REQUIREMENTS}
(ENDPOINT_POLICY,) = endpoint_policy.REQUIREMENTS


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_the_vpc_decides_what_it_can_prove_and_nothing_else(case: dict[str, Any]) -> None:
    verdict = _checked(case["service"], case["words"], case["world"], case.get("session", True))
    assert type(verdict).__name__ == case["verdict"], (case.get("why"), verdict)
    if isinstance(verdict, Broken):
        assert (verdict.resource.kind, verdict.resource.name) == (case["kind"], case["name"])
        assert case.get("says", "") in verdict.said
        assert case.get("advice", "") in _advice(verdict)
        assert [order.operation for order in _writes(verdict)] == case.get("writes", [])
    if isinstance(verdict, Unverified):
        assert case.get("settle", "") in verdict.settle
        if "suspects" in case:
            assert [s.kind for s in verdict.suspects] == case["suspects"]


@pytest.mark.parametrize("case", [c for c in CASES if "writes" in c], ids=lambda c: c["id"])
def test_with_the_writes_in_place_nothing_is_in_the_way_any_more(case: dict[str, Any]) -> None:
    asking, situation = _asked(case["service"], case["words"], case["world"], True)
    check = CHECKS[f"network/{case['service']}"]
    verdict = check(asking, situation)
    assert isinstance(verdict, Broken)
    writes = _writes(verdict)
    assert isinstance(check(Overlay(asking, writes), situation), Unverified)
    entries = [w.parameters for w in writes if w.operation == "CreateNetworkAclEntry"]
    numbers = [(e["NetworkAclId"], e["Egress"], e["RuleNumber"]) for e in entries]
    assert len(numbers) == len(set(numbers))


def test_one_obstacle_hides_another_and_none_left_is_no_proof_of_an_answer() -> None:
    silent = {"Stage": "connect", "Kind": "silence", "Address": "198.51.100.9"}
    world = {
        "endpoints": {"logs": {"PrivateDnsEnabled": False}},
        "acls": {"acl-0default": {"in": {"100": None}}},
        "host": {"probes": {"logs.eu-north-1.amazonaws.com": silent}},
    }
    requirement = next(r for r in network.REQUIREMENTS if r.id == "network/logs")
    situation = Situation(REGION, instance_id="i-00112233445566778")
    diagnosis = find_causes([requirement], Asking(door_of(world)), situation)
    assert [(cause.resource.name, cause.hidden) for cause in diagnosis.causes] == [
        ("vpce-logs", False),
        ("acl-0default", True),
    ]
    findings = [broken_finding(c, 1, diagnosis, (), commands) for c in diagnosis.causes]
    assert [finding.change.commands for finding in findings if finding.change] == [
        ("aws ec2 modify-vpc-endpoint --private-dns-enabled --vpc-endpoint-id vpce-logs",),
        (
            "aws ec2 create-network-acl-entry \\\n"
            "  --cidr-block 10.44.0.0/16 \\\n"
            "  --ingress \\\n"
            "  --network-acl-id acl-0default \\\n"
            """  --port-range '{"From": 443, "To": 443}' \\\n"""
            "  --protocol 6 \\\n"
            "  --rule-action allow \\\n"
            "  --rule-number 102",
        ),
    ]
    assert {finding.proof for finding in findings} == {
        Proof(
            False,
            "with the change in place, nothing in the VPC keeps the node from "
            "logs.eu-north-1.amazonaws.com any more; whether logs.eu-north-1.amazonaws.com answers "
            "then, only dialling it again tells",
        )
    }


def test_nothing_is_looked_at_offline_or_without_a_refusal() -> None:
    situation = Situation(REGION, instance_id="i-00112233445566778")
    asking = Asking(lambda question: pytest.fail(f"{question} was asked for nothing"))
    offline = [check(asking, replace(situation, online=False)) for check in CHECKS.values()]
    verdicts = [*offline, ENDPOINT_POLICY.check(asking, situation)]
    assert all(isinstance(verdict, NotApplicable) for verdict in verdicts)


@pytest.mark.parametrize("words", ["logs", "logs inside", "s3"])
def test_a_field_that_ec2_does_not_show_is_never_held_against_the_vpc(words: str) -> None:
    service = words.split()[0]
    symptom = _symptom(service, FIXTURE["words"][words], session=True)
    whole = door_of({})
    operations = (
        *("Instances", "VpcEndpoints", "RouteTables"),
        *("SecurityGroups", "NetworkAcls", "Subnets"),
    )
    for operation in (f"Describe{o}" for o in operations):
        for number in range(100):
            left_out: list[str] = []
            verdict = CHECKS[f"network/{service}"](
                Asking(without(whole, operation, number, left_out)), _situation(symptom)
            )
            if not left_out:
                break
            # Without the name of its service an endpoint is none.
            assert isinstance(verdict, Unverified) or left_out == ["ServiceName"], left_out


def test_a_snapshot_without_the_calls_does_not_look_like_a_dead_network() -> None:
    asking = Asking(lambda question: Unreachable(f"the Snapshot does not hold {question}"))
    symptom = _symptom("logs", FIXTURE["words"]["logs"], session=True)
    verdict = CHECKS["network/logs"](asking, _situation(symptom))
    assert isinstance(verdict, Unverified)
    assert [s.kind for s in verdict.suspects] == ["endpoint-network", "vpc-endpoint"]


def test_a_probe_that_is_refused_says_so_in_the_words_of_who_refused() -> None:
    refused = Denied(Denial("the host lets nobody dial", "host:ProbeEndpoint"))
    found = find_probe(Asking(lambda _: refused), ServiceEndpoint("ssm", "ssm.example", REGION))
    assert isinstance(found, Gap)
    assert found.why == "ssm.example could not be probed: the host lets nobody dial"


def test_two_who_get_no_answer_are_enough() -> None:
    why = 'Connect timeout on endpoint URL: "https://logs.eu-north-1.amazonaws.com/"'
    symptom = _symptom("logs", FIXTURE["words"]["logs"], session=True)
    verdict = CHECKS["network/logs"](Asking(lambda _: Unreachable(why)), _situation(symptom))
    assert isinstance(verdict, Broken)
    assert verdict.resource.kind == "endpoint-network"


def test_a_hybrid_node_has_no_vpc() -> None:
    symptom = _symptom("logs", FIXTURE["words"]["logs"], session=True)
    asking = Asking(_no_ec2)
    verdict = CHECKS["network/logs"](asking, _situation(symptom, "mi-00112233445566778"))
    assert isinstance(verdict, Unverified)


@pytest.mark.parametrize("case", POLICIES, ids=[c["id"] for c in POLICIES])
def test_an_endpoint_policy_is_judged_where_aws_named_it(case: dict[str, Any]) -> None:
    service = case["action"].split(":")[0]
    policy = json.dumps({"Version": "2012-10-17", "Statement": case["statements"]})
    patch = {"endpoints": {service: {"PolicyDocument": policy}}}
    world = {**patch, **case.get("world", {})}
    message = (
        f"AccessDeniedException: User: {case.get('principal', NODE)} is not authorized to perform: "
        f"{case['action']} on resource: {case['resource']} {case['refusal']}"
    )
    situation = _situation(_symptom(service, message, session=True))
    verdict = ENDPOINT_POLICY.check(Asking(door_of(world)), situation)
    assert type(verdict).__name__ == case["verdict"], verdict
    if isinstance(verdict, Broken):
        assert (verdict.resource.kind, verdict.resource.name) == ("vpc-endpoint", case["name"])
        assert case.get("advice", "") in _advice(verdict)
    if isinstance(verdict, Unverified):
        assert [s.name for s in verdict.suspects] == [case["name"]]
        assert case.get("settle", "") in verdict.settle


# --- what the cases are made of -----------------------------------------------------------------


def _checked(service: str, words: str, world: Any, session: bool) -> Verdict:
    return CHECKS[f"network/{service}"](*_asked(service, words, world, session))


def _asked(service: str, words: str, world: Any, session: bool) -> tuple[Asking, Situation]:
    symptom = _symptom(service, FIXTURE["words"][words], session=session)
    return Asking(door_of(world)), _situation(symptom)


def _situation(symptom: Symptom, instance: str = "i-00112233445566778") -> Situation:
    return Situation(REGION, symptoms=(symptom,), principals=(NODE,), instance_id=instance)


def _symptom(service: str, text: str, *, session: bool) -> Symptom:
    sessions = ("mira-0123456789abcdef0",) if session else ()
    return symptom(text, f"network/{service}", "endpoint-network", *sessions)


def _advice(verdict: Broken) -> str:
    remedies = verdict.remedies
    return " ".join(getattr(r, "text", "") or getattr(r, "summary", "") for r in remedies)


def _writes(verdict: Broken) -> list[Call]:
    return [order for r in verdict.remedies if isinstance(r, Write) for order in r.calls]


def _no_ec2(question: Call) -> Answer:
    assert question.service != "ec2"
    return Unreachable("not part of this test")
