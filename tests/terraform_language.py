"""The language of Terraform, as far as configurations for a plan use it: values and references.

python-hcl2 parses; values stay as they are written there, and are evaluated here. Source: HCL
Native Syntax Specification, "Template Expressions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import hcl2
from hcl2.utils import SerializationOptions

State = Mapping[str, Mapping[str, Any]]
"""Arguments and attributes of what was made so far, by address."""

_REFERENCE = re.compile(r"(aws_\w+\.[\w-]+)(?:\.(\w+))?")
_TOKEN = re.compile(
    r"(?P<dollar>\$\$\{)|(?P<percent>%%\{)|\$\{(?P<expression>[^}]*)\}"
    r"|\\u(?P<short>[0-9a-f]{4})|\\U(?P<long>[0-9a-f]{8})|\\(?P<escape>.)",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Configuration:
    """A parsed file: bodies of resources by address, and what is imported as which."""

    resources: Mapping[str, Mapping[str, Any]]
    imports: Mapping[str, str]


def parsed(text: str) -> Configuration:
    """Read HCL with python-hcl2; values stay as they are written."""
    options = SerializationOptions(with_comments=False, explicit_blocks=False)
    data = hcl2.loads(text, serialization_options=options)
    bodies = {}
    for each in data.get("resource", []):
        for type_, labelled in each.items():
            for label, body in labelled.items():
                address = f"{json.loads(type_)}.{json.loads(label)}"
                assert address not in bodies
                bodies[address] = body
    imports = {each["to"][2:-1]: evaluated(each["id"], {}) for each in data.get("import", [])}
    return Configuration(bodies, imports)


def evaluated(value: Any, state: State) -> Any:
    """A value, with references to what ``state`` has."""
    if isinstance(value, dict):
        return {_key(name): evaluated(each, state) for name, each in value.items()}
    if isinstance(value, list):
        return [evaluated(each, state) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"<<-JSON\n'):
        *lines, _ = value.split("\n")[1:]
        margin = min(len(line) - len(line.lstrip(" ")) for line in lines)
        return _text("\n".join(line[margin:] for line in lines) + "\n", state, quoted=False)
    if value.startswith('"'):
        return _text(value[1:-1], state, quoted=True)
    return _referred(value[2:-1], state)


def _key(name: str) -> str:
    return _text(name[1:-1], {}, quoted=True) if name.startswith('"') else name


def _text(template: str, state: State, *, quoted: bool) -> str:
    def piece(match: re.Match[str]) -> str:
        found = match.groupdict()
        if found["dollar"] or found["percent"]:
            return match.group()[1:]
        if found["expression"] is not None:
            return str(_referred(found["expression"], state))
        if not quoted:
            return match.group()
        code = found["short"] or found["long"]
        return chr(int(code, 16)) if code else _ESCAPES[found["escape"]]

    return _TOKEN.sub(piece, template)


def _referred(expression: str, state: State) -> Any:
    match = _REFERENCE.fullmatch(expression)
    assert match, f"no reference: {expression}"
    address, attribute = match.groups()
    return state[address][attribute] if attribute else address


def references(value: Any) -> Iterator[str]:
    """The addresses that a value names."""
    text = json.dumps(value)
    for match in re.finditer(r"(?<!\$)\$\{(aws_\w+\.[\w-]+)[.}]", text):
        yield match.group(1)
