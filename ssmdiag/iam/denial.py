"""The grammar of AWS's refusals: which action, on what, by whom, and which kind of policy.

Source of the forms: IAM User Guide, "Troubleshoot access denied error messages"; AWS Security Blog,
"Enhanced access denied error messages with policy ARNs". All text here was flattened before: any
white space is one space.
"""

from __future__ import annotations

import re
from typing import Optional

from ssmdiag.iam.arn import is_aws_host, parse_arn
from ssmdiag.model import Denial, PolicyType

_POLICY_TYPES: tuple[tuple[str, PolicyType], ...] = (
    ("identity-based", "identity"),
    ("resource-based", "resource"),
    ("service control", "scp"),
    ("resource control", "rcp"),
    ("permissions? boundary", "boundary"),
    ("sessions?", "session"),
    ("vpc endpoint", "vpc-endpoint"),
    ("role trust", "trust"),
)

_KIND = "|".join(words.replace(" ", r"\ ") for words, _ in _POLICY_TYPES)

_ACTION = r"""(?xi)
    (?<!\S)is\ not\ authorized\ to\ perform:?\ ['"`]?(?P<action>[\w-]+:[\w*]+)['"`]?
    (?:
        \ on\ this\ resource\b
      | \ on\ the\ resource\ associated\ with\ this\ ciphertext\b
      | \ on\ resource:?
        (?:(?!\ (?:because|with)\ )
           (?:\ "(?P<quoted>[^"]+)" | \ (?P<bare>(?:(?:role|user|group|policy)\ )?[^\s"<]+)))?
    )?
    """
_KEY_ACCESS = (
    r"(?i)(?<!\S)is not authorized to access the (?:KMS )?key\b(?: (?P<bare>arn:[^\s\"<]+))?"
)
_REASON = rf"""(?xi)
    [\s.,;:)\]]*
    (?:
        because\ no\ (?P<implicit>{_KIND})(?:\ policy|\ policies)?\ allows?\b
        (?:\ the\ [^\s<]+\ action)?
      | (?P<explicit>with\ an\ explicit\ deny)
        (?:\ in\ (?:an?|the)\ (?P<denying>{_KIND})(?:\ policy)?
           (?:\ transitively\ through\ (?:an?|the)\ (?P<through>{_KIND})(?:\ policy)?)?
           (?:\ ?:\ ?(?P<policy_arn>arn:[^\s"'<>)\]]+))?
        )?
      | because\ (?:(?!\ status\ code:|\ \(Service:)[^.<\]])+
    )
    """

_FOREIGN_CIPHERTEXT = (
    r"(?i)The ciphertext refers to a customer master key that does not exist[^<\"]{0,120}"
)
_SERVICE_LOCKED_OUT = (
    r"(?i)The specified KMS key does not exist or is not allowed to be used with[^<\"]{0,1200}"
)


def read_denial(text: str) -> tuple[Optional[Denial], int]:
    """The refusal that flattened ``text`` spells out, and where it starts; (None, 0) if none does.

    ``code`` is left for the caller to fill in.
    """
    found = re.search(_ACTION, text)
    if found:
        return _sentence(text, found)
    found = re.search(_KEY_ACCESS, text)
    if found and _subject(text, found.start())[0]:
        return _sentence(text, found)
    found = re.search(_SERVICE_LOCKED_OUT, text)
    if found:
        return Denial(_clean(found[0]), policy_type="resource"), found.start()
    found = re.search(_FOREIGN_CIPHERTEXT, text)
    return (Denial(_clean(found[0])), found.start()) if found else (None, 0)


def _sentence(text: str, found: re.Match[str]) -> tuple[Denial, int]:
    parts = found.groupdict()
    principal, start = _subject(text, found.start())
    resource = parts.get("quoted") or _trim(parts.get("bare"))
    reason = re.compile(_REASON).match(text, found.end())
    end = reason.end() if reason else found.end()
    explicit, policy_type, policy_arn = _read_reason(reason)
    denial = Denial(
        message=text[start:end].strip(),
        action=parts.get("action"),
        principal=principal,
        resource=resource,
        explicit=explicit,
        policy_type=policy_type,
        policy_arn=policy_arn,
    )
    return denial, start


def _read_reason(
    reason: Optional[re.Match[str]],
) -> tuple[Optional[bool], Optional[PolicyType], Optional[str]]:
    if reason is None:
        return None, None, None
    if reason["implicit"]:
        return False, _policy_type(reason["implicit"]), None
    if reason["explicit"]:
        # AWS's guide sends the reader of "transitively through" to that second policy.
        kind = _policy_type(reason["through"] or reason["denying"])
        return True, kind, _trim(reason["policy_arn"])
    return None, None, None


def _policy_type(words: Optional[str]) -> Optional[PolicyType]:
    if words is None:
        return None
    return next(kind for form, kind in _POLICY_TYPES if re.fullmatch(f"(?i){form}", words))


_SUBJECT = r"(?i)(?:\b(?P<label>User|Principal|Role):? ?)?(?P<who>[^\s<>\"'(\[:][^\s<>\"'(\[]*)$"
_LONGEST_PRINCIPAL = 2048


def _subject(text: str, end: int) -> tuple[Optional[str], int]:
    """Who stands right before ``end``, and where the sentence starts."""
    last_words = text[max(0, end - _LONGEST_PRINCIPAL) : end].rsplit(" ", 3)[-3:-1]
    found = re.search(_SUBJECT, " ".join(last_words))
    if found and (found["label"] or parse_arn(found["who"]) or is_aws_host(found["who"])):
        return found["who"], end - 1 - len(found[0])
    return None, end


def _trim(text: Optional[str]) -> Optional[str]:
    """A name without the punctuation of the sentence around it."""
    return (text.rstrip(".,;])'`") or None) if text else None


def _clean(text: str) -> str:
    return text.strip(" :;,")
