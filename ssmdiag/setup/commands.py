"""Write Calls as ``aws`` commands that a person copies into a POSIX shell unchanged."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_WIDTH = 80
_GLOBAL_SERVICES = ("iam", "sts")
# What the CLI renames among options that are not plain opposites (awscli, ``argrename``).
_OPPOSITES = {"--egress": "--ingress"}
_FETCHED_BY_THE_CLI = ("file://", "fileb://", "http://", "https://")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_SERVICE = re.compile(r"[a-z][a-z0-9-]*")
_OUTPUT_PATH = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")


def commands(calls: Sequence[Call], region: str = "") -> tuple[str, ...]:
    """Write each Call as one command of the AWS CLI (version 1 or 2), in the order given.

    A Call's own region goes before ``region``; IAM and STS get none. A value that an earlier Call
    promises is kept in a variable, ``name=$(...)``, and read from it, ``"$name"``.

    Nothing is misread on the way. The shell sees every other value quoted wherever it would read
    more than text. To the CLI a value that begins with ``-`` is bound to its option by ``=``; ``@``
    has no meaning outside its shorthand, which is never used: lists and structures are JSON. A
    value that begins with ``file://`` or ``http://`` would be replaced by what it points to
    (AWS CLI User Guide, "Loading a parameter from a file"; ``cli_follow_urlparam``), and nothing
    can prevent that in the command itself.

    Raises ValueError, worded, for a Call that no command can carry: such a value, a NUL or a lone
    surrogate in a plain string, a null, an operation of the host.
    """
    variables = variables_of(calls)
    return tuple(
        Command(call, region, variables, kept_of(call, variables)).text() for call in calls
    )


def variables_of(calls: Sequence[Call]) -> dict[str, str]:
    """Name the shell variable of every promised value that a later Call needs: by stand-in."""
    named: dict[str, str] = {}
    for position, call in enumerate(calls):
        promise = call.gives
        later = calls[position + 1 :]
        if promise and any(promise.stand_in in each.arguments for each in later):
            word = _variable(promise.path)
            taken = sum(n.rstrip("0123456789") == word for n in named.values())
            named[promise.stand_in] = f"{word}{taken + 1}" if taken else word
    return named


def _variable(path: str) -> str:
    """``version`` for ``...DocumentVersion``, ``key_arn`` for ``KeyMetadata.Arn``."""
    *above, last = [kebab(part).split("-") for part in path.split(".")]
    return f"{above[-1][0]}_{last[0]}" if above and len(last) == 1 else last[-1]


def kebab(name: str) -> str:
    """Name an operation or parameter as the AWS CLI does: ``KMSKeyId`` is ``kms-key-id``.

    The rule is that of botocore's ``xform_name``, from which the CLI takes its names.
    """
    plural_acronym = re.search(r"[A-Z]{2,}s$", name)
    if plural_acronym:
        name = f"{name[: plural_acronym.start()]}-{plural_acronym.group().lower()}"
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower()


@dataclass(frozen=True)
class Kept:
    """What of a response is kept in a variable of the shell."""

    variable: str
    query: str
    """JMESPath."""
    form: str = "text"
    """``text`` or ``json``, as ``--output`` has it."""


def kept_of(call: Call, variables: Mapping[str, str]) -> Optional[Kept]:
    """What later Calls need of the response to ``call``. Raises ValueError if that is no path."""
    promise = call.gives
    if not promise or promise.stand_in not in variables:
        return None
    if not _OUTPUT_PATH.fullmatch(promise.path):
        raise ValueError(f"{promise.path!r} is not a path in a response")
    return Kept(variables[promise.stand_in], promise.path)


@dataclass(frozen=True)
class Command:
    """One Call, on its way to a shell where some values are in variables."""

    call: Call
    region: str
    variables: Mapping[str, str]
    """Names of variables, by the text that stands in their place in the Call."""
    kept: Optional[Kept] = None
    runner: str = ""
    """What runs the command, with a space behind: ``nice aws kms ...``."""

    def text(self) -> str:
        """The command, on one line if it is short. Raises ValueError as ``commands`` does."""
        options = [self._option(name, value) for name, value in self.call.parameters.items()]
        opening = closing = ""
        if self.kept:
            query = quoted(self.kept.query, {})
            options += [f"--query {query}", f"--output {self.kept.form}"]
            opening, closing = f"{self.kept.variable}=$(", ")"
        verb = self.runner + _verb(self.call, self.region)
        # A document that fills many lines comes last, where it does not part what belongs together.
        words = [verb, *sorted(options, key=lambda o: "\n" in o)]
        one_line = opening + " ".join(words) + closing
        if "\n" not in one_line and len(one_line) <= _WIDTH:
            return one_line
        return opening + " \\\n  ".join(words) + closing

    def _option(self, name: str, value: Any) -> str:
        option = f"--{kebab(_checked(name))}"
        if isinstance(value, bool):
            return option if value else _OPPOSITES.get(option, f"--no-{option[2:]}")
        if isinstance(value, (int, float)):
            text = json.dumps(value)
        elif isinstance(value, str):
            text = quoted(document(value) or _plain(name, value), self.variables)
        elif isinstance(value, (dict, list)):
            text = quoted(_json(value, _WIDTH - len(f"  {option} '' \\")), self.variables)
        else:
            raise ValueError(f"{name} has no value")
        # argparse, which reads the CLI's options, takes a separate word with a dash for an option.
        return f"{option}={text}" if text.lstrip("'").startswith("-") else f"{option} {text}"


def quoted(text: str, variables: Mapping[str, str]) -> str:
    """Text for the shell, with variables where others stand in their place."""
    for stand_in, variable in variables.items():
        if stand_in in text:
            parts = [quoted(part, variables) if part else "" for part in text.split(stand_in)]
            return f'"${variable}"'.join(parts)
    return _quoted(text)


def _verb(call: Call, region: str) -> str:
    if call.service == "host" or not _SERVICE.fullmatch(call.service):
        raise ValueError(f"{call.service}:{call.operation} is not an operation of AWS")
    service = "s3api" if call.service == "s3" else call.service
    verb = f"aws {service} {kebab(_checked(call.operation))}"
    place = "" if call.service in _GLOBAL_SERVICES else call.region or region
    return f"{verb} --region {_quoted(place)}" if place else verb


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


def document(value: str) -> Optional[str]:
    """Lay out a string that is a JSON object (a policy, a document), for whoever reads it.

    None if it is none.
    """
    if not value.lstrip().startswith("{"):
        return None
    try:
        whole = json.loads(value, parse_constant=_refuse)
        return _dumped(whole, indent=2) if isinstance(whole, dict) else None
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _json(value: Any, room: int) -> str:
    compact = _dumped(value, indent=None)
    return compact if len(compact) <= room else _dumped(value, indent=2)


def _dumped(value: Any, indent: Optional[int]) -> str:
    # What does not print (controls, bidirectional overrides) is escaped, as JSON can.
    plain = json.dumps(value, ensure_ascii=False).isprintable()
    return json.dumps(value, ensure_ascii=not plain, indent=indent, allow_nan=False)
