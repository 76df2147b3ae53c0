"""``ssmdiag predict`` as a person runs it: proposed files in, answer and exit code out.

What it says is data: ``fixtures/predict`` holds the proposed files, and in every .txt the question,
the world that it is asked in (``worlds.json``) and the whole answer. After a change of wording:
``SSMDIAG_REGENERATE=1 python -m pytest tests/test_cli_predict.py``; then read the diff.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.demo import described
from ssmdiag.diagnose.proposal import propose
from ssmdiag.diagnose.proposal_targets import ProposalError
from ssmdiag.model import Situation
from ssmdiag.render.plan import to_json
from ssmdiag.setup.grounds import settle
from ssmdiag.setup.plan import make_plan
from ssmdiag.setup.wanted import Wish
from ssmdiag.wiring.job import JobError
from ssmdiag.wiring.predicting import foreseen, read
from ssmdiag.world import empty, snapshot
from ssmdiag.world.asking import Asking, first_of, nothing
from ssmdiag.world.call import Call
from tests.program import Done, ssmdiag

FIXTURES = Path(__file__).parent / "fixtures"
PREDICT = FIXTURES / "predict"
ANSWERS = sorted(PREDICT.glob("*.txt"))
WORLDS: dict[str, Any] = json.loads((PREDICT / "worlds.json").read_text("utf-8"))
BASELINE: dict[str, Any] = json.loads((FIXTURES / "scenarios/baseline.json").read_text("utf-8"))
REGION = "eu-central-1"
KEYS = (
    *("Statement", "Effect", "Action", "Resource", "Principal", "inputs", "sessionType"),
    *("calls", "steps", "findings", "change", "service", "operation", "parameters"),
)


@pytest.fixture(autouse=True)
def _among_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PREDICT)


@pytest.mark.parametrize("file", ANSWERS, ids=lambda file: file.stem)
def test_the_answer_says_what_would_become_of_sessions(file: Path, tmp_path: Path) -> None:
    question, world, *_ = file.read_text(encoding="utf-8").splitlines()
    done = _predict(world.partition(": ")[2], shlex.split(question)[3:], tmp_path)
    told = f"{question}\n{world}\nexit code {done.returncode}\n{done.stdout}{done.stderr}"
    if os.environ.get("SSMDIAG_REGENERATE"):
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")


def test_programs_are_told_the_same_under_a_schema_of_its_own(tmp_path: Path) -> None:
    asked = ["--change", "alias/session-audit=key-without-logs.json", "--format", "json"]
    done = _predict("healthy", asked, tmp_path)
    told = json.loads(done.stdout)
    assert (done.returncode, told["schema"], told["verdict"]) == (
        1,
        "ssmdiag.prediction/1",
        "broken",
    )
    (session,) = told["sessions"]
    assert (session["before"]["starts"], session["after"]["starts"]) == ("yes", "yes")
    assert session["before"]["arrivals"][0]["arrives"] == "yes"
    assert session["after"]["arrivals"][0]["arrives"] == "no"
    assert session["losses"] == ["no log would arrive in log group /ledger/session-audit"]
    assert [shift["id"] for shift in told["breaks"]] == ["key/log-group-policy"]
    assert told["breaks"][0]["before"]["verdict"] == "holds"


def test_no_call_is_made_that_writes(tmp_path: Path) -> None:
    _predict("healthy", ["--change", "plan.json"], tmp_path)
    made = [Call(a["service"], a["operation"]) for a in _answers(tmp_path)]
    reading = ("Get", "List", "Describe")
    assert made
    assert all(c.operation.startswith(reading) for c in made if c.service != "host")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ("nowhere.json", 3, "cannot be read: No such file or directory"),
        ("malformed.json", 2, 'statement 1: Effect is "Permit", not Allow or Deny'),
        ("not-json.json", 2, "it is not JSON: Expecting value at line 3, column 1"),
        ("a-list.json", 2, "neither a policy (it has no Statement), nor a session document"),
        ("half-a-call.json", 2, "lacks the parameter 'PolicyName'"),
        ("unknown-effect.json", 2, "what ec2:TerminateInstances does is not known to ssmdiag"),
        ("alias/session-audit=plan.json", 2, "it holds write Calls, which say themselves"),
        ("alias/none=key-without-logs.json", 2, "there is no key alias/none in this account"),
        ("vpce-0bad=key-without-logs.json", 2, "no request of the node goes through vpce-0bad"),
        ("s3://no-such-bucket=bucket-for-admins.json", 2, "bucket no-such-bucket does not exist"),
        ("alias/session-audit=deny-logs.json", 2, "it is a policy without a Principal, and the"),
        ("a b=deny-logs.json", 2, "'a b' names nothing that it could replace"),
        ("NoRole/Logs=deny-logs.json", 2, "there is nothing to replace: inline policy Logs"),
        (
            "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore=deny-logs.json",
            2,
            "belongs to AWS, and nobody may change it",
        ),
        ("deny-logs.json", 2, "LedgerNodeRole/SessionLogging, or LedgerNodeRole/NEW-NAME"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    change: str, code: int, said: str, tmp_path: Path
) -> None:
    done = _predict("healthy", ["--change", change], tmp_path)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_plan_is_read_back_as_it_was_made() -> None:
    through = empty.door("444455556666", REGION, ())
    wish = Wish(log_group="/ledger/session-audit", role="Nodes", s3_bucket="ledger-archive")
    ask = Asking(first_of([("host", nothing("no node is looked at"))], through))
    made = make_plan(settle(wish, ask, REGION, "444455556666"), ask)
    proposed = propose(to_json(made), None, ask, Situation(REGION))
    assert proposed.calls == made.calls
    assert [order.gives for order in proposed.calls] == [order.gives for order in made.calls]
    assert any(order.gives for order in made.calls)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(KEYS),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_proposal_or_refused_in_words(value: Any) -> None:
    ask, text = Asking(described.door(BASELINE["world"])), json.dumps(value)
    try:
        told = [str(order) for order in propose(text, None, ask, Situation(REGION)).calls]
    except ProposalError as error:
        told = [str(error)]
    assert all(told)
    assert told


# --- the world of a question --------------------------------------------------------------------


def _predict(world: str, asked: list[str], folder: Path) -> Done:
    """Run it over a Snapshot of everything that it asks of a described world."""
    changes = [asked[i + 1] for i, word in enumerate(asked) if word == "--change"]
    everywhere = described.merge_patch(BASELINE["world"], WORLDS["everywhere"])
    patched = described.merge_patch(everywhere, WORLDS[world])
    ask = Asking(described.door(patched))
    caller = asked[asked.index("--as-user") + 1] if "--as-user" in asked else None
    with contextlib.suppress(JobError):
        foreseen([read(change) for change in changes], ask, REGION, caller)
    saved = folder / "snapshot.json"
    saved.write_text(snapshot.dump(ask.answers, REGION), encoding="utf-8")
    return ssmdiag("predict", *asked, "--snapshot", str(saved))


def _answers(folder: Path) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads((folder / "snapshot.json").read_text())["answers"]
    return answers
