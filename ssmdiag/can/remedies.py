"""The additions of a mending as Remedies: for this caller and this resource."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ssmdiag.can.resources import What
from ssmdiag.iam.arn import role_name_of
from ssmdiag.model import Admit, Advice, Allow, Remedy, Write
from ssmdiag.policy.mend import Addition, Mending
from ssmdiag.policy.merge import QUOTAS, size_of, with_statements
from ssmdiag.policy.request import Request
from ssmdiag.requirements.caller.principals import Who
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.identity.trust import let_assume
from ssmdiag.world.call import call


def remedies_for(mending: Mending, request: Request, who: Who, what: What) -> list[Remedy]:
    """One Remedy for each addition: commands where there is an operation for it, else advice."""
    return list(_each(mending, request, who, what))


def _each(mending: Mending, request: Request, who: Who, what: What) -> Iterator[Remedy]:
    for addition in mending.additions:
        if addition.to == "identity":
            yield _to_identity(addition, who)
        elif request.resource.split(":")[2:3] == ["kms"]:
            yield _to_key(addition, request)
        else:
            yield _to_resource(addition, request, what)


def _to_identity(addition: Addition, who: Who) -> Remedy:
    statement = addition.statement
    if who.role is None:
        return Advice(f"add to a policy of {who.words}: {json.dumps(statement)}")
    return Allow(
        role=who.role,
        actions=(statement["Action"],),
        resource=statement["Resource"],
        sid=statement["Sid"],
        condition=statement.get("Condition"),
    )


def _to_key(addition: Addition, request: Request) -> Remedy:
    statement = addition.statement
    ((kind, name),) = statement["Principal"].items()
    return Admit(
        key=request.resource,
        sid=statement["Sid"],
        principal=(kind, name),
        actions=(statement["Action"],),
        condition=statement.get("Condition"),
    )


def _to_resource(addition: Addition, request: Request, what: What) -> Remedy:
    if not isinstance(what.policies, Gap):
        old = what.policies[0].document if what.policies else {}
        if addition.to == "trust":
            role = role_name_of(request.resource) or request.resource
            return let_assume(role, old, addition.statement, request.principal)
        document = with_statements(old, [addition.statement])
        if request.resource.split(":")[2:3] == ["s3"] and size_of(document) <= QUOTAS["bucket"]:
            return _bucket_policy(document, request)
    return Advice(
        f"the owner of {request.resource} has to add to its policy: "
        f"{json.dumps(addition.statement)}"
    )


def _bucket_policy(document: dict[str, Any], request: Request) -> Write:
    bucket = request.resource.split(":", 5)[5].partition("/")[0]
    order = call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(document, indent=2))
    return Write((order,), f"allow {request.principal} {request.action} in the bucket's policy")
