"""Endpoints tried as the agent would: each way in which a network fails, and the good one."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.world.call import Known, Unreachable, call
from ssmdiag.world.host.dialling import both_families
from ssmdiag.world.host.door import door
from ssmdiag.world.host.endpoint import Limits, probe
from ssmdiag.world.host.http_head import Head, exchange, get
from ssmdiag.world.host.place import Place
from tests.certificates import Certificate, authority, inspection, trusting_node
from tests.loopback import (
    Page,
    Serve,
    deaf,
    forwarding,
    hanging_up,
    https,
    listening,
    nobody,
    saying,
    silent,
)

_NAME = "ssm.eu-west-1.amazonaws.com"
_GOOD = Certificate(authority())
_DAY = timedelta(days=1)
# Silence is waited for, and a test has no time.
_SHORT = 0.3
_PATIENT = Limits()


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return trusting_node(tmp_path / "node")


def _tried(
    node: Path, port: int, host: str = "127.0.0.1", limits: Limits = _PATIENT, **environ: str
) -> Mapping[str, Any]:
    answer = probe(Place("linux", environ, node), host, port, limits)
    assert isinstance(answer, Known)
    json.dumps(answer.data)
    told: Mapping[str, Any] = answer.data
    return told


def _brief(told: Mapping[str, Any]) -> tuple[str, Optional[str]]:
    return told["Stage"], told["Kind"]


def test_an_endpoint_that_answers_tells_who_signed_and_what_time_it_is(
    node: Path, tmp_path: Path
) -> None:
    page = Page(headers={"Server": "Server", "x-amzn-RequestId": "a-1"})
    with https(_GOOD, tmp_path, page) as port:
        question = call("host", "ProbeEndpoint", Host="127.0.0.1", Port=port)
        answer = door(Place("linux", {}, node))(question)
    assert isinstance(answer, Known)
    told = answer.data
    assert _brief(told) == ("done", None)
    assert (told["Addresses"], told["Address"], told["Proxy"]) == (["127.0.0.1"], "127.0.0.1", None)
    assert list(told["Milliseconds"]) == ["name", "connect", "tls", "http"]
    assert told["Tls"]["Version"] == "TLSv1.3"
    assert told["Tls"]["Trusted"] is True
    assert told["Tls"]["Subject"] == "CN=127.0.0.1"
    assert told["Tls"]["Issuer"] == "CN=Amazon RSA 2048 M02, O=Amazon"
    assert told["Tls"]["NotBefore"] < told["Tls"]["NotAfter"]
    assert told["Tls"]["NotAfter"].endswith("+00:00")
    assert told["Tls"]["Names"] == ["127.0.0.1"]
    assert told["Http"]["Status"] == 404
    assert (told["Http"]["Server"], told["Http"]["RequestId"]) == ("Server", "a-1")
    assert abs(told["Http"]["SkewSeconds"]) < 30


@pytest.mark.skipif(sys.version_info < (3, 13), reason="older Pythons tell of the leaf alone")
def test_the_chain_is_told_as_it_was_sent(node: Path, tmp_path: Path) -> None:
    with https(_GOOD, tmp_path) as port:
        told = _tried(node, port)
    amazon = "CN=Amazon RSA 2048 M02, O=Amazon"
    assert told["Tls"]["Chain"] == [
        {"Subject": "CN=127.0.0.1", "Issuer": amazon},
        {"Subject": amazon, "Issuer": amazon},
    ]


@pytest.mark.parametrize(
    ("certificate", "kind", "words"),
    [
        (Certificate(inspection()), "untrusted", "self-signed certificate in certificate chain"),
        (Certificate(authority(), until=-_DAY / 2), "expired", "certificate has expired"),
        (Certificate(authority(), since=_DAY / 2), "not-yet-valid", "certificate is not yet valid"),
        (Certificate(authority(), names=["127.0.0.2", _NAME]), "wrong-name", "127.0.0.1"),
        # The name of a subject counts for nothing, as in Go.
        (Certificate(authority(), names=["x"], common="127.0.0.1"), "wrong-name", "127.0.0.1"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_a_certificate_that_is_not_trusted_is_looked_at(
    certificate: Certificate, kind: str, words: str, node: Path, tmp_path: Path
) -> None:
    with https(certificate, tmp_path) as port:
        told = _tried(node, port)
    assert _brief(told) == ("tls", kind)
    assert words in told["Problem"].replace("self signed", "self-signed")
    assert told["Tls"]["Trusted"] is False
    common = "Corp Inspection CA" if kind == "untrusted" else "Amazon RSA 2048 M02"
    assert told["Tls"]["Issuer"].startswith(f"CN={common}")


@pytest.mark.parametrize(
    ("ahead", "least", "most"), [(0, -30, 30), (900, -930, -870), (-86400, 86370, 86430)]
)
def test_our_clock_is_held_against_the_servers(
    ahead: float, least: float, most: float, node: Path, tmp_path: Path
) -> None:
    """Ours minus theirs: positive if the node's clock is ahead."""
    with https(_GOOD, tmp_path, Page(ahead=ahead)) as port:
        told = _tried(node, port)
    assert least < told["Http"]["SkewSeconds"] < most


