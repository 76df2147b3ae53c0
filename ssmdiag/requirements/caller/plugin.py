"""The Session Manager plugin of whoever starts sessions, where it is on this machine.

A plugin belongs on the machine on which ``aws ssm start-session`` is typed; a node has none.
Source: Systems Manager User Guide, "Session Manager plugin latest version and release history".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

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
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments
from ssmdiag.requirements.identity.agent import RUNTIME_CONFIG
from ssmdiag.requirements.preferences.facts import Preferences, find_preferences
from ssmdiag.world.call import Absent, Ask, Known, Unreachable, call, reason

ID = "caller/plugin"
PLUGIN = call("host", "GetCallerPlugin")

_SUPPORTED = (1, 2, 764, 0)
_WITHDRAWN = ((1, 2, 688, 0), (1, 2, 889, 0))
_WITH_KEY = (1, 1, 17, 0)
_WITH_COMMANDS = (1, 2, 54, 0)
_INSTALL = (
    'install the current one (Systems Manager User Guide, "Install the Session Manager plugin for '
    'the AWS CLI")'
)


def _check(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, ID)
    if situation.caller is None:
        if not symptoms:
            return NotApplicable("nobody was named who is to start sessions (--as-user ARN)")
        return _of_somebody(situation, symptoms[-1])
    answer = ask(PLUGIN)
    if isinstance(answer, Known):
        return _judged(ask, situation, answer.data)
    if symptoms:
        return _of_somebody(situation, symptoms[-1])
    here = ask(RUNTIME_CONFIG)
    if not isinstance(answer, Absent) or isinstance(here, Unreachable):
        said = "whether this machine has a Session Manager plugin could not be found out"
        settle = "run session-manager-plugin --version"
        return Unverified(said, (_whose(situation),), settle, (reason(answer),))
    if not isinstance(here, Absent):
        return NotApplicable(
            "this machine is a node, and the plugin belongs on that from which sessions are "
            "started: session-manager-plugin --version tells it there"
        )
    return Broken(
        "there is no Session Manager plugin on this machine, so aws ssm start-session fails here",
        _whose(situation),
        (answer.why,),
        (Advice(_INSTALL),),
    )


def _whose(situation: Situation) -> Resource:
    return Resource("caller", situation.caller or "who starts the session")


def _of_somebody(situation: Situation, symptom: Symptom) -> Unverified:
    """The log complains of a client on another machine."""
    owners = [s.owner for s in situation.starts if s.session in symptom.sessions and s.owner]
    whose = owners[-1] if owners else situation.caller or "who starts the session"
    return Unverified(
        f"{symptom.title}; which Session Manager plugin they have is not known here",
        (Resource("caller", whose),),
        "run session-manager-plugin --version where the session was started, and update it",
        (f"in the agent's log: {symptom.sample.message} ({moments(symptom)})",),
    )


def _judged(ask: Ask, situation: Situation, data: Any) -> Verdict:
    written = str(data.get("Version") or "")
    version = _version(written)
    if version is None:
        said = f"the version of the Session Manager plugin {data.get('Path')} is not known"
        return Unverified(said, (_whose(situation),), "run session-manager-plugin --version")
    plugin = f"the Session Manager plugin on this machine ({written})"
    lacks = list(_lacks(ask, situation, version))
    if lacks:
        return Broken(
            f"{plugin} is too old: {'; '.join(lacks)}",
            _whose(situation),
            (f"found at {data.get('Path')}",),
            (Advice(_INSTALL),),
        )
    notes = tuple(_notes(version))
    return Holds(f"{plugin} knows all that the preferences use", notes)


def _lacks(ask: Ask, situation: Situation, version: tuple[int, ...]) -> Iterator[str]:
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return
    if found.key and version < _WITH_KEY:
        yield f"the preferences name a session key, which takes {_dotted(_WITH_KEY)} or later"
    if _runs_commands(found) and version < _WITH_COMMANDS:
        yield (
            f"document {found.document} is for NonInteractiveCommands, which take "
            f"{_dotted(_WITH_COMMANDS)} or later"
        )


def _runs_commands(found: Preferences) -> bool:
    return found.content.get("sessionType") == "NonInteractiveCommands"


def _notes(version: tuple[int, ...]) -> Iterator[str]:
    if version in _WITHDRAWN:
        yield f"AWS withdrew {_dotted(version)}: update it"
    if version < _SUPPORTED:
        yield f"AWS supports {_dotted(_SUPPORTED)} and later only: update it before it fails"


def _version(written: str) -> Optional[tuple[int, ...]]:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6}){3}", written):
        return None
    return tuple(int(part) for part in written.split("."))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


REQUIREMENTS = (
    Requirement(
        ID,
        "Who starts the session has a Session Manager plugin that works",
        "permission",
        _check,
        standing=False,
    ),
)
