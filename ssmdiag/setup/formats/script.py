"""A plan as a commented POSIX shell script of AWS CLI commands, which may be run again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from ssmdiag.setup.commands import Command, Kept, document, kebab, kept_of, quoted, variables_of
from ssmdiag.setup.consistency import ATTEMPTS, NOT_YET, PAUSE
from ssmdiag.setup.formats.comments import comment, explained, one_line
from ssmdiag.setup.formats.guards import NEW_KEY, Exists, Replaces, Unit, may_be_gone, units
from ssmdiag.setup.plan import Plan
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_PREAMBLE = f"""\
set -eu
# IAM and STS are told the region, too: it says which partition is meant.
export AWS_REGION=%(region)s AWS_DEFAULT_REGION=%(region)s AWS_PAGER=''
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

say() {{ printf '%%s\\n' "$*"; }}
stop() {{ printf 'Stopped: %%s\\n' "$*" >&2; exit 1; }}

# found COMMAND...: what it prints; nothing where AWS says that there is no such thing.
found() {{
  if "$@" 2>"$errors"; then return 0; fi
  case $(cat "$errors") in
    *NoSuch*|*NotFound*|*InvalidDocument*) return 0 ;;
  esac
  cat "$errors" >&2
  return 1
}}

# patiently CODE COMMAND...: tries again for a while, since CODE may only mean "not yet".
patiently() {{
  code=$1
  shift
  attempt=1
  until "$@" 2>"$errors"; do
    if [ "$attempt" -ge {ATTEMPTS} ] || ! grep -q "$code" "$errors"; then
      cat "$errors" >&2
      return 1
    fi
    attempt=$((attempt + 1))
    sleep {PAUSE:g}
  done
}}

# squeezed TEXT: without the white space in which two copies of a document may differ.
squeezed() {{ printf '%%s' "$1" | tr -d '[:space:]'; }}
"""


def script(plan: Plan) -> str:
    """The whole script. Raises ValueError, worded, for a value that no command line can carry.

    A plan with nothing to do is a script that says so.
    """
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    wanted = plan.wanted
    yield "#!/bin/sh"
    yield from comment(
        f"{plan.title}. Made by "
        "`ssmdiag setup`, --format commands. It may be run again: what is there already stays "
        "as it is, and a document that has changed since this was made is not overwritten. "
        f"`ssmdiag {plan.planned_by} --permissions` prints what whoever runs it must be allowed."
    )
    if not plan.calls:
        yield f"echo {quoted(one_line(plan.nothing), {})}"
        return
    yield "# What documents say, and names like $DEFAULT, are meant as they stand."
    yield "# shellcheck disable=SC2016"
    yield _PREAMBLE % {"region": wanted.region}
    yield "account=$(aws sts get-caller-identity --query Account --output text)"
    yield f'if [ "$account" != {wanted.account} ]; then'
    yield f'  stop "these credentials are of account $account, the plan is for {wanted.account}"'
    yield "fi"
    variables = variables_of(plan.calls)
    for number, step in enumerate((s for s in plan.steps if s.calls), start=1):
        yield ""
        yield from comment(f"{number}. {explained(step)}")
        yield f"say {quoted(f'{number}. {one_line(step.summary)}', {})}"
        for unit in units(step, plan):
            yield from _Written(unit, wanted.region, variables).lines()
    yield ""
    yield f"say 'Done. Check it with: ssmdiag {plan.checked_by}'"


@dataclass(frozen=True)
class _Written:
    """One unit as lines of the script."""

    unit: Unit
    region: str
    variables: Mapping[str, str]
    """The promised values that are known so far, by what stands for them."""

    def lines(self) -> Iterator[str]:
        guard = self.unit.guard
        if isinstance(guard, Replaces):
            yield from self._replacing(guard)
            return
        documents = dict(self._documents())
        for text, variable in documents.items():
            yield f"{variable}={quoted(text, self.variables)}"
        if isinstance(guard, Exists):
            yield from self._making(guard, documents)
        else:
            yield from self._commands(documents, "")

    def _documents(self) -> Iterator[tuple[str, str]]:
        """Texts of many lines, which are easier read before the command than in it."""
        for call in self.unit.calls:
            for name, value in call.parameters.items():
                text = document(value) if isinstance(value, str) else None
                if text and "\n" in text:
                    yield text, kebab(name).replace("-", "_")

    def _making(self, guard: Exists, documents: Mapping[str, str]) -> Iterator[str]:
        promise = self.unit.calls[0].gives
        promised = self.variables.get(promise.stand_in) if promise else None
        variable = promised or "there"
        yield self._read(guard.read, Kept(variable, guard.query))
        yield f'if [ -z "${variable}" ]; then'
        yield from self._commands(documents, "  ")
        yield "fi"

    def _replacing(self, guard: Replaces) -> Iterator[str]:
        written = document(guard.wanted) or guard.wanted
        yield f"wanted={quoted(written, self.variables)}"
        if guard.before is not None:
            yield f"before={quoted(guard.before, {})}"
        # IAM shows a policy as an object, the others as text.
        form = "json" if guard.read.service == "iam" else "text"
        yield self._read(guard.read, Kept("now", guard.query, form))
        yield 'now=$(squeezed "$now")'
        yield 'if [ "$now" != "$(squeezed "$wanted")" ]; then'
        unchanged = '""' if guard.before is None else '"$(squeezed "$before")"'
        yield f'  if [ "$now" != {unchanged} ]; then'
        said = f"{one_line(guard.what)} is no longer what it was: make the plan anew"
        yield f"    stop {quoted(said, {})}"
        yield "  fi"
        yield from self._commands({written: "wanted"} if written else {}, "  ")
        yield "fi"

    def _read(self, read: Call, kept: Kept) -> str:
        return Command(read, self.region, {}, kept, "found ").text()

    def _commands(self, documents: Mapping[str, str], margin: str) -> Iterator[str]:
        variables = {**documents, **self.variables}
        own = variables_of(self.unit.calls)
        for call in self.unit.calls:
            code = NOT_YET.get(call.operation)
            runner = f"patiently {code} " if code else ""
            if may_be_gone(call):
                runner = "found "
            kept = kept_of(call, {**own, **variables})
            text = Command(call, self.region, {**own, **variables}, kept, runner).text()
            yield from textwrap.indent(text, margin).split("\n")
            if kept and call.operation == "CreateKey":
                said = NEW_KEY.format(f"${kept.variable}")
                yield f'{margin}say "{said}"'
