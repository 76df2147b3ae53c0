"""What the node's own programs tell of the agent, by recorded stand-ins in the PATH."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.world.call import Absent, Known, Unreachable, call
from ssmdiag.world.host.door import door
from ssmdiag.world.host.installation import held_snap
from ssmdiag.world.host.place import Place
from ssmdiag.world.host.program import run
from ssmdiag.world.host.proxy_settings import proxy_for

_FIXTURES = Path(__file__).parent / "fixtures"
_WINDOWS = _FIXTURES / "hosts" / "windows"

pytestmark = pytest.mark.exhaustive


def here(platform: str, programs: str, **environ: str) -> Place:
    """This very machine, with the programs of another."""
    folder = str(_FIXTURES / "hosts-programs" / programs)
    return Place(platform, {"PATH": folder, **environ})


def windows() -> Place:
    data, files = str(_WINDOWS / "ProgramData"), str(_WINDOWS / "Program Files")
    return here("win32", "windows", ProgramData=data, ProgramFiles=files)


def told(place: Place, operation: str) -> Any:
    answer = door(place)(call("host", operation))
    assert isinstance(answer, Known), answer
    return answer.data


def test_systemd_tells_that_the_agent_is_started_again_and_again() -> None:
    assert told(here("linux", "systemd"), "GetAgentService") == {
        "Manager": "systemd",
        "Unit": "amazon-ssm-agent.service",
        "Active": "activating",
        "Enabled": "enabled",
        "Restarts": 5,
        "Result": "exit-code",
        "User": "root",
    }


def test_of_two_units_the_one_that_runs_counts() -> None:
    service = told(here("linux", "snap"), "GetAgentService")
    assert (service["Manager"], service["Active"], service["Restarts"]) == ("snap", "active", 1)


def test_snapd_tells_that_refreshes_are_held() -> None:
    assert held_snap(here("linux", "snap")) is True
    assert held_snap(here("linux", "systemd")) is None


def test_snapds_own_proxy_is_none_of_the_agents() -> None:
    elsewhere = told(here("linux", "snap"), "GetProxySettings")["Elsewhere"]
    assert elsewhere["snap set system proxy"] == {
        "http_proxy": "http://[masked]@proxy.corp.example:3128",
        "no_proxy": "169.254.169.254",
    }


def test_windows_tells_state_start_and_user_in_any_language() -> None:
    assert told(windows(), "GetAgentService") == {
        "Manager": "windows",
        "Unit": "AmazonSSMAgent",
        "Active": "inactive",
        "Enabled": "enabled",
        "Restarts": None,
        "Result": "exit-code",
        "User": "LocalSystem",
    }


def test_windows_tells_the_agents_processes() -> None:
    assert [(p["Pid"], p["Name"]) for p in told(windows(), "GetProcesses")["Processes"]] == [
        (2212, "amazon-ssm-agent"),
        (3340, "ssm-agent-worker"),
    ]


def test_the_services_own_proxy_stands_before_that_of_the_machine() -> None:
    """Only no_proxy, which the service lacks, comes from ``netsh winhttp set proxy``."""
    assert told(windows(), "GetProxySettings") == {
        "Source": "the registry",
        "Variables": {
            "https_proxy": "http://[masked]@proxy.corp.example:3128",
            "no_proxy": "192.0.2.1,*.crp",
        },
        "Elsewhere": {},
    }
    route = proxy_for(windows(), "ssm.eu-central-1.amazonaws.com")
    assert route is not None
    assert (route.host, route.port, route.user, route.password) == (
        "proxy.corp.example",
        3128,
        "node",
        "s3cr@t",
    )
    assert "s3cr" not in repr(route)
    assert proxy_for(windows(), "ssm.crp") is None


def test_macos_tells_service_and_processes() -> None:
    place = here("darwin", "macos")
    service = told(place, "GetAgentService")
    assert (service["Manager"], service["Active"], service["Restarts"]) == ("launchd", "active", 2)
    assert service["Result"] == "exit-code"
    processes = told(place, "GetProcesses")["Processes"]
    assert [(p["Pid"], p["Name"], p["User"]) for p in processes] == [
        (355, "amazon-ssm-agent", "root"),
        (402, "ssm-agent-worker", "root"),
    ]
    assert all(re.fullmatch(r"2026-11-2\dT\d\d:20:1\d\+00:00", p["Started"]) for p in processes)


def test_what_cannot_be_asked_is_not_said_to_be_missing() -> None:
    for operation in ("GetProcesses", "GetAgentService", "GetProxySettings"):
        answer = door(here("win32", "macos"))(call("host", operation))
        assert isinstance(answer, Unreachable), operation


def test_a_service_that_windows_does_not_know_is_absent(tmp_path: Path) -> None:
    script = tmp_path / "sc"
    script.write_text("#!/bin/sh\necho '[SC] OpenService FAILED 1060:'\nexit 36\n")
    script.chmod(0o755)
    answer = door(Place("win32", {"PATH": str(tmp_path)}))(call("host", "GetAgentService"))
    assert isinstance(answer, Absent)


def test_programs_are_not_run_for_a_node_that_is_elsewhere() -> None:
    place = Place("linux", here("linux", "systemd").environ, _FIXTURES / "hosts" / "snap")
    assert run(place, "systemctl", "show") is None
