"""Masking on request: whatever tells who and where."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Optional, Union

from ssmdiag.render import names
from ssmdiag.render.scrub import scrub
from ssmdiag.values import dataclass

# What has the form of a session id (owner, dash, 17 hexadecimal digits) but is a resource's.
_RESOURCES = (
    "i|mi|m|vpc|vpce|vpce-svc|subnet|sg|sgr|eni|eni-attach|rtb|rtbassoc|acl|aclassoc|igw|eigw|nat"
    "|tgw|tgw-attach|pcx|vol|snap|ami|lt|dopt|eipalloc|eipassoc|pl|fl|cgw|vgw|vpn|fs|key|mrk|oi|mw"
)
_ARN_USER = re.compile(
    r"(:assumed-role/[\w+=,.@-]+/|:federated-user/|:user/(?:[\w+=,.@-]+/)*|\bAROA[A-Z0-9]{16,}:)"
    r"([\w+=,.@-]*[\w+=@-])"
)
_SESSION = re.compile(r"(?<![\w@.+])(\w[\w+.@-]{0,80}?)-([0-9a-f]{17}|[a-z0-9]{26})(?![\w-])")
_EMAIL = re.compile(r"(?<![\w.+%@-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_MASK = re.compile(r"(?:user|ip)-\d+")
_NODE = re.compile(r"m?i-[0-9a-f]{8,17}")
# The last part of a KMS key id is twelve characters too, and may be digits only.
_ACCOUNT = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)\d{12}(?![0-9A-Za-z])"
)
_IPV4 = re.compile(r"(?<![\w.])(ip-)?\d{1,3}([.-])\d{1,3}\2\d{1,3}\2\d{1,3}(?!\w|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9A-Fa-f]{1,4}|(?<=::))(?!\w|:[\w:])"
)
# An agent's version is four numbers as well.
_VERSION_BEFORE = re.compile(r"(?i)(?:version|agent|release|[^a-z]v)[\"':=/ \-]{0,4}v?$")
# In JSON, and in text where layout.visible wrote it, a character can stand as a backslash and more,
# and colour as a sequence that ends in "m": those letters belong to no name.
_ESCAPE = re.compile(r"(\\(?:[\"\\/bfnrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})|\x1b\[[0-9;]*m)")

_Mask = Callable[["re.Match[str]"], str]


def redact(text: str) -> str:
    """Mask who and where as well, in the text or JSON of a whole Report.

    Account ids become 111111111111, 222222222222, ...; names of users and e-mail addresses user-1,
    user-2, ...; IP addresses ip-1, ip-2, ...; equal values get equal masks, and equal text the
    same ones. Ids of nodes and names of resources stay, and so do addresses that are the same
    everywhere: loopback, the unspecified one, and IPv4's link-local ones (instance metadata); and
    names of users that are: root, ssm-user, ec2-user, ...

    A name of a user is masked wherever it stands as a whole, unless it is a word besides, or a
    role's name: then only where the place says that it is a user's.
    """
    return _masked([text], repeatable=False)[0]


def evidence(texts: Iterable[str], *, redacted: bool) -> list[str]:
    """Texts as they may leave the node: without credentials; ``redacted`` as ``redact`` does.

    What is equal in them gets the same mask, and network addresses stay: routes and security groups
    are judged by them, so that a diagnosis could not be repeated from what is masked.
    """
    return _masked(list(texts), repeatable=True) if redacted else [scrub(text) for text in texts]


def _masked(texts: Sequence[str], *, repeatable: bool) -> list[str]:
    texts = [scrub(text) for text in texts]
    masks = _Masks({found for text in texts for found in _MASK.findall(text)})
    steps = [
        (_ARN_USER, masks.after),
        (_SESSION, masks.session),
        (_EMAIL, masks.whole),
        *((place, masks.after) for place in names.TELLING),
        (names.TOLD, masks.told),
        *([] if repeatable else [(_IPV4, masks.ipv4), (_IPV6, masks.ipv6)]),
        (_ACCOUNT, masks.account),
    ]
    for place in names.LABELS:
        texts = [place.sub(masks.after, text) for text in texts]
    for expression, mask in steps:
        texts = [_between_escapes(expression, mask, text) for text in texts]
    again = masks.again(texts)
    return [_between_escapes(again, masks.whole, text) for text in texts] if again else texts


def _between_escapes(expression: re.Pattern[str], mask: _Mask, text: str) -> str:
    pieces = _ESCAPE.split(text)
    pieces[::2] = [expression.sub(mask, piece) for piece in pieces[::2]]
    return "".join(pieces)


@dataclass
class _Masks:
    """The masks given out in one run: one per value."""

    given: set[str]
    """The masks of users; at first those that were there before: they stay as they are."""
    users: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)

    def after(self, match: re.Match[str]) -> str:
        before, name = match.groups()
        return before + self._user(name)

    def told(self, match: re.Match[str]) -> str:
        """After "user", letters alone are taken for a word: as a name they are told elsewhere."""
        name = match.group(2)
        return match.group() if name.isalpha() or names.is_word(name) else self.after(match)

    def session(self, match: re.Match[str]) -> str:
        owner, number = match.groups()
        if re.fullmatch(_RESOURCES, owner):
            return match.group()
        return f"{self._user(owner)}-{number}"

    def whole(self, match: re.Match[str]) -> str:
        return self._user(match.group())

    def again(self, texts: Sequence[str]) -> Optional[re.Pattern[str]]:
        """What finds the names that are no words, wherever they stand as a whole."""
        roles = {role for text in texts for role in names.ROLE.findall(text)}
        known = [n for n in self.users if n not in roles and not names.is_word(n)]
        return names.any_of(known) if known else None

    def ipv4(self, match: re.Match[str]) -> str:
        in_host_name, separator = match.groups()
        if bool(in_host_name) != (separator == "-"):
            return match.group()
        before = match.string[max(match.start() - 16, 0) : match.start()]
        written = match.group()[len(in_host_name or "") :].replace("-", ".")
        if written.startswith(("2.", "3.")) and _VERSION_BEFORE.search(before):
            return match.group()
        return self._address(match.group(), written, IPv4Address)

    def ipv6(self, match: re.Match[str]) -> str:
        return self._address(match.group(), match.group(), IPv6Address)

    def account(self, match: re.Match[str]) -> str:
        number = len(self.accounts) + 1
        mask = str(number) * 12 if number < 10 else str(10**11 + number)
        return self.accounts.setdefault(match.group(), mask)

    def _user(self, name: str) -> str:
        if _NODE.fullmatch(name) or _MASK.fullmatch(name) or names.is_everywhere(name):
            return name
        if name not in self.users:
            numbers = itertools.count(len(self.users) + 1)
            free = (mask for n in numbers if (mask := f"user-{n}") not in self.given)
            self.users[name] = next(free)
            self.given.add(self.users[name])
        return self.users[name]

    def _address(
        self,
        found: str,
        written: str,
        parse: Callable[[str], Union[IPv4Address, IPv6Address]],
    ) -> str:
        try:
            address = parse(written)
        except AddressValueError:
            return found
        everywhere = address.is_loopback or address.is_unspecified
        if everywhere or (address.version == 4 and address.is_link_local):
            return found
        return self.addresses.setdefault(str(address), f"ip-{len(self.addresses) + 1}")
