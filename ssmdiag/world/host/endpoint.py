"""An endpoint, tried as the agent would: name, connection, proxy, TLS, one answer by HTTP.

Sources: agent source ``agent/network/transport.go`` (Go's own HTTP client, with the proxies of its
environment); Go's ``net/http``, ``Transport`` (``CONNECT`` by name, the proxy resolves it).
Nothing is signed and nothing asked for: any answer of the service, 404 too, shows that it is there.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Optional, Union

from ssmdiag.iam.arn import is_aws_host
from ssmdiag.values import dataclass
from ssmdiag.world.call import Answer, Known, Unreachable
from ssmdiag.world.host import http_head
from ssmdiag.world.host.dialling import Failure, addresses, both_families, dial
from ssmdiag.world.host.place import Place
from ssmdiag.world.host.proxy_settings import ProxyRoute, proxy_for
from ssmdiag.world.host.roots import sees_all, trusting
from ssmdiag.world.host.tls import described, handshake, looking

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}")
_UNTIMELY = ("expired", "not-yet-valid")
_MISTRUST = ("untrusted", "wrong-name", *_UNTIMELY)
_LONGEST = 200


@dataclass(frozen=True)
class Limits:
    """How long each stage may take, in seconds; ``connect`` for each address."""

    name: float = 2.0
    connect: float = 2.5
    proxy: float = 3.0
    tls: float = 3.0
    http: float = 3.0
    whole: float = 8.0


_LIMITS = Limits()


def probe(place: Place, host: str, port: int = 443, limits: Limits = _LIMITS) -> Answer:
    """Try one endpoint. Unreachable only if it cannot be tried in the agent's way."""
    if not _HOST.fullmatch(host) or not 0 < port < 65536:
        return Unreachable(f"{host!r}, port {port}, is not the address of an endpoint")
    route = proxy_for(place, host, port)
    if route is not None and route.scheme != "http":
        return Unreachable(f"a proxy that is spoken to by {route.scheme} is not tried: {route.url}")
    elsewhere = place.environ.get("AWS_ENDPOINT_URL")
    if elsewhere and route is None and is_aws_host(host):
        # An account that is not AWS's own: that AWS answers would say nothing of it.
        return Unreachable(f"AWS is taken to be at {elsewhere}: its own endpoints were not tried")
    attempt = _Attempt(host, port, route, limits)
    failed = attempt.go(trusting(place), sees_all(place))
    stopped = {"Kind": failed.kind, "Problem": failed.problem} if failed else {"Stage": "done"}
    return Known({**attempt.told, **stopped})


