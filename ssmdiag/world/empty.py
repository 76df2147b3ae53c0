"""An account in which nothing was ever made: the door of whoever plans without credentials.

What AWS itself puts into every account is there. Sources: AWS Managed Policy Reference,
"AmazonSSMManagedInstanceCore"; IAM, KMS, CloudWatch Logs, S3 and Systems Manager API References
(which error says that something is absent).
"""

from __future__ import annotations

from typing import Any

from ssmdiag.iam.arn import partition_of
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Known, Unreachable

_CORE = "AmazonSSMManagedInstanceCore"
_CORE_DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ssm:DescribeAssociation",
                "ssm:GetDeployablePatchSnapshotForInstance",
                "ssm:GetDocument",
                "ssm:DescribeDocument",
                "ssm:GetManifest",
                "ssm:GetParameter",
                "ssm:GetParameters",
                "ssm:ListAssociations",
                "ssm:ListInstanceAssociations",
                "ssm:PutInventory",
                "ssm:PutComplianceItems",
                "ssm:PutConfigurePackageResult",
                "ssm:UpdateAssociationStatus",
                "ssm:UpdateInstanceAssociationStatus",
                "ssm:UpdateInstanceInformation",
            ],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": [
                "ec2messages:AcknowledgeMessage",
                "ec2messages:DeleteMessage",
                "ec2messages:FailMessage",
                "ec2messages:GetEndpoint",
                "ec2messages:GetMessages",
                "ec2messages:SendReply",
            ],
            "Resource": "*",
        },
    ],
}

# What a list is called in the answer, by operation.
_LISTS = {
    "DescribeLogGroups": "logGroups",
    "DescribeMetricFilters": "metricFilters",
    "DescribeSubscriptionFilters": "subscriptionFilters",
    "DescribeAlarms": "MetricAlarms",
    "DescribeSessions": "Sessions",
    "ListBuckets": "Buckets",
    "ListAliases": "Aliases",
}


def door(account: str, region: str) -> Door:
    """The door of an empty account. Whoever sees it is its administrator."""
    partition = partition_of(region)
    core = f"arn:{partition}:iam::aws:policy/{_CORE}"
    known: dict[tuple[str, str], Any] = {
        ("sts", "GetCallerIdentity"): {
            "Account": account,
            "Arn": f"arn:{partition}:iam::{account}:root",
        },
    }

    def ask(question: Call) -> Answer:
        operation = question.operation
        if (question.service, operation) in known:
            return Known(known[question.service, operation])
        if operation in _LISTS:
            return Known({_LISTS[operation]: []})
        if question.parameters.get("PolicyArn") == core and operation == "GetPolicy":
            return Known({"Policy": {"Arn": core, "DefaultVersionId": "v2"}})
        if question.parameters.get("PolicyArn") == core and operation == "GetPolicyVersion":
            return Known({"PolicyVersion": {"Document": _CORE_DOCUMENT}})
        if question.service == "host":
            return Unreachable("no node was looked at")
        return Absent("the account is taken to be empty")

    return ask
