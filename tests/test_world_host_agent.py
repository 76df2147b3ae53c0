"""What the host's door tells of the agent: whole nodes as folder trees, and single files.

Each tree below ``fixtures/hosts`` is a node seen from elsewhere; the JSON file beside it says what
the door must answer.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.world.call import Absent, Answer, Denied, Known, Unreachable, call
from ssmdiag.world.host.agent_state import version_in_log
from ssmdiag.world.host.door import door
from ssmdiag.world.host.place import Place

HOSTS = Path(__file__).parent / "fixtures" / "hosts"
NODES = sorted(path.stem for path in HOSTS.glob("*.json"))


def node(name: str) -> Place:
    told = json.loads((HOSTS / f"{name}.json").read_text(encoding="utf-8"))
    return Place(told["platform"], {}, HOSTS / name)


def ask(place: Place, operation: str) -> Answer:
    return door(place)(call("host", operation))


def known(place: Place, operation: str) -> Any:
    answer = ask(place, operation)
    assert isinstance(answer, Known), answer
    return answer.data


def written(root: Path, path: str, text: str) -> Place:
    """A node that has this one file more."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Place("linux", {}, root)


@pytest.mark.parametrize("name", NODES)
def test_a_node_tells_of_its_agent(name: str) -> None:
    expected = json.loads((HOSTS / f"{name}.json").read_text(encoding="utf-8"))["answers"]
    place = node(name)
    found = {}
    for operation in expected:
        answer = ask(place, operation)
        if isinstance(answer, Known):
            found[operation] = answer.data
        else:
            assert not isinstance(answer, Denied)
            found[operation] = {
                type(answer).__name__: answer.why.replace(str(HOSTS / name), ""),
            }
    assert found == expected


@pytest.mark.parametrize("name", NODES)
def test_no_secret_leaves_a_node(name: str) -> None:
    place = node(name)
    operations = json.loads((HOSTS / f"{name}.json").read_text(encoding="utf-8"))["answers"]
    told = repr([ask(place, operation) for operation in operations])
    assert "secret" not in told
    assert "s3cr" not in told


def test_the_clock_is_told_in_utc_and_as_the_agent_writes_it() -> None:
    now = datetime.now(timezone.utc)
    time = known(node("deb-proxy"), "GetTime")
    utc, local = (datetime.fromisoformat(time[name]) for name in ("Utc", "Local"))
    assert abs(utc - now) < timedelta(minutes=5)
    assert local.tzinfo is None
    assert local - utc.replace(tzinfo=None) in (timedelta(hours=1), timedelta(hours=2))


@pytest.mark.parametrize("text", ["[]", "null", '{"Agent": NaN}', "", '{"a": 1', "\ufeff{}"])
def test_a_config_that_the_agent_refuses_is_a_problem(text: str, tmp_path: Path) -> None:
    place = written(tmp_path, "/etc/amazon/ssm/amazon-ssm-agent.json", text)
    told = known(place, "GetAgentConfig")
    assert told["Path"] == "/etc/amazon/ssm/amazon-ssm-agent.json"
    assert told["Problem"]
    assert "Content" not in told


def _seelog(text: str, root: Path) -> Any:
    return known(written(root, "/etc/amazon/ssm/seelog.xml", text), "GetLogConfig")


def test_a_log_configuration_tells_level_files_and_formats(tmp_path: Path) -> None:
    told = _seelog(
        """<seelog levels="error,warn"><!-- <!ENTITY is only said -->
             <outputs formatid="plain">
               <console/>
               <splitter formatid="own"><file path="/var/log/other/ssm.log"/></splitter>
               <rollingfile type="size" filename="/var/log/amazon/ssm/errors.log"/>
             </outputs>
             <formats><format id="plain" format="%Msg%n"/><format id="own" format="%Date %Msg%n"/>
             </formats></seelog>""",
        tmp_path,
    )
    assert told == {
        "Path": "/etc/amazon/ssm/seelog.xml",
        "MinLevel": "warn",
        "Files": ["/var/log/other/ssm.log", "/var/log/amazon/ssm/errors.log"],
        "Formats": ["%Date %Msg%n", "%Msg%n"],
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no element found"),
        ("<log4j/>", "its outermost element is log4j, not seelog"),
        ('<!DOCTYPE seelog [<!ENTITY a "aaaa">]><seelog>&a;</seelog>', "a document type"),
    ],
)
def test_a_log_configuration_that_is_none_is_a_problem(
    text: str, problem: str, tmp_path: Path
) -> None:
    assert problem in _seelog(text, tmp_path)["Problem"]