class _Attempt:
    """One try, and what is told of it so far."""

    def __init__(
        self,
        host: str,
        port: int,
        route: Optional[ProxyRoute],
        limits: Limits,
        ends: Optional[float] = None,
    ) -> None:
        self._host, self._port, self._route, self._limits = host, port, route, limits
        self._ends = ends or time.monotonic() + limits.whole
        self._milliseconds: dict[str, int] = {}
        self.told: dict[str, Any] = {
            "Proxy": route and {"Url": route.url, "Source": route.source, "Status": None},
            "Addresses": [],
            "Address": None,
            "Stage": "name",
            "Kind": None,
            "Problem": None,
            "Tls": None,
            "Http": None,
            "Milliseconds": self._milliseconds,
        }

    def go(self, context: ssl.SSLContext, complete: bool) -> Optional[Failure]:
        """Go as far as it goes; ``complete``: whom the context does not trust, nobody does."""
        secured = self._secured(context)
        if isinstance(secured, Failure):
            return self._mistrusted(secured, complete) if secured.kind in _MISTRUST else secured
        with secured:
            self.told["Tls"] = described(secured, trusted=True)
            answered = self._answered(secured)
        return answered if isinstance(answered, Failure) else None

    def _mistrusted(self, failed: Failure, complete: bool) -> Optional[Failure]:
        """Connect once more, verifying nothing, to tell of a certificate that is not trusted.

        Where its time alone is wrong, the server is asked too: its clock tells whose time is wrong.
        """
        undecided = failed.kind == "untrusted" and not complete
        again = _Attempt(self._host, self._port, self._route, self._limits, self._ends)
        secured = again._secured(looking())
        if isinstance(secured, Failure):
            return secured if undecided else failed
        with secured:
            self.told["Tls"] = described(secured, trusted=None if undecided else False)
            answered: Union[http_head.Head, Failure, None] = None
            if undecided or failed.kind in _UNTIMELY:
                answered = again._answered(secured)
                self.told["Http"] = again.told["Http"]
        if not undecided:
            return failed
        self.told["Stage"] = "http"
        return answered if isinstance(answered, Failure) else None

    def _secured(self, context: ssl.SSLContext) -> Union[ssl.SSLSocket, Failure]:
        connection = self._through(self._route) if self._route else self._straight()
        if isinstance(connection, Failure):
            return connection
        with self._stage("tls", self._limits.tls) as left:
            return handshake(connection, self._host, context, left())

    def _straight(self) -> Union[socket.socket, Failure]:
        with self._stage("name", self._limits.name) as left:
            found = addresses(self._host, self._port, left())
        if isinstance(found, Failure):
            return found
        self.told["Addresses"] = found
        with self._stage("connect", self._limits.whole) as left:
            return self._dialled(found, self._port, left)

    def _through(self, route: ProxyRoute) -> Union[socket.socket, Failure]:
        with self._stage("proxy", self._limits.proxy) as left:
            found = addresses(route.host, route.port, min(left(), self._limits.name))
            if isinstance(found, Failure):
                return replace(found, kind="proxy-name") if found.kind == "name" else found
            connection = self._dialled(found, route.port, left)
            if isinstance(connection, Failure):
                return connection
            request = http_head.connect(self._host, self._port, route.user, route.password)
            head = http_head.exchange(connection, request, left())
            refusal = head if isinstance(head, Failure) else self._refusal(head)
            if refusal is not None:
                connection.close()
            return refusal or connection

    def _refusal(self, head: http_head.Head) -> Optional[Failure]:
        self.told["Proxy"]["Status"] = head.status
        if 200 <= head.status < 300:
            return None
        kind = "proxy-auth" if head.status == 407 else "proxy-refused"
        return Failure(kind, str(head)[:_LONGEST])

    def _dialled(
        self, found: Sequence[str], port: int, left: Callable[[], float]
    ) -> Union[socket.socket, Failure]:
        """Try the addresses in turn; of several failures the one is told that says most."""
        failures: dict[str, Failure] = {}
        for address in both_families(found):
            self.told["Address"] = address
            connection = dial(address, port, min(left(), self._limits.connect))
            if not isinstance(connection, Failure):
                return connection
            failures[address] = connection
        telling = [a for a, failed in failures.items() if failed.kind != "no-route"]
        self.told["Address"] = (telling or list(failures))[0]
        return failures[self.told["Address"]]

    def _answered(self, secured: ssl.SSLSocket) -> Union[http_head.Head, Failure]:
        with self._stage("http", self._limits.http) as left:
            began, wall = time.monotonic(), time.time()
            head = http_head.exchange(secured, http_head.get(self._host), left())
            took = time.monotonic() - began
        if not isinstance(head, Failure):
            self.told["Http"] = _answer(head, wall + took / 2)
        return head

    @contextmanager
    def _stage(self, name: str, limit: float) -> Iterator[Callable[[], float]]:
        """Give a function that says how many seconds the stage has left."""
        self.told["Stage"] = name
        began = time.monotonic()
        ends = min(began + limit, self._ends)
        yield lambda: max(ends - time.monotonic(), 0.05)
        self._milliseconds[name] = round((time.monotonic() - began) * 1000)


def _answer(head: http_head.Head, ours: float) -> dict[str, Any]:
    headers = {name: value[:_LONGEST] for name, value in head.headers.items()}
    date = headers.get("date")
    theirs = _seconds_of(date)
    return {
        "Status": head.status,
        "Date": date,
        "SkewSeconds": None if theirs is None else round(ours - theirs, 1),
        "Server": headers.get("server"),
        "RequestId": headers.get("x-amzn-requestid") or headers.get("x-amz-request-id"),
    }


def _seconds_of(date: Optional[str]) -> Optional[float]:
    try:
        moment = parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _endpoint(place: Place, asked: Mapping[str, Any]) -> Answer:
    return probe(place, str(asked["Host"]), int(asked.get("Port", 443)))


OPERATIONS = {"ProbeEndpoint": _endpoint}
