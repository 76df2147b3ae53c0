"""The Condition element: every operator and every key must hold; values may be unknown.

Source: IAM User Guide, "IAM JSON policy elements: Condition", "... Condition operators" and "Set
operators for multivalued context keys".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ssmdiag.policy.logic import Truth, all_of, any_of, negate
from ssmdiag.policy.operators import Comparison, Operator
from ssmdiag.policy.pattern import Filled, Lookup, Template, Vague, Values, literal
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Condition:
    """One key of one operator, with the values that the policy lists for it."""

    operator: Operator
    key: str
    expected: tuple[Template, ...]

    def holds(self, lookup: Lookup) -> Truth:
        """Whether the request's values satisfy it."""
        values = lookup(self.key)
        comparison = self.operator.comparison
        if values is None:
            # A key with IfExists may be absent as well as hold any value.
            return None
        if comparison is None:
            return ("false" if values else "true") in {e.text.lower() for e in self.expected}
        if not values:
            return self._absent(comparison)
        return self._compared(values, comparison, lookup)

    def _absent(self, comparison: Comparison) -> bool:
        quantifier = self.operator.quantifier
        if self.operator.if_exists or quantifier == "all":
            return True
        return comparison.negated and quantifier != "any"

    def _compared(self, values: Sequence[str], comparison: Comparison, lookup: Lookup) -> Truth:
        results = (_fits(value, self.expected, comparison, lookup) for value in values)
        quantifier = self.operator.quantifier
        if quantifier == "all":
            # An empty value counts as none (the same page, "ForAllValues").
            filled = [value for value in values if value]
            return all_of(_fits(value, self.expected, comparison, lookup) for value in filled)
        if quantifier == "any" or not comparison.negated:
            return any_of(results)
        return all_of(results)


def _fits(
    value: str, expected: Sequence[Template], comparison: Comparison, lookup: Lookup
) -> Truth:
    """Whether one value of the request equals one of the policy's; turned round if negated.

    What a variable without value stands in equals nothing, so that an inverted operator is met
    (IAM User Guide, "IAM policy elements: Variables and tags").
    """
    wanted = (_filled(template, comparison, lookup) for template in expected)
    found = any_of(
        None if isinstance(pattern, Vague) else comparison.compare(value, pattern)
        for pattern in wanted
        if pattern is not None
    )
    return negate(found) if comparison.negated else found


def _filled(template: Template, comparison: Comparison, lookup: Lookup) -> Filled:
    return template.filled(lookup) if comparison.variables else literal(template.text)


@dataclass(frozen=True)
class Unmet:
    """A condition that fails, or may fail, with the values that the request has."""

    condition: Condition
    values: Values

    def __str__(self) -> str:
        if self.values is None:
            seen = "is not known"
        elif not self.values:
            seen = "is not in the request"
        else:
            seen = "is " + ", ".join(f'"{value}"' for value in self.values)
        wanted = " or ".join(f'"{template.text}"' for template in self.condition.expected)
        return (
            f"condition {self.condition.operator.written} {self.condition.key} wants {wanted}, "
            f"and the key {seen}"
        )


def check(conditions: Sequence[Condition], lookup: Lookup) -> tuple[Truth, Optional[Unmet]]:
    """Whether all ``conditions`` hold; if not surely, the first that fails, else is unknown."""
    open_one: Optional[Condition] = None
    for condition in conditions:
        holds = condition.holds(lookup)
        if holds is False:
            return False, Unmet(condition, lookup(condition.key))
        if holds is None and open_one is None:
            open_one = condition
    if open_one is None:
        return True, None
    return None, Unmet(open_one, lookup(open_one.key))
