"""A reader of the PowerShell that ``ssmdiag.setup.formats.powershell`` writes, and of no more.

It is no PowerShell. It knows the statements, operators, commands and methods that those scripts
use, each in the one way in which they use it, and takes everything else for an error; an argument
that Windows PowerShell would mangle, a line on stderr that would stop it and a variable that
Set-StrictMode would miss are errors too. So it shows what a script does if the language is
understood rightly here, and cannot show that it is: neither how a real PowerShell chooses overloads
nor how it decodes output, words its own errors or is restricted by a policy.
"""

from __future__ import annotations

import re
from typing import Callable, NoReturn, Optional

from tests import powershell_runtime as runtime
from tests.powershell_runtime import (
    Aws,
    Exited,
    Function,
    Parameter,
    Ran,
    Record,
    Returned,
    Run,
    Scope,
    Thrown,
    UnreadableError,
    Value,
    listed,
)

_SPACE = r"(?:[ \t]|`\n)*"
_NAME = r"[A-Za-z_]\w*"
_WORD = r"(?:--)?[A-Za-z][\w.-]*"


def read(script: str) -> Run:
    """Read a script. Raises UnreadableError for whatever is not known here."""
    if not script.isascii():
        raise UnreadableError("Windows PowerShell would read it in the code page of the machine")
    return _Reader(script).statements(r"\Z")


def run(script: str, aws: Optional[Aws] = runtime.real_aws) -> Ran:
    """Read a script and run it; without ``aws``, as where no AWS CLI is installed."""
    ran = Ran()
    known = {"true": True, "false": False, "null": None, "host": runtime.HOST}
    try:
        read(script)(Scope(ran, {}, aws, known))
    except Exited as end:
        ran.code = end.args[0]
    return ran


