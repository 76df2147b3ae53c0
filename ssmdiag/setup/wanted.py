"""What is wanted: every choice of a set-up as a value, checked against the grammar of AWS.

A Wish is what somebody wrote, in options or in ssmdiag.toml; None leaves a choice open. Wanted is
the same with every choice made, which only a look at the account can do (``grounds``).

Sources: IAM User Guide, "IAM and AWS STS quotas" (names); AWS KMS API Reference, CreateAlias;
Amazon CloudWatch Logs API Reference, CreateLogGroup and PutRetentionPolicy; Amazon S3 User Guide,
"Bucket naming rules"; Systems Manager User Guide, "Session document schema".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from ssmdiag.iam.arn import is_region, parse_arn, partition_of
from ssmdiag.iam.names import is_alias, is_key_id, is_role_name
from ssmdiag.requirements.preferences.facts import is_bucket_name, is_group_name
from ssmdiag.values import dataclass

RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096),
    *(1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days for which CloudWatch Logs can keep events."""

DEFAULT_ALIAS = "alias/session-manager-logs"

_ACCOUNT = re.compile(r"\d{12}\Z")
_OS_USER = re.compile(r"[^\s:/\\]{1,256}\Z")


@dataclass(frozen=True)
class Wish:
    """The choices that somebody made; None (or nothing) leaves one as it is, or to the defaults."""

    log_group: Optional[str] = None
    retention: Optional[int] = None
    """Days; None: as it is, which for a new log group is for ever."""
    streaming: Optional[bool] = None
    key: Optional[str] = None
    """An existing key: id or ARN."""
    key_alias: Optional[str] = None
    """The alias of the key; a key is made if there is none of that name."""
    key_admin: tuple[str, ...] = ()
    session_user: tuple[str, ...] = ()
    """Who starts sessions: ARNs of roles and users, or names of roles."""
    session_encryption: Optional[bool] = None
    role: Optional[str] = None
    s3_bucket: Optional[str] = None
    s3_prefix: Optional[str] = None
    run_as: Optional[str] = None
    """The OS user for whoever has no tag SSMSessionRunAs."""
    idle_timeout: Optional[int] = None
    max_duration: Optional[int] = None
    """Minutes, both."""
    shell_profile: Optional[str] = None
    shell_profile_windows: Optional[str] = None


@dataclass(frozen=True)
class Wanted:
    """The wanted configuration, with every choice made."""

    account: str
    region: str
    wish: Wish
    role: str
    role_arn: str
    hybrid: bool
    """True for a role that Systems Manager hands out, to hybrid nodes or by Default Host
    Management; False for the role of an instance profile."""
    group: str
    """Empty: sessions are not logged to CloudWatch Logs."""
    bucket: str
    """Empty: sessions are not logged to S3."""
    prefix: str
    key_arn: str
    """Empty: no key is used. For a key that is still to be made, what stands for its ARN."""
    new_key: bool
    alias: str
    """Empty: the key is known by its ARN alone."""
    session_encryption: bool
    admins: tuple[str, ...]
    users: tuple[str, ...]
    """ARNs."""

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    @property
    def group_arn(self) -> str:
        """As the encryption context and key policies have it: without ``:*``."""
        return f"arn:{self.partition}:logs:{self.region}:{self.account}:log-group:{self.group}"


def alias_of(text: str) -> str:
    """An alias's full name; people leave the first part out."""
    return text if text.startswith("alias/") else f"alias/{text}"


def role_of(text: str) -> str:
    """A role's name, of a name or an ARN."""
    return text.rsplit("/", 1)[-1] if text.startswith("arn:") else text


def complaints(wish: Wish, region: str, account: Optional[str]) -> tuple[str, ...]:
    """Everything that cannot be, one line each; nothing is asked for it.

    ``account`` is None where it is not known yet.
    """
    if not is_region(region):
        return (f"{region!r} is not the name of a region: write it like eu-central-1",)
    if account is not None and not _ACCOUNT.match(account):
        return (f"{account!r} is not an account id: those have 12 digits",)
    return (
        *_names(wish),
        *_numbers(wish),
        *_arns(wish, region, account),
    )


