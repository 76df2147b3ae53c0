"""Data streams (Amazon Kinesis Data Streams API Reference)."""

from __future__ import annotations

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns, data_of


def _create_stream(write: Parameters, question: Call, answer: Answer) -> Answer:
    name = write["StreamName"]
    if not concerns(question, "kinesis", "DescribeStreamSummary", StreamName=name):
        return answer
    summary = {"StreamName": name, "StreamStatus": "ACTIVE", "EncryptionType": "NONE"}
    shards = {"OpenShardCount": write["ShardCount"]} if "ShardCount" in write else {}
    return Known({"StreamDescriptionSummary": {**summary, **shards}})


def _start_encryption(write: Parameters, question: Call, answer: Answer) -> Answer:
    name = write["StreamName"]
    asked = concerns(question, "kinesis", "DescribeStreamSummary", StreamName=name)
    if not asked or not isinstance(answer, Known):
        return answer
    data = data_of(answer, {})
    encrypted = {"EncryptionType": write["EncryptionType"], "KeyId": write["KeyId"]}
    data["StreamDescriptionSummary"].update(encrypted)
    return Known(data)


EFFECTS: Effects = {
    "CreateStream": _create_stream,
    "StartStreamEncryption": _start_encryption,
}
