"""``ssmdiag diagnose`` as a person runs it: its output and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from ssmdiag import __version__, render
from ssmdiag.demo.account import Account
from ssmdiag.demo.log import Outcome, write_agent_log
from ssmdiag.demo.story import Story, mistakes
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call
from tests.program import Done, process, ssmdiag

_AT = datetime(2026, 11, 20, 14, 22, 7)
_DENIED_LINE = (
    "2026-11-20 14:22:07.2932 ERROR [ssm-session-worker] [maria-0a1b2c3d4e5f67890] [DataBackend] "
    "[pluginName=Standard_Stream] Error Calling DescribeLogGroups:AccessDeniedException: User: "
    "arn:aws:sts::444455556666:assumed-role/NodeRole/i-0f00dfeed00c0ffee is not authorized to "
    "perform: logs:DescribeLogGroups on resource: "
    "arn:aws:logs:eu-west-1:444455556666:log-group::log-stream: because no identity-based policy "
    "allows the logs:DescribeLogGroups action\n\tstatus code: 400, request id: 11\n"
)


@pytest.fixture
def story(account: Account) -> Story:
    story = mistakes(performing(account.region), account.id, account.region)
    account.act_as(story.caller)
    account.received.clear()
    return story


@pytest.fixture
def log(tmp_path: Path, story: Story) -> Path:
    return _log(tmp_path, story, "refused")


def _log(folder: Path, story: Story, outcome: Outcome) -> Path:
    write_agent_log(folder, story, outcome, _AT)
    return folder


def _run(*arguments: object, stdin: str = "", **environ: str) -> Done:
    return ssmdiag("diagnose", *arguments, stdin=stdin, environ=environ)


def _mend(account: Account, log: Path) -> None:
    """Run the commands that the report prints."""
    report = json.loads(_run(log, "--format", "json").stdout)
    for finding in report["findings"]:
        script = "\n".join(finding["change"]["commands"])
        subprocess.run(["/bin/sh", "-euc", script], env=account.environ, check=True)


def test_the_mistakes_are_found_fixed_by_the_printed_commands_and_gone(
    account: Account, log: Path
) -> None:
    before = _run(log, "--format", "json")
    report = json.loads(before.stdout)
    assert before.returncode == 1
    assert [f["resource"]["kind"] for f in report["findings"]] == [
        "role",
        "key-policy",
        "log-group",
    ]
    assert all(f["proof"]["proved"] for f in report["findings"])

    _mend(account, log)

    after = _run(log)
    assert after.returncode == 0, after.stdout
    assert after.stdout.startswith("Nothing is wrong")


def test_fixes_in_another_order_fail_as_they_do_in_aws(account: Account, log: Path) -> None:
    report = json.loads(_run(log, "--format", "json").stdout)
    encrypt = report["findings"][2]["change"]["commands"][0]
    done = subprocess.run(
        ["/bin/sh", "-euc", encrypt],
        env=account.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "is not allowed to be used with LogGroup" in done.stderr


def test_no_call_is_made_twice_and_nothing_is_written(account: Account, log: Path) -> None:
    _run(log)
    asked = [(r.service, r.operation, str(sorted(r.parameters.items()))) for r in account.received]
    assert len(asked) == len(set(asked))
    assert all(operation.startswith(("Get", "List", "Describe")) for _, operation, _ in asked)


def test_a_healthy_node_costs_only_the_calls_that_help_documents(
    story: Story, account: Account, log: Path, tmp_path: Path
) -> None:
    _mend(account, log)
    account.received.clear()
    healthy = tmp_path / "healthy"
    healthy.mkdir()
    assert _run(_log(healthy, story, "logged")).returncode == 0
    told = "".join(_run("--help", COLUMNS="10000").stdout.split())
    for service, operation in account.requests:
        assert f"{service}:{operation}" in told


def test_a_snapshot_gives_the_same_report_where_there_is_no_aws(
    account: Account, log: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "evidence.json"
    live = _run(log, "--save-snapshot", saved)
    account.received.clear()
    replayed = _run(log, "--snapshot", saved)
    assert (replayed.stdout, replayed.returncode) == (live.stdout, live.returncode)
    assert account.received == []
    assert saved.stat().st_mode & 0o077 == 0


def test_two_runs_give_the_same_bytes_and_keep_to_the_schema(log: Path) -> None:
    first, second = (_run(log, "--format", "json").stdout for _ in range(2))
    assert first == second
    schema = Path(render.__path__[0]) / "report.schema.json"
    jsonschema.validate(json.loads(first), json.loads(schema.read_text(encoding="utf-8")))


def test_run_command_keeps_every_cause_with_its_fix(story: Story, log: Path) -> None:
    kept = _run(log).stdout[:2500]
    for essence in (
        "logs:DescribeLogGroups",
        story.role,
        f"logs.{story.region}.amazonaws.com",
        f"encrypt log group {story.log_group}",
    ):
        assert essence in kept


def test_from_the_log_alone_nothing_is_called_broken() -> None:
    done = _run("--offline", "-", stdin=_DENIED_LINE)
    assert done.returncode == 4
    assert "NodeRole" in done.stdout.splitlines()[0]
    assert "AWS was not asked" in done.stdout


def test_a_log_without_trouble_is_well_offline(story: Story, tmp_path: Path) -> None:
    done = _run("--offline", _log(tmp_path, story, "logged"))
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_refused_call_leaves_open_is_said_with_the_missing_permission(
    account: Account, log: Path
) -> None:
    account.faults.refuse("iam", "ListRolePolicies", reason="identity")
    report = json.loads(_run(log, "--format", "json").stdout)
    role = next(f for f in report["findings"] if f["resource"]["kind"] == "role")
    assert role["verdict"] == "unverified"
    assert "iam:ListRolePolicies" in " ".join(role["settle"])
    assert {f["resource"]["kind"] for f in report["findings"] if f["verdict"] == "broken"} == {
        "key-policy",
        "log-group",
    }


def test_kms_bears_witness_in_a_dry_run_where_policies_may_not_be_read(
    account: Account, log: Path
) -> None:
    for operation in ("GetRole", "ListRolePolicies", "ListAttachedRolePolicies"):
        account.faults.refuse("iam", operation, reason="identity")
    report = json.loads(_run(log, "--format", "json").stdout)
    link = next(c for c in report["chain"] if c["id"] == "role/kms-decrypt")
    assert link["verdict"] == "holds"
    assert link["evidence"] == [
        "AWS answers a dry run of it, which does nothing, made with the same role"
    ]


@pytest.mark.parametrize("fault", ["hang", "break_off", "throttle"])
def test_a_service_that_does_not_answer_is_said_and_the_rest_still_judged(
    fault: str, account: Account, log: Path
) -> None:
    getattr(account.faults, fault)("kms")
    done = process("diagnose", log, "--format", "json", "--timeout", "2")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert report["findings"][0]["resource"]["kind"] == "role"
    assert any(c["answer"] == "unreachable" for c in report["calls"])


def test_without_credentials_all_is_unverified_in_one_report(log: Path) -> None:
    done = _run(log, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert done.returncode == 4
    assert "credentials" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["/no/such/agent.log"], 3, "/no/such/agent.log"),
        (["--offline", "--since", "2027-01-01", "-"], 3, "the log ends at 2026-11-20 14:22:07"),
        (["--offline", "--session", "nobody-1", "-"], 3, "says nothing of session nobody-1"),
        (["--offline", "/dev/null"], 3, "/dev/null"),
        (["--snapshot", "/no/such.json", "-"], 3, "/no/such.json cannot be read"),
        (["--since", "yesterday-ish", "-"], 2, "is not a moment"),
        (["--format", "xml"], 2, "xml"),
        (["--offline", "--save-snapshot", "x", "-"], 2, "asks nobody"),
        (["--all", "--since", "24h", "-"], 2, "--all"),
        (["--profile", "nobody", "--region", "us-east-1", "-"], 3, "profile (nobody) could not be"),
        (["--output", "/no/such/folder/report.txt", "--offline", "-"], 3, "cannot be written"),
    ],
)
def test_bad_input_is_one_clear_line_and_the_right_exit_code(
    arguments: list[str], code: int, complaint: str
) -> None:
    done = _run(*arguments, stdin=_DENIED_LINE)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert complaint in " ".join(done.stderr.replace("│", " ").split())


def test_nothing_personal_is_left_when_redacted(story: Story, log: Path) -> None:
    for form in ("text", "json"):
        shown = _run(log, "--redact", "--format", form).stdout
        assert story.account_id not in shown
        assert "alice" not in shown
        assert story.role in shown


def test_version_answers_without_loading_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ssmdiag", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"ssmdiag {__version__}\n"
    assert "typer" not in done.stderr


def test_an_unencrypted_group_is_fine_where_nobody_demands_encryption(
    story: Story, account: Account, log: Path
) -> None:
    perform = performing(account.region)
    content = json.dumps(
        {
            "schemaVersion": "1.0",
            "sessionType": "Standard_Stream",
            "inputs": {
                "cloudWatchLogGroupName": story.log_group,
                "cloudWatchEncryptionEnabled": False,
            },
        }
    )
    perform(
        call(
            "ssm",
            "UpdateDocument",
            Name=story.preferences,
            DocumentVersion="$LATEST",
            DocumentFormat="JSON",
            Content=content,
        )
    )
    perform(
        call("ssm", "UpdateDocumentDefaultVersion", Name=story.preferences, DocumentVersion="2")
    )
    report = json.loads(_run(log, "--format", "json").stdout)
    assert [f["resource"]["kind"] for f in report["findings"]] == ["role"]


def test_with_the_nodes_own_credentials_a_refused_call_is_a_witness(
    account: Account, log: Path
) -> None:
    """On the node ssmdiag usually has the agent's role, which may not read IAM or KMS: but what AWS
    refuses ssmdiag, it refuses the agent."""
    for service in ("iam", "kms", "logs"):
        account.faults.refuse(service, reason="identity")
    report = json.loads(_run(log, "--format", "json").stdout)
    role, *others = report["findings"]
    assert (role["verdict"], role["resource"]["kind"]) == ("broken", "role")
    assert "AWS refuses ssmdiag's own Call, made with the same role" in role["evidence"][0]
    assert not role["proof"]["proved"]
    assert {f["verdict"] for f in others} == {"unverified"}


def test_another_role_reads_aws_and_is_not_taken_for_the_agents(
    story: Story, account: Account, log: Path
) -> None:
    reader = f"arn:aws:iam::{story.account_id}:role/{story.role}"
    report = json.loads(_run(log, "--assume-role", reader, "--format", "json").stdout)
    assert report["verdict"] == "broken"
    assert [r for r in account.requests if r == ("sts", "AssumeRole")] == [("sts", "AssumeRole")]


def test_a_role_that_may_not_be_assumed_is_said_at_once(account: Account, log: Path) -> None:
    account.faults.refuse("sts", "AssumeRole", reason="identity")
    done = _run(log, "--assume-role", "arn:aws:iam::123456789012:role/Reader")
    assert done.returncode == 3
    assert "sts:AssumeRole" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert account.requests == [("sts", "AssumeRole")]


def test_preferences_are_mended_by_the_printed_commands_too(
    story: Story, account: Account, log: Path
) -> None:
    """A new version of the document counts only once it is the default one."""
    perform = performing(account.region)
    _mend(account, log)
    content = perform(call("ssm", "GetDocument", Name=story.preferences))["Content"]
    wrong = content.replace(story.log_group, story.log_group.upper())
    perform(
        call(
            "ssm",
            "UpdateDocument",
            Name=story.preferences,
            DocumentVersion="$LATEST",
            DocumentFormat="JSON",
            Content=wrong,
        )
    )
    version = {"Name": story.preferences, "DocumentVersion": "2"}
    perform(call("ssm", "UpdateDocumentDefaultVersion", **version))
    report = json.loads(_run(log, "--format", "json").stdout)
    assert [f["resource"]["kind"] for f in report["findings"]] == ["prefs-document"]

    _mend(account, log)

    assert _run(log).returncode == 0
    mended = perform(call("ssm", "GetDocument", Name=story.preferences))
    assert json.loads(mended["Content"]) == json.loads(content)


@pytest.mark.parametrize(
    "hostile",
    [
        _DENIED_LINE.replace("NodeRole", "Node'; touch /tmp/owned; '"),
        _DENIED_LINE.replace("DescribeLogGroups", "PutLogEvents").replace(
            "log-group::", "log-group:x'$(touch /tmp/owned)'y:"
        ),
        _DENIED_LINE.replace("eu-west-1", "eu-west-1;touch /tmp/owned"),
        _DENIED_LINE.replace("no identity-based", "\x1b[2J\u202e no identity-based"),
    ],
    ids=["role", "log group", "region", "terminal"],
)
def test_nothing_hostile_gets_from_a_log_into_a_command_or_a_terminal(hostile: str) -> None:
    shown = _run("--offline", "-", stdin=hostile).stdout
    report = json.loads(_run("--offline", "-", "--format", "json", stdin=hostile).stdout)
    changes = [f["change"] for f in report["findings"] if f["change"]]
    assert "touch" not in json.dumps(changes)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
