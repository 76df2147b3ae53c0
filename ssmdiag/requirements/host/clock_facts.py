"""The node's clock against that of AWS, as the probes of the endpoints found it.

Every answer of AWS carries its Date (RFC 9110, "Date"). Of several endpoints the one that agrees
best counts: one that is far off may have been answered by somebody else.
"""

from __future__ import annotations

from typing import Optional, Union

from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network.endpoints import ServiceEndpoint, find_endpoint, why_idle
from ssmdiag.requirements.network.probe_facts import Probe, find_probe, probing
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask

WRONG = 300.0
"""Seconds: AWS refuses signatures that are older or newer (Amazon S3 after 15 minutes)."""

_DIALLED = ("ssm", "ssmmessages", "logs", "kms", "s3")
_UNTIMELY = ("expired", "not-yet-valid")


@dataclass(frozen=True)
class Clock:
    """What is known of the node's clock."""

    probes: tuple[Probe, ...]
    skew: Optional[float]
    """Seconds that it is ahead of AWS; None if AWS told no time."""
    untimely: Optional[Probe]
    """A probe that found a certificate of AWS's own out of its time."""

    @property
    def wrong(self) -> bool:
        return self.skew is not None and abs(self.skew) > WRONG

    @property
    def told(self) -> tuple[str, ...]:
        """The difference to each endpoint, as lines of evidence."""
        return tuple(
            f"{p.endpoint.host}: the node is {in_words(p.skew)} it"
            for p in self.probes
            if p.skew is not None
        )


def in_words(skew: float) -> str:
    """``12 s ahead of``, ``0.2 s behind``."""
    number = f"{abs(skew):.0f}" if abs(skew) >= 10 else f"{abs(skew):.1f}"
    return f"{number} s {'ahead of' if skew >= 0 else 'behind'}"


def read_clock(ask: Ask, situation: Situation) -> Union[Clock, Gap]:
    """Compare the clock with the endpoints that sessions need; a Gap if none could be probed."""
    endpoints = [
        endpoint
        for service in _DIALLED
        if not isinstance(why_idle(ask, situation, service), str)
        and isinstance(endpoint := find_endpoint(ask, situation, service), ServiceEndpoint)
    ]
    ask.all([probing(endpoint) for endpoint in endpoints])
    found = [find_probe(ask, endpoint) for endpoint in endpoints]
    probes = tuple(p for p in found if isinstance(p, Probe))
    if not probes:
        gap = next((g for g in found if isinstance(g, Gap)), None)
        return gap or Gap("no endpoint is known", "correct amazon-ssm-agent.json")
    skews = [p.skew for p in probes if p.skew is not None]
    untimely = (p for p in probes if p.kind in _UNTIMELY and p.certificate and p.certificate.of_aws)
    return Clock(probes, min(skews, key=abs, default=None), next(untimely, None))
