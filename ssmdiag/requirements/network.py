"""Whether the services that sessions need answer from this node, as far as our own Calls show.

That ssmdiag's own Call got through does not clear the agent: its proxy settings are its own. So a
Symptom that says "no answer" stays unverified; only when the log merely leaves it open does an own
Answer settle it.
"""

from __future__ import annotations

import re
from typing import Callable

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.contract import Requirement, doubted, moments
from ssmdiag.world.call import Ask, Call, Unreachable, call

# Silence is also what a VPC endpoint that does not exist looks like; a refusal, a reset, a wrong
# certificate or a name that does not resolve is somebody's answer.
_SILENCE = re.compile(r"time(?:d )?out|no route|unreachable|deadline", re.IGNORECASE)

_PROBES: dict[str, Call] = {
    "logs": call("logs", "DescribeLogGroups"),
    "kms": call("kms", "ListAliases"),
    "s3": call("s3", "ListBuckets"),
    "ssm": call(
        "ssm", "GetDocument", Name="SSM-SessionManagerRunShell", DocumentVersion="$DEFAULT"
    ),
}


def _answers(service: str) -> Callable[[Ask, Situation], Verdict]:
    requirement = f"network/{service}"

    def check(ask: Ask, situation: Situation) -> Verdict:
        symptoms = doubted(situation, requirement)
        if not symptoms:
            return NotApplicable("nothing in the log casts doubt on it")
        failed = [s for s in symptoms if s.failure and s.failure.kind == "unreachable"]
        host = f"{service}.{situation.region}.{dns_suffix(situation.region)}"
        hosts = [s.failure.host for s in failed if s.failure and s.failure.host]
        name = hosts[-1] if hosts else host
        suspects: tuple[Resource, ...] = (Resource("endpoint-network", name),)
        if any(s.failure and _SILENCE.search(s.failure.text) for s in failed):
            suspects += (Resource("vpc-endpoint", name),)
        evidence = tuple(f"{s.title} ({moments(s)})" for s in symptoms)
        answer = ask(_PROBES[service]) if service in _PROBES else None
        if isinstance(answer, Unreachable) and situation.online and failed:
            return Broken(
                f"{name} does not answer: neither the agent nor ssmdiag reached it from this node",
                suspects[0],
                (*evidence, f"ssmdiag's own Call: {answer.why}"),
                (Advice(_WAYS.format(service=service, region=situation.region)),),
            )
        if answer is not None and not isinstance(answer, Unreachable) and not failed:
            return Holds(f"{host} answers ssmdiag's own Calls")
        settle = f"run `curl -sv https://{name}/ -o /dev/null` on the node, in the agent's network"
        said = f"the agent did not reach {name}" if failed else f"whether {name} answers"
        if failed and answer is not None and not isinstance(answer, Unreachable):
            said += "; ssmdiag's own Call does get an answer now"
        if not failed:
            said += " from this node could not be verified"
            return Unverified(said, (), settle, evidence)
        return Unverified(said, suspects, settle, evidence)

    return check


_WAYS = (
    "give the node a way to it: an interface endpoint com.amazonaws.{region}.{service} with "
    "private DNS and port 443 open to the node, or a NAT route, or a proxy that lets it through"
)

REQUIREMENTS = tuple(
    Requirement(
        f"network/{service}",
        f"The endpoint of {service} answers",
        "network",
        _answers(service),
        standing=False,
    )
    for service in ("ssm", "ssmmessages", "logs", "kms", "s3")
)
