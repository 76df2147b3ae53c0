"""``check``, ``snapshot``, ``bundle``: a node in, what holds and what the next session does out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ssmdiag import render
from ssmdiag.demo.account import Account
from ssmdiag.demo.log import write_agent_log
from ssmdiag.demo.story import Story, mistakes
from ssmdiag.requirements.registry import discover
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call
from tests.nodes import Node, node
from tests.program import Done, ssmdiag
from tests.test_cli_diagnose import _AT as AT

DOCS = Path(__file__).parents[1] / "docs" / "check.md"


@pytest.fixture
def story(account: Account) -> Story:
    """The account of the article, with its mistakes, and its node under management."""
    story = mistakes(performing(account.region), account.id, account.region)
    account.act_as(story.caller)
    account.add_node(story.instance_id, LastPingDateTime=1_790_000_000)
    account.received.clear()
    return story


@pytest.fixture
def here(story: Story, tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path, story.instance_id, story.role) as made:
        yield made


def _run(here: Node, *arguments: object) -> Done:
    return ssmdiag(*arguments, "--root", here.root, environ=here.environ)


def _report(done: Done) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _mend(here: Node, account: Account) -> None:
    """Carry out the Changes of a check's Report."""
    perform = performing(account.region)
    for finding in _report(_run(here, "check", "--format", "json"))["findings"]:
        for order in finding["change"]["calls"]:
            perform(call(order["service"], order["operation"], **order["parameters"]))


def test_what_the_article_forgot_is_found_before_any_session_fails(here: Node) -> None:
    done = _run(here, "check")
    said = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "✗ It is refused" in said
    assert (
        "the user reads: “We couldn't start the session because encryption is not set up on the "
        "selected CloudWatch Logs log group." in said
    )
    report = _report(_run(here, "check", "--format", "json"))
    assert [f["resource"]["kind"] for f in report["findings"]] == [
        "role",
        "key-policy",
        "log-group",
    ]
    assert all(f["proof"]["proved"] for f in report["findings"])


def test_once_mended_the_next_session_starts_and_its_log_arrives_encrypted(
    here: Node, story: Story, account: Account
) -> None:
    _mend(here, account)
    account.received.clear()
    done = _run(here, "check")
    assert done.returncode == 0, done.stdout
    assert " ".join(done.stdout.split()).startswith(
        f"✓ It starts, and its log arrives in log group {story.log_group}, encrypted with KMS key "
        f"{story.key_arn}."
    )
    asked = [(r.service, r.operation, str(sorted(r.parameters.items()))) for r in account.received]
    assert len(asked) == len(set(asked))
    told = DOCS.read_text("utf-8")
    assert {f"{s}:{o}" for s, o in account.requests if f"`{s}:{o}`" not in told} == set()
    assert _run(here, "check", "--quiet") == Done(0, "", "")


def test_a_report_keeps_to_the_schema_and_carries_the_outcome(here: Node) -> None:
    report = _report(_run(here, "check", "--format", "json"))
    schema = Path(render.__path__[0]) / "report.schema.json"
    jsonschema.validate(report, json.loads(schema.read_text("utf-8")))
    assert report["outcome"]["starts"] == "no"


def test_of_what_does_not_hold_each_has_its_fix_below_it(here: Node) -> None:
    here.rewrite("etc/amazon/ssm/amazon-ssm-agent.json", '{"Agent": {"Region": }')
    said = _run(here, "check", "--only", "agent", "--quiet").stdout
    link = said.index("✗ BROKEN            amazon-ssm-agent.json is valid")
    assert said.index("line 1, column 22") > link
    assert "Fix" in said[link:]
    assert "✓" not in said


