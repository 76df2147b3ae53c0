"""What an effect is, and how one is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable

from ssmdiag.world.call import Answer, Call, Known

Parameters = dict[str, Any]
Effect = Callable[[Parameters, Call, Answer], Answer]
"""The write's parameters, a reading Call and its Answer before -> its Answer after."""

Effects = Mapping[str, Effect]


def concerns(question: Call, service: str, operation: str, **parameters: Any) -> bool:
    """Is this the reading Call ``operation``, about these ``parameters``?"""
    if (question.service, question.operation) != (service, operation):
        return False
    asked = question.parameters
    return all(asked.get(name) == value for name, value in parameters.items())


def data_of(answer: Answer, otherwise: dict[str, Any]) -> dict[str, Any]:
    """A copy of an Answer's data, to be changed; ``otherwise`` if there is none."""
    known = answer.data if isinstance(answer, Known) else otherwise
    copy: dict[str, Any] = json.loads(json.dumps(known))
    return copy
