"""Whether the preferences exist and say where sessions are logged.

Sources: Systems Manager User Guide, "Session document schema" and "Configure session preferences".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Union

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Requirement
from ssmdiag.requirements.destination.log_group_facts import Group, find_group, prepared_for
from ssmdiag.requirements.preferences.facts import (
    DEFAULT_DOCUMENT,
    DESTINATIONS,
    LOGGING_INPUTS,
    READABLE,
    UNSAVED,
    Preferences,
    content_of,
    document_in_use,
    find_preferences,
    reading,
    rewrite,
    the_preferences,
)
from ssmdiag.requirements.preferences.inputs import mending, names_destination
from ssmdiag.world.call import Absent, Ask, Known, Unreachable, call


def _resource(document: str) -> Resource:
    return Resource("prefs-document", document)


def _readable(ask: Ask, situation: Situation) -> Verdict:
    found = find_preferences(ask, situation)
    name = document_in_use(ask, situation)
    if isinstance(found, Preferences) and found.written:
        return Holds(f"document {name} was read", (f"version $DEFAULT, {found.source}",))
    if not situation.online:
        return NotApplicable("the preferences were not asked for")
    if isinstance(found, Preferences):
        return Unverified(
            f"document {name} could not be read; what follows uses {found.source}",
            (_resource(name),),
            f"allow ssm:GetDocument on document/{name}",
        )
    answer = ask(reading(name))
    if isinstance(answer, Absent):
        return _not_there(ask, name, situation)
    if isinstance(answer, Known):
        return Broken(found.why, _resource(name), (found.settle,))
    settle = f"allow ssm:GetDocument on document/{name}"
    if isinstance(answer, Unreachable):
        settle = found.settle
    return Unverified(found.why, (_resource(name),), settle)


def _not_there(ask: Ask, name: str, situation: Situation) -> Verdict:
    said = f"Session Manager preferences were never saved in {situation.region}: "
    said += f"document {name} does not exist, so no session is logged"
    if name != DEFAULT_DOCUMENT:
        said = f"sessions on this node are started with document {name}, which does not exist in "
        said += f"{situation.region}, so they are refused"
    return Broken(
        said,
        _resource(name),
        ("preferences are regional; those of another region do not count here",),
        tuple(_prepared_destination(ask, situation, replace(UNSAVED, document=name))),
    )


def _destination(ask: Ask, situation: Situation) -> Verdict:
    found = the_preferences(ask, situation)
    if not isinstance(found, Preferences):
        return found
    used = [found.text(name) for name in DESTINATIONS if found.text(name)]
    if used:
        return Holds(f"document {found.document} logs sessions to {' and '.join(used)}")
    said = f"document {found.document} in {situation.region} names no log group and no bucket, so "
    said += "sessions started with it are not logged"
    evidence = [f"read from {found.source}"]
    remedies: list[Union[Write, Advice]] = []
    misspelt = mending(found) if found.written and names_destination(found) else None
    if misspelt:
        evidence.append("an input whose name is misspelt names one")
        remedies.append(misspelt)
    elif found.document != DEFAULT_DOCUMENT:
        evidence.append(f"sessions on this node are started with document {found.document}")
        content = content_of(ask(reading(DEFAULT_DOCUMENT))) or {}
        inputs = content.get("inputs", {})
        wanted = {name: inputs[name] for name in LOGGING_INPUTS if name in inputs}
        if any(wanted.get(name) for name in DESTINATIONS):
            summary = f"give document {found.document} the logging inputs of {DEFAULT_DOCUMENT}"
            remedies.append(rewrite(found, wanted, summary))
    elif newer := _newer_version(ask, found):
        evidence.append("its newest version does name a destination, but is not the default one")
        remedies.append(newer)
    else:
        remedies += _prepared_destination(ask, situation, found)
    return Broken(said, _resource(found.document), tuple(evidence), tuple(remedies))


def _prepared_destination(
    ask: Ask, situation: Situation, found: Preferences
) -> list[Union[Write, Advice]]:
    """The log group for which the agent's role already has permissions, if there is one."""
    for name in prepared_for(ask, situation):
        group = find_group(ask, situation, name)
        if isinstance(group, Group) and group.exact:
            inputs = {
                "cloudWatchLogGroupName": name,
                "cloudWatchEncryptionEnabled": group.key is not None,
                "cloudWatchStreamingEnabled": True,
            }
            summary = f"log sessions to {name}, for which the role has permissions already"
            return [rewrite(found, inputs, f"{summary}, in {found.document}")]
    return [Advice("name a log group (cloudWatchLogGroupName) or a bucket (s3BucketName) in it")]


def _newer_version(ask: Ask, found: Preferences) -> Optional[Write]:
    answer = ask(reading(found.document, "$LATEST"))
    if not isinstance(answer, Known):
        return None
    content = content_of(answer) or {}
    version = answer.data.get("DocumentVersion")
    if not version or not any(content.get("inputs", {}).get(name) for name in DESTINATIONS):
        return None
    order = call(
        "ssm", "UpdateDocumentDefaultVersion", Name=found.document, DocumentVersion=str(version)
    )
    return Write((order,), f"make version {version} of {found.document} the default version")


def _run_as(ask: Ask, situation: Situation) -> Verdict:
    found = the_preferences(ask, situation)
    if not isinstance(found, Preferences):
        return found
    user = found.text("runAsDefaultUser")
    if not found.flag("runAsEnabled"):
        return Holds("Run As is off in the preferences")
    if user:
        return Holds(f"Run As is on, with the default user {user}")
    return Broken(
        f"document {found.document} turns Run As on without a default user, and who started the "
        "session has no tag SSMSessionRunAs",
        _resource(found.document),
        ("the agent refuses such a session",),
        (
            Advice(
                "set runAsDefaultUser to an OS user, or tag the callers' roles with "
                "SSMSessionRunAs; to turn Run As off would give sessions the rights of ssm-user"
            ),
        ),
    )


RUN_AS = "preferences/run-as"

REQUIREMENTS = (
    Requirement(RUN_AS, "Run As names a user", "preferences", _run_as, standing=False),
    Requirement(READABLE, "The preferences document exists", "preferences", _readable),
    Requirement(
        "preferences/destination", "Sessions are logged somewhere", "preferences", _destination
    ),
)
