"""Whether the node's clock is right: AWS refuses what is signed at another time.

Sources: IAM User Guide, "Signature Version 4" (requests must reach AWS within five minutes); Amazon
S3 User Guide, "Error responses", RequestTimeTooSkewed; Amazon EC2 User Guide, "Amazon Time Sync
Service"; agent source ``common/identity/credentialproviders`` (credentials are thrown away when by
the node's clock they have expired).
"""

from __future__ import annotations

from typing import Optional

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent.facts import manager, restarting
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments, waits
from ssmdiag.requirements.host.clock_facts import WRONG, Clock, in_words, read_clock
from ssmdiag.requirements.identity.agent import node_id
from ssmdiag.requirements.network.probe_facts import Probe
from ssmdiag.world.call import Ask, Known, call

CLOCK = "clock/skew"
_NOTICEABLE = 60.0
_RESOURCE = Resource("clock", "the node's clock")
_SETTLE = "compare `date -u` with `curl -sI https://ssm.REGION.amazonaws.com/ | grep -i ^date`"


def _check(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, CLOCK)
    if not situation.online:
        return _as_logged(situation, symptoms, None)
    clock = read_clock(ask, situation)
    if isinstance(clock, Gap):
        return _as_logged(situation, symptoms, clock)
    if clock.skew is not None:
        return _compared(ask, situation, clock, clock.skew, symptoms)
    if clock.untimely:
        return _out_of_time(ask, situation, clock.untimely, symptoms)
    if symptoms:
        gap = Gap("no endpoint answered that it could be compared with", _settle(situation))
        return _as_logged(situation, symptoms, gap)
    return waits("network/ssm", "no endpoint answered that the clock could be compared with")


def _compared(
    ask: Ask, situation: Situation, clock: Clock, skew: float, symptoms: tuple[Symptom, ...]
) -> Verdict:
    told = f"the node's clock is {in_words(skew)} AWS's"
    evidence = (*clock.told, *_logged(symptoms))
    if clock.wrong:
        limit = f"AWS refuses requests signed more than {WRONG:.0f} s off (S3: 900 s)"
        if skew > 0:
            limit += "; and to the agent its credentials seem to expire early"
        return Broken(told, _RESOURCE, (*evidence, limit), (_setting_it(ask, situation),))
    if abs(skew) > _NOTICEABLE:
        warning = f"at {WRONG:.0f} s AWS will refuse everything: {_setting_it(ask, situation).text}"
        return Holds(f"{told}: not yet too much", (*evidence, warning))
    if symptoms:
        said = f"{told}; it was off before ({moments(symptoms[-1])})"
        return Holds(said, evidence)
    return Holds(told, evidence)


def _out_of_time(
    ask: Ask, situation: Situation, probe: Probe, symptoms: tuple[Symptom, ...]
) -> Broken:
    """No endpoint got so far as to tell its time, but AWS shows no certificate out of its time."""
    fault = "no longer" if probe.kind == "expired" else "not yet"
    shown = probe.certificate
    times: tuple[str, ...] = ()
    if shown and shown.not_before and shown.not_after:
        times = (f"it is valid from {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d}",)
    return Broken(
        f"the node's clock is wrong: by it the certificate of {probe.endpoint.host} is {fault} "
        "valid",
        _RESOURCE,
        (probe.told, *times, *_now(ask), *_logged(symptoms)),
        (_setting_it(ask, situation),),
    )


def _as_logged(situation: Situation, symptoms: tuple[Symptom, ...], gap: Optional[Gap]) -> Verdict:
    if symptoms:
        said = f"the agent's log says: {symptoms[-1].title}; whether the clock is off is not known"
        return Unverified(said, (_RESOURCE,), _settle(situation), _logged(symptoms))
    if gap is None:
        return NotApplicable("nothing in the log casts doubt on it")
    return Unverified(f"whether the clock is right is not known: {gap.why}", (), gap.settle)


def _logged(symptoms: tuple[Symptom, ...]) -> tuple[str, ...]:
    return tuple(f"the agent logged: {s.sample.message} ({moments(s)})" for s in symptoms[-1:])


def _now(ask: Ask) -> tuple[str, ...]:
    answer = ask(call("host", "GetTime"))
    utc = answer.data.get("Utc") if isinstance(answer, Known) else None
    return (f"by the node's clock it is {utc}",) if utc else ()


def _settle(situation: Situation) -> str:
    return _SETTLE.replace("REGION", situation.region)


def _setting_it(ask: Ask, situation: Situation) -> Advice:
    """What to type, for the node's kind of system as far as what starts the agent tells it."""
    on_ec2 = node_id(ask, situation).startswith("i-")
    source = "169.254.169.123 (Amazon Time Sync Service)" if on_ec2 else "time.aws.com"
    server, kind = source.split()[0], manager(ask)
    how = (
        f"`chronyc makestep`, or without chrony `timedatectl set-ntp true`; if it has no source, "
        f"take {source} (`server {server} prefer iburst` in chrony.conf)"
    )
    if kind == "windows":
        how = (
            f"`w32tm /config /manualpeerlist:{server} /syncfromflags:manual /update`, "
            "`w32tm /resync /force`"
        )
    if kind == "launchd":
        how = f"`sntp -sS {server}`, `systemsetup -setusingnetworktime on`"
    return Advice(f"set the clock: {how}; then restart the agent: {restarting(ask)}")


REQUIREMENTS = (Requirement(CLOCK, "The node's clock is right", "host", _check, standing=False),)
