"""Whom the agent trusts: the node's certificate authorities, and its own bundle.

Sources: agent source ``agent/network/tlsconfig*.go``, ``certreader_unix.go`` and
``agent/appconfig/constants_unix.go`` (the bundle of an agent in container mode); Go's
``crypto/x509``, ``root_unix.go`` and ``root_linux.go`` (where it looks for authorities).
"""

from __future__ import annotations

import contextlib
import json
import ssl
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from ssmdiag.world.host.place import Place, once, text_of
from ssmdiag.world.host.processes import agent_environment, agent_processes
from ssmdiag.world.host.unit_environment import service_environment

# The first that exists is read: Debian, Fedora, openSUSE, OpenELEC, RHEL, Alpine.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# And whatever lies in these: unlike OpenSSL, Go needs no hashed names there.
_FOLDERS = "/etc/ssl/certs:/etc/pki/tls/certs"
# The system's own authorities; those that an administrator added stand in the keychain alone.
_OF_MACOS = Path("/etc/ssl/cert.pem")
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

# Go trusts what is in the bundle, be it a root or not. Python has a name for it since 3.10.
_PARTIAL_CHAIN = 0x80000


@once
def trusting(place: Place) -> ssl.SSLContext:
    """A context that verifies as the agent does.

    Not ``ssl.create_default_context``: its strict checks (since Python 3.13) refuse certificates of
    inspection proxies that the agent accepts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.verify_flags |= _PARTIAL_CHAIN
    files = list(_authorities(place)) if place.platform == "linux" else [_OF_MACOS]
    if place.platform != "linux" or (not files and not place.here):
        context.load_default_certs()
    for file in [*files, *_own_bundles(place)]:
        # A file that is no certificate is passed over, as the agent does.
        with contextlib.suppress(OSError, ValueError):
            context.load_verify_locations(cafile=file)
    return context


def sees_all(place: Place) -> bool:
    """Does ``trusting`` know every authority that the agent trusts? Not those of a keychain."""
    return place.platform != "darwin"


def _authorities(place: Place) -> Iterator[Path]:
    environ = _environ(place)
    file = environ.get("SSL_CERT_FILE")
    bundles = map(place.path, [file] if file else _BUNDLES)
    bundle = next((path for path in bundles if path.is_file()), None)
    held = ""
    if bundle is not None:
        yield bundle
        held = text_of(bundle)
    for folder in (environ.get("SSL_CERT_DIR") or _FOLDERS).split(":"):
        yield from _loose(place.path(folder), held)


def _environ(place: Place) -> Mapping[str, str]:
    """The running agent's variables; else its service's; else, if silent, this program's."""
    running = agent_environment(place)
    if running is not None:
        return running.variables
    service = {s.name: s.value for s in service_environment(place) if s.name in _VARIABLES}
    return service or place.environ


def _loose(folder: Path, held: str) -> Iterator[Path]:
    """Certificates of a folder that the bundle does not hold already."""
    with contextlib.suppress(OSError):
        for file in sorted(folder.iterdir()):
            text = text_of(file).strip()
            if "BEGIN CERTIFICATE" in text and text not in held:
                yield file


def _own_bundles(place: Place) -> Iterator[Path]:
    """``certs/amazon-ssm-agent.crt`` beside relocated programs of an agent in container mode."""
    if place.platform != "linux":
        return
    for folder in sorted({p.folder for p in agent_processes(place) if p.folder.startswith("/")}):
        bundle = place.path(f"{folder}/certs/amazon-ssm-agent.crt")
        config = place.path(f"{folder}/configuration/amazon-ssm-agent.json")
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            settings = json.loads(config.read_text(encoding="utf-8"))
            if settings["Agent"]["ContainerMode"] is True and _is_sealed(bundle):
                yield bundle


def _is_sealed(bundle: Path) -> bool:
    """The agent reads its bundle only if it and its folder are root's, and only root may read."""
    file, folder = bundle.stat(), bundle.parent.stat()
    owners = {file.st_uid, file.st_gid, folder.st_uid, folder.st_gid}
    return stat.S_ISREG(file.st_mode) and stat.S_IMODE(file.st_mode) == 0o400 and owners == {0}
