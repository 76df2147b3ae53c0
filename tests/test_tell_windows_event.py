"""The Windows event log: what it would be given, and that other systems have none."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given

from ssmdiag.tell.message import KINDS, PRIORITIES
from ssmdiag.tell.sink import SinkError
from ssmdiag.tell.windows_event import EventLogSink, event_id, event_text, event_type
from tests.test_tell_message import HOSTILE, SOME, news


class Library:
    """advapi32's three functions, as their references describe what they take."""

    def __init__(self, log: int = 7, reported: int = 1) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._log = log
        self._reported = reported

    def RegisterEventSourceW(self, *given: Any) -> int:  # noqa: N802
        self.calls.append(("register", *given))
        return self._log

    def ReportEventW(self, *given: Any) -> int:  # noqa: N802
        log, kind, category, event, user, count, size, strings, data = given
        texts = [strings[i] for i in range(count)]
        self.calls.append(("report", log, kind, category, event, user, texts, size, data))
        return self._reported

    def DeregisterEventSource(self, *given: Any) -> int:  # noqa: N802
        self.calls.append(("deregister", *given))
        return 1


def test_an_event_is_reported_and_its_handle_closed() -> None:
    library = Library()
    EventLogSink(lambda: library).send(news(text="Grant it.\nNow."))
    text = "The role may not use the key\r\n\r\nGrant it.\r\nNow.\r\n\r\nkms/denied-1"
    assert library.calls == [
        ("register", None, "ssmdiag"),
        ("report", 7, 2, 0, 1, None, [text], 0, None),
        ("deregister", 7),
    ]


def test_priorities_are_the_types_that_windows_has() -> None:
    assert [event_type(p) for p in PRIORITIES] == [1, 1, 2, 4, 4]
    assert len({event_id(kind) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("library", "said"),
    [
        (Library(log=0), "RegisterEventSource failed with Windows error"),
        (Library(reported=0), "ReportEvent failed with Windows error"),
    ],
)
def test_a_refusal_of_windows_is_said(library: Library, said: str) -> None:
    with pytest.raises(SinkError, match=said):
        EventLogSink(lambda: library).send(news())
    assert (library.calls[-1][0] == "deregister") == (library.calls[1:] != [])


def test_a_text_is_cut_to_what_windows_takes_and_has_no_places_to_be_filled() -> None:
    text = event_text(news(text="fe80::1%1 " + "\U0001f511" * 31_839))
    assert "fe80::1% 1" in text
    assert len(text.encode("utf-16-le")) <= 2 * 31_839
    assert text.endswith("\U0001f511")


@SOME
@given(HOSTILE, HOSTILE)
def test_a_text_holds_nothing_that_ends_it(subject: str, text: str) -> None:
    shown = event_text(news(subject=subject, text=text))
    assert all(char in "\r\n" or char.isprintable() for char in shown)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has one")
def test_other_systems_have_no_event_log() -> None:
    with pytest.raises(SinkError, match="no Windows event log on this system; see syslog"):
        EventLogSink().send(news())
