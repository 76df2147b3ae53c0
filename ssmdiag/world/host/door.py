"""The host's door: every operation of this room under one function."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Callable

from ssmdiag.world import host
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Answer, Call
from ssmdiag.world.host.place import Place

Operation = Callable[[Place, Mapping[str, Any]], Answer]


def door(place: Place) -> Door:
    """The door of one node. Raises ValueError for a question that no file of this room knows."""

    def ask(question: Call) -> Answer:
        operation = operations().get(question.operation)
        if operation is None:
            raise ValueError(f"the host cannot be asked {question}")
        return operation(place, question.parameters)

    return ask


@lru_cache(maxsize=1)
def operations() -> Mapping[str, Operation]:
    """What the host can be asked, by name."""
    found: dict[str, Operation] = {}
    for info in pkgutil.iter_modules(host.__path__):
        module = importlib.import_module(f"{host.__name__}.{info.name}")
        found.update(getattr(module, "OPERATIONS", {}))
    return found
