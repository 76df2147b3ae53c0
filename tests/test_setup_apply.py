"""Applying: what others changed meanwhile is neither overwritten nor deleted, and what was made is
told, however it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.apply import CutShortError, Means, Outcome, apply
from ssmdiag.setup.grounds import account_of, settle
from ssmdiag.setup.plan import Plan
from ssmdiag.setup.remove import make_removal
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Answer, Call
from tests.starting_states import DOCUMENT, ROLE, STATES, WISH, planned, start, unmet

_CHANGED = "is no longer what the plan was made from, and was left as it is"
_KEY = "alias/session-manager-logs"
_ROLE_POLICY = f"inline policy SessionManagerLogging of role {ROLE}"


@dataclass
class _Run:
    """A plan that is carried out, with what somebody does just before one of its Calls is sent."""

    before: str = ""
    what: Optional[Callable[[], None]] = None
    said: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def apply(self, plan: Plan) -> Outcome:
        aws = Aws(Access("us-east-1"))

        def write(order: Call) -> Answer:
            if order.operation == self.before and self.what is not None:
                self.what()
            return aws.write(order)

        return apply(plan, Means(write, self.said.append, self._save, lambda _: None))

    def _save(self, name: str, text: str) -> str:
        self.kept[name] = text
        return f"bk/{name}"


def _removal() -> Plan:
    ask = Asking(Aws(Access("us-east-1")).read)
    return make_removal(settle(WISH, ask, "us-east-1", account_of(ask)), ask)


def _operations(outcome: Outcome) -> tuple[list[str], list[str]]:
    return [o.operation for o in outcome.done], [o.operation for o in outcome.left]


def _statements(name: str = "SessionManagerLogging") -> list[dict[str, Any]]:
    document = boto3.client("iam").get_role_policy(RoleName=ROLE, PolicyName=name)
    statements: list[dict[str, Any]] = document["PolicyDocument"]["Statement"]
    return statements


def _add_to_role(sid: str) -> None:
    added = {"Sid": sid, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    boto3.client("iam").put_role_policy(
        RoleName=ROLE,
        PolicyName="SessionManagerLogging",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [*_statements(), added]}),
    )


def _key_policy() -> dict[str, Any]:
    kms = boto3.client("kms")
    key = kms.describe_key(KeyId=_KEY)["KeyMetadata"]["Arn"]
    policy: dict[str, Any] = json.loads(
        kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    )
    return policy


def _add_to_key(sid: str) -> None:
    kms, policy = boto3.client("kms"), _key_policy()
    key = kms.describe_key(KeyId=_KEY)["KeyMetadata"]["Arn"]
    root = policy["Statement"][0]["Principal"]
    added = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": root,
        "Action": "kms:Decrypt",
        "Resource": "*",
    }
    policy["Statement"].append(added)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def _preferences() -> dict[str, Any]:
    found = boto3.client("ssm").get_document(Name=DOCUMENT, DocumentVersion="$DEFAULT")
    content: dict[str, Any] = json.loads(found["Content"])
    return content


def _set_preferences(**inputs: Any) -> None:
    ssm, content = boto3.client("ssm"), _preferences()
    content["inputs"].update(inputs)
    made = ssm.update_document(
        Name=DOCUMENT,
        Content=json.dumps(content),
        DocumentVersion="$LATEST",
        DocumentFormat="JSON",
    )
    ssm.update_document_default_version(
        Name=DOCUMENT, DocumentVersion=made["DocumentDescription"]["DocumentVersion"]
    )


# --- what others change meanwhile ---------------------------------------------------------------


def test_what_was_changed_while_the_prompt_waited_stops_it_before_anything_is_done(
    account: Account,
) -> None:
    start(STATES["foreign statements"], account.id)
    plan, run = planned(STATES["foreign statements"]), _Run()
    _add_to_key("ColleaguesBackup")
    account.received.clear()

    outcome = run.apply(plan)

    assert outcome.why.startswith("the policy of key ")
    assert outcome.why.endswith(_CHANGED)
    assert (outcome.done, outcome.left, run.kept) == ((), plan.calls, {})
    assert [o for _, o in account.requests if not o.startswith(("Get", "List"))] == []


def test_what_is_changed_while_other_steps_are_done_is_left_as_it_is(account: Account) -> None:
    state = STATES["foreign statements"]
    start(state, account.id)
    run = _Run("PutKeyPolicy", lambda: _set_preferences(idleSessionTimeout="7"))

    outcome = run.apply(planned(state))

    assert outcome.why == f"document {DOCUMENT} {_CHANGED}"
    assert "PutKeyPolicy" in _operations(outcome)[0]
    assert _operations(outcome)[1][0] == "UpdateDocument"
    assert _preferences()["inputs"]["idleSessionTimeout"] == "7"
    again = _Run().apply(planned(state))
    assert (again.why, unmet(state)) == ("", [])
    assert _preferences()["inputs"]["idleSessionTimeout"] == "7"


def test_a_document_that_somebody_makes_meanwhile_is_not_replaced(account: Account) -> None:
    start(STATES["no permissions"], account.id)
    plan = planned(STATES["no permissions"])
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    boto3.client("iam").put_role_policy(
        RoleName=ROLE,
        PolicyName="SessionManagerLogging",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [theirs]}),
    )
    assert _Run().apply(plan).why == f"{_ROLE_POLICY} {_CHANGED}"
    assert _statements() == [theirs]


def test_what_cannot_be_read_once_more_is_not_replaced(account: Account) -> None:
    start(STATES["foreign statements"], account.id)
    plan = planned(STATES["foreign statements"])
    account.faults.refuse("ssm", "GetDocument")
    outcome = _Run().apply(plan)
    assert outcome.why.startswith(f"document {DOCUMENT} could not be read once more: User: ")
    assert outcome.done == ()


def test_a_policy_that_the_way_back_deletes_is_kept_first(account: Account) -> None:
    start(STATES["finished"], account.id)
    before, run = _statements(), _Run()
    outcome = run.apply(_removal())
    assert "DeleteRolePolicy" in _operations(outcome)[0]
    assert json.loads(run.kept[_ROLE_POLICY])["Statement"] == before
    assert f"{_ROLE_POLICY}, as it was, is kept in bk/{_ROLE_POLICY}" in run.said


def test_a_policy_to_which_something_was_added_is_not_deleted_on_the_way_back(
    account: Account,
) -> None:
    start(STATES["finished"], account.id)
    plan = _removal()
    assert "DeleteRolePolicy" in [order.operation for order in plan.calls]
    _add_to_role("AppNeedsS3")
    assert _Run().apply(plan).why == f"{_ROLE_POLICY} {_CHANGED}"
    assert "AppNeedsS3" in [s.get("Sid") for s in _statements()]


def test_all_that_is_replaced_is_kept_before_anything_is_done(account: Account) -> None:
    start(STATES["foreign statements"], account.id)
    plan = planned(STATES["foreign statements"])
    account.received.clear()

    class FullError(Exception):
        pass

    def save(name: str, text: str) -> str:
        del name, text
        raise FullError

    with pytest.raises(FullError):
        apply(plan, Means(Aws(Access("us-east-1")).write, print, save, lambda _: None))
    assert [o for _, o in account.requests if not o.startswith(("Get", "List"))] == []


# --- what ends it on the way --------------------------------------------------------------------


@pytest.fixture
def empty(account: Account) -> Iterator[Account]:
    start(STATES["empty"], account.id)
    yield account
    account.faults.clear()


def test_a_key_that_got_no_alias_is_told_so_that_no_second_one_is_made(empty: Account) -> None:
    empty.faults.refuse("kms", "CreateAlias")
    outcome = _Run().apply(planned(STATES["empty"]))
    (key,) = boto3.client("kms").list_keys()["Keys"]
    assert outcome.why.startswith("kms:CreateAlias failed: ")
    assert outcome.nameless_key == key["KeyArn"]
    assert list(outcome.unused) == [key["KeyArn"]]


def test_a_key_that_has_its_alias_needs_not_be_named(empty: Account) -> None:
    empty.faults.refuse("kms", "EnableKeyRotation")
    outcome = _Run().apply(planned(STATES["empty"]))
    assert outcome.why.startswith("kms:EnableKeyRotation failed: ")
    assert outcome.nameless_key == ""


def test_an_interrupt_tells_what_was_done_and_what_may_have_been(empty: Account) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    del empty
    plan = planned(STATES["empty"])
    with pytest.raises(CutShortError) as cut:
        _Run("CreateAlias", interrupt).apply(plan)
    outcome = cut.value.outcome
    assert isinstance(cut.value.__cause__, KeyboardInterrupt)
    assert outcome.why == (
        "it was cut short; kms:CreateAlias may have been done all the same, for its answer was "
        "not awaited"
    )
    assert _operations(outcome)[0][-1] == "CreateKey"
    assert _operations(outcome)[1][0] == "CreateAlias"
    assert (*outcome.done, *outcome.left) == plan.calls
    (key,) = boto3.client("kms").list_keys()["Keys"]
    assert outcome.nameless_key == key["KeyArn"]


def test_nobody_who_reads_what_it_says_is_told_of_a_key_all_the_same(empty: Account) -> None:
    def say(text: str) -> None:
        if text.endswith("kms:CreateKey"):
            raise BrokenPipeError

    del empty
    with pytest.raises(CutShortError) as cut:
        apply(
            planned(STATES["empty"]),
            Means(Aws(Access("us-east-1")).write, say, lambda *_: "", lambda _: None),
        )
    (key,) = boto3.client("kms").list_keys()["Keys"]
    assert cut.value.outcome.why == "it was cut short"
    assert cut.value.outcome.nameless_key == key["KeyArn"]
