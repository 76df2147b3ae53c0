"""Topics, buses and metrics: what AWS gets, and in what words it is told why it took nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.model import Denial
from ssmdiag.tell.cloudwatch import MetricsSink
from ssmdiag.tell.eventbridge import DETAIL_TYPES, EventBridgeSink
from ssmdiag.tell.message import KINDS
from ssmdiag.tell.sink import MessageRefusedError, Sink, SinkError
from ssmdiag.tell.sns import SnsSink
from ssmdiag.world.asking import Door
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable
from tests.test_tell_message import news

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


@pytest.fixture
def write(account: Account) -> Door:
    return Aws(Access(account.region)).write


class Answering:
    """A door that gives one answer, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Call] = []

    def __call__(self, question: Call) -> Answer:
        self.asked.append(question)
        return self.answer


def _subscribed(topic: str) -> Any:
    """A queue that gets what is published to the topic."""
    queue = boto3.resource("sqs").create_queue(QueueName="reader")
    arn = queue.attributes["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return queue


def _received(queue: Any) -> dict[str, Any]:
    (message,) = queue.receive_messages()
    body: dict[str, Any] = json.loads(message.body)
    return body


def test_subscribers_of_a_topic_get_subject_text_and_attributes(write: Door) -> None:
    topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
    queue = _subscribed(topic)
    SnsSink(topic, write).send(news())
    got = _received(queue)
    assert got["Subject"] == "The role may not use the key"
    assert got["Message"] == "NodeRole is not allowed kms:Decrypt.\nGrant it."
    assert got["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "appeared"},
        "priority": {"Type": "String", "Value": "warning"},
    }


def test_subscribers_that_are_programs_get_the_document(write: Door) -> None:
    topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
    queue = _subscribed(topic)
    SnsSink(topic, write, "json").send(news())
    assert json.loads(_received(queue)["Message"]) == news().document


@pytest.mark.parametrize("body", ["text", "json"])
def test_hostile_and_huge_text_is_made_fit_for_a_topic(write: Door, body: Any) -> None:
    topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
    queue = _subscribed(topic)
    hostile = "\r\nBcc: all\x1b\ud800é" + "x" * 300
    SnsSink(topic, write, body).send(
        news(subject=hostile, text=hostile * 2000, document={"log": hostile * 2000})
    )
    got = _received(queue)
    assert got["Subject"].startswith("Bcc: all\\x1b\\ud800\\xe9xxx")
    assert got["Subject"].endswith("x...")
    assert len(got["Subject"]) == 99
    assert 100 < len(got["Message"].encode()) < 256 * 1024


def test_a_message_without_words_is_still_told(write: Door) -> None:
    topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
    queue = _subscribed(topic)
    SnsSink(topic, write).send(news(subject="", text=""))
    assert (_received(queue)["Subject"]) == "appeared"


def test_a_topic_of_another_region_is_looked_for_there(account: Account, write: Door) -> None:
    topic = boto3.client("sns", "eu-central-1").create_topic(Name="alarms")["TopicArn"]
    SnsSink(topic, write).send(news())
    assert account.received[-1].region == "eu-central-1"


def test_a_topic_that_keeps_order_is_told_what_belongs_together(write: Door) -> None:
    door = Answering(Known({}))
    for message in (news(), news(), news(kind="reminder")):
        SnsSink(f"{TOPIC}.fifo", door).send(message)
    given = [order.parameters for order in door.asked]
    assert {each["MessageGroupId"] for each in given} == {"ssmdiag"}
    first, again, other = (each["MessageDeduplicationId"] for each in given)
    assert (first == again, first == other, len(first)) == (True, False, 64)
    attributes = {"FifoTopic": "true"}
    topic = boto3.client("sns").create_topic(Name="alarms.fifo", Attributes=attributes)
    SnsSink(topic["TopicArn"], write).send(news())


def test_an_event_has_the_document_as_its_detail(account: Account, write: Door) -> None:
    EventBridgeSink(write).send(news())
    (entry,) = account.received[-1].parameters["Entries"]
    assert json.loads(entry["Detail"]) == news().document
    assert (entry["Source"], entry["DetailType"]) == ("ssmdiag", "Cause Appeared")
    assert int(entry["Time"]) == 1709622489
    assert "EventBusName" not in entry
    assert set(DETAIL_TYPES) == set(KINDS)


def test_rules_of_a_named_bus_get_the_event(write: Door) -> None:
    events, logs = boto3.client("events"), boto3.client("logs")
    bus = events.create_event_bus(Name="ops")["EventBusArn"]
    logs.create_log_group(logGroupName="/aws/events/ops")
    pattern = {"source": ["ssmdiag"], "detail-type": ["Cause Resolved"]}
    events.put_rule(Name="all", EventBusName="ops", EventPattern=json.dumps(pattern))
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/ops"
    events.put_targets(Rule="all", EventBusName="ops", Targets=[{"Id": "log", "Arn": group}])
    for name in ("ops", bus):
        EventBridgeSink(write, name).send(news(kind="resolved"))
        EventBridgeSink(write, name).send(news(kind="changed"))
    logged = logs.filter_log_events(logGroupName="/aws/events/ops")["events"]
    assert [json.loads(each["message"])["detail"] for each in logged] == [news().document] * 2


def test_an_event_that_is_too_big_tells_what_it_is_about(account: Account, write: Door) -> None:
    fits = 256 * 1024 - 1 - 14 - len("ssmdiag") - len("Cause Appeared") - len('{"log": ""}')
    EventBridgeSink(write).send(news(document={"log": "x" * fits}))
    assert len(json.loads(account.received[-1].parameters["Entries"][0]["Detail"])["log"]) == fits
    EventBridgeSink(write).send(news(document={"log": "x" * (fits + 1)}))
    detail = json.loads(account.received[-1].parameters["Entries"][0]["Detail"])
    assert detail["subject"] == "The role may not use the key"
    assert "262109 bytes, of which 262108" in detail["left_out"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("ThrottlingException", SinkError), ("MalformedDetail", MessageRefusedError)],
)
def test_an_entry_that_failed_is_an_error_although_the_call_succeeded(
    code: str, kind: type[SinkError]
) -> None:
    failed = {"ErrorCode": code, "ErrorMessage": "No\nroom"}
    door = Answering(Known({"FailedEntryCount": 1, "Entries": [failed]}))
    with pytest.raises(SinkError) as error:
        EventBridgeSink(door, "ops").send(news())
    assert type(error.value) is kind
    assert str(error.value) == (
        f"event bus ops did not take the event: {code}: No room;"
        " see the quotas and the policy of the bus"
    )


