"""Syslog and journald: the datagrams as daemons get them, and hostile text in them."""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given

from ssmdiag.tell.journald import MESSAGE_IDS, JournaldSink, entry
from ssmdiag.tell.message import KINDS, PRIORITIES
from ssmdiag.tell.sink import SinkError
from ssmdiag.tell.syslog import SyslogSink, classic, rfc5424
from tests.test_tell_message import HOSTILE, SOME, news

_DOCUMENT = b'{"id": "kms/denied-1", "open_causes": 2, "findings": [{"said": "Schl\\u00fcssel"}]}'


class Daemon:
    """A socket as a log daemon has it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(1)

    def got(self) -> bytes:
        return self.socket.recv(1 << 20)


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    # A socket's path has 108 bytes at most (unix(7)), and a test's folder may have more.
    monkeypatch.chdir(tmp_path)
    listening = Daemon(Path())
    yield listening
    listening.socket.close()


def test_the_classic_datagram_is_that_of_the_c_library(daemon: Daemon) -> None:
    zone = timezone(timedelta(hours=-7))
    SyslogSink(path=daemon.path, zone=zone).send(news())
    assert daemon.got() == (
        f"<28>Mar  5 00:08:09 ssmdiag[{os.getpid()}]: appeared: The role may not use the key"
        " (kms/denied-1) | NodeRole is not allowed kms:Decrypt. | Grant it."
    ).encode("ascii")


def test_the_datagram_of_rfc_5424(daemon: Daemon) -> None:
    SyslogSink("rfc5424", daemon.path, host="node 7.example").send(
        news(kind="resolved", text="Schlüssel")
    )
    assert (
        daemon.got()
        == (
            f"<28>1 2024-03-05T07:08:09.123456Z node-7.example ssmdiag {os.getpid()} resolved -"
            " resolved: The role may not use the key (kms/denied-1) | Schlüssel"
        ).encode()
    )


def test_the_host_names_itself(daemon: Daemon) -> None:
    SyslogSink("rfc5424", daemon.path).send(news())
    assert daemon.got().split()[2] == socket.gethostname().encode("ascii")


def test_priorities_are_severities_of_facility_daemon() -> None:
    heads = [classic(news(priority=p), 1).split(b">")[0] for p in PRIORITIES]
    assert heads == [b"<26", b"<27", b"<28", b"<29", b"<30"]


@SOME
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_ends_a_line_or_hides_one(subject: str, text: str, name: str) -> None:
    message = news(subject=subject, text=text, id=name)
    for data in (classic(message, 7), rfc5424(message, 7, name)):
        assert data.decode("utf-8").isprintable()
        assert data.count(b"ssmdiag") >= 1
    head = rfc5424(message, 7, name).split(b" ")
    assert head[0] == b"<28>1"
    assert head[3:7] == [b"ssmdiag", b"7", b"appeared", b"-"]


def test_a_forged_record_in_a_message_stays_a_part_of_it() -> None:
    forged = "ok\n<26>Jan  1 00:00:00 sshd[1]: Accepted\0\x1b[2K"
    assert classic(news(text=forged, subject="s", id="i"), 7, timezone.utc) == (
        b"<28>Mar  5 07:08:09 ssmdiag[7]: appeared: s (i)"
        b" | ok | <26>Jan 1 00:00:00 sshd[1]: Accepted\\x00\\x1b[2K"
    )


def test_a_long_message_is_cut_to_what_daemons_take() -> None:
    data = classic(news(text="é" * 10_000), 7)
    assert 8190 <= len(data) <= 8192
    assert data.decode("utf-8").endswith("é...")


def test_a_subject_that_the_text_begins_with_is_told_once() -> None:
    data = classic(news(subject="a  b", text="a b\nc", id="i"), 7)
    assert data.endswith(b": appeared: a b (i) | c")


def test_the_journal_entry_has_fields_of_its_own(daemon: Daemon) -> None:
    JournaldSink(daemon.path).send(news())
    text = b"The role may not use the key\nNodeRole is not allowed kms:Decrypt.\nGrant it."
    assert daemon.got() == (
        b"MESSAGE\n" + bytes([len(text), 0, 0, 0, 0, 0, 0, 0]) + text + b"\n"
        b"MESSAGE_ID=4fa35ed7e3e14b14beaff47a47178eb0\n"
        b"PRIORITY=4\n"
        b"SYSLOG_FACILITY=3\n"
        b"SYSLOG_IDENTIFIER=ssmdiag\n"
        b"SSMDIAG_ID=kms/denied-1\n"
        b"SSMDIAG_KIND=appeared\n"
        b"SSMDIAG_PRIORITY=warning\n"
        b"SSMDIAG_SUBJECT=The role may not use the key\n"
        b"SSMDIAG_TIME=2024-03-05T07:08:09.123456+00:00\n"
        b"SSMDIAG_DOCUMENT=" + _DOCUMENT + b"\n"
    )


def test_every_kind_has_a_message_id_of_its_own() -> None:
    assert set(MESSAGE_IDS) == set(KINDS)
    assert len(set(MESSAGE_IDS.values())) == len(KINDS)
    assert all(len(each) == 32 and int(each, 16) for each in MESSAGE_IDS.values())


def _fields(data: bytes) -> list[tuple[bytes, bytes]]:
    """A reader of journald's protocol, as its description has it."""
    fields = []
    while data:
        end = data.index(b"\n")
        name, equals, value = data[:end].partition(b"=")
        data = data[end + 1 :]
        if not equals:
            length = int.from_bytes(data[:8], "little")
            value, data = data[8 : 8 + length], data[8 + length :]
            assert data[:1] == b"\n"
            data = data[1:]
        fields.append((name, value))
    return fields