def _names(wish: Wish) -> Iterator[str]:
    if wish.log_group is not None and not is_group_name(wish.log_group):
        yield (
            f"{wish.log_group!r} cannot be the name of a log group: 1 to 512 letters, digits and "
            ". - _ / #"
        )
    if (wish.log_group or "").startswith("aws/"):
        yield f"log group {wish.log_group}: names that begin with aws/ belong to AWS"
    if wish.key_alias is not None:
        yield from _alias(alias_of(wish.key_alias))
    if wish.role is not None and not is_role_name(role_of(wish.role)):
        yield f"{wish.role!r} cannot be the name of a role: 1 to 64 letters, digits and +=,.@_-"
    if wish.run_as is not None and not _OS_USER.match(wish.run_as):
        yield f"{wish.run_as!r} cannot be the name of an OS user"
    yield from _bucket(wish.s3_bucket, wish.s3_prefix)


def _alias(alias: str) -> Iterator[str]:
    if not is_alias(alias):
        yield f"{alias!r} cannot be an alias: alias/ and letters, digits, / _ -"
    elif alias.startswith("alias/aws/"):
        yield f"{alias} belongs to AWS, which lets nobody edit the policy of that key"


def _bucket(bucket: Optional[str], prefix: Optional[str]) -> Iterator[str]:
    if bucket is not None and not is_bucket_name(bucket):
        yield (f"{bucket!r} cannot be the name of a bucket: 3 to 63 small letters, digits, . and -")
    if prefix is not None and bucket is None:
        yield "a prefix (--s3-prefix) goes with a bucket (--s3-bucket)"
    if (prefix or "").startswith("/"):
        yield f"prefix {prefix!r}: leave the first slash out, or S3 makes a folder of it"


def _numbers(wish: Wish) -> Iterator[str]:
    if wish.retention is not None and wish.retention not in RETENTIONS:
        shorter = [days for days in RETENTIONS if days < wish.retention][-1:]
        longer = [days for days in RETENTIONS if days > wish.retention][:1]
        near = " or ".join(str(days) for days in (*shorter, *longer))
        yield f"CloudWatch Logs cannot keep events for {wish.retention} days; nearest: {near}"
    if wish.idle_timeout is not None and not 1 <= wish.idle_timeout <= 60:
        yield f"an idle timeout of {wish.idle_timeout} minutes: it may be 1 to 60"
    if wish.max_duration is not None and not 1 <= wish.max_duration <= 1440:
        yield f"a session's duration of {wish.max_duration} minutes: it may be 1 to 1440"


def _arns(wish: Wish, region: str, account: Optional[str]) -> Iterator[str]:
    if wish.key is not None:
        yield from _key(wish.key, region)
    principals = [("key administrator", each) for each in wish.key_admin]
    principals += [("session user", each) for each in wish.session_user]
    for what, text in principals:
        arn = parse_arn(text)
        if arn is None:
            if not is_role_name(text):
                yield f"{what} {text!r} is neither an ARN nor the name of a role"
        elif arn.service != "iam" or not arn.resource.startswith(("role/", "user/")):
            yield f"{what} {text}: name a role or a user (arn:...:iam::ACCOUNT:role/NAME)"
        else:
            yield from _partition(what, text, region)
    role = parse_arn(wish.role or "")
    if role is not None:
        if (role.service, role.resource[:5]) != ("iam", "role/"):
            yield f"{wish.role} is not the ARN of a role"
        if account and role.account != account:
            yield f"role {wish.role} belongs to account {role.account}, this is {account}"
        yield from _partition("role", str(wish.role), region)


def _key(text: str, region: str) -> Iterator[str]:
    arn = parse_arn(text)
    if arn is None:
        if not is_key_id(text):
            yield f"{text!r} is neither the id nor the ARN of a key; an alias goes with --key-alias"
    elif arn.service != "kms" or not arn.resource.startswith("key/"):
        yield f"{text} is not the ARN of a KMS key"
    elif arn.region != region:
        yield (
            f"key {text} is in {arn.region}: sessions and log groups of {region} can only use a "
            f"key of {region}"
        )
    else:
        yield from _partition("key", text, region)


def _partition(what: str, text: str, region: str) -> Iterator[str]:
    arn, partition = parse_arn(text), partition_of(region)
    if arn is not None and arn.partition != partition:
        yield f"{what} {text} is of partition {arn.partition}; {region} belongs to {partition}"
