"""The layouts of one Record: where it starts, and what its first line says before the message.

Layouts are those of the agent's seelog configuration (``seelog_unix.xml``,
``seelog_windows.xml.template`` and ``agent/log/logger/log.go`` of aws/amazon-ssm-agent), with what
journald, syslog, grep, e-mail and an operator's own ``seelog.xml`` put around them. Headers are
looked for in bytes, because that is what makes gigabytes bearable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Optional

from ssmdiag.model import Record

LONGEST_HEADER = 4 << 10
"""More bytes than any header has, with all that may stand before it."""

_GAP = rb"(?:[ \t\r\n]|\xc2\xa0){1,4}"  # a ticket may have wrapped the line or made hard spaces
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_TIME = rb"\d{4}[-/]\d\d[-/]\d\d(?:T|" + _GAP + rb")\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_LEVEL = rb"(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)"
_THREAD = rb"\[\d{1,9}\]"  # the CloudWatch plugin of Windows writes log4net's layout

_TIME_LEVEL = (
    rb"\[?(" + _TIME + rb")(?:Z|[+-]\d\d:?\d\d)?\]?"
    rb"(?:" + _GAP + rb"(" + _THREAD + rb"))?" + _GAP + rb"\[?(" + _LEVEL + rb")\]?(?!\w):?"
)
_LEVEL_TIME = rb"\[?(" + _LEVEL + rb")\]?:?[ \t]{1,4}\[?(" + _TIME + rb")(?!\d)\]?"
_LEVEL_ONLY = rb"\[?(" + _LEVEL + rb")\]?:?(?=\s)"

_SYSLOG_TIME = rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|" + _ISO + rb")"
_SYSLOG = _SYSLOG_TIME + rb" [^\s:]{1,255} "
_AGENT_TAG = rb"[\w./-]{0,60}ssm[\w./-]{0,60}(?:\[\d+\])?: ?"
_BARE_TAG = rb"(?:amazon-ssm-agent\.)?(?:amazon-ssm-agent|ssm-\w+-worker)(?:\[\d+\])?: ?"
_PREFIX = (
    rb"(?:\xef\xbb\xbf)?[ \t]{0,16}(?:>[ \t]?){0,8}"
    rb"(?:[^\s:]{1,200}\.log[\w.]{0,12}:(?:\d+:)?)?"  # grep -H, grep -n
    rb"(?:" + _SYSLOG + rb"(?:" + _AGENT_TAG + rb"|(?=\d{4}-))|" + _BARE_TAG + rb")?"
)
_OTHER_PROGRAM = _SYSLOG + rb"(?!" + _AGENT_TAG + rb")[^\s:]{1,80}: "
# Without a time; but where a ticket wrapped the line behind the time, this is no Record by itself.
_BARE_LEVEL = rb"(?<!\d\d:\d\d:\d\d\n)(?<!:\d\d\.\d{4}\n)(?:" + _LEVEL + rb")[ \t]{1,4}(?=\[)"
_CRASH = rb"panic: |fatal error: "
# What the user's side of Session Manager shows; a line that ends in a colon introduces it.
_CLIENT = rb"SessionId: \S{1,300} ?:(?=\s)|(?<!:\n)(?<!:\r\n)-{5,}ERROR-{3,}"

START = re.compile(
    rb"\n(?:" + _TIME_LEVEL + rb"|" + _PREFIX + rb"(?:"
    rb"" + _TIME_LEVEL + rb"|" + _LEVEL_TIME + rb"|"
    rb"" + _BARE_LEVEL + rb"|" + _CRASH + rb"|" + _CLIENT + rb")|"
    rb"" + _OTHER_PROGRAM + rb")"
)
"""The line break before a Record and the beginning of that Record."""

LOUD = (b"ERROR", b"WARN", b"CRITICAL", b"panic: ", b"fatal error: ", b"SessionId: ")
"""Every Record of level WARN and above, and every crash, has one of these somewhere."""

# Compiled where they are used: few runs use more than the first.
_STAMP = rb"\n(?:" + _PREFIX + rb")" + _TIME_LEVEL
_EMBEDDED = (
    rb"(?<![\"'`(\\])(?<!\\n)(?<!\\t)"  # a log quoted in JSON or code is part of its message
    rb"(?=\d{4}-)" + _TIME_LEVEL + rb"[ \t]"
)
_CLOCK = re.compile(rb":\d\d:\d\d")  # no header is without, and this is quickly looked for
_PARAGRAPH = (
    rb"\n(?:[ \t\r>]*\n)+|"
    rb"\n(?=[ \t>]{0,16}(?:" + _LEVEL + rb"\b|[\[\w:\] ]{0,24}?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d))"
)
_NEXT_PREFIX = rb"\n(?:" + _PREFIX + rb")"
# What the agent itself writes, of which _TIME_LEVEL would say the same; nothing stands before it.
_AGENTS_OWN = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? (TRACE|DEBUG|INFO|WARN|ERROR|CRITICAL)(?= )"
)
_DIGITS = re.compile(rb"\d+")

_LAST_YEAR = 9999  # not reached, so that sums of times never leave what datetime can hold

_BLANK = " \t\r\n\f\v\0\xa0"
_CODE = re.compile(r"\[\s*([^\s\[\]@]+)\s*@\s*([^\s\[\]]+\.go)\s*\.\s*(\d+)\s*\]\s*")
_CONTEXT = re.compile(r"\[\s*([^\s\[\]]+(?:\n[^\s\[\]]+)*)\s*\](?:\s+|$)")


def stamps(block: bytes) -> Iterator[tuple[int, datetime]]:
    """Offset and time of the Records whose line break and header are wholly in ``block``."""
    for found in re.finditer(_STAMP, block):
        time = _time(found.group(1))
        if time is not None:
            yield found.start() + 1, time


def split_embedded(raw: bytes) -> list[tuple[int, bytes]]:
    """Cut one Record at every further header within its lines; each part with its offset.

    Two processes that append to one file, and copying by hand, run Records together.
    """
    end = _header_end(raw)
    if not _CLOCK.search(raw, end):
        return [(0, raw)]
    starts = [0, *(found.start() for found in re.compile(_EMBEDDED).finditer(raw, end))]
    return [(start, raw[start:end]) for start, end in zip(starts, [*starts[1:], len(raw)])]


def split_paragraphs(raw: bytes) -> list[tuple[int, bytes]]:
    """Cut text that no header of ours introduces: at blank lines and at dated or levelled lines."""
    starts = [0, *(found.end() for found in re.finditer(_PARAGRAPH, raw))]
    return [(start, raw[start:end]) for start, end in zip(starts, [*starts[1:], len(raw)])]


def parse(raw: bytes, *, cut: int = 0, file: str = "", line: int = 0, offset: int = 0) -> Record:
    """Make a Record of the bytes from its first line to its last, in whatever layout.

    ``cut`` is the number of bytes that the caller left away at the end; the message says so. Text
    in a layout that nobody knows becomes the message of a Record without time and level.
    """
    own = _AGENTS_OWN.match(raw)
    if own:
        time, level, thread, rest = _own_time(own), own.group(3).decode(), False, raw[own.end() :]
    else:
        time, level, thread, rest = _header(_undress(raw))
    text = rest.decode("utf-8", errors="replace").replace("\r\n", "\n").strip(_BLANK)
    code, text = _code(text)
    context, text = _contexts(text)
    if thread and text.startswith("- "):
        text = text[2:]
    if cut:
        text += f"… [{cut} bytes cut]"
    return Record(text, time, level, context, code, file, line, offset)


def written(record: Record) -> bytes:
    """The lines of a Record in the agent's own layout, from which ``parse`` makes it again."""
    head = [f"{record.time:%Y-%m-%d %H:%M:%S.%f}"] if record.time else []
    head += [record.level] if record.level else []
    head += [f"[{record.code}]"] if record.code else []
    head += [f"[{each}]" for each in record.context]
    return " ".join([*head, record.message]).encode() + b"\n"


