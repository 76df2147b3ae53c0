"""What one probe of an endpoint found, as facts: how far it came, and who answered.

The host makes the probe as the agent would dial: with its proxy settings and CA bundle.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Optional, Union

from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network.endpoints import ServiceEndpoint, dialling
from ssmdiag.requirements.network.silence import is_inside
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call, Known, call, reason

# Who signs AWS's own certificates: Amazon Trust Services (whose older roots are Starfield's), and
# DigiCert for some services and for China.
_OF_AWS = r"\b(?:Amazon|Starfield|DigiCert)\b"
_COMMON_NAME = r"CN=((?:\\.|[^,\\])+)"
_ORGANIZATION = r"\bO=((?:\\.|[^,\\])+)"


@dataclass(frozen=True)
class Certificate:
    """What the other side showed."""

    issuer: str
    """Distinguished name of who signed it."""
    names: tuple[str, ...] = ()
    root: str = ""
    """Distinguished name of the last issuer of the chain, as far as that was shown."""
    not_before: Optional[datetime] = None
    not_after: Optional[datetime] = None
    trusted: Optional[bool] = True
    """None: by none of the roots that could be read, but the agent may know others."""

    @property
    def signer(self) -> str:
        """Who signed it, in a few words: common name and organization."""
        parts = [re.search(part, self.issuer) for part in (_COMMON_NAME, _ORGANIZATION)]
        words = [found[1] for found in parts if found]
        return " of ".join(dict.fromkeys(words)) or self.issuer or "nobody"

    @property
    def of_aws(self) -> bool:
        """One of the authorities signed it that sign for AWS."""
        return re.search(_OF_AWS, f"{self.issuer} {self.root}") is not None


@dataclass(frozen=True)
class Probe:
    """One attempt to reach an endpoint."""

    endpoint: ServiceEndpoint
    stage: str
    """The first that failed: ``name``, ``connect``, ``proxy``, ``tls`` or ``http``; or ``done``."""
    kind: str = ""
    """How it failed: ``silence``, ``refused``, ``untrusted``, ...; empty if it did not."""
    problem: str = ""
    """The words of the operating system, the TLS library or the proxy."""
    addresses: tuple[str, ...] = ()
    address: Optional[str] = None
    """The one that was dialled last, the endpoint's own: None through a proxy."""
    proxy: Optional[str] = None
    """URL of the proxy, without its password."""
    proxy_source: str = ""
    """Where the agent's proxy is set."""
    certificate: Optional[Certificate] = None
    skew: Optional[float] = None
    """Seconds that the node's clock is ahead of the service's."""
    milliseconds: Optional[int] = None
    """How long the whole of it took."""
    outdated: bool = False
    """Only on paper: the network was changed since."""

    @property
    def done(self) -> bool:
        return self.stage == "done"

    @property
    def inside(self) -> bool:
        """The address is one of a VPC or another private network."""
        return self.address is not None and is_inside(self.address)

    @property
    def told(self) -> str:
        """What the probe found, as a line of evidence."""
        way = f" through proxy {self.proxy}" if self.proxy else ""
        where = f" ({self.address})" if self.address else ""
        what = f"ssmdiag dialled {self.endpoint.host}:{self.endpoint.port}{where}{way}"
        if self.done:
            return f"{what}, as the agent does: {self._answered}"
        problem = f" ({self.problem})" if self.problem else ""
        return f"{what}, as the agent does: {self.kind} at stage {self.stage}{problem}"

    @property
    def _answered(self) -> str:
        signed = f", signed by {self.certificate.signer}" if self.certificate else ""
        took = f" in {self.milliseconds} ms" if self.milliseconds is not None else ""
        return f"it answers{took}{signed}"


def probing(endpoint: ServiceEndpoint) -> Call:
    """The Call that probes one endpoint."""
    return call("host", "ProbeEndpoint", Host=endpoint.host, Port=endpoint.port)


def find_probe(ask: Ask, endpoint: ServiceEndpoint) -> Union[Probe, Gap]:
    """Probe an endpoint; a Gap if that could not be tried."""
    answer = ask(probing(endpoint))
    settle = f"run {dialling(endpoint.host)} on the node, as the agent dials"
    if isinstance(answer, Known) and isinstance(answer.data, Mapping):
        return read_probe(endpoint, answer.data)
    why = "the answer's form is not known" if isinstance(answer, Known) else reason(answer)
    return Gap(f"{endpoint.host} could not be probed: {why}", settle)


def read_probe(endpoint: ServiceEndpoint, data: Mapping[str, Any]) -> Probe:
    """A probe from the host's Answer."""
    proxy, http = _mapping(data.get("Proxy")), _mapping(data.get("Http"))
    skew, times = http.get("SkewSeconds"), _mapping(data.get("Milliseconds"))
    through = str(proxy["Url"]) if proxy.get("Url") else None
    address = str(data.get("Address") or "")
    return Probe(
        endpoint,
        str(data.get("Stage") or "other"),
        str(data.get("Kind") or ""),
        str(data.get("Problem") or ""),
        tuple(str(a) for a in data.get("Addresses") or ()),
        address if not through and _is_address(address) else None,
        through,
        str(proxy.get("Source") or "the agent's environment"),
        _certificate(_mapping(data.get("Tls"))),
        float(skew) if isinstance(skew, (int, float)) else None,
        round(sum(v for v in times.values() if isinstance(v, (int, float)))) if times else None,
        data.get("Outdated") is True,
    )


def _certificate(tls: Mapping[str, Any]) -> Optional[Certificate]:
    if not tls:
        return None
    chain = [_mapping(link) for link in tls.get("Chain") or ()]
    return Certificate(
        str(tls.get("Issuer") or ""),
        tuple(str(name) for name in tls.get("Names") or ()),
        str(chain[-1].get("Issuer") or "") if chain else "",
        _moment(tls.get("NotBefore")),
        _moment(tls.get("NotAfter")),
        tls.get("Trusted"),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _moment(value: Any) -> Optional[datetime]:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
