"""A policy question with its right answer, as one line of a file: how the evaluator is judged.

The form: ``id``, ``request`` (``action``, ``resource``, ``resource_account``, ``principal``,
``context``, and ``unknown``, a list of keys), the policies by kind, and ``expected``. A kind that
is left out, null or empty is known to be none; ``"unreadable"`` could not be read. Context keys
that are not listed are absent from the request, unless it has ``"complete": false``: then unknown.
``by``, ``cites`` and ``said`` may ask more of the Decision: its kind of policy, the statement that
it names, words of its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ssmdiag.model import PolicyType
from ssmdiag.policy.caller import assumes_role
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import ContextValue, Grant, Policies, Request
from ssmdiag.values import dataclass

_KINDS: Mapping[str, PolicyType] = {
    "identity_policies": "identity",
    "resource_policy": "resource",
    "permission_boundary": "boundary",
    "session_policies": "session",
    "session_policy": "session",
    "rcps": "rcp",
    "vpc_endpoint_policy": "vpc-endpoint",
}
_OTHERS = ("request", "scps", "kms_grants")
_REQUEST = (
    *("action", "resource", "resource_account", "principal"),
    *("context", "unknown", "complete"),
)
UNREADABLE = "unreadable"


class CaseError(ValueError):
    """A case is not in the form; the message says where."""


@dataclass(frozen=True)
class Case:
    """One question. ``expected`` is one of the words of ``answer_of``."""

    id: str
    request: Request
    policies: Policies
    expected: str
    by: Optional[PolicyType] = None
    cites: Optional[str] = None
    said: str = ""


def read_case(written: Mapping[str, Any]) -> Case:
    """A case from its JSON object. Raises CaseError."""
    known = {*_KINDS, *_OTHERS}
    strange = [k for k, v in written.items() if k not in known and isinstance(v, (dict, list))]
    if strange:
        raise CaseError(f"{written.get('id')}: {', '.join(strange)} is not of the form")
    try:
        request = _request(written["request"])
        return Case(
            id=str(written["id"]),
            request=request,
            policies=_policies(written, request),
            expected=str(written["expected"]),
            by=written.get("by"),
            cites=written.get("cites"),
            said=str(written.get("said") or ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise CaseError(f"{written.get('id')}: {type(error).__name__} {error}") from None


def answer_of(case: Case) -> tuple[str, Decision]:
    """``Allowed``, ``ExplicitlyDenied``, ``ImplicitlyDenied``, ``Undetermined``, or ``Malformed``
    if a policy is; and the Decision."""
    decision = evaluate(case.request, case.policies)
    if any(policy.problem for policy in _every(case.policies)):
        return "Malformed", decision
    if decision.outcome == "denied":
        return ("ExplicitlyDenied" if decision.explicit else "ImplicitlyDenied"), decision
    return decision.outcome.capitalize(), decision


def is_right(case: Case, answer: str, decision: Decision) -> bool:
    """Whether ``answer`` is the expected one; ``Denied`` expects a denial of either sort, ``Error``
    is another word for ``Malformed`` and ``Unknown`` for ``Undetermined``."""
    expected = {"error": "malformed", "unknown": "undetermined"}.get(
        case.expected.lower(), case.expected.lower()
    )
    same = answer.lower() == expected or (expected == "denied" and answer.endswith("Denied"))
    cited = decision.cited.statement if decision.cited else None
    named = case.by in (None, decision.layer) and case.cites in (None, cited)
    return same and named and case.said in " ".join(decision.reasons)


def _every(policies: Policies) -> Sequence[Policy]:
    levels = [p for level in policies.scps or () for p in level]
    one_level = (policies.identity, policies.resource, policies.boundary, policies.session)
    others = (*one_level, policies.rcps, policies.endpoint)
    return [*levels, *(policy for kind in others for policy in kind or ())]


def _request(written: Mapping[str, Any]) -> Request:
    strange = set(written) - set(_REQUEST)
    if strange:
        raise CaseError(f"{', '.join(sorted(strange))} is not of a request's form")
    context = {name: _texts(value) for name, value in (written.get("context") or {}).items()}
    arn = context.get("aws:PrincipalArn")
    return Request(
        action=written["action"],
        resource=written["resource"],
        principal=written["principal"],
        principal_arn=arn if isinstance(arn, str) else None,
        resource_account=written.get("resource_account"),
        context=context,
        complete=bool(written.get("complete", True)),
        unknown=frozenset(written.get("unknown") or ()),
    )


def _texts(value: Any) -> ContextValue:
    if isinstance(value, list):
        return [str(_texts(item)) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _policies(written: Mapping[str, Any], request: Request) -> Policies:
    def of(key: str) -> Optional[list[Policy]]:
        trust = key == "resource_policy" and assumes_role(request.action)
        return _read(written.get(key), "trust" if trust else _KINDS[key], key)

    return Policies(
        identity=of("identity_policies"),
        resource=of("resource_policy"),
        boundary=of("permission_boundary"),
        scps=_levels(written.get("scps")),
        rcps=of("rcps"),
        session=of("session_policy" if "session_policy" in written else "session_policies"),
        endpoint=of("vpc_endpoint_policy"),
        grants=_grants(written.get("kms_grants")),
    )


def _read(documents: Any, kind: PolicyType, name: str) -> Optional[list[Policy]]:
    if documents == UNREADABLE:
        return None
    listed = documents if isinstance(documents, list) else [] if documents is None else [documents]
    if kind in ("resource", "trust", "boundary", "vpc-endpoint") and isinstance(documents, list):
        # There is one of these; a list in its place is a malformed document.
        listed = [documents] if documents else []
    return [Policy(f"{name} {n}", kind, _parsed(doc)) for n, doc in enumerate(listed, start=1)]


def _parsed(document: Any) -> Any:
    """A document may be written as the text that it is; what cannot be read stays text, which is
    no policy."""
    try:
        return parse(document) if isinstance(document, str) else document
    except PolicyError:
        return document


def _levels(written: Any) -> Optional[list[list[Policy]]]:
    if written == UNREADABLE:
        return None
    nested = written and all(isinstance(level, list) for level in written)
    levels = written if nested else [written] if written else []
    read = (_read(level, "scp", f"scps level {n}") for n, level in enumerate(levels, start=1))
    return [level for level in read if level is not None]


def _grants(written: Any) -> Optional[list[Grant]]:
    if written == UNREADABLE:
        return None
    return [
        Grant(
            grantee=grant["grantee_principal"],
            operations=tuple(grant["operations"]),
            constraints=grant.get("constraints"),
            retiring=grant.get("retiring_principal"),
        )
        for grant in written or ()
    ]
