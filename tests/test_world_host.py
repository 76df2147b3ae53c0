"""The host as a door: the agent's own file, its volume, and the instance metadata service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ssmdiag.world.call import Absent, Answer, Known, Unreachable, call
from ssmdiag.world.host.agent_files import data_folder
from ssmdiag.world.host.door import door
from ssmdiag.world.host.place import Place

_ROLE = call("host", "GetInstanceMetadata", Path="iam/security-credentials/")
_CONFIG = call("host", "GetRuntimeConfig")


class _Metadata(BaseHTTPRequestHandler):
    """IMDSv2 as EC2 documents it: no answer without a token."""

    def do_PUT(self) -> None:
        assert self.path == "/latest/api/token"
        assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self._answer(200, "token-1")

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != "token-1":
            self._answer(401, "")
        elif self.path == "/latest/meta-data/iam/security-credentials/":
            self._answer(200, "NodeRole")
        else:
            self._answer(404, "")

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def metadata() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _asked(question: object, environ: Mapping[str, str], platform: str = "linux") -> Answer:
    return door(Place(platform, environ))(question)  # type: ignore[arg-type]


def test_the_metadata_service_tells_the_role_of_the_instance_profile(metadata: str) -> None:
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{metadata}/"}
    assert _asked(_ROLE, environ) == Known("NodeRole")


def test_an_instance_without_a_profile_has_no_role(metadata: str) -> None:
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata}
    answer = _asked(call("host", "GetInstanceMetadata", Path="iam/info"), environ)
    assert isinstance(answer, Absent)


def test_a_disabled_metadata_service_is_left_alone(metadata: str) -> None:
    environ = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
        "AWS_EC2_METADATA_DISABLED": "True",
    }
    assert _asked(_ROLE, environ) == Unreachable("AWS_EC2_METADATA_DISABLED is set")


def test_a_metadata_service_that_is_not_there_is_no_answer() -> None:
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}
    assert isinstance(_asked(_ROLE, environ), Unreachable)


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
