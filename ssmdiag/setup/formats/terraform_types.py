"""What Terraform's AWS provider calls what the APIs of AWS call otherwise, from version 5.0 on.

Source: documentation of the provider hashicorp/aws, one page a resource type: arguments, and what
becomes of those that are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from ssmdiag.setup.resources import Kind
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Named:
    """An argument that holds the name of a resource, which the plan may make or not."""

    argument: str
    type: str


@dataclass(frozen=True)
class Json:
    """An argument that holds JSON as text."""

    argument: str


@dataclass(frozen=True)
class Nested:
    """A block; one for each, where the API has a list."""

    block: str
    arguments: Arguments


Form = Union[str, Named, Json, Nested, Mapping[str, Any], None]
"""How a parameter is written. A name: the argument. A Mapping: its own parameters stand in its
place. None: it goes without saying."""

Arguments = Mapping[str, Form]
"""Forms by the names of the API's parameters, in the order in which the arguments are written."""

_BUCKET = Named("bucket", "aws_s3_bucket")

ARGUMENTS: Mapping[str, Arguments] = {
    "aws_iam_instance_profile": {
        "InstanceProfileName": "name",
        "RoleName": Named("role", "aws_iam_role"),
    },
    "aws_iam_role": {
        "RoleName": "name",
        "Path": "path",
        "Description": "description",
        "AssumeRolePolicyDocument": Json("assume_role_policy"),
    },
    "aws_iam_role_policy_attachment": {
        "RoleName": Named("role", "aws_iam_role"),
        "PolicyArn": "policy_arn",
    },
    "aws_iam_role_policy": {
        "PolicyName": "name",
        "RoleName": Named("role", "aws_iam_role"),
        "PolicyDocument": Json("policy"),
    },
    "aws_iam_policy": {
        "PolicyName": "name",
        "Description": "description",
        "PolicyDocument": Json("policy"),
    },
    "aws_kms_key": {
        "Description": "description",
        "EnableKeyRotation": "enable_key_rotation",
        "Policy": Json("policy"),
        "PolicyName": None,
        "KeyId": None,
    },
    "aws_kms_key_policy": {
        "KeyId": "key_id",
        "Policy": Json("policy"),
        "PolicyName": None,
    },
    "aws_kms_alias": {"AliasName": "name", "TargetKeyId": "target_key_id"},
    "aws_cloudwatch_log_group": {
        "logGroupName": "name",
        "kmsKeyId": "kms_key_id",
        "retentionInDays": "retention_in_days",
        "skip_destroy": "skip_destroy",
    },
    "aws_s3_bucket": {"Bucket": "bucket", "CreateBucketConfiguration": None},
    "aws_s3_bucket_server_side_encryption_configuration": {
        "Bucket": _BUCKET,
        "ServerSideEncryptionConfiguration": {
            "Rules": Nested(
                "rule",
                {
                    "BucketKeyEnabled": "bucket_key_enabled",
                    "ApplyServerSideEncryptionByDefault": Nested(
                        "apply_server_side_encryption_by_default",
                        {"SSEAlgorithm": "sse_algorithm", "KMSMasterKeyID": "kms_master_key_id"},
                    ),
                },
            )
        },
    },
    "aws_s3_bucket_public_access_block": {
        "Bucket": _BUCKET,
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": "block_public_acls",
            "IgnorePublicAcls": "ignore_public_acls",
            "BlockPublicPolicy": "block_public_policy",
            "RestrictPublicBuckets": "restrict_public_buckets",
        },
    },
    "aws_s3_bucket_policy": {"Bucket": _BUCKET, "Policy": Json("policy")},
    "aws_ssm_document": {
        "Name": "name",
        "DocumentType": "document_type",
        "DocumentFormat": "document_format",
        "DocumentVersion": None,
        "Content": Json("content"),
    },
    "aws_cloudwatch_log_metric_filter": {
        "filterName": "name",
        "logGroupName": Named("log_group_name", "aws_cloudwatch_log_group"),
        "filterPattern": "pattern",
        "metricTransformations": Nested(
            "metric_transformation",
            {
                "metricName": "name",
                "metricNamespace": "namespace",
                "metricValue": "value",
                "defaultValue": "default_value",
                "unit": "unit",
                "dimensions": "dimensions",
            },
        ),
    },
    "aws_cloudwatch_metric_alarm": {
        "AlarmName": "alarm_name",
        "AlarmDescription": "alarm_description",
        "ActionsEnabled": "actions_enabled",
        "Namespace": "namespace",
        "MetricName": "metric_name",
        "Dimensions": "dimensions",
        "Statistic": "statistic",
        "ExtendedStatistic": "extended_statistic",
        "Unit": "unit",
        "Period": "period",
        "EvaluationPeriods": "evaluation_periods",
        "DatapointsToAlarm": "datapoints_to_alarm",
        "ComparisonOperator": "comparison_operator",
        "Threshold": "threshold",
        "TreatMissingData": "treat_missing_data",
        "AlarmActions": "alarm_actions",
        "OKActions": "ok_actions",
        "InsufficientDataActions": "insufficient_data_actions",
    },
    "aws_cloudwatch_log_subscription_filter": {
        "filterName": "name",
        "logGroupName": Named("log_group_name", "aws_cloudwatch_log_group"),
        "filterPattern": "filter_pattern",
        "destinationArn": "destination_arn",
        "roleArn": "role_arn",
        "distribution": "distribution",
    },
}

