"""Region and ``amazon-ssm-agent.json`` in, the hosts that the agent dials out.

Every case of the fixture is one configuration. Add a case to add a test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network.endpoints import (
    SERVICES,
    ServiceEndpoint,
    dialling,
    find_endpoint,
    is_host,
    why_idle,
)
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Absent, Answer, Call, Known, Unreachable

FOLDER = Path(__file__).parent / "fixtures" / "requirements"
FIXTURE: dict[str, Any] = json.loads((FOLDER / "endpoints.json").read_text("utf-8"))
CASES: list[dict[str, Any]] = FIXTURE["cases"]
NEEDS: list[dict[str, Any]] = FIXTURE["needs"]
PATH = "/etc/amazon/ssm/amazon-ssm-agent.json"


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_the_agent_dials(case: dict[str, Any]) -> None:
    found = _found(case)
    hosts = {s: None if isinstance(e, Gap) else e.host for s, e in found.items()}
    assert {service: hosts[service] for service in case["hosts"]} == case["hosts"]
    for attribute in ("settings", "ports", "labels"):
        for service, value in case.get(attribute, {}).items():
            assert getattr(found[service], attribute.rstrip("s")) == value


@pytest.mark.parametrize("case", NEEDS, ids=[c["id"] for c in NEEDS])
def test_sessions_need_the_services_that_are_configured(case: dict[str, Any]) -> None:
    asking, situation = Asking(_door({}, case["inputs"])), Situation("eu-west-1")
    idle = [s for s in SERVICES if isinstance(why_idle(asking, situation, s), str)]
    assert idle == case["idle"]


def test_without_preferences_it_is_not_known_what_is_needed() -> None:
    asking, situation = Asking(lambda _: Absent("no such document")), Situation("eu-west-1")
    kinds = {service: why_idle(asking, situation, service) for service in SERVICES}
    open_ones = [service for service, why in kinds.items() if isinstance(why, Gap)]
    assert open_ones == ["logs", "kms", "s3"]


@given(st.text(max_size=80))
def test_whatever_is_configured_only_host_names_are_dialled(written: str) -> None:
    case = {"region": "eu-west-1", "config": {"Ssm": {"Endpoint": written}}}
    endpoint = _found(case)["ssm"]
    assert isinstance(endpoint, Gap) or (is_host(endpoint.host) and " " not in endpoint.host)


def test_the_command_that_dials_a_host_is_quoted_for_a_shell() -> None:
    assert dialling("kms.eu-west-1.amazonaws.com") == (
        "`curl -sv https://kms.eu-west-1.amazonaws.com/ -o /dev/null`"
    )
    assert dialling("x; touch pwn #") == "`curl -sv 'https://x; touch pwn #/' -o /dev/null`"


def _found(case: dict[str, Any]) -> dict[str, Any]:
    inputs = {"s3BucketName": case.get("bucket", "")}
    bucket_region = case.get("bucket_region", case["region"])
    asking = Asking(_door(case.get("config"), inputs, bucket_region, case.get("installed")))
    situation = Situation(case["region"], agent_version=case.get("version"))
    found = {service: find_endpoint(asking, situation, service) for service in SERVICES}
    assert all(isinstance(e, (Gap, ServiceEndpoint)) for e in found.values())
    return found


def _door(
    config: Any,
    inputs: dict[str, str],
    bucket_region: str = "eu-west-1",
    installed: Optional[str] = None,
) -> Any:
    def door(question: Call) -> Answer:
        if question.operation == "GetAgentConfig":
            known = Known({"Path": PATH, "Content": config})
            return Absent("no such file") if config is None else known
        if question.operation == "GetAgentInstallation" and installed:
            return Known({"Version": installed})
        if question.operation == "GetDocument":
            return Known({"Content": json.dumps({"inputs": inputs})})
        if question.operation == "GetBucketLocation":
            return Known({"LocationConstraint": bucket_region})
        return Unreachable("not part of this test")

    return door
