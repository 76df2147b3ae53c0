"""The key policy: whom it must name. Other statements are left as they are.

Sources: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"; AWS
KMS Developer Guide, "Default key policy" (what administrators may); Systems Manager User Guide,
"Turn on KMS key encryption of session data" (what who starts a session needs).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ssmdiag.iam.arn import role_name_of
from ssmdiag.model import (
    Admit,
    Advice,
    Broken,
    Holds,
    Remedy,
    Resource,
    Verdict,
)
from ssmdiag.policy.decision import Decision, worst
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.contract import Gap, Requirement
from ssmdiag.requirements.key.facts import key_policy
from ssmdiag.requirements.key.log_group_key import logs_admission
from ssmdiag.requirements.role.policies import read_role
from ssmdiag.setup.targets.target import Check, requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Ask

_ADMINISTRATION = (
    *("kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*"),
    *("kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource"),
    *("kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
)
_ADMINISTERS = ("kms:PutKeyPolicy", "kms:DescribeKey", "kms:ScheduleKeyDeletion")
_STARTS = "kms:GenerateDataKey"
USERS = "StartEncryptedSessions"
"""The Sid of the statement for those who start sessions."""


def admissions(wanted: Wanted) -> Iterator[Admit]:
    """Whom the policy of the key must name, and for what."""
    for arn in wanted.admins:
        yield Admit(wanted.key_arn, "Administrators", ("AWS", arn), _ADMINISTRATION)
    if wanted.group:
        yield logs_admission(wanted.key_arn, wanted.group_arn, wanted.region)
    if wanted.session_encryption:
        for arn in wanted.users:
            yield Admit(wanted.key_arn, USERS, ("AWS", arn), (_STARTS,))


def requirements(wanted: Wanted) -> tuple[Requirement, ...]:
    """The key's administrators can manage it, and those who start sessions may use it.

    That CloudWatch Logs may is a Requirement of its own: ``key/log-group-policy``.
    """
    found = []
    if wanted.key_arn and wanted.admins:
        title = "The key's administrators can manage it"
        check = _admitted("Administrators", _ADMINISTERS)
        found.append(requirement("setup/key-administrators", title, "key", check, wanted))
    if wanted.key_arn and wanted.users and wanted.session_encryption:
        title = "Who starts sessions may use the key"
        check = _admitted(USERS, (_STARTS,))
        found.append(requirement("setup/session-users", title, "key", check, wanted))
    return tuple(found)


def _admitted(sid: str, actions: Sequence[str]) -> Check:
    """Each principal of the admissions called ``sid`` is allowed ``actions`` on the key."""

    def check(wanted: Wanted, ask: Ask) -> Verdict:
        resource = Resource("key-policy", wanted.key_arn)
        admits = [admit for admit in admissions(wanted) if admit.sid == sid]
        policy = key_policy(ask, wanted.key_arn)
        if isinstance(policy, Gap):
            return unread(policy, resource)
        refused = {
            admit: decision
            for admit in admits
            for decision in [_decided(ask, wanted, admit.principal[1], actions, policy)]
            if decision.outcome != "allowed"
        }
        if not refused:
            return Holds(f"the key policy names {_listed(admits)}")
        remedies: list[Remedy] = []
        for admit, decision in refused.items():
            explicit = f"narrow the Deny in {decision.cited.named}" if decision.cited else ""
            remedies.append(Advice(explicit) if decision.explicit and explicit else admit)
        said = f"the key's policy does not allow {_listed(list(refused))} {', '.join(actions)}"
        reasons = tuple(dict.fromkeys(r for d in refused.values() for r in d.reasons))
        return Broken(said, resource, reasons, tuple(remedies))

    return check


def _listed(admits: Sequence[Admit]) -> str:
    return ", ".join(admit.principal[1] for admit in admits)


def _decided(
    ask: Ask, wanted: Wanted, arn: str, actions: Sequence[str], policy: Policy
) -> Decision:
    """The worst Decision. A role's own policies count where they can be read; a user's do not."""
    role = role_name_of(arn)
    own = read_role(ask, role) if role and f":{wanted.account}:" in arn else None
    session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    return worst(
        [
            evaluate(
                Request(
                    action=action,
                    resource=wanted.key_arn,
                    principal=f"{session}/ssmdiag" if role else arn,
                    principal_arn=arn,
                    resource_account=wanted.account,
                    context={"kms:ViaService": None, "kms:CallerAccount": wanted.account},
                ),
                Policies(
                    identity=own.identity if own and own.identity is not None else (),
                    boundary=own.boundary if own else (),
                    resource=(policy,),
                ),
            )
            for action in actions
        ]
    )
