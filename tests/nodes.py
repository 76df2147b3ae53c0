"""A node of a test's own: a healthy folder tree, its instance metadata and its network on loopback.

Its agent goes out through a proxy, which leads each endpoint's name to a server of the test, so
that no name is looked up outside.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from tests.certificates import Certificate, authority, trusting_node
from tests.loopback import Page, forwarding, listening, speaking
from tests.metadata_service import Metadata, metadata_service

HEALTHY = Path(__file__).parent / "fixtures" / "hosts" / "healthy-ec2"
SERVICES = ("ssm", "ssmmessages", "ec2messages", "logs", "kms", "s3", "sts")


@dataclass(frozen=True)
class Node:
    """Where a node's files are, and how its instance metadata is reached."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def rewrite(self, path: str, text: str) -> None:
        """Give one of its files another content."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text, encoding="utf-8")


@contextmanager
def node(
    folder: Path,
    instance: str,
    role: Optional[str],
    region: str = "us-east-1",
    page: Optional[Page] = None,
    dead: frozenset[str] = frozenset(),
) -> Iterator[Node]:
    """A healthy node with an instance profile; the endpoints of ``dead`` services are nowhere."""
    root = folder / "node"
    shutil.copytree(HEALTHY, root, symlinks=True)
    names = [f"{service}.{region}.amazonaws.com" for service in SERVICES if service not in dead]
    with ExitStack() as servers:
        certificate = Certificate(authority(), names)
        port = servers.enter_context(listening(speaking(certificate, folder, page or Page())))
        proxy = servers.enter_context(listening(forwarding(dict.fromkeys(names, port))))
        service = Metadata(role=role, profile=role and "Nodes", instance=instance, region=region)
        metadata = servers.enter_context(metadata_service(service))
        made = Node(
            root,
            {
                "AWS_EC2_METADATA_DISABLED": "false",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
            },
        )
        trusting_node(root)
        environ = {"PATH": "/usr/bin", "https_proxy": f"http://127.0.0.1:{proxy}"}
        environ["no_proxy"] = "169.254.169.254"
        text = "".join(f"{name}={value}\0" for name, value in environ.items())
        for process in ("812", "845"):
            made.rewrite(f"proc/{process}/environ", text)
        config = root / "var/lib/amazon/ssm/runtimeconfig/identity_config.json"
        known = json.loads(config.read_text("utf-8"))
        made.rewrite(str(config.relative_to(root)), json.dumps({**known, "InstanceId": instance}))
        yield made
