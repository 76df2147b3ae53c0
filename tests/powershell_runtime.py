"""What the words of ``tests.powershell_reader`` mean: variables, operators, methods, commands."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Callable, Optional

from awscli.clidriver import create_clidriver

Value = Any
Run = Callable[["Scope"], Value]
Aws = Callable[[Sequence[str]], tuple[int, str, str]]

HOST = object()


class UnreadableError(Exception):
    """The script holds, or does, what this reader does not know or PowerShell would not like."""


class Thrown(Exception):  # noqa: N818 - what scripts throw is often meant to be caught
    """What ``catch`` catches."""


class Returned(Exception):  # noqa: N818 - no error
    """``return``, with its value."""


class Exited(Exception):  # noqa: N818 - no error
    """``exit``, with its code."""


@dataclass(frozen=True)
class Record:
    """A line on stderr, or what was caught."""

    message: str


@dataclass(frozen=True)
class Parameter:
    name: str


@dataclass(frozen=True)
class Function:
    parameter: Optional[str]
    body: Run


@dataclass
class Ran:
    """What a script did, but for what it told AWS."""

    said: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)
    code: int = 0
    slept: int = 0
    """Milliseconds, which nobody waited."""
    folders: list[Path] = field(default_factory=list)


@dataclass
class Scope:
    """The variables of a function, and of whoever called it."""

    ran: Ran
    functions: dict[str, Function]
    aws: Optional[Aws]
    variables: dict[str, Value]
    caller: Optional[Scope] = None

    def get(self, name: str) -> Value:
        """A variable. Raises UnreadableError for one that has no value, as StrictMode does."""
        if name.lower() in self.variables:
            return self.variables[name.lower()]
        if self.caller is None:
            raise UnreadableError(f"${name} has no value")
        return self.caller.get(name)

    def set(self, name: str, value: Value) -> None:
        if name != "null":
            self.variables[name.lower()] = value

    def inner(self, variables: Mapping[str, Value]) -> Scope:
        return Scope(self.ran, self.functions, self.aws, dict(variables), self)


@cache
def _driver() -> Any:
    return create_clidriver()


def real_aws(words: Sequence[str]) -> tuple[int, str, str]:
    """Run the AWS CLI in this process, since starting it takes longer than what it does."""
    printed, complained = StringIO(), StringIO()
    with redirect_stdout(printed), redirect_stderr(complained):
        code = _driver().main(list(words))
    return code, printed.getvalue(), complained.getvalue()


def listed(value: Value) -> list[Value]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _collapsed(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else values or None


def text_of(value: Value) -> str:
    if isinstance(value, list):
        return " ".join(map(text_of, value))
    if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
        return "" if value is None else str(value)
    raise UnreadableError(f"{value!r} as text")


def known(table: Mapping[str, Any], name: str) -> Any:
    if name not in table:
        raise UnreadableError(f"{name} is not known")
    return table[name]


def operate(name: str, left: Value, right: Value, other: Value = "") -> Value:
    if name in ("-cne", "-cnotmatch", "-replace") and not isinstance(left, str):
        raise UnreadableError(f"{name} of {left!r}")
    return known(_OPERATORS, name)(left, right, other)


_TYPES = {"System.Management.Automation.ErrorRecord": Record}
_OPERATORS: Mapping[str, Callable[[Any, Any, Any], Value]] = {
    "..": lambda left, right, _: list(range(left, right + 1)),
    "-cne": lambda left, right, _: left != right,
    "-ne": lambda left, right, _: int(left) != right,
    "-cnotmatch": lambda left, right, _: not re.search(right, left),
    "-is": lambda left, right, _: isinstance(left, known(_TYPES, right)),
    "-join": lambda left, right, _: right.join(map(text_of, listed(left))),
    "-f": lambda left, right, _: left.replace("{0:x4}", f"{right:04x}"),
    "-replace": lambda left, right, other: re.sub(right, other, left),
}


def member(value: Value, name: str) -> Value:
    if isinstance(value, Record) and name in ("Exception", "Message"):
        return value if name == "Exception" else value.message
    if isinstance(value, re.Match) and name == "Value":
        return value[0]
    if value is HOST and name == "UI":
        return value
    return known(value if isinstance(value, dict) else {}, name)


def method(scope: Scope, value: Value, name: str, given: list[Value]) -> Value:
    if value is HOST and name == "WriteErrorLine":
        return scope.ran.complained.append(*given)
    methods = {"Trim": str.strip, "Replace": str.replace, "Contains": str.__contains__}
    return known(methods if isinstance(value, str) else {}, name)(value, *given)


def static(name: str) -> Callable[..., Value]:
    """A method of a type. Raises UnreadableError for one that is not known."""
    method: Callable[..., Value] = known(_STATIC, name)
    return method


def _regex_replace(text: str, pattern: str, block: Callable[[re.Match[str]], str]) -> str:
    units = text.encode("utf-16-le")
    pairs = zip(units[::2], units[1::2])
    return re.sub(pattern, block, "".join(chr(low + 256 * high) for low, high in pairs))


def _write_all_text(path: str, text: str, encoding: str) -> None:
    Path(path).write_bytes(text.encode(encoding))


_STATIC: Mapping[str, Callable[..., Value]] = {
    "System.IO.Path::GetTempPath": tempfile.gettempdir,
    "System.IO.Path::GetRandomFileName": lambda: secrets.token_hex(6),
    "System.IO.File::WriteAllText": _write_all_text,
    "regex::Replace": _regex_replace,
}


def call(scope: Scope, name: str, given: list[Value]) -> Value:
    if name == "& aws":
        return _native(scope, given)
    if name in scope.functions:
        return _invoke(scope, scope.functions[name], given)
    names, command = known(_COMMANDS, name)
    plain: list[Value] = []
    words = iter(given)
    for word in words:
        if not isinstance(word, Parameter):
            plain.append(word)
        elif word.name not in names:
            raise UnreadableError(f"{name} {word.name}")
        elif word.name not in ("-Recurse", "-Force"):
            plain.append(next(words))
    return command(scope, *plain)


def _invoke(scope: Scope, function: Function, given: list[Value]) -> Value:
    if any(not isinstance(value, str) for value in given):
        raise UnreadableError(f"a function of these scripts is given texts only, not {given!r}")
    variables: dict[str, Value] = {"args": given}
    if function.parameter:
        (variables[function.parameter],) = given
    try:
        return _collapsed(listed(function.body(scope.inner(variables))))
    except Returned as end:
        return end.args[0]


def _native(scope: Scope, given: list[Value]) -> Value:
    *words, redirection = given
    calm = scope.get("ErrorActionPreference") == "Continue"
    if not calm or scope.get("PSNativeCommandUseErrorActionPreference"):
        raise UnreadableError("a line on stderr, or an exit code, would stop the script here")
    if redirection != Parameter("2>&1") or scope.aws is None:
        raise UnreadableError(f"aws {given!r}")
    for word in words:
        if re.search(r'["\n]|\\\Z|\A\Z', word):
            raise UnreadableError(f"Windows PowerShell would not hand {word!r} on as it is")
    code, printed, complained = scope.aws(words)
    top = scope
    while top.caller:
        top = top.caller
    top.set("LASTEXITCODE", code)
    return [*map(Record, complained.splitlines()), *printed.splitlines()]


def _make_folder(scope: Scope, kind: str, path: str) -> None:
    assert kind == "Directory"
    Path(path).mkdir()
    scope.ran.folders.append(Path(path))


def _sleep(scope: Scope, milliseconds: int) -> None:
    scope.ran.slept += milliseconds


def _encoding(_: Scope, kind: str, mark: bool) -> str:
    assert (kind, mark) == ("System.Text.UTF8Encoding", False)
    return "utf-8"


_COMMANDS: Mapping[str, tuple[tuple[str, ...], Callable[..., Value]]] = {
    "Write-Host": ((), lambda scope, text: scope.ran.said.append(text)),
    "Set-StrictMode": (("-Version",), lambda *_: None),
    "Start-Sleep": (("-Milliseconds",), _sleep),
    "Join-Path": ((), lambda _, folder, name: str(Path(folder) / name)),
    "New-Item": (("-ItemType", "-Path"), _make_folder),
    "Remove-Item": (
        ("-LiteralPath", "-Recurse", "-Force"),
        lambda _, path: shutil.rmtree(path),
    ),
    "Get-Command": (
        ("-CommandType", "-ErrorAction"),
        lambda scope, *_: "aws" if scope.aws else None,
    ),
    "ConvertFrom-Json": ((), lambda _, text: json.loads(text)),
    "New-Object": ((), _encoding),
}
