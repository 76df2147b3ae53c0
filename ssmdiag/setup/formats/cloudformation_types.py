"""What CloudFormation calls what the APIs of AWS call otherwise.

Source: CloudFormation Template Reference Guide, one page a resource type: properties, and what
``Ref`` and ``Fn::GetAtt`` give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Callable

from ssmdiag.setup.resources import Kind, Made
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Type:
    """A resource type: its name, and its properties by the parameters of the API."""

    name: str
    properties: Mapping[str, str]
    given: Mapping[str, Any] = field(default_factory=dict)
    """What no Call says."""
    kept: bool = False
    """It outlives its stack: logs would go with it."""


def _same(*names: str) -> Mapping[str, str]:
    return {name: name for name in names}


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def _capital(*names: str) -> Mapping[str, str]:
    return {name: _upper(name) for name in names}


TYPES: Mapping[Kind, Type] = {
    "instance-profile": Type(
        "AWS::IAM::InstanceProfile", _same("InstanceProfileName", "Path", "Roles")
    ),
    "role": Type(
        "AWS::IAM::Role",
        _same(
            *("RoleName", "Path", "Description", "MaxSessionDuration"),
            *("AssumeRolePolicyDocument", "ManagedPolicyArns", "PermissionsBoundary"),
        ),
    ),
    "role-policy": Type("AWS::IAM::RolePolicy", _same("RoleName", "PolicyName", "PolicyDocument")),
    "managed-policy": Type(
        "AWS::IAM::ManagedPolicy",
        {
            "PolicyName": "ManagedPolicyName",
            **_same("Path", "Description", "PolicyDocument", "Roles"),
        },
    ),
    "key": Type(
        "AWS::KMS::Key",
        {
            **_same("Description", "KeySpec", "KeyUsage", "MultiRegion", "EnableKeyRotation"),
            "Policy": "KeyPolicy",
        },
        kept=True,
    ),
    "alias": Type("AWS::KMS::Alias", _same("AliasName", "TargetKeyId")),
    "log-group": Type(
        "AWS::Logs::LogGroup",
        _capital("logGroupName", "logGroupClass", "kmsKeyId", "retentionInDays"),
        kept=True,
    ),
    "bucket": Type(
        "AWS::S3::Bucket",
        {
            "Bucket": "BucketName",
            "ServerSideEncryptionConfiguration": "BucketEncryption",
            **_same("PublicAccessBlockConfiguration"),
        },
        given={
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            }
        },
        kept=True,
    ),
    "bucket-policy": Type(
        "AWS::S3::BucketPolicy", {"Bucket": "Bucket", "Policy": "PolicyDocument"}
    ),
    "document": Type(
        "AWS::SSM::Document",
        _same("Name", "DocumentType", "DocumentFormat", "UpdateMethod", "Content"),
        # Otherwise a change of the content would take a new document, of another name.
        given={"UpdateMethod": "NewVersion"},
    ),
    "metric-filter": Type(
        "AWS::Logs::MetricFilter",
        _capital("filterName", "logGroupName", "filterPattern", "metricTransformations"),
    ),
    "alarm": Type(
        "AWS::CloudWatch::Alarm",
        _same(
            *("AlarmName", "AlarmDescription", "ActionsEnabled", "Namespace", "MetricName"),
            *("Dimensions", "Metrics", "Statistic", "ExtendedStatistic", "Unit", "Period"),
            *("EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold"),
            *("TreatMissingData", "AlarmActions", "OKActions", "InsufficientDataActions"),
        ),
    ),
    "subscription-filter": Type(
        "AWS::Logs::SubscriptionFilter",
        _capital(
            *("filterName", "logGroupName", "filterPattern"),
            *("destinationArn", "roleArn", "distribution"),
        ),
    ),
}
"""Properties in the order in which they are written."""

NAMING: Mapping[str, Kind] = {
    "RoleName": "role",
    "Roles": "role",
    "LogGroupName": "log-group",
    "Bucket": "bucket",
}
"""Properties that hold the name of another resource, which is what ``Ref`` gives for it."""

# A stack says its region by where it is; a key has one policy, and its own id nowhere.
_SILENT: Mapping[Kind, tuple[str, ...]] = {
    "bucket": ("CreateBucketConfiguration",),
    "key": ("KeyId", "PolicyName"),
}


def properties_of(made: Made) -> dict[str, Any]:
    """The properties of a resource. Raises ValueError for a parameter that has none."""
    type_, silent = TYPES[made.kind], _SILENT.get(made.kind, ())
    asked = {name: value for name, value in made.properties.items() if name not in silent}
    unknown = [name for name in asked if name not in type_.properties]
    if unknown:
        raise ValueError(f"it is not known how to tell CloudFormation of {', '.join(unknown)}")
    asked = {**type_.given, **asked}
    return {
        type_.properties.get(name, name): _SHAPED.get(name, lambda value: value)(asked[name])
        for name in sorted(asked, key=list(type_.properties).index)
    }


def _encryption(configuration: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"ApplyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault"}
    rules = [
        {renamed.get(name, name): value for name, value in rule.items()}
        for rule in configuration["Rules"]
    ]
    return {"ServerSideEncryptionConfiguration": rules}


def _transformations(transformations: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            _upper(name): [{"Key": k, "Value": v} for k, v in value.items()]
            if name == "dimensions"
            else value
            for name, value in each.items()
        }
        for each in transformations
    ]


_SHAPED: Mapping[str, Callable[[Any], Any]] = {
    "ServerSideEncryptionConfiguration": _encryption,
    "metricTransformations": _transformations,
}
