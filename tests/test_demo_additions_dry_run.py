"""KMS tells by a dry run whether the caller may use the key, and with which parameters."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account

ACCOUNT = "123456789012"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:user/administrator"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/nodes/Node"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Node/i-0c1d2e3f4a5b6c7d8"
SUCCESS = "The request would have succeeded, but the DryRun option is set."
UNKNOWN = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
IGNORING = {"DryRunModifiers": ["IGNORE_CIPHERTEXT"]}

Statement = dict[str, Any]
ROOT: Statement = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def statement(effect: str, action: str = "kms:*", **more: Any) -> Statement:
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def new_key(*statements: Statement) -> str:
    created = boto3.client("kms").create_key(
        Policy=document(*(statements or (ROOT,))), BypassPolicyLockoutSafetyCheck=True
    )
    arn: str = created["KeyMetadata"]["Arn"]
    return arn


def act_as_node(account: Account, *statements: Statement) -> None:
    iam = boto3.client("iam")
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
    iam.create_role(RoleName="Node", Path="/nodes/", AssumeRolePolicyDocument=trust)
    if statements:
        policy = document(*statements)
        iam.put_role_policy(RoleName="Node", PolicyName="Own", PolicyDocument=policy)
    account.act_as(SESSION)


def refusal_of(ask: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as refusal:
        ask()
    answer = refusal.value.response
    error, status = answer["Error"], answer["ResponseMetadata"]["HTTPStatusCode"]
    return error["Code"], error["Message"], status


def decrypt(key: str, context: Optional[dict[str, str]] = None) -> tuple[str, str, int]:
    return refusal_of(
        lambda: boto3.client("kms").decrypt(
            KeyId=key, DryRun=True, EncryptionContext=context or {}, **IGNORING
        )
    )


def denied(key: str, because: str, user: str = SESSION) -> tuple[str, str, int]:
    sentence = f"User: {user} is not authorized to perform: kms:Decrypt on resource: {key}"
    return "AccessDeniedException", f"{sentence} {because}", 400


ALLOWED = ("DryRunOperationException", SUCCESS, 412)
NO_IDENTITY = "because no identity-based policy allows the kms:Decrypt action"
NO_RESOURCE = "because no resource-based policy allows the kms:Decrypt action"
NO_BOUNDARY = "because no permissions boundary allows the kms:Decrypt action"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("encrypt", {"Plaintext": b"secret"}),
        ("generate_data_key", {"KeySpec": "AES_256"}),
        ("generate_data_key_without_plaintext", {"KeySpec": "AES_256"}),
        ("decrypt", IGNORING),
    ],
)
def test_whoever_is_allowed_is_told_so_by_an_error(
    operation: str, parameters: dict[str, Any]
) -> None:
    kms = boto3.client("kms")

    answer = refusal_of(lambda: getattr(kms, operation)(KeyId=new_key(), DryRun=True, **parameters))

    assert answer == ALLOWED


@pytest.mark.usefixtures("account")
def test_without_dry_run_everything_is_as_before() -> None:
    kms, key = boto3.client("kms"), new_key()

    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", DryRun=False)["CiphertextBlob"]

    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
    assert refusal_of(lambda: kms.decrypt(CiphertextBlob=blob, DryRun=True)) == ALLOWED


@pytest.mark.parametrize(
    ("of_role", "of_key", "because"),
    [
        ([statement("Allow")], [ROOT], None),
        ([], [ROOT], NO_IDENTITY),
        ([statement("Allow", "kms:Encrypt")], [ROOT], NO_IDENTITY),
        ([], [{**ROOT, "Principal": {"AWS": ROLE}}], None),
        ([statement("Allow")], [{**ROOT, "Principal": {"AWS": ADMINISTRATOR}}], NO_RESOURCE),
        (
            [statement("Allow"), statement("Deny", "kms:Decrypt")],
            [ROOT],
            "with an explicit deny in an identity-based policy",
        ),
        (
            [statement("Allow")],
            [ROOT, statement("Deny", "kms:Decrypt", Principal={"AWS": ROLE})],
            "with an explicit deny in a resource-based policy",
        ),
    ],
    ids=[
        *("allowed by both", "no policy of the role", "another action", "the key names the role"),
        *("the key does not let the account in", "the role is denied", "the key denies"),
    ],
)
def test_policies_of_key_and_role_decide_and_the_refusal_names_the_kind(
    account: Account, of_role: list[Statement], of_key: list[Statement], because: Optional[str]
) -> None:
    key = new_key(*of_key)
    act_as_node(account, *of_role)

    assert decrypt(key) == (denied(key, because) if because else ALLOWED)


def test_a_boundary_limits_the_role(account: Account) -> None:
    key = new_key()
    act_as_node(account, statement("Allow"))
    iam = boto3.client("iam")
    policy = iam.create_policy(
        PolicyName="Limit", PolicyDocument=document(statement("Allow", "s3:*"))
    )
    iam.put_role_permissions_boundary(RoleName="Node", PermissionsBoundary=policy["Policy"]["Arn"])

    assert decrypt(key) == denied(key, NO_BOUNDARY)


def test_only_the_administrator_needs_not_exist(account: Account) -> None:
    key, nobody = new_key(), f"arn:aws:iam::{ACCOUNT}:user/nobody"

    account.act_as(nobody)
    refused = decrypt(key)
    account.act_as(ADMINISTRATOR)

    assert refused == denied(key, NO_IDENTITY, nobody)
    assert decrypt(key) == ALLOWED


def test_a_user_has_its_own_policies_once_it_exists(account: Account) -> None:
    key, iam = new_key(), boto3.client("iam")
    iam.create_user(UserName="administrator")
    assert decrypt(key) == denied(key, NO_IDENTITY, ADMINISTRATOR)

    policy = document(statement("Allow"))
    iam.put_user_policy(UserName="administrator", PolicyName="Own", PolicyDocument=policy)
    assert decrypt(key) == ALLOWED

    account.act_as(f"arn:aws:iam::{ACCOUNT}:root")
    assert decrypt(key) == ALLOWED


@pytest.mark.parametrize("kind", ["EncryptionContextSubset", "EncryptionContextEquals"])
def test_a_grant_is_enough_within_its_constraints(account: Account, kind: str) -> None:
    kms, key = boto3.client("kms"), new_key()
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=ROLE,
        Operations=["Decrypt"],
        Constraints={kind: {"purpose": "logs"}},
    )
    act_as_node(account)

    assert decrypt(key, {"purpose": "logs"}) == ALLOWED
    assert decrypt(key, {"purpose": "else"}) == denied(key, NO_IDENTITY)
    more = decrypt(key, {"purpose": "logs", "node": "1"})
    assert more == (ALLOWED if kind.endswith("Subset") else denied(key, NO_IDENTITY))


@pytest.mark.parametrize(
    ("operator", "name", "value"),
    [
        ("StringEquals", "kms:EncryptionContext:purpose", "logs"),
        ("ForAllValues:StringEquals", "kms:EncryptionContextKeys", "purpose"),
        ("StringEquals", "kms:CallerAccount", ACCOUNT),
        ("StringEquals", "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
        ("ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/sessions"),
        ("StringEquals", "kms:RequestAlias", "alias/sessions"),
        ("StringEquals", "aws:ResourceTag/for", "sessions"),
        ("DateGreaterThan", "aws:CurrentTime", "2024-01-01T00:00:00Z"),
        ("ArnEquals", "aws:PrincipalArn", ROLE),
    ],
)
def test_conditions_see_what_kms_tells_of_request_and_key(
    account: Account, operator: str, name: str, value: str
) -> None:
    kms, key = boto3.client("kms"), new_key()
    kms.create_alias(AliasName="alias/sessions", TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "for", "TagValue": "sessions"}])
    act_as_node(account, statement("Allow", Condition={operator: {name: value}}))

    assert decrypt("alias/sessions", {"purpose": "logs"}) == ALLOWED


def test_the_encryption_context_matters(account: Account) -> None:
    key = new_key()
    purpose = {"StringEquals": {"kms:EncryptionContext:purpose": "logs"}}
    act_as_node(account, statement("Allow", Condition=purpose))

    assert decrypt(key) == decrypt(key, {"purpose": "else"}) == denied(key, NO_IDENTITY)


@pytest.mark.usefixtures("account")
def test_the_other_parameters_are_judged_too() -> None:
    kms, key, other = boto3.client("kms"), new_key(), new_key()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]

    def code(**parameters: Any) -> str:
        return refusal_of(lambda: kms.decrypt(DryRun=True, **parameters))[0]

    right = {"CiphertextBlob": blob, "EncryptionContext": {"a": "1"}}
    assert code(**right) == code(KeyId=key, **right) == "DryRunOperationException"
    assert code(KeyId=other, **right) == "IncorrectKeyException"
    assert code(CiphertextBlob=blob) == "InvalidCiphertextException"
    assert code(CiphertextBlob=b"x") == "InvalidCiphertextException"
    assert code(KeyId=key) == "ValidationException"
    assert code(**IGNORING) == "ValidationException"
    assert code(KeyId=UNKNOWN, **IGNORING) == "NotFoundException"
    # Ignored, so that neither its key nor its context matters.
    assert code(KeyId=other, CiphertextBlob=blob, **IGNORING) == "DryRunOperationException"


@pytest.mark.usefixtures("account")
def test_the_ciphertext_of_an_unknown_key_discloses_nothing() -> None:
    kms = boto3.client("kms")
    blob = kms.encrypt(KeyId=new_key(), Plaintext=b"x")["CiphertextBlob"]
    elsewhere = boto3.client("kms", region_name="eu-west-1")

    code, message, _ = refusal_of(lambda: elsewhere.decrypt(CiphertextBlob=blob, DryRun=True))

    assert code == "AccessDeniedException"
    assert "kms:Decrypt on the resource associated with this ciphertext because" in message


@pytest.mark.usefixtures("account")
def test_a_data_key_of_no_length_is_refused() -> None:
    kms, key = boto3.client("kms"), new_key()

    code, _, _ = refusal_of(lambda: kms.generate_data_key(KeyId=key, DryRun=True))

    assert code == "ValidationException"


def test_a_key_that_cannot_be_used_is_refused_to_those_who_might(account: Account) -> None:
    kms, key = boto3.client("kms"), new_key()

    kms.disable_key(KeyId=key)
    assert decrypt(key) == ("DisabledException", f"{key} is disabled.", 400)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert decrypt(key) == ("KMSInvalidStateException", f"{key} is pending deletion.", 400)

    act_as_node(account)
    assert decrypt(key) == denied(key, NO_IDENTITY)