TYPES: Mapping[Kind, str] = {
    "role-attachment": "aws_iam_role_policy_attachment",
    "role-policy": "aws_iam_role_policy",
    "managed-policy": "aws_iam_policy",
    "alias": "aws_kms_alias",
    "log-group": "aws_cloudwatch_log_group",
    "bucket-policy": "aws_s3_bucket_policy",
    "document": "aws_ssm_document",
    "metric-filter": "aws_cloudwatch_log_metric_filter",
    "subscription-filter": "aws_cloudwatch_log_subscription_filter",
}
"""The kinds of which one resource is one resource of Terraform, parameter by parameter."""

GIVEN: Mapping[str, Mapping[str, Any]] = {
    # What lies in a log group is worth more than the order of whoever takes it out of a file.
    "aws_cloudwatch_log_group": {"skip_destroy": True},
    "aws_ssm_document": {"DocumentType": "Session", "DocumentFormat": "JSON"},
}
"""What no Call says."""

NAME: Mapping[str, str] = {
    "aws_iam_role": "name",
    "aws_cloudwatch_log_group": "name",
    "aws_s3_bucket": "bucket",
}
"""The attribute by which others name one, so that Terraform knows what comes first."""

RESET: Mapping[str, tuple[str, ...]] = {
    "aws_iam_instance_profile": ("path", "tags"),
    "aws_kms_key": (
        *("custom_key_store_id", "customer_master_key_spec", "description", "is_enabled"),
        *("key_usage", "multi_region", "policy", "tags"),
    ),
    "aws_cloudwatch_log_group": ("kms_key_id", "retention_in_days", "tags"),
    "aws_ssm_document": ("permissions", "tags", "target_type"),
}
"""Arguments that would undo what an adopted resource has, where they are left out."""

GUARDED = ("aws_kms_key", "aws_cloudwatch_log_group")
"""What takes logs with it when it is destroyed."""

AFTER: Mapping[str, tuple[str, ...]] = {
    "aws_cloudwatch_log_group": ("aws_kms_key_policy",),
    "aws_cloudwatch_log_subscription_filter": (
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
    ),
    # Sessions notice nothing before all that the preferences name is there.
    "aws_ssm_document": tuple(ARGUMENTS),
}
"""What has to be complete before, though nothing of it is named."""
