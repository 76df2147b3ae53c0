"""A world as it would be after some write Calls: the door that proves a Change on paper.

Each writing operation has one effect: a function that rewrites the Answers of the reading Calls
which would see the change. What an operation does is taken from the AWS API Reference of its
service. A writing operation without an effect here cannot be proved, and ``Overlay`` says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Callable

from ssmdiag.world.call import Absent, Answer, Ask, Call, Known, call

Effect = Callable[[dict[str, Any], Call, Answer], Answer]


class Overlay:
    """An ``Ask`` that sees ``writes`` as done on top of the world behind ``below``."""

    def __init__(self, below: Ask, writes: Sequence[Call]) -> None:
        self._below = below
        self._effects = [
            (_EFFECTS[w.service, w.operation], _resolved(writes, i, below))
            for i, w in enumerate(writes)
        ]

    def __call__(self, question: Call, /) -> Answer:
        answer = self._below(question)
        for effect, parameters in self._effects:
            answer = effect(parameters, question, answer)
        return answer

    def all(self, questions: Sequence[Call], /) -> list[Answer]:
        return [self(question) for question in questions]


def can_overlay(writes: Sequence[Call]) -> bool:
    """True if the effect of every one of these write Calls is known."""
    return all((w.service, w.operation) in _EFFECTS for w in writes)


def _resolved(writes: Sequence[Call], position: int, below: Ask) -> dict[str, Any]:
    """The parameters of one write, with the document text that a new default version brings."""
    write = writes[position]
    parameters = write.parameters
    if write.operation == "UpdateDocumentDefaultVersion":
        version = parameters["DocumentVersion"]
        if isinstance(version, dict):
            parameters["Content"] = writes[position - 1].parameters["Content"]
        else:
            parameters["Content"] = _content(below, parameters["Name"], version)
    return parameters


def _content(below: Ask, name: str, version: str) -> str:
    """A version's text; the newest one, which was surely read already, is tried first."""
    for wanted in ("$LATEST", version):
        answer = below(call("ssm", "GetDocument", Name=name, DocumentVersion=wanted))
        if isinstance(answer, Known) and str(answer.data.get("DocumentVersion")) == version:
            return str(answer.data["Content"])
    return "{}"


def _is(question: Call, service: str, operation: str, **parameters: Any) -> bool:
    if (question.service, question.operation) != (service, operation):
        return False
    asked = question.parameters
    return all(asked.get(name) == value for name, value in parameters.items())


def _data(answer: Answer, otherwise: dict[str, Any]) -> dict[str, Any]:
    known = answer.data if isinstance(answer, Known) else otherwise
    copy: dict[str, Any] = json.loads(json.dumps(known))
    return copy


