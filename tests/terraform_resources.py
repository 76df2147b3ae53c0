"""What the AWS provider of Terraform does for each resource type, done with boto3.

``make_...`` creates one and tells the attributes that AWS gave it; ``read_...`` tells the arguments
of what exists, by the id of an import; the others change one argument. Source: documentation of the
provider hashicorp/aws, "Argument Reference", "Attribute Reference" and "Import" of each type; for
imports of documents and keys also its source, ``internal/service``.
"""

from __future__ import annotations

import json
from typing import Any, Callable

Arguments = dict[str, Any]
Client = Callable[[str], Any]

# --- IAM ------------------------------------------------------------------------------------------


def make_profile(client: Client, a: Arguments) -> Arguments:
    iam, name = client("iam"), a["name"]
    iam.create_instance_profile(InstanceProfileName=name, Path=a["path"])
    if a["role"]:
        put_into_profile(client, name, a["role"])
    return {"id": name}


def put_into_profile(client: Client, id_: str, value: Any) -> None:
    iam = client("iam")
    profile = iam.get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    for role in profile["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=role["RoleName"])
    iam.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=value)


def read_profile(client: Client, id_: str) -> Arguments:
    found = client("iam").get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    roles = [role["RoleName"] for role in found["Roles"]]
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    return {"name": id_, "path": found["Path"], "role": (roles or [None])[0], "tags": tags}


def make_role(client: Client, a: Arguments) -> Arguments:
    made = client("iam").create_role(
        RoleName=a["name"],
        Path=a["path"],
        Description=a["description"],
        AssumeRolePolicyDocument=a["assume_role_policy"],
    )
    return {"id": a["name"], "arn": made["Role"]["Arn"]}


def make_attachment(client: Client, a: Arguments) -> Arguments:
    client("iam").attach_role_policy(RoleName=a["role"], PolicyArn=a["policy_arn"])
    return {}


def make_role_policy(client: Client, a: Arguments) -> Arguments:
    put_role_policy(client, f"{a['role']}:{a['name']}", a["policy"])
    return {}


def put_role_policy(client: Client, id_: str, value: Any) -> None:
    role, name = id_.split(":", 1)
    client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=value)


def read_role_policy(client: Client, id_: str) -> Arguments:
    role, name = id_.split(":", 1)
    found = client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}


def make_policy(client: Client, a: Arguments) -> Arguments:
    made = client("iam").create_policy(PolicyName=a["name"], PolicyDocument=a["policy"])
    return {"arn": made["Policy"]["Arn"]}


# --- KMS ------------------------------------------------------------------------------------------


def make_key(client: Client, a: Arguments) -> Arguments:
    policy = {"Policy": a["policy"]} if "policy" in a else {}
    made = client("kms").create_key(Description=a.get("description", ""), **policy)
    found = made["KeyMetadata"]
    if a["enable_key_rotation"]:
        client("kms").enable_key_rotation(KeyId=found["KeyId"])
    return {"id": found["KeyId"], "key_id": found["KeyId"], "arn": found["Arn"]}


def read_key(client: Client, id_: str) -> Arguments:
    kms = client("kms")
    found = kms.describe_key(KeyId=id_)["KeyMetadata"]
    return {
        "description": found["Description"],
        "is_enabled": found["Enabled"],
        "key_usage": found.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "customer_master_key_spec": found.get("KeySpec", "SYMMETRIC_DEFAULT"),
        "custom_key_store_id": found.get("CustomKeyStoreId"),
        "multi_region": found.get("MultiRegion", False),
        "enable_key_rotation": kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"],
        "policy": kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
        "tags": {t["TagKey"]: t["TagValue"] for t in kms.list_resource_tags(KeyId=id_)["Tags"]},
        "arn": found["Arn"],
    }


def rotate(client: Client, id_: str, value: Any) -> None:
    switch = "enable_key_rotation" if value else "disable_key_rotation"
    getattr(client("kms"), switch)(KeyId=id_)


def put_key_policy(client: Client, id_: str, value: Any) -> None:
    client("kms").put_key_policy(KeyId=id_, PolicyName="default", Policy=value)


def make_key_policy(client: Client, a: Arguments) -> Arguments:
    put_key_policy(client, a["key_id"], a["policy"])
    return {}


def read_key_policy(client: Client, id_: str) -> Arguments:
    found = read_key(client, id_)
    return {"key_id": found["arn"].rsplit("/", 1)[-1], "policy": found["policy"]}


def make_alias(client: Client, a: Arguments) -> Arguments:
    client("kms").create_alias(AliasName=a["name"], TargetKeyId=a["target_key_id"])
    return {}


# --- CloudWatch -----------------------------------------------------------------------------------


def make_group(client: Client, a: Arguments) -> Arguments:
    key = {"kmsKeyId": a["kms_key_id"]} if a["kms_key_id"] else {}
    client("logs").create_log_group(logGroupName=a["name"], **key)
    if a["retention_in_days"]:
        retain(client, a["name"], a["retention_in_days"])
    return {"arn": _group(client, a["name"])["arn"].removesuffix(":*")}


def _group(client: Client, name: str) -> dict[str, Any]:
    listed = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    (found,) = (group for group in listed if group["logGroupName"] == name)
    return dict(found)


