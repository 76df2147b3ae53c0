"""One policy statement read against one request: which of its parts fit, and what is nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Optional

from ssmdiag.iam.conditions import check, texts
from ssmdiag.iam.logic import Truth, all_of, any_of, negate
from ssmdiag.iam.pattern import Lookup, Pattern, glob, read_pattern
from ssmdiag.iam.policy import Policy, Request
from ssmdiag.iam.principal import Meant, Reach, meant_by, principals_of
from ssmdiag.model import PolicyType

_HAS_PRINCIPAL = ("resource", "rcp", "vpc-endpoint", "trust")

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


@dataclass(frozen=True)
class Part:
    """One element of a statement: whether it fits the request, and if not surely, why not."""

    name: Literal["action", "principal", "resource", "condition"]
    fits: Truth
    why: str
    nearly: bool = False


@dataclass(frozen=True)
class Reading:
    """A statement beside a request."""

    policy: Policy
    label: str
    """Its Sid, or ``#2`` for the second statement without one."""
    effect: str
    parts: tuple[Part, ...]
    reach: Optional[Reach]

    @property
    def applies(self) -> Truth:
        return all_of(part.fits for part in self.parts)

    @property
    def obstacle(self) -> Optional[Part]:
        """The part that keeps it from applying: the first that fails, else that is unknown."""
        failing = [part for part in self.parts if part.fits is False]
        unknown = [part for part in self.parts if part.fits is None]
        return next(iter(failing + unknown), None)

    @property
    def closeness(self) -> tuple[int, ...]:
        """Greater is nearer: an earlier part that fits outweighs all later ones."""
        return tuple(
            int(part.nearly) if part.fits is False else 2 + bool(part.fits) for part in self.parts
        )

    @property
    def named(self) -> str:
        which = f"statement {self.label}" if self.label.startswith("#") else f'Sid "{self.label}"'
        return f"{which} of {describe(self.policy)}"


def describe(policy: Policy) -> str:
    """``inline policy "logs"``: identity policies with an ARN are the managed ones.

    Policies of a resource and of a trust need no name of their own: ``the key policy``.
    """
    if policy.type in ("resource", "trust"):
        return f"the {policy.name}"
    kind = WORDS[policy.type]
    if policy.type == "identity":
        kind = "managed policy" if policy.arn else "inline policy"
    return f'{kind} "{policy.name}"'


def read_policy(policy: Policy, request: Request, lookup: Lookup) -> list[Reading]:
    """Every statement of ``policy`` beside ``request``; what is no statement is left out."""
    version = str(policy.document.get("Version", "2008-10-17"))
    statements = policy.document.get("Statement")
    if not isinstance(statements, list):
        statements = [statements]
    return [
        _read(policy, _label(statement, number), statement, version, request, lookup)
        for number, statement in enumerate(statements, start=1)
        if isinstance(statement, Mapping)
    ]


def nearest(readings: Iterable[Reading]) -> Optional[Reading]:
    """The statement that is about this action and comes closest to applying."""
    about = [reading for reading in readings if reading.parts[0].fits is not False]
    return max(about, key=lambda reading: reading.closeness, default=None)


def _label(statement: Mapping[str, Any], number: int) -> str:
    return str(statement.get("Sid") or f"#{number}")


def _read(
    policy: Policy,
    label: str,
    statement: Mapping[str, Any],
    version: str,
    request: Request,
    lookup: Lookup,
) -> Reading:
    meant = Meant(True)
    if policy.type in _HAS_PRINCIPAL:
        meant = meant_by(statement, request)
    condition = check(statement.get("Condition"), version, lookup)
    parts = (
        Part("action", _action(statement, request), f"its actions leave out {request.action}"),
        Part("principal", meant.fits, _principal_words(statement, request), meant.kindred),
        Part(
            "resource",
            _resource(statement, version, request, lookup),
            f"its resources do not match {request.resource}",
        ),
        Part("condition", condition.holds, condition.why),
    )
    return Reading(policy, label, str(statement.get("Effect", "")), parts, meant.reach)


def _principal_words(statement: Mapping[str, Any], request: Request) -> str:
    word = "leaves out" if "NotPrincipal" in statement else "admits"
    listed = ", ".join(principals_of(statement)) or "nobody"
    return f"it {word} {listed}, not {request.principal}"


def _action(statement: Mapping[str, Any], request: Request) -> bool:
    """Names of services and actions ignore case (IAM User Guide, "...elements: Action")."""

    def listed(element: str) -> bool:
        return any(
            glob(text).matches(request.action, ignore_case=True)
            for text in texts(statement.get(element, ()))
        )

    return not listed("NotAction") if "NotAction" in statement else listed("Action")


def _resource(
    statement: Mapping[str, Any], version: str, request: Request, lookup: Lookup
) -> Truth:
    """A statement without Resource (a role's trust policy) means the thing it is attached to."""
    if "Resource" not in statement and "NotResource" not in statement:
        return True
    negated = "NotResource" in statement
    listed = texts(statement["NotResource" if negated else "Resource"])
    found = any_of(_resource_fits(text, version, request.resource, lookup) for text in listed)
    return negate(found) if negated else found


def _resource_fits(text: str, version: str, resource: str, lookup: Lookup) -> Truth:
    pattern = read_pattern(text, version, lookup)
    if pattern is None:
        return False
    return None if isinstance(pattern, str) else _arn_fits(pattern, resource)


def _arn_fits(pattern: Pattern, resource: str) -> bool:
    """Wildcards stay within their ARN segment, but for the last one; missing segments are ``*``
    (IAM User Guide, "IAM JSON policy elements: Resource")."""
    wanted, seen = pattern.split(":", 5), resource.split(":", 5)
    if len(wanted) == 1 or len(seen) < 6:
        return pattern.matches(resource)
    return all(part.matches(text) for part, text in zip(wanted, seen))
