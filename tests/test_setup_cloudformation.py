"""The template of a plan, with its commands: deployed for real from every starting state."""

from __future__ import annotations

import json
import re
from pathlib import Path

import boto3
import pytest
import yaml

from ssmdiag.demo.account import Account
from ssmdiag.setup.formats.cloudformation import cloudformation
from ssmdiag.setup.formats.stages import staged
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call
from tests.stacks import ACCOUNT, allow, policy
from tests.starting_states import DOCUMENT, GROUP, ROLE, STATES, planned, start, unmet
from tests.templates import (
    CORE,
    HOME,
    LOGS,
    NEW_KEY,
    OWNER,
    REGION,
    STACK,
    by_hand,
    deploy,
    follow,
    found_by_the_linter,
    new_key,
    plan_of,
    preferences,
    resources,
    role,
    role_policy,
    run,
)

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

# --- from every starting state --------------------------------------------------------------------

ONLY_EDITED = [
    "finished",
    "a role that is half made",
    "no rotation",
    "a key closed to CloudWatch Logs and users",
    "a log group without key",
    "another retention",
    "other preferences",
    "preferences that were not made the default",
]


@pytest.mark.parametrize("name", [name for name in STATES if name not in ONLY_EDITED])
def test_a_template_and_its_commands_leave_nothing_to_be_done(name: str, account: Account) -> None:
    state = STATES[name]
    start(state, account.id)
    text = cloudformation(planned(state))

    assert found_by_the_linter(text, state.region) == []
    follow(text, account, state.region)
    assert unmet(state) == []


@pytest.mark.parametrize("name", ONLY_EDITED)
def test_where_nothing_is_new_there_are_comments_and_commands(
    name: str, account: Account, tmp_path: Path
) -> None:
    state = STATES[name]
    start(state, account.id)
    text = cloudformation(planned(state))
    (tmp_path / "FILE").write_text(text, encoding="utf-8")

    assert yaml.safe_load(text) is None
    assert "There is no template, for nothing is new." in " ".join(text.replace("#", "").split())
    for line in re.findall(r"^#   (sed .*)", text, re.MULTILINE):
        run(line, account, state.region, tmp_path)
    assert unmet(state) == []


def test_the_command_in_the_header_deploys_the_template(account: Account, tmp_path: Path) -> None:
    state = STATES["empty"]
    start(state, account.id)
    text = cloudformation(planned(state))
    (tmp_path / f"{STACK}.yaml").write_text(text, encoding="utf-8")
    command = re.findall(r"^#  ( +aws cloudformation deploy(?:.*\\\n#)*.*)", text, re.MULTILINE)[0]

    run(command.replace("\n#", "\n"), account, folder=tmp_path)
    assert unmet(state) == []
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    told = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert told["SessionKeyArn"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    assert (told["SessionLogGroupName"], told["NodeInstanceProfileName"]) == (GROUP, ROLE)


def test_the_linter_would_find_what_is_wrong(account: Account) -> None:
    start(STATES["empty"], account.id)
    text = cloudformation(planned(STATES["empty"]))
    waits_twice = text.replace(
        "    - SessionKeyAlias\n", "    - SessionKeyAlias\n    - SessionKey\n"
    )
    assert [found[:5] for found in found_by_the_linter(waits_twice)] == ["W3005"]


def test_sessions_notice_nothing_before_all_the_rest_is_there(account: Account) -> None:
    start(STATES["empty, with a bucket"], account.id)
    deploy(cloudformation(planned(STATES["empty, with a bucket"])))
    told = boto3.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    done = [e["LogicalResourceId"] for e in told if e["ResourceStatus"] == "CREATE_COMPLETE"]
    assert done[:2] == [STACK, "SessionPreferences"]


def test_a_stack_that_is_deleted_leaves_what_logs_are_lost_with(account: Account) -> None:
    state = STATES["empty, with a bucket"]
    start(state, account.id)
    deploy(cloudformation(planned(state)))
    (group,) = boto3.client("logs").describe_log_groups()["logGroups"]

    boto3.client("cloudformation").delete_stack(StackName=STACK)
    assert boto3.client("logs").describe_log_groups()["logGroups"] == [group]
    key = boto3.client("kms").describe_key(KeyId=group["kmsKeyId"])["KeyMetadata"]
    assert (key["KeyState"], key["Arn"]) == ("Enabled", group["kmsKeyId"])
    assert [b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]] == [
        state.wish.s3_bucket
    ]
    with pytest.raises(boto3.client("iam").exceptions.NoSuchEntityException):
        boto3.client("iam").get_role(RoleName=ROLE)


