"""A message, as it is kept and as it is shown: nothing of it is lost, nothing of it does harm."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.tell.message import KINDS, PRIORITIES, Message, decode, encode, line, line_within
from ssmdiag.tell.plain import ascii_line, cut, lines, one_line, printable

SOME = settings(max_examples=60, deadline=None)
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\n\r\t\0\x1b\x7f\x85\u2028\u202e\ud800%<>"),
    )
)


def news(**changes: Any) -> Message:
    """A message as a watch tells it."""
    usual = Message(
        id="kms/denied-1",
        kind="appeared",
        priority="warning",
        subject="The role may not use the key",
        text="NodeRole is not allowed kms:Decrypt.\nGrant it.",
        document={"id": "kms/denied-1", "open_causes": 2, "findings": [{"said": "Schlüssel"}]},
        time=datetime(2024, 3, 5, 7, 8, 9, 123456, timezone.utc),
    )
    return replace(usual, **changes)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)
_MESSAGES = st.builds(
    Message,
    id=HOSTILE,
    kind=st.sampled_from(KINDS),
    priority=st.sampled_from(PRIORITIES),
    subject=HOSTILE,
    text=HOSTILE,
    document=st.dictionaries(HOSTILE, _JSON, max_size=4),
    time=st.datetimes(timezones=st.just(timezone.utc)),
)


@SOME
@given(_MESSAGES)
def test_a_message_that_was_kept_is_the_message_that_was_offered(message: Message) -> None:
    assert decode(encode(message)) == message


@SOME
@given(_MESSAGES)
def test_a_document_is_one_line_of_printing_ascii(message: Message) -> None:
    written = line(message)
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written) == message.document


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        encode(news()).replace(b"appeared", b"vanished"),
        encode(news()).replace(b"warning", b"urgent"),
        encode(news()).replace(b'"kms/denied-1", "kind"', b'7, "kind"'),
        encode(news()).replace(b"2024-03-05", b"some day"),
        encode(news())[:-40],
        encode(news()).replace(b'"subject"', b'"object"'),
    ],
)
def test_a_file_that_is_no_message_is_told_apart(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


def test_a_time_that_is_not_in_utc_is_a_mistake() -> None:
    for zone in (None, timezone(timedelta(hours=1))):
        with pytest.raises(ValueError, match="not in UTC"):
            news(time=datetime(2024, 1, 1, tzinfo=zone))


def test_a_document_that_is_not_json_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode(news(document={"load": float("nan")}))
    with pytest.raises(TypeError):
        encode(news(document={"path": object()}))


def test_a_document_that_is_too_long_is_replaced_by_what_it_is_about() -> None:
    message = news(document={"log": "x" * 300_000}, text="é\x1b" * 100_000, subject="s" * 5000)
    short = line_within(message, 100_000)
    assert len(short) <= 100_000
    told = json.loads(short)
    assert told["id"] == message.id
    assert told["text"].startswith("é\\x1bé")
    assert told["left_out"] == "the document has 300011 bytes, of which 100000 can be sent"
    assert line_within(news(), 100_000) == line(news())


@SOME
@given(HOSTILE)
def test_shown_text_has_nothing_that_drives_a_terminal(text: str) -> None:
    shown = printable(text)
    assert all(char == "\n" or char.isprintable() for char in shown)
    shown.encode("utf-8")
    assert one_line(text).isprintable()
    assert all(each and each.isprintable() for each in lines(text))


@SOME
@given(HOSTILE, st.integers(3, 40))
def test_cut_text_keeps_its_length_and_its_characters(text: str, longest: int) -> None:
    shown = cut(text, longest)
    assert len(shown.encode("utf-8")) <= longest
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    assert shown == whole or (shown.endswith("...") and whole.startswith(shown[:-3]))
    assert len(ascii_line(text, longest)) <= longest
    assert ascii_line(text, longest).isascii()


def test_escapes_say_what_was_there() -> None:
    assert printable("a\x1b[2Jb\r\nc\td\re\u202e\U000e0001\udc80") == (
        "a\\x1b[2Jb\nc d\\x0de\\u202e\\U000e0001\\udc80"
    )
    assert ascii_line("Schlüssel\n→ Rolle", 99) == "Schl\\xfcssel \\u2192 Rolle"
