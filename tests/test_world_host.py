"""The host as a door: the agent's own file and its volume."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ssmdiag.world.call import Absent, Answer, Known, Unreachable, call
from ssmdiag.world.host.agent_files import data_folder
from ssmdiag.world.host.door import door
from ssmdiag.world.host.place import Place

_CONFIG = call("host", "GetRuntimeConfig")


def _asked(question: object, environ: Mapping[str, str], platform: str = "linux") -> Answer:
    return door(Place(platform, environ))(question)  # type: ignore[arg-type]


def _agent_says(data: Path, text: str) -> Mapping[str, str]:
    environ = {"ProgramData": str(data)}
    path = data_folder(Place("win32", environ)) / "runtimeconfig" / "identity_config.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return environ


def test_the_agents_own_file_tells_its_identity(tmp_path: Path) -> None:
    config = {"InstanceId": "i-0f00dfeed00c0ffee", "IdentityType": "EC2", "CredentialSource": "EC2"}
    environ = _agent_says(tmp_path, json.dumps(config))
    assert _asked(_CONFIG, environ, "win32") == Known(config)


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_a_damaged_file_is_no_answer(text: str, tmp_path: Path) -> None:
    assert isinstance(_asked(_CONFIG, _agent_says(tmp_path, text), "win32"), Unreachable)


def test_a_host_without_the_agent_says_so(tmp_path: Path) -> None:
    environ = {"ProgramData": str(tmp_path)}
    assert isinstance(_asked(_CONFIG, environ, "win32"), Absent)
    assert isinstance(_asked(call("host", "GetDiskSpace"), environ, "win32"), Absent)


def test_the_agents_volume_has_so_much_room(tmp_path: Path) -> None:
    environ = _agent_says(tmp_path, "{}")
    answer = _asked(call("host", "GetDiskSpace"), environ, "win32")
    assert isinstance(answer, Known)
    assert answer.data["FreeBytes"] > 0


def test_another_question_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="cannot be asked"):
        _asked(call("host", "Reboot"), {})


@pytest.mark.parametrize(
    ("platform", "path"),
    [("linux", "/var/lib/amazon/ssm"), ("darwin", "/opt/aws/ssm")],
)
def test_the_agents_files_lie_where_the_agent_puts_them(platform: str, path: str) -> None:
    assert data_folder(Place(platform, {})) == Path(path)
    assert data_folder(Place(platform, {}, Path("/mnt"))) == Path(f"/mnt{path}")
