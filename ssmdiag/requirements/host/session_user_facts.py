"""Under which user of the operating system sessions run on this node.

Sources: agent source ``agent/session/shell/shell_unix.go`` (Run As, container mode) and
``agent/appconfig`` (``Agent.ContainerMode``); Systems Manager User Guide, "Turn on Run As support".
"""

from __future__ import annotations

from typing import Union

from ssmdiag.model import Situation
from ssmdiag.requirements.agent.facts import Config, find_config
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.preferences.facts import in_force
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call, call

SSM_USER = "ssm-user"


@dataclass(frozen=True)
class SessionUser:
    """The user that the preferences ask for."""

    name: str
    """Empty if Run As is on and names nobody."""
    run_as: bool
    document: str


def in_container_mode(ask: Ask) -> bool:
    """Does the agent start shells as what it is itself, and ask for no user?"""
    config = find_config(ask)
    return isinstance(config, Config) and config.get("Agent", "ContainerMode") is True


def find_session_user(ask: Ask, situation: Situation) -> Union[SessionUser, Gap]:
    """The user of sessions that are started with the preferences in force."""
    found = in_force(ask, situation)
    if isinstance(found, Gap):
        return found
    if found.flag("runAsEnabled"):
        return SessionUser(found.text("runAsDefaultUser").strip(), True, found.document)
    return SessionUser(SSM_USER, False, found.document)


def asking_for(name: str) -> Call:
    """The Call that tells of one user."""
    return call("host", "GetSessionUser", Name=name)