def test_a_log_that_was_moved_is_found(tmp_path: Path) -> None:
    config = '<seelog><outputs><file path="/srv/ssm.log"/></outputs></seelog>'
    written(tmp_path, "/etc/amazon/ssm/seelog.xml", config)
    place = written(tmp_path, "/srv/ssm.log", "2026-11-24 19:20:10 INFO anything\n")
    assert known(place, "GetAgentState")["LastLine"] == "2026-11-24T19:20:10+00:00"


def _state(lines: str, root: Path, hibernate: str = "") -> Any:
    place = written(root, "/var/log/amazon/ssm/amazon-ssm-agent.log", lines)
    if hibernate:
        written(root, "/var/log/amazon/ssm/hibernate.log", hibernate)
    return known(place, "GetAgentState")


_START = "2026-11-24 19:20:10 INFO [amazon-ssm-agent] amazon-ssm-agent - v3.3.987.0\n"
_FAILED = (
    "2026-11-24 19:20:11 ERROR [CredentialRefresher] Retrieve credentials produced error: no\n"
)
_WAITS = (
    "2026-11-24 19:20:12 INFO [CredentialRefresher] "
    "Sleeping for {} before retrying retrieve credentials\n"
)
_READY = "2026-11-24 19:20:13 INFO [CredentialRefresher] Credentials ready\n"
_SLEEPS = "2026-11-24 19:20:14 INFO [ssm-agent-worker] Entering SSM Agent hibernate - denied\n"
_WORKS = "2026-11-24 19:30:00 INFO [ssm-agent-worker] ssm-agent-worker - v3.3.987.0\n"
_AGAIN = "2026-11-24 19:40:00 INFO [amazon-ssm-agent] amazon-ssm-agent - v3.3.987.0\n"


@pytest.mark.parametrize(
    ("duration", "until"),
    [
        ("28m50s", "2026-11-24T19:49:02+00:00"),
        ("26h0m1s", "2026-11-25T21:20:13+00:00"),
        ("1.5s", "2026-11-24T19:20:13+00:00"),
        ("a while", None),
    ],
)
def test_the_next_attempt_comes_when_the_wait_is_over(
    duration: str, until: str, tmp_path: Path
) -> None:
    state = _state(_START + _FAILED + _WAITS.format(duration), tmp_path)
    assert state["NextCredentialAttempt"] == until
    assert state["LastCredentialError"] == "no"


@pytest.mark.parametrize("ends_with", [_READY, _AGAIN])
def test_what_was_before_success_or_a_restart_is_over(ends_with: str, tmp_path: Path) -> None:
    state = _state(_START + _FAILED + _WAITS.format("28m50s") + ends_with, tmp_path)
    assert state["NextCredentialAttempt"] is None
    assert state["LastCredentialError"] is None


@pytest.mark.parametrize(
    ("lines", "since"),
    [
        (_START + _SLEEPS, "2026-11-24T19:20:14+00:00"),
        (_START + _SLEEPS + _WORKS, None),
        (_START + _SLEEPS + _AGAIN, None),
    ],
)
def test_hibernation_ends_with_work_or_a_restart(lines: str, since: str, tmp_path: Path) -> None:
    hibernating = _state(lines, tmp_path)["Hibernating"]
    assert (hibernating and hibernating["Since"]) == since


def test_hibernation_is_known_from_its_own_log_too(tmp_path: Path) -> None:
    """The main log may have rolled over since; this log's times were local once, and UTC later."""
    own = (
        "2026-11-24T19:25:14Z INFO Agent is in hibernate mode. Reducing logging.\n"
        "2026-11-24 19:35:14 ERROR Health ping failed with error - RequestError: send failed\n"
        "caused by: dial tcp: i/o timeout\n"
    )
    assert _state("", tmp_path, own)["Hibernating"] == {
        "Since": "2026-11-24T19:25:14+00:00",
        "Last": "2026-11-24T19:35:14+00:00",
        "Error": "RequestError: send failed caused by: dial tcp: i/o timeout",
    }


