"""The programs of the operating system that the agent runs for a session and for its transcript.

Sources: agent source ``agent/session/shell/shell_unix.go`` (``sh``, ``id``, ``script``, ``cat``),
``agent/session/utility`` (``useradd``) and ``agent/session/shell/shell.go`` (a transcript is made
for S3, and for CloudWatch Logs without streaming; if it cannot be, nothing is uploaded); release
notes, 2.3.978 ("Refactoring session log generation logic": until then ``screen`` as well).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Symptom,
    Verdict,
)
from ssmdiag.requirements.agent.facts import Release, find_release, told
from ssmdiag.requirements.contract import Gap, Requirement, doubted, waits
from ssmdiag.requirements.host.facts import unseen
from ssmdiag.requirements.host.session_user_facts import (
    SSM_USER,
    SessionUser,
    asking_for,
    find_session_user,
    in_container_mode,
)
from ssmdiag.requirements.preferences.facts import READABLE, Preferences, in_force
from ssmdiag.world.call import Answer, Ask, Known, call

PROGRAMS = "local/session-programs"
TRANSCRIPT = "local/transcript"

_WITHOUT_SCREEN = "2.3.978"
_NOT_FOUND = re.compile(r'exec: "([A-Za-z0-9_.+-]{1,64})": executable file not found')
_PACKAGES = {
    "sh": ("/bin/sh", "dash"),
    "id": ("/usr/bin/id", "coreutils"),
    "cat": ("/usr/bin/cat", "coreutils"),
    "useradd": ("/usr/sbin/useradd", "passwd"),
    "script": ("/usr/bin/script", "bsdutils"),
}
"""The file that dnf and yum find a package by, and Debian's package."""


def _programs(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, PROGRAMS)
    names = ["sh"] if in_container_mode(ask) else ["sh", "id"]
    user = find_session_user(ask, situation)
    if isinstance(user, SessionUser) and not user.run_as and "id" in names:
        ssm_user = told(ask(asking_for(SSM_USER)))
        # macOS makes users with what comes with it.
        if ssm_user.get("Exists") is False and ssm_user.get("MadeWith") == "useradd":
            names.append("useradd")
    named = [m[1] for s in symptoms for m in _NOT_FOUND.finditer(s.sample.message)]
    names += [name for name in dict.fromkeys(named) if name not in names]
    answer = _asked(ask, names)
    if not isinstance(answer, Known):
        return _unseen(answer, PROGRAMS, symptoms, names)
    missing = [name for name in names if not answer.data.get(name)]
    if not missing:
        return Holds(_there(names), _paths(answer, names))
    what = "a session's command is not there" if set(missing) <= set(named) else "no session starts"
    return Broken(
        f"{what}: {_listed(missing)} cannot be found in the agent's PATH",
        Resource("local-os", missing[0]),
        (_why(missing), *(f"the agent logged: {s.sample.message}" for s in symptoms[-1:])),
        tuple(Advice(_install(name)) for name in missing),
    )


def _transcript(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, TRANSCRIPT)
    found = in_force(ask, situation)
    if isinstance(found, Gap) and not symptoms:
        return waits(READABLE, "whether a transcript is made is not known before the preferences")
    if isinstance(found, Preferences) and not symptoms and not _asks_for_one(found):
        return NotApplicable(
            f"document {found.document} asks for no transcript at the end of a session"
        )
    names = ["script", "cat"]
    release = find_release(ask, situation)
    old = isinstance(release, Release) and release.lacks(_WITHOUT_SCREEN)
    answer = _asked(ask, [*names, "screen"] if old else names)
    if not isinstance(answer, Known):
        return _unseen(answer, TRANSCRIPT, symptoms, names)
    missing = [name for name in names if not answer.data.get(name)]
    where = "" if isinstance(found, Gap) else " and ".join(found.destinations)
    if missing:
        return Broken(
            "the transcript of a session cannot be made, so no log arrives"
            f"{f' in {where}' if where else ''}: {_listed(missing)} cannot be found in the agent's "
            "PATH",
            Resource("local-os", missing[0]),
            (
                "the session itself runs, and is marked as failed at its end: unable to generate "
                "log data",
            ),
            tuple(Advice(_install(name)) for name in missing),
        )
    evidence = _paths(answer, names)
    if old and not answer.data.get("screen"):
        evidence += (
            f"warning: agents before {_WITHOUT_SCREEN} also call screen, which is not there: "
            "update the agent, or install screen",
        )
    return Holds(_there(names), evidence)


def _asks_for_one(preferences: Preferences) -> bool:
    streamed = preferences.flag("cloudWatchStreamingEnabled")
    return bool(preferences.bucket or (preferences.group and not streamed))


def _asked(ask: Ask, names: Sequence[str]) -> Answer:
    return ask(call("host", "GetPrograms", Names=list(names)))


def _unseen(
    answer: Answer, requirement: str, symptoms: Sequence[Symptom], names: Sequence[str]
) -> Verdict:
    look = f"look on the node: `command -v {' '.join(names)}`"
    return unseen(answer, "the programs of the node", requirement, symptoms, look)


def _paths(answer: Known, names: Sequence[str]) -> tuple[str, ...]:
    return (", ".join(str(answer.data[name]) for name in names),)


def _why(missing: Sequence[str]) -> str:
    uses = {
        "sh": "the agent starts every shell with sh",
        "id": "the agent asks id for the numbers of the session's user",
        "useradd": f"{SSM_USER} does not exist yet, and the agent makes it with useradd",
    }
    return uses.get(missing[0], "the session's document runs it")


def _install(name: str) -> str:
    if name not in _PACKAGES:
        return f"install {name} on the node, or name another command in the session's document"
    file, package = _PACKAGES[name]
    return (
        f"install {name} on the node, as root: `dnf install {file}` (or yum), or "
        f"`apt-get install {package}` on Debian and Ubuntu"
    )


def _there(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is where the agent looks for it"
    return f"{_listed(names)} are where the agent looks for them"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


REQUIREMENTS = (
    Requirement(
        PROGRAMS, "The programs that start a session are there", "host", _programs, standing=False
    ),
    Requirement(
        TRANSCRIPT,
        "The programs that make a session's transcript are there",
        "host",
        _transcript,
        standing=False,
    ),
)
