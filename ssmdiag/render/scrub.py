"""Masking credentials, which every format does always."""

from __future__ import annotations

import re

SECRET = "[masked]"  # noqa: S105 - what stands in a secret's place

# How a value follows its label: in JSON between quotes (which text may have escaped), else bare.
_IS = r"(?:\\?[\"']\s{0,3}[:=]\s{0,3}\\?[\"']|\s{0,3}[:=]\s{0,3}(?:\\?[\"'])?)"

# No expression begins at, or runs across, the end of a JSON string: masked JSON stays JSON.
_CREDENTIALS = (
    # Access key ids (IAM User Guide, "IAM identifiers"): AKIA long-term, ASIA temporary.
    (re.compile(r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16,124}(?![A-Za-z0-9])"), SECRET),
    # Session tokens of AWS STS begin alike, so that they are known without a label.
    (re.compile(r"(?<![A-Za-z0-9])(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[\w+/=%-]{20,}"), SECRET),
    (
        re.compile(
            rf"(?i)(authorization{_IS})(?:(?:AWS4-[A-Z0-9-]+|Bearer|Basic|Digest|Negotiate|NTLM)"
            r"\s[^\"'\\\r\n]+|[\w+/=.-]{20,})"
        ),
        rf"\1{SECRET}",
    ),
    (
        re.compile(
            r"(?i)((?:secret[_ -]?(?:access[_ -]?)?key|client[_ -]?secret|passw(?:or)?d"
            r"|(?:session|security)[_ -]?token|token[_-]?value|x-amz-(?:signature|credential)"
            rf"){_IS})[^\s\"'\\,;:}}\]][^\s\"'\\]*"
        ),
        rf"\1{SECRET}",
    ),
    # scheme://user:password@host, where the password may hold "/" or "@", and scheme://token@host.
    (
        re.compile(
            r"(?<=://)(?:[^\s/?#:\"'<>\\@]{0,256}:(?!\d+(?:[/?#\s]|$))[^\s\"'<>\\]{0,256}"
            r"|[^\s/?#:\"'<>\\@]{1,256})@"
        ),
        f"{SECRET}@",
    ),
)


def scrub(text: str) -> str:
    """Mask credentials: access keys, secret keys, tokens, authorisation headers, URL passwords.

    Text stays text of its kind: JSON stays JSON.
    """
    for expression, mask in _CREDENTIALS:
        text = expression.sub(mask, text)
    return text