def _put_role_policy(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    role, name = write["RoleName"], write["PolicyName"]
    if _is(question, "iam", "ListRolePolicies", RoleName=role):
        data = _data(answer, {"PolicyNames": []})
        if name not in data["PolicyNames"]:
            data["PolicyNames"].append(name)
        return Known(data)
    if _is(question, "iam", "GetRolePolicy", RoleName=role, PolicyName=name):
        document = json.loads(write["PolicyDocument"])
        return Known({"RoleName": role, "PolicyName": name, "PolicyDocument": document})
    return answer


def _create_policy(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    # The account is not among the parameters, but a name is unique in it.
    arn = str(question.parameters.get("PolicyArn", ""))
    if arn.rsplit(":policy/", 1)[-1] != write["PolicyName"]:
        return answer
    return _policy_version({**write, "PolicyArn": arn}, question, answer)


def _policy_version(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    """The one that is made becomes the default. Its number is not known before."""
    arn, version = write["PolicyArn"], "(new)"
    if _is(question, "iam", "GetPolicy", PolicyArn=arn):
        data = _data(answer, {"Policy": {"Arn": arn}})
        data["Policy"]["DefaultVersionId"] = version
        return Known(data)
    if _is(question, "iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version):
        return Known({"PolicyVersion": {"Document": json.loads(write["PolicyDocument"])}})
    return answer


def _attach_role_policy(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    if not _is(question, "iam", "ListAttachedRolePolicies", RoleName=write["RoleName"]):
        return answer
    data = _data(answer, {"AttachedPolicies": []})
    arn = write["PolicyArn"]
    if arn not in [policy["PolicyArn"] for policy in data["AttachedPolicies"]]:
        data["AttachedPolicies"].append({"PolicyArn": arn, "PolicyName": arn.rsplit("/", 1)[-1]})
    return Known(data)


def _put_bucket_policy(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    if _is(question, "s3", "GetBucketPolicy", Bucket=write["Bucket"]):
        return Known({"Policy": write["Policy"]})
    return answer


def _update_trust(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    asked = _is(question, "iam", "GetRole", RoleName=write["RoleName"])
    if not asked or not isinstance(answer, Known):
        return answer
    data = _data(answer, {})
    data["Role"]["AssumeRolePolicyDocument"] = json.loads(write["PolicyDocument"])
    return Known(data)


def _put_key_policy(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    if _is(question, "kms", "GetKeyPolicy", KeyId=write["KeyId"]):
        return Known({"Policy": write["Policy"], "PolicyName": "default"})
    return answer


def _key_becomes(state: str) -> Effect:
    def effect(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
        if not (_is(question, "kms", "DescribeKey") and isinstance(answer, Known)):
            return answer
        data = _data(answer, {})
        if data["KeyMetadata"]["Arn"] == write["KeyId"]:
            data["KeyMetadata"]["KeyState"] = state
        return Known(data)

    return effect


def _create_log_group(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    name = write["logGroupName"]
    prefix = question.parameters.get("logGroupNamePrefix", "")
    if not _is(question, "logs", "DescribeLogGroups") or not name.startswith(prefix):
        return answer
    data = _data(answer, {"logGroups": []})
    data["logGroups"].append({"logGroupName": name, "kmsKeyId": write.get("kmsKeyId")})
    return Known(data)


def _associate_kms_key(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    if not (_is(question, "logs", "DescribeLogGroups") and isinstance(answer, Known)):
        return answer
    data = _data(answer, {})
    for group in data["logGroups"]:
        if group["logGroupName"] == write["logGroupName"]:
            group["kmsKeyId"] = write["kmsKeyId"]
    return Known(data)


def _document(write: dict[str, Any], question: Call, answer: Answer, versions: set[str]) -> Answer:
    if not _is(question, "ssm", "GetDocument", Name=write["Name"]):
        return answer
    if question.parameters.get("DocumentVersion", "$DEFAULT") not in versions:
        return answer
    return Known({**_data(answer, {"Name": write["Name"]}), "Content": write["Content"]})


def _create_document(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    return _document(write, question, answer, {"$DEFAULT", "$LATEST"})


def _update_document(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    return _document(write, question, answer, {"$LATEST"})


def _default_version(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    return _document(write, question, answer, {"$DEFAULT"})


def _create_bucket(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    bucket = write["Bucket"]
    place = write.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    if _is(question, "s3", "GetBucketLocation", Bucket=bucket):
        return Known({"LocationConstraint": place})
    if _is(question, "s3", "GetBucketEncryption", Bucket=bucket):
        # Every new bucket has SSE-S3 (Amazon S3 User Guide, "default bucket encryption").
        return Known(
            _encryption([{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}])
        )
    if _is(question, "s3", "GetBucketPolicy", Bucket=bucket):
        return Absent("a new bucket has no policy")
    return answer


def _put_bucket_encryption(write: dict[str, Any], question: Call, answer: Answer) -> Answer:
    if _is(question, "s3", "GetBucketEncryption", Bucket=write["Bucket"]):
        return Known(_encryption(write["ServerSideEncryptionConfiguration"]["Rules"]))
    return answer


def _encryption(rules: list[Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


_EFFECTS: dict[tuple[str, str], Effect] = {
    ("iam", "PutRolePolicy"): _put_role_policy,
    ("iam", "CreatePolicy"): _create_policy,
    ("iam", "CreatePolicyVersion"): _policy_version,
    ("iam", "AttachRolePolicy"): _attach_role_policy,
    ("iam", "UpdateAssumeRolePolicy"): _update_trust,
    ("kms", "PutKeyPolicy"): _put_key_policy,
    ("kms", "EnableKey"): _key_becomes("Enabled"),
    ("kms", "CancelKeyDeletion"): _key_becomes("Disabled"),
    ("logs", "CreateLogGroup"): _create_log_group,
    ("logs", "AssociateKmsKey"): _associate_kms_key,
    ("ssm", "CreateDocument"): _create_document,
    ("ssm", "UpdateDocument"): _update_document,
    ("ssm", "UpdateDocumentDefaultVersion"): _default_version,
    ("s3", "CreateBucket"): _create_bucket,
    ("s3", "PutBucketPolicy"): _put_bucket_policy,
    ("s3", "PutBucketEncryption"): _put_bucket_encryption,
}
