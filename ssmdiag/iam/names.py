"""What things of IAM and KMS can be called.

Sources: IAM User Guide, "IAM and AWS STS quotas"; AWS KMS Developer Guide, "Key identifiers"; AWS
KMS API Reference, CreateAlias.
"""

from __future__ import annotations

import re


def is_role_name(text: str) -> bool:
    """Can a role be called so?"""
    return re.fullmatch(r"[\w+=,.@-]{1,64}", text, re.ASCII) is not None


def is_policy_name(text: str) -> bool:
    """Can an inline or managed policy be called so?"""
    return re.fullmatch(r"[\w+=,.@-]{1,128}", text, re.ASCII) is not None


def is_key_id(text: str) -> bool:
    """Can a KMS key have this id?"""
    form = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}"
    return re.fullmatch(form, text) is not None


def is_alias(text: str) -> bool:
    """Can a KMS key have this alias, ``alias/`` included?"""
    return re.fullmatch(r"alias/[A-Za-z0-9/_-]{1,250}", text) is not None