@SOME
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_adds_a_field_to_the_journal_entry(subject: str, text: str, name: str) -> None:
    message = news(subject=subject, text=text, id=name, document={subject: text})
    fields = _fields(entry(message))
    assert [n for n, _ in fields] == [n for n, _ in _fields(entry(news()))]
    assert all(char == "\n" or char.isprintable() for _, v in fields for char in v.decode("utf-8"))
    assert json.loads(dict(fields)[b"SSMDIAG_DOCUMENT"]) == message.document


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs memfd_create(2)")
def test_an_entry_that_no_datagram_holds_comes_as_a_sealed_file(daemon: Daemon) -> None:
    import fcntl

    message = news(document={"text": "x" * 1_000_000})
    JournaldSink(daemon.path).send(message)
    data, ancillary, _, _ = daemon.socket.recvmsg(100, 100)
    handles = array.array("i", ancillary[0][2])
    assert (data, len(handles)) == (b"", 1)
    with os.fdopen(handles[0], "rb") as file:
        assert fcntl.fcntl(file, fcntl.F_GET_SEALS) == 0b1111
        file.seek(0)
        assert file.read() == entry(message)


def test_where_there_are_no_sealed_files_an_entry_is_cut(daemon: Daemon) -> None:
    message = news(document={"text": "x" * 1_000_000}, text="y" * 1_000_000)
    JournaldSink(daemon.path, memfd=None).send(message)
    fields = dict(_fields(daemon.got()))
    assert json.loads(fields[b"SSMDIAG_DOCUMENT"])["id"] == message.id
    assert len(fields[b"MESSAGE"]) < 101_000


@pytest.mark.parametrize("make", [SyslogSink, JournaldSink])
def test_a_daemon_that_is_not_there_is_said(make: type, tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"cannot be written: No such file .*; see whether .* runs"):
        make(path=tmp_path / "log").send(news())


def test_a_daemon_that_starts_again_is_found_again(daemon: Daemon) -> None:
    sink = SyslogSink(path=daemon.path)
    sink.send(news())
    daemon.socket.close()
    with pytest.raises(SinkError, match="Connection refused"):
        sink.send(news())
    daemon.path.unlink()
    again = Daemon(daemon.path.parent)
    sink.send(news())
    assert b"ssmdiag" in again.got()
    again.socket.close()
