"""A stand-in for Terraform with its AWS provider, whose own code no test can download.

It is not the provider. It does with boto3 what the provider's documentation says of each resource
type: makes it, or, after an import, changes every argument that differs - also those that are left
out, which then take their defaults, unless the provider computes them or ``ignore_changes`` names
them. What would have to be replaced, and what the documentation does not know, fails. Waiting,
retrying, plans and state files are left out, and of every type what no plan ever says.

Source: documentation of the provider hashicorp/aws, "Argument Reference" of each type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, Callable, Optional

import boto3

from tests import terraform_resources as aws
from tests.terraform_language import evaluated, parsed, references
from tests.terraform_resources import Arguments, Client

_META = ("depends_on", "lifecycle")

REQUIRED = object()
COMPUTED = object()
"""An argument that stays as it is where it is left out."""


def apply(text: str, region: str) -> None:
    """Do what the configuration says, in the account that the environment leads to."""
    configuration = parsed(text)

    def client(service: str) -> Any:
        return boto3.client(service, region_name=region)

    graph = {address: set(references(b)) for address, b in configuration.resources.items()}
    state: dict[str, Arguments] = {}
    for address in TopologicalSorter(graph).static_order():
        body = configuration.resources[address]
        kind = _TYPES[address.split(".")[0]]
        given = {n: evaluated(v, state) for n, v in body.items() if n not in _META}
        assert not set(given) - set(kind.arguments), f"{address} has no such argument"
        if address in configuration.imports:
            ignored = body.get("lifecycle", [{}])[0].get("ignore_changes", [])
            state[address] = kind.adopt(client, configuration.imports[address], given, ignored)
        else:
            state[address] = kind.create(client, given)
    assert not set(configuration.imports) - set(state)


@dataclass(frozen=True)
class _Type:
    arguments: Mapping[str, Any]
    """What each is where it is left out."""
    make: Callable[[Client, Arguments], Arguments]
    fixed: tuple[str, ...] = ()
    """Arguments that can only be changed by a replacement."""
    read: Optional[Callable[[Client, str], Arguments]] = None
    change: Mapping[str, Callable[[Client, str, Any], None]] = field(default_factory=dict)

    def create(self, client: Client, given: Arguments) -> Arguments:
        lacking = [n for n, d in self.arguments.items() if d is REQUIRED and n not in given]
        assert not lacking, lacking
        defaults = {n: d for n, d in self.arguments.items() if d not in (REQUIRED, COMPUTED)}
        whole = {**defaults, **given}
        return {**whole, **self.make(client, whole)}

    def adopt(self, client: Client, id_: str, given: Arguments, ignored: list[str]) -> Arguments:
        assert self.read is not None
        now = self.read(client, id_)
        for name, default in self.arguments.items():
            kept = name in ignored or (name not in given and default is COMPUTED)
            wanted = now.get(name) if kept else given.get(name, default)
            if _differs(wanted, now.get(name)):
                assert name not in self.fixed, f"{id_} would be replaced: {name}"
                self.change[name](client, id_, wanted)
        return {**now, **given, "id": id_}


def _differs(wanted: Any, now: Any) -> bool:
    try:
        return bool(json.loads(wanted) != json.loads(now))
    except (TypeError, ValueError):
        return bool(wanted != now)


def _nothing(client: Client, id_: str, value: Any) -> None:
    """Only Terraform's own state holds such an argument."""


