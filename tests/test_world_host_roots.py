"""Whom the agent trusts: the node's bundle, what lies beside it, what its service says, its own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import pytest

from ssmdiag.world.call import Known
from ssmdiag.world.host.endpoint import probe
from ssmdiag.world.host.place import Place
from tests.certificates import Certificate, inspection, trusting_node
from tests.loopback import https


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return trusting_node(tmp_path / "node")


def _told(node: Path, port: int, platform: str = "linux", **environ: str) -> Mapping[str, Any]:
    answer = probe(Place(platform, environ, node), "127.0.0.1", port)
    assert isinstance(answer, Known)
    told: Mapping[str, Any] = answer.data
    return told


def test_an_authority_put_beside_the_bundle_is_trusted_without_a_hashed_name(
    node: Path, tmp_path: Path
) -> None:
    inspection().write(node / "etc/ssl/certs/corp.crt")
    (node / "etc/ssl/certs/README").write_text("not a certificate")
    (node / "etc/ssl/certs/broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    with https(Certificate(inspection()), tmp_path) as port:
        told = _told(node, port)
    assert told["Stage"] == "done"
    assert told["Tls"]["Issuer"] == "CN=Corp Inspection CA, O=Corp"


def _run_agent(node: Path, program: str, *environ: str) -> None:
    process = node / "proc/812"
    process.mkdir(parents=True, exist_ok=True)
    (process / "cmdline").write_bytes(f"{program}\0".encode())
    (process / "status").write_text("Uid:\t0\t0\t0\t0\n")
    (process / "stat").write_text("812 (amazon-ssm-agen) S 1")
    (process / "environ").write_bytes("".join(f"{entry}\0" for entry in environ).encode())


def test_the_service_may_name_another_bundle(node: Path, tmp_path: Path) -> None:
    """What this program's own environment says counts only where the agent's is not known."""
    inspection().write(node / "corp.pem")
    with https(Certificate(inspection()), tmp_path) as port:
        assert _told(node, port)["Kind"] == "untrusted"
        ours = _told(node, port, SSL_CERT_FILE="/corp.pem")
        _run_agent(node, "/usr/bin/amazon-ssm-agent", "LANG=C")
        without = _told(node, port, SSL_CERT_FILE="/corp.pem")
        _run_agent(node, "/usr/bin/amazon-ssm-agent", "LANG=C", "SSL_CERT_FILE=/corp.pem")
        agents = _told(node, port)
    assert (ours["Kind"], without["Kind"], agents["Kind"]) == (None, "untrusted", None)


@pytest.mark.skipif(os.getuid() != 0, reason="the agent's own bundle counts if it is root's")
@pytest.mark.parametrize(
    ("mode", "content", "kind"),
    [
        (0o400, {"Agent": {"ContainerMode": True}}, None),
        (0o644, {"Agent": {"ContainerMode": True}}, "untrusted"),
        (0o400, {"Agent": {}}, "untrusted"),
    ],
)
def test_an_agent_in_a_container_has_its_own_bundle(
    mode: int, content: object, kind: Optional[str], node: Path, tmp_path: Path
) -> None:
    folder = node / "ecs-execute-command-1"
    for name in ("certs", "configuration"):
        (folder / name).mkdir(parents=True)
    inspection().write(folder / "certs/amazon-ssm-agent.crt").chmod(mode)
    (folder / "configuration/amazon-ssm-agent.json").write_text(json.dumps(content))
    _run_agent(node, "/ecs-execute-command-1/amazon-ssm-agent")
    with https(Certificate(inspection()), tmp_path) as port:
        assert _told(node, port)["Kind"] == kind


def test_a_keychain_is_not_read_so_an_unknown_signer_is_not_known_to_be_untrusted(
    node: Path, tmp_path: Path
) -> None:
    with https(Certificate(inspection()), tmp_path) as port:
        told = _told(node, port, "darwin")
    assert (told["Stage"], told["Kind"]) == ("done", None)
    assert told["Tls"]["Trusted"] is None
    assert told["Http"]["Status"] == 404
