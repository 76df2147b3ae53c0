"""SELinux and AppArmor: whether they keep something from the agent.

Sources: Red Hat's "Using SELinux" (``ausearch``, ``restorecon``, ``audit2allow``); AppArmor's wiki,
"AppArmor Failures", and aa-complain(8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Optional

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
from ssmdiag.requirements.agent.facts import clock, instant, now
from ssmdiag.requirements.contract import Requirement, doubted
from ssmdiag.requirements.host.facts import unseen
from ssmdiag.world.call import Ask, Known, call

SECURITY = "local/security"

_LATELY = timedelta(days=1)
_LOOK = (
    "look on the node, as root: `getenforce`, `ausearch -m avc -ts today`, `aa-status`, "
    "`journalctl -k --grep denied`"
)
_REMEDIES = {
    "SELinux": (
        "on the node, as root: `restorecon -Rv /var/lib/amazon/ssm /var/log/amazon/ssm` mends "
        "labels that were lost; what is still denied then needs a policy of your own: read it with "
        "`ausearch -m avc -ts today | audit2why`, make it with "
        "`ausearch -m avc -ts today | audit2allow -M ssm-agent-local`, and load it with "
        "`semodule -i ssm-agent-local.pp` once you have read ssm-agent-local.te"
    ),
    "AppArmor": (
        "on the node, as root: `aa-logprof` offers the rules that the agent's profile lacks; "
        "`aa-complain` with the profile's file below /etc/apparmor.d lifts it meanwhile"
    ),
}


def _security(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, SECURITY)
    answer = ask(call("host", "GetSecurityModules"))
    if not isinstance(answer, Known):
        return unseen(answer, "SELinux and AppArmor", SECURITY, symptoms, _LOOK)
    ruling = [m for m in (_selinux(answer.data), _apparmor(answer.data)) if m]
    if not ruling:
        return NotApplicable("neither SELinux nor AppArmor is part of this system")
    verdicts = [_judged(ask, *module) for module in ruling]
    for wanted in (Broken, Unverified):
        found = next((v for v in verdicts if isinstance(v, wanted)), None)
        if found is not None:
            return found
    held = [v for v in verdicts if isinstance(v, Holds)]
    return Holds("; ".join(v.said for v in held), tuple(e for v in held for e in v.evidence))


_Module = tuple[str, str, bool, Optional[Sequence[dict[str, Any]]]]
"""Its name, what it does, whether it refuses anything to the agent, and what it refused."""


def _selinux(data: dict[str, Any]) -> Optional[_Module]:
    told = data.get("Selinux")
    if not told:
        return None
    mode = str(told.get("Mode"))
    return "SELinux", f"SELinux is {mode}", mode == "enforcing", told.get("Denials")


def _apparmor(data: dict[str, Any]) -> Optional[_Module]:
    told = data.get("Apparmor")
    if not told:
        return None
    profile, mode = told.get("Profile"), told.get("Mode")
    if profile == "unconfined":
        return "AppArmor", "AppArmor does not confine the agent", False, ()
    if profile is None:
        # It was not seen, but a refusal would be in the kernel's log all the same.
        return "AppArmor", "AppArmor is on", True, told.get("Denials")
    said = f"AppArmor confines the agent by the profile {profile} ({mode or 'enforce'})"
    return "AppArmor", said, mode in (None, "enforce", "kill"), told.get("Denials")


def _judged(
    ask: Ask, name: str, said: str, refuses: bool, denials: Optional[Sequence[dict[str, Any]]]
) -> Verdict:
    if not refuses:
        return Holds(said)
    if denials is None:
        return Unverified(
            f"{said}; what it denied the agent could not be read", (), f"as root: {_LOOK}"
        )
    if not denials:
        return Holds(f"{said}, and its log shows nothing that was denied to the agent")
    moment, last = now(ask), instant(denials[-1].get("Time"))
    texts = tuple(str(d.get("Text")) for d in denials)
    resource = Resource("local-os", name)
    if moment is None or last is None:
        return Unverified(
            f"{said}, and denied something to the agent at a time that is not known",
            (resource,),
            _LOOK,
            texts,
        )
    if moment - last > _LATELY:
        return Holds(f"{said}; it last denied something to the agent at {clock(last)}", texts)
    return Broken(
        f"{said}, and denies something to the agent, last at {clock(last)}",
        resource,
        texts,
        (Advice(_REMEDIES[name]),),
    )


REQUIREMENTS = (
    Requirement(
        SECURITY,
        "SELinux and AppArmor let the agent work",
        "host",
        _security,
        standing=False,
    ),
)
