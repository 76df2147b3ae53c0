"""Statements added to a policy document: merged into what is there, which is never lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ssmdiag.policy.document import statements_of

Statement = dict[str, Any]

QUOTAS: Mapping[str, int] = {
    "inline": 10_240,  # all inline policies of a role together
    "managed": 6_144,
    "trust": 2_048,
    "key": 32_768,
    "bucket": 20_480,
}
"""Characters that a document may have (IAM User Guide, "IAM and AWS STS quotas"; AWS KMS Developer
Guide, "Quotas"; Amazon S3 User Guide, "Bucket policies")."""

_SCOPE = ("Effect", "Resource", "Principal", "Condition", "NotPrincipal", "NotResource")
_ALL_BUT_PRINCIPAL = (*(p for p in _SCOPE if p != "Principal"), "Action", "NotAction")


def with_statements(document: Mapping[str, Any], new: Iterable[Statement]) -> dict[str, Any]:
    """``document`` with ``new`` beside its own statements.

    A new statement goes into an old one from which it differs in its actions alone, or in its
    principals alone; otherwise it is appended, under a Sid that is free.
    """
    statements = [dict(s) for s in statements_of(document)]
    for statement in new:
        if not any(_extended(old, statement) for old in statements):
            statements.append(_with_free_sid(statement, statements))
    return {"Version": "2012-10-17", **document, "Statement": statements}


def _extended(old: Statement, new: Statement) -> bool:
    """Let ``old`` say what ``new`` does, if they differ in their actions or principals alone."""
    if _alike(old, new, _SCOPE) and "Action" in old:
        old["Action"] = _together(old["Action"], new["Action"])
        return True
    one, other = old.get("Principal"), new.get("Principal")
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    if list(one) != list(other) or len(one) > 1 or not _alike(old, new, _ALL_BUT_PRINCIPAL):
        return False
    old["Principal"] = {kind: _together(one[kind], other[kind]) for kind in one}
    return True


def _alike(old: Statement, new: Statement, parts: Sequence[str]) -> bool:
    return all(old.get(part) == new.get(part) for part in parts)


def _together(one: Any, other: Any) -> list[Any]:
    return list(dict.fromkeys([*listed(one), *listed(other)]))


def _with_free_sid(statement: Statement, beside: Sequence[Statement]) -> Statement:
    wanted = statement.get("Sid")
    taken = {s.get("Sid") for s in beside}
    number, sid = 2, wanted
    while sid and sid in taken:
        sid, number = f"{wanted}{number}", number + 1
    return {**statement, "Sid": sid} if sid else statement


def listed(value: Any) -> list[Any]:
    """An element of a statement as a list: absent, one value or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def size_of(document: Mapping[str, Any]) -> int:
    """Characters that count for a quota: IAM leaves white space out."""
    return len(json.dumps(document, separators=(",", ":")))
