"""Rows for ``scripts/bench``: what one decision of the policy evaluator costs."""

from __future__ import annotations

import time
from typing import Any

from bench_row import Row, in_turn

from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request

_TIMES = 1_000
_ACCOUNT = "111122223333"
_KEY = f"arn:aws:kms:us-east-1:{_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_GROUP = f"arn:aws:logs:us-east-1:{_ACCOUNT}:log-group:/ssm/session-logs"
_ASKED = (
    ("kms:Decrypt", _KEY),
    ("kms:Encrypt", _KEY),
    ("logs:PutLogEvents", f"{_GROUP}:log-stream:a"),
    ("s3:PutObject", "arn:aws:s3:::team-3-prod/a/b.log"),
)


def rows() -> list[Row]:
    """Requests of a role with ten policies, beside a key policy, each in turn."""
    root = {"AWS": f"arn:aws:iam::{_ACCOUNT}:root"}
    key = _policy("key policy", "resource", [_allow("kms:*", "*", Principal=root)])
    policies = Policies(identity=_role(), resource=[key])
    node = f"arn:aws:sts::{_ACCOUNT}:assumed-role/Node/i-0123456789abcdef0"
    role = f"arn:aws:iam::{_ACCOUNT}:role/Node"
    requests = [Request(*asked, node, role, complete=True) for asked in _ASKED]

    def each() -> float:
        start = time.perf_counter()
        for _ in range(_TIMES):
            for request in requests:
                evaluate(request, policies)
        return (time.perf_counter() - start) / (_TIMES * len(requests)) * 1e6

    (decision,) = in_turn(each)
    return [Row("a decision over ten policies of a role and a key policy", decision, unit="µs")]


def _role() -> list[Policy]:
    """Ten policies of four statements each, as roles gather them: most are beside the point."""
    policies = []
    for number in range(9):
        bucket = f"arn:aws:s3:::team-{number}-${{aws:PrincipalTag/stage, 'prod'}}"
        org = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}
        statements = [
            _allow(["s3:GetObject*", "s3:PutObject"], [f"{bucket}/*", f"{bucket}-logs/*"]),
            _allow("ec2:Describe*", "*"),
            _allow(["kms:Decrypt", "kms:GenerateDataKey*"], f"{_KEY[:-1]}{number}", Condition=org),
            {"Effect": "Deny", "NotAction": "iam:*", "Resource": "arn:aws:iam::*:role/admin/*"},
        ]
        policies.append(_policy(f"team-{number}", "identity", statements))
    wanted = [_allow("kms:Decrypt", _KEY), _allow("logs:*", f"{_GROUP}:*")]
    return [*policies, _policy("sessions", "identity", wanted)]


def _allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def _policy(name: str, kind: Any, statements: list[dict[str, Any]]) -> Policy:
    return Policy(name, kind, {"Version": "2012-10-17", "Statement": statements})
