"""Names of users: where they stand in a text, and which of them are words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

# A name of IAM's (User Guide, "IAM and AWS STS quotas") or of an operating system's.
_NAME = r"\w(?:[\w+=,.@-]{0,62}[\w+=@])?"
_QUOTE = r"\\{0,7}\""


def _place(before: str, after: str = "") -> re.Pattern[str]:
    """Where a name stands; the words around it may stand on several lines."""
    ahead = f"(?={after})" if after else r"(?![\w@+=-]|:[^\s\"'])"
    return re.compile(f"({before})({_NAME}){ahead}".replace(" ", r"\s+"))


LABELS = (
    _place(rf"(?:[Uu]serName|[Rr]unAs(?:Default)?User|aws:username){_QUOTE}\s*:\s*{_QUOTE}"),
    _place(r"(?:UserName|[Rr]unAs(?:Default)?User)=[\"']?|--user-name '?|GetSessionUser\(Name="),
    # How a Snapshot writes a Call, and a Report who or what something is about.
    _place(r'"operation": "GetSessionUser", "region": "[^"]*", "parameters": \{\s*"Name": "'),
    _place('"Name": "', '", "Exists":'),
    _place('"kind": "caller", "name": "|(?:"kind": "local-os", "name|"who)": "user '),
)
"""Labels before names; each has two groups, of which the second is a name, whatever it reads like.
They may run across escapes of JSON within JSON."""

TELLING = (
    _place(
        r"\b(?:polic(?:y|ies) of|groups of|attached to|cannot be asked about|default|RunAs) user "
        r"|\bthe user of Run As exists: |`useradd -m |`id "
    ),
    _place(":session/", r"-[*?]"),
    _place("(?:Suspects|-) (?:caller|local-os user) ", r"\n|\Z"),
    _place(
        r"\b[Uu]ser ",
        r" (?:is(?: not)? allowed|may start|may not be|belongs to|of Run As|has uid)\b",
    ),
)
"""The same for what only this program, or the agent, says of a user."""

TOLD = _place(r"(?<![\w-])(?:[Uu]ser|[Cc]aller) ")
"""The same where the second may as well be another word than a name."""

ROLE = re.compile(r":(?:assumed-)?role/(?:[\w+=,.@-]+/)*?([\w+=,.@-]+)(?![\w+=,.@/-])")
"""Names of roles."""


def any_of(known: Iterable[str]) -> re.Pattern[str]:
    """Where one of these stands as a whole, and not as a key of JSON."""
    # The longest first: one may begin with another.
    longest = sorted(map(re.escape, known), key=len, reverse=True)
    return re.compile(rf"(?<![\w.@-])(?:{'|'.join(longest)})(?!\w|[.-]\w|\"\s*:)")


# They say nothing of a person, and the agent, and this program, judge by some of them.
_EVERYWHERE = frozenset(
    {"root", "ssm-user", "ec2-user", "admin", "administrator", "ubuntu", "centos", "debian"}
    | {"fedora", "rocky", "opc", "nobody", "daemon", "system", "guest"}
)


def is_everywhere(name: str) -> bool:
    """Is it the name of a user that many systems have? Such a one tells of nobody."""
    return name.lower() in _EVERYWHERE


def is_word(name: str) -> bool:
    """May it be something else than a name where nothing says that it is one? That are words that
    this program uses itself, numbers, and what is very short; and what is made of them alone."""
    parts = [part for part in re.split(r"[\W_]+", name.lower()) if part]
    return all(len(part) < 3 or part.isdigit() or part in _words() for part in parts)


@cache
def _words() -> frozenset[str]:
    """The words of this program's code and of what it says, but not of comments and examples."""
    package = Path(__file__).parent.parent
    found = {"true", "false", "null"}
    for file in package.rglob("*.py"):
        if "demo" not in file.relative_to(package).parts:
            code = re.sub(r'"""[\s\S]*?"""|#.*', "", file.read_text(encoding="utf-8"))
            found.update(re.findall(r"[^\W\d_]+", code.lower()))
    return frozenset(found)
