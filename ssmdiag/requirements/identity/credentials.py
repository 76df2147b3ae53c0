"""Whether the agent's credentials are good: not expired, and of the account and region meant.

Sources: agent source ``common/runtimeconfig/identity_runtimeconfig.go`` (when they expire) and
``core/app/credentialrefresher`` (they are renewed at half of their life, so expired ones mean that
the renewal fails); EC2 User Guide, "Instance identity documents".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Optional

from ssmdiag.iam.arn import parse_arn
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent.facts import (
    CORE,
    METADATA,
    STATE,
    clock,
    find_config,
    find_processes,
    instant,
    named,
    now,
    restarting,
    told,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted, gap_of, unread, waits
from ssmdiag.requirements.identity.agent import CALLER, RUNTIME_CONFIG, kind_of_node
from ssmdiag.world.call import Ask, Known

_ID = "identity/credentials"


def _credentials(ask: Ask, situation: Situation) -> Verdict:
    symptoms, kind = doubted(situation, _ID), kind_of_node(ask, situation)
    if kind == "ECS":
        return NotApplicable("in an ECS task ECS hands out the credentials, and renews them")
    shown = told(ask(METADATA)).get("Identity")
    instance = shown if isinstance(shown, dict) and kind == "EC2" else {}
    elsewhere = _elsewhere(ask, situation, instance)
    if elsewhere:
        return elsewhere
    answer = ask(RUNTIME_CONFIG)
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the agent's identity_config.json")
        return unread(gap, _ID, symptoms)
    verdict = _lifetime(ask, told(answer))
    looked_at = _asked_elsewhere(ask, situation, instance)
    return looked_at if looked_at and isinstance(verdict, Holds) else verdict


# --- whose they are -----------------------------------------------------------------------------


def _elsewhere(ask: Ask, situation: Situation, instance: Mapping[str, Any]) -> Optional[Verdict]:
    """The agent acts for another account, or in another region, than its instance is of."""
    account, region = instance.get("AccountId"), instance.get("Region")
    logged = parse_arn(situation.principals[-1]) if situation.principals else None
    if account and logged and logged.account != account:
        return Broken(
            f"the agent acts in account {logged.account}, its instance is of account {account}",
            Resource("role", "the agent's role"),
            (f"the agent's log: {situation.principals[-1]}", f"instance metadata: {account}"),
            (
                Advice(
                    "look for a hybrid registration left on the instance: `amazon-ssm-agent "
                    f"-register -clear` removes it; then {restarting(ask)}"
                ),
            ),
        )
    config = find_config(ask)
    override = "" if isinstance(config, Gap) else config.text("Agent", "Region")
    if region and override and override != region and not isinstance(config, Gap):
        return Broken(
            f"{config.path}: Agent.Region is {override}, the instance is in {region}, and its "
            "credentials count for nothing elsewhere",
            Resource("agent-config", config.path),
            (f"instance metadata: {region}",),
            (Advice(f"remove Agent.Region from {config.path}; then {restarting(ask)}"),),
        )
    return None


def _asked_elsewhere(
    ask: Ask, situation: Situation, instance: Mapping[str, Any]
) -> Optional[Verdict]:
    """ssmdiag looks at another account or region than the node's: then nothing here counts."""
    account, region = instance.get("AccountId"), instance.get("Region")
    asker = told(ask(CALLER)).get("Account")
    if account and asker and asker != account:
        return Unverified(
            f"the node is of account {account}, while ssmdiag looks at account {asker}",
            (),
            f"give ssmdiag credentials of account {account}",
        )
    if region and situation.region and situation.region != region:
        return Unverified(
            f"the node is in {region}, while ssmdiag looks at {situation.region}",
            (),
            "run ssmdiag with --region and the node's own region",
        )
    return None


# --- how long they are good ---------------------------------------------------------------------


def _lifetime(ask: Ask, config: Mapping[str, Any]) -> Verdict:
    expires, moment = instant(config.get("CredentialsExpiresAt")), now(ask)
    retrieved = instant(config.get("CredentialsRetrievedAt"))
    evidence = (f"retrieved at {clock(retrieved)}",) if retrieved else ()
    if expires is None:
        return NotApplicable("the agent does not write down when its credentials expire")
    if moment is None:
        said = f"the agent's credentials are good until {clock(expires)}"
        return Unverified(f"{said}; the node's time is not known", (), "run ssmdiag on the node")
    if expires > moment:
        return Holds(f"the agent's credentials are good until {clock(expires)}", evidence)
    listed = find_processes(ask)
    if not isinstance(listed, Gap) and not named(listed, CORE):
        return waits("agent/running", f"the credentials expired at {clock(expires)}; nobody renews")
    return _expired(ask, expires, moment, evidence)


def _expired(ask: Ask, expires: datetime, moment: datetime, evidence: tuple[str, ...]) -> Broken:
    state = told(ask(STATE))
    error, again = state.get("LastCredentialError"), instant(state.get("NextCredentialAttempt"))
    return Broken(
        f"the agent's credentials expired at {clock(expires)}, and it could not renew them",
        Resource("role", "the agent's role"),
        (
            f"by the node's clock it is {clock(moment)}",
            *((f"the agent's last error: {error}",) if error else ()),
            *((f"it asks again at {clock(again)}",) if again and again > moment else ()),
            *evidence,
        ),
        (
            Advice(
                "mend what hinders the renewal (the agent's last error names it; a clock that is "
                f"ahead looks the same); then {restarting(ask)}"
            ),
        ),
    )


REQUIREMENTS = (
    Requirement(_ID, "The agent's credentials are good", "identity", _credentials, standing=False),
)
