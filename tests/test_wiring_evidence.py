"""What leaves the node in a file: without credentials, on request without who, and still enough for
the same diagnosis."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import Story, mistakes
from ssmdiag.wiring.archive import SNAPSHOT, member
from ssmdiag.wiring.reach import performing
from tests.program import Done, ssmdiag

PROFILE = (
    "export HTTPS_PROXY=http://u:hunter2pass@proxy:3128; export AWS_SECRET_ACCESS_KEY=wJalrXUtn"
)
SECRETS = ("hunter2pass", "wJalrXUtn", "hunter3pass")
ENVIRON = {"HTTPS_PROXY": "http://u:hunter3pass@127.0.0.1:9"}


@pytest.fixture
def story(account: Account) -> Story:
    story = mistakes(performing(account.region), account.id, account.region)
    account.act_as(story.caller)
    return story


def _prefer(story: Story, **inputs: Any) -> None:
    """Change the preferences in force."""
    ssm = boto3.client("ssm")
    document = json.loads(ssm.get_document(Name=story.preferences)["Content"])
    document["inputs"].update(inputs)
    made = ssm.update_document(
        Name=story.preferences, Content=json.dumps(document), DocumentVersion="$LATEST"
    )
    version = made["DocumentDescription"]["DocumentVersion"]
    ssm.update_document_default_version(Name=story.preferences, DocumentVersion=version)


def _person(account: Account, name: str) -> str:
    """A user who may start sessions, and those of the own name only; returns the ARN."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name, Path="/people/")
    own = {"StringEquals": {"aws:username": name}}
    statements = [
        {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*", "Condition": own},
        {"Effect": "Allow", "Action": "ssm:*", "Resource": f"arn:aws:ssm:*:*:session/{name}-*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="Sessions", PolicyDocument=document)
    return f"arn:aws:iam::{account.id}:user/people/{name}"


@pytest.mark.parametrize("redacted", [[], ["--redact"]], ids=["plain", "redacted"])
@pytest.mark.parametrize(
    "command",
    [
        ("diagnose", "{log}"),
        ("check", "--only", "preferences,local/session-user"),
        ("predict",),
        ("can", "kms:Decrypt", "*"),
        ("setup", "plan", "--log-group", "g"),
        ("setup", "verify"),
        ("setup", "observe"),
        ("snapshot",),
        ("bundle", "--log", "{log}"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_no_command_saves_credentials_and_on_request_none_saves_accounts_and_names(
    account: Account, story: Story, tmp_path: Path, command: tuple[str, ...], redacted: list[str]
) -> None:
    _prefer(
        story,
        shellProfile={"linux": PROFILE, "windows": ""},
        runAsEnabled=True,
        runAsDefaultUser="alice.smith",
    )
    log = tmp_path / "agent.log"
    log.write_text("2026-11-20 14:22:07 ERROR [ssm-session-worker] nothing\n", encoding="utf-8")
    saved = tmp_path / "saved"
    named = [] if command[0] in ("snapshot", "bundle") else ["--save-snapshot"]
    words = [word.format(log=log) for word in command]
    done = ssmdiag(*words, *named, saved, *redacted, environ=ENVIRON)
    assert done.returncode in (0, 1, 4), done.stderr
    raw = saved.read_bytes()
    text = (member(raw, SNAPSHOT) if command[0] == "bundle" else raw).decode("utf-8")
    assert [secret for secret in SECRETS if secret in text] == []
    assert (account.id in text) == (not redacted)
    if "alice" in text:
        assert not redacted
    assert json.loads(text)["answers"]


def test_apply_saves_no_credentials(account: Account, tmp_path: Path) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}}
    document = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    iam = boto3.client("iam")
    iam.create_role(RoleName="Operators", AssumeRolePolicyDocument=json.dumps(document))
    account.act_as(f"arn:aws:iam::{account.id}:root")
    saved = tmp_path / "saved.json"
    wish = ("--log-group", "g", "--role", "NodeRole", "--session-user", "Operators")
    own = ("--shell-profile", PROFILE, "--yes", "--save-snapshot", saved)
    done = ssmdiag("setup", "apply", *wish, *own, "--backup", tmp_path / "backup")
    assert done.returncode == 0, done.stdout + done.stderr
    text = saved.read_text(encoding="utf-8")
    assert "export HTTPS_PROXY=http://[masked]@proxy:3128" in text
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("name", ["alice.smith", "bob", "deploy"])
@pytest.mark.parametrize(
    "question",
    [
        ("can", "kms:Decrypt", "*", "--as"),
        ("can", "ssm:StartSession", "*", "--as"),
        ("check", "--only", "caller,preferences,local/session-user", "--as-user"),
        ("predict", "--as-user"),
    ],
    ids=lambda question: " ".join(question[:2]),
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_is_named_in_a_redacted_answer(
    account: Account, story: Story, name: str, question: tuple[str, ...], form: str
) -> None:
    _prefer(story, runAsEnabled=True, runAsDefaultUser=name)
    arn = _person(account, name)
    plain = ssmdiag(*question, arn, "--format", form)
    done = ssmdiag(*question, arn, "--format", form, "--redact")
    assert done.returncode == plain.returncode
    assert _whole(name, plain.stdout)
    assert not _whole(name, done.stdout)
    if form == "json":
        assert json.loads(done.stdout).keys() == json.loads(plain.stdout).keys()


def _whole(name: str, text: str) -> list[str]:
    return re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", text)


@pytest.mark.parametrize("name", ["alice.smith", "bob", "deploy"])
def test_a_redacted_snapshot_gives_the_same_diagnosis(
    account: Account, story: Story, tmp_path: Path, name: str
) -> None:
    _prefer(story, runAsEnabled=True, runAsDefaultUser=name)
    arn = _person(account, name)
    saved = tmp_path / "saved.json"
    for question in (("check", "--as-user"), ("can", "ssm:StartSession", "*", "--as")):
        live = ssmdiag(*question, arn, "--format", "json", "--save-snapshot", saved, "--redact")
        assert not _whole(name, saved.read_text(encoding="utf-8"))
        masked = "arn:aws:iam::111111111111:user/people/user-1"
        account.received.clear()
        again = ssmdiag(*question, masked, "--format", "json", "--snapshot", saved)
        assert account.received == []
        assert _judged(again) == _judged(live)


def _judged(done: Done) -> Any:
    report = json.loads(done.stdout)
    if "chain" not in report:
        return done.returncode, report["outcome"]
    return done.returncode, {link["id"]: link["verdict"] for link in report["chain"]}