class _Reader:
    """A recursive descent; what it has read becomes functions of a Scope."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def take(self, pattern: str, before: str = _SPACE) -> Optional[re.Match[str]]:
        found = re.compile(f"{before}(?:{pattern})", re.DOTALL).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def touching(self, pattern: str) -> Optional[re.Match[str]]:
        return self.take(pattern, before="")

    def need(self, pattern: str) -> re.Match[str]:
        found = self.take(pattern)
        if found is None:
            line = self.text.count("\n", 0, self.at) + 1
            raise UnreadableError(f"line {line}: {self.text[self.at : self.at + 60]!r}")
        return found

    # --- statements -----------------------------------------------------------------------------

    def statements(self, end: str) -> Run:
        runs: list[Run] = []
        while self.take(r"(?:\s|#[^\n]*)*") and not self.take(end):
            runs.append(self.statement())
            self.need(rf"(?=\n|{end})")
        return lambda scope: [value for each in runs for value in listed(each(scope))]

    def block(self) -> Run:
        self.need(r"\{(?=\n)")
        return self.statements(r"\}")

    def statement(self) -> Run:
        for pattern, parse in (
            (rf"function ({_WORD})", self.function),
            (r"if \(", self.condition),
            (r"foreach \(", self.loop),
            (r"try", self.attempt),
            (r"(throw|return|exit)\b", self.leaving),
            (rf"\$({_NAME}(?:, \${_NAME})?) (=|\+=) ", self.assignment),
        ):
            found = self.take(pattern)
            if found:
                return parse(found)
        return self.pipeline()

    def function(self, found: re.Match[str]) -> Run:
        parameter = self.need(rf"(?:\(\[string\] \$({_NAME})\))? (?=\{{)")[1]
        made = Function(parameter, self.block())
        return lambda scope: scope.functions.update({found[1]: made})

    def condition(self, _: re.Match[str]) -> Run:
        test = self.pipeline()
        self.need(r"\)")
        yes = self.block()
        no = self.block() if self.take(r"\s*else") else None
        return lambda scope: yes(scope) if test(scope) else no(scope) if no else None

    def loop(self, _: re.Match[str]) -> Run:
        name = self.need(rf"\$({_NAME}) in ")[1]
        values = self.pipeline()
        self.need(r"\)")
        body = self.block()

        def loop(scope: Scope) -> Value:
            printed = []
            for value in listed(values(scope)):
                scope.set(name, value)
                printed += listed(body(scope))
            return printed

        return loop

    def attempt(self, _: re.Match[str]) -> Run:
        body = self.block()
        handler = self.block() if self.take(r"\s*catch") else None
        last = self.block() if self.take(r"\s*finally") else None

        def attempt(scope: Scope) -> Value:
            try:
                return body(scope)
            except Thrown as error:
                if handler is None:
                    raise
                scope.set("_", Record(str(error)))
                return handler(scope)
            finally:
                if last:
                    last(scope)

        return attempt

    def leaving(self, found: re.Match[str]) -> Run:
        what = None if self.take(r"(?=\n)") else self.pipeline()
        kind = {"throw": Thrown, "return": Returned, "exit": Exited}[found[1]]

        def leave(scope: Scope) -> NoReturn:
            raise kind(what(scope) if what else scope.get("_").message)

        return leave

    def assignment(self, found: re.Match[str]) -> Run:
        first, *second = found[1].split(", $")
        given = self.pipeline()

        def assign(scope: Scope) -> None:
            value = given(scope)
            if found[2] == "+=":
                value = [*scope.get(first), value]
            elif second:
                value, *others = value
                scope.set(second[0], others)
            scope.set(first, value)

        return assign

    # --- commands -------------------------------------------------------------------------------

    def pipeline(self) -> Run:
        found = self.take(rf"(& aws|{_WORD})(?= )")
        return self.command(found[1]) if found else self.expression()

    def command(self, name: str) -> Run:
        words: list[tuple[bool, Run]] = []
        while not self.take(r"(?=[\n)}])"):
            splat = self.take(rf"@({_NAME})")
            words.append((True, self.variable(splat[1])) if splat else (False, self.argument()))

        def call(scope: Scope) -> Value:
            given: list[Value] = []
            for spread, word in words:
                value = word(scope)
                given += listed(value) if spread else [value]
            return runtime.call(scope, name, given)

        return call

    def argument(self) -> Run:
        found = self.take(r"(2>&1|-[A-Z]\w*)(?=[\s)])")
        if found:
            parameter = Parameter(found[1])
            return lambda _: parameter
        found = self.take(rf"({_WORD}|\d+\.\d+)(?=[\s)])")
        return self.constant(found[1]) if found else self.operand()

    # --- expressions ----------------------------------------------------------------------------

    def expression(self) -> Run:
        if self.take(r"-not "):
            denied = self.operand()
            return lambda scope: not denied(scope)
        left = self.operand()
        found = self.take(r"(\.\.|-(?:cne|ne|cnotmatch|is|join|f|replace)\b)")
        if not found:
            return left
        rights = [self.operand()]
        if self.take(","):
            rights.append(self.operand())

        def operate(scope: Scope) -> Value:
            return runtime.operate(found[1], left(scope), *(right(scope) for right in rights))

        return operate

    def operand(self) -> Run:
        value = self.primary()
        while True:
            method = self.touching(rf"\.({_NAME})\(")
            member = None if method else self.touching(rf"\.({_NAME})")
            if method:
                value = self.called(value, method[1], self.arguments())
            elif member:
                value = self.member(value, member[1])
            elif self.touching(r"\["):
                value = self.item(value, int(self.need(r"(\d+)\]")[1]))
            else:
                return value

    def primary(self) -> Run:
        forms: tuple[tuple[str, Callable[[re.Match[str]], Run]], ...] = (
            (r"@'\n(.*?)\n'@", lambda found: self.constant(found[1])),
            (r"'((?:[^'\n]|'')*)'", lambda found: self.constant(found[1].replace("''", "'"))),
            (r"(\d+)", lambda found: self.constant(int(found[1]))),
            (r'"', lambda _: self.expandable()),
            (rf"\$({_NAME})", lambda found: self.variable(found[1])),
            (r"\[([\w.]+)\]::(\w+)\(", lambda found: self.static(f"{found[1]}::{found[2]}")),
            (r"\[(int|char)\](?=[\[$])", lambda found: self.cast(found[1])),
            (r"\[([\w.]+)\]", lambda found: self.constant(found[1])),
            (rf"\{{ param\(\$({_NAME})\) ", lambda found: self.script_block(found[1])),
        )
        for pattern, make in forms:
            found = self.take(pattern)
            if found:
                return make(found)
        array = self.need(r"(@?)\(")[1]
        inner = self.constant(None) if self.take(r"(?=\))") else self.pipeline()
        self.need(r"\)")
        return (lambda scope: listed(inner(scope))) if array else inner

    def constant(self, value: Value) -> Run:
        return lambda _: value

    def variable(self, name: str) -> Run:
        return lambda scope: scope.get(name)

    def expandable(self) -> Run:
        parts: list[Run] = []
        while not self.touching('"'):
            plain = self.touching(r'[^"$`]+')
            if plain:
                parts.append(self.constant(plain[0]))
            elif self.touching("`n"):
                parts.append(self.constant("\n"))
            elif self.touching(r"\$\("):
                parts.append(self.expression())
                self.need(r"\)")
            else:
                parts.append(self.variable(self.need(rf"\$({_NAME})")[1]))
        return lambda scope: "".join(runtime.text_of(part(scope)) for part in parts)

    def arguments(self) -> list[Run]:
        given: list[Run] = []
        while not self.take(r"\)"):
            given.append(self.operand())
            self.need(r",|(?=\))")
        return given

    def called(self, value: Run, name: str, given: list[Run]) -> Run:
        return lambda scope: runtime.method(
            scope, value(scope), name, [each(scope) for each in given]
        )

    def static(self, name: str) -> Run:
        given = self.arguments()
        return lambda scope: runtime.static(name)(*(each(scope) for each in given))

    def member(self, value: Run, name: str) -> Run:
        return lambda scope: runtime.member(value(scope), name)

    def item(self, value: Run, position: int) -> Run:
        return lambda scope: value(scope)[position]

    def cast(self, kind: str) -> Run:
        value = self.operand()
        return lambda scope: ord(value(scope)) if kind == "int" else str(value(scope))

    def script_block(self, parameter: str) -> Run:
        body = self.expression()
        self.need(r"\}")
        return lambda scope: lambda given: body(scope.inner({parameter: given}))
