"""The proxy that the agent uses, and the settings that were meant for it and that it does not see.

Sources: Systems Manager User Guide, "Configure SSM Agent to use a proxy" (Linux and Windows Server;
``no_proxy`` must hold 169.254.169.254 on EC2); Go's ``golang.org/x/net/http/httpproxy``: requests
to https go through ``https_proxy`` alone, those to http, as instance metadata, through
``http_proxy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Optional

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import Advice, Broken, Holds, Resource, Situation, Verdict
from ssmdiag.requirements.agent.facts import PROXY, in_short, manager, restarting, told
from ssmdiag.requirements.contract import Requirement, as_logged, doubted, gap_of, unread
from ssmdiag.requirements.identity.agent import is_ec2
from ssmdiag.requirements.network.endpoints import dialling
from ssmdiag.world.call import Ask, Known
from ssmdiag.world.no_proxy import exempts

_ID = "agent/proxy"
_NO_TLS = re.compile(r"first record does not look like a TLS handshake")
_ADDRESS = re.compile(
    r"(?:(?:https?|socks5h?)://)?(?:\[masked\]@|[^\s@/\"'\u2018-\u201f]{0,200}@)?"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?/?",
    re.ASCII,
)


def _proxy(ask: Ask, situation: Situation) -> Verdict:
    answer, symptoms = ask(PROXY), doubted(situation, _ID)
    if not isinstance(answer, Known):
        return unread(gap_of(answer, "the agent's proxy settings"), _ID, symptoms)
    data = told(answer)
    variables = data.get("Variables") or {}
    source = str(data.get("Source") or "the agent's service")
    pending = data.get("Pending")
    if isinstance(pending, list) and pending:
        return Broken(
            "the agent runs without the proxy settings that were made after its start",
            Resource("agent-config", str(pending[0])),
            tuple(f"newer than the running agent: {name}" for name in pending),
            (Advice(f"{_reread(ask)}{restarting(ask)}"),),
        )
    fault = next(_faults(ask, situation, variables), None)
    if fault is None and any(_NO_TLS.search(s.sample.message) for s in symptoms):
        fault = _speaks_no_tls(variables)
    if fault:
        return Broken(
            f"the agent's proxy settings: {fault}",
            Resource("agent-config", source),
            (f"from {source}: {_listed(variables)}",),
            (Advice(_mend(ask, source, variables)),),
        )
    fine = _fine(source, variables, data.get("Elsewhere") or {})
    if symptoms:
        host = f"ssm.{situation.region}.{dns_suffix(situation.region)}"
        settle = f"try the proxy: {dialling(host)}"
        return as_logged(_ID, symptoms, settle, (fine.said, *fine.evidence))
    return fine


def _fine(
    source: str, variables: Mapping[str, str], elsewhere: Mapping[str, Mapping[str, str]]
) -> Holds:
    unseen = tuple(
        f"the agent does not see {place}: {_listed(found)}" for place, found in elsewhere.items()
    )
    proxies = {k: v for k, v in variables.items() if k.endswith("_proxy") and k != "no_proxy"}
    if not proxies:
        return Holds("the agent uses no proxy", unseen)
    evidence = [f"from {source}: {_listed(variables)}"]
    if "https_proxy" not in proxies:
        evidence.append("AWS is reached by https, for which only https_proxy counts: it is not set")
        return Holds("the agent uses no proxy for AWS", (*evidence, *unseen))
    return Holds(f"the agent uses the proxy {proxies['https_proxy']}", (*evidence, *unseen))


def _faults(ask: Ask, situation: Situation, variables: Mapping[str, str]) -> Iterator[str]:
    for name in ("https_proxy", "http_proxy"):
        value = variables.get(name, "")
        if value and not _ADDRESS.fullmatch(value):
            yield f"{name} is {in_short(value)}, which is no address of a proxy"
    exempt = variables.get("no_proxy", "")
    if variables.get("http_proxy") and not _spares_metadata(exempt) and is_ec2(ask, situation):
        yield (
            "no_proxy lacks 169.254.169.254, so requests for the instance's credentials go to the "
            "proxy"
        )


def _speaks_no_tls(variables: Mapping[str, str]) -> Optional[str]:
    for name in ("https_proxy", "http_proxy"):
        if variables.get(name, "").lower().startswith("https://"):
            return (
                f"{name} is {in_short(variables[name])}, but the proxy itself speaks no TLS there: "
                "its address must begin with http://"
            )
    return None


def _spares_metadata(exempt: str) -> bool:
    return exempts(exempt, "169.254.169.254", 80)


def _listed(variables: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(variables.items())) or "nothing"


def _reread(ask: Ask) -> str:
    return "`systemctl daemon-reload`, then " if manager(ask) in ("systemd", "snap", "") else ""


def _mend(ask: Ask, source: str, variables: Mapping[str, str]) -> str:
    where = source
    if source.startswith("/proc/") or not source:
        unit = "snap.amazon-ssm-agent.amazon-ssm-agent" if manager(ask) == "snap" else ""
        where = f"`systemctl edit {unit or 'amazon-ssm-agent'}`"
    exempt = variables.get("no_proxy", "")
    wanted = exempt if _spares_metadata(exempt) else f"{exempt},169.254.169.254".lstrip(",")
    return (
        f"in {where} set https_proxy and http_proxy to http://HOST:PORT, without quotation marks, "
        f"and no_proxy to {in_short(wanted)}; then {_reread(ask)}{restarting(ask)}"
    )


REQUIREMENTS = (
    Requirement(_ID, "The agent's proxy settings are in force", "agent", _proxy, standing=False),
)
