"""Measures ssmdiag on this machine. Run it through ``scripts/benchmark``.

    benchmark policy    decisions a second on one core: a role with ten policies, and a key policy
    benchmark patterns  microseconds per unknown ERROR record, and the worst pattern on hostile text
    benchmark watch     latency from a written error to its line, idle CPU, memory after many lines
    benchmark check     seconds for a whole check where no endpoint answers

It prints the median of five rounds of two seconds, with the lowest and the highest.
"""

from __future__ import annotations

import itertools
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import check_figures
import watch_figures
from bench_match import UNKNOWN

from ssmdiag.catalog.lint import hostile
from ssmdiag.catalog.load import load, shipped
from ssmdiag.catalog.match import match
from ssmdiag.catalog.pattern import Catalog, Pattern, search
from ssmdiag.model import Record
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request

_SECONDS = 2.0
_ROUNDS = 5
_ACCOUNT = "111122223333"
_KEY = f"arn:aws:kms:us-east-1:{_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_GROUP = f"arn:aws:logs:us-east-1:{_ACCOUNT}:log-group:/ssm/session-logs"


def _allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def _role() -> list[Policy]:
    """Ten policies of four statements each, as roles gather them: most are beside the point."""
    policies = []
    for number in range(10):
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
    return [*policies[:-1], _policy("sessions", "identity", wanted)]


def _policy(name: str, kind: Any, statements: list[dict[str, Any]]) -> Policy:
    return Policy(name, kind, {"Version": "2012-10-17", "Statement": statements})


def policy() -> None:
    root = {"AWS": f"arn:aws:iam::{_ACCOUNT}:root"}
    key = _policy("key policy", "resource", [_allow("kms:*", "*", Principal=root)])
    policies = Policies(identity=_role(), resource=[key])
    node = f"arn:aws:sts::{_ACCOUNT}:assumed-role/Node/i-0123456789abcdef0"
    role = f"arn:aws:iam::{_ACCOUNT}:role/Node"
    requests = [
        Request(action, resource, node, role, complete=True)
        for action, resource in (
            ("kms:Decrypt", _KEY),
            ("kms:Encrypt", _KEY),
            ("logs:PutLogEvents", f"{_GROUP}:log-stream:a"),
            ("s3:PutObject", "arn:aws:s3:::team-3-prod/a/b.log"),
        )
    ]
    sys.stdout.write(f"Python {platform.python_version()}, {len(policies.identity or ())} policies")
    sys.stdout.write(f" and a key policy, {len(requests)} requests in turn\n")
    rates = sorted(_rate(requests, policies) for _ in range(_ROUNDS))
    low, middle, high = rates[0], rates[_ROUNDS // 2], rates[-1]
    sys.stdout.write(f"decisions a second on one core: {middle:,.0f} ({low:,.0f} to {high:,.0f})\n")


def _rate(requests: list[Request], policies: Policies) -> float:
    done = 0
    start = time.perf_counter()
    for request in itertools.cycle(requests):
        evaluate(request, policies)
        done += 1
        if done % 100 == 0 and time.perf_counter() - start > _SECONDS:
            break
    return done / (time.perf_counter() - start)


# --- the catalogue ------------------------------------------------------------------------------


def patterns() -> None:
    catalog, _ = load([shipped()])
    records = [Record(text, level="ERROR") for text in UNKNOWN]
    for record in records:
        assert match(catalog, record) is None, record.message
    times = sorted(_microseconds(catalog, records) for _ in range(_ROUNDS))
    low, middle, high = times[0], times[_ROUNDS // 2], times[-1]
    sys.stdout.write(f"Python {platform.python_version()}, {len(catalog.patterns)} patterns\n")
    spread = f"{middle:.1f} ({low:.1f} to {high:.1f})"
    sys.stdout.write(f"microseconds per unknown ERROR record: {spread}\n")
    name, worst = max(((p.id, _worst(p)) for p in catalog.patterns), key=lambda each: each[1])
    sys.stdout.write(f"worst pattern on hostile text: {name}, {worst * 1000:.1f} ms\n")
    whole = max(_held(catalog, text) for p in catalog.patterns for text in hostile(p.literals))
    sys.stdout.write(f"longest that one record is held: {whole * 1000:.1f} ms\n")


def _microseconds(catalog: Catalog, records: list[Record]) -> float:
    done = 0
    start = time.perf_counter()
    while time.perf_counter() - start < _SECONDS / 2:
        for record in records:
            match(catalog, record)
        done += len(records)
    return (time.perf_counter() - start) / done * 1e6


def _worst(pattern: Pattern) -> float:
    return max(
        _timed(lambda e=e, t=t: search(e, t))  # type: ignore[misc]
        for e in pattern.expressions
        for t in hostile(pattern.literals)
    )


def _held(catalog: Catalog, text: str) -> float:
    return _timed(lambda: match(catalog, Record(text, level="ERROR")))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(arguments: list[str]) -> int:
    measures = {
        "policy": policy,
        "patterns": patterns,
        "watch": watch_figures.figures,
        "check": check_figures.figures,
    }
    if len(arguments) != 1 or arguments[0] not in measures:
        sys.stderr.write(f"usage: {(__doc__ or '').split(chr(10) + chr(10))[1]}\n")
        return 2
    measures[arguments[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
