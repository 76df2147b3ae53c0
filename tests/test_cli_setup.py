"""``ssmdiag setup`` as a person runs it, on the embedded account."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call
from tests.program import ssmdiag
from tests.starting_states import GROUP, ROLE, STATES, start, unmet

# What it starts is mostly other programs; test_cli_observe does so on every Python.
pytestmark = pytest.mark.exhaustive

_ARTICLE = (
    *("--log-group", GROUP, "--key-alias", "session-manager-logs", "--role", ROLE),
    *("--retention", "365", "--session-user", "Operators"),
)
_NOBODY = ("--account", "123456789012", "--region", "us-east-1", "--role", "Nodes")


@pytest.fixture
def empty(account: Account) -> Account:
    start(STATES["empty"], account.id)
    account.received.clear()
    return account


# --- without credentials ------------------------------------------------------------------------


def test_without_credentials_the_plan_is_that_for_an_empty_account(account: Account) -> None:
    asked = ("--log-group", "ssm/sessions", *_NOBODY)
    done = ssmdiag("setup", "plan", *asked)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("6 steps to be done in us-east-1, account 123456789012.\n")
    assert "Proved on paper: 22 requirements hold with it, and none is broken." in done.stdout
    assert account.requests == []


@pytest.mark.parametrize("form", ["commands", "powershell", "cloudformation", "terraform", "json"])
def test_every_format_is_there_for_the_asking(form: str, tmp_path: Path) -> None:
    file = tmp_path / "plan"
    asked = ("--log-group", "ssm/sessions", *_NOBODY, "--format", form)
    done = ssmdiag("setup", "plan", *asked, "--output", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "ssm/sessions" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--log-group", "a b"), "'a b' cannot be the name of a log group"),
        (("--log-group", "aws/x"), "names that begin with aws/ belong to AWS"),
        (("--log-group", "x", "--retention", "200"), "nearest: 180 or 365"),
        (("--log-group", "x", "--key-alias", "aws/ebs"), "belongs to AWS"),
        (("--log-group", "x", "--key-alias", "a b"), "cannot be an alias"),
        (("--log-group", "x", "--key", "alias/x"), "an alias goes with --key-alias"),
        (
            ("--log-group", "x", "--key", "arn:aws:kms:eu-west-1:123456789012:key/1"),
            "can only use a key of us-east-1",
        ),
        (
            ("--log-group", "x", "--key", "arn:aws-cn:kms:us-east-1:123456789012:key/1"),
            "is of partition aws-cn; us-east-1 belongs to aws",
        ),
        (
            ("--log-group", "x", "--session-user", "arn:aws:iam::123456789012:group/g"),
            "name a role or a user",
        ),
        (("--log-group", "x", "--key-admin", "a/b c"), "neither an ARN nor the name of a role"),
        (("--log-group", "x", "--idle-timeout", "61"), "it may be 1 to 60"),
        (("--log-group", "x", "--max-duration", "0"), "it may be 1 to 1440"),
        (("--s3-bucket", "UPPER"), "cannot be the name of a bucket"),
        (("--log-group", "x", "--s3-prefix", "y"), "goes with a bucket"),
        (("--log-group", "x", "--run-as", "a b"), "cannot be the name of an OS user"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_is_said_in_one_line_before_anybody_is_asked(
    asked: tuple[str, ...], said: str, account: Account
) -> None:
    done = ssmdiag("setup", "plan", *asked, "--region", "us-east-1", "--role", "Nodes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert account.requests == []


# --- what only the account tells ----------------------------------------------------------------


def _alone(account: Account) -> tuple[str, ...]:
    perform = performing(account.region)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    perform(call("iam", "CreateRole", RoleName="Alone", AssumeRolePolicyDocument=json.dumps(trust)))
    return ("--log-group", "x", "--role", "Alone")


def _asymmetric(account: Account) -> tuple[str, ...]:
    made = performing(account.region)(
        call("kms", "CreateKey", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    )
    return ("--log-group", "x", "--role", "Nodes", "--key", made["KeyMetadata"]["Arn"])


def _nobody(account: Account) -> tuple[str, ...]:
    del account
    return ("--log-group", "x", "--role", "Nodes", "--session-user", "Nobody")


def _nowhere(account: Account) -> tuple[str, ...]:
    del account
    return ("--role", "Nodes")


@pytest.mark.parametrize(
    ("ground", "said"),
    [
        (_alone, "role Alone is in no instance profile, so no instance can have it"),
        (_asymmetric, "take a symmetric encryption key only"),
        (_nobody, "there is no role Nobody in account 123456789012"),
        (_nowhere, "it is not said where sessions shall be logged"),
    ],
)
def test_what_the_account_does_not_admit_is_said_in_one_line(
    ground: Any, said: str, account: Account
) -> None:
    done = ssmdiag("setup", "plan", *ground(account))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


# --- applied ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["empty", "foreign statements", "China", "no preferences"])
def test_what_is_applied_holds_and_a_second_plan_is_empty(
    name: str, account: Account, tmp_path: Path
) -> None:
    state = STATES[name]
    start(state, account.id)
    where = ("--region", state.region)
    done = ssmdiag("setup", "apply", "--yes", *_ARTICLE, *where, "--backup", str(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Done. Every requirement holds now.\n")
    assert unmet(state) == []
    again = ssmdiag("setup", "plan", *_ARTICLE, *where)
    assert again.stdout.startswith("Nothing is to be done.\n")


def test_nothing_is_applied_unless_somebody_agrees(empty: Account) -> None:
    done = ssmdiag("setup", "apply", *_ARTICLE)
    assert done.returncode == 3
    assert done.stderr == "ssmdiag: nobody is there to be asked: give --yes\n"
    assert not [o for _, o in empty.requests if not o.startswith(("Get", "List", "Describe"))]


def test_what_is_replaced_is_kept_and_what_others_wrote_stays(
    account: Account, tmp_path: Path
) -> None:
    start(STATES["foreign statements"], account.id)
    kms, iam, ssm = boto3.client("kms"), boto3.client("iam"), boto3.client("ssm")
    key = kms.describe_key(KeyId="alias/session-manager-logs")["KeyMetadata"]["Arn"]
    before = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    ssmdiag("setup", "apply", "--yes", *_ARTICLE, "--backup", str(tmp_path))

    kept = {file.name: json.loads(file.read_text()) for file in tmp_path.iterdir()}
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    role = iam.get_role_policy(RoleName=ROLE, PolicyName="SessionManagerLogging")
    document = ssm.get_document(Name="SSM-SessionManagerRunShell", DocumentVersion="$DEFAULT")
    inputs = json.loads(document["Content"])["inputs"]
    assert before in kept.values()
    assert len(kept) == 2
    theirs, described = before["Statement"]
    assert theirs in policy["Statement"]
    # What is to be allowed to the same principal joins what it is allowed already.
    joined = {**described, "Action": ["kms:DescribeKey", "kms:GenerateDataKey"]}
    assert joined in policy["Statement"]
    assert "It's theirs" in [s.get("Sid") for s in role["PolicyDocument"]["Statement"]]
    assert inputs["shellProfile"]["linux"] == "cd \"$HOME\"; echo 'hello'"
    assert (inputs["runAsEnabled"], inputs["runAsDefaultUser"]) == (True, "deploy")


def test_a_failure_says_what_was_done_and_the_next_run_goes_on(empty: Account) -> None:
    empty.faults.refuse("logs", "CreateLogGroup")
    done = ssmdiag("setup", "apply", "--yes", *_ARTICLE)
    assert done.returncode == 1
    assert "ssmdiag: logs:CreateLogGroup failed:" in done.stderr
    assert "ssmdiag: done: iam:CreateInstanceProfile, iam:CreateRole," in done.stderr
    assert "ssmdiag: not done: logs:CreateLogGroup, logs:PutRetentionPolicy," in done.stderr
    assert "run the same again" in done.stderr

    empty.faults.clear()
    again = ssmdiag("setup", "apply", "--yes", *_ARTICLE)
    assert again.returncode == 0
    assert "CreateKey" not in again.stdout
    assert unmet(STATES["empty"]) == []


def test_what_cannot_be_proved_is_not_applied_unasked(empty: Account) -> None:
    empty.faults.refuse("kms", "GetKeyRotationStatus")
    ssmdiag("setup", "apply", "--yes", *_ARTICLE, "--unproved")
    empty.faults.refuse("kms", "GetKeyPolicy")
    done = ssmdiag("setup", "apply", "--yes", *_ARTICLE, "--idle-timeout", "5")
    assert done.returncode == 3
    assert "it is not proved, since this could not be verified" in done.stderr


def test_a_key_policy_that_would_lock_its_author_out_is_not_sent(account: Account) -> None:
    start(STATES["a key closed to CloudWatch Logs and users"], account.id)
    trust = {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Effect": "Allow"}
    performing(account.region)(
        call(
            "iam",
            "CreateRole",
            RoleName="Weak",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
    )
    account.act_as("arn:aws:sts::123456789012:assumed-role/Weak/me")
    done = ssmdiag("setup", "apply", "--yes", *_ARTICLE)
    assert done.returncode == 3
    assert (
        "would not let arn:aws:sts::123456789012:assumed-role/Weak/me edit it again" in done.stderr
    )


# --- permissions --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["empty", "foreign statements"])
def test_the_printed_permissions_are_those_of_the_calls_really_made(
    name: str, account: Account
) -> None:
    start(STATES[name], account.id)
    printed = json.loads(ssmdiag("setup", "plan", *_ARTICLE, "--permissions").stdout)
    account.received.clear()
    ssmdiag("setup", "apply", "--yes", *_ARTICLE)

    allowed = {a for s in printed["Statement"] for a in _listed(s["Action"])}
    made = {f"{service}:{operation}" for service, operation in account.requests}
    # Who asks is told to everybody; a profile passes its role on without a request of its own.
    assert made - {"sts:GetCallerIdentity"} == allowed - {"iam:PassRole"}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


# --- verified, and taken back -------------------------------------------------------------------


def test_verify_writes_for_real_and_leaves_nothing(account: Account) -> None:
    start(STATES["finished"], account.id)
    done = ssmdiag("setup", "verify", *_ARTICLE, "--live")
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ holds             An event can be written" in done.stdout
    assert "✓ holds             The stream is removed again" in done.stdout
    assert boto3.client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"] == []


def test_verify_tells_what_a_real_write_met(account: Account) -> None:
    start(STATES["finished"], account.id)
    account.faults.refuse("logs", "PutLogEvents")
    account.faults.refuse("logs", "DeleteLogStream")
    done = ssmdiag("setup", "verify", *_ARTICLE, "--live", "--format", "json")
    report = json.loads(done.stdout)
    verdicts = {c["id"]: c["verdict"] for c in report["chain"] if c["id"].startswith("live/")}
    assert done.returncode == 1
    assert verdicts == {
        "live/stream": "holds",
        "live/event": "broken",
        "live/encryption": "holds",
        "live/removal": "unverified",
    }


def test_the_way_back_takes_what_the_setup_gave_and_leaves_keys_and_logs(
    account: Account,
) -> None:
    start(STATES["foreign statements"], account.id)
    ssmdiag("setup", "apply", "--yes", *_ARTICLE)
    done = ssmdiag("setup", "remove", *_ARTICLE, "--apply", "--yes")
    assert (done.returncode, done.stderr) == (0, "")

    kms, iam, ssm = boto3.client("kms"), boto3.client("iam"), boto3.client("ssm")
    role = iam.get_role_policy(RoleName=ROLE, PolicyName="SessionManagerLogging")
    document = ssm.get_document(Name="SSM-SessionManagerRunShell", DocumentVersion="$DEFAULT")
    inputs = json.loads(document["Content"])["inputs"]
    key = kms.describe_key(KeyId="alias/session-manager-logs")["KeyMetadata"]
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
    assert [s["Sid"] for s in role["PolicyDocument"]["Statement"]] == ["It's theirs"]
    assert (inputs["kmsKeyId"], inputs["cloudWatchLogGroupName"]) == ("", "")
    assert inputs["runAsDefaultUser"] == "deploy"
    assert key["KeyState"] == "Enabled"
    assert "CloudWatchLogs" in [s.get("Sid") for s in policy["Statement"]]
    assert boto3.client("logs").describe_log_groups()["logGroups"][0]["kmsKeyId"] == key["Arn"]


def test_the_way_back_as_a_script_may_be_run_twice(account: Account) -> None:
    start(STATES["finished"], account.id)
    text = ssmdiag("setup", "remove", *_ARTICLE, "--format", "commands").stdout
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", text],
            env=account.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


# --- the way back, where not all is as it should be ---------------------------------------------


def _given() -> tuple[list[str], list[str], str]:
    """What the role and those who start sessions were given, and the key that sessions have."""
    kms, iam, ssm = boto3.client("kms"), boto3.client("iam"), boto3.client("ssm")
    names = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    of_role = [
        s["Sid"]
        for name in names
        for s in iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]["Statement"]
    ]
    key = kms.describe_key(KeyId="alias/session-manager-logs")["KeyMetadata"]["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    users = [s["Sid"] for s in policy["Statement"] if s["Sid"] == "StartEncryptedSessions"]
    document = ssm.get_document(Name="SSM-SessionManagerRunShell", DocumentVersion="$DEFAULT")
    return of_role, users, json.loads(document["Content"])["inputs"]["kmsKeyId"]


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (("kms", "GetKeyPolicy"), "allow kms:GetKeyPolicy"),
        (("kms", "ListGrants"), "the key's grants could not be read"),
        (("ssm", "GetDocument"), "allow ssm:GetDocument"),
        (("iam", "ListRolePolicies"), "allow iam:ListRolePolicies"),
        (("iam", "GetPolicy"), "allow iam:GetPolicy"),
    ],
)
def test_a_way_back_does_not_take_what_may_not_be_read_for_what_is_not_there(
    refused: tuple[str, str], said: str, account: Account
) -> None:
    start(STATES["finished"], account.id)
    before = _given()
    account.faults.refuse(*refused)
    planned_ = ssmdiag("setup", "remove", *_ARTICLE)
    applied = ssmdiag("setup", "remove", *_ARTICLE, "--apply", "--yes")
    script = ssmdiag("setup", "remove", *_ARTICLE, "--format", "commands")
    account.faults.clear()

    assert (planned_.returncode, script.returncode, applied.returncode) == (4, 4, 3)
    assert said in " ".join(planned_.stdout.split())
    assert "it is not proved, since this could not be verified" in applied.stderr
    assert "Nothing is to be done." not in planned_.stdout + script.stdout
    assert _given() == before


def test_a_way_back_on_which_nothing_may_be_read_says_so_in_every_format(account: Account) -> None:
    start(STATES["finished"], account.id)
    for refused in (("kms", "GetKeyPolicy"), ("ssm", "GetDocument"), ("iam", "ListRolePolicies")):
        account.faults.refuse(*refused)
    for form in ("commands", "powershell"):
        done = ssmdiag("setup", "remove", *_ARTICLE, "--format", form)
        assert done.returncode == 4
        assert "Nothing was found to be done, but this is not known to hold: " in done.stdout
    applied = ssmdiag("setup", "remove", *_ARTICLE, "--apply", "--yes")
    assert applied.returncode == 1
    assert "Done" not in applied.stdout


def test_unproved_takes_back_what_is_known_and_says_what_is_not(account: Account) -> None:
    start(STATES["finished"], account.id)
    account.faults.refuse("kms", "GetKeyPolicy")
    back = ("setup", "remove", *_ARTICLE, "--apply", "--yes", "--unproved")
    done = ssmdiag(*back)
    account.faults.clear()
    assert done.returncode == 1
    assert "Done. Every requirement holds now." not in done.stdout
    assert _given() == (["SessionKey"], ["StartEncryptedSessions"], "")


_ROLE_ONLY = ("setup", "remove", "--role", ROLE)


def test_a_way_back_needs_the_role_only_and_ends(account: Account) -> None:
    start(STATES["finished"], account.id)
    done = ssmdiag(*_ROLE_ONLY, "--apply", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Done. Every requirement holds now.\n")
    assert _given() == ([], [], "")
    for more in (("--apply", "--yes"), ()):
        again = ssmdiag(*_ROLE_ONLY, *more)
        assert (again.returncode, again.stderr) == (0, "")
        assert again.stdout.startswith("Nothing is to be done.\n")


@pytest.mark.parametrize(
    "refused",
    [
        ("ssm", "UpdateDocumentDefaultVersion"),
        ("iam", "DeleteRolePolicy"),
        ("kms", "PutKeyPolicy"),
    ],
)
def test_a_way_back_that_was_cut_short_goes_on(refused: tuple[str, str], account: Account) -> None:
    start(STATES["finished"], account.id)
    account.faults.refuse(*refused)
    cut = ssmdiag(*_ROLE_ONLY, "--apply", "--yes")
    assert cut.returncode == 1
    account.faults.clear()
    done = ssmdiag(*_ROLE_ONLY, "--apply", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert _given() == ([], [], "")


def test_what_is_broken_or_gone_already_is_in_nobodys_way_back(account: Account) -> None:
    start(STATES["finished"], account.id)
    iam, kms = boto3.client("iam"), boto3.client("kms")
    iam.remove_role_from_instance_profile(RoleName=ROLE, InstanceProfileName=ROLE)
    iam.delete_role(RoleName="Operators")
    boto3.client("logs").delete_log_group(logGroupName=GROUP)
    kms.disable_key(
        KeyId=kms.describe_key(KeyId="alias/session-manager-logs")["KeyMetadata"]["Arn"]
    )
    done = ssmdiag("setup", "remove", *_ARTICLE, "--apply", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert _given() == ([], [], "")


def test_a_role_that_is_gone_has_nothing_to_give_back(account: Account) -> None:
    start(STATES["no role"], account.id)
    done = ssmdiag("setup", "remove", *_ARTICLE, "--apply", "--yes")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_printed_permissions_of_the_way_back_are_those_of_the_calls_really_made(
    account: Account,
) -> None:
    start(STATES["finished"], account.id)
    printed = json.loads(ssmdiag("setup", "remove", *_ARTICLE, "--permissions").stdout)
    account.received.clear()
    ssmdiag("setup", "remove", *_ARTICLE, "--apply", "--yes")

    allowed = {a for s in printed["Statement"] for a in _listed(s["Action"])}
    made = {f"{service}:{operation}" for service, operation in account.requests}
    assert made - {"sts:GetCallerIdentity"} == allowed


def test_a_script_of_the_way_back_names_commands_that_know_of_it(account: Account) -> None:
    start(STATES["finished"], account.id)
    for form in ("commands", "powershell"):
        text = " ".join(ssmdiag("setup", "remove", *_ARTICLE, "--format", form).stdout.split())
        assert "ssmdiag setup remove --permissions" in text.replace("# ", "")
        assert "Check it with: ssmdiag setup remove, with the same options'" in text
        assert "setup plan" not in text
        assert "setup verify" not in text


# --- answers of another time --------------------------------------------------------------------


@pytest.mark.parametrize(
    "writing",
    [
        ("apply", *_ARTICLE, "--yes"),
        ("remove", *_ARTICLE, "--apply", "--yes"),
        ("observe", "--apply", "--yes"),
        ("observe", "--remove", "--apply", "--yes"),
        ("verify", *_ARTICLE, "--live"),
    ],
)
def test_nothing_is_written_because_of_old_answers(
    writing: tuple[str, ...], account: Account, tmp_path: Path
) -> None:
    start(STATES["finished"], account.id)
    kept = tmp_path / "old.json"
    ssmdiag("setup", "plan", *_ARTICLE, "--save-snapshot", kept)
    account.received.clear()
    done = ssmdiag("setup", *writing, "--snapshot", kept)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "leave it out, or only plan" in done.stderr
    assert account.requests == []


@pytest.mark.parametrize("back", [("remove", *_ARTICLE), ("observe", "--remove")])
def test_the_answers_of_a_way_back_are_kept_and_tell_it_again(
    back: tuple[str, ...], account: Account, tmp_path: Path
) -> None:
    start(STATES["finished"], account.id)
    kept = tmp_path / "answers.json"
    first = ssmdiag("setup", *back, "--save-snapshot", kept)
    account.received.clear()
    again = ssmdiag("setup", *back, "--snapshot", kept)
    assert (first.returncode, first.stdout) == (again.returncode, again.stdout)
    assert account.requests == []


@pytest.mark.parametrize(
    "asked",
    [
        ("plan", "--log-group", "x", "--role", "Nodes"),
        ("observe", "--log-group", "x"),
        ("observe", "--log-group", "x", "--apply", "--yes"),
    ],
)
def test_an_account_that_is_no_account_is_refused(asked: tuple[str, ...], account: Account) -> None:
    done = ssmdiag("setup", *asked, "--region", "us-east-1", "--account", "")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert account.requests == []


# --- from a file --------------------------------------------------------------------------------


def test_what_init_asks_is_what_plan_reads(tmp_path: Path) -> None:
    answers = "ssm/sessions\n\nNodes\nOps, arn:aws:iam::123456789012:user/al\n\n90\ny\n\n"
    made = ssmdiag("setup", "init", stdin=answers, folder=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    written = (tmp_path / "ssmdiag.toml").read_text(encoding="utf-8")
    assert 'session-user = ["Ops", "arn:aws:iam::123456789012:user/al"]\n' in written
    assert "# s3-bucket =\n" in written

    asked = ("--config", "ssmdiag.toml", *_NOBODY[:4], "--session-user", "Other")
    done = ssmdiag("setup", "plan", *asked, "--format", "json", folder=tmp_path)
    calls = json.dumps(json.loads(done.stdout)["steps"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "arn:aws:iam::123456789012:role/Other" in calls
    assert "user/al" not in calls
    # A choice that is not made changes nothing; init says so of 0 days.
    assert "Days to keep events (0: as it is; a new log group keeps them for ever)" in made.stdout
    again = ssmdiag("setup", "init", stdin=answers, folder=tmp_path)
    assert (again.returncode, again.stderr.count("exists already")) == (3, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("log-grup = 'x'", "there is no choice 'log-grup'; did you mean log-group?"),
        ("retention = '30'", "retention must be a whole number"),
        ("retention = true", "retention must be a whole number"),
        ("key-admin = 'x'", "key-admin must be a list of texts"),
        ("streaming = 1", "streaming must be true or false"),
        ("= 1", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    done = ssmdiag("setup", "plan", "--config", "x.toml", *_NOBODY, folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
