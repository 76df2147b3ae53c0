"""A plan as a commented PowerShell script of AWS CLI commands, which may be run again.

It is written for Windows PowerShell 5.1 as well as PowerShell 7. Windows PowerShell reads a script
in the code page of the machine, and so all of it is ASCII. Between PowerShell and ``aws`` double
quotes get lost, and so JSON goes through files; what ``aws`` prints may be in any code page, and so
documents come back as JSON that escapes what is not ASCII.

Sources: PowerShell documentation, "about_Quoting_Rules", "about_Parsing" (arguments of programs),
"about_Preference_Variables"; AWS CLI User Guide, "Loading a parameter from a file in the AWS CLI";
the JMESPath specification, ``to_string``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Optional

from ssmdiag.requirements.identity.agent import CALLER
from ssmdiag.setup.commands import Command, document, kebab, kept_of, variables_of
from ssmdiag.setup.consistency import ATTEMPTS, NOT_YET, PAUSE
from ssmdiag.setup.formats.comments import comment, explained
from ssmdiag.setup.formats.guards import NEW_KEY, Exists, Replaces, Unit, may_be_gone, units
from ssmdiag.setup.plan import Plan
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_WIDTH = 88
_MARGIN = "    "
_BARE = re.compile(r"(--)?[a-z][a-z0-9-]*")
# Windows PowerShell would take the last backslash of a quoted argument for an escape.
_CARRIED = re.compile(r"[ !#-~]*(?<!\\)")
_OPENING = f"""\
#Requires -Version 5.1
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$attempts = {ATTEMPTS}
$pause = {PAUSE * 1000:.0f}
"""
_FUNCTIONS = r"""
# Invoke-Aws WORDS: what `aws` prints; an error where it fails.
function Invoke-Aws {
    # Windows PowerShell takes any line on stderr for an error; only the exit code tells.
    $ErrorActionPreference = 'Continue'
    $PSNativeCommandUseErrorActionPreference = $false
    $printed = @()
    $complaints = @()
    foreach ($line in @(& aws @args 2>&1)) {
        if ($line -is [System.Management.Automation.ErrorRecord]) {
            $complaints += $line.Exception.Message
        }
        else {
            $printed += $line
        }
    }
    if ($LASTEXITCODE -ne 0) {
        $ErrorActionPreference = 'Stop'
        throw "aws $($args[0]) $($args[1]) failed: $(($complaints -join ' ').Trim())"
    }
    ($printed -join "`n").Trim()
}

# Find-Aws WORDS: the same; nothing where AWS says that there is no such thing.
function Find-Aws {
    try {
        Invoke-Aws @args
    }
    catch {
        if ($_.Exception.Message -cnotmatch '\((NoSuch\w*|\w*NotFound\w*|InvalidDocument)\)') {
            throw
        }
        ''
    }
}

# Invoke-AwsPatiently CODE WORDS: tries again for a while, since CODE may only mean "not yet".
function Invoke-AwsPatiently {
    $code, $words = $args
    foreach ($attempt in 2..$attempts) {
        try {
            return Invoke-Aws @words
        }
        catch {
            if (-not $_.Exception.Message.Contains("($code)")) {
                throw
            }
        }
        Start-Sleep -Milliseconds $pause
    }
    Invoke-Aws @words
}

# Save-Text TEXT: a file with it, for `aws` to read. Windows PowerShell would lose the double
# quotes if TEXT itself were an argument.
function Save-Text([string] $text) {
    $path = Join-Path $folder ([System.IO.Path]::GetRandomFileName())
    [System.IO.File]::WriteAllText($path, $text, (New-Object System.Text.UTF8Encoding $false))
    "file://$path"
}

# Get-Squeezed TEXT: without the white space, and the spelling of characters that are not ASCII,
# in which two copies of a document may differ.
function Get-Squeezed([string] $text) {
    $spelt = { param($found) '\u{0:x4}' -f [int][char]$found.Value }
    [regex]::Replace($text, '[^\x00-\x7f]', $spelt) -replace '\s', ''
}

# Find-Document WORDS: the document that AWS has, squeezed; nothing if it has none.
function Find-Document {
    $json = Find-Aws @args
    if (-not $json) {
        return ''
    }
    Get-Squeezed (ConvertFrom-Json $json).text
}

