"""Keys, their aliases, policies and rotation (AWS KMS API Reference)."""

from __future__ import annotations

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effect, Effects, Parameters, concerns, data_of


def _put_key_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    if concerns(question, "kms", "GetKeyPolicy", KeyId=write["KeyId"]):
        return Known({"Policy": write["Policy"], "PolicyName": "default"})
    return answer


def _key_becomes(state: str) -> Effect:
    def effect(write: Parameters, question: Call, answer: Answer) -> Answer:
        if not (concerns(question, "kms", "DescribeKey") and isinstance(answer, Known)):
            return answer
        data = data_of(answer, {})
        if data["KeyMetadata"]["Arn"] == write["KeyId"]:
            data["KeyMetadata"]["KeyState"] = state
        return Known(data)

    return effect


# What DescribeKey shows of a new key that nothing special was asked for.
_NEW = {
    "KeyState": "Enabled",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeyManager": "CUSTOMER",
    "MultiRegion": False,
}


def _create_key(write: Parameters, question: Call, answer: Answer) -> Answer:
    arn = write["Arn"]
    if question.service != "kms" or question.parameters.get("KeyId") != arn:
        return answer
    if question.operation == "DescribeKey":
        return Known({"KeyMetadata": {"Arn": arn, "KeyId": arn.rsplit("/", 1)[-1], **_NEW}})
    if question.operation == "GetKeyPolicy":
        return Known({"Policy": write["Policy"], "PolicyName": "default"})
    if question.operation == "GetKeyRotationStatus":
        return Known({"KeyRotationEnabled": False})
    if question.operation in ("ListAliases", "ListGrants"):
        return Known({question.operation.removeprefix("List"): []})
    return answer


def _create_alias(write: Parameters, question: Call, answer: Answer) -> Answer:
    name, target = write["AliasName"], write["TargetKeyId"]
    asked = str(question.parameters.get("KeyId", "")).rsplit(":", 1)[-1]
    if concerns(question, "kms", "DescribeKey") and asked == name:
        new = {"KeyMetadata": {"Arn": target, "KeyId": target.rsplit("/", 1)[-1], **_NEW}}
        return Known(write.get("Target") or new)
    if concerns(question, "kms", "ListAliases", KeyId=target):
        data = data_of(answer, {"Aliases": []})
        data["Aliases"].append({"AliasName": name})
        return Known(data)
    return answer


def _enable_rotation(write: Parameters, question: Call, answer: Answer) -> Answer:
    if concerns(question, "kms", "GetKeyRotationStatus", KeyId=write["KeyId"]):
        return Known({**data_of(answer, {}), "KeyRotationEnabled": True})
    return answer


EFFECTS: Effects = {
    "CreateKey": _create_key,
    "CreateAlias": _create_alias,
    "EnableKeyRotation": _enable_rotation,
    "PutKeyPolicy": _put_key_policy,
    "EnableKey": _key_becomes("Enabled"),
    "CancelKeyDeletion": _key_becomes("Disabled"),
}
