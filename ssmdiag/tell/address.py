"""Address: a sink as it is named on the command line."""

from __future__ import annotations

import difflib
import re
import shlex
from typing import Literal, Optional, get_args

from ssmdiag.values import dataclass

Scheme = Literal[
    "stdout",
    "file",
    "syslog",
    "journald",
    "eventlog",
    "sns",
    "eventbridge",
    "metrics",
    "emf",
    "exec",
]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

_NOTHING = "(?!)"
_ARN = r"arn:[\w-]+:{}:[\w-]+:\d{{12}}:"
_TOPIC = _ARN.format("sns") + r"[\w-]{1,256}(\.fifo)?"
_BUS = r"[\w./-]{1,256}"


@dataclass(frozen=True)
class _Grammar:
    pattern: str
    """What may stand after the colon, in whole."""
    wanted: str
    """How that is said, as in "it must be"."""
    optional: bool = True


_GRAMMARS: dict[Scheme, _Grammar] = {
    "stdout": _Grammar("json", "stdout or stdout:json"),
    "file": _Grammar(r"(?s:.+)", "file: and a path", optional=False),
    "syslog": _Grammar("rfc5424", "syslog or syslog:rfc5424"),
    "journald": _Grammar(_NOTHING, "journald alone"),
    "eventlog": _Grammar(_NOTHING, "eventlog alone"),
    # SNS API Reference, "CreateTopic", and EventBridge API Reference, "PutEventsRequestEntry".
    "sns": _Grammar(
        _TOPIC,
        "sns: and the ARN of a topic, as in sns:arn:aws:sns:eu-central-1:123456789012:alarms",
        optional=False,
    ),
    "eventbridge": _Grammar(
        f"{_BUS}|{_ARN.format('events')}event-bus/{_BUS}",
        "eventbridge or eventbridge: and the name or the ARN of an event bus",
    ),
    # CloudWatch User Guide, "Metrics concepts": "AWS/" is for AWS itself.
    "metrics": _Grammar(
        r"(?!:|AWS/)[\w./#: -]{0,254}[\w./#:-]",
        "metrics or metrics: and a namespace of letters, digits, spaces and . - _ / # :"
        " that is not one of AWS/",
    ),
    "emf": _Grammar(_NOTHING, "emf alone"),
    "exec": _Grammar(r"(?s:.+)", "exec: and a command with its arguments", optional=False),
}
_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Address:
    """Where messages go. Its text is the name of the sink made of it, but for a path's spelling."""

    scheme: Scheme
    value: str = ""
    """What stands after the colon: a path, an ARN, a bus, a namespace, a format."""
    words: tuple[str, ...] = ()
    """The command and its arguments, for ``exec``, whose value is empty."""

    def __str__(self) -> str:
        value = shlex.join(self.words) if self.words else self.value
        return f"{self.scheme}:{value}" if value else self.scheme


def parse(text: str) -> Address:
    """Read an address; nothing is opened. Raises ValueError that says how it should be written.

    A command is split as a POSIX shell does it (``shlex``), and then no shell sees it.
    """
    name, colon, value = text.partition(":")
    scheme = next((each for each in SCHEMES if each == name), None)
    if scheme is None:
        near = difflib.get_close_matches(name, SCHEMES, n=1) or SCHEMES
        raise ValueError(f"{_shown(text)} is no place to tell: there is {', '.join(near)}")
    grammar = _GRAMMARS[scheme]
    fits = re.fullmatch(grammar.pattern, value, re.ASCII) is not None
    if "\0" in value or not (fits or (grammar.optional and not colon)):
        raise ValueError(f"{_shown(text)} is no place to tell: it must be {grammar.wanted}")
    if scheme == "exec":
        return Address(scheme, words=_words(text, value, grammar))
    return Address(scheme, value)


def _words(text: str, value: str, grammar: _Grammar) -> tuple[str, ...]:
    why: Optional[str] = None
    try:
        words = shlex.split(value)
    except ValueError as error:
        words, why = [], str(error).lower()
    if not words or not words[0]:
        wanted = f"it must be {grammar.wanted}" if why is None else why
        raise ValueError(f"{_shown(text)} is no place to tell: {wanted}")
    return tuple(words)


def _shown(text: str) -> str:
    shown = ascii(text)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