def _sums(metric: str, **dimensions: str) -> list[float]:
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="SsmDiag",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=news().time - timedelta(hours=1),
        EndTime=news().time + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return [each["Sum"] for each in found["Datapoints"]]


def test_news_is_counted_and_open_causes_are_measured(write: Door) -> None:
    sink = MetricsSink(write, dimensions={"InstanceId": "i-0f00ba4c0ffee1234"})
    sink.send(news())
    sink.send(news())
    sink.send(news(kind="resolved", document={"open_causes": 0}))
    node = {"InstanceId": "i-0f00ba4c0ffee1234"}
    assert _sums("News", **node, Kind="appeared", Priority="warning") == [2]
    assert _sums("News", **node, Kind="resolved", Priority="warning") == [1]
    assert _sums("OpenCauses", **node) == [4]


def test_a_namespace_of_ones_own_is_used(account: Account, write: Door) -> None:
    MetricsSink(write, "Fleet/Ssm", {"Name": "é\n", "None": ""}).send(news(document={}))
    asked = account.received[-1].parameters
    assert asked["Namespace"] == "Fleet/Ssm"
    (data,) = asked["MetricData"]
    assert data["Dimensions"][0] == {"Name": "Name", "Value": "\\xe9"}
    assert [each["Name"] for each in data["Dimensions"]] == ["Name", "Kind", "Priority"]


