"""Whether the session document in force is written as its schema wants it.

The names of a log group, a bucket and a key have Requirements of their own. Sources: Systems
Manager User Guide, "Session document schema"; agent source ``agent/fileutil`` (``BuildS3Path``: how
a prefix and a file name become a key) and ``RELEASENOTES.md``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Optional

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Requirement, waits
from ssmdiag.requirements.preferences.facts import (
    DEFAULT_DOCUMENT,
    DESTINATIONS,
    READABLE,
    Preferences,
    rewrite,
    the_preferences,
)
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask

ID = "preferences/inputs"

_SESSION_TYPES = ("Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port")
_MINUTES = {"idleSessionTimeout": 60, "maxSessionDuration": 1440}
"""Inputs that hold minutes, written as text, with the most that is allowed; the least is 1."""
_FLAGS = (
    "s3EncryptionEnabled",
    "cloudWatchEncryptionEnabled",
    "cloudWatchStreamingEnabled",
    "runAsEnabled",
)
_NAMED_ELSEWHERE = ("s3BucketName", "cloudWatchLogGroupName", "kmsKeyId")
_TEXTS = (*_NAMED_ELSEWHERE, "s3KeyPrefix", "runAsDefaultUser", *_MINUTES)
_PROFILE = "shellProfile"
_PROFILES = ("windows", "linux")
_INPUTS = (*_TEXTS, *_FLAGS, _PROFILE)

_YES, _NO = ("yes", "on", "1"), ("no", "off", "0")
_ALIKE = 0.85
"""How like an input's name must be (difflib ratio) to be a slip of the pen for it."""
_PARAMETER = re.compile(r"\{\{\s*[\w:/.-]+\s*\}\}")


@dataclass(frozen=True)
class _Slip:
    """One thing that is written wrongly. Without ``inputs``, ``without`` and ``beside`` it cannot
    be mended without asking somebody, and ``advice`` says what."""

    said: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""


def mending(found: Preferences) -> Optional[Write]:
    """The rewrite that mends everything that can be mended without asking; None if nothing is."""
    return _mending(found, tuple(_slips(found)))


def names_destination(found: Preferences) -> bool:
    """Does the document name a log group or bucket in an input whose name is misspelt?"""
    return any(slip.inputs.get(name) for slip in _slips(found) for name in DESTINATIONS)


def _check(ask: Ask, situation: Situation) -> Verdict:
    if not situation.online:
        return NotApplicable("the preferences were not asked for")
    found = the_preferences(ask, situation)
    if not isinstance(found, Preferences):
        return found
    if not found.written:
        return waits(READABLE, "the log shows what the agent was given, not what is written")
    slips = tuple(_slips(found))
    if not slips:
        said = f"document {found.document} is written as the schema of session documents wants it"
        return Holds(said, tuple(_notes(found)))
    write = _mending(found, slips)
    remedies: list[Remedy] = [write] if write else []
    remedies += [Advice(slip.advice) for slip in slips if slip.advice]
    return Broken(
        f"in document {found.document}, " + "; ".join(slip.said for slip in slips),
        Resource("prefs-document", found.document),
        (f"read from {found.source}", *_notes(found)),
        tuple(remedies),
    )


def _mending(found: Preferences, slips: tuple[_Slip, ...]) -> Optional[Write]:
    inputs = {name: value for slip in slips for name, value in slip.inputs.items()}
    without = tuple(name for slip in slips for name in slip.without)
    beside = {name: value for slip in slips for name, value in slip.beside.items()}
    if not (inputs or without or beside):
        return None
    told = [f"{name} to {value!r}" for name, value in {**beside, **inputs}.items()]
    parts = [f"set {', '.join(told)}"] if told else []
    parts += [f"leave out {', '.join(without)}"] if without else []
    summary = f"{' and '.join(parts)} in {found.document}"
    return rewrite(found, inputs, summary, without=without, beside=beside)


# --- what is wrong ------------------------------------------------------------------------------


def _slips(found: Preferences) -> Iterator[_Slip]:
    yield from _of_the_frame(found)
    inputs = found.inputs
    for name, value in inputs.items():
        if name not in _INPUTS:
            yield from _misnamed(name, value, inputs)
        else:
            yield from _misvalued(name, value)


def _misvalued(name: str, value: Any) -> Iterator[_Slip]:
    """What is wrong with the value of an input that is called as it should be."""
    if isinstance(value, str) and _PARAMETER.search(value):
        return  # what the caller gives in --parameters
    if name in _FLAGS:
        yield from _flag(name, value)
    elif name == _PROFILE:
        yield from _profile(value)
    else:
        yield from _text(name, value)


