"""What a fleet of nodes that run ``ssmdiag watch`` costs. Run it through ``scripts/scale``.

    scale              print the tables of docs/scale.md
    scale --measure    measure the inputs on this machine, and print them
    scale --write      measure, keep the inputs, and write the tables into docs/scale.md

The inputs stand in ``scripts/scale-inputs.json``; what is made of them in ``scale_simulation.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scale_simulation import (
    CRON,
    DAY,
    EVERY,
    FOR_EVER,
    FORMS,
    RECHECK,
    TIMER,
    Quota,
    burst,
    day,
    spread,
)

HERE = Path(__file__).resolve().parent
INPUTS = HERE / "scale-inputs.json"
PAGE = HERE.parent / "docs" / "scale.md"

FLEETS = (1, 1_000, 100_000)
_CAUSES, _DOUBTED = 3, 2
"""Causes of the fault (the article's), and how many cannot be looked at while CloudWatch Logs
throttles: seen on the demonstration account."""


_KMS = "AWS KMS Developer Guide, Request quotas"
_LOGS = "AWS General Reference, Amazon CloudWatch Logs endpoints and quotas"
_NONE = "no rate was found"
QUOTAS = (
    Quota(("logs:DescribeLogGroups",), 10, None, _LOGS),
    Quota(("sts:GetCallerIdentity",), 600, None, "IAM User Guide, IAM and AWS STS quotas"),
    Quota(("kms:ListGrants",), 100, None, _KMS),
    Quota(("kms:Decrypt",), 10_000, None, f"{_KMS} (shared; more in some Regions)"),
    Quota(("kms:GetKeyPolicy",), 1000, None, _KMS),
    Quota(("kms:DescribeKey",), 2000, None, _KMS),
    Quota(("iam:",), None, None, _NONE),
    Quota(("ssm:GetDocument",), None, None, _NONE),
    Quota(("s3:GetBucket",), None, None, _NONE),
)


# --- the tables ---------------------------------------------------------------------------------


def tables(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The tables of the page, by the names of their places there."""
    calls: Mapping[str, Mapping[str, int]] = inputs["calls"]
    first = next(iter(calls.values()))
    return {
        "cpu": _table(["", *(_many(n) for n in FLEETS)], _cpu(inputs["cpu_ms"])),
        "calls": _table(
            ["outcome", "IAM", "KMS", "Logs", "S3", "SSM", "STS", "together"], _per_look(calls)
        ),
        "quotas": _table(["requests", "quota a second", "published in"], _quotas()),
        "quiet": _table(
            ["", *(_many(n) for n in FLEETS), "quota"], _quiet(first, sum(first.values()))
        ),
        "fault": _table(_FAULT, _fault(first)),
        "day": _table(_LASTING, _lasting()),
        "told": _table(["", *(_many(n) for n in FLEETS), "quota of `sns:Publish`"], _told()),
    }


def _cpu(ms: Mapping[str, float]) -> Iterator[list[str]]:
    runs = DAY // EVERY
    looks = DAY // RECHECK * (ms["run_that_asks"] - ms["run_with_nothing_new"])
    idle = ms["idle_minute_for_ever"] * 24 * 60
    for what, a_day in (
        ("timer, nothing new", runs * ms["run_with_nothing_new"]),
        ("timer, a fault that goes on all day", runs * ms["run_with_nothing_new"] + looks),
        ("for ever, nothing new", idle),
        ("for ever, a fault that goes on all day", idle + looks),
    ):
        yield [what, *(_seconds(nodes * a_day / 1000) for nodes in FLEETS)]


def _per_look(calls: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    for outcome, asked in calls.items():
        services = [_of(asked, f"{s}:") for s in ("iam", "kms", "logs", "s3", "ssm", "sts")]
        yield [outcome, *map(str, services), str(sum(asked.values()))]


def _of(asked: Mapping[str, int], prefix: str) -> int:
    return sum(many for name, many in asked.items() if name.startswith(prefix))


def _quotas() -> Iterator[list[str]]:
    for quota in QUOTAS:
        names = ", ".join(f"{c}*" if c.endswith((":", "Bucket")) else c for c in quota.calls)
        yield [names, f"{quota.rate:,}" if quota.rate else "?", quota.source]


def _quiet(asked: Mapping[str, int], together: int) -> Iterator[list[str]]:
    yield ["no open cause", *("0" for _ in FLEETS), ""]
    rate = [nodes / 100 / RECHECK for nodes in FLEETS]
    yield ["one node in 100 has one: all Calls", *(_rate(r * together) for r in rate), ""]
    for quota in QUOTAS:
        many = sum(_of(asked, name) for name in quota.calls)
        if many and quota.rate:
            label = f"of these {quota.calls[0]}"
            yield [label, *(_rate(r * many) for r in rate), f"{quota.rate:,}"]


_FAULT = (
    "nodes",
    "form",
    "`--spread`",
    "all Calls",
    "DescribeLogGroups",
    "GetCallerIdentity",
    "IAM",
    "throttled",
    "clear after",
)


def _fault(asked: Mapping[str, int]) -> Iterator[list[str]]:
    logs, sts = QUOTAS[:2]
    for nodes in FLEETS:
        for form in FORMS:
            for seconds in (0, 60 if form is CRON else 300) if nodes > 1 else (0,):
                if form is TIMER and seconds:
                    continue
                asks = spread(form.asks, seconds)
                worst = nodes * max(asks.values())
                seen = burst(nodes, asks, logs)
                yield [
                    _many(nodes),
                    form.name,
                    f"{seconds // 60}m" if seconds else "0s",
                    _rate(worst * sum(asked.values())),
                    _rate(seen.peak),
                    _rate(burst(nodes, asks, sts).peak),
                    _rate(worst * _of(asked, "iam:")),
                    f"{seen.throttled:.0%}",
                    f"{seen.clear_after} s" if seen.clear_after else "at once",
                ]


_LASTING = ("nodes", "form", "holds off", "first hour", "last hour", "looked through", "messages")


def _lasting() -> Iterator[list[str]]:
    for nodes in FLEETS:
        for form in (TIMER, FOR_EVER):
            for holds in (False, True):
                seen = day(nodes, form, QUOTAS[0], holds=holds, causes=_CAUSES, doubted=_DOUBTED)
                yield [
                    _many(nodes),
                    form.name,
                    "yes" if holds else "no",
                    _rate(seen.first_hour),
                    _rate(seen.last_hour),
                    f"{seen.looked_through:.0%}",
                    f"{seen.messages:.0f}",
                ]


def _told() -> Iterator[list[str]]:
    yield ["messages, told and resolved", *(f"{2 * _CAUSES * n:,}" for n in FLEETS), ""]
    rates = (_CAUSES * n / EVERY for n in FLEETS)
    yield ["a second, over 5 minutes", *(_rate(r) for r in rates), "300 to 30,000 by Region"]


def _many(nodes: int) -> str:
    return "1 node" if nodes == 1 else f"{nodes:,} nodes"


def _rate(a_second: float) -> str:
    if a_second >= 10:
        return f"{a_second:,.0f}"
    return f"{a_second:.2g}" if a_second >= 0.001 else "< 0.001"


def _seconds(seconds: float) -> str:
    if seconds < 3600:
        return f"{seconds:,.0f} s"
    cores = seconds / DAY
    return f"{seconds / 3600:,.0f} h" + (f" ({cores:,.0f} cores)" if cores >= 2 else "")


def _table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def filled(page: str, made: Mapping[str, str]) -> str:
    """The page with the tables in their places: between ``<!-- NAME -->`` and ``<!-- end -->``."""
    for name, table in made.items():
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not mark or not end:
            raise ValueError(f"the page has no place for the table {name!r}")
        page = f"{before}{mark}{table}{end}{after}"
    return page


def inputs() -> dict[str, Any]:
    """What was measured last."""
    found: dict[str, Any] = json.loads(INPUTS.read_text(encoding="utf-8"))
    return found


def main(arguments: Sequence[str]) -> None:
    if len(arguments) > 1 or (arguments and arguments[0] not in ("--measure", "--write")):
        raise SystemExit(__doc__)
    if arguments:
        import scale_measure

        text = scale_measure.text()
        if arguments[0] == "--measure":
            print(text, end="")  # noqa: T201
            return
        INPUTS.write_text(text, encoding="utf-8")
    made = tables(inputs())
    for table in made.values():
        print(table)  # noqa: T201
    if arguments:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
