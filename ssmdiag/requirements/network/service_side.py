"""What nobody on this side can mend or look at: AWS answers with an error of its own.

Sources: Systems Manager API Reference, "Common Errors" (``InternalFailure``,
``ServiceUnavailable``, ``ThrottlingException``); AWS General Reference, "Managing AWS API requests"
(throttling counts all requests of an account in a region); AWS Health User Guide, "AWS Health
Dashboard".
"""

from __future__ import annotations

from ssmdiag.model import NotApplicable, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.contract import Requirement, doubted, moments
from ssmdiag.world.call import Ask

_ID = "service/aws"
_THROTTLED = "the agent tries again by itself; if it goes on, see who asks most (CloudTrail)"


def _works(_: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, _ID)
    if not symptoms:
        return NotApplicable("nothing in the log casts doubt on it")
    newest = symptoms[-1]
    failure = newest.failure
    kinds = dict.fromkeys(x.resource for x in newest.suspects if x.requirement == _ID)
    name = (failure and failure.host) or f"AWS in {situation.region}"
    dashboard = f"look at https://health.aws.amazon.com/health/status for {situation.region}"
    throttled = failure is not None and failure.kind == "throttled"
    return Unverified(
        f"the agent's log says: {newest.title}; AWS answered with an error of its own",
        tuple(Resource(kind, name) for kind in kinds),
        f"{dashboard}; {_THROTTLED}" if throttled else dashboard,
        (f"{failure.text if failure else newest.sample.message} ({moments(newest)})",),
    )


REQUIREMENTS = (Requirement(_ID, "AWS itself works", "network", _works, standing=False),)