def test_only_the_end_of_a_log_is_read(tmp_path: Path) -> None:
    filler = "2026-11-24 19:20:11 INFO nothing that matters here\n" * 6000
    place = written(tmp_path, "/var/log/amazon/ssm/amazon-ssm-agent.log", _START + filler)
    assert version_in_log(place) is None
    assert known(place, "GetAgentState")["LastLine"] == "2026-11-24T19:20:11+00:00"


@given(st.lists(st.sampled_from([_START, _FAILED, _WAITS, _SLEEPS, _WORKS, "\ttext\n", "\x00\n"])))
def test_any_order_of_lines_is_read(tmp_path_factory: Any, lines: list[str]) -> None:
    state = _state("".join(lines), tmp_path_factory.mktemp("node"))
    assert bool(state["LastLine"]) == any(line[0] == "2" for line in lines)


def test_a_node_without_the_agent_has_none(tmp_path: Path) -> None:
    place = written(tmp_path, "/proc/1/cmdline", "/sbin/init\0")
    for operation in ("GetAgentInstallation", "GetAgentService", "GetAgentState", "GetAgentConfig"):
        assert isinstance(ask(place, operation), Absent), operation
    assert isinstance(ask(place, "GetRegistration"), Absent)
    assert known(place, "GetProcesses") == {"Processes": []}


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("/proc/812/environ", "ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/0\0", "ecs"),
        ("/proc/1/environ", "KUBERNETES_SERVICE_HOST=10.0.0.1\0", "kubernetes"),
        ("/run/systemd/container", "podman\n", "docker"),
        ("/proc/1/cgroup", "12:pids:/kubepods/besteffort/pod0/0\n", "kubernetes"),
        ("/proc/1/cgroup", "4:cpu:/docker/3b0f\n", "docker"),
        ("/.dockerenv", "", "docker"),
        ("/proc/1/cgroup", "0::/init.scope\n", None),
    ],
)
def test_a_container_is_told_by_its_marks(path: str, text: str, kind: str, tmp_path: Path) -> None:
    written(tmp_path, "/proc/812/cmdline", "/usr/bin/amazon-ssm-agent\0")
    written(tmp_path, "/proc/812/status", "Uid:\t0\t0\t0\t0\n")
    written(tmp_path, "/proc/812/stat", "812 (amazon-ssm-agen) S\n")
    told = known(written(tmp_path, path, text), "GetContainer")
    assert told == {"Kind": kind, "Ecs": kind == "ecs", "Agent": kind is not None}


def test_a_masked_unit_is_told(tmp_path: Path) -> None:
    unit = tmp_path / "etc/systemd/system/amazon-ssm-agent.service"
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")
    told = known(Place("linux", {}, tmp_path), "GetAgentService")
    assert (told["Enabled"], told["Active"]) == ("masked", None)


def test_upstart_is_told_by_its_files(tmp_path: Path) -> None:
    written(tmp_path, "/etc/init/amazon-ssm-agent.conf", "exec /usr/bin/amazon-ssm-agent\n")
    place = written(
        tmp_path,
        "/etc/init/amazon-ssm-agent.override",
        "manual\nenv https_proxy=http://proxy.corp.example:3128\n",
    )
    told = known(place, "GetAgentService")
    assert (told["Manager"], told["Enabled"]) == ("upstart", "disabled")
    proxy = known(place, "GetProxySettings")
    assert proxy["Variables"] == {"https_proxy": "http://proxy.corp.example:3128"}
    assert proxy["Source"] == "/etc/init/amazon-ssm-agent.override"


def test_processes_that_are_hidden_are_not_said_to_be_missing(tmp_path: Path) -> None:
    place = written(tmp_path, "/proc/stat", "btime 1\n")
    assert isinstance(ask(place, "GetProcesses"), Unreachable)
