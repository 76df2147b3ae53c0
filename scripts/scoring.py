"""Judges ssmdiag on data that says what the right answer is. Run it through ``scripts/score``.

    score scenarios FILE BASELINE   worlds as merge patches on a baseline world, with log lines
    score lines FILE                single log entries, one JSON object a line
    score logs DIR                  folders of agent logs with an index.json; the log alone

One line an item: id, expected, got, right | wrong | abstained. Totals come last. To abstain is to
say "could not verify" or not to recognise; exit 0 only if nothing is wrong.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ssmdiag import wiring
from ssmdiag.demo import described
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.model import Report
from ssmdiag.world.asking import Asking

Mark = Literal["right", "wrong", "abstained"]


@dataclass(frozen=True)
class Item:
    id: str
    expected: str
    got: str
    mark: Mark


# --- scenarios ----------------------------------------------------------------------------------


def scenarios(file: Path, baseline: Path) -> Iterator[Item]:
    base = json.loads(baseline.read_text(encoding="utf-8"))["world"]
    for scenario in json.loads(file.read_text(encoding="utf-8")):
        world = described.merge_patch(base, scenario["world"])
        yield _judged(scenario, _report(world, scenario["log_lines"]))


def _report(world: Mapping[str, Any], log_lines: list[str]) -> Report:
    text = "".join(f"{line}\n" for line in log_lines).encode()
    heard = wiring.hear(wiring.shipped_catalog(), _records(text))
    if heard.evidence.instance_id is None:
        heard.evidence.instance_id = world["identity"].get("instance_id")
    ask = Asking(described.door(world))
    return wiring.decide(heard, ask, str(world["region"]), online=True)


def _records(text: bytes) -> Any:
    return read(["-"], stdin=io.BytesIO(text), span=ALL)


def _judged(scenario: Mapping[str, Any], report: Report) -> Item:
    broken = {f.resource.kind for f in report.findings if f.verdict == "broken"}
    open_ones = {s.kind for f in report.findings if f.verdict == "unverified" for s in f.suspects}
    causes, verdict = set(scenario["root_causes"]) - {"none"}, scenario["expected_verdict"]
    mark: Mark
    if verdict == "no-finding":
        mark = "wrong" if broken else "abstained" if open_ones else "right"
    elif verdict == "could-not-verify":
        mark = "right" if not broken and causes <= open_ones else "wrong"
    elif broken == causes:
        mark = "right"
    else:
        # Less than the whole truth is an abstention only if the rest was named as not verified.
        mark = "abstained" if broken < causes and open_ones else "wrong"
    expected = f"{verdict}:{'+'.join(sorted(causes)) or 'none'}"
    got = f"{report.verdict}:{'+'.join(sorted(broken)) or 'none'}"
    if open_ones:
        got += f" unverified:{'+'.join(sorted(open_ones))}"
    return Item(scenario["id"], expected, got, mark)


# --- lines --------------------------------------------------------------------------------------


def lines(file: Path) -> Iterator[Item]:
    catalog = wiring.shipped_catalog()
    for text in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(text)
        folded = wiring.hear(catalog, _records(entry["line"].encode())).folded
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
    return "right" if got == expected or (expected, got) == ("none", "benign") else "wrong"


# --- logs ---------------------------------------------------------------------------------------


def logs(folder: Path) -> Iterator[Item]:
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        places = tuple(str(folder / entry["name"] / name) for name in entry["files"])
        around = wiring.Surroundings("linux", {}, io.BytesIO(), datetime(2000, 1, 1))
        report = wiring.diagnose(wiring.Job(places, span=ALL, offline=True), around)
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


# --- the command --------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    judges = {"scenarios": (scenarios, 2), "lines": (lines, 1), "logs": (logs, 1)}
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
    except (OSError, ValueError, KeyError, wiring.JobError) as error:
        sys.stderr.write(f"score {name}: {type(error).__name__}: {error}\n")
        return 3
    counts = ", ".join(f"{totals[m]} {m}" for m in ("right", "wrong", "abstained"))
    sys.stdout.write(f"total {sum(totals.values())}: {counts}\n")
    return 1 if totals["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
