"""One statement read against one request: which of its parts fit, and what is nearest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Optional, Union

from ssmdiag.policy.conditions import Unmet, check
from ssmdiag.policy.document import Policy
from ssmdiag.policy.logic import Truth, all_of
from ssmdiag.policy.pattern import Lookup
from ssmdiag.policy.principal import Meant, Reach, meant_by, principals_of
from ssmdiag.policy.request import Request
from ssmdiag.policy.statement import Statement
from ssmdiag.values import dataclass

PartName = Literal["action", "principal", "resource", "condition"]


@dataclass(frozen=True)
class Part:
    """One element of a statement: whether it fits the request, and if not surely, why not."""

    name: PartName
    fits: Truth
    why: Union[str, Unmet] = ""
    nearly: bool = False


@dataclass(frozen=True)
class Reading:
    """A statement beside a request."""

    policy: Policy
    statement: Statement
    parts: tuple[Part, ...]
    """As far as it was read: what comes after a part that does not fit cannot matter."""
    reach: Optional[Reach] = None

    @property
    def applies(self) -> Truth:
        return all_of(part.fits for part in self.parts)

    @property
    def obstacle(self) -> Optional[Part]:
        """The part that keeps it from applying: the one that fails, else the first unknown."""
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
        return f"{self.statement.named} of {self.policy.named}"


def read_policies(
    policies: Sequence[Policy], request: Request, lookup: Lookup, bounded: Truth = False
) -> list[Reading]:
    """Every statement that is about the action of ``request``, beside it. ``bounded`` says whether
    the caller has a permissions boundary."""
    action = request.action.lower()
    return [
        _read(policy, statement, request, lookup, bounded)
        for policy in policies
        for statement in policy.statements
        if statement.actions.fit(action)
    ]


def _read(
    policy: Policy,
    statement: Statement,
    request: Request,
    lookup: Lookup,
    bounded: Truth = False,
) -> Reading:
    meant = meant_by(statement, request, bounded)
    parts: list[Part] = []
    for part in _parts(policy, statement, meant, request, lookup):
        parts.append(part)
        if part.fits is False:
            break
    return Reading(policy, statement, tuple(parts), meant.reach)


def _parts(
    policy: Policy, statement: Statement, meant: Meant, request: Request, lookup: Lookup
) -> Iterator[Part]:
    if statement.principals is not None:
        why = "" if meant.fits else _admits(statement, request)
        yield Part("principal", meant.fits, why, meant.kindred)
    if statement.resources is not None:
        fits = statement.resources.fit(request.resource, lookup)
        why = "" if fits else f"its resources do not match {request.resource}"
        yield Part("resource", fits, why)
    elif policy.type == "resource" and request.action.lower().startswith("kms:"):
        # KMS saves such a statement (KMS API Reference, PutKeyPolicy).
        yield Part("resource", False, "it has no Resource, so that in a key policy it is void")
    holds, unmet = check(statement.conditions, lookup)
    yield Part("condition", holds, unmet or "")


def _admits(statement: Statement, request: Request) -> str:
    leaves_out = statement.principals is not None and statement.principals.negated
    word = "leaves out" if leaves_out else "admits"
    listed = ", ".join(principals_of(statement)) or "nobody"
    return f"it {word} {listed}, not {request.principal}"


def nearest(readings: Iterable[Reading]) -> Optional[Reading]:
    """The statement that comes closest to applying."""
    return max(readings, key=lambda reading: reading.closeness, default=None)


def nearest_in_service(
    policies: Sequence[Policy], request: Request, lookup: Lookup
) -> Optional[Reading]:
    """Where no statement is about the action: the Allow that would apply but for it."""
    service = request.action.partition(":")[0].lower()
    why = f"its actions leave out {request.action}"
    for policy in policies:
        for statement in policy.statements:
            if statement.effect == "Allow" and statement.actions.speak_of(service):
                reading = _read(policy, statement, request, lookup)
                if reading.applies:
                    return Reading(policy, statement, (Part("action", False, why),), reading.reach)
    return None