def _of_the_frame(found: Preferences) -> Iterator[_Slip]:
    content = found.content
    version, kind = content.get("schemaVersion"), content.get("sessionType")
    if version != "1.0":
        said = f"schemaVersion is {version!r}, and session documents have '1.0' only"
        yield _Slip(said, beside={"schemaVersion": "1.0"})
    if kind not in _SESSION_TYPES:
        said = f"sessionType is {kind!r}, which is no type of session"
        meant = [t for t in _SESSION_TYPES if t.lower() == str(kind).strip().lower()]
        if not meant and found.document == DEFAULT_DOCUMENT:
            meant = ["Standard_Stream"]
        advice = f"write one of {', '.join(_SESSION_TYPES)} as sessionType in {found.document}"
        yield _Slip(said, beside={"sessionType": meant[0]}) if meant else _Slip(said, advice=advice)
    if not isinstance(content.get("inputs", {}), dict):
        said = "inputs is no object of names and values, so none of them counts"
        yield _Slip(said, advice=f"write inputs of {found.document} as an object")


def _misnamed(name: str, value: Any, inputs: Mapping[str, Any]) -> Iterator[_Slip]:
    right = _meant(name)
    if right is None:
        return
    if inputs.get(right) not in (None, "", value):
        said = f"{name!r} does not count beside {right}: names of inputs are case-sensitive"
        yield _Slip(said, without=(name,))
        return
    said = f"{name!r} is no input, so it does not count: it is called {right}"
    yield _Slip(said, inputs={right: value}, without=(name,))
    yield from _misvalued(right, value)


def _meant(name: str) -> Optional[str]:
    """The input that a misspelt name means, if that is beyond doubt."""
    folded = {known.lower(): known for known in _INPUTS}
    plain = re.sub(r"[\s_-]", "", name).lower()
    alike = difflib.get_close_matches(plain, list(folded), n=2, cutoff=_ALIKE)
    return folded[alike[0]] if plain in folded or len(alike) == 1 else None


def _flag(name: str, value: Any) -> Iterator[_Slip]:
    written = str(value).strip().lower()
    if isinstance(value, bool) or value in (None, "") or value in ("true", "false"):
        return
    said = f"{name} is {value!r}, which counts as false: write true or false"
    if written in (*_YES, "true"):
        yield _Slip(said, inputs={name: True})
    elif written in (*_NO, "false"):
        yield _Slip(said, inputs={name: False})
    else:
        yield _Slip(said, advice=f"write true or false as {name}")


def _profile(value: Any) -> Iterator[_Slip]:
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return
    if value in (None, ""):
        return
    said = f"{_PROFILE} does not hold commands by operating system"
    yield _Slip(said, advice=f'write {_PROFILE} as {{"linux": "...", "windows": "..."}}')


def _text(name: str, value: Any) -> Iterator[_Slip]:
    if isinstance(value, (dict, list)):
        yield _Slip(f"{name} is no text", advice=f"write {name} as text")
        return
    if value is None or value == "":
        return
    text = value if isinstance(value, str) else str(value)
    if name in _MINUTES:
        yield from _minutes(name, value, text.strip())
    elif not isinstance(value, str):
        yield _Slip(f"{name} is {value!r} and no text", inputs={name: text})
    elif name not in _NAMED_ELSEWHERE:
        yield from _plain(name, text)


def _minutes(name: str, value: Any, text: str) -> Iterator[_Slip]:
    most = _MINUTES[name]
    number = int(text) if re.fullmatch(r"\d{1,9}", text) else None
    if number is None or number < 1:
        said = f"{name} is {value!r}, which is not a number of minutes from 1 to {most}"
        yield _Slip(said, advice=f"write a number from 1 to {most} as {name}, or leave it empty")
    elif number > most:
        said = f"{name} is {value!r}, and at most {most} minutes are allowed"
        yield _Slip(said, inputs={name: str(most)})
    elif value != str(number):
        said = f"{name} is {value!r}: it is the number of minutes as plain text"
        yield _Slip(said, inputs={name: str(number)})


def _plain(name: str, text: str) -> Iterator[_Slip]:
    bare = text.strip()
    if name == "s3KeyPrefix" and bare.startswith("/"):
        said = (
            f"s3KeyPrefix {text!r} begins with a slash, which the agent keeps: logs go below a "
            "folder without a name, where policies for the plain prefix do not reach"
        )
        yield _Slip(said, inputs={name: bare.lstrip("/")})
    elif name == "runAsDefaultUser" and bare.startswith("arn:"):
        said = f"runAsDefaultUser {text!r} is an ARN, and a user of the operating system is meant"
        yield _Slip(said, advice="name a user of the node's operating system in runAsDefaultUser")
    elif bare != text:
        yield _Slip(f"{name} {text!r} has spaces around it", inputs={name: bare})


# --- what is worth a word -----------------------------------------------------------------------


def _notes(found: Preferences) -> Iterator[str]:
    inputs = found.inputs
    for name in inputs:
        if name not in _INPUTS and _meant(name) is None:
            yield f"{name!r} is no input that the schema of session documents knows"
    texts = [name for name in _FLAGS if isinstance(inputs.get(name), str) and inputs[name]]
    if texts:
        yield f"{', '.join(texts)}: true or false written as text; older agents do not take that"
    profile = inputs.get(_PROFILE)
    for name in profile if isinstance(profile, dict) else ():
        if name not in _PROFILES:
            yield f"{_PROFILE} has commands for {name!r}: only linux and windows are known"


REQUIREMENTS = (
    Requirement(
        ID, "The session document is written as it should be", "preferences", _check, standing=False
    ),
)
