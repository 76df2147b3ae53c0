"""ssmdiag.toml: the choices of a set-up as a file.

The keys are the options of ``ssmdiag setup``, without their dashes in front.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import fields
from typing import Any, Union, get_type_hints

from ssmdiag.setup.wanted import Wish
from ssmdiag.toml import parse_toml


class ConfigurationError(ValueError):
    """The file cannot be used; the message says why in one line."""


_WHAT = {str: "a text", int: "a whole number", bool: "true or false"}


def read(text: str) -> Wish:
    """The choices that ``text`` makes. Raises ConfigurationError."""
    try:
        written = parse_toml(text)
    except ValueError as error:
        raise ConfigurationError(f"not TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError("it is nested too deeply") from None
    kinds = {name.replace("_", "-"): kind for name, kind in get_type_hints(Wish).items()}
    values: dict[str, Any] = {}
    for key, value in written.items():
        if key not in kinds:
            near = difflib.get_close_matches(key, kinds, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(kinds)}"
            raise ConfigurationError(f"there is no choice {key!r}{hint}")
        values[key.replace("-", "_")] = _value(key, value, kinds[key])
    return Wish(**values)


def _value(key: str, value: Any, kind: Any) -> Any:
    if kind == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise ConfigurationError(f"{key} must be a list of texts")
    wanted = next(k for k in _WHAT if kind == Union[k, None])
    # To Python true is a whole number, to TOML it is none.
    if type(value) is not wanted:
        raise ConfigurationError(f"{key} must be {_WHAT[wanted]}")
    return value


def written(wish: Wish) -> str:
    """The file that makes the choices of ``wish``; what is left open stands there as a comment."""
    lines = ["# What `ssmdiag setup` sets up: `ssmdiag setup plan --config ssmdiag.toml`"]
    for each in fields(Wish):
        key, value = each.name.replace("_", "-"), getattr(wish, each.name)
        if value is None or value == ():
            lines.append(f"# {key} =")
        else:
            # JSON's texts, numbers, truths and lists of texts are TOML's.
            shown = list(value) if isinstance(value, tuple) else value
            lines.append(f"{key} = {json.dumps(shown, ensure_ascii=True)}")
    return "\n".join(lines) + "\n"
