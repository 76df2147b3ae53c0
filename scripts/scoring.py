"""Judges ssmdiag on data that says what the right answer is. Run it through ``scripts/score``.

    score scenarios FILE BASELINE   worlds as merge patches on a baseline world, with log lines
    score lines FILE                single log entries, one JSON object a line
    score logs DIR                  folders of agent logs with an index.json; the log alone
    score policy FILE               policy questions, one JSON object a line
    score rows FILE                 message formats of the agent (TSV), Go's verbs filled in

One line an item: id, expected, got, right | wrong | abstained. Totals come last. To abstain is to
say "could not verify" or not to recognise; exit 0 only if nothing is wrong.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from ssmdiag.catalog.match import Hit, match
from ssmdiag.catalog.pattern import LEVELS, Catalog
from ssmdiag.catalog.suspicion import suspects
from ssmdiag.demo import described
from ssmdiag.demo.judging import Item, Mark, judge, log_text
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.model import Record, Report
from ssmdiag.policy.case import CaseError, answer_of, is_right, read_case
from ssmdiag.policy.document import PolicyError, parse
from ssmdiag.wiring import diagnosing
from ssmdiag.wiring.catalogues import shipped_catalog
from ssmdiag.wiring.job import JobError, Surroundings
from ssmdiag.world.asking import Asking

# --- scenarios ----------------------------------------------------------------------------------


def scenarios(file: Path, baseline: Path) -> Iterator[Item]:
    base = json.loads(baseline.read_text(encoding="utf-8"))["world"]
    for scenario in json.loads(file.read_text(encoding="utf-8")):
        world = described.merge_patch(base, scenario["world"])
        yield judge(scenario, _report(world, log_text(scenario)))


def _report(world: Mapping[str, Any], text: bytes) -> Report:
    heard = diagnosing.hear(shipped_catalog(), _records(text))
    if heard.evidence.instance_id is None:
        heard.evidence.instance_id = world["identity"].get("instance_id")
    ask = Asking(described.door(world))
    return diagnosing.decide(heard, ask, str(world["region"]), online=True)


def _records(text: bytes) -> Any:
    return read(["-"], stdin=io.BytesIO(text), span=ALL)


# --- lines --------------------------------------------------------------------------------------


def lines(file: Path) -> Iterator[Item]:
    catalog = shipped_catalog()
    for text in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(text)
        folded = diagnosing.hear(catalog, _records(entry["line"].encode())).folded
        expected = "benign" if entry["benign"] else entry["resource"]
        if not folded.symptoms:
            got, decided = ("benign", True) if folded.benign else ("unrecognised", False)
        else:
            first = folded.symptoms[0]
            got = first.suspects[0].resource if first.suspects else "none"
            decided = first.decided
        yield Item(entry["id"], expected, got, _line_mark(expected, got, decided))


def _line_mark(expected: str, got: str, decided: bool) -> Mark:
    if expected == "benign":
        # Not to speak of a harmless line is right; to call it trouble is wrong, decided or not.
        return "right" if got in ("benign", "unrecognised") else "wrong"
    if not decided:
        return "abstained"
    # In this form "none" means that nothing on the node or behind it is at fault: noise, or the
    # person who starts the session.
    blameless = expected == "none" and got in ("benign", "caller")
    return "right" if got == expected or blameless else "wrong"


# --- logs ---------------------------------------------------------------------------------------


def logs(folder: Path) -> Iterator[Item]:
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        places = tuple(str(folder / entry["name"] / name) for name in entry["files"])
        around = Surroundings("linux", {}, io.BytesIO(), datetime(2000, 1, 1))
        report = diagnosing.diagnose(diagnosing.Job(places, span=ALL, offline=True), around)
        yield _log_item(entry, report)


def _log_item(entry: Mapping[str, Any], report: Report) -> Item:
    accepted = entry["resource_any_of"]
    expected = "none" if entry["benign"] else "|".join(accepted)
    if not report.findings:
        return Item(entry["name"], expected, "none", "right" if entry["benign"] else "abstained")
    first = report.findings[0]
    kinds = list(dict.fromkeys(s.kind for s in first.suspects))
    if entry["benign"]:
        mark: Mark = "wrong"
    elif set(kinds) <= set(accepted):
        mark = "right"
    else:
        mark = "abstained" if len(kinds) > 1 else "wrong"
    return Item(entry["name"], expected, "|".join(kinds), mark)


# --- rows ---------------------------------------------------------------------------------------

_VERBS = (
    (re.compile(r"%[+#]?[vs]"), "some value"),
    (re.compile(r"%[-0-9.]*d"), "3"),
    (re.compile(r"%q"), '"some"'),
    (re.compile(r"%t"), "true"),
    (re.compile(r"%[xXfg]"), "1"),
    (re.compile(r"<[^>]+>"), "some"),
)


def rows(file: Path) -> Iterator[Item]:
    catalog = shipped_catalog()
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            text = row["message_format"]
            for verb, value in _VERBS:
                text = verb.sub(value, text)
            level = row["severity"].split("/")[0].upper()
            hit = match(catalog, Record(text, level=level if level in LEVELS else "ERROR"))
            yield _row_item(catalog, row, hit)


def _row_item(catalog: Catalog, row: Mapping[str, str], hit: Optional[Hit]) -> Item:
    expected = row["resource_to_check"]
    if hit is None:
        return Item(row["id"], expected, "unrecognised", "abstained")
    if hit.pattern.benign:
        return Item(row["id"], expected, "benign", "right" if expected == "none" else "wrong")
    named, _ = suspects(catalog, hit.pattern, hit.failure)
    kinds = list(dict.fromkeys(suspect.resource for suspect in named))
    if not kinds:
        # Its failure decides, and what stands in for it here is none.
        return Item(row["id"], expected, "as the failure says", "right")
    # Who looks at "none" looks nowhere: what else is suspected then does no harm.
    right = expected in kinds or expected == "none"
    return Item(row["id"], expected, "|".join(kinds), "right" if right else "wrong")


# --- policy -------------------------------------------------------------------------------------


def policy(file: Path) -> Iterator[Item]:
    for text in file.read_text(encoding="utf-8").splitlines():
        if not text.strip():
            continue
        try:
            case = read_case(parse(text))
        except PolicyError:
            yield _unreadable(text)
            continue
        except CaseError as error:
            yield Item(_told("id", text), _told("expected", text), f"no case: {error}", "wrong")
            continue
        answer, decision = answer_of(case)
        mark: Mark = "abstained" if answer == "Undetermined" else "wrong"
        if is_right(case, answer, decision):
            mark = "right"
        elif case.expected in ("Undetermined", "Unknown"):
            mark = "wrong"
        yield Item(case.id, case.expected, answer, mark)


def _unreadable(text: str) -> Item:
    """A line with a policy that no JSON reader takes the same way: malformed."""
    expected = _told("expected", text)
    mark: Mark = "right" if expected in ("Malformed", "Error") else "wrong"
    return Item(_told("id", text), expected, "Malformed", mark)


def _told(name: str, text: str) -> str:
    found = re.search(rf'"{name}": ?"([^"]*)"', text)
    return found[1] if found else "?"


# --- the command --------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    judges = {
        "scenarios": (scenarios, 2),
        "lines": (lines, 1),
        "logs": (logs, 1),
        "policy": (policy, 1),
        "rows": (rows, 1),
    }
    name = arguments[0] if arguments else ""
    if name not in judges or len(arguments) != judges[name][1] + 1:
        sys.stderr.write(f"usage: {(__doc__ or '').split(chr(10) + chr(10))[1]}\n")
        return 2
    judge, _ = judges[name]
    totals: Counter[str] = Counter()
    try:
        for item in judge(*map(Path, arguments[1:])):  # type: ignore[operator]
            totals[item.mark] += 1
            sys.stdout.write(f"{item.id}\t{item.expected}\t{item.got}\t{item.mark}\n")
    except (OSError, ValueError, KeyError, JobError) as error:
        sys.stderr.write(f"score {name}: {type(error).__name__}: {error}\n")
        return 3
    counts = ", ".join(f"{totals[m]} {m}" for m in ("right", "wrong", "abstained"))
    sys.stdout.write(f"total {sum(totals.values())}: {counts}\n")
    return 1 if totals["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