_TYPES: Mapping[str, _Type] = {
    "aws_iam_instance_profile": _Type(
        {"name": REQUIRED, "path": "/", "role": None, "tags": {}},
        aws.make_profile,
        ("name", "path"),
        aws.read_profile,
        {"role": aws.put_into_profile},
    ),
    "aws_iam_role": _Type(
        {"name": REQUIRED, "path": "/", "description": "", "assume_role_policy": REQUIRED},
        aws.make_role,
    ),
    "aws_iam_role_policy_attachment": _Type(
        {"role": REQUIRED, "policy_arn": REQUIRED}, aws.make_attachment
    ),
    "aws_iam_role_policy": _Type(
        {"name": REQUIRED, "role": REQUIRED, "policy": REQUIRED},
        aws.make_role_policy,
        ("name", "role"),
        aws.read_role_policy,
        {"policy": aws.put_role_policy},
    ),
    "aws_iam_policy": _Type({"name": REQUIRED, "policy": REQUIRED}, aws.make_policy),
    "aws_kms_key": _Type(
        {
            "description": COMPUTED,
            "policy": COMPUTED,
            "multi_region": COMPUTED,
            "enable_key_rotation": False,
            "is_enabled": True,
            "key_usage": "ENCRYPT_DECRYPT",
            "customer_master_key_spec": "SYMMETRIC_DEFAULT",
            "custom_key_store_id": None,
            "tags": {},
        },
        aws.make_key,
        ("key_usage", "customer_master_key_spec", "custom_key_store_id", "multi_region"),
        aws.read_key,
        {"enable_key_rotation": aws.rotate},
    ),
    "aws_kms_key_policy": _Type(
        {"key_id": REQUIRED, "policy": REQUIRED},
        aws.make_key_policy,
        ("key_id",),
        aws.read_key_policy,
        {"policy": aws.put_key_policy},
    ),
    "aws_kms_alias": _Type({"name": REQUIRED, "target_key_id": REQUIRED}, aws.make_alias),
    "aws_cloudwatch_log_group": _Type(
        {
            "name": REQUIRED,
            "kms_key_id": None,
            "retention_in_days": 0,
            "skip_destroy": False,
            "tags": {},
        },
        aws.make_group,
        ("name",),
        aws.read_group,
        {"kms_key_id": aws.encrypt, "retention_in_days": aws.retain, "skip_destroy": _nothing},
    ),
    "aws_cloudwatch_log_metric_filter": _Type(
        {
            "name": REQUIRED,
            "pattern": REQUIRED,
            "log_group_name": REQUIRED,
            "metric_transformation": REQUIRED,
        },
        aws.make_metric_filter,
    ),
    "aws_cloudwatch_metric_alarm": _Type(
        {
            "alarm_name": REQUIRED,
            "comparison_operator": REQUIRED,
            "evaluation_periods": REQUIRED,
            "threshold": None,
            "alarm_description": None,
            "actions_enabled": True,
            "namespace": None,
            "metric_name": None,
            "dimensions": None,
            "statistic": None,
            "extended_statistic": None,
            "unit": None,
            "period": None,
            "datapoints_to_alarm": None,
            "treat_missing_data": "missing",
            "alarm_actions": None,
            "ok_actions": None,
            "insufficient_data_actions": None,
        },
        aws.make_alarm,
    ),
    "aws_cloudwatch_log_subscription_filter": _Type(
        {
            "name": REQUIRED,
            "log_group_name": REQUIRED,
            "filter_pattern": REQUIRED,
            "destination_arn": REQUIRED,
            "role_arn": None,
            "distribution": COMPUTED,
        },
        aws.make_subscription,
    ),
    "aws_s3_bucket": _Type({"bucket": REQUIRED}, aws.make_bucket),
    "aws_s3_bucket_server_side_encryption_configuration": _Type(
        {"bucket": REQUIRED, "rule": REQUIRED}, aws.make_encryption
    ),
    "aws_s3_bucket_public_access_block": _Type(
        {
            "bucket": REQUIRED,
            "block_public_acls": False,
            "ignore_public_acls": False,
            "block_public_policy": False,
            "restrict_public_buckets": False,
        },
        aws.make_block,
    ),
    "aws_s3_bucket_policy": _Type(
        {"bucket": REQUIRED, "policy": REQUIRED},
        aws.make_bucket_policy,
        ("bucket",),
        aws.read_bucket_policy,
        {"policy": aws.put_bucket_policy},
    ),
    "aws_ssm_document": _Type(
        {
            "name": REQUIRED,
            "content": REQUIRED,
            "document_type": REQUIRED,
            "document_format": "JSON",
            "target_type": None,
            "version_name": None,
            "tags": {},
            "permissions": None,
        },
        aws.make_document,
        ("name",),
        aws.read_document,
        {"content": aws.update_document, "version_name": _nothing},
    ),
}
