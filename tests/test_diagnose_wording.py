"""What was repaired, and what manages the agent, in; what the reader is told beside it out."""

from __future__ import annotations

import pytest

from ssmdiag.diagnose.wording import notes
from ssmdiag.model import Situation
from ssmdiag.requirements.agent.facts import SERVICE
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Answer, Call, Known, Unreachable


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("systemd", "systemctl restart amazon-ssm-agent"),
        ("snap", "snap restart amazon-ssm-agent"),
        ("launchd", "launchctl kickstart -k system/com.amazon.aws.ssm"),
        ("windows", "Restart-Service AmazonSSMAgent"),
    ],
)
def test_the_agent_is_restarted_as_this_node_restarts_it(manager: str, command: str) -> None:
    def door(question: Call) -> Answer:
        return Known({"Manager": manager}) if question == SERVICE else Unreachable("not asked")

    (note,) = notes(Situation("eu-north-1"), (), ["identity/agent-role"], Asking(door))
    assert f"`{command}` makes it try at once" in note


def test_where_no_credentials_were_repaired_nobody_asks_what_manages_the_agent() -> None:
    asking = Asking(lambda _: Known({}))
    assert notes(Situation("eu-north-1"), (), ["log-group/exists"], asking) == ()
    assert asking.answers == {}