def test_every_resource_is_preceded_by_what_it_is_for(account: Account) -> None:
    start(STATES["empty"], account.id)
    text = cloudformation(planned(STATES["empty"]))
    reasons = dict(re.findall(r"((?:  # .*\n)+)  (\w+):\n", text))
    assert list(reasons.values()) == list(resources(text))
    told = {id_: " ".join(reason.replace("#", "").split()) for reason, id_ in reasons.items()}
    assert told["NodeRole"] == f"Part of this: create role {ROLE} for nodes."
    assert told["SessionPreferences"] == (
        f"document {DOCUMENT} does not exist. So: save the preferences in {DOCUMENT}."
    )


def test_metadata_say_what_comes_before_and_what_after(account: Account) -> None:
    start(STATES["foreign statements"], account.id)
    text = cloudformation(planned(STATES["foreign statements"]))
    verbs = {
        when: re.findall(r"aws \w+ [\w-]+", "\n".join(by_hand(text, when)))
        for when in ("Before", "After")
    }
    assert verbs == {
        "Before": ["aws kms put-key-policy"],
        "After": ["aws ssm update-document", "aws ssm update-document-default-version"],
    }
    assert "    - |-\n      # the key's policy does not allow" in text
    assert "\n        --policy-name default \\\n" in text
    assert "run before the deployment those of Before, and after" in " ".join(
        text.replace("#", "").split()
    )


# --- what comes when ------------------------------------------------------------------------------


def test_new_preferences_wait_for_the_edits_that_wait_for_the_template(account: Account) -> None:
    performing(REGION)(call("logs", "CreateLogGroup", logGroupName=GROUP))
    encrypt = call("logs", "AssociateKmsKey", logGroupName=GROUP, kmsKeyId=NEW_KEY)
    text = cloudformation(plan_of(*new_key(), encrypt, preferences()))

    assert list(resources(text)) == ["SessionKey", "SessionKeyAlias"]
    follow(text, account)
    (group,) = boto3.client("logs").describe_log_groups()["logGroups"]
    content = json.loads(boto3.client("ssm").get_document(Name=DOCUMENT)["Content"])
    assert group["kmsKeyId"] == content["inputs"]["kmsKeyId"]


