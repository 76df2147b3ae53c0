"""Snaps update themselves, which restarts the agent.

Sources: Snapcraft documentation, "Managing updates" (four times a day; ``snap refresh --hold`` from
snapd 2.58 on); agent source ``packaging/snap/snapcraft.yml`` (``stop-mode: sigterm``: only the
agent's main process is told to stop).
"""

from __future__ import annotations

from ssmdiag.model import Holds, NotApplicable, Situation, Verdict
from ssmdiag.requirements.agent.facts import INSTALLATION, told
from ssmdiag.requirements.contract import Requirement, doubted
from ssmdiag.requirements.host.facts import unseen
from ssmdiag.world.call import Absent, Ask, Known

SNAP = "local/snap"


def _snap(ask: Ask, situation: Situation) -> Verdict:
    answer = ask(INSTALLATION)
    if isinstance(answer, Absent):
        return NotApplicable("the agent is not installed")
    if not isinstance(answer, Known):
        look = "look on the node: `snap list amazon-ssm-agent`"
        return unseen(answer, "the agent's installation", SNAP, doubted(situation, SNAP), look)
    if told(answer).get("Kind") != "snap":
        return NotApplicable("the agent is not installed as a snap")
    snap = told(answer).get("Snap") or {}
    revision = f"the agent is a snap (revision {snap.get('Revision') or 'not known'})"
    if snap.get("Held"):
        said = f"{revision} whose updates are held back: it is not restarted by them"
        return Holds(said, ("`snap refresh --unhold amazon-ssm-agent` lets it be updated again",))
    return Holds(
        f"{revision}: snapd looks for updates four times a day, and an update restarts the agent",
        (
            "a session that starts at that moment may fail; `snap refresh --time` tells when the "
            "next look is, `snap changes` what was done",
            "`snap refresh --hold=72h amazon-ssm-agent` puts updates off",
        ),
    )


REQUIREMENTS = (
    Requirement(
        SNAP, "What updates of the snap do to the agent is known", "host", _snap, standing=False
    ),
)
