"""What a log tells of packets that nobody answered: to which service, region and address.

Only silence can come from routes, security groups and VPC endpoints. A name that does not resolve,
a TLS error, a refusal, a reset or a proxy's word is somebody's answer.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Optional

from ssmdiag.iam.arn import REGION, dns_suffix
from ssmdiag.model import Symptom
from ssmdiag.values import dataclass

# Go's words, then botocore's. A time-out of DNS (``dial tcp: lookup``, ``read udp``) or of TLS is
# none of these.
_SILENCE = (
    r"dial tcp \S{1,60}: (?:i/o timeout|connect: (?:connection timed out|no route to host)"
    r"|connectex: A connection attempt failed)"
    r"|context deadline exceeded|Client\.Timeout exceeded|Connect timeout on endpoint URL"
)
_ANSWERS = r"proxyconnect|lookup |x509|tls:|TLS handshake"
# An agent that gets no answer from KMS is cut off before it can say so.
_HANDSHAKE = "Handshake timed out"

_DIALLED = r"dial tcp \[?(?P<address>[0-9a-fA-F:.]{3,45}?)\]?:\d{1,5}: "
# A bucket is sought last: ``ssm.eusc-de-east-1`` is no service eusc of a bucket ssm.
_HOST = (
    r"(?:(?P<bucket>.{1,80}?)\.)??(?P<service>[a-z0-9]{2,20})[.-](?:dualstack\.)?"
    rf"(?P<region>{REGION})\.(?P<suffix>[a-z.-]{{3,40}})"
)
# RFC 1918, RFC 6598 and RFC 4193: what a VPC's own addresses are made of.
_INSIDE = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


@dataclass(frozen=True)
class Silence:
    """One service that did not answer."""

    service: str
    region: str
    address: Optional[str]
    """The address that was dialled, where the log tells it."""
    in_session: bool
    """A session was running: the node did reach Systems Manager."""
    presumed: bool = False
    """The log does not say whose answer was missing; a handshake merely took too long."""
    direct: bool = False
    """It is known that no proxy was to carry the request: the VPC alone can."""

    @property
    def inside(self) -> bool:
        """The address is one of a VPC: an interface endpoint's, or a private host's."""
        return self.address is not None and is_inside(self.address)


def is_inside(address: str) -> bool:
    """Is this address of a VPC or another private network? Raises ValueError if it is none."""
    here = ipaddress.ip_address(address)
    return any(here in block for block in _INSIDE)


def region_of(host: str, service: str) -> Optional[str]:
    """The region of a host, if by AWS's name it is one of ``service``, or of one of its buckets."""
    return None if _address(host) else _region(host, service, "")


def is_silent(text: str) -> bool:
    """Does the text of a failure say that nobody answered at all?"""
    return re.search(_SILENCE, text) is not None and re.search(_ANSWERS, text) is None


def silence_of(symptom: Symptom, service: str, region: str) -> Optional[Silence]:
    """What a Symptom tells of ``service``; None if that is another thing than silence.

    ``region`` is the node's; it is the service's too where the log names no host.
    """
    failure = symptom.failure
    if failure is None:
        presumed = service == "kms" and _HANDSHAKE in symptom.sample.message
        return Silence(service, region, None, True, presumed=True) if presumed else None
    if failure.kind != "unreachable" or not is_silent(failure.text):
        return None
    place = _region(failure.host, service, region)
    if place is None:
        return None
    return Silence(service, place, _dialled(failure.text), bool(symptom.sessions))


def _region(host: Optional[str], service: str, region: str) -> Optional[str]:
    """Where ``host`` is, if it is the regional host that the agent uses for ``service``."""
    if host is None or _address(host):
        return region
    found = re.fullmatch(_HOST, host)
    if found is None or found["service"] != service or (found["bucket"] and service != "s3"):
        return None
    return found["region"] if found["suffix"] == dns_suffix(found["region"]) else None


def _dialled(text: str) -> Optional[str]:
    found = re.search(_DIALLED, text)
    return found["address"] if found and _address(found["address"]) else None


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
