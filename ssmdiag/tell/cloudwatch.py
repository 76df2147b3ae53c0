"""CloudWatch metrics: how many causes are open, and that there is news; by the API or as a log line
in the embedded metric format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Optional, TextIO

from ssmdiag.tell.aws import carried_out
from ssmdiag.tell.message import Message
from ssmdiag.tell.plain import ascii_line, cut, one_line
from ssmdiag.tell.sink import MessageRefusedError, SinkError
from ssmdiag.tell.stream import write as write_lines
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import call

NAMESPACE = "SsmDiag"
OPEN_CAUSES = "open_causes"
"""Key of a Message's document: how many causes are open now that this is told, as an integer."""

_LONGEST_VALUE = 1024
_LONGEST_SUBJECT = 1000
_INVALID = "(InvalidParameter"

Dimensions = Mapping[str, str]


@dataclass(frozen=True)
class _Point:
    name: str
    value: int
    dimensions: Dimensions


class MetricsSink:
    """Puts metric ``News`` (1 for each message, by Kind and Priority) and, if the document tells
    it, metric ``OpenCauses``. Both carry the dimensions given, such as the node's id."""

    def __init__(
        self, write: Door, namespace: str = NAMESPACE, dimensions: Optional[Dimensions] = None
    ) -> None:
        self.name = "metrics" if namespace == NAMESPACE else f"metrics:{namespace}"
        self._write = write
        self._namespace = namespace
        self._dimensions = dimensions or {}

    def send(self, message: Message) -> None:
        """Raises SinkError, naming the permission to grant if that is what lacks.

        MessageRefusedError where CloudWatch does not take the values: it refuses those of more
        than two weeks ago (CloudWatch API Reference, "PutMetricData").
        """
        data = [
            {
                "MetricName": point.name,
                "Value": point.value,
                "Unit": "Count",
                "Timestamp": message.time.isoformat(),
                "Dimensions": [{"Name": n, "Value": v} for n, v in point.dimensions.items()],
            }
            for point in _points(message, self._dimensions)
        ]
        order = call("cloudwatch", "PutMetricData", Namespace=self._namespace, MetricData=data)
        try:
            carried_out(order, self._write, f"* (namespace {self._namespace})")
        except SinkError as error:
            if _INVALID in str(error):
                raise MessageRefusedError(str(error)) from None
            raise


class EmfSink:
    """Prints the same as one line, for whatever sends a program's output to CloudWatch Logs."""

    name = "emf"

    def __init__(
        self,
        stream: TextIO,
        namespace: str = NAMESPACE,
        dimensions: Optional[Dimensions] = None,
    ) -> None:
        self._stream = stream
        self._namespace = namespace
        self._dimensions = dimensions or {}

    def send(self, message: Message) -> None:
        """Raises SinkClosedError if whoever read the stream has gone, SinkError otherwise."""
        write_lines(self._stream, emf(message, self._namespace, self._dimensions))


def emf(message: Message, namespace: str, dimensions: Dimensions) -> str:
    """The line (CloudWatch User Guide, "Specification: Embedded metric format")."""
    points = list(_points(message, dimensions))
    directives = [
        {
            "Namespace": namespace,
            "Dimensions": [list(point.dimensions)],
            "Metrics": [{"Name": point.name, "Unit": "Count"}],
        }
        for point in points
    ]
    root: dict[str, Any] = {
        "_aws": {
            "Timestamp": int(message.time.timestamp() * 1000),
            "CloudWatchMetrics": directives,
        },
        "Id": cut(one_line(message.id), _LONGEST_SUBJECT),
        "Subject": cut(one_line(message.subject), _LONGEST_SUBJECT),
    }
    for point in points:
        root.update(point.dimensions)
        root[point.name] = point.value
    return json.dumps(root)


def _points(message: Message, dimensions: Dimensions) -> Iterator[_Point]:
    # CloudWatch API Reference, "Dimension": ASCII, one character at least, 1024 at most.
    own = {name: ascii_line(value, _LONGEST_VALUE) for name, value in dimensions.items()}
    own = {name: value for name, value in own.items() if value}
    kinds = {"Kind": message.kind, "Priority": message.priority}
    yield _Point("News", 1, {**own, **kinds})
    causes = message.document.get(OPEN_CAUSES)
    if isinstance(causes, int):
        yield _Point("OpenCauses", causes, own)
