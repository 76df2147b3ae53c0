"""One statement of a policy, as it was read from its document.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language" and the pages "IAM JSON policy
elements: ...".
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal, Optional

from ssmdiag.policy.conditions import Condition
from ssmdiag.policy.logic import Truth, any_of, negate
from ssmdiag.policy.pattern import Lookup, Pattern, Template, Vague, arn_fits, glob
from ssmdiag.values import dataclass

PrincipalKind = Literal["AWS", "Service", "Federated", "CanonicalUser"]


@dataclass(frozen=True)
class Actions:
    """Action or NotAction. Names of services and actions ignore case."""

    listed: tuple[str, ...]
    negated: bool

    @cached_property
    def _patterns(self) -> tuple[Pattern, ...]:
        return tuple(glob(text.lower()) for text in self.listed)

    def fit(self, action: str) -> bool:
        """Whether ``action``, in lower case, is meant."""
        return any(pattern.matches(action) for pattern in self._patterns) is not self.negated

    def speak_of(self, service: str) -> bool:
        """Whether an action of that service is listed at all."""
        return any(text.lower().startswith((f"{service}:", "*")) for text in self.listed)


@dataclass(frozen=True)
class Resources:
    """Resource or NotResource."""

    listed: tuple[Template, ...]
    negated: bool

    def fit(self, resource: str, lookup: Lookup) -> Truth:
        """Whether ``resource`` is meant; unknown if a policy variable is."""
        found = any_of(_fits(template, resource, lookup) for template in self.listed)
        return negate(found) if self.negated else found


def _fits(template: Template, resource: str, lookup: Lookup) -> Truth:
    pattern = template.filled(lookup)
    if pattern is None:
        return False
    if isinstance(pattern, Vague):
        return None if arn_fits(pattern.widest, resource) else False
    return arn_fits(pattern, resource)


@dataclass(frozen=True)
class Principals:
    """Principal or NotPrincipal. ``"*"`` is the same as ``{"AWS": "*"}``."""

    listed: tuple[tuple[PrincipalKind, str], ...]
    negated: bool


@dataclass(frozen=True)
class Statement:
    """A statement. ``resources`` is None if it means the thing that its policy is attached to,
    ``principals`` if it means whomever its policy is attached to."""

    label: str
    """Its Sid, or ``#2`` for the second statement without one."""
    effect: Literal["Allow", "Deny"]
    actions: Actions
    resources: Optional[Resources]
    principals: Optional[Principals]
    conditions: tuple[Condition, ...]

    @property
    def named(self) -> str:
        return f"statement {self.label}" if self.label.startswith("#") else f'Sid "{self.label}"'
