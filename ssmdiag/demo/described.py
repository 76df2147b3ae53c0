"""A described account as a door: the world of a scenario file, answered as AWS would answer.

A scenario is a JSON merge patch (RFC 7396) on a baseline world. What the diagnostic credentials may
not do is refused, in AWS's words and by our own evaluator; a foreign account's key answers only if
its policy admits us. What the description does not hold cannot be known and is ``Unreachable``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ssmdiag.demo import described_node, described_vpc
from ssmdiag.iam.arn import parse_arn
from ssmdiag.model import Denial
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable

World = Mapping[str, Any]


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396): null deletes, arrays replace."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def door(world: World) -> Door:
    """The door over one described world."""

    def ask(question: Call) -> Answer:
        answer = _OPERATIONS.get((question.service, question.operation))
        if answer is None:
            return Unreachable(f"the description does not hold {question}")
        described = _Described(world, question.region or str(world["region"]))
        refusal = described.refusal(question)
        return refusal or answer(described, question.parameters)

    return ask


@dataclass(frozen=True)
class _Described:
    """A world as it answers in one of its regions."""

    world: World
    region: str

    @property
    def account(self) -> str:
        return str(self.world["account"])

    @property
    def partition(self) -> str:
        return str(self.world.get("partition", "aws"))

    @property
    def caller(self) -> str:
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/Diagnostics/ssmdiag"

    def refusal(self, question: Call) -> Optional[Answer]:
        action = _ACTIONS.get((question.service, question.operation))
        action = action or f"{question.service}:{question.operation}"
        if question.service == "host":
            return None
        credentials = self.world.get("diagnostic_credentials")
        if not credentials:
            return Unreachable("Unable to locate credentials")
        if question.service == "sts":
            return None
        own = Policy("diagnostic credentials", "identity", credentials["policy"])
        # Who may look at a key is described by these credentials alone, not by the key's policy.
        root = {"AWS": f"arn:{self.partition}:iam::{self.account}:root"}
        delegation = {"Effect": "Allow", "Principal": root, "Action": "*", "Resource": "*"}
        key_policy = Policy("any key policy", "resource", {"Statement": [delegation]})
        request = Request(action, self._resource(question), self.caller, complete=True)
        decision = evaluate(request, Policies(identity=(own,), resource=(key_policy,)))
        return None if decision.outcome == "allowed" else self.denied(action)

    def _resource(self, question: Call) -> str:
        """What AWS checks the question against, as far as statements usually tell it apart."""
        given, iam = question.parameters, f"arn:{self.partition}:iam::{self.account}"
        if question.service == "iam":
            return str(given.get("PolicyArn") or f"{iam}:role/{given.get('RoleName')}")
        if question.service == "s3":
            return f"arn:{self.partition}:s3:::{given.get('Bucket', '*')}"
        if question.service == "kms":
            found = self.key(str(given.get("KeyId", "")))
            return found[0] if found else "*"
        return "*"

    def denied(self, action: str) -> Denied:
        message = (
            f"User: {self.caller} is not authorized to perform: {action} because no "
            f"identity-based policy allows the {action} action"
        )
        return Denied(Denial(message, action, self.caller, None, False, "identity"))

    def role(self, name: str) -> Optional[Mapping[str, Any]]:
        role = self.world.get("roles", {}).get(name)
        if role is not None:
            return dict(role)
        user = self.world.get("user", {})
        if f":assumed-role/{name}/" in str(user.get("arn", "")) and user.get("policy"):
            return {"inline": {"Permissions": user["policy"]}, "attached": {}}
        return None

    def key(self, written: str) -> Optional[tuple[str, Mapping[str, Any]]]:
        here = f"arn:{self.partition}:kms:{self.region}:{self.account}"
        for arn, key in self.world.get("keys", {}).items():
            base, _, name = arn.partition(":key/")
            names = {arn, *(f"{base}:{alias}" for alias in key.get("Aliases", []))}
            if base == here:
                names |= {name, *key.get("Aliases", [])}
            if written in names:
                return arn, key
        return None


def _absent(code: str, message: str) -> Absent:
    return Absent(f"An error occurred ({code}): {message}")


def _caller_identity(d: _Described, _: Mapping[str, Any]) -> Answer:
    return Known({"Account": d.account, "Arn": d.caller})


# --- IAM ----------------------------------------------------------------------------------------


def _for_role(
    part: Callable[[_Described, Mapping[str, Any], Mapping[str, Any]], Answer],
) -> Callable[[_Described, Mapping[str, Any]], Answer]:
    def operation(d: _Described, parameters: Mapping[str, Any]) -> Answer:
        role = d.role(parameters["RoleName"])
        if role is None:
            return _absent("NoSuchEntity", f"no role {parameters['RoleName']}")
        return part(d, role, parameters)

    return operation


def _get_role(d: _Described, role: Mapping[str, Any], parameters: Mapping[str, Any]) -> Answer:
    identity, name = d.world["identity"], parameters["RoleName"]
    arn = f"arn:{d.partition}:iam::{d.account}:role/{name}"
    if identity.get("role_name") == name and identity.get("role_arn"):
        arn = identity["role_arn"]
    data: dict[str, Any] = {"RoleName": name, "Arn": arn}
    if role.get("trust"):
        data["AssumeRolePolicyDocument"] = role["trust"]
    boundary = role.get("boundary")
    if boundary:
        data["PermissionsBoundary"] = {"PermissionsBoundaryArn": _boundary_arn(d, name)}
    return Known({"Role": data})


def _boundary_arn(d: _Described, role: str) -> str:
    return f"arn:{d.partition}:iam::{d.account}:policy/boundary-of-{role}"


def _attached(_: _Described, role: Mapping[str, Any], __: Mapping[str, Any]) -> Answer:
    arns = list(role.get("attached", {}))
    return Known(
        {
            "AttachedPolicies": [
                {"PolicyArn": arn, "PolicyName": arn.rsplit("/", 1)[-1]} for arn in arns
            ]
        }
    )


def _inline(_: _Described, role: Mapping[str, Any], __: Mapping[str, Any]) -> Answer:
    return Known({"PolicyNames": list(role.get("inline", {}))})


def _inline_document(_: _Described, role: Mapping[str, Any], p: Mapping[str, Any]) -> Answer:
    document = role.get("inline", {}).get(p["PolicyName"])
    if document is None:
        return _absent("NoSuchEntity", p["PolicyName"])
    return Known({"PolicyName": p["PolicyName"], "PolicyDocument": document})


def _managed(d: _Described, arn: str) -> Optional[Any]:
    for name, role in d.world.get("roles", {}).items():
        if arn in role.get("attached", {}):
            return role["attached"][arn]
        boundary = role.get("boundary")
        if boundary and arn == _boundary_arn(d, name):
            return boundary if "Statement" in boundary else boundary.get("policy")
    return None


def _get_policy(d: _Described, parameters: Mapping[str, Any]) -> Answer:
    if _managed(d, parameters["PolicyArn"]) is None:
        return _absent("NoSuchEntity", parameters["PolicyArn"])
    return Known({"Policy": {"Arn": parameters["PolicyArn"], "DefaultVersionId": "v1"}})


def _policy_version(d: _Described, parameters: Mapping[str, Any]) -> Answer:
    document = _managed(d, parameters["PolicyArn"])
    return Known({"PolicyVersion": {"Document": document, "VersionId": "v1"}})


# --- KMS ----------------------------------------------------------------------------------------


def _foreign_refusal(d: _Described, arn: str, key: Mapping[str, Any], action: str) -> bool:
    parsed = parse_arn(arn)
    if parsed is None or parsed.account == d.account:
        return False
    if action == "kms:GetKeyPolicy":
        return True
    request = Request(action, arn, d.caller, resource_account=parsed.account, complete=True)
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    policies = Policies(
        identity=(Policy("all", "identity", everything),),
        resource=(Policy("key policy", "resource", key["Policy"]),),
    )
    return evaluate(request, policies).outcome != "allowed"


def _with_key(
    action: str, part: Callable[[str, Mapping[str, Any]], Answer]
) -> Callable[[_Described, Mapping[str, Any]], Answer]:
    def operation(d: _Described, parameters: Mapping[str, Any]) -> Answer:
        written = parameters["KeyId"]
        arn = parse_arn(written)
        found = d.key(written)
        if found is None or (arn and arn.region and arn.region != d.region):
            word = "Alias" if "alias/" in written else "Key"
            return _absent("NotFoundException", f"{word} '{written}' does not exist")
        if _foreign_refusal(d, *found, action):
            return d.denied(action)
        return part(*found)

    return operation


def _describe_key(arn: str, key: Mapping[str, Any]) -> Answer:
    names = ("KeyState", "KeySpec", "KeyUsage", "KeyManager", "MultiRegion")
    data = {name: key[name] for name in names if name in key}
    return Known({"KeyMetadata": {"Arn": arn, "KeyId": arn.rsplit("/", 1)[-1], **data}})


def _get_key_policy(_: str, key: Mapping[str, Any]) -> Answer:
    return Known({"Policy": json.dumps(key["Policy"]), "PolicyName": "default"})


def _list_grants(_: str, key: Mapping[str, Any]) -> Answer:
    return Known({"Grants": list(key.get("Grants", []))})


def _list_aliases(d: _Described, parameters: Mapping[str, Any]) -> Answer:
    found = d.key(parameters.get("KeyId", ""))
    names = found[1].get("Aliases", []) if found else []
    return Known({"Aliases": [{"AliasName": name} for name in names]})


# --- CloudWatch Logs, Systems Manager, S3 -------------------------------------------------------


def _log_groups(d: _Described, parameters: Mapping[str, Any]) -> Answer:
    groups = d.world.get("log_groups", {}).get(d.region, {})
    prefix = parameters.get("logGroupNamePrefix", "")
    return Known(
        {
            "logGroups": [
                {"logGroupName": name, **group}
                for name, group in groups.items()
                if name.startswith(prefix)
            ]
        }
    )


def _get_document(d: _Described, parameters: Mapping[str, Any]) -> Answer:
    preferences, name = d.world["preferences"], parameters["Name"]
    version = parameters.get("DocumentVersion", "$DEFAULT")
    if d.region != d.world["region"]:
        return _absent("InvalidDocument", f"document {name} does not exist")
    other = d.world.get("other_documents", {}).get(name)
    if other is not None:
        return Known({"Name": name, "Content": json.dumps(other), "DocumentVersion": "1"})
    if name != preferences["document"] or not preferences.get("exists", True):
        return _absent("InvalidDocument", f"document {name} does not exist")
    content, number = preferences["content"], preferences.get("default_version", "1")
    latest = preferences.get("latest_version", "1")
    if version in ("$LATEST", latest):
        content, number = preferences.get("latest_content", content), latest
    return Known({"Name": name, "Content": json.dumps(content), "DocumentVersion": number})


def _sessions(d: _Described, _: Mapping[str, Any]) -> Answer:
    session = d.world.get("session", {})
    name = session.get("document")
    if not name:
        return Known({"Sessions": []})
    owner = d.world.get("user", {}).get("arn")
    return Known({"Sessions": [{"DocumentName": name, "Owner": owner}]})


def _buckets(d: _Described, _: Mapping[str, Any]) -> Answer:
    names = [n for n, bucket in d.world.get("buckets", {}).items() if _owned(d, bucket)]
    return Known({"Buckets": [{"Name": name} for name in names]})


def _with_bucket(
    part: Callable[[_Described, str, Mapping[str, Any]], Answer],
) -> Callable[[_Described, Mapping[str, Any]], Answer]:
    def operation(d: _Described, parameters: Mapping[str, Any]) -> Answer:
        name = parameters["Bucket"]
        bucket = d.world.get("buckets", {}).get(name)
        if bucket is None:
            return _absent("NoSuchBucket", "the specified bucket does not exist")
        return part(d, name, bucket)

    return operation


def _owned(d: _Described, bucket: Mapping[str, Any]) -> bool:
    return str(bucket.get("account", d.account)) == d.account


def _bucket_location(d: _Described, _: str, bucket: Mapping[str, Any]) -> Answer:
    if not _owned(d, bucket):
        return d.denied("s3:GetBucketLocation")
    region = bucket.get("region", d.region)
    return Known({"LocationConstraint": None if region == "us-east-1" else region})


def _bucket_encryption(d: _Described, _: str, bucket: Mapping[str, Any]) -> Answer:
    if not _owned(d, bucket):
        return d.denied("s3:GetEncryptionConfiguration")
    rule = {k: v for k, v in (bucket.get("default_encryption") or {}).items() if v}
    rules = [{"ApplyServerSideEncryptionByDefault": rule or {"SSEAlgorithm": "AES256"}}]
    return Known({"ServerSideEncryptionConfiguration": {"Rules": rules}})


def _bucket_policy(d: _Described, _: str, bucket: Mapping[str, Any]) -> Answer:
    if not _owned(d, bucket):
        return d.denied("s3:GetBucketPolicy")
    if not bucket.get("policy"):
        return _absent("NoSuchBucketPolicy", "the bucket policy does not exist")
    return Known({"Policy": json.dumps(bucket["policy"])})


_ACTIONS = {
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
}


def _of_world(
    operation: Callable[[World, Mapping[str, Any]], Answer],
) -> Callable[[_Described, Mapping[str, Any]], Answer]:
    return lambda d, parameters: operation(d.world, parameters)


_ELSEWHERE = {**described_node.OPERATIONS, **described_vpc.OPERATIONS}
_OPERATIONS: dict[tuple[str, str], Callable[[_Described, Mapping[str, Any]], Answer]] = {
    **{name: _of_world(operation) for name, operation in _ELSEWHERE.items()},
    ("sts", "GetCallerIdentity"): _caller_identity,
    ("ssm", "GetDocument"): _get_document,
    ("ssm", "DescribeSessions"): _sessions,
    ("iam", "GetRole"): _for_role(_get_role),
    ("iam", "ListAttachedRolePolicies"): _for_role(_attached),
    ("iam", "ListRolePolicies"): _for_role(_inline),
    ("iam", "GetRolePolicy"): _for_role(_inline_document),
    ("iam", "GetPolicy"): _get_policy,
    ("iam", "GetPolicyVersion"): _policy_version,
    ("kms", "DescribeKey"): _with_key("kms:DescribeKey", _describe_key),
    ("kms", "GetKeyPolicy"): _with_key("kms:GetKeyPolicy", _get_key_policy),
    ("kms", "ListGrants"): _with_key("kms:ListGrants", _list_grants),
    ("kms", "ListAliases"): _list_aliases,
    ("logs", "DescribeLogGroups"): _log_groups,
    ("s3", "ListBuckets"): _buckets,
    ("s3", "GetBucketLocation"): _with_bucket(_bucket_location),
    ("s3", "GetBucketEncryption"): _with_bucket(_bucket_encryption),
    ("s3", "GetBucketPolicy"): _with_bucket(_bucket_policy),
}
