"""Servers of the tests' own on loopback: what a node finds on its network, good and bad.

``listening(serve)`` is a context that gives the port on which a server listens; at the end it is
gone with all its connections. The ways to ``serve`` a connection are functions of this file.
"""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path
from typing import Callable, Optional, Union

from tests.certificates import Certificate

Serve = Callable[[socket.socket], None]
_SECONDS = 10.0


@dataclass(frozen=True)
class Page:
    """What a web server answers to everything."""

    status: str = "404 Not Found"
    ahead: Optional[float] = 0.0
    """By how many seconds the server's clock is ahead of ours; None: it sends no Date."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        dated = (
            {}
            if self.ahead is None
            else {"Date": formatdate(time.time() + self.ahead, usegmt=True)}
        )
        lines = [f"{name}: {value}" for name, value in {**dated, **self.headers}.items()]
        return "\r\n".join([f"HTTP/1.1 {self.status}", *lines, "", "no body"]).encode()


@contextmanager
def listening(serve: Serve, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Serve each connection in a thread of its own."""
    with socket.create_server((address, port)) as server:
        connections: list[socket.socket] = []
        threads: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    threads.append(threading.Thread(target=_served, args=(serve, connection)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            # Wakes accept(), which closing alone does not.
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def _served(serve: Serve, connection: socket.socket) -> None:
    # The client goes away when it has seen enough, and that is no error here.
    with connection, suppress(OSError):
        serve(connection)


def https(
    certificate: Certificate,
    folder: Path,
    page: Union[Page, bytes, None] = Page(),
    address: str = "127.0.0.1",
    port: int = 0,
) -> AbstractContextManager[int]:
    """TLS and what follows: a page, other bytes, or nothing for ever (None).

    ``folder`` is for the certificate's file.
    """
    return listening(speaking(certificate, folder, page), address, port)


def speaking(
    certificate: Certificate, folder: Path, page: Union[Page, bytes, None] = Page()
) -> Serve:
    """How ``https`` serves a connection."""
    context = certificate.context(folder)

    def serve(connection: socket.socket) -> None:
        connection.settimeout(_SECONDS)
        with context.wrap_socket(connection, server_side=True) as secured:
            head_of(secured)
            if page is None:
                silent(secured)
            else:
                secured.sendall(bytes(page))

    return serve


def saying(words: bytes) -> Serve:
    """Answers whatever comes with the same bytes, in the clear."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(words)

    return serve


def silent(connection: socket.socket) -> None:
    """Accepts and never answers."""
    while connection.recv(4096):
        pass


def hanging_up(connection: socket.socket) -> None:
    """Closes at once."""


@contextmanager
def deaf(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port at which not even the connection is answered: its queue is full."""
    with socket.create_server((address, port), backlog=0) as server:
        port = int(server.getsockname()[1])
        queued = [socket.socket() for _ in range(2)]
        try:
            for waiting in queued:
                waiting.setblocking(False)
                waiting.connect_ex((address, port))
            yield port
        finally:
            for waiting in queued:
                waiting.close()


@contextmanager
def nobody() -> Iterator[int]:
    """A port at which nobody listens, and that nobody else gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def forwarding(
    routes: Mapping[str, int], user: Optional[str] = None, status: str = "200 OK"
) -> Serve:
    """A proxy: ``CONNECT`` by name to local ports, with a login if ``user`` (``name:password``).

    Another ``status`` than 200 is what it answers to everybody.
    """

    def serve(connection: socket.socket) -> None:
        head = head_of(connection)
        target = head.partition(" ")[2].partition(" ")[0].rpartition(":")[0]
        login = user and base64.b64encode(user.encode()).decode()
        if login and f"Proxy-Authorization: Basic {login}" not in head:
            answer = "407 Proxy Authentication Required"
        elif not status.startswith("200"):
            answer = status
        else:
            answer = status if target in routes else "502 Bad Gateway"
        connection.sendall(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        if answer == status and target in routes:
            with socket.create_connection(("127.0.0.1", routes[target])) as onward:
                _pump_both_ways(connection, onward)

    return serve


def _pump_both_ways(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_pump, args=(other, one))
    back.start()
    _pump(one, other)
    back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(8192):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def head_of(connection: socket.socket) -> str:
    """A request up to the empty line; empty if the client went away."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = connection.recv(4096)
        if not more:
            return ""
        read += more
    return read.decode("latin-1")


@contextmanager
def name_server(
    names: Mapping[str, Optional[Sequence[str]]], address: str = "127.0.0.1", port: int = 0
) -> Iterator[int]:
    """DNS by UDP: the addresses of names; None is never answered; any other name does not exist."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    query, client = server.recvfrom(4096)
                    if not query:
                        return
                    answer = _dns_answer(query, names)
                    if answer is not None:
                        server.sendto(answer, client)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            # An empty datagram ends it: closing a UDP socket does not wake recvfrom().
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", server.getsockname())
            serving.join()


def _dns_answer(query: bytes, names: Mapping[str, Optional[Sequence[str]]]) -> Optional[bytes]:
    """RFC 1035, section 4.1: header, question, answers that point back to the question's name."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    name, kind = ".".join(labels).lower(), int.from_bytes(query[at + 1 : at + 3], "big")
    if name in names and names[name] is None:
        return None
    packed = [ip_address(text).packed for text in names.get(name) or ()]
    wanted = [data for data in packed if kind == {4: 1, 16: 28}[len(data)]]
    flags = b"\x81\x80" if name in names else b"\x81\x83"
    counts = (1).to_bytes(2, "big") + len(wanted).to_bytes(2, "big") + bytes(4)
    answers = b"".join(
        b"\xc0\x0c" + query[at + 1 : at + 5] + bytes(4) + len(data).to_bytes(2, "big") + data
        for data in wanted
    )
    return query[:2] + flags + counts + query[12 : at + 5] + answers
