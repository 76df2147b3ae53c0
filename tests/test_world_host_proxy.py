"""Which proxy stands between the agent and a host, as Go's HTTP client decides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.world.call import Known, call
from ssmdiag.world.host.door import door
from ssmdiag.world.host.place import Place
from ssmdiag.world.host.proxy_settings import masked, proxy_for
from ssmdiag.world.host.windows import proxy_of_winhttp

_SSM = "ssm.eu-central-1.amazonaws.com"
_UNIT = "/usr/lib/systemd/system/amazon-ssm-agent.service"
_DROP_INS = "/etc/systemd/system/amazon-ssm-agent.service.d"


def node(root: Path, **files: str) -> Place:
    """A node whose unit has these drop-ins, or an agent that runs with this environment."""
    written = {_UNIT: "[Service]\nExecStart=/usr/bin/amazon-ssm-agent\n"}
    for name, text in files.items():
        written[f"{_DROP_INS}/{name}.conf"] = f"[Service]\n{text}\n"
    return tree(root, written)


def tree(root: Path, files: dict[str, str]) -> Place:
    for path, text in files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Place("linux", {}, root)


def running(root: Path, *variables: str) -> Place:
    process = {
        "cmdline": "/usr/bin/amazon-ssm-agent\0",
        "status": "Uid:\t0\t0\t0\t0\n",
        "stat": "812 (amazon-ssm-agen) S\n",
        "environ": "".join(f"{variable}\0" for variable in variables),
    }
    return tree(root, {f"/proc/812/{name}": text for name, text in process.items()})


def settings(place: Place) -> Any:
    answer = door(place)(call("host", "GetProxySettings"))
    assert isinstance(answer, Known)
    return answer.data


def test_no_proxy_exempts_a_host_at_its_port(tmp_path: Path) -> None:
    place = running(tmp_path, "https_proxy=http://proxy.example", f"no_proxy={_SSM}:443")
    assert proxy_for(place, _SSM) is None
    assert proxy_for(place, _SSM, 8443) is not None
    assert proxy_for(place, "kms.eu-central-1.amazonaws.com") is not None


@pytest.mark.parametrize(
    ("value", "route"),
    [
        ("proxy.example:3128", ("http", "proxy.example", 3128)),
        ("proxy.example", ("http", "proxy.example", 80)),
        ("HTTP://Proxy.Example/", ("http", "proxy.example", 80)),
        ("https://proxy.example", ("https", "proxy.example", 443)),
        ("socks5://proxy.example", ("socks5", "proxy.example", 1080)),
        ("http://[fd00::1]:3128", ("http", "fd00::1", 3128)),
        ("http://", None),
        ("http://proxy.example:port", None),
        ("http://[", None),
    ],
)
def test_an_address_of_a_proxy_is_read_as_go_reads_it(
    value: str, route: Any, tmp_path: Path
) -> None:
    found = proxy_for(running(tmp_path, f"https_proxy={value}"), _SSM)
    assert (found and (found.scheme, found.host, found.port)) == route


def test_upper_case_stands_before_lower_case_unless_it_is_empty(tmp_path: Path) -> None:
    place = running(
        tmp_path,
        "https_proxy=http://lower.example",
        "HTTPS_PROXY=http://upper.example",
        "NO_PROXY=",
        "no_proxy=one.example",
        "Https_Proxy=http://neither.example",
    )
    assert settings(place)["Variables"] == {
        "https_proxy": "http://upper.example",
        "no_proxy": "one.example",
    }


def test_http_proxy_alone_leaves_https_without(tmp_path: Path) -> None:
    place = running(tmp_path, "http_proxy=http://proxy.example")
    assert proxy_for(place, _SSM) is None
    metadata = proxy_for(place, "169.254.169.254", 80, "http")
    assert metadata is not None
    assert metadata.source == "/proc/812/environ"


def test_what_runs_counts_until_the_restart(tmp_path: Path) -> None:
    node(tmp_path, proxy="Environment=https_proxy=http://new.example no_proxy=169.254.169.254")
    place = running(tmp_path, "https_proxy=http://old.example", "no_proxy=169.254.169.254")
    assert settings(place) == {
        "Source": "/proc/812/environ",
        "Variables": {"https_proxy": "http://old.example", "no_proxy": "169.254.169.254"},
        "Elsewhere": {f"{_DROP_INS}/proxy.conf": {"https_proxy": "http://new.example"}},
        "Pending": [f"{_DROP_INS}/proxy.conf"],
    }


def test_drop_ins_are_read_in_their_order_and_a_blank_one_starts_anew(tmp_path: Path) -> None:
    place = node(
        tmp_path,
        a="Environment=https_proxy=http://a.example http_proxy=http://a.example",
        b='; a comment\nEnvironment=\nEnvironment="https_proxy=http://b.example" \\\n no_proxy=x',
        c="Environment=no_proxy=y\nUnsetEnvironment=http_proxy",
    )
    assert settings(place)["Variables"] == {"https_proxy": "http://b.example", "no_proxy": "y"}
    assert settings(place)["Source"] == f"{_DROP_INS}/b.conf, {_DROP_INS}/c.conf"


def test_environment_files_stand_before_single_variables(tmp_path: Path) -> None:
    node(tmp_path, proxy="EnvironmentFile=-/etc/sysconfig/proxy\nEnvironment=no_proxy=direct")
    place = tree(
        tmp_path,
        {
            "/etc/systemd/system.conf": "[Manager]\nDefaultEnvironment=https_proxy=http://d.example\n",
            "/etc/sysconfig/proxy": "# the company's\nno_proxy='169.254.169.254,.example'\n",
        },
    )
    assert settings(place)["Variables"] == {
        "https_proxy": "http://d.example",
        "no_proxy": "169.254.169.254,.example",
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://node:s3cr@t@proxy.example", "http://[masked]@proxy.example"),
        ("node:s3cr/et@proxy.example:3128", "[masked]@proxy.example:3128"),
        ("//node@proxy.example", "//[masked]@proxy.example"),
        ("169.254.169.254,.example", "169.254.169.254,.example"),
    ],
)
def test_user_and_password_are_masked(value: str, shown: str) -> None:
    assert masked(value) == shown


@given(st.text(), st.text())
def test_whatever_stands_before_an_at_sign_is_masked(secret: str, rest: str) -> None:
    shown = masked(f"http://{secret}x@{rest}")
    assert shown == f"http://[masked]@{rest.rpartition('@')[2]}"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.text())
def test_no_value_of_a_variable_is_too_odd(tmp_path_factory: Any, value: str, host: str) -> None:
    root = tmp_path_factory.mktemp("node")
    place = running(root, f"https_proxy={value}", f"no_proxy={value}")
    route = proxy_for(place, host)
    assert route is None or route.host


def test_winhttp_names_a_server_for_each_scheme_or_for_all() -> None:
    def stored(servers: str, bypass: str = "") -> str:
        texts = (len(t).to_bytes(4, "little") + t.encode() for t in (servers, bypass))
        return (bytes((40, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0)) + b"".join(texts)).hex()

    assert proxy_of_winhttp(stored("p:1")) == {"http_proxy": "p:1"}
    assert proxy_of_winhttp(stored("http=a:1;https=b:2;ftp=c:3")) == {
        "http_proxy": "a:1",
        "https_proxy": "b:2",
    }
    assert proxy_of_winhttp(stored("http=a:1 p:2", "<local>;x.example y")) == {
        "http_proxy": "a:1",
        "https_proxy": "p:2",
        "no_proxy": "x.example,y",
    }
    assert proxy_of_winhttp("2800000000000000010000000000000000000000") == {}
    assert proxy_of_winhttp("no bytes") == {}
