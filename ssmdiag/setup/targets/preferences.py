"""The preferences: that the session document says what is wanted, and keeps what else it says.

Source: Systems Manager User Guide, "Session document schema".
"""

from __future__ import annotations

from typing import Any, Union

from ssmdiag.model import Broken, Holds, Resource, Verdict, Write
from ssmdiag.requirements.contract import Gap, Requirement, gap_of
from ssmdiag.requirements.key.facts import Key, find_key
from ssmdiag.requirements.preferences.facts import (
    DEFAULT_DOCUMENT,
    NEW_CONTENT,
    Preferences,
    content_of,
    parsed,
    reading,
    rewrite,
)
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Absent, Ask, Known, call


def requirements(wanted: Wanted) -> tuple[Requirement, ...]:
    """The preferences say what is wanted."""
    title = "The preferences say what is wanted"
    return (requirement("setup/preferences", title, "preferences", _check, wanted),)


def _check(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("prefs-document", DEFAULT_DOCUMENT)
    found = now_in_force(ask)
    if isinstance(found, Gap):
        return unread(found, resource)
    differing = {
        name: value
        for name, value in _inputs(wanted, found).items()
        if not _says(ask, found, name, value)
    }
    if not differing and found.written:
        return Holds(f"document {DEFAULT_DOCUMENT} says what is wanted")
    said = f"document {DEFAULT_DOCUMENT} does not exist"
    summary = f"save the preferences in {DEFAULT_DOCUMENT}"
    if found.written:
        said = f"document {DEFAULT_DOCUMENT} says otherwise of {', '.join(differing)}"
        summary = f"set {', '.join(differing)} in {DEFAULT_DOCUMENT}"
    return Broken(said, resource, (), (saved(ask, rewrite(found, differing, summary)),))


def saved(ask: Ask, write: Write) -> Write:
    """The same, or what is left of it where the newest version says so already.

    Systems Manager refuses a version that says what the newest one does, which a set-up leaves
    that was cut short (API Reference, UpdateDocument: DuplicateDocumentContent).
    """
    newest = ask(reading(DEFAULT_DOCUMENT, "$LATEST"))
    if not isinstance(newest, Known) or write.calls[0].operation != "UpdateDocument":
        return write
    if parsed(newest.data.get("Content")) != parsed(write.calls[0].parameters["Content"]):
        return write
    version = str(newest.data["DocumentVersion"])
    order = call(
        "ssm", "UpdateDocumentDefaultVersion", Name=DEFAULT_DOCUMENT, DocumentVersion=version
    )
    return Write((order,), f"make version {version} of {DEFAULT_DOCUMENT} the default version")


def now_in_force(ask: Ask) -> Union[Preferences, Gap]:
    """The preferences as they are; those that would be saved first if there are none."""
    answer = ask(reading(DEFAULT_DOCUMENT))
    if isinstance(answer, Absent):
        return Preferences(DEFAULT_DOCUMENT, NEW_CONTENT, "nothing yet", written=False)
    if not isinstance(answer, Known):
        return gap_of(answer, f"document {DEFAULT_DOCUMENT}")
    content = content_of(answer)
    if content is None:
        return Gap(f"document {DEFAULT_DOCUMENT} is not valid JSON", "save the preferences again")
    return Preferences(DEFAULT_DOCUMENT, content, "ssm:GetDocument")


def _inputs(wanted: Wanted, now: Preferences) -> dict[str, Any]:
    """The inputs that the wanted configuration speaks of; all others stay as they are."""
    wish = wanted.wish
    inputs: dict[str, Any] = {
        "kmsKeyId": wanted.key_arn if wanted.session_encryption else "",
        "cloudWatchLogGroupName": wanted.group,
        "cloudWatchEncryptionEnabled": bool(wanted.group)
        or now.flag("cloudWatchEncryptionEnabled"),
        "s3BucketName": wanted.bucket,
    }
    if wanted.group:
        inputs["cloudWatchEncryptionEnabled"] = True
    if wanted.bucket:
        inputs.update(s3KeyPrefix=wanted.prefix, s3EncryptionEnabled=True)
    if wanted.group and wish.streaming is not None:
        inputs["cloudWatchStreamingEnabled"] = wish.streaming
    if wish.run_as is not None:
        inputs.update(runAsEnabled=True, runAsDefaultUser=wish.run_as)
    for name, minutes in (
        ("idleSessionTimeout", wish.idle_timeout),
        ("maxSessionDuration", wish.max_duration),
    ):
        if minutes is not None:
            # The schema wants them as strings.
            inputs[name] = str(minutes)
    profiles = {"linux": wish.shell_profile, "windows": wish.shell_profile_windows}
    given = {name: text for name, text in profiles.items() if text is not None}
    if given:
        own = now.content.get("inputs", {}).get("shellProfile")
        both = own if isinstance(own, dict) else {"windows": "", "linux": ""}
        inputs["shellProfile"] = {**both, **given}
    return inputs


def _says(ask: Ask, now: Preferences, name: str, value: object) -> bool:
    if isinstance(value, bool):
        return now.flag(name) is value
    if name == "kmsKeyId" and value and now.key:
        # An alias or an id may stand for the same key.
        found = find_key(ask, now.key)
        return isinstance(found, Key) and found.arn == value
    if name == "s3KeyPrefix":
        return now.prefix == value
    if isinstance(value, dict):
        return bool(now.content.get("inputs", {}).get(name) == value)
    return now.text(name) == value
