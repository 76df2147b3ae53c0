"""The operating system's user under which sessions run, and its right to use sudo.

Sources: agent source ``agent/session/utility/utility_unix.go`` (ssm-user is made when the first
session starts, and its sudoers file only together with it, since 2.3.634) and
``agent/session/shell/shell_unix.go`` (the user must exist and be neither uid 0 nor gid 0; the agent
starts ``sh`` itself, whatever shell the user has, and asks for no password); Systems Manager User
Guide, "Turn off or turn on ssm-user account administrative permissions"; sudoers(5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Union

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
from ssmdiag.requirements.contract import Gap, Requirement, as_logged, doubted, waits
from ssmdiag.requirements.host.facts import unseen
from ssmdiag.requirements.host.session_user_facts import (
    SSM_USER,
    SessionUser,
    asking_for,
    find_session_user,
    in_container_mode,
)
from ssmdiag.requirements.preferences.document import RUN_AS
from ssmdiag.requirements.preferences.facts import READABLE
from ssmdiag.world.call import Ask, Known

USER = "local/session-user"
SUDO = "local/session-sudo"

_CONTAINER = "in container mode the agent starts shells as the user that it runs as itself"
_SUDOERS = "/etc/sudoers.d/ssm-agent-users"
_RULE = f"{SSM_USER} ALL=(ALL) NOPASSWD:ALL"
_NOT_MADE = re.compile(rf"Failed to create (?:user )?{SSM_USER}")
# What useradd(8) takes without being forced to.
_ORDINARY = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)


def _user(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, USER)
    if in_container_mode(ask):
        return NotApplicable(_CONTAINER)
    wanted = _wanted(ask, situation, symptoms)
    if isinstance(wanted, Gap):
        if symptoms:
            return as_logged(USER, symptoms, wanted.settle)
        return waits(READABLE, "whose sessions these are is not known before the preferences are")
    if not wanted.name:
        return waits(RUN_AS, "Run As is on and names no user")
    answer = ask(asking_for(wanted.name))
    if not isinstance(answer, Known):
        look = f"look on the node: {_id_of(wanted.name)}"
        return unseen(answer, f"the user {wanted.name}", USER, symptoms, look)
    failed = [s for s in symptoms if _NOT_MADE.search(s.sample.message)]
    if failed and not wanted.run_as and not answer.data.get("Exists"):
        return _not_made(failed[-1])
    return _judged(answer.data, wanted)


def _wanted(ask: Ask, situation: Situation, symptoms: Sequence[Symptom]) -> Union[SessionUser, Gap]:
    """The user whom the newest Symptom names, else the one of the preferences."""
    found = find_session_user(ask, situation)
    named = [dict(s.fields).get("user", "") for s in symptoms]
    name = next((n for n in reversed(named) if n), "")
    if not name:
        return found
    document = "" if isinstance(found, Gap) else found.document
    return SessionUser(name, name != SSM_USER, document)


def _judged(data: dict[str, Any], wanted: SessionUser) -> Verdict:
    name, uid, gid = wanted.name, data.get("Uid"), data.get("Gid")
    resource = Resource("local-os", f"user {name}")
    if not data.get("Exists"):
        if not wanted.run_as:
            said = f"{name} does not exist yet: the agent makes it when the first session starts"
            return Holds(said, (f"with `useradd -m {name}`, and {_SUDOERS}",))
        return Broken(
            f"the user {name} of Run As does not exist on this node: its sessions are refused",
            resource,
            (
                f"the agent refuses with: failed to start pty since RunAs user {name} does not "
                "exist",
                "a tag SSMSessionRunAs on who starts the session goes before the document's user",
            ),
            (Advice(_make(wanted)),),
        )
    if uid == 0 or gid == 0:
        return Broken(
            f"the user {name} has uid {uid} and gid {gid}: the agent starts no session as root or "
            "in root's group",
            resource,
            ("the agent refuses with: invalid uid and gid",),
            (Advice(_other(wanted)),),
        )
    use = "Run As" if wanted.run_as else "sessions without Run As"
    shell = f"its login shell ({data.get('Shell') or 'none'}) plays no part: the agent starts sh"
    return Holds(f"the user of {use} exists: {name} (uid {uid}, gid {gid})", (shell,))


def _not_made(symptom: Symptom) -> Broken:
    return Broken(
        f"{SSM_USER} does not exist, and the agent could not make it: sessions are refused",
        Resource("local-os", f"user {SSM_USER}"),
        (f"the agent logged: {symptom.sample.message}",),
        (
            Advice(
                f"make it on the node, as root: `useradd -m {SSM_USER}`, which also tells what "
                "is in the way (a read-only or locked /etc, a group of that name); for sudo, "
                f"which the agent grants it, `echo '{_RULE}' > {_SUDOERS}` and `chmod 0440 "
                f"{_SUDOERS}`; or put the user into the image"
            ),
        ),
    )


def _make(wanted: SessionUser) -> str:
    where = f"runAsDefaultUser of document {wanted.document}" if wanted.document else "Run As"
    other = f"or name a user that exists ({where}, or the caller's tag SSMSessionRunAs)"
    if _ORDINARY.fullmatch(wanted.name):
        return f"make the user on the node, as root: `useradd -m {wanted.name}`; {other}"
    return f"make the user on the node, or let its directory of users know it; {other}"


def _other(wanted: SessionUser) -> str:
    if wanted.run_as:
        return (
            "name an ordinary user in runAsDefaultUser"
            + (f" of document {wanted.document}" if wanted.document else "")
            + " or in the caller's tag SSMSessionRunAs; sessions that need root's rights use sudo"
        )
    return (
        f"on the node, as root: `userdel {SSM_USER}`; the agent makes it anew, with numbers of its "
        "own, when the next session starts"
    )


def _id_of(name: str) -> str:
    return f"`id {name}`" if _ORDINARY.fullmatch(name) else "does id(1) know the user?"


# --- sudo ---------------------------------------------------------------------------------------


def _sudo(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, SUDO)
    if in_container_mode(ask):
        return NotApplicable(_CONTAINER)
    found = find_session_user(ask, situation)
    if isinstance(found, SessionUser) and found.run_as:
        return NotApplicable("with Run As the agent grants no user the use of sudo")
    if isinstance(found, Gap) and not symptoms:
        return waits(READABLE, "whose sessions these are is not known before the preferences are")
    answer = ask(asking_for(SSM_USER))
    look = f"look on the node, as root: `ls -l {_SUDOERS}`, `visudo -c`"
    if not isinstance(answer, Known):
        return unseen(answer, f"the user {SSM_USER}", SUDO, symptoms, look)
    sudoers = answer.data.get("Sudoers") or {}
    if sudoers.get("Exists") is None:
        if symptoms:
            return as_logged(SUDO, symptoms, f"run ssmdiag as root; or {look}", name=_SUDOERS)
        return Unverified(f"{_SUDOERS} may only be seen by root", (), "run ssmdiag as root")
    if not answer.data.get("Exists"):
        return Holds(f"{_SUDOERS} is written together with {SSM_USER}, when a session first starts")
    return _granted(sudoers, symptoms)


def _granted(sudoers: dict[str, Any], symptoms: Sequence[Symptom]) -> Verdict:
    resource = Resource("local-os", _SUDOERS)
    mode = str(sudoers.get("Mode") or "")
    if sudoers["Exists"] and mode[-1:] in ("2", "3", "6", "7"):
        return Broken(
            f"sudo ignores {_SUDOERS}, because everybody may write to it (mode {mode})",
            resource,
            ("the agent makes it with mode 0440",),
            (Advice(f"on the node, as root: `chmod 0440 {_SUDOERS}`, then `visudo -c`"),),
        )
    if sudoers.get("Grants"):
        return Holds(f"{SSM_USER} may use sudo by {_SUDOERS}")
    if symptoms and not sudoers["Exists"]:
        return Broken(
            f"{SSM_USER} may not use sudo: {_SUDOERS} could not be written when it was made",
            resource,
            (f"the agent logged: {symptoms[-1].sample.message}",),
            (
                Advice(
                    "on the node, as root: `install -d -m 0750 /etc/sudoers.d`, then "
                    f"`echo '{_RULE}' > {_SUDOERS}`, `chmod 0440 {_SUDOERS}` and `visudo -c`"
                ),
            ),
        )
    why = "grants it nothing" if sudoers["Exists"] else "does not exist"
    return Holds(
        f"{SSM_USER} has no use of sudo by {_SUDOERS}, which {why}",
        (
            "the agent writes that file only when it makes the user, and leaves it as it is "
            f"afterwards; `sudo -l -U {SSM_USER}` as root tells whether another rule grants it",
        ),
    )


REQUIREMENTS = (
    Requirement(
        USER, "The operating system's user of sessions can be used", "host", _user, standing=False
    ),
    Requirement(SUDO, "ssm-user's right to use sudo is in order", "host", _sudo, standing=False),
)
