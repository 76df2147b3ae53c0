"""Terraform: the configuration does what the plan says, and adopts without changing anything else.

What the AWS provider would do is done by ``tests.terraform_provider``; what is text, and how it is
laid out, Terraform itself says where it is installed.
"""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.model import Resource
from ssmdiag.setup.formats.terraform import terraform
from ssmdiag.setup.plan import Plan, Step
from ssmdiag.setup.wanted import Wish
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call
from tests.starting_states import DOCUMENT, GROUP, ROLE, STATES, State, planned, start, unmet
from tests.terraform_cases import (
    NEW_KEY,
    REGION,
    accepts,
    carry_out,
    documents,
    installed,
    left_over,
    new_key,
    plan_of,
    policy,
)
from tests.terraform_language import parsed

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

# --- every starting state -------------------------------------------------------------------------


@pytest.mark.parametrize("name", STATES)
def test_terraform_and_the_commands_beside_it_do_what_the_plan_says(
    name: str, account: Account
) -> None:
    state = STATES[name]
    start(state, account.id)
    carry_out(terraform(planned(state)), account, state.region)
    assert unmet(state) == []


@installed
@pytest.mark.parametrize("name", STATES)
def test_terraform_can_read_it_and_would_lay_it_out_no_other_way(
    name: str, account: Account, tmp_path: Path
) -> None:
    state = STATES[name]
    start(state, account.id)
    accepts(terraform(planned(state)), tmp_path)


@pytest.mark.parametrize("name", STATES)
def test_documents_are_plain_json_with_the_interpolations_in_place(
    name: str, account: Account
) -> None:
    state = STATES[name]
    start(state, account.id)
    plan = planned(state)
    found = documents(terraform(plan))
    written_ones = {"Policy", "PolicyDocument", "AssumeRolePolicyDocument", "Content"}
    calls = [c for c in plan.calls if written_ones & set(c.parameters)]
    assert len(found) == len(calls)


def test_nothing_to_be_done_is_said_and_is_no_configuration() -> None:
    text = terraform(plan_of())
    assert "# Nothing is to be done.\n" in text
    assert all(line.startswith("#") for line in text.splitlines())


# --- what exists is adopted -----------------------------------------------------------------------


def test_adopting_changes_nothing_that_the_plan_does_not_speak_of(account: Account) -> None:
    wish = Wish(**{**STATES["finished"].wish.__dict__, "retention": None})
    state = State(STATES["finished"].build, wish=wish)
    start(state, account.id)
    kms, logs, iam, ssm = (boto3.client(s, REGION) for s in ("kms", "logs", "iam", "ssm"))
    key = kms.describe_key(KeyId=wish.key_alias)["KeyMetadata"]["KeyId"]
    kms.disable_key_rotation(KeyId=key)
    kms.update_key_description(KeyId=key, Description="Theirs")
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "owner", "TagValue": "them"}])
    logs.disassociate_kms_key(logGroupName=GROUP)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=30)
    logs.tag_log_group(logGroupName=GROUP, tags={"owner": "them"})
    iam.remove_role_from_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
    iam.delete_instance_profile(InstanceProfileName=ROLE)
    iam.create_instance_profile(InstanceProfileName=ROLE, Path="/theirs/")
    text = terraform(planned(state))
    assert set(parsed(text).imports.values()) == {key, GROUP, ROLE}
    carry_out(text, account)
    assert unmet(state) == []
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 30
    assert logs.list_tags_log_group(logGroupName=GROUP)["tags"] == {"owner": "them"}
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "Theirs"
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "owner", "TagValue": "them"}]
    assert ssm.describe_document(Name=DOCUMENT)["Document"]["DocumentVersion"] == "1"


@pytest.mark.parametrize("name", STATES)
def test_what_terraform_did_not_make_and_what_holds_logs_is_never_destroyed(
    name: str, account: Account
) -> None:
    state = STATES[name]
    start(state, account.id)
    configuration = parsed(terraform(planned(state)))
    guarded = {
        address
        for address, body in configuration.resources.items()
        if body.get("lifecycle", [{}])[0].get("prevent_destroy") is True
    }
    kept = {a for a in configuration.resources if re.match("aws_(kms_key|cloudwatch_log_group)", a)}
    assert guarded == kept | set(configuration.imports)


def test_a_bucket_that_exists_is_shut_without_being_adopted() -> None:
    blocks = {"BlockPublicAcls": True, "IgnorePublicAcls": True}
    order = call("s3", "PutPublicAccessBlock", Bucket="b", PublicAccessBlockConfiguration=blocks)
    configuration = parsed(terraform(plan_of(order)))
    assert configuration.imports == {}
    assert configuration.resources == {
        "aws_s3_bucket_public_access_block.b": {
            "bucket": '"b"',
            "block_public_acls": True,
            "ignore_public_acls": True,
            "lifecycle": [{"prevent_destroy": True}],
        }
    }


# --- what is left to commands ---------------------------------------------------------------------


def test_a_key_is_enabled_before_terraform_needs_it(account: Account) -> None:
    state = STATES["no log group"]
    start(state, account.id)
    performing(REGION)(call("kms", "DisableKey", KeyId=disabled_key()))
    text = terraform(planned(state))
    assert "enable-key" in left_over(text, "before")
    carry_out(text, account)
    assert unmet(state) == []


def disabled_key() -> str:
    alias = STATES["finished"].wish.key_alias
    found = boto3.client("kms", REGION).describe_key(KeyId=alias)
    return str(found["KeyMetadata"]["KeyId"])


def test_a_command_that_needs_what_terraform_makes_comes_after_and_asks_for_it(
    account: Account,
) -> None:
    iam = boto3.client("iam", REGION)
    arn = iam.create_policy(PolicyName="Full", PolicyDocument=policy("*"))["Policy"]["Arn"]
    text = terraform(
        plan_of(
            *new_key(),
            call(
                "iam",
                "CreatePolicyVersion",
                PolicyArn=arn,
                PolicyDocument=policy(NEW_KEY),
                SetAsDefault=True,
            ),
        )
    )
    assert left_over(text, "before") == ""
    carry_out(text, account)
    found = boto3.client("kms", REGION).describe_key(KeyId="alias/sessions")
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"]
    assert version["Statement"][0]["Resource"] == found["KeyMetadata"]["Arn"]


def test_what_no_command_can_do_is_told() -> None:
    plan = plan_of()
    told = Step(Resource("scp", "p"), "", ("an SCP denies it",), (), (), ("ask the owner",))
    text = terraform(Plan(plan.wanted, (told,), (), (), {}))
    assert "an SCP denies it" in text
    assert "ask the owner" in text
