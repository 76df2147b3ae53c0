"""The delivery of events to OpenSearch: a stream, a pipeline, and the subscription to the group.

CloudWatch Logs packs many events into one record. Amazon Data Firehose cannot deliver those to
OpenSearch; a pipeline of OpenSearch Ingestion takes them apart. Sources: Amazon Data Firehose
Developer Guide, "Send CloudWatch Logs to Firehose" (no delivery to OpenSearch); Amazon OpenSearch
Service Developer Guide, "Use an OpenSearch Ingestion pipeline with Amazon Kinesis Data Streams" and
"Monitoring pipeline logs"; OpenSearch documentation of Data Prepper, "kinesis", "Parse JSON
processor", "Date processor" and "Dead-letter queues"; API References of Kinesis (CreateStream,
StartStreamEncryption), OpenSearch Ingestion (CreatePipeline) and CloudWatch Logs
(PutSubscriptionFilter).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable, Optional

from ssmdiag.model import Advice, Broken, Holds, Remedy, Resource, Situation, Verdict, Write
from ssmdiag.requirements.contract import Gap, Requirement, gap_of, waits
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.setup.observed import Observed, reading_subscriptions
from ssmdiag.setup.targets import domain
from ssmdiag.setup.targets.delivery_roles import REFUSED, of_pipeline, of_subscription
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.world.call import Absent, Ask, Call, Known, call

_UNITS_AT_MOST = 2
_DAYS = 30
_PART = "session-manager-logs"
"""What a pipeline calls its part, of which it could have several."""
_RUNS_AGAIN = ("STOPPED", "STOPPING", "START_FAILED")


def requirements(observed: Observed) -> tuple[Requirement, ...]:
    """Events reach the domain, each as a document."""
    if not observed.domain:
        return ()

    def one(id_: str, title: str, check: Callable[[Observed, Ask], Verdict]) -> Requirement:
        return requirement(f"observe/{id_}", title, "destination", check, observed)

    needed = (
        one("delivery-stream", "A stream takes the events, encrypted", _streams),
        *of_pipeline(observed),
        one("delivery-log", "The pipeline has a log of its own", _tells),
        one("delivery-pipeline", "A pipeline writes the events to the domain", _pipes),
        *of_subscription(observed),
        one("subscription", "The log group hands its events to the stream", _subscribes),
    )
    return (*domain.requirements(observed), *(_once_reachable(r, observed) for r in needed))


def _once_reachable(needed: Requirement, observed: Observed) -> Requirement:
    """Nothing is made for a domain that cannot be reached."""

    def check(ask: Ask, situation: Situation) -> Verdict:
        if domain.reachable(ask, observed) is None:
            return waits(domain.DOMAIN, "not needed before the domain can be reached")
        return needed.check(ask, situation)

    return replace(needed, check=check)


# --- the stream -----------------------------------------------------------------------------------


def reading_stream(observed: Observed) -> Call:
    """The Call that looks up the stream."""
    return call("kinesis", "DescribeStreamSummary", StreamName=observed.stream)


def _streams(observed: Observed, ask: Ask) -> Verdict:
    name, resource = observed.stream, Resource("log-group", observed.group)
    encrypt = call(
        "kinesis",
        "StartStreamEncryption",
        StreamName=name,
        EncryptionType="KMS",
        KeyId="alias/aws/kinesis",
    )
    answer = ask(reading_stream(observed))
    if isinstance(answer, Absent):
        # One shard takes a megabyte a second; CloudWatch Logs waits where that is not enough.
        create = call("kinesis", "CreateStream", StreamName=name, ShardCount=1)
        write = Write((create, encrypt), f"create stream {name}, encrypted")
        return Broken(f"stream {name} does not exist", resource, (answer.why,), (write,))
    if not isinstance(answer, Known):
        return unread(gap_of(answer, f"stream {name}"), resource)
    if answer.data["StreamDescriptionSummary"].get("EncryptionType") == "KMS":
        return Holds(f"stream {name} is encrypted")
    write = Write((encrypt,), f"encrypt stream {name}")
    return Broken(f"stream {name} is not encrypted", resource, (), (write,))


# --- the pipeline ---------------------------------------------------------------------------------


def _tells(observed: Observed, ask: Ask) -> Verdict:
    name, resource = observed.log_group_of_pipeline, Resource("log-group", observed.group)
    group = described(ask, name)
    if isinstance(group, Gap):
        return unread(group, resource)
    if group is not None:
        return Holds(f"log group {name} exists")
    calls = (
        call("logs", "CreateLogGroup", logGroupName=name),
        call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=_DAYS),
    )
    write = Write(calls, f"create log group {name}, for what goes wrong in the pipeline")
    return Broken(f"log group {name} does not exist", resource, (), (write,))


def reading_pipeline(observed: Observed) -> Call:
    """The Call that looks up the pipeline."""
    return call("osis", "GetPipeline", PipelineName=observed.pipeline)


def _pipes(observed: Observed, ask: Ask) -> Verdict:
    name, resource = observed.pipeline, Resource("log-group", observed.group)
    found = domain.reachable(ask, observed)
    if found is None:
        return waits(domain.DOMAIN, "not known before the domain is")
    answer = ask(reading_pipeline(observed))
    if not isinstance(answer, (Known, Absent)):
        return unread(gap_of(answer, f"pipeline {name}"), resource)
    wanted = configuration(observed, found.endpoint)
    if isinstance(answer, Absent):
        remedies: list[Remedy] = [Write((_creation(observed, wanted),), f"create pipeline {name}")]
        remedies += map(Advice, _to_know(observed, found))
        return Broken(f"pipeline {name} does not exist", resource, (answer.why,), tuple(remedies))
    pipeline = answer.data["Pipeline"]
    if _parsed(pipeline.get("PipelineConfigurationBody")) != wanted:
        advice = Advice(
            f"name another pipeline, or give pipeline {name} this configuration: "
            f"{json.dumps(wanted)}"
        )
        return Broken(f"pipeline {name} is configured otherwise", resource, (), (advice,))
    status = str(pipeline.get("Status"))
    if status in _RUNS_AGAIN:
        start = Write((call("osis", "StartPipeline", PipelineName=name),), f"start pipeline {name}")
        return Broken(f"pipeline {name} is {status.lower()}", resource, (), (start,))
    if status.endswith("_FAILED"):
        advice = Advice(f"see log group {observed.log_group_of_pipeline} for why")
        return Broken(f"pipeline {name} has the status {status}", resource, (), (advice,))
    return Holds(f"pipeline {name} writes to domain {observed.domain_name}")


def configuration(observed: Observed, endpoint: str) -> dict[str, Any]:
    """What the pipeline does: each event becomes a document, with the fields that it has."""
    identity = {"sts_role_arn": observed.role_arn(observed.delivery_role)}
    here = {**identity, "region": observed.region}
    sink: dict[str, Any] = {
        "hosts": [f"https://{endpoint}"],
        "index": observed.index,
        # A record that is read twice makes no document twice.
        "document_id": "${/id}",
        "aws": {**here, "serverless": False},
    }
    if observed.bucket:
        refused = {"bucket": observed.bucket, "key_path_prefix": REFUSED, **here}
        sink["dlq"] = {"s3": refused}
    metadata = ["messageType", "owner", "logGroup", "logStream"]
    source = {
        "acknowledgments": True,
        "codec": {"json": {"key_name": "logEvents", "include_keys": metadata}},
        "streams": [
            {
                "stream_name": observed.stream,
                "initial_position": "EARLIEST",
                "compression": "gzip",
            }
        ],
        "consumer_strategy": "polling",
        "polling": {"max_polling_records": 100, "idle_time_between_reads": "250ms"},
        "aws": here,
    }
    # Uploaded logs are no JSON: they stay in the field "message".
    parsed = {
        "source": "message",
        "overwrite_if_destination_exists": False,
        "handle_failed_events": "skip_silently",
    }
    moment = {"key": "timestamp", "patterns": ["epoch_milli"]}
    return {
        "version": "2",
        _PART: {
            "source": {"kinesis_data_streams": source},
            "processor": [
                {"drop_events": {"drop_when": '/messageType == "CONTROL_MESSAGE"'}},
                {"parse_json": parsed},
                {"date": {"match": [moment], "destination": "@timestamp"}},
            ],
            "sink": [{"opensearch": sink}],
        },
    }


def _creation(observed: Observed, wanted: dict[str, Any]) -> Call:
    group = {"LogGroup": observed.log_group_of_pipeline}
    return call(
        "osis",
        "CreatePipeline",
        PipelineName=observed.pipeline,
        MinUnits=1,
        MaxUnits=_UNITS_AT_MOST,
        PipelineConfigurationBody=json.dumps(wanted, indent=2),
        LogPublishingOptions={"IsLoggingEnabled": True, "CloudWatchLogDestination": group},
    )


def _to_know(observed: Observed, found: domain.Domain) -> list[str]:
    told = list(domain.advice(observed, found))
    if not observed.bucket:
        told.append("documents that the domain refuses are lost: name a bucket to keep them")
    told.append(
        "a pipeline costs at least one OpenSearch Compute Unit an hour, and a stream its shard, "
        "whether there are sessions or not"
    )
    return told


def reads_from(pipeline: Mapping[str, Any]) -> Optional[str]:
    """The stream that a pipeline, as GetPipeline shows it, reads; None if it is none of ours."""
    try:
        whole = _parsed(pipeline.get("PipelineConfigurationBody"))
        source = whole[_PART]["source"]["kinesis_data_streams"]
        return str(source["streams"][0]["stream_name"])
    except (TypeError, KeyError, IndexError):
        return None


def _parsed(written: Any) -> Any:
    try:
        return json.loads(written or "")
    except ValueError:
        return None


# --- the subscription -----------------------------------------------------------------------------


def _subscribes(observed: Observed, ask: Ask) -> Verdict:
    name, resource = observed.subscription, Resource("log-group", observed.group)
    answer = ask(reading_subscriptions(observed))
    if not isinstance(answer, Known):
        return unread(gap_of(answer, f"subscriptions of log group {observed.group}"), resource)
    filters = answer.data.get("subscriptionFilters", [])
    now = next((f for f in filters if f["filterName"] == name), None)
    role = observed.role_arn(observed.subscription_role)
    if now is not None and now.get("destinationArn") != observed.stream_arn:
        said = f"subscription filter {name} leads to {now.get('destinationArn')}"
        advice = Advice("name another pipeline, after which the subscription filter is called")
        return Broken(said, resource, (), (advice,))
    if now is not None and not now.get("filterPattern") and now.get("roleArn") == role:
        return Holds(f"log group {observed.group} hands its events to stream {observed.stream}")
    order = call(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=observed.group,
        filterName=name,
        filterPattern="",
        destinationArn=observed.stream_arn,
        roleArn=role,
    )
    write = Write((order,), f"hand all events of log group {observed.group} to the stream")
    said = "hands only some of its events to the stream" if now else "hands its events to nobody"
    return Broken(f"log group {observed.group} {said}", resource, (), (write,))
