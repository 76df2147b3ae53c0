"""What there is to know of a Pattern, as sections for people; terminal and docs tell the same.

A section is a heading with its paragraphs; those under ``EXAMPLES`` are lines of a log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ssmdiag.catalog.pattern import TROUBLE, Catalog, Doubt, Pattern, When
from ssmdiag.catalog.trial import Stated
from ssmdiag.model import Severity

Section = tuple[str, tuple[str, ...]]

EXAMPLES = "Examples"
_EXAMPLES_SHOWN = 3

_LOSS: Mapping[Severity, str] = {
    "info": "Nothing by itself.",
    "degraded": "Something beside sessions and their logs, or only comfort.",
    "no-logs": "Sessions work, but their logs do not arrive.",
    "session-refused": "Sessions do not start, or end.",
    "offline": "The node is not reachable at all through Systems Manager.",
}
_WHEN: Mapping[When, str] = {
    "always": "",
    "denial": "if AWS refused the request for want of permission: ",
    "unreachable": "if the request got no answer: ",
    "not-found": "if AWS knows no such thing: ",
    "throttled": "if AWS throttled the request: ",
    "key-state": "if the KMS key cannot be used: ",
    "invalid": "if AWS rejects a name or parameter: ",
    "credentials": "if there are no valid credentials: ",
    "clock": "if the signature's time is off: ",
    "service": "if AWS itself failed: ",
}


_STAGES: Mapping[str, str] = {
    "agent": "It was minding itself: its configuration, its health report, its updates.",
    "aws": "It was making a request to AWS.",
    "channel": "It was opening or using its message channels (ssmmessages, ec2messages).",
    "clock": "It was signing a request; AWS compares the signature's time with its own.",
    "cloudwatch": "It was logging a session to CloudWatch Logs: looking for the log group when the "
    "session starts, writing while it runs or when it ends.",
    "credentials": "It was finding out who the node is, or getting and renewing its credentials.",
    "denial": "It was making a request to AWS.",
    "document": "It was carrying out a command or a document (Run Command, State Manager).",
    "kms": "It was agreeing on the session's encryption with the user's client: the KMS handshake, "
    "before anything else of a session.",
    "local": "It was using the host: its files, folders, watches and processes.",
    "network": "It was reaching an endpoint of AWS.",
    "s3": "It was logging a session to the bucket: looking at its encryption when the session "
    "starts, uploading when it ends.",
    "shell": "It was running the session itself: user, shell, input and output, a port.",
}


def sections(
    catalog: Catalog, pattern: Pattern, titles: Mapping[str, str], lines: Sequence[Stated]
) -> tuple[Section, ...]:
    """Everything about ``pattern``; ``titles`` are those of Requirements by id, ``lines`` its
    fixture's."""
    told = (
        ("What it means", _paragraphs(pattern.explanation)),
        ("Why it is harmless", _paragraphs(pattern.benign)),
        ("What you lose", () if pattern.benign else (_LOSS[pattern.severity],)),
        ("What the agent was doing", tuple(_doing(pattern))),
        (
            "Typical causes: one of these does not hold, the likeliest first",
            tuple(_causes(catalog, pattern, titles)),
        ),
        ("What to check", tuple(_checks(catalog, pattern))),
        ("Said in other words", tuple(_kin(catalog, pattern))),
        (EXAMPLES, tuple(_examples(pattern, lines))),
        ("References", tuple(_references(pattern))),
    )
    return tuple((heading, paragraphs) for heading, paragraphs in told if paragraphs)


def _paragraphs(text: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    return tuple(part for part in parts if part)


def _doing(pattern: Pattern) -> Iterator[str]:
    if pattern.area in _STAGES:
        yield _STAGES[pattern.area]
    if pattern.levels != TROUBLE:
        yield f"It says so at level {' or '.join(pattern.levels)}."
    if pattern.agents:
        yield f"Agent versions: {pattern.agents}."


def _references(pattern: Pattern) -> Iterator[str]:
    for place in pattern.source.split(";"):
        if place.strip():
            yield f"amazon-ssm-agent: {place.strip()}"


def _causes(catalog: Catalog, pattern: Pattern, titles: Mapping[str, str]) -> Iterator[str]:
    for doubt in _doubts(catalog, pattern):
        title = titles.get(doubt.requirement, doubt.requirement)
        resource = f" ({doubt.resource})" if doubt.resource else ""
        yield f"{_condition(doubt)}{title} [{doubt.requirement}]{resource}"
    if any(doubt.when != "always" for doubt in pattern.suspects):
        yield "otherwise: what the failed request itself points to"


def _condition(doubt: Doubt) -> str:
    words = _WHEN[doubt.when]
    if doubt.action:
        words = f"if AWS refused {doubt.action}: "
    if doubt.host:
        words = f"if {doubt.host} did not answer: "
    return words


def _doubts(catalog: Catalog, pattern: Pattern) -> tuple[Doubt, ...]:
    """An echo that names no suspects has those of what it repeats."""
    first = pattern.echo_of[0] if pattern.echo_of else ""
    if pattern.suspects or first not in catalog:
        return pattern.suspects
    return catalog[first].suspects


def _checks(catalog: Catalog, pattern: Pattern) -> Iterator[str]:
    if pattern.benign:
        return
    yield "`ssmdiag diagnose` on the node checks all of these against AWS and prints the fix."
    actions = dict.fromkeys(
        doubt.action
        for doubt in _doubts(catalog, pattern)
        if doubt.action and "*" not in doubt.action
    )
    for action in actions:
        yield f"`ssmdiag can {action} RESOURCE` answers for one permission."


def _kin(catalog: Catalog, pattern: Pattern) -> Iterator[str]:
    for name in pattern.echo_of:
        if name in catalog:
            yield f"It says again what {name} says: {catalog[name].title}."
    for other in catalog.patterns:
        if pattern.id in other.echo_of:
            yield f"{other.id} says it again: {other.title}."


def _examples(pattern: Pattern, lines: Sequence[Stated]) -> Iterator[str]:
    own = [line for line in lines if line.pattern == pattern.id and "is" not in line.data]
    for line in own[:_EXAMPLES_SHOWN]:
        level = line.data.get("level")
        yield f"{level} {line.text}" if level else line.text
