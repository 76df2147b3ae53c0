"""Write Calls as ``aws`` commands that a person copies into a POSIX shell unchanged."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any, Optional

from ssmdiag.world.call import Call

_WIDTH = 80
_GLOBAL_SERVICES = ("iam", "sts")
_FETCHED_BY_THE_CLI = ("file://", "fileb://", "http://", "https://")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_SERVICE = re.compile(r"[a-z][a-z0-9-]*")
_OUTPUT_PATH = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")


def commands(calls: Sequence[Call], region: str = "") -> tuple[str, ...]:
    """Write each Call as one command of the AWS CLI (version 1 or 2), in the order given.

    A Call's own region goes before ``region``; IAM and STS get none. An argument
    ``{"$output": "Path.In.Response"}`` stands for a value of the response to the Call just before:
    that command is then wrapped in ``name=$(...)`` and this one reads ``"$name"``.

    Nothing is misread on the way. The shell sees every other value quoted wherever it would read
    more than text. To the CLI a value that begins with ``-`` is bound to its option by ``=``; ``@``
    has no meaning outside its shorthand, which is never used: lists and structures are JSON. A
    value that begins with ``file://`` or ``http://`` would be replaced by what it points to
    (AWS CLI User Guide, "Loading a parameter from a file"; ``cli_follow_urlparam``), and nothing
    can prevent that in the command itself.

    Raises ValueError, worded, for a Call that no command can carry: such a value, a NUL or a lone
    surrogate in a plain string, a null, an operation of the host, an ``$output`` of nothing.
    """
    wanted = [_wanted_output(call) for call in calls]
    if wanted and wanted[0]:
        raise ValueError(f"{calls[0].operation} takes {wanted[0]} from a Call before it: none is")
    following = [*wanted[1:], None]
    return tuple(_command(call, region, output) for call, output in zip(calls, following))


def kebab(name: str) -> str:
    """Name an operation or parameter as the AWS CLI does: ``KMSKeyId`` is ``kms-key-id``.

    The rule is that of botocore's ``xform_name``, from which the CLI takes its names.
    """
    plural_acronym = re.search(r"[A-Z]{2,}s$", name)
    if plural_acronym:
        name = f"{name[: plural_acronym.start()]}-{plural_acronym.group().lower()}"
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower()


def _command(call: Call, region: str, output: Optional[str]) -> str:
    options = [_option(name, value) for name, value in call.parameters.items()]
    if output:
        options += [f"--query {output}", "--output text"]
    # A document that fills many lines comes last, where it does not part what belongs together.
    words = [_verb(call, region), *sorted(options, key=lambda option: "\n" in option)]
    opening, closing = (f"{_variable(output)}=$(", ")") if output else ("", "")
    one_line = opening + " ".join(words) + closing
    if "\n" not in one_line and len(one_line) <= _WIDTH:
        return one_line
    return opening + " \\\n  ".join(words) + closing


def _verb(call: Call, region: str) -> str:
    if call.service == "host" or not _SERVICE.fullmatch(call.service):
        raise ValueError(f"{call.service}:{call.operation} is not an operation of AWS")
    service = "s3api" if call.service == "s3" else call.service
    verb = f"aws {service} {kebab(_checked(call.operation))}"
    place = "" if call.service in _GLOBAL_SERVICES else call.region or region
    return f"{verb} --region {_quoted(place)}" if place else verb


def _option(name: str, value: Any) -> str:
    option = f"--{kebab(_checked(name))}"
    if isinstance(value, bool):
        return option if value else f"--no-{option[2:]}"
    if isinstance(value, (int, float)):
        text = json.dumps(value)
    elif isinstance(value, str):
        text = _quoted(_document(value) or _plain(name, value))
    elif isinstance(value, (dict, list)):
        output = _output_path(value)
        room = _WIDTH - len(f"  {option} '' \\")
        text = f'"${_variable(output)}"' if output else _quoted(_json(value, room))
    else:
        raise ValueError(f"{name} has no value")
    # argparse, which reads the CLI's options, takes a separate word with a dash for an option.
    return f"{option}={text}" if text.lstrip("'").startswith("-") else f"{option} {text}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an operation or parameter")
    return name


def _plain(name: str, value: str) -> str:
    if value.startswith(_FETCHED_BY_THE_CLI):
        raise ValueError(f"{name}: the AWS CLI would not pass {value!r} on but what it points to")
    if re.search("[\0\ud800-\udfff]", value):
        raise ValueError(f"{name}: no command line can carry {value!r}")
    return value


def _quoted(text: str) -> str:
    if text == shlex.quote(text):
        return text
    return "'" + text.replace("'", r"'\''") + "'"


def _document(value: str) -> Optional[str]:
    """Lay out a string that is a JSON object (a policy, a document), for whoever reads it."""
    if not value.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(value, parse_constant=_refuse)
        return _dumped(document, indent=2) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _json(value: Any, room: int) -> str:
    if _mentions_output(value):
        raise ValueError("$output must be the whole value of an argument")
    compact = _dumped(value, indent=None)
    return compact if len(compact) <= room else _dumped(value, indent=2)


def _dumped(value: Any, indent: Optional[int]) -> str:
    # What does not print (controls, bidirectional overrides) is escaped, as JSON can.
    plain = json.dumps(value, ensure_ascii=False).isprintable()
    return json.dumps(value, ensure_ascii=not plain, indent=indent, allow_nan=False)


def _wanted_output(call: Call) -> Optional[str]:
    paths = {path for path in map(_output_path, call.parameters.values()) if path}
    if len(paths) > 1:
        raise ValueError(f"{call.operation} takes more than one value from the Call before it")
    return paths.pop() if paths else None


def _output_path(value: Any) -> Optional[str]:
    if not isinstance(value, dict) or set(value) != {"$output"}:
        return None
    path = str(value["$output"])
    if not _OUTPUT_PATH.fullmatch(path):
        raise ValueError(f"$output: {path!r} is not a path in a response")
    return path


def _mentions_output(value: Any) -> bool:
    if isinstance(value, dict):
        return "$output" in value or any(map(_mentions_output, value.values()))
    return isinstance(value, list) and any(map(_mentions_output, value))


def _variable(path: Optional[str]) -> str:
    """Name the shell variable after the last word: ``version`` for ``...DocumentVersion``."""
    return kebab((path or "").rsplit(".", 1)[-1]).rsplit("-", 1)[-1]
