"""The archive for a ticket: a gzipped tar file whose members have fixed names.

It may come from anywhere, so nothing is unpacked to disk, only plain files of known names are read,
and none beyond a size that no log of an agent reaches.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping

SNAPSHOT = "snapshot.json"
LOG = "amazon-ssm-agent.log"

_GZIP = b"\x1f\x8b"
_MOST = 512 << 20


class ArchiveError(ValueError):
    """The bytes are no archive of ours; the message says why in one line."""


def is_archive(raw: bytes) -> bool:
    """Do these bytes look like an archive, rather than like JSON?"""
    return raw.startswith(_GZIP)


def pack(members: Mapping[str, bytes]) -> bytes:
    """The archive of these members; equal members give equal bytes."""
    whole = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=whole, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o600
            archive.addfile(info, io.BytesIO(content))
    return whole.getvalue()


def member(raw: bytes, name: str) -> bytes:
    """The content of one member. Raises ArchiveError, also if anything else of it is damaged."""
    found = None
    try:
        with (
            gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed,
            tarfile.open(fileobj=packed, mode="r|") as archive,
        ):
            for info in archive:
                if info.size > _MOST or packed.tell() > 2 * _MOST:
                    raise ArchiveError(f"its {info.name!r} is larger than any log of an agent")
                file = archive.extractfile(info) if info.isreg() and info.name == name else None
                if file is not None:
                    found = file.read()
            # Whether all of it is as it was packed is seen by its sum, at the very end.
            while packed.tell() <= 2 * _MOST and packed.read(1 << 20):
                continue
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ArchiveError(f"it cannot be unpacked: {error}") from None
    if found is None:
        raise ArchiveError(f"it holds no {name}: it is no bundle of ssmdiag")
    return found
