"""Whether ``amazon-ssm-agent.json`` is valid, and what it overrides.

Sources: agent source ``agent/appconfig`` (invalid JSON, or a value of another type, stops the agent
at its start; what is out of range or unknown is passed over without a word),
``agent/session/service`` (``https://`` is put before ``Mgs.Endpoint``) and
``common/identity/identity_selector.go`` (container mode takes ECS's identity and no other).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Optional

from ssmdiag.iam.arn import is_aws_host, is_region
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent.config_keys import IDENTITIES, KEYS, Key
from ssmdiag.requirements.agent.facts import (
    CONTAINER,
    Config,
    entry,
    find_config,
    in_short,
    manager,
    restarting,
    told,
)
from ssmdiag.requirements.contract import Gap, Requirement, as_logged, doubted
from ssmdiag.world.call import Ask

_ID = "agent/config"
_UNREADABLE = (
    r"app config could not be loaded|Error while loading app config|Failed to load app config"
)
_ENDPOINT = re.compile(
    r"(?:https?://)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?(?:/[\w./~-]*)?",
    re.ASCII,
)
_REGIONS_OWN = ("Ssm", "Mgs", "Mds", "Kms")
"""Services whose endpoint must be one of the node's own region: the agent signs for that."""


def _config(ask: Ask, situation: Situation) -> Verdict:
    symptoms, config = doubted(situation, _ID), find_config(ask)
    settle = "look at amazon-ssm-agent.json: `python3 -m json.tool` says whether it is valid"
    if isinstance(config, Gap):
        if symptoms:
            return as_logged(_ID, symptoms, f"{config.settle}; {settle}")
        return Unverified(config.why, (), config.settle)
    faults = tuple(_faults(ask, situation, config))
    if faults:
        return _broken(ask, config, faults, symptoms)
    verdict = _valid(config)
    # What is valid now was not so when the agent could not read it; any other doubt stays.
    if all(re.search(_UNREADABLE, s.sample.message) for s in symptoms):
        return verdict
    return as_logged(_ID, symptoms, settle, (verdict.said, *verdict.evidence))


def _broken(
    ask: Ask, config: Config, faults: tuple[str, ...], symptoms: Sequence[Symptom]
) -> Broken:
    logged = tuple(f"the agent logged: {s.sample.message}" for s in symptoms[:1])
    return Broken(
        f"{config.path}: {faults[0]}",
        Resource("agent-config", config.path),
        (*faults[1:], *_read(config), *logged),
        (Advice(_mend(ask, config)),),
    )


def _read(config: Config) -> tuple[str, ...]:
    if config.problem:
        return (config.problem,)
    return (*_notes(config), *(f"it sets {text}" for text in _overrides(config)))


def _mend(ask: Ask, config: Config) -> str:
    if not config.problem:
        return f"put that right in {config.path}; then {restarting(ask)}"
    if manager(ask) == "windows":
        return f"mend {config.path}, or rename it (defaults apply then); then {restarting(ask)}"
    path = shlex.quote(config.path)
    return (
        f"`python3 -m json.tool {path}` shows the place; mend it, or put the file aside "
        f"(defaults apply then): `mv {path} {path}.broken`; then {restarting(ask)}"
    )


def _valid(config: Config) -> Holds:
    if not config.present:
        return Holds("there is no amazon-ssm-agent.json: the agent's defaults apply")
    notes = len(tuple(_notes(config)))
    said = f"{config.path} is valid"
    if notes:
        said += (
            f", but {notes} of its settings {'has' if notes == 1 else 'have'} no effect as written"
        )
    return Holds(said, _read(config) or ("it overrides nothing",))


# --- what stops the agent -----------------------------------------------------------------------


def _faults(ask: Ask, situation: Situation, config: Config) -> Iterator[str]:
    if config.problem:
        yield f"it cannot be read, so the agent stops at its start: {config.problem}"
        return
    yield from _mistyped(config)
    for section in ("Agent", "Mgs"):
        region = config.text(section, "Region")
        if region and not is_region(region):
            yield f"{section}.Region is {in_short(region)}, which is no region"
    for section in ("Ssm", "Mgs", "Mds", "Kms", "S3"):
        yield from _endpoint(situation, config, section)
    container = told(ask(CONTAINER))
    if config.get("Agent", "ContainerMode") is True and container.get("Ecs") is False:
        yield (
            "Agent.ContainerMode is on, so the agent takes its identity from ECS alone, and this "
            "is no ECS task"
        )


