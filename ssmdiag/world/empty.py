"""An account in which nothing was ever made: the door of whoever plans without credentials.

What AWS itself puts into every account is there. Sources: AWS Managed Policy Reference,
"AmazonSSMManagedInstanceCore"; IAM, KMS, CloudWatch Logs, S3 and Systems Manager API References
(which error says that something is absent).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from ssmdiag.iam.arn import partition_of
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Known, Unreachable

CORE = "AmazonSSMManagedInstanceCore"
CORE_DOCUMENT: dict[str, Any] = {
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


# Nobody knows what policies they have; none is what a plan may rely on.
_OF_PEOPLE: dict[str, Callable[[str], dict[str, Any]]] = {
    "GetRole": lambda arn: {"Role": {"Arn": arn}},
    "GetUser": lambda arn: {"User": {"Arn": arn}},
    "ListRolePolicies": lambda _: {"PolicyNames": []},
    "ListAttachedRolePolicies": lambda _: {"AttachedPolicies": []},
}


def door(account: str, region: str, people: Iterable[str] = ()) -> Door:
    """The door of an empty account. Whoever sees it is its administrator.

    ``people`` are there all the same: ARNs of roles and users, or names of roles.
    """
    partition = partition_of(region)
    core = f"arn:{partition}:iam::aws:policy/{CORE}"
    known: dict[tuple[str, str], Any] = {
        ("sts", "GetCallerIdentity"): {
            "Account": account,
            "Arn": f"arn:{partition}:iam::{account}:root",
        },
    }

    named = {name.rsplit("/", 1)[-1]: name for name in people}

    def ask(question: Call) -> Answer:
        operation, asked = question.operation, question.parameters
        person = named.get(str(asked.get("RoleName") or asked.get("UserName")))
        if person and operation in _OF_PEOPLE:
            is_arn = person.startswith("arn:")
            arn = person if is_arn else f"arn:{partition}:iam::{account}:role/{person}"
            return Known(_OF_PEOPLE[operation](arn))
        if (question.service, operation) in known:
            return Known(known[question.service, operation])
        if operation in _LISTS:
            return Known({_LISTS[operation]: []})
        if question.parameters.get("PolicyArn") == core and operation == "GetPolicy":
            return Known({"Policy": {"Arn": core, "DefaultVersionId": "v2"}})
        if question.parameters.get("PolicyArn") == core and operation == "GetPolicyVersion":
            return Known({"PolicyVersion": {"Document": CORE_DOCUMENT}})
        if question.service == "host":
            return Unreachable("no node was looked at")
        return Absent("the account is taken to be empty")

    return ask