def test_a_log_group_waits_for_a_key_policy_that_names_a_new_role(account: Account) -> None:
    perform = performing(REGION)
    key = str(perform(call("kms", "CreateKey"))["KeyMetadata"]["Arn"])
    node = allow("kms:Decrypt", Principal={"AWS": f"{HOME}:role/Node"})
    admit = call(
        "kms",
        "PutKeyPolicy",
        KeyId=key,
        PolicyName="default",
        Policy=json.dumps(policy(OWNER, LOGS, node)),
    )
    group = call("logs", "CreateLogGroup", logGroupName=GROUP, kmsKeyId=key)
    kept = call("logs", "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=7)
    permit = role_policy("Node", key)
    text = cloudformation(plan_of(role("Node"), admit, group, kept, permit, replaced=[admit]))

    assert list(resources(text)) == ["NodeRole", "NodeRolePolicy"]
    follow(text, account)
    (found,) = boto3.client("logs").describe_log_groups()["logGroups"]
    assert (found["kmsKeyId"], found["retentionInDays"]) == (key, 7)


def test_a_new_role_is_put_into_the_instance_profile_that_is_there(account: Account) -> None:
    performing(REGION)(call("iam", "CreateInstanceProfile", InstanceProfileName="Node"))
    join = call("iam", "AddRoleToInstanceProfile", InstanceProfileName="Node", RoleName="Node")
    follow(cloudformation(plan_of(role("Node"), join, role_policy("Node", "*"))), account)
    profile = boto3.client("iam").get_instance_profile(InstanceProfileName="Node")
    assert [each["RoleName"] for each in profile["InstanceProfile"]["Roles"]] == ["Node"]


def test_a_role_that_exists_is_given_what_it_lacks_before_the_preferences(account: Account) -> None:
    perform = performing(REGION)
    perform(role("Node"))
    key = str(perform(call("kms", "CreateKey"))["KeyMetadata"]["Arn"])
    core = call("iam", "AttachRolePolicy", RoleName="Node", PolicyArn=CORE)
    text = cloudformation(plan_of(core, preferences(key)))

    assert (len(by_hand(text, "Before")), by_hand(text, "After")) == (2, [])
    follow(text, account)
    attached = boto3.client("iam").list_attached_role_policies(RoleName="Node")
    assert [each["PolicyArn"] for each in attached["AttachedPolicies"]] == [CORE]


def test_a_version_of_the_preferences_becomes_the_default_one_at_the_end(account: Account) -> None:
    state = STATES["preferences that were not made the default"]
    start(state, account.id)
    performing(REGION)(call("logs", "DeleteLogGroup", logGroupName=GROUP))
    text = cloudformation(planned(state))

    assert list(resources(text)) == ["SessionLogGroup"]
    assert "update-document-default-version" in by_hand(text, "After")[-1]
    follow(text, account)
    assert unmet(state) == []


def test_what_no_resource_stands_for_waits_for_the_role_that_it_speaks_of() -> None:
    speaks = call("osis", "CreatePipeline", PipelineName="p", Body=f"role: {HOME}:role/Node\n")
    alone = call("kinesis", "CreateStream", StreamName="s", ShardCount=1)
    permit = role_policy("Node", "*")
    text = cloudformation(plan_of(role("Node"), speaks, alone, permit))
    assert "create-stream" in by_hand(text, "Before")[1]
    assert "create-pipeline" in by_hand(text, "After")[1]


def test_what_is_made_late_is_waited_for_by_what_needs_it() -> None:
    """A new role, in a key policy that a new log group needs, which a new filter needs."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/old"
    node = allow("kms:Decrypt", Principal={"AWS": f"{HOME}:role/Node"})
    admit = call(
        "kms",
        "PutKeyPolicy",
        KeyId=key,
        PolicyName="default",
        Policy=json.dumps(policy(OWNER, LOGS, node)),
    )
    filtered = {"logGroupName": GROUP, "filterName": "f", "filterPattern": ""}
    orders = [
        admit,
        call("logs", "AssociateKmsKey", logGroupName="old", kmsKeyId=key),
        call("logs", "CreateLogGroup", logGroupName=GROUP, kmsKeyId=key),
        call("logs", "PutMetricFilter", **filtered, metricTransformations=[]),
    ]
    new = (role("Node"), call("logs", "CreateLogGroup", logGroupName="new"))
    unrelated = call("logs", "PutDestinationPolicy", destinationName="", accessPolicy="p")
    last = role_policy("Node", "*")
    stages = staged(plan_of(*new, unrelated, *orders, last, replaced=[admit]))
    assert stages.before == (unrelated,)
    assert [made.kind for made in stages.made] == ["role", "log-group", "role-policy"]
    assert list(stages.after) == orders


def test_a_subscription_waits_for_what_its_role_is_allowed_late() -> None:
    subscribe = call(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=GROUP,
        filterName="f",
        filterPattern="ERROR",
        destinationArn="d",
        roleArn=f"{HOME}:role/Old",
    )
    allowed = role_policy("Old", NEW_KEY)
    stages = staged(plan_of(*new_key(), allowed, subscribe, replaced=[allowed]))
    assert [made.kind for made in stages.made] == ["key", "alias"]
    assert stages.after == (allowed, subscribe)


def test_edited_preferences_come_last_whatever_is_new_after_them() -> None:
    update = call("ssm", "UpdateDocument", Name=DOCUMENT, Content="{}")
    group = call("logs", "CreateLogGroup", logGroupName=GROUP)
    assert staged(plan_of(update, group)).after == (update,)