def test_an_expired_certificate_comes_with_the_servers_clock(node: Path, tmp_path: Path) -> None:
    """A node whose clock is ahead sees good certificates expire."""
    expired = Certificate(authority(), until=-_DAY / 2)
    with https(expired, tmp_path, Page(ahead=-86400)) as port:
        told = _tried(node, port)
    assert _brief(told) == ("tls", "expired")
    assert told["Http"]["SkewSeconds"] > 86000


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 99 Nov 2026 22:25:20 GMT"])
def test_a_server_need_not_tell_the_time(date: Optional[str], node: Path, tmp_path: Path) -> None:
    page = Page(ahead=None, headers={} if date is None else {"Date": date})
    with https(_GOOD, tmp_path, page) as port:
        told = _tried(node, port)
    assert _brief(told) == ("done", None)
    assert (told["Http"]["Date"], told["Http"]["SkewSeconds"]) == (date, None)


@pytest.mark.parametrize(
    ("serve", "kind"),
    [
        (silent, "silence"),
        (hanging_up, "reset"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),
    ],
    ids=["silent", "hanging-up", "http", "ssh"],
)
def test_what_listens_may_not_speak_tls(serve: Serve, kind: str, node: Path) -> None:
    with listening(serve) as port:
        told = _tried(node, port, limits=Limits(tls=_SHORT))
    assert _brief(told) == ("tls", kind)
    assert told["Problem"]
    assert told["Tls"] is None


def test_nobody_listens(node: Path) -> None:
    with nobody() as port:
        told = _tried(node, port)
    assert _brief(told) == ("connect", "refused")
    assert told["Problem"] == "Connection refused"
    assert told["Address"] == "127.0.0.1"


def test_nobody_answers(node: Path) -> None:
    with deaf() as port:
        told = _tried(node, port, limits=Limits(connect=_SHORT))
    assert _brief(told) == ("connect", "silence")
    assert told["Problem"] == "timed out"


@pytest.mark.parametrize(
    ("words", "kind"), [(b"", "reset"), (b"220 mail\r\n\r\n", "protocol"), (None, "silence")]
)
def test_what_speaks_tls_may_not_speak_http(
    words: Optional[bytes], kind: str, node: Path, tmp_path: Path
) -> None:
    with https(_GOOD, tmp_path, words) as port:
        told = _tried(node, port, limits=Limits(http=_SHORT))
    assert _brief(told) == ("http", kind)
    assert told["Tls"]["Trusted"] is True


@pytest.mark.parametrize(
    ("host", "port"), [("a b", 443), ("x\r\nHost: y", 443), ("", 443), ("-x", 443), ("x", 0)]
)
def test_what_is_no_address_is_not_tried(host: str, port: int, node: Path) -> None:
    assert isinstance(probe(Place("linux", {}, node), host, port), Unreachable)


