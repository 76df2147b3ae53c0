"""``check``: no log, every Requirement of the node and of the configuration in force."""

from __future__ import annotations

from dataclasses import field, replace
from pathlib import Path
from typing import Optional

from ssmdiag.diagnose import diagnosis
from ssmdiag.diagnose.outcome import outcome
from ssmdiag.model import Report, Situation
from ssmdiag.requirements import registry
from ssmdiag.requirements.checking import to_check
from ssmdiag.requirements.identity.agent import node_id
from ssmdiag.values import dataclass
from ssmdiag.wiring.job import MisuseError, Reach, Surroundings
from ssmdiag.wiring.reach import door, host, in_region, keep, node_region
from ssmdiag.world.asking import Asking, until
from ssmdiag.world.call import Known, call

ELSEWHERE = (
    "The node's files were read below {root}; its network was tried from here, as its agent would."
)


@dataclass(frozen=True)
class CheckJob:
    """One ``check`` as asked for."""

    only: tuple[str, ...] = ()
    """Layers, subjects or ids of Requirements; none: all that concern the node."""
    caller: Optional[str] = None
    """ARN of who is to start sessions, if that is to be checked too."""
    deadline: float = 10.0
    """Seconds for everything that is asked together."""
    reach: Reach = field(default_factory=Reach)


def check(job: CheckJob, around: Surroundings) -> Report:
    """Look at the node and at AWS, and report what holds. Raises JobError."""
    report, ask, region = examine(job, around)
    keep(job.reach, ask, region)
    return report


def examine(job: CheckJob, around: Surroundings) -> tuple[Report, Asking, str]:
    """As ``check``, with the Answers that the Report rests on, and the region. Raises JobError."""
    # Remembered: what tells the region is asked for by Requirements, too.
    on_host = Asking(host(job.reach, around))
    told = None if job.reach.snapshot else node_region(on_host)
    # Who the agent is, what is asked of it, and then how that fares: three Calls, one after
    # another, must find room before the deadline.
    reach = replace(job.reach, timeout=min(job.reach.timeout, job.deadline / 3))
    through, region = door(reach, around, told, on_host)
    ask = Asking(until(through, job.deadline))
    report = judge(job, ask, region)
    if reach.root != Path("/"):
        report = replace(report, notes=(*report.notes, ELSEWHERE.format(root=reach.root)))
    return report, ask, region


def judge(job: CheckJob, ask: Asking, region: str) -> Report:
    """The Report of a check on the world behind ``ask``. Raises MisuseError."""
    try:
        wanted = to_check(registry.discover(), job.only, caller=job.caller is not None)
    except ValueError as error:
        raise MisuseError(str(error)) from None
    situation = Situation(region, caller=job.caller)
    situation = replace(
        situation, instance_id=node_id(ask, situation) or None, agent_version=_version(ask)
    )
    report = diagnosis.diagnose(situation, diagnosis.Reading(), wanted, ask, in_region(region))
    if job.only:
        return report
    return replace(report, outcome=outcome(report.chain, ask, situation))


def _version(ask: Asking) -> Optional[str]:
    answer = ask(call("host", "GetAgentInstallation"))
    version = answer.data.get("Version") if isinstance(answer, Known) else None
    return str(version) if version else None
