"""An error that no Pattern knows becomes a draft of one, with its fixture."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ssmdiag.catalog.lint import SHORTEST_LITERAL
from ssmdiag.catalog.templates import mask
from ssmdiag.model import Cluster

_ID = r"[a-z0-9-]+/[a-z0-9-]+"
_SAFE = str.maketrans({char: f"\\{char}" for char in "\\.^$*+?{}[]|()"})
_VALUES = {"path": r"\S++", "number": r"[\d.]++", "url": r"\S++", "arn": r"\S++"}


class DraftError(ValueError):
    """No draft can be made of this; the message says why."""


def draft(pattern_id: str, cluster: Cluster) -> tuple[str, str]:
    """The text of ``<area>/<name>.toml`` and of its fixture, for messages like ``cluster``'s.

    Constant words become the expression, variable ones named groups; the explanation and the
    suspects are left to whoever knows them. Raises DraftError.
    """
    if not re.fullmatch(_ID, pattern_id):
        raise DraftError(f"{pattern_id!r} is no id: write area/name in small letters and dashes")
    message = " ".join(cluster.sample.message.split())
    constants = sorted(_constants(cluster.template), key=len, reverse=True)
    if not constants or len(constants[0]) < SHORTEST_LITERAL:
        raise DraftError("the message has no constant words to know it by")
    area = pattern_id.partition("/")[0]
    level = cluster.level or "ERROR"
    lines = [
        f"title = {_quoted(message[:80])}",
        f"area = {_quoted(area)}",
        'severity = "info"',
        'source = "not known: which file of the agent writes this?"',
        f"literals = [{_quoted(constants[0])}]",
        f"expressions = [{_literal(_expression(cluster.template))}]",
        f"levels = [{_quoted(level)}]",
        'explanation = """',
        "What does it mean, what was the agent doing, and what are typical causes?",
        '"""',
    ]
    example = [
        "[[lines]]",
        f"text = {_quoted(message)}",
        f"level = {_quoted(level)}",
        'why = "as the agent wrote it"',
    ]
    return "\n".join(lines) + "\n", "\n".join(example) + "\n"


def _constants(masked: str) -> Iterator[str]:
    return (part.strip() for part in mask().split(masked) if part.strip())


def _expression(masked: str) -> str:
    """The template with its variable parts as named groups: ``open (?<path>\\S++): ...``."""
    pieces: list[str] = []
    rest = 0
    seen: dict[str, int] = {}
    for mark in mask().finditer(masked):
        pieces.append(masked[rest : mark.start()].translate(_SAFE))
        rest = mark.end()
        kind = mark["kind"].replace("*", "word")
        seen[kind] = seen.get(kind, 0) + 1
        name = kind if seen[kind] == 1 else f"{kind}{seen[kind]}"
        pieces.append(f"(?<{name}>{_VALUES.get(kind, r'[^ ]++')})")
    pieces.append(masked[rest:].translate(_SAFE))
    return "".join(pieces)


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for the lone surrogates that no log line holds.
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str) -> str:
    return f"'''{text}'''" if "'''" not in text else _quoted(text)
