"""The PowerShell script of a plan: read and run, twice, by a reader that knows no more of the
language than it uses (see there), with the real AWS CLI."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmdiag.demo.account import Account
from ssmdiag.model import Resource
from ssmdiag.setup.formats.powershell import powershell
from ssmdiag.setup.plan import Plan, Step
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import Call, call, promising
from tests.powershell_reader import run
from tests.powershell_runtime import UnreadableError
from tests.starting_states import DOCUMENT, STATES, WISH, State, planned, start, unmet

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

_MAKING = ("Create", "Update", "Add")
_TWICE = ("empty, with a bucket", "foreign statements", "no role", "China")
_SESSION = {"schemaVersion": "1.0", "sessionType": "Standard_Stream"}


@pytest.mark.parametrize("name", STATES)
def test_a_script_leaves_nothing_to_be_done_and_may_be_run_again(
    name: str, account: Account
) -> None:
    state = STATES[name]
    start(state, account.id)
    text = powershell(planned(state))

    first = run(text)
    assert (first.code, first.complained) == (0, [])
    assert unmet(state) == []
    assert not any(folder.exists() for folder in first.folders)
    if name not in _TWICE:
        return

    account.received.clear()
    again = run(text)
    assert (again.code, again.complained) == (0, [])
    assert [o for _, o in account.requests if o.startswith(_MAKING)] == []
    assert unmet(state) == []
    assert not any(folder.exists() for folder in again.folders)


def test_where_nothing_is_to_be_done_a_script_says_so() -> None:
    assert run(powershell(_plan()), None).said == ["Nothing is to be done."]


def test_a_script_tells_which_versions_of_powershell_it_is_for() -> None:
    lines = powershell(_plan(call("kms", "CreateKey"))).splitlines()
    assert "#Requires -Version 5.1" in lines
    assert "Set-StrictMode -Version 2.0" in lines


# --- what stops a script ------------------------------------------------------------------------


def test_credentials_of_another_account_stop_a_script_before_it_reads_or_writes(
    account: Account,
) -> None:
    state = STATES["empty"]
    start(state, account.id)
    plan = planned(state)
    text = powershell(replace(plan, wanted=_Place(account="210987654321")))
    account.received.clear()
    ran = run(text)
    assert ran.code == 1
    assert ran.complained == [
        "Stopped: these credentials are of account 123456789012, the plan is for 210987654321"
    ]
    assert account.requests == [("sts", "GetCallerIdentity")]


def test_a_script_says_that_the_aws_cli_is_missing() -> None:
    ran = run(powershell(_plan(call("kms", "CreateKey"))), None)
    assert ran.code == 1
    assert ran.complained == ["Stopped: the AWS CLI is not installed: https://aws.amazon.com/cli/"]


def test_a_document_that_was_changed_meanwhile_stops_a_script_and_stays_as_it_is(
    account: Account,
) -> None:
    state = STATES["other preferences"]
    start(state, account.id)
    text = powershell(planned(state))
    _save_preferences(state.region, "3", shellProfile={"linux": "date", "windows": ""})
    account.received.clear()
    ran = run(text)
    assert ran.code == 1
    assert ran.complained == [
        f"Stopped: document {DOCUMENT} is no longer what it was: make the plan anew"
    ]
    assert [o for _, o in account.requests if o.startswith(_MAKING)] == []
    assert not any(folder.exists() for folder in ran.folders)


def test_a_policy_that_was_changed_meanwhile_is_not_deleted_and_another_is() -> None:
    order = call("iam", "DeleteRolePolicy", RoleName="Nodes", PolicyName="Ours")
    plan = replace(_plan(order), replaced={order: '{"Statement": []}'})
    there = json.dumps({"text": '{"Statement":[]}'})
    aws = _Recorder(answer=there)
    assert run(powershell(plan), aws).complained == []
    assert [words[:2] for words in aws.commands[1:]] == [
        ["iam", "get-role-policy"],
        ["iam", "delete-role-policy"],
    ]
    aws = _Recorder(answer=there.replace("[]", "[1]"))
    assert run(powershell(plan), aws).complained == [
        "Stopped: inline policy Ours of role Nodes is no longer what it was: make the plan anew"
    ]
    assert [words[1] for words in aws.commands[1:]] == ["get-role-policy"]
    aws = _Recorder()
    assert run(powershell(plan), aws).complained == []
    assert [words[1] for words in aws.commands[1:]] == ["get-role-policy"]


def test_a_script_says_which_key_it_made_before_the_key_has_its_alias(account: Account) -> None:
    state = STATES["empty"]
    start(state, account.id)
    text = powershell(planned(state))
    account.faults.refuse("kms", "CreateAlias")
    ran = run(text)
    assert ran.code == 1
    (said,) = (said for said in ran.said if said.startswith("made key "))
    assert said.startswith("made key arn:aws:kms:us-east-1:123456789012:key/")
    assert said.endswith("; if this stops before its alias is made, plan anew with --key")


def test_a_refusal_stops_a_script_with_the_name_of_the_command(account: Account) -> None:
    state = STATES["no rotation"]
    start(state, account.id)
    text = powershell(planned(state))
    account.faults.refuse("kms", "EnableKeyRotation")
    ran = run(text)
    assert (ran.code, ran.slept) == (1, 0)
    (said,) = ran.complained
    assert said.startswith("Stopped: aws kms enable-key-rotation failed: An error occurred (Acc")


def test_a_question_that_is_refused_does_not_mean_that_there_is_no_such_thing(
    account: Account,
) -> None:
    state = STATES["no log group"]
    start(state, account.id)
    text = powershell(planned(state))
    account.faults.refuse("logs", "DescribeLogGroups")
    account.received.clear()
    assert run(text).code == 1
    assert ("logs", "CreateLogGroup") not in account.requests


# --- patience -----------------------------------------------------------------------------------


def test_what_aws_refuses_right_after_a_role_was_made_is_tried_again(account: Account) -> None:
    state = STATES["no alias, so another key"]
    start(state, account.id)
    text = powershell(planned(state))
    account.faults.fail(
        "kms", "CreateKey", code="MalformedPolicyDocumentException", message="not yet", times=2
    )
    ran = run(text)
    assert (ran.code, ran.slept) == (0, 10_000)
    assert unmet(state) == []


def test_patience_ends_after_about_a_minute(account: Account) -> None:
    state = STATES["no log group"]
    start(state, account.id)
    text = powershell(planned(state))
    account.faults.fail("logs", "CreateLogGroup", code="InvalidParameterException", message="no")
    account.received.clear()
    ran = run(text)
    assert (ran.code, ran.slept) == (1, 55_000)
    assert account.requests.count(("logs", "CreateLogGroup")) == 12


# --- texts --------------------------------------------------------------------------------------


def test_text_that_is_not_ascii_is_recognised_and_kept(account: Account) -> None:
    profile = {"linux": "echo 'Grüße, \U0001f511' # \u2019@\n'@", "windows": "\u201cÄ\u201d"}
    state = State(STATES["other preferences"].build, wish=replace(WISH, idle_timeout=7))
    start(state, account.id)
    _save_preferences(state.region, "3", shellProfile=profile)
    text = powershell(planned(state))
    assert run(text).complained == []
    assert unmet(state) == []
    account.received.clear()
    assert run(text).complained == []
    assert [o for _, o in account.requests if o.startswith(_MAKING)] == []
    answer = performing(state.region)(call("ssm", "GetDocument", Name=DOCUMENT))
    assert json.loads(answer["Content"])["inputs"]["shellProfile"] == profile


def test_what_was_replaced_must_be_json_to_be_compared() -> None:
    order = call("kms", "PutKeyPolicy", KeyId="k", PolicyName="default", Policy='{"a": 1}')
    with pytest.raises(ValueError, match="the policy of key k is not JSON"):
        powershell(replace(_plan(order), replaced={order: "{\n'@; exit\n}"}))


def test_the_account_of_a_plan_is_only_compared() -> None:
    plan = replace(_plan(call("kms", "CreateKey")), wanted=_Place(account="$(exit)\"'\n"))
    (said,) = run(powershell(plan), _Recorder()).complained
    assert said.endswith("account 123456789012, the plan is for $(exit)\"'\\n")


HOSTILE = st.text(
    st.sampled_from(list("'\"\\$`!#;&|<>(){}[] \t\r\n=-@%aé\u2019\u201c\u2028\x1b\x85"))
)
TEXT = HOSTILE | st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT)
@example("a\n'@\nexit", "#>\r\nRemove-Item C:\\")
@example("\u2019; exit; \u2018", "\u2028exit")
def test_names_from_outside_break_neither_out_of_comments_nor_of_messages(
    summary: str, why: str
) -> None:
    aws = _Recorder()
    plan = _plan(call("kms", "DisableKey", KeyId="k"))
    (step,) = plan.steps
    ran = run(powershell(replace(plan, steps=(replace(step, summary=summary, why=(why,)),))), aws)
    assert [ran.code, len(ran.said), len(aws.commands)] == [0, 2, 2]


@settings(max_examples=150, deadline=None)
@given(TEXT, JSON.filter(lambda value: isinstance(value, (dict, list))), st.booleans())
@example("-1", {"it's": ["'@", "\n'@\n", "\u2019@"]}, True)
@example("", [], False)
@example("$HOME `n $(exit)", {}, True)
@example('{"a": "\u2019"}', [], True)
def test_any_value_arrives_at_the_cli_as_it_was_meant_or_is_refused(
    plain: str, structure: Any, flag: bool
) -> None:
    order = call("kms", "DisableKey", Aa=plain, Bb=structure, Cc=flag, Dd=7)
    aws = _Recorder()
    document = plain.lstrip().startswith("{")
    try:
        text = powershell(_plan(order))
    except ValueError:
        assert re.search(r'["\\\n\r]|[^ -~]|^(file|fileb|http|https)://', plain)
        return
    run(text, aws)
    words = aws.commands[-1]
    assert words[:4] == ["kms", "disable-key", "--region", "us-east-1"]
    options = _options(words[4:])
    assert json.loads(options.pop("--bb")) == structure
    arrived = options.pop("--aa")
    assert arrived == plain or (document and json.loads(arrived) == json.loads(plain))
    assert options == {"--cc" if flag else "--no-cc": "", "--dd": "7"}


@pytest.mark.parametrize(
    "value",
    [
        'say "hello"',
        "two\nlines",
        "two\rlines",
        "a\0b",
        "Grüße",
        "C:\\",
        "file:///etc/passwd",
        "\x7f",
    ],
)
def test_what_no_windows_command_line_can_carry_is_refused_in_words(value: str) -> None:
    with pytest.raises(ValueError, match=r"cannot hand|would not pass|can carry"):
        powershell(_plan(call("kms", "CreateKey", Description=value)))


def test_a_promised_value_is_put_wherever_something_stands_for_it() -> None:
    new = "arn:aws:kms:us-east-1:123456789012:key/<new>"
    aws = _Recorder(answer="arn:new")
    plan = _plan(
        promising(call("kms", "CreateKey"), "KeyMetadata.Arn", new),
        call("kms", "EnableKeyRotation", KeyId=new, Note=f"{new},{new}", Context={new: [new]}),
    )
    run(powershell(plan), aws)
    options = _options(aws.commands[-1][4:])
    assert options["--key-id"] == "arn:new"
    assert options["--note"] == "arn:new,arn:new"
    assert json.loads(options["--context"]) == {"arn:new": ["arn:new"]}


@pytest.mark.parametrize(
    "script",
    [
        "Get-Process aws",
        "Write-Host 'a' | Out-Null",
        "Write-Host $unknown",
        "Write-Host \u2018a\u2019",
        "Write-Host 'a' 'b' ;",
        "$a = 'b'.Substring(1)",
        "& aws iam list-roles 2>&1",
        "if ('a' -eq 'b') {\n}",
        "'a\nb'",
    ],
)
def test_the_reader_takes_what_it_does_not_know_for_an_error(script: str) -> None:
    with pytest.raises(UnreadableError):
        run(f"{script}\n")


# --- plans and a CLI made by hand ---------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    account: str = "123456789012"
    region: str = "us-east-1"
    partition: str = "aws"


@dataclass
class _Recorder:
    """In place of the AWS CLI: it keeps what it was given, and files by what they hold."""

    answer: str = ""
    commands: list[list[str]] = field(default_factory=list)

    def __call__(self, words: Sequence[str]) -> tuple[int, str, str]:
        self.commands.append([_held(word) for word in words])
        return 0, "123456789012" if "get-caller-identity" in words else self.answer, ""


def _held(word: str) -> str:
    if not word.startswith("file://"):
        return word
    return Path(word[len("file://") :]).read_bytes().decode("ascii")


def _options(words: Sequence[str]) -> dict[str, str]:
    """Pair options with their values as argparse does."""
    found: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        name, bound, value = word.partition("=")
        flag = name in ("--cc", "--no-cc")
        found[name] = value if bound or flag else next(waiting)
    return found


def _plan(*calls: Call) -> Plan:
    step = Step(Resource("key-state", "k"), "do it", ("it is not done",), (), calls)
    return Plan(_Place(), (step,), (), (), {})


def _save_preferences(region: str, version: str, **inputs: Any) -> None:
    perform = performing(region)
    content = json.dumps({**_SESSION, "inputs": inputs}, ensure_ascii=False)
    perform(
        call(
            "ssm",
            "UpdateDocument",
            Name=DOCUMENT,
            DocumentVersion="$LATEST",
            DocumentFormat="JSON",
            Content=content,
        )
    )
    perform(call("ssm", "UpdateDocumentDefaultVersion", Name=DOCUMENT, DocumentVersion=version))