def test_only_some_layers_subjects_or_requirements_may_be_wanted(here: Node) -> None:
    report = _report(_run(here, "check", "--only", "network, clock/skew", "--format", "json"))
    assert {link["id"].split("/")[0] for link in report["chain"]} == {"network", "clock", "service"}
    assert report["outcome"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["check", "--only", "netwrok"], 2, "there is nothing to check called 'netwrok': host, "),
        (["check", "--snapshot", "/no/such.json"], 3, "/no/such.json cannot be read"),
        (["snapshot", "/no/such/folder/node.json"], 3, "/no/such/folder/node.json cannot be"),
        (["bundle", "/tmp/x.tar.gz", "--log", "/no/such.log"], 3, "/no/such.log"),
        (["diagnose", "--bundle", "/no/such.tar.gz"], 3, "/no/such.tar.gz cannot be read"),
        (["diagnose", "--bundle", __file__], 3, "cannot be unpacked"),
        (["diagnose", "--bundle", "x", "--offline"], 2, "brings its own log"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    here: Node, arguments: list[str], code: int, complaint: str
) -> None:
    done = _run(here, *arguments)
    assert done.returncode == code
    assert complaint in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_who_starts_sessions_is_checked_on_request(here: Node, account: Account) -> None:
    perform = performing(account.region)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    perform(call("iam", "CreateRole", RoleName="Operator", AssumeRolePolicyDocument=trust))
    user = f"arn:aws:iam::{account.id}:role/Operator"
    report = _report(_run(here, "check", "--only", "caller", "--as-user", user, "--format", "json"))
    verdicts = {link["id"]: link["verdict"] for link in report["chain"]}
    assert verdicts["caller/session-actions"] == "broken"
    assert verdicts["caller/generate-data-key"] == "broken"
    assert "ssm:StartSession" in report["findings"][0]["said"]


def test_a_snapshot_gives_the_same_report_elsewhere_redacted_or_not(
    here: Node, story: Story, tmp_path: Path, account: Account
) -> None:
    live = _report(_run(here, "check", "--format", "json"))
    for redacted in ([], ["--redact"]):
        file = tmp_path / "evidence.json"
        assert _run(here, "snapshot", file, *redacted).returncode == 0
        assert file.stat().st_mode & 0o077 == 0
        text = file.read_text("utf-8")
        assert (story.account_id in text) == (not redacted)
        account.received.clear()
        elsewhere = _report(ssmdiag("check", "--snapshot", file, "--format", "json"))
        assert account.received == []
        assert _verdicts(elsewhere) == _verdicts(live)
        assert elsewhere["outcome"]["starts"] == live["outcome"]["starts"]


def test_a_bundle_repeats_the_diagnosis_on_another_machine(
    here: Node, story: Story, tmp_path: Path, account: Account
) -> None:
    logs = here.root / "var/log/amazon/ssm"
    for old in logs.glob("*"):
        old.unlink()
    write_agent_log(logs, story, "refused", AT)
    live = _report(_run(here, "diagnose", "--format", "json"))
    for redacted in ([], ["--redact"]):
        file = tmp_path / "ticket.tar.gz"
        done = _run(here, "bundle", file, *redacted)
        assert done.returncode == 0, done.stderr
        assert "amazon-ssm-agent.log" in done.stdout
        account.received.clear()
        elsewhere = ssmdiag("diagnose", "--bundle", file, "--format", "json")
        assert account.received == []
        assert (story.account_id in elsewhere.stdout) == (not redacted)
        report = _report(elsewhere)
        assert _verdicts(report) == _verdicts(live)
        assert [s["pattern"] for f in report["findings"] for s in f["symptoms"]] == [
            s["pattern"] for f in live["findings"] for s in f["symptoms"]
        ]
        # A bundle is a snapshot too.
        assert ssmdiag("check", "--snapshot", file).returncode == 1


def test_the_guide_lists_every_requirement() -> None:
    rows = [f"| {r.layer} | `{r.id}` | {r.title} |" for r in discover()]
    head = "| layer | id | what must hold |\n|---|---|---|\n"
    before, rest = DOCS.read_text("utf-8").split(head)
    after = rest.partition("\n\n")[2]
    whole = "".join((before, head, "\n".join(rows), "\n\n", after))
    if os.environ.get("SSMDIAG_REGENERATE"):
        DOCS.write_text(whole, "utf-8")
    assert DOCS.read_text("utf-8") == whole


def _verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {link["id"]: link["verdict"] for link in report["chain"]}