def read_group(client: Client, id_: str) -> Arguments:
    found = _group(client, id_)
    return {
        "name": id_,
        "kms_key_id": found.get("kmsKeyId"),
        "retention_in_days": found.get("retentionInDays", 0),
        "skip_destroy": False,
        "tags": client("logs").list_tags_log_group(logGroupName=id_)["tags"],
        "arn": found["arn"].removesuffix(":*"),
    }


def retain(client: Client, id_: str, value: Any) -> None:
    if value:
        client("logs").put_retention_policy(logGroupName=id_, retentionInDays=value)
    else:
        client("logs").delete_retention_policy(logGroupName=id_)


def encrypt(client: Client, id_: str, value: Any) -> None:
    if value:
        client("logs").associate_kms_key(logGroupName=id_, kmsKeyId=value)
    else:
        client("logs").disassociate_kms_key(logGroupName=id_)


def make_metric_filter(client: Client, a: Arguments) -> Arguments:
    transformations = [
        {
            "metricName": t["name"],
            "metricNamespace": t["namespace"],
            "metricValue": t["value"],
            **({"defaultValue": float(t["default_value"])} if "default_value" in t else {}),
            **({"unit": t["unit"]} if "unit" in t else {}),
            **({"dimensions": t["dimensions"]} if "dimensions" in t else {}),
        }
        for t in a["metric_transformation"]
    ]
    client("logs").put_metric_filter(
        logGroupName=a["log_group_name"],
        filterName=a["name"],
        filterPattern=a["pattern"],
        metricTransformations=transformations,
    )
    return {}


def make_alarm(client: Client, a: Arguments) -> Arguments:
    words = {"ok_actions": "OKActions"}
    parameters = {
        words.get(name) or "".join(word.title() for word in name.split("_")): value
        for name, value in a.items()
        if value is not None and name != "dimensions"
    }
    dimensions = [{"Name": n, "Value": v} for n, v in (a["dimensions"] or {}).items()]
    client("cloudwatch").put_metric_alarm(**parameters, Dimensions=dimensions)
    return {}


def make_subscription(client: Client, a: Arguments) -> Arguments:
    role = {"roleArn": a["role_arn"]} if a["role_arn"] else {}
    client("logs").put_subscription_filter(
        logGroupName=a["log_group_name"],
        filterName=a["name"],
        filterPattern=a["filter_pattern"],
        destinationArn=a["destination_arn"],
        **role,
    )
    return {}


# --- S3, Systems Manager --------------------------------------------------------------------------


def make_bucket(client: Client, a: Arguments) -> Arguments:
    s3 = client("s3")
    place: dict[str, Any] = {}
    if s3.meta.region_name != "us-east-1":
        place = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}}
    s3.create_bucket(Bucket=a["bucket"], **place)
    partition = s3.meta.partition
    return {"id": a["bucket"], "arn": f"arn:{partition}:s3:::{a['bucket']}"}


def make_encryption(client: Client, a: Arguments) -> Arguments:
    (rule,) = a["rule"]
    (default,) = rule["apply_server_side_encryption_by_default"]
    key = {"KMSMasterKeyID": default["kms_master_key_id"]} if len(default) > 1 else {}
    wanted = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": default["sse_algorithm"], **key},
        "BucketKeyEnabled": rule["bucket_key_enabled"],
    }
    client("s3").put_bucket_encryption(
        Bucket=a["bucket"], ServerSideEncryptionConfiguration={"Rules": [wanted]}
    )
    return {}


def make_block(client: Client, a: Arguments) -> Arguments:
    client("s3").put_public_access_block(
        Bucket=a["bucket"],
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": a["block_public_acls"],
            "IgnorePublicAcls": a["ignore_public_acls"],
            "BlockPublicPolicy": a["block_public_policy"],
            "RestrictPublicBuckets": a["restrict_public_buckets"],
        },
    )
    return {}


def put_bucket_policy(client: Client, id_: str, value: Any) -> None:
    client("s3").put_bucket_policy(Bucket=id_, Policy=value)


def make_bucket_policy(client: Client, a: Arguments) -> Arguments:
    put_bucket_policy(client, a["bucket"], a["policy"])
    return {}


def read_bucket_policy(client: Client, id_: str) -> Arguments:
    return {"bucket": id_, "policy": client("s3").get_bucket_policy(Bucket=id_)["Policy"]}


def make_document(client: Client, a: Arguments) -> Arguments:
    client("ssm").create_document(
        Name=a["name"],
        Content=a["content"],
        DocumentType=a["document_type"],
        DocumentFormat=a["document_format"],
    )
    return {}


def read_document(client: Client, id_: str) -> Arguments:
    ssm = client("ssm")
    found = ssm.describe_document(Name=id_)["Document"]
    return {
        "name": id_,
        "content": ssm.get_document(Name=id_, DocumentVersion="$LATEST")["Content"],
        "document_type": found["DocumentType"],
        "document_format": found["DocumentFormat"],
        "target_type": found.get("TargetType") or None,
        "version_name": found.get("VersionName") or None,
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
    }


def update_document(client: Client, id_: str, value: Any) -> None:
    ssm = client("ssm")
    made = ssm.update_document(
        Name=id_, Content=value, DocumentFormat="JSON", DocumentVersion="$LATEST"
    )
    version = made["DocumentDescription"]["DocumentVersion"]
    ssm.update_document_default_version(Name=id_, DocumentVersion=version)