def test_a_measurement_that_came_too_late_is_refused_for_good(
    account: Account, write: Door
) -> None:
    account.faults.fail(
        "monitoring",
        code="InvalidParameterValue",
        message="The parameter MetricData.member.1.Timestamp must specify a time within the past"
        " two weeks.",
    )
    with pytest.raises(MessageRefusedError, match="within the past two weeks"):
        MetricsSink(write).send(news())


def _sinks(write: Door) -> list[Sink]:
    return [SnsSink(TOPIC, write), EventBridgeSink(write), MetricsSink(write)]


@pytest.mark.parametrize(
    ("number", "service", "action", "resource"),
    [
        (0, "sns", "sns:Publish", TOPIC),
        (1, "events", "events:PutEvents", "event bus default"),
        (2, "monitoring", "cloudwatch:PutMetricData", r"\* \(namespace SsmDiag\)"),
    ],
)
def test_a_refusal_names_the_permission_to_grant(
    number: int, service: str, action: str, resource: str, account: Account, write: Door
) -> None:
    user = "arn:aws:sts::123456789012:assumed-role/NodeRole/i-0f00ba4c0ffee1234"
    account.faults.fail(
        service,
        code="AccessDeniedException",
        message=f"User: {user} is not authorized to perform: {action} because no identity-based"
        f" policy allows the {action} action",
        status=403,
    )
    with pytest.raises(SinkError, match=f"grant {action} on {resource} to {user} "):
        _sinks(write)[number].send(news())
    account.faults.clear()


@pytest.mark.parametrize("number", range(3))
def test_silence_and_errors_of_aws_are_told_in_one_line(number: int, account: Account) -> None:
    sink = _sinks(Aws(Access(account.region, timeout=0.3)).write)[number]
    for service in ("sns", "events", "monitoring"):
        account.faults.hang(service)
    with pytest.raises(SinkError, match=r"got no answer: no answer within 0\.3 seconds; see"):
        sink.send(news())
    for service in ("sns", "events", "monitoring"):
        account.faults.fail(service, code="ExpiredToken", message="The\ntoken", status=403)
    with pytest.raises(SinkError, match=r"^[^\n]+$"):
        sink.send(news())


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (TOPIC, f"sns:Publish: .*see whether {TOPIC} exists"),
        ("alarms", "alarms is not the ARN of a topic"),
    ],
)
def test_a_topic_that_is_not_there_is_told(topic: str, said: str, write: Door) -> None:
    with pytest.raises(SinkError, match=said):
        SnsSink(topic, write).send(news())


def test_a_bus_that_is_not_there_is_told(write: Door) -> None:
    with pytest.raises(SinkError, match="see whether event bus ops exists"):
        EventBridgeSink(write, "ops").send(news())


_ENCRYPTED = Denial(
    message="KMS refused", action="kms:GenerateDataKey", resource="the key", principal="NodeRole"
)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Denied(_ENCRYPTED), "grant kms:GenerateDataKey on the key to NodeRole (KMS refused)"),
        (
            Denied(Denial(message="No", explicit=True)),
            "sns:Publish is not allowed: a Deny forbids it to the principal that the program runs"
            " as (No)",
        ),
        (Denied(Denial(message="No")), f"grant sns:Publish on {TOPIC} to the principal that"),
        (Absent("gone"), f"sns:Publish: gone; see whether {TOPIC} exists"),
        (Unreachable("no\nroute"), "sns:Publish got no answer: no route; see the network and the"),
    ],
)
def test_what_stands_in_the_way_is_told_in_words(answer: Answer, said: str) -> None:
    with pytest.raises(SinkError) as error:
        SnsSink(TOPIC, Answering(answer)).send(news())
    assert said in str(error.value)
    assert str(error.value).isprintable()
