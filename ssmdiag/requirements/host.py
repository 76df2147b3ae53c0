"""The host beneath the agent, as far as it can be looked at or cleared.

Source: agent source ``common/identity`` (identities are tried one after the other; that EC2's does
not answer outside EC2 is logged as an error and means nothing).
"""

from __future__ import annotations

import re

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
from ssmdiag.requirements.contract import Requirement, doubted, gap_of
from ssmdiag.requirements.identity import Agent, find_agent
from ssmdiag.world.call import Ask, Known, call

_HOST = "local/host"
_DISK = "local/disk"
_METADATA = "169.254.169.254"
_FULL = re.compile("no space left on device|not enough space on the disk", re.IGNORECASE)
_MIB = 1 << 20
_ENOUGH = 16 * _MIB
"""A session's temporary files want some room; less than this is as good as none."""


def _host(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, _HOST)
    if not symptoms:
        return NotApplicable("nothing in the log casts doubt on it")
    agent = find_agent(ask, situation)
    metadata_only = all(_METADATA in s.sample.message for s in symptoms)
    if metadata_only and isinstance(agent, Agent) and agent.hybrid:
        return Holds(f"{agent.session} is a hybrid node, which has no instance metadata service")
    settle = "look at the host: limits, users, and the agent's service"
    return _as_logged(symptoms[0], _HOST, "this node", settle)


def _as_logged(symptom: Symptom, requirement: str, name: str, settle: str) -> Unverified:
    kinds = dict.fromkeys(x.resource for x in symptom.suspects if x.requirement == requirement)
    return Unverified(
        f"the agent's log says: {symptom.title}",
        tuple(Resource(kind, name) for kind in kinds),
        settle,
        (symptom.sample.message,),
    )


def _disk(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, _DISK)
    if not symptoms:
        return NotApplicable("nothing in the log casts doubt on it")
    other = [s for s in symptoms if not _FULL.search(s.sample.message)]
    settle = "look at the volume on the node: `df -h`, `df -i`, `mount`"
    if other:
        return _as_logged(other[0], _DISK, "the agent's volume", settle)
    answer = ask(call("host", "GetDiskSpace"))
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the free space of the agent's volume")
        return _as_logged(symptoms[-1], _DISK, "the agent's volume", f"{gap.settle}; {settle}")
    free, path = int(answer.data["FreeBytes"]), str(answer.data["Path"])
    files = answer.data.get("FreeFiles")
    if free >= _ENOUGH and files != 0:
        return Holds(f"the volume of {path} has {free // _MIB} MiB free now")
    left = "no file can be made (inodes)" if files == 0 else f"{free // _MIB} MiB are free"
    return Broken(
        f"the volume of {path} is full: {left}",
        Resource("local-os", path),
        (f"the agent logged: {symptoms[-1].sample.message}",),
        (
            Advice(
                "free space or grow the volume; Ssm.SessionLogsRetentionDurationHours in "
                "amazon-ssm-agent.json says how long session data is kept there"
            ),
        ),
    )


REQUIREMENTS = (
    Requirement(_DISK, "The agent's volume has room", "host", _disk, standing=False),
    Requirement(_HOST, "The host lets the agent work", "host", _host, standing=False),
)
