"""Times ssmdiag beside what it is measured against, and writes docs/speed.md's tables.

Run it through ``scripts/bench``. Sides run in turn in the same run; medians; bounds stand beside.

    bench               every part
    bench PART...       start | match | scan | ask | policy | watch | check
    bench --write ...   the tables into docs/speed.md, too
"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from bench_row import Row

_PARTS = ("start", "match", "scan", "ask", "policy", "watch", "check")
_PAGE = Path(__file__).parents[1] / "docs" / "speed.md"


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| | ours | theirs | ratio | bound | |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        theirs = "" if row.theirs is None else f"{_figure(row.theirs)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        bound = "" if row.bound is None else _bound(row)
        kept = {None: "", True: "kept", False: "**not kept**"}[row.kept]
        ours = f"{_figure(row.ours)} {row.unit}"
        what = row.what.replace("|", r"\|")
        yield f"| {what} | {ours} | {theirs} | {ratio} | {bound} | {kept} |"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def _bound(row: Row) -> str:
    return f"{_figure(row.bound or 0)} {row.unit}" if row.ratio is None else f"{row.bound:g}"


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    parts = tuple(each for each in arguments if each != "--write") or _PARTS
    if not set(parts) <= set(_PARTS):
        sys.stderr.write(f"{__doc__}")
        return 2
    version = ".".join(platform.python_version_tuple()[:2])
    failed = False
    for part in parts:
        rows = importlib.import_module(f"bench_{part}").rows()
        table = "\n".join(_table(rows))
        failed |= any(row.kept is False for row in rows)
        sys.stdout.write(f"{part}, Python {version}\n{table}\n\n")
        sys.stdout.flush()
        if write:
            _put(f"{part} {version}", table)
    return int(failed)


def _put(name: str, table: str) -> None:
    """Replace the table between the page's marks of that name, if it has them."""
    before, mark, rest = _PAGE.read_text("utf-8").partition(f"<!-- {name} -->\n")
    if not mark:
        return
    after = rest.partition("<!-- end -->")[2]
    whole = f"{before}<!-- {name} -->\n{table}\n<!-- end -->{after}"
    _PAGE.write_text(whole, "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
