"""Where to tell, as it is typed: every form is understood, every mistake is answered in words."""

from __future__ import annotations

import io
import shlex
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.tell.address import Address, parse
from ssmdiag.tell.cloudwatch import EmfSink, MetricsSink
from ssmdiag.tell.command import CommandSink
from ssmdiag.tell.eventbridge import EventBridgeSink
from ssmdiag.tell.file import FileSink
from ssmdiag.tell.journald import JournaldSink
from ssmdiag.tell.sink import Sink
from ssmdiag.tell.sns import SnsSink
from ssmdiag.tell.stream import StreamSink
from ssmdiag.tell.syslog import SyslogSink
from ssmdiag.tell.windows_event import EventLogSink
from ssmdiag.world.asking import nothing
from tests.test_tell_message import SOME

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
BUS = "arn:aws-cn:events:cn-north-1:123456789012:event-bus/ops"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("stdout", Address("stdout")),
        ("stdout:json", Address("stdout", "json")),
        ("file:/var/log/news.jsonl", Address("file", "/var/log/news.jsonl")),
        (r"file:C:\logs\a b.jsonl", Address("file", r"C:\logs\a b.jsonl")),
        ("syslog", Address("syslog")),
        ("syslog:rfc5424", Address("syslog", "rfc5424")),
        ("journald", Address("journald")),
        ("eventlog", Address("eventlog")),
        (f"sns:{TOPIC}", Address("sns", TOPIC)),
        (f"sns:{TOPIC}.fifo", Address("sns", f"{TOPIC}.fifo")),
        ("eventbridge", Address("eventbridge")),
        ("eventbridge:ops", Address("eventbridge", "ops")),
        (f"eventbridge:{BUS}", Address("eventbridge", BUS)),
        ("metrics", Address("metrics")),
        ("metrics:Fleet/Ssm Diag", Address("metrics", "Fleet/Ssm Diag")),
        ("emf", Address("emf")),
        (
            "exec:/usr/bin/notify --title 'a b' $HOME",
            Address("exec", words=("/usr/bin/notify", "--title", "a b", "$HOME")),
        ),
    ],
)
def test_every_form_is_understood(text: str, address: Address) -> None:
    assert parse(text) == address
    assert parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is stdout, file, syslog"),
        ("systemd", "'systemd' is no place to tell: there is "),
        ("sylog", "'sylog' is no place to tell: there is syslog"),
        ("https://example.com/hook", "'https://example.com/hook' is no place to tell"),
        ("stdout:xml", "it must be stdout or stdout:json"),
        ("stdout:", "it must be stdout or stdout:json"),
        ("file", "it must be file: and a path"),
        ("file:", "it must be file: and a path"),
        ("file:a\0b", "it must be file: and a path"),
        ("journald:x", "it must be journald alone"),
        ("eventlog:x", "it must be eventlog alone"),
        ("emf:x", "it must be emf alone"),
        ("sns", "it must be sns: and the ARN of a topic"),
        ("sns:alarms", "it must be sns: and the ARN of a topic"),
        ("sns:arn:aws:sqs:eu-central-1:123456789012:alarms", "the ARN of a topic"),
        (f"sns:{TOPIC}\n", "the ARN of a topic"),
        ("eventbridge:a b", "the name or the ARN of an event bus"),
        ("metrics:AWS/EC2", "that is not one of AWS/"),
        ("metrics::x", "metrics: and a namespace"),
        ("exec", "it must be exec: and a command"),
        ("exec:", "it must be exec: and a command"),
        ("exec:   ", "it must be exec: and a command"),
        ("exec:'' x", "it must be exec: and a command"),
        ("exec:notify 'open", "no closing quotation"),
        ("exec:notify \\", "no escaped character"),
        ("x" * 500, "xxx... is no place to tell"),
    ],
)
def test_a_mistake_is_answered_with_what_is_right(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"is no place to tell: .+") as error:
        parse(text)
    assert said in str(error.value)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 350


@SOME
@given(st.text())
def test_no_text_fails_otherwise_than_in_words(text: str) -> None:
    for scheme in ("", "exec:", "file:", "sns:", "metrics:", "eventbridge:", "stdout"):
        address = _parsed(scheme + text)
        assert address is None or parse(str(address)) == address


def _parsed(text: str) -> Optional[Address]:
    try:
        return parse(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"^[ -~]+ is no place to tell: [ -~]+$"):
            parse(text)
        return None


@SOME
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1))
def test_words_of_a_command_come_back_as_they_were_quoted(words: list[str]) -> None:
    if words[0]:
        assert parse(f"exec:{shlex.join(words)}").words == tuple(words)


def test_a_sink_is_called_as_it_was_typed() -> None:
    write, out = nothing(""), io.StringIO()
    sinks: list[Sink] = [
        StreamSink(out),
        StreamSink(out, "json"),
        FileSink(Path("/var/log/news.jsonl")),
        SyslogSink(),
        SyslogSink("rfc5424"),
        JournaldSink(),
        EventLogSink(),
        SnsSink(TOPIC, write),
        EventBridgeSink(write),
        EventBridgeSink(write, "ops"),
        MetricsSink(write),
        MetricsSink(write, "Fleet"),
        EmfSink(out),
        CommandSink(("/usr/bin/notify", "a b")),
    ]
    assert [str(parse(sink.name)) for sink in sinks] == [sink.name for sink in sinks]
