"""One TLS handshake: whether the other side is trusted, why not, and who signed.

Source: OpenSSL's ``x509_vfy.h`` (the numbers of its verdicts); RFC 5280 (what a certificate says).
"""

from __future__ import annotations

import socket
import ssl
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional, Union

from ssmdiag.world.host.dialling import Failure, failure

if TYPE_CHECKING:
    from cryptography import x509

_KINDS = {9: "not-yet-valid", 10: "expired", 62: "wrong-name", 64: "wrong-name"}


def handshake(
    connection: socket.socket, host: str, context: ssl.SSLContext, seconds: float
) -> Union[ssl.SSLSocket, Failure]:
    """Speak TLS over a connection, which is handed over: on a failure it is closed.

    ``untrusted``, ``expired``, ``not-yet-valid`` and ``wrong-name`` are the context's verdicts on
    the certificate; other kinds mean that there was no handshake.
    """
    try:
        secured = context.wrap_socket(
            connection, server_hostname=host, do_handshake_on_connect=False
        )
    except (OSError, ValueError) as error:
        connection.close()
        return failure(error)
    try:
        secured.settimeout(seconds)
        secured.do_handshake()
    except ssl.SSLCertVerificationError as error:
        secured.close()
        return Failure(_KINDS.get(error.verify_code, "untrusted"), error.verify_message)
    except (OSError, ValueError) as error:
        secured.close()
        return failure(error)
    return secured


def looking() -> ssl.SSLContext:
    """A context that verifies nothing: to look at a certificate that is not trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def described(secured: ssl.SSLSocket, trusted: Optional[bool]) -> dict[str, Any]:
    """What the certificate of the other side says, as JSON values; null for what is not legible."""
    told: dict[str, Any] = {
        "Version": secured.version(),
        "Trusted": trusted,
        "Subject": None,
        "Issuer": None,
        "NotBefore": None,
        "NotAfter": None,
        "Names": [],
        "Chain": [],
    }
    from cryptography import x509

    try:
        chain = [x509.load_der_x509_certificate(raw) for raw in _presented(secured)]
        told["Chain"] = [{"Subject": _name(c.subject), "Issuer": _name(c.issuer)} for c in chain]
        leaf = chain[0]
        told.update(told["Chain"][0])
        told["NotBefore"] = _time(leaf.not_valid_before_utc)
        told["NotAfter"] = _time(leaf.not_valid_after_utc)
        told["Names"] = _names(leaf)
    except (
        ValueError,
        IndexError,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ):
        # Written by somebody else: whatever could be read of it stands.
        pass
    return told


def _presented(secured: ssl.SSLSocket) -> list[bytes]:
    """The certificates that were sent, the leaf first; older Pythons tell of the leaf alone."""
    whole = getattr(secured, "get_unverified_chain", None)
    leaf = secured.getpeercert(binary_form=True)
    return list(whole()) if whole else [leaf] if leaf else []


def _name(name: x509.Name) -> str:
    return ", ".join(part.rfc4514_string() for part in reversed(name.rdns))


def _time(moment: datetime) -> str:
    return moment.isoformat()


def _names(leaf: x509.Certificate) -> list[str]:
    from cryptography import x509

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *map(str, addresses)]
