"""The service control policies over an account, by level. Only a few may read them.

Sources: AWS Organizations API Reference (DescribeOrganization, ListParents, ListPoliciesForTarget,
DescribePolicy); AWS Organizations User Guide, "Service control policies (SCPs)".
"""

from __future__ import annotations

from typing import Union

from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.world.call import Absent, Answer, Ask, Known, call, reason

_KIND = "SERVICE_CONTROL_POLICY"
_LEVELS_AT_MOST = 8
"""A root, five organizational units, an account, and one to spare (Organizations quotas)."""


def service_control_policies(ask: Ask, account: str) -> Union[tuple[tuple[Policy, ...], ...], Gap]:
    """The SCPs of every level above and of ``account``, the root first. None hold for the
    management account, and for an account without organization."""
    whole = ask(call("organizations", "DescribeOrganization"))
    if _not_in_use(whole):
        return ()
    if not isinstance(whole, Known):
        return gap_of(whole, "the organization of the account")
    if whole.data["Organization"].get("MasterAccountId") == account:
        return ()
    levels: list[tuple[Policy, ...]] = []
    target = account
    for _ in range(_LEVELS_AT_MOST):
        level = _attached(ask, target)
        if isinstance(level, Gap):
            return level
        levels.insert(0, level)
        parents = ask(call("organizations", "ListParents", ChildId=target))
        if not isinstance(parents, Known):
            return gap_of(parents, f"what is above {target} in the organization")
        target = parents.data["Parents"][0]["Id"] if parents.data["Parents"] else ""
        if not target:
            break
        if target.startswith("r-"):
            root = _attached(ask, target)
            return root if isinstance(root, Gap) else (root, *levels)
    return tuple(levels)


def _not_in_use(answer: Answer) -> bool:
    if isinstance(answer, Known):
        return False
    return isinstance(answer, Absent) or "AWSOrganizationsNotInUse" in reason(answer)


def _attached(ask: Ask, target: str) -> Union[tuple[Policy, ...], Gap]:
    listed = ask(call("organizations", "ListPoliciesForTarget", TargetId=target, Filter=_KIND))
    if not isinstance(listed, Known):
        return gap_of(listed, f"the service control policies of {target}")
    found = []
    for summary in listed.data["Policies"]:
        answer = ask(call("organizations", "DescribePolicy", PolicyId=summary["Id"]))
        if not isinstance(answer, Known):
            return gap_of(answer, f"service control policy {summary['Id']}")
        try:
            document = parse(answer.data["Policy"]["Content"])
        except PolicyError as error:
            return Gap(f"service control policy {summary['Id']}: {error}", "write it anew")
        name = f"{summary.get('Name') or summary['Id']} at {target}"
        found.append(Policy(name, "scp", document, summary.get("Arn")))
    return tuple(found)
