"""The archive for a ticket: what goes in comes out, and what comes from elsewhere does no harm."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from ssmdiag.wiring.archive import LOG, SNAPSHOT, ArchiveError, is_archive, member, pack

MEMBERS = {SNAPSHOT: b"{}\n", LOG: "2026-11-20 14:22:07 ERROR größer\n".encode()}


def test_what_is_packed_is_found_again_by_its_name() -> None:
    packed = pack(MEMBERS)
    assert is_archive(packed)
    assert {name: member(packed, name) for name in MEMBERS} == MEMBERS


def test_equal_members_give_equal_bytes() -> None:
    assert pack(MEMBERS) == pack(dict(MEMBERS))


def test_json_is_no_archive() -> None:
    assert not is_archive(b'{"schema": "ssmdiag.snapshot/1"}')


def _tar(*infos: tarfile.TarInfo) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for info in infos:
            archive.addfile(info)
    return gzip.compress(whole.getvalue())


def _link(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/shadow"
    return info


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (_tar(tarfile.TarInfo("../" + LOG)), f"holds no {LOG}"),
        (_tar(_link(LOG)), f"holds no {LOG}"),
        (gzip.compress(b"not a tar file"), "cannot be unpacked"),
        (pack(MEMBERS)[:-20], "cannot be unpacked"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
    ],
    ids=["path", "link", "no tar", "cut off", "no gzip"],
)
def test_what_is_no_bundle_is_said_in_one_line(raw: bytes, complaint: str) -> None:
    with pytest.raises(ArchiveError, match=complaint):
        member(raw, "report.txt" if raw == pack(MEMBERS)[:-20] else LOG)
