"""The KMS key of the bucket for session logs: may the agent's role use it?

S3 itself asks KMS for a data key, in the name of who uploads. Sources: Amazon S3 User Guide,
"Protecting data with server-side encryption"; AWS KMS Developer Guide, "AWS KMS condition keys".
"""

from __future__ import annotations

from typing import Union

from ssmdiag.model import Admit, Allow, NotApplicable, Resource, Situation, Verdict
from ssmdiag.policy.document import Policy
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.destination.bucket import EXISTS, Stage, stage_of
from ssmdiag.requirements.destination.bucket_facts import bucket_key, bucket_region
from ssmdiag.requirements.key.facts import Key, find_key, grants, key_policy
from ssmdiag.requirements.role.authorisation import Need, permission
from ssmdiag.requirements.role.permissions import agent_need
from ssmdiag.world.call import Ask


def _check(ask: Ask, situation: Situation) -> Verdict:
    stage = stage_of(ask, situation)
    if not isinstance(stage, tuple):
        return stage
    found, _, role = stage
    name = bucket_key(ask, found.bucket)
    if isinstance(name, Gap):
        return waits(EXISTS, name.why)
    if name is None:
        return NotApplicable("the bucket is not encrypted with a KMS key of yours")
    key = find_key(ask, name, bucket_region(ask, found.bucket, situation.region))
    if not isinstance(key, Key):
        return waits("key/bucket-state", "the bucket's key has to be known first")
    return permission(situation, _data_key_need(ask, situation, stage, key), role)


def _data_key_need(ask: Ask, situation: Situation, stage: Stage, key: Key) -> Need:
    found, agent, role = stage
    elsewhere = bucket_region(ask, found.bucket, situation.region)
    place = elsewhere or situation.region
    policy: Union[Policy, Gap] = key_policy(ask, key.arn, elsewhere)
    # With this suffix in every partition (KMS Developer Guide, "AWS KMS condition keys").
    via = f"s3.{place}.amazonaws.com"
    action = "kms:GenerateDataKey"
    condition = {"StringEquals": {"kms:ViaService": via}}
    both = (action, "kms:Decrypt")
    admit = Admit(
        key.arn,
        "SessionManagerBucket",
        ("AWS", role.arn or agent.arn(situation.region)),
        both,
        condition,
        elsewhere,
    )
    return agent_need(
        situation,
        agent,
        role,
        requirement="role/bucket-key",
        action=action,
        resource=key.arn,
        what=f"the key {key.arn} of bucket {found.bucket}",
        context={
            "kms:ViaService": via,
            "kms:CallerAccount": agent.account,
            "aws:RequestedRegion": place,
        },
        owner=key.account,
        resource_policy=policy if isinstance(policy, Gap) else (policy,),
        resource_policy_of=Resource("key-policy", key.arn),
        remedy=Allow(agent.role, both, key.arn, "BucketKey", condition),
        admission=None if key.of_aws else admit,
        grants=lambda: grants(ask, key.arn, elsewhere),
    )


REQUIREMENTS = (
    Requirement("role/bucket-key", "The role may use the bucket's key", "permission", _check),
)
