"""Faults to order: any operation can be refused, throttled, left hanging or broken off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NoReturn, Optional

from ssmdiag.demo.denials import Reason, denial
from ssmdiag.demo.wire import Received, Refused, error_response, recognise

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_Fault = Callable[[Received, Mapping[str, Any]], Optional[Refused]]

EVERY = "*"
"""In place of an operation: every operation of the service."""

_THROTTLING = {
    "s3": Refused("SlowDown", "Please reduce your request rate.", 503),
    "ec2": Refused("RequestLimitExceeded", "Request limit exceeded.", 503),
    "query": Refused("Throttling", "Rate exceeded", 400),
    "json": Refused("ThrottlingException", "Rate exceeded", 400),
}


class Faults:
    """The faults in force. A fault holds until ``clear()`` or until it struck ``times`` times."""

    def __init__(self, account: str, caller: Callable[[], str]) -> None:
        self._account = account
        self._caller = caller
        self._lock = threading.Lock()
        self._faults: dict[tuple[str, str], tuple[_Fault, Optional[int]]] = {}
        self._release = threading.Event()

    def refuse(
        self,
        service: str,
        operation: str = EVERY,
        *,
        reason: Reason = "identity",
        explicit: bool = False,
        policy_arn: Optional[str] = None,
        resource: Optional[str] = None,
        times: Optional[int] = None,
    ) -> None:
        """Answer "access denied", in the words of ``ssmdiag.demo.denials``."""

        def fault(received: Received, _: Mapping[str, Any]) -> Refused:
            return denial(
                received, self._caller(), self._account, reason, explicit, policy_arn, resource
            )

        self._order(service, operation, fault, times)

    def throttle(
        self,
        service: str,
        operation: str = EVERY,
        *,
        status: Optional[int] = None,
        times: Optional[int] = None,
    ) -> None:
        """Answer "too many requests" in the service's own way, or with HTTP ``status`` 429."""

        def fault(received: Received, _: Mapping[str, Any]) -> Refused:
            if status == 429:
                return Refused("TooManyRequestsException", "Too Many Requests", status)
            usual = _THROTTLING[received.protocol]
            return Refused(usual.code, usual.message, status or usual.status)

        self._order(service, operation, fault, times)

    def fail(
        self,
        service: str,
        operation: str = EVERY,
        *,
        code: str,
        message: str,
        status: int = 400,
        times: Optional[int] = None,
    ) -> None:
        """Answer with any other error: an expired token, a clock that is off, an outage."""
        self._order(service, operation, lambda _, __: Refused(code, message, status), times)

    def hang(
        self,
        service: str,
        operation: str = EVERY,
        *,
        seconds: Optional[float] = None,
        times: Optional[int] = None,
    ) -> None:
        """Answer ``seconds`` late; without, not before ``clear()`` or the end, and then not."""

        def fault(_: Received, environ: Mapping[str, Any]) -> None:
            if self._release.wait(seconds):
                _hang_up(environ)

        self._order(service, operation, fault, times)

    def break_off(
        self, service: str, operation: str = EVERY, *, times: Optional[int] = None
    ) -> None:
        """Close the connection without an answer."""
        self._order(service, operation, lambda _, environ: _hang_up(environ), times)

    def clear(self) -> None:
        """End every fault; requests left hanging are broken off."""
        with self._lock:
            self._faults.clear()
            self._release.set()
            self._release = threading.Event()

    def strike(self, received: Received, environ: Mapping[str, Any]) -> Optional[Refused]:
        """Let the fault ordered for this request happen, if there is one."""
        fault = self._due(received.service, received.operation)
        return fault(received, environ) if fault else None

    def _order(self, service: str, operation: str, fault: _Fault, times: Optional[int]) -> None:
        with self._lock:
            self._faults[service, operation] = fault, times

    def _due(self, service: str, operation: str) -> Optional[_Fault]:
        with self._lock:
            for wanted in ((service, operation), (service, EVERY)):
                fault, left = self._faults.get(wanted, (None, None))
                if fault is None or left == 0:
                    continue
                self._faults[wanted] = fault, left if left is None else left - 1
                return fault
        return None


def guarded(app: Wsgi, faults: Faults, received: list[Received]) -> Wsgi:
    """``app`` behind ``faults``, which notes in ``received`` what it was asked."""

    def guard(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = recognise(environ)
        received.append(request)
        refused = faults.strike(request, environ)
        if refused is None:
            try:
                return app(environ, start_response)
            except Exception as lack:
                # moto raises where it does not know how to answer. 501, since clients try a 500
                # again and again.
                refused = Refused("NotImplemented", f"{type(lack).__name__}: {lack}", 501)
        content_type, body = error_response(request, refused)
        start_response(
            f"{refused.status} {refused.code}",
            [("Content-Type", content_type), ("Content-Length", str(len(body)))],
        )
        return [body]

    return guard


def _hang_up(environ: Mapping[str, Any]) -> NoReturn:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("broken off as ordered")
