"""Whether the names in the preferences can be names at all: a slip of the pen, and how to mend it.

Sources: Amazon CloudWatch Logs API Reference, CreateLogGroup; Amazon S3 User Guide, "Bucket naming
rules".
"""

from __future__ import annotations

import re
from typing import Callable

from ssmdiag.model import Broken, Holds, NotApplicable, Resource, Situation, Verdict, Write
from ssmdiag.requirements.contract import Requirement
from ssmdiag.requirements.preferences.facts import (
    BUCKET_NAME,
    GROUP_NAME,
    Preferences,
    is_bucket_name,
    is_group_name,
    rewrite,
    the_preferences,
)
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask


@dataclass(frozen=True)
class _Name:
    """One input of the session document that holds a name."""

    what: str
    input: str
    is_name: Callable[[str], bool]
    undressed: Callable[[str], str]
    """The name within what people write instead: an ARN, a URI, spaces around it."""
    rule: str


def _group_in(text: str) -> str:
    return text.split(":log-group:")[-1].removesuffix(":*").strip()


def _bucket_in(text: str) -> str:
    return re.sub(r"^(?:s3://|arn:aws[\w-]*:s3:::)", "", text.strip()).split("/")[0]


_GROUP = _Name(
    "log group",
    "cloudWatchLogGroupName",
    is_group_name,
    _group_in,
    "CloudWatch Logs takes letters, digits and . - _ / # only, and rejects other names unseen",
)
_BUCKET = _Name(
    "bucket",
    "s3BucketName",
    is_bucket_name,
    _bucket_in,
    "S3 wants the name alone, of small letters, digits, . and -, and rejects others unseen",
)


def _well_formed(name: _Name) -> Callable[[Ask, Situation], Verdict]:
    def check(ask: Ask, situation: Situation) -> Verdict:
        found = the_preferences(ask, situation)
        if not isinstance(found, Preferences):
            return found
        written = found.text(name.input)
        if not written:
            return NotApplicable(f"no {name.what} is configured")
        if name.is_name(written):
            return Holds(f"{written!r} has the form of a {name.what} name")
        meant = name.undressed(written)
        remedies: tuple[Write, ...] = ()
        if name.is_name(meant):
            summary = f"set {name.input} to {meant!r} in {found.document}"
            remedies = (rewrite(found, {name.input: meant}, summary),)
        return Broken(
            f"document {found.document} names the {name.what} {written!r}, which no {name.what} "
            "can be called",
            Resource("prefs-document", found.document),
            (name.rule,),
            remedies,
        )

    return check


REQUIREMENTS = (
    Requirement(
        BUCKET_NAME, "The bucket's name is well-formed", "preferences", _well_formed(_BUCKET)
    ),
    Requirement(
        GROUP_NAME, "The log group's name is well-formed", "preferences", _well_formed(_GROUP)
    ),
)
