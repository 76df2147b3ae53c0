"""A node's files in, what the door tells of its operating system out.

Every file of ``fixtures/hosts-local`` is one node: its files, links and modes, and what it answers.
Add a file to add a test.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.world.call import Absent, Answer, Known, Unreachable, call
from ssmdiag.world.host.disk import measured
from ssmdiag.world.host.door import door
from ssmdiag.world.host.place import Place

NODES: dict[str, Any] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "fixtures" / "hosts-local").glob("*.json"))
}
ASKS = [(name, ask) for name, node in NODES.items() for ask in node["asks"]]


@pytest.mark.parametrize(
    ("name", "ask"), ASKS, ids=[f"{n}-{a['operation']}-{i}" for i, (n, a) in enumerate(ASKS)]
)
def test_a_node_tells_of_its_operating_system(
    name: str, ask: dict[str, Any], tmp_path: Path
) -> None:
    node = NODES[name]
    _plant(tmp_path, node)
    answer = _asked(tmp_path, ask, node.get("platform", "linux"))
    if "known" in ask:
        assert answer == Known(ask["known"]), ask.get("why")
    else:
        kind = Absent if "absent" in ask else Unreachable
        assert isinstance(answer, kind)
        assert str(ask.get("absent") or ask["unreachable"]) in answer.why


def test_no_secret_of_the_agents_environment_is_told(tmp_path: Path) -> None:
    node = NODES["redhat"]
    _plant(tmp_path, node)
    assert "never-told" in node["files"]["/proc/812/environ"]
    told = [str(_asked(tmp_path, ask)) for ask in node["asks"]]
    assert not any("never-told" in text for text in told)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no statvfs")
@pytest.mark.parametrize(
    ("volume", "told"),
    [
        # 5 % are kept back for root, which the agent is: that is room as well.
        ({"f_bfree": 512, "f_bavail": 0}, {"FreeBytes": 512 * 4096}),
        ({"f_files": 0, "f_ffree": 0}, {"FreeFiles": None}),
        ({"f_files": 9000, "f_ffree": 0}, {"FreeFiles": 0}),
        ({"f_flag": 0}, {"ReadOnly": False}),
        ({"f_flag": getattr(os, "ST_RDONLY", 1)}, {"ReadOnly": True}),
    ],
)
def test_a_volume_is_measured_for_root(volume: Mapping[str, int], told: dict[str, Any]) -> None:
    names = "bsize frsize blocks bfree bavail files ffree favail flag namemax"
    usual = dict.fromkeys((f"f_{n}" for n in names.split()), 1000)
    fields = {**usual, "f_frsize": 4096, "f_flag": 0, **volume}
    assert told.items() <= measured(os.statvfs_result(tuple(fields.values()))).items()


@pytest.mark.skipif(not Path("/proc/sys/fs/inotify").exists(), reason="only Linux has inotify")
def test_this_machine_has_limits_and_root_gets_what_it_tries() -> None:
    answer = door(Place("linux", {}))(call("host", "GetLimits"))
    assert isinstance(answer, Known)
    instances = answer.data["InotifyInstances"]
    assert instances["Limit"] > 0
    assert instances["Free"] in ((True, False) if os.geteuid() == 0 else (None,))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "printf 'NFSHomeDirectory:\\n /Users/ssm user\\nPrimaryGroupID: 20\\nUniqueID: 502\\n"
            "UserShell: /usr/bin/false\\n'",
            {"Exists": True, "Uid": 502, "Gid": 20, "Shell": "/usr/bin/false"},
        ),
        (
            "echo '<dscl_cmd> DS Error: -14136 (eDSRecordNotFound)' >&2; exit 56",
            {"Exists": False, "Uid": None},
        ),
    ],
)
def test_a_macs_users_are_told_by_its_directory(
    script: str, told: dict[str, Any], tmp_path: Path
) -> None:
    program = tmp_path / "dscl"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    question = call("host", "GetSessionUser", Name="ssm-user")
    answer = door(Place("darwin", {"PATH": str(tmp_path)}))(question)
    assert isinstance(answer, Known)
    assert told.items() <= answer.data.items()


@given(text=st.text(max_size=200) | st.sampled_from(["0::/../..", "Max open files  0", "a:b:c"]))
@settings(max_examples=25)
def test_files_of_any_content_are_answered(text: str) -> None:
    node = json.loads(json.dumps(NODES["ubuntu"]))
    for path in node["files"]:
        if not path.endswith("cmdline"):
            node["files"][path] = text
    with tempfile.TemporaryDirectory() as folder:
        _plant(Path(folder), node)
        for ask in node["asks"]:
            assert isinstance(_asked(Path(folder), ask), (Known, Absent, Unreachable))


def _asked(root: Path, ask: Mapping[str, Any], platform: str = "linux") -> Answer:
    place = Place(platform, {"ProgramData": str(root)}, root)
    return door(place)(call("host", ask["operation"], **ask.get("parameters", {})))


def _plant(root: Path, node: Mapping[str, Any]) -> None:
    for name, text in node.get("files", {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for name, target in node.get("links", {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    for name, mode in node.get("modes", {}).items():
        (root / name.lstrip("/")).chmod(stat.S_IMODE(int(mode, 8)))