@pytest.mark.parametrize(
    "domain",
    [
        "eu-west-1.amazonaws.com",
        "us-iso-east-1.c2s.ic.gov",
        "cn-north-1.api.amazonwebservices.com.cn",
        "eu-west-1.API.aws",
    ],
)
def test_where_another_account_stands_for_aws_its_own_endpoints_are_not_tried(
    domain: str, node: Path
) -> None:
    place = Place("linux", {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, node)
    answer = probe(place, f"ssm.{domain}")
    assert isinstance(answer, Unreachable)
    assert "127.0.0.1:5000" in answer.why


@pytest.mark.parametrize(
    ("found", "tried"),
    [
        (["10.0.3.14"], ["10.0.3.14"]),
        (["10.0.3.14", "10.0.4.14", "10.0.5.14"], ["10.0.3.14", "10.0.4.14"]),
        (["2600::1", "2600::2", "10.0.3.14"], ["2600::1", "10.0.3.14"]),
    ],
)
def test_two_addresses_are_tried_of_both_families(found: list[str], tried: list[str]) -> None:
    assert both_families(found) == tried


@given(st.binary(max_size=200) | st.binary(max_size=100).map(b"HTTP/1.1 200 OK\r\n".__add__))
def test_any_answer_is_a_head_or_a_failure(words: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(words)
        theirs.shutdown(socket.SHUT_WR)
        answer = exchange(ours, get("127.0.0.1"), 1.0)
    assert isinstance(answer, Head) or answer.kind in ("protocol", "reset")


# --- through a proxy ---------------------------------------------------------------------------


def _set_proxy(node: Path, url: str) -> None:
    folder = node / "etc/systemd/system"
    drop_in = folder / "amazon-ssm-agent.service.d/override.conf"
    drop_in.parent.mkdir(parents=True)
    (folder / "amazon-ssm-agent.service").write_text("[Service]\n")
    drop_in.write_text(f'[Service]\nEnvironment="https_proxy={url}"\n')


@contextmanager
def _proxied(
    node: Path, folder: Path, login: str = "", user: Optional[str] = None, status: str = "200 OK"
) -> Iterator[None]:
    certificate = Certificate(authority(), names=[_NAME])
    with (
        https(certificate, folder) as port,
        listening(forwarding({_NAME: port}, user, status)) as proxy,
    ):
        _set_proxy(node, f"http://{login}127.0.0.1:{proxy}")
        yield


def test_a_proxy_resolves_the_name(node: Path, tmp_path: Path) -> None:
    with _proxied(node, tmp_path, "node:s3cret@", "node:s3cret"):
        told = _tried(node, 443, _NAME)
    assert _brief(told) == ("done", None)
    assert told["Addresses"] == []
    assert told["Tls"]["Names"] == [_NAME]
    assert told["Proxy"]["Url"].startswith("http://[masked]@127.0.0.1:")
    assert told["Proxy"]["Source"].endswith("override.conf")
    assert told["Proxy"]["Status"] == 200
    assert list(told["Milliseconds"]) == ["proxy", "tls", "http"]
    assert "s3cret" not in json.dumps(told)


@pytest.mark.parametrize(
    ("login", "user", "status", "kind", "problem"),
    [
        ("", "node:s3cret", "200 OK", "proxy-auth", "407 Proxy Authentication Required"),
        ("node:old@", "node:s3cret", "200 OK", "proxy-auth", "407 Proxy Authentication Required"),
        ("", None, "403 Forbidden", "proxy-refused", "403 Forbidden"),
        ("", None, "504 Gateway Timeout", "proxy-refused", "504 Gateway Timeout"),
    ],
)
def test_a_proxy_may_refuse(
    login: str,
    user: Optional[str],
    status: str,
    kind: str,
    problem: str,
    node: Path,
    tmp_path: Path,
) -> None:
    with _proxied(node, tmp_path, login, user, status):
        told = _tried(node, 443, _NAME)
    assert _brief(told) == ("proxy", kind)
    assert told["Problem"] == problem
    assert told["Proxy"]["Status"] == int(problem[:3])


@pytest.mark.parametrize(
    ("serve", "kind"),
    [(silent, "silence"), (hanging_up, "reset"), (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol")],
    ids=["silent", "hanging-up", "ssh"],
)
def test_what_listens_may_be_no_proxy(serve: Serve, kind: str, node: Path) -> None:
    with listening(serve) as port:
        _set_proxy(node, f"http://127.0.0.1:{port}")
        told = _tried(node, 443, _NAME, Limits(proxy=_SHORT))
    assert _brief(told) == ("proxy", kind)
    assert told["Proxy"]["Status"] is None


def test_a_proxy_may_be_gone(node: Path) -> None:
    with nobody() as port:
        _set_proxy(node, f"http://127.0.0.1:{port}")
        told = _tried(node, 443, _NAME)
    assert _brief(told) == ("proxy", "refused")
    assert (told["Addresses"], told["Address"]) == ([], "127.0.0.1")


def test_a_proxys_own_name_may_not_resolve(node: Path) -> None:
    """A name that is none: no resolver is asked for it."""
    _set_proxy(node, "http://proxy..corp:3128")
    told = _tried(node, 443, _NAME)
    assert _brief(told) == ("proxy", "proxy-name")
    assert told["Problem"] == "not a host name"


@pytest.mark.parametrize("scheme", ["https", "socks5"])
def test_a_proxy_of_another_kind_is_not_tried(scheme: str, node: Path) -> None:
    _set_proxy(node, f"{scheme}://a:b@127.0.0.1:1080")
    answer = probe(Place("linux", {}, node), _NAME)
    assert isinstance(answer, Unreachable)
    assert f"{scheme}://[masked]@127.0.0.1:1080" in answer.why