def _undress(raw: bytes) -> bytes:
    """Take off what syslog, grep or a quotation put before the lines.

    Only where the first line wears it: a line of a message may look like that by itself.
    """
    prefix = re.match(_PREFIX, raw)
    worn = prefix.group() if prefix else b""
    body = raw[len(worn) :]
    if not worn.strip(b" \t\xef\xbb\xbf"):
        return body
    body = re.sub(_NEXT_PREFIX, b"\n", body)
    if worn.rstrip().endswith(b":"):  # rsyslog writes control characters as octal numbers
        body = body.replace(b"#011", b"\t").replace(b"#012", b"\n")
    return body


def _header(body: bytes) -> tuple[Optional[datetime], Optional[str], bool, bytes]:
    """Time, level, whether a thread number stood between them, and what follows."""
    found = re.match(_TIME_LEVEL, body)
    if found:
        stamp, thread, level = found.groups()
        return _time(stamp), _level(level), thread is not None, body[found.end() :]
    found = re.match(_LEVEL_TIME, body)
    if found:
        return _time(found.group(2)), _level(found.group(1)), False, body[found.end() :]
    found = re.match(_LEVEL_ONLY, body)
    if found:
        return None, _level(found.group(1)), False, body[found.end() :]
    return None, None, False, body


def _own_time(own: re.Match[bytes]) -> Optional[datetime]:
    stamp, fraction = own.group(1, 2)
    try:
        moment = datetime.fromisoformat(stamp.decode())
    except ValueError:
        return None
    if not 1970 <= moment.year < _LAST_YEAR:
        return None
    return moment.replace(microsecond=int(fraction[:6].ljust(6, b"0"))) if fraction else moment


def _header_end(raw: bytes) -> int:
    own = _AGENTS_OWN.match(raw)
    if own:
        return own.end()
    prefix = re.match(_PREFIX, raw)
    start = prefix.end() if prefix else 0
    found = re.compile(_TIME_LEVEL).match(raw, start)
    return found.end() if found else start


def _time(stamp: bytes) -> Optional[datetime]:
    year, month, day, hour, minute, second, *fraction = map(bytes.decode, _DIGITS.findall(stamp))
    micro = fraction[0][:6].ljust(6, "0") if fraction else "0"
    if not 1970 <= int(year) < _LAST_YEAR:
        return None
    try:
        return datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), int(micro)
        )
    except ValueError:
        return None


def _level(level: bytes) -> str:
    return "WARN" if level == b"WARNING" else level.decode()


def _code(text: str) -> tuple[Optional[str], str]:
    found = _CODE.match(text) if text.startswith("[") else None
    if not found:
        return None, text
    function, file, line = found.groups()
    return f"{function} @ {file}.{line}", text[found.end() :]


def _contexts(text: str) -> tuple[tuple[str, ...], str]:
    context: list[str] = []
    position = 0
    while text.startswith("[", position) and (found := _CONTEXT.match(text, position)):
        context.append(found.group(1).replace("\n", ""))
        position = found.end()
    return tuple(context), text[position:]
