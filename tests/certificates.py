"""Certificates made on the spot: authorities, and what servers show."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Who signs certificates."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def write(self, path: Path) -> Path:
        """The certificate as a bundle that a client may trust."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path


@dataclass(frozen=True)
class Certificate:
    """What a server shows: who signed it, for which names, and when it counts."""

    authority: Authority
    names: Sequence[str] = ("127.0.0.1",)
    since: timedelta = -_DAY
    until: timedelta = _DAY
    """Both from now."""
    common: str = ""
    """The subject's name, if it is not the first of the names."""

    def context(self, folder: Path) -> ssl.SSLContext:
        """For the server's side; the files that Python wants are written to ``folder``."""
        key = _new_key()
        names = x509.SubjectAlternativeName([_general_name(name) for name in self.names])
        now = datetime.now(timezone.utc)
        made = (
            _builder(_name(self.common or self.names[0]), self.authority.certificate.subject, key)
            .not_valid_before(now + self.since)
            .not_valid_after(now + self.until)
            .add_extension(names, critical=False)
            .sign(self.authority.key, SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = folder / f"{made.serial_number}.pem"
        chain = (made, self.authority.certificate)
        path.write_bytes(private + b"".join(c.public_bytes(Encoding.PEM) for c in chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@cache
def authority(name: str = "Amazon RSA 2048 M02", organization: str = "Amazon") -> Authority:
    """An authority of this name; the same one whenever it is asked for in this run."""
    key, subject = _new_key(), _name(name, organization)
    now = datetime.now(timezone.utc)
    made = (
        _builder(subject, subject, key)
        .not_valid_before(now - 1000 * _DAY)
        .not_valid_after(now + 1000 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    return Authority(key, made)


def inspection() -> Authority:
    """The authority of a proxy that opens what passes through it."""
    return authority("Corp Inspection CA", "Corp")


def trusting_node(root: Path) -> Path:
    """The root of a node that trusts ``authority()`` alone, by Debian's bundle."""
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    authority().write(bundle)
    return root


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    return builder.public_key(key.public_key()).serial_number(x509.random_serial_number())


def _name(common: str, organization: str = "") -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
