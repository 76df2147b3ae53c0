"""The requests that starting a session takes, as AWS checks them for whoever starts it.

Sources: Systems Manager User Guide, "Sample IAM policies for Session Manager", "Additional sample
IAM policies for Session Manager" and "Enforce a session document permission check for the AWS CLI";
Service Authorization Reference, "AWS Systems Manager".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Union

from ssmdiag.iam.arn import partition_of
from ssmdiag.model import Situation
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import ContextValue, Policies, Request
from ssmdiag.requirements.caller.principals import Who, asking, owner_names, user_id
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.identity.agent import Agent, find_agent, node_id
from ssmdiag.requirements.preferences.facts import document_in_use
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask

START = "ssm:StartSession"
OPEN = "ssmmessages:OpenDataChannel"
TERMINATE, RESUME = "ssm:TerminateSession", "ssm:ResumeSession"
DOCUMENT_CHECK = "ssm:SessionDocumentAccessCheck"

_SAMPLE = "0123456789abcdef0"


@dataclass(frozen=True)
class Place:
    """The node and the document that sessions are started on and with."""

    region: str
    account: str
    node: str
    """ARN of the node."""
    document: str

    @property
    def base(self) -> str:
        return f"arn:{partition_of(self.region)}:ssm"

    @property
    def document_arn(self) -> str:
        if self.document.startswith("arn:"):
            return self.document
        return f"{self.base}:{self.region}:{self.account}:document/{self.document}"


def find_place(ask: Ask, situation: Situation) -> Union[Place, Gap]:
    """Where sessions are to be started."""
    node, agent = node_id(ask, situation), find_agent(ask, situation)
    account = agent.account if isinstance(agent, Agent) else asking(ask).get("Account", "")
    if not node or not account:
        return Gap("which node this is is not known", "run ssmdiag on the node, as root")
    match = re.fullmatch(r"(m?i)-[0-9a-f]{8,17}", node)
    if match is None:
        return Gap(f"{node} is no EC2 instance and no hybrid node", "ask with ssmdiag can")
    kind = "ec2:{}:{}:instance" if match[1] == "i" else "ssm:{}:{}:managed-instance"
    where = kind.format(situation.region, account)
    arn = f"arn:{partition_of(situation.region)}:{where}/{node}"
    return Place(situation.region, account, arn, document_in_use(ask, situation))


def policies_of(who: Who) -> Policies:
    """What can be read of the policies of ``who``."""
    return Policies(identity=who.identity, boundary=who.boundary)


def may_start(who: Who, place: Place, resource: str) -> Decision:
    """ssm:StartSession is checked on the node and on the document, one after the other."""
    return _decide(who, place, START, resource, {DOCUMENT_CHECK: "true"})


def asks_for_document(who: Who, place: Place) -> bool:
    """Does every statement that allows the node demand that the document is allowed as well?"""
    unchecked = _decide(who, place, START, place.node, {DOCUMENT_CHECK: "false"})
    return unchecked.outcome == "denied" and may_start(who, place, place.node).outcome == "allowed"


def may_on_own(who: Who, place: Place, action: str) -> Decision:
    """The best answer for any of the names that a session of ``who`` may have."""
    decisions = []
    for name in owner_names(who):
        arn = f"{place.base}:{place.region}:{place.account}:session/{name}-{_SAMPLE}"
        # AWS tags a session with who started it.
        tag = {"ssm:resourceTag/aws:ssmmessages:session-id": name}
        decisions.append(_decide(who, place, action, arn, tag))
    return min(decisions, key=lambda d: ("allowed", "undetermined", "denied").index(d.outcome))


def _decide(
    who: Who, place: Place, action: str, resource: str, context: Mapping[str, ContextValue]
) -> Decision:
    request = Request(
        action=action,
        resource=resource,
        principal=who.principal,
        principal_arn=who.principal_arn,
        resource_account=place.account,
        context={
            "aws:RequestedRegion": place.region,
            "aws:userid": user_id(who),
            **who.context,
            **context,
        },
    )
    return evaluate(request, policies_of(who))
