"""KMS's own word where the policies that can be read leave a question open."""

from __future__ import annotations

from typing import Literal, Optional

from ssmdiag.iam.arn import parse_arn, role_name_of
from ssmdiag.model import Situation
from ssmdiag.policy.context import encryption_context
from ssmdiag.policy.request import Request
from ssmdiag.requirements.caller.principals import Who, asking
from ssmdiag.requirements.role.dry_run import OPERATIONS, dry_run, testify
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Denied, Known


@dataclass(frozen=True)
class Testimony:
    """What KMS said to a dry run."""

    outcome: Literal["allowed", "denied"]
    said: str


def testimony(ask: Ask, situation: Situation, request: Request, who: Who) -> Optional[Testimony]:
    """Have KMS say it, if it can be asked as ``who`` and about this request; else None."""
    service, _, operation = request.action.partition(":")
    if service.lower() != "kms" or operation not in OPERATIONS or not _asks(ask, who):
        return None
    arn = parse_arn(request.resource)
    if arn is None or not arn.resource.startswith("key/"):
        return None
    pairs = encryption_context(request)
    region = "" if arn.region == situation.region else arn.region
    answer = testify(ask, dry_run(operation, request.resource, pairs, region))
    marked = "KMS, asked in a dry run with the same credentials"
    if isinstance(answer, Known):
        return Testimony("allowed", f"{marked}, says that it would do it")
    if isinstance(answer, Denied):
        return Testimony("denied", f"{marked}, refuses: {answer.denial.message}")
    return None


def _asks(ask: Ask, who: Who) -> bool:
    """Whether ssmdiag's own credentials are those of ``who``."""
    arn = asking(ask).get("Arn", "")
    same_role = who.role is not None and role_name_of(arn) == who.role
    parsed = parse_arn(arn)
    return arn == who.principal or (
        same_role and parsed is not None and parsed.account == who.account
    )
