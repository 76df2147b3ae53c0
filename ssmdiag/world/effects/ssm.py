"""Documents and their versions, service settings (AWS Systems Manager API Reference)."""

from __future__ import annotations

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns, data_of


def _document(write: Parameters, question: Call, answer: Answer, versions: set[str]) -> Answer:
    if not concerns(question, "ssm", "GetDocument", Name=write["Name"]):
        return answer
    if question.parameters.get("DocumentVersion", "$DEFAULT") not in versions:
        return answer
    return Known({**data_of(answer, {"Name": write["Name"]}), "Content": write["Content"]})


def _create_document(write: Parameters, question: Call, answer: Answer) -> Answer:
    return _document(write, question, answer, {"$DEFAULT", "$LATEST"})


def _update_document(write: Parameters, question: Call, answer: Answer) -> Answer:
    return _document(write, question, answer, {"$LATEST"})


def _default_version(write: Parameters, question: Call, answer: Answer) -> Answer:
    return _document(write, question, answer, {"$DEFAULT"})


def _service_setting(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not concerns(question, "ssm", "GetServiceSetting", SettingId=write["SettingId"]):
        return answer
    data = data_of(answer, {})
    changed = {"SettingId": write["SettingId"], "SettingValue": write["SettingValue"]}
    return Known({**data, "ServiceSetting": {**data.get("ServiceSetting", {}), **changed}})


EFFECTS: Effects = {
    "CreateDocument": _create_document,
    "UpdateDocument": _update_document,
    "UpdateDocumentDefaultVersion": _default_version,
    "UpdateServiceSetting": _service_setting,
}
