"""What IAM's policy simulator is asked: whose requests, with which policies and condition keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn, Optional

from ssmdiag.demo.additions.entities import KINDS, Entity, entity
from ssmdiag.iam.arn import parse_arn
from ssmdiag.model import PolicyType
from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.policy.request import ContextValue
from ssmdiag.values import dataclass

_ACTION = re.compile(r"[\w-]+:[\w-]+", re.ASCII)

_OF_LIVE_REQUESTS = (
    *("aws:CurrentTime", "aws:EpochTime", "aws:PrincipalIsAWSService", "aws:PrincipalServiceName"),
    *("aws:RequestedRegion", "aws:ResourceAccount", "aws:SecureTransport", "aws:ViaAWSService"),
    *("kms:CallerAccount", "kms:EncryptionContextKeys"),
)
"""Keys that a service adds to a request; a simulated one has them only from ContextEntries."""

_OF_NO_GROUP = ("aws:PrincipalArn", "aws:PrincipalType", "aws:username")


@dataclass(frozen=True)
class Simulated:
    """Whose requests are simulated, with everything that decides them."""

    caller: str
    held: Entity
    resource: tuple[Policy, ...]
    """The one policy of every resource, if the request brings one."""
    owner: Optional[str]
    context: Mapping[str, ContextValue]

    @property
    def account_policy(self) -> Policy:
        """The policy of a resource that leaves it to the caller's account who may use it."""
        account = f"{self.caller.rpartition(':')[0]}:root"
        whole = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [whole]}
        return Policy("account policy", "resource", document)


def actions_of(response: Any) -> list[str]:
    """IAM API Reference, "SimulatePrincipalPolicy": each with its service in front."""
    actions: list[str] = list(response._get_param("ActionNames") or ())
    for action in actions:
        if not _ACTION.fullmatch(action):
            # The code is documented, its words are not.
            _invalid(f"Invalid action name: {action}")
    return actions


def resources_of(response: Any) -> list[str]:
    """The same page: ARNs of things that need not exist, or ``*``, which is the default too."""
    resources: list[str] = list(response._get_param("ResourceArns") or ["*"])
    for resource in resources:
        if resource != "*" and parse_arn(resource) is None:
            _invalid(f"ResourceNames are not in a valid ARN format: {resource}.")
    return resources


def simulated_by(response: Any) -> Simulated:
    """The same page: the policies of PolicySourceArn, of which CallerArn may make use."""
    for name in ("PolicyExclusionList", "ResourceHandlingOption"):
        if response._get_param(name):
            _invalid(f"{name} is not supported by this simulator.")
    held = _held(response)
    caller = str(response._get_param("CallerArn") or held.arn)
    caller_kind, _ = _kind_and_name(caller)
    policy = response._get_param("ResourcePolicy")
    if policy and caller_kind != "user":
        # "Simulation of resource-based policies isn't supported for IAM roles", says the page.
        _invalid("Invalid caller - Caller must be an IAM user in this context.")
    absent = (*_OF_LIVE_REQUESTS, *(_OF_NO_GROUP if caller_kind == "group" else ()))
    return Simulated(
        caller=caller,
        held=held,
        resource=(_policy("ResourcePolicy", "resource", policy),) if policy else (),
        owner=_owner(response),
        context={**dict.fromkeys(absent), **_context(response)},
    )


def _held(response: Any) -> Entity:
    """What IAM holds, and what the request adds to it; a boundary there replaces the one here."""
    source = response._get_param("PolicySourceArn")
    kind, name = _kind_and_name(source)
    account = source.split(":")[4]
    if account != response.current_account:
        _invalid(
            f"Invalid Policy Source Arn: caller's account {response.current_account} does not have"
            f" access to policies in account {account}"
        )
    held = entity(account, response.partition, kind, name)
    added = _policies(response, "PolicyInputList", "identity")
    boundary = _policies(response, "PermissionsBoundaryPolicyInputList", "boundary")
    return Entity(held.arn, (*held.identity, *added), boundary or held.boundary)


def _kind_and_name(text: str) -> tuple[str, str]:
    arn = parse_arn(text)
    kind, _, path = (arn.resource if arn and arn.service == "iam" else "").partition("/")
    name = path.rpartition("/")[2]
    if kind not in KINDS or not name:
        _invalid(f"Invalid Entity Arn: {text} does not clearly define entity type and name.")
    return kind, name


def _policies(response: Any, parameter: str, kind: PolicyType) -> tuple[Policy, ...]:
    texts = response._get_param(parameter) or ()
    return tuple(_policy(f"{parameter}.{n}", kind, text) for n, text in enumerate(texts, start=1))


def _policy(name: str, kind: PolicyType, text: str) -> Policy:
    try:
        policy = Policy(name, kind, parse(text))
    except PolicyError as error:
        _invalid(f"The policy {name} is not valid: {error}")
    if policy.problem:
        _invalid(f"The policy {name} is not valid: {policy.problem}")
    return policy


def _owner(response: Any) -> Optional[str]:
    # The page says "account ID", but IAM takes the root user's ARN alone:
    # https://github.com/boto/botocore/issues/1346
    text = response._get_param("ResourceOwner")
    arn = parse_arn(text or "")
    if text and (arn is None or (arn.service, arn.resource) != ("iam", "root")):
        _invalid(f"'{text}' is not a valid as a Resource Owner.")
    return arn.account if arn else None


def _context(response: Any) -> Mapping[str, ContextValue]:
    context: dict[str, ContextValue] = {}
    for entry in response._get_param("ContextEntries") or ():
        values = list(entry.get("ContextKeyValues") or ())
        single = len(values) == 1 and not str(entry.get("ContextKeyType")).endswith("List")
        context[entry["ContextKeyName"]] = values[0] if single else values
    return context


def _invalid(message: str) -> NoReturn:
    from moto.iam.exceptions import InvalidInput

    raise InvalidInput(message)