def _mistyped(config: Config) -> Iterator[str]:
    for section, content in config.content.items():
        keys = entry(KEYS, section)
        if keys is None or content is None:
            continue
        if not isinstance(content, dict):
            yield f"{section} is {in_short(content)}, no object, so the agent stops at its start"
            continue
        for name, value in content.items():
            key = entry(keys, name)
            if key is not None and value is not None and not _fits(key.kind, value):
                yield (
                    f"{section}.{name} is {in_short(value)}, which is no "
                    f"{_WORDS[key.kind]}, so the agent stops at its start"
                )


_WORDS = {str: "text", int: "whole number", bool: "true or false", list: "list"}


def _fits(kind: type, value: Any) -> bool:
    # In Python true is an int too; to Go it is none.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _endpoint(situation: Situation, config: Config, section: str) -> Iterator[str]:
    value = config.text(section, "Endpoint")
    if not value:
        return
    if not _ENDPOINT.fullmatch(value):
        yield f"{section}.Endpoint is {in_short(value)}, which is no address of a service"
    elif section == "Mgs" and "://" in value:
        yield (
            f"Mgs.Endpoint is {in_short(value)}; the agent puts https:// before it itself, so it "
            f"must be {in_short(value.partition('://')[2])}"
        )
    named, wanted = _region_in(value), _own_region(situation, config, section)
    if section in _REGIONS_OWN and named and wanted and named != wanted:
        yield f"{section}.Endpoint is {in_short(value)}, of region {named}; the node is in {wanted}"


def _region_in(endpoint: str) -> Optional[str]:
    host = endpoint.rpartition("://")[2].partition("/")[0].partition(":")[0]
    if not is_aws_host(host):
        return None
    return next((part for part in host.split(".") if is_region(part)), None)


def _own_region(situation: Situation, config: Config, section: str) -> str:
    own = config.text("Mgs", "Region") if section == "Mgs" else ""
    return own or config.text("Agent", "Region") or situation.region


# --- what is passed over ------------------------------------------------------------------------


def _notes(config: Config) -> Iterator[str]:
    """Settings that do not do what is written, without a fault of the agent's."""
    for section, content in config.content.items():
        keys = entry(KEYS, section)
        if keys is None:
            yield f"{section} is no section that the agent knows: it is passed over"
            continue
        for name, value in content.items() if isinstance(content, dict) else ():
            key = entry(keys, name)
            if key is None:
                yield f"{section}.{name} is no setting that the agent knows: it is passed over"
            elif value not in (None, ""):
                yield from _outside(f"{section}.{name}", key, value)
    order = config.get("Identity", "ConsumptionOrder")
    for identity in order if isinstance(order, list) else ():
        if identity not in IDENTITIES:
            yield f"Identity.ConsumptionOrder names {in_short(identity)}, which is no identity"


def _outside(name: str, key: Key, value: Any) -> Iterator[str]:
    if key.ignored:
        yield f"{name} has no effect"
    elif key.choices and value not in key.choices:
        allowed = ", ".join(c for c in key.choices if c)
        yield f"{name} is {in_short(value)}, none of {allowed}: {key.default or 'nothing'} applies"
    elif key.kind is int and _fits(int, value):
        low = key.low is not None and value < key.low
        if low or (key.high is not None and value > key.high):
            limits = f"{key.low} to {key.high}" if key.high is not None else f"{key.low} or more"
            yield f"{name} is {value}, outside {limits}: {key.default} applies"


def _overrides(config: Config) -> Iterator[str]:
    for section, content in config.content.items():
        for name, value in content.items() if isinstance(content, dict) else ():
            key = entry(entry(KEYS, section) or {}, name)
            if key is None or key.ignored or value in (None, "", [], key.default):
                continue
            yield f"{section}.{name} to {in_short(value)}"


VALID = Requirement(_ID, "amazon-ssm-agent.json is valid", "agent", _config, standing=False)

REQUIREMENTS = (VALID,)
