"""Policy documents: how they are read, and what they and their kinds are called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional, Union

from ssmdiag.model import PolicyType
from ssmdiag.values import dataclass

if TYPE_CHECKING:
    from ssmdiag.policy.statement import Statement


class PolicyError(ValueError):
    """A policy is malformed; the message names the place and what is wrong there."""


def parse(text: str) -> Any:
    """The JSON value that ``text`` is. Raises PolicyError, with line and column, if it is none, if
    it is nested without end, or if an object has the same key twice (JSON readers differ on which
    one counts, and AWS refuses such policies)."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise PolicyError(f"it is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise PolicyError("it is nested deeper than any policy") from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyError(f'an object has the key "{twice}" twice')
    return found


def _constant(name: str) -> None:
    raise PolicyError(f"{name} is no JSON value")


@dataclass(frozen=True)
class Policy:
    """One policy document as ``parse`` gives it, with the name that people know it by."""

    name: str
    type: PolicyType
    document: Mapping[str, Any] = field(hash=False)
    arn: Optional[str] = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements; none if it is malformed."""
        return () if self.problem else self._read  # type: ignore[return-value]

    @property
    def problem(self) -> Optional[str]:
        """Where and how it is malformed, in words; None if it is a policy."""
        return self._read if isinstance(self._read, str) else None

    @cached_property
    def _read(self) -> Union[tuple[Statement, ...], str]:
        # A policy that is only shown or rewritten is not parsed, and its parser not loaded.
        from ssmdiag.policy.grammar import statements

        try:
            return statements(self.document, self.type)
        except PolicyError as error:
            return str(error)

    @property
    def named(self) -> str:
        """``inline policy "logs"``: identity policies with an ARN are the managed ones.

        Policies of a resource and of a trust need no name of their own: ``the key policy``.
        """
        if self.type in ("resource", "trust"):
            return f"the {self.name}"
        kind = WORDS[self.type]
        if self.type == "identity":
            kind = "managed policy" if self.arn else "inline policy"
        return f'{kind} "{self.name}"'


WORDS: Mapping[PolicyType, str] = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "vpc-endpoint": "VPC endpoint policy",
    "trust": "role trust policy",
}
"""The kinds of policies as AWS's own refusals word them."""


def statements_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a document as they stand there; a single one may stand without a list."""
    listed = document.get("Statement") or []
    each = listed if isinstance(listed, list) else [listed]
    return [statement for statement in each if isinstance(statement, Mapping)]


def with_article(words: str) -> str:
    """``an identity-based policy``, ``a session policy``."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