$folder = Join-Path ([System.IO.Path]::GetTempPath()) ([System.IO.Path]::GetRandomFileName())
$null = New-Item -ItemType Directory -Path $folder
"""
_CLOSING = """\
catch {
    $Host.UI.WriteErrorLine("Stopped: $($_.Exception.Message)")
    exit 1
}
finally {
    Remove-Item -LiteralPath $folder -Recurse -Force
}
"""


def powershell(plan: Plan) -> str:
    """The whole script. Raises ValueError, worded, for what no command line can carry.

    That is what ``commands`` refuses and, outside JSON, double quotes, a backslash at the end, and
    whatever is not printable ASCII. A plan with nothing to do is a script that says so.
    """
    wanted = plan.wanted
    header = _comment(
        f"{plan.title}. Made by "
        "`ssmdiag setup`, --format powershell. It may be run again: what is there already "
        "stays as it is, and a document that has changed since this was made is not overwritten. "
        f"`ssmdiag {plan.planned_by} --permissions` prints what whoever runs it must be allowed."
    )
    if not plan.calls:
        return "\n".join([*header, f"Write-Host {_literal(_shown(plan.nothing))}", ""])
    variables = {each: _variable(name) for each, name in variables_of(plan.calls).items()}
    shell = _Shell(wanted.region, variables)
    body = _indented([*_checks(wanted.account, shell), *_steps(plan, shell)])
    return "\n".join([*header, "", _OPENING + _FUNCTIONS, "try {", *body, "}", _CLOSING])


def _checks(account: str, shell: _Shell) -> Iterator[str]:
    yield "if (-not (Get-Command aws -CommandType Application -ErrorAction SilentlyContinue)) {"
    yield f"{_MARGIN}throw 'the AWS CLI is not installed: https://aws.amazon.com/cli/'"
    yield "}"
    yield f"$expected = {_literal(_shown(account))}"
    yield from shell.command("$account = Invoke-Aws", CALLER, {}, "Account")
    yield "if ($account -cne $expected) {"
    yield (f'{_MARGIN}throw "these credentials are of account $account, the plan is for $expected"')
    yield "}"


def _steps(plan: Plan, shell: _Shell) -> Iterator[str]:
    for number, step in enumerate((s for s in plan.steps if s.calls), start=1):
        yield ""
        yield from _comment(f"{number}. {explained(step)}")
        yield f"Write-Host {_literal(_shown(f'{number}. {step.summary}'))}"
        for unit in units(step, plan):
            yield from _Written(unit, shell).pieces()
    yield ""
    yield f"Write-Host 'Done. Check it with: ssmdiag {plan.checked_by}'"


@dataclass(frozen=True)
class _Written:
    """One unit as pieces of the script: lines, or a whole here-string."""

    unit: Unit
    shell: _Shell

    def pieces(self) -> Iterator[str]:
        guard = self.unit.guard
        if isinstance(guard, Replaces):
            yield from self._replacing(guard)
        elif isinstance(guard, Exists):
            yield from self._making(guard)
        else:
            yield from self._commands({})

    def _making(self, guard: Exists) -> Iterator[str]:
        promise = self.unit.calls[0].gives
        promised = self.shell.variables.get(promise.stand_in) if promise else None
        variable = promised or "$there"
        yield from self.shell.command(f"{variable} = Find-Aws", guard.read, {}, guard.query)
        yield f"if (-not {variable}) {{"
        yield from _indented(self._commands({}))
        yield "}"

    def _replacing(self, guard: Replaces) -> Iterator[str]:
        wanted = _laid_out(guard.wanted, guard.what) if guard.wanted else ""
        yield _here_string("$wanted", wanted, self.shell.variables) if wanted else "$wanted = ''"
        unchanged = "''"
        if guard.before is not None:
            _laid_out(guard.before, guard.what)
            yield _here_string("$before", "\n".join(_ascii(guard.before).splitlines()), {})
            unchanged = "(Get-Squeezed $before)"
        query = f"to_string({{text: to_string({guard.query})}})"
        yield from self.shell.command("$now = Find-Document", guard.read, {}, query)
        yield "if ($now -cne (Get-Squeezed $wanted)) {"
        yield f"{_MARGIN}if ($now -cne {unchanged}) {{"
        said = f"{_shown(guard.what)} is no longer what it was: make the plan anew"
        yield f"{_MARGIN * 2}throw {_literal(said)}"
        yield f"{_MARGIN}}}"
        yield from _indented(self._commands({wanted: "$wanted"} if wanted else {}))
        yield "}"

    def _commands(self, texts: Mapping[str, str]) -> Iterator[str]:
        for call in self.unit.calls:
            known = dict(texts)
            for name, value in call.parameters.items():
                text = _json(value)
                if text is not None and text not in known:
                    known[text] = f"{_variable(kebab(name).replace('-', '_'))}Text"
                    yield _here_string(known[text], text, self.shell.variables)
            code = NOT_YET.get(call.operation)
            runner = f"Invoke-AwsPatiently {code}" if code else "Invoke-Aws"
            if may_be_gone(call):
                runner = "Find-Aws"
            kept = kept_of(call, self.shell.variables)
            variable, query = (kept.variable, kept.query) if kept else ("$null", "")
            yield from self.shell.command(f"{variable} = {runner}", call, known, query)
            if kept and call.operation == "CreateKey":
                yield f'Write-Host "{NEW_KEY.format(variable)}"'


@dataclass(frozen=True)
class _Shell:
    """How commands are written where some values are in variables."""

    region: str
    variables: Mapping[str, str]
    """The promised values, by what stands for them."""

    def command(
        self, opening: str, call: Call, texts: Mapping[str, str], query: str
    ) -> Iterator[str]:
        """One Call behind ``opening``. ``texts`` are the variables that hold its JSON."""
        # It refuses what no command line can carry.
        Command(call, self.region, {}).text()
        bare = Command(replace(call, arguments="{}", gives=None), "", {})
        # IAM and STS are told the region, too: it says which partition is meant.
        place = f"--region {self._word(call.region or self.region)}"
        verb = " ".join([*bare.text().split()[1:3], place])
        options = [self._option(name, value, texts) for name, value in call.parameters.items()]
        if query:
            options += [f"--query {self._word(query)}", "--output text"]
        one_line = " ".join([f"{opening} {verb}", *options])
        if len(one_line) <= _WIDTH:
            yield one_line
            return
        *lines, last = [f"{opening} {verb}", *(f"{_MARGIN}{option}" for option in options)]
        yield from (f"{line} `" for line in lines)
        yield last

    def _option(self, name: str, value: Any, texts: Mapping[str, str]) -> str:
        option = f"--{kebab(name)}"
        if isinstance(value, bool):
            return option if value else f"--no-{option[2:]}"
        text = _json(value)
        if text is not None:
            return f"{option} (Save-Text {texts[text]})"
        plain = value if isinstance(value, str) else json.dumps(value)
        # Windows PowerShell drops an empty argument; one with a dash is an option to the CLI.
        if not plain or plain.startswith("-"):
            return self._word(f"{option}={plain}")
        return f"{option} {self._word(plain)}"

    def _word(self, text: str) -> str:
        """One argument of ``aws``."""
        if not _CARRIED.fullmatch(text):
            raise ValueError(
                f"Windows PowerShell cannot hand {text!r} to the AWS CLI: it holds a double quote, "
                "ends in a backslash, or is not printable ASCII"
            )
        if text in self.variables:
            return self.variables[text]
        replaced = _replacements(text, self.variables)
        if replaced:
            return f"({_literal(text)}{replaced})"
        return text if _BARE.fullmatch(text) else _literal(text)


def _here_string(variable: str, text: str, stand_ins: Mapping[str, str]) -> str:
    """JSON as a here-string, which a line ends that begins with ``'@``.

    No line of JSON begins so: a string holds no line break, and outside of strings no apostrophe
    stands.
    """
    return f"{variable} = @'\n{text}\n'@{_replacements(text, stand_ins)}"


def _replacements(text: str, stand_ins: Mapping[str, str]) -> str:
    """What puts the values in the place of what stands for them."""
    known = ((each, variable) for each, variable in stand_ins.items() if each in text)
    return "".join(f".Replace({_literal(each)}, {variable})" for each, variable in known)


def _indented(pieces: Iterable[str]) -> Iterator[str]:
    return (f"{_MARGIN}{piece}" if piece else piece for piece in pieces)


def _comment(text: str) -> Iterator[str]:
    return (line.encode("ascii", "backslashreplace").decode() for line in comment(text))


def _shown(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _variable(name: str) -> str:
    first, *others = name.split("_")
    return f"${first}{''.join(word.title() for word in others)}"


def _json(value: Any) -> Optional[str]:
    """JSON for a structure or a string that holds a document; None for any other value."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, indent=2)
    text = document(value) if isinstance(value, str) else None
    return None if text is None else _ascii(text)


def _laid_out(text: str, what: str) -> str:
    """A document as JSON for whoever reads it. Raises ValueError if it is none."""
    laid_out = _json(text)
    if laid_out is None:
        raise ValueError(f"{what} is not JSON")
    return laid_out


def _ascii(text: str) -> str:
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found.group())[1:-1], text)
