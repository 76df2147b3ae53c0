"""What is to be observed: metric filters, alarms and the delivery to OpenSearch, as a value.

Sources: API References of CloudWatch Logs (PutMetricFilter, PutSubscriptionFilter), CloudWatch
(PutMetricAlarm), Kinesis (CreateStream), Amazon OpenSearch Ingestion (CreatePipeline) and Amazon
SNS (CreateTopic, GetTopicAttributes); Amazon SNS Developer Guide, "Managing encryption keys and
costs" (services that publish to encrypted topics); CloudWatch Logs User Guide, "Log classes" and
"Supported regular expressions (regex) syntax"; OpenSearch documentation, "Create index" (names)
and "OpenSearch sink".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Callable, Optional

from ssmdiag.iam.arn import parse_arn, partition_of
from ssmdiag.iam.names import is_role_name
from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination.bucket_facts import bucket_exists, bucket_region
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.setup import wanted
from ssmdiag.setup.metric_filters.metric_filter import MetricFilter, has_regex, metric_filters
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Call, Known, call

METRIC_FILTERS_AT_MOST = 100
SUBSCRIPTION_FILTERS_AT_MOST = 2
WITH_REGEX_AT_MOST = 5
"""Filters of a log group, of both kinds together, whose pattern holds a regular expression."""

# General Reference, "Amazon OpenSearch Service endpoints and quotas": none in China.
WITHOUT_PIPELINES = "aws-cn"
_AWS_KEY = "alias/aws/sns"
_NAMESPACE = re.compile(r"[0-9A-Za-z._/#-]{1,255}")
_STREAM = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_ROLE_SAID = "1 to 64 letters, digits and +=,.@_-"
_PIPELINE = re.compile(r"[a-z][a-z0-9-]{2,27}")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,256}")
_DOMAIN = re.compile(r"domain/[a-z][a-z0-9-]{2,27}")
_INDEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}(%\{[A-Za-z.:_-]+\})?")


@dataclass(frozen=True)
class Observed:
    """What is to be observed of one log group, with every choice made."""

    account: str
    region: str
    group: str
    filters: Optional[tuple[str, ...]] = None
    """Names of metric filters; None: all."""
    namespace: str = "SessionManager"
    topic: str = ""
    """ARN of the SNS topic that alarms tell; empty: alarms only show their state."""
    domain: str = ""
    """ARN of an OpenSearch domain; empty: events are delivered nowhere."""
    index: str = "session-manager-%{yyyy.MM}"
    """Data Prepper puts the date into ``%{}``."""
    bucket: str = ""
    """For documents that the domain refuses; empty: they are lost."""
    stream: str = "session-manager-logs"
    pipeline: str = "session-manager-logs"
    delivery_role: str = "SessionManagerDelivery"
    subscription_role: str = "SessionManagerSubscription"

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    @property
    def metric_filters(self) -> tuple[MetricFilter, ...]:
        """The chosen metric filters that there are."""
        chosen = self.filters
        return tuple(f for f in metric_filters() if chosen is None or f.name in chosen)

    @property
    def subscription(self) -> str:
        """The name of the subscription filter."""
        return self.pipeline

    @property
    def log_group_of_pipeline(self) -> str:
        """Where the pipeline says what goes wrong. Other groups than vended ones it may not use."""
        return f"/aws/vendedlogs/OpenSearchIngestion/{self.pipeline}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role_arn(self, role: str) -> str:
        """The ARN of a role that is made here."""
        return f"arn:{self.partition}:iam::{self.account}:role/{role}"

    @property
    def stream_arn(self) -> str:
        return self.arn("kinesis", f"stream/{self.stream}")

    @property
    def domain_name(self) -> str:
        return self.domain.rsplit("/", 1)[-1]


def situation_of(observed: Observed) -> Situation:
    """What a Requirement may know: no log was read."""
    return Situation(observed.region)


def reading_metric_filters(observed: Observed) -> Call:
    """The Call that lists the metric filters of the log group."""
    return call("logs", "DescribeMetricFilters", logGroupName=observed.group)


def reading_subscriptions(observed: Observed) -> Call:
    """The Call that lists the subscription filters of the log group."""
    return call("logs", "DescribeSubscriptionFilters", logGroupName=observed.group)


# --- what cannot be -----------------------------------------------------------------------------


def complaints(observed: Observed) -> tuple[str, ...]:
    """Everything that cannot be, one line each; nothing is asked for it."""
    wish = wanted.Wish(log_group=observed.group, s3_bucket=observed.bucket or None)
    lines = wanted.complaints(wish, observed.region, observed.account)
    if lines:
        return lines
    return (*_of_metrics(observed), *_of_topic(observed), *_of_delivery(observed))


def _of_metrics(observed: Observed) -> Iterator[str]:
    if observed.filters == () and not observed.domain:
        yield "nothing is to be observed: name metric filters or an OpenSearch domain"
    known = {found.name for found in metric_filters()}
    for name in observed.filters or ():
        if name not in known:
            yield f"there is no metric filter {name!r}; there is {', '.join(sorted(known))}"
    if observed.namespace.startswith("AWS/"):
        yield f"namespace {observed.namespace}: names that begin with AWS/ belong to AWS"
    elif not _NAMESPACE.fullmatch(observed.namespace):
        yield (
            f"{observed.namespace!r} cannot be a namespace of metrics: 1 to 255 letters, digits "
            "and . _ / # -"
        )


def _of_topic(observed: Observed) -> Iterator[str]:
    if not observed.topic:
        return
    arn = parse_arn(observed.topic)
    if arn is None or arn.service != "sns" or not _TOPIC.fullmatch(arn.resource):
        yield f"{observed.topic} is not the ARN of an SNS topic: arn:...:sns:REGION:ACCOUNT:NAME"
    else:
        yield from _place("topic", observed.topic, observed)


def _of_delivery(observed: Observed) -> Iterator[str]:
    if not observed.domain:
        return
    if observed.partition == WITHOUT_PIPELINES:
        yield (
            "AWS offers no pipelines of OpenSearch Ingestion in China, and so events cannot be "
            "delivered to OpenSearch there: leave the domain out"
        )
        return
    arn = parse_arn(observed.domain)
    if arn is None or arn.service != "es" or not _DOMAIN.fullmatch(arn.resource):
        yield (
            f"{observed.domain} is not the ARN of an OpenSearch domain: "
            "arn:...:es:REGION:ACCOUNT:domain/NAME"
        )
    else:
        yield from _place("domain", observed.domain, observed)
        if arn.account != observed.account:
            yield (
                f"domain {observed.domain} belongs to account {arn.account}; only one of account "
                f"{observed.account} can be delivered to"
            )
    small = "small letters, digits and"
    names: Sequence[tuple[str, str, Callable[[str], object], str]] = (
        ("an index", observed.index, _INDEX.fullmatch, f"{small} . _ -, and at most %{{}}"),
        ("a data stream", observed.stream, _STREAM.fullmatch, "1 to 128 letters, digits and _ . -"),
        ("a pipeline", observed.pipeline, _PIPELINE.fullmatch, f"3 to 28 {small} -"),
        ("a role", observed.delivery_role, is_role_name, _ROLE_SAID),
        ("a role", observed.subscription_role, is_role_name, _ROLE_SAID),
    )
    for what, name, fits, said in names:
        if not fits(name):
            yield f"{name!r} cannot be the name of {what}: {said}"
    if observed.delivery_role == observed.subscription_role:
        yield f"role {observed.delivery_role} cannot serve delivery and subscription: name two"


def _place(what: str, text: str, observed: Observed) -> Iterator[str]:
    arn = parse_arn(text)
    if arn is None:
        return
    if arn.partition != observed.partition:
        yield (
            f"{what} {text} is of partition {arn.partition}; {observed.region} belongs to "
            f"{observed.partition}"
        )
    elif arn.region != observed.region:
        yield f"{what} {text} is in {arn.region}, the log group in {observed.region}"


# --- what the account does not allow for --------------------------------------------------------


def obstacles(observed: Observed, ask: Ask) -> tuple[str, ...]:
    """What in the account is in the way and cannot be mended by a plan, one line each.

    What may not be read is no obstacle: the plan says of it that it is not verified.
    """
    group = described(ask, observed.group)
    if isinstance(group, Gap):
        return ()
    if group is None:
        return (f"there is no log group {observed.group} in {observed.region}",)
    kind = group.get("logGroupClass") or "STANDARD"
    if kind != "STANDARD":
        return (
            f"log group {observed.group} is of class {kind}: only those of class STANDARD have "
            "metric filters and subscriptions, and a class cannot be changed",
        )
    return (
        *_of_quotas(observed, ask),
        *_of_topic_there(observed, ask),
        *_of_bucket(observed, ask),
    )


def _of_quotas(observed: Observed, ask: Ask) -> Iterator[str]:
    ours = {found.resource_name: found.pattern for found in observed.metric_filters}
    filters = _patterns(ask(reading_metric_filters(observed)), "metricFilters")
    others = {name: pattern for name, pattern in filters.items() if name not in ours}
    if len(others) + len(ours) > METRIC_FILTERS_AT_MOST:
        yield (
            f"log group {observed.group} has {len(others)} other metric filters, and may have "
            f"{METRIC_FILTERS_AT_MOST} in all"
        )
    subscriptions = _patterns(ask(reading_subscriptions(observed)), "subscriptionFilters")
    subscriptions.pop(observed.subscription, None)
    if observed.domain and len(subscriptions) >= SUBSCRIPTION_FILTERS_AT_MOST:
        yield (
            f"log group {observed.group} has {len(subscriptions)} subscription filters of others "
            f"({', '.join(sorted(subscriptions))}), and may have no more"
        )
    theirs = sum(map(has_regex, [*others.values(), *subscriptions.values()]))
    own = sum(map(has_regex, ours.values()))
    if theirs and theirs + own > WITH_REGEX_AT_MOST:
        yield (
            f"log group {observed.group} has {theirs} other filters with regular expressions, and "
            f"may have {WITH_REGEX_AT_MOST} in all; of those asked for {own} have some"
        )


def _patterns(answer: Any, listed: str) -> dict[str, str]:
    found = answer.data.get(listed, []) if isinstance(answer, Known) else []
    return {str(f["filterName"]): str(f.get("filterPattern") or "") for f in found}


def _of_topic_there(observed: Observed, ask: Ask) -> Iterator[str]:
    if not observed.topic:
        return
    answer = ask(call("sns", "GetTopicAttributes", TopicArn=observed.topic))
    if isinstance(answer, Absent):
        yield f"there is no topic {observed.topic}"
    elif isinstance(answer, Known) and answer.data["Attributes"].get("KmsMasterKeyId") == _AWS_KEY:
        yield (
            f"topic {observed.topic} is encrypted with the key of AWS, which alarms may not use: "
            "encrypt it with one whose policy admits cloudwatch.amazonaws.com"
        )


def _of_bucket(observed: Observed, ask: Ask) -> Iterator[str]:
    if not (observed.domain and observed.bucket):
        return
    found = bucket_exists(ask, observed.bucket)
    if isinstance(found, Gap):
        return
    if not found:
        yield f"there is no bucket {observed.bucket}"
    elif (place := bucket_region(ask, observed.bucket, observed.region)) != "":
        yield f"bucket {observed.bucket} is in {place}, the log group in {observed.region}"
