"""HCL, laid out as ``terraform fmt`` lays it out: blocks, arguments, heredocs.

No value, however hostile, leaves the string or heredoc that it stands in. Sources: HCL Native
Syntax Specification, "Template Expressions" and "Identifiers"; Terraform documentation, "Strings
and Templates" and "Style Guide".
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Union

from ssmdiag.values import dataclass

_MARGIN = "  "
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LIST_WIDTH = 70


@dataclass(frozen=True)
class Expression:
    """HCL that is written as it is."""

    text: str


@dataclass(frozen=True)
class Document:
    """A JSON value that is written as text, in a heredoc."""

    value: Any


@dataclass(frozen=True)
class Argument:
    """``name = value``. A value is a JSON value, an Expression or a Document."""

    name: str
    value: Any


@dataclass(frozen=True)
class Block:
    """``kind "label" "label" { ... }``."""

    kind: str
    labels: tuple[str, ...]
    body: tuple[Union[Argument, Block], ...]


@dataclass(frozen=True)
class Known:
    """Values that Terraform knows better: expressions, by the text that stands in their place."""

    parts: Mapping[str, str] = field(default_factory=dict)
    """Wherever the text occurs, even within another."""
    wholes: Mapping[str, str] = field(default_factory=dict)
    """Only where the text is all there is: one ARN may begin with another."""

    def of(self, text: str) -> str:
        """The expression that ``text`` as a whole stands for; empty if it is an ordinary one."""
        return self.parts.get(text) or self.wholes.get(text, "")


def written(item: Union[Argument, Block], known: Known, margin: str = "") -> Iterator[str]:
    """The lines of a block or an argument. Raises ValueError for what no HCL can say."""
    if isinstance(item, Argument):
        yield from _argument(item, known, margin, len(item.name))
        return
    head = " ".join([item.kind, *(f'"{label}"' for label in item.labels)])
    yield f"{margin}{head} {{"
    yield from _body(item.body, known, margin + _MARGIN)
    yield f"{margin}}}"


def _body(items: Sequence[Union[Argument, Block]], known: Known, margin: str) -> Iterator[str]:
    """Short arguments stand together, with their values aligned; all else stands apart."""
    together: list[Argument] = []
    first = True
    for item in [*items, None]:
        if isinstance(item, Argument) and len(list(written(item, known, margin))) == 1:
            together.append(item)
            continue
        width = max((len(argument.name) for argument in together), default=0)
        shorts = [line for a in together for line in _argument(a, known, margin, width)]
        for lines in (shorts, list(written(item, known, margin)) if item else []):
            if lines and not first:
                yield ""
            yield from lines
            first = first and not lines
        together = []


def _argument(argument: Argument, known: Known, margin: str, width: int) -> Iterator[str]:
    head = f"{margin}{argument.name.ljust(width)} = "
    value = argument.value
    if isinstance(value, Document):
        # The text never ends early: no line of JSON is the bare word that ends it.
        yield f"{head}<<-JSON"
        for line in _document(value.value, known).split("\n"):
            yield f"{margin}{_MARGIN}{line}"
        yield f"{margin}JSON"
    elif isinstance(value, Mapping):
        yield f"{head}{{"
        entries = tuple(Argument(_key(name), each) for name, each in value.items())
        yield from _body(entries, known, margin + _MARGIN)
        yield f"{margin}}}"
    else:
        line = _value(value, known)
        if len(line) <= _LIST_WIDTH or not isinstance(value, (list, tuple)):
            yield head + line
            return
        yield f"{head}["
        yield from (f"{margin}{_MARGIN}{_value(each, known)}," for each in value)
        yield f"{margin}]"


def _value(value: Any, known: Known) -> str:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, (bool, int, float)):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, str):
        return known.of(value) or f'"{_quoted(value, known)}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(each, known) for each in value)}]"
    raise ValueError(f"{value!r} cannot be written as HCL")


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else f'"{_quoted(name, Known())}"'


def _quoted(text: str, known: Known) -> str:
    return _template("".join(map(_character, text)), _interpolated(known))


def _character(character: str) -> str:
    if character.isprintable() and character not in _SHORT:
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"no string of Terraform can carry {character!r}")
    return _SHORT.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _document(value: Any, known: Known) -> str:
    """JSON in which Terraform finds its expressions, and nothing else that it would evaluate."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    plain = json.dumps(value, ensure_ascii=False)
    # Terraform normalises its strings; what that would change is escaped, as JSON can.
    if not plain.isprintable() or not unicodedata.is_normalized("NFC", plain):
        text = json.dumps(value, indent=2, allow_nan=False)
    wholes = {json.dumps(whole): f'"${{{e}}}"' for whole, e in known.wholes.items()}
    return _template(text, {**wholes, **_interpolated(known)})


def _interpolated(known: Known) -> dict[str, str]:
    return {part: f"${{{expression}}}" for part, expression in known.parts.items()}


def _template(text: str, expressions: Mapping[str, str]) -> str:
    """Text of a template, quoted or not, with ``expressions`` in the place of what they stand for.

    What begins with a quote is a whole string of JSON; within a string that quote is escaped.
    """
    sought = (re.escape(t) if t[0] != '"' else rf"(?<!\\){re.escape(t)}" for t in expressions)
    pieces: list[str] = []
    end = 0
    for match in re.finditer("|".join(sought) or r"(?!)", text):
        expression = expressions[match.group()]
        before = _literal(text[end : match.start()])
        # A dollar sign just before an interpolation would make text of it.
        pieces += [re.sub(r"\$\Z", r"\\u0024", before), expression]
        end = match.end()
    return "".join([*pieces, _literal(text[end:])])


def _literal(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")
