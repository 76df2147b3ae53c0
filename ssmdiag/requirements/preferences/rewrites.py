"""Several rewrites of one session document, made one: each alone would undo the one before it.

Source: Systems Manager API Reference, UpdateDocument (it replaces the whole content).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Optional, Union

from ssmdiag.model import Advice, Write
from ssmdiag.requirements.preferences.facts import Preferences, content_of, reading, rewrite
from ssmdiag.world.call import Ask

Part = Union[Write, Advice]


def together(ask: Ask, parts: Sequence[Part]) -> list[Part]:
    """The same remedies in the same order, with one Write for each session document."""
    done: list[Part] = []
    for part in parts:
        name = _rewritten(part)
        earlier = next((n for n, d in enumerate(done) if name and _rewritten(d) == name), None)
        if earlier is None:
            done.append(part)
            continue
        before = done[earlier]
        assert isinstance(before, Write)
        assert isinstance(part, Write)
        done[earlier] = _merged(ask, str(name), before, part)
    return done


def _rewritten(part: Part) -> Optional[str]:
    """The session document that a Remedy rewrites, if that is what it does."""
    first = part.calls[0] if isinstance(part, Write) and part.calls else None
    if first is None or first.operation not in ("UpdateDocument", "CreateDocument"):
        return None
    return str(first.parameters["Name"])


def _merged(ask: Ask, name: str, first: Write, second: Write) -> Write:
    base = content_of(ask(reading(name)))
    mine, theirs = (json.loads(w.calls[0].parameters["Content"]) for w in (first, second))
    old, after = _inputs(base or {}), _inputs(theirs)
    written = first.calls[0].operation == "UpdateDocument"
    changed = {k: v for k, v in after.items() if k not in old or old[k] != v}
    beside = {k: v for k, v in theirs.items() if k != "inputs" and (base or {}).get(k) != v}
    return rewrite(
        Preferences(name, mine, "", written),
        changed,
        f"{first.summary}; {second.summary}",
        without=tuple(k for k in old if k not in after),
        beside=beside,
    )


def _inputs(content: dict[str, Any]) -> dict[str, Any]:
    inputs = content.get("inputs")
    return inputs if isinstance(inputs, dict) else {}
