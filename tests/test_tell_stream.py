"""Standard output: at once, whole, and with an end that the program can tell from a fault."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import pytest

from ssmdiag.tell.cloudwatch import EmfSink
from ssmdiag.tell.sink import SinkClosedError, SinkError
from ssmdiag.tell.stream import StreamSink
from tests.test_tell_message import news


def test_text_is_a_headline_and_what_is_to_be_said() -> None:
    out = io.StringIO()
    StreamSink(out).send(news())
    StreamSink(out).send(news(kind="resolved", priority="info", text=""))
    assert out.getvalue() == (
        "2024-03-05T07:08:09Z warning appeared: The role may not use the key\n"
        "NodeRole is not allowed kms:Decrypt.\n"
        "Grant it.\n"
        "\n"
        "2024-03-05T07:08:09Z info resolved: The role may not use the key\n"
    )


def test_text_drives_no_terminal() -> None:
    out = io.StringIO()
    StreamSink(out).send(news(subject="a\nb\x1b[2J", text="\x1b]0;owned\x07"))
    assert out.getvalue() == (
        "2024-03-05T07:08:09Z warning appeared: a b\\x1b[2J\n\\x1b]0;owned\\x07\n\n"
    )


def test_a_terminal_without_unicode_gets_escapes() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    StreamSink(out).send(news(text="Schlüssel → Rolle"))
    assert b"Schl\\xfcssel \\u2192 Rolle\n" in raw.getvalue()


def test_json_is_one_document_a_line() -> None:
    out = io.StringIO()
    sink = StreamSink(out, "json")
    documents = [{"text": "a\nb\u2028c\x1b"}, news().document]
    for document in documents:
        sink.send(news(document=document))
    written = out.getvalue().splitlines()
    assert [json.loads(each) for each in written] == documents


def test_every_line_can_be_read_at_once() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as source, os.fdopen(writing, "w") as out:
        StreamSink(out, "json").send(news(document={"a": 1}))
        assert source.read(100) == b'{"a": 1}\n'


def test_a_reader_that_has_gone_is_told_apart_from_other_faults() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "w")
    for sink in (StreamSink(out, "json"), StreamSink(out), EmfSink(out)):
        with pytest.raises(SinkClosedError, match="closed by its reader"):
            sink.send(news())
    with contextlib.suppress(BrokenPipeError):
        out.close()
    with pytest.raises(SinkClosedError, match="closed by this program"):
        StreamSink(out).send(news())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_stream_is_said() -> None:
    out = Path("/dev/full").open("w")  # noqa: SIM115 - to close it fails too
    with pytest.raises(SinkError, match="cannot be written: No space left on device") as error:
        StreamSink(out).send(news())
    assert not isinstance(error.value, SinkClosedError)
    with contextlib.suppress(OSError):
        out.close()


def test_the_embedded_metric_format_is_one_line_with_its_own_description() -> None:
    out = io.StringIO()
    EmfSink(out, dimensions={"InstanceId": "i-0f00ba4c0ffee1234", "Empty": ""}).send(news())
    assert out.getvalue().endswith("\n")
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue()) == {
        "_aws": {
            "Timestamp": 1709622489123,
            "CloudWatchMetrics": [
                {
                    "Namespace": "SsmDiag",
                    "Dimensions": [["InstanceId", "Kind", "Priority"]],
                    "Metrics": [{"Name": "News", "Unit": "Count"}],
                },
                {
                    "Namespace": "SsmDiag",
                    "Dimensions": [["InstanceId"]],
                    "Metrics": [{"Name": "OpenCauses", "Unit": "Count"}],
                },
            ],
        },
        "Id": "kms/denied-1",
        "Subject": "The role may not use the key",
        "InstanceId": "i-0f00ba4c0ffee1234",
        "Kind": "appeared",
        "Priority": "warning",
        "News": 1,
        "OpenCauses": 2,
    }


def test_open_causes_are_not_measured_where_the_document_does_not_tell_them() -> None:
    out = io.StringIO()
    EmfSink(out).send(news(document={}))
    written = json.loads(out.getvalue())
    assert "OpenCauses" not in written
    assert [m["Metrics"][0]["Name"] for m in written["_aws"]["CloudWatchMetrics"]] == ["News"]
