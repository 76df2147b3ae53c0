"""Pipelines of OpenSearch Ingestion (Amazon OpenSearch Service API Reference)."""

from __future__ import annotations

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effect, Effects, Parameters, concerns, data_of


def _create_pipeline(write: Parameters, question: Call, answer: Answer) -> Answer:
    if concerns(question, "osis", "GetPipeline", PipelineName=write["PipelineName"]):
        return Known({"Pipeline": {"Status": "ACTIVE", **write}})
    return answer


def _becomes(status: str) -> Effect:
    def effect(write: Parameters, question: Call, answer: Answer) -> Answer:
        asked = concerns(question, "osis", "GetPipeline", PipelineName=write["PipelineName"])
        if not asked or not isinstance(answer, Known):
            return answer
        data = data_of(answer, {})
        data["Pipeline"]["Status"] = status
        return Known(data)

    return effect


EFFECTS: Effects = {
    "CreatePipeline": _create_pipeline,
    "StartPipeline": _becomes("ACTIVE"),
    "StopPipeline": _becomes("STOPPED"),
}
