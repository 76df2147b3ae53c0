"""``ssmdiag queries``: ready Logs Insights queries about session logs."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from typing import Annotated, Optional

import typer

from ssmdiag.cli.options import Output, OutputFormat, Redact, reaching, surroundings
from ssmdiag.cli.output import Format, fail, page_layout, put_text
from ssmdiag.wiring.job import JobError, Reach

commands = typer.Typer(help="Ready questions to the session logs.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="As in sessions-per-user.")]
_Set = Annotated[
    Optional[list[str]],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A parameter of the query. May be given several times."
    ),
]


@commands.command("list")
def list_() -> None:
    """List every query: name, title, parameters."""
    from ssmdiag.queries.query import queries

    known = queries()
    width = max(len(query.name) for query in known)
    for query in known:
        asks = "".join(f" --set {p.name}=..." for p in query.parameters if p.default is None)
        only = " (needs streaming)" if query.needs == "streaming" else ""
        typer.echo(f"{query.name:{width}}  {query.title}{only}{asks}")


@commands.command("show")
def show(name: _Name, values: _Set = None) -> None:
    """Print one query, to be run in the console or by `aws logs start-query`."""
    from ssmdiag.wiring.searching import query_named, text_of

    try:
        query = query_named(name)
        typer.echo(f"# {query.title}. {query.answers}")
        for parameter in query.parameters:
            typer.echo(f"# --set {parameter.name}=...: {parameter.description}")
        chosen = _values(values)
        complete = all(p.default is not None or p.name in chosen for p in query.parameters)
        typer.echo(text_of(query, chosen) if complete or chosen else query.text.strip())
    except JobError as error:
        fail(error)


@commands.command("run")
@reaching
def run(
    name: _Name,
    values: _Set = None,
    log_group: Annotated[
        Optional[list[str]],
        typer.Option(help="Where to search. Default: the log group of the preferences."),
    ] = None,
    since: Annotated[
        Optional[str],
        typer.Option(help="24h, 7d, 2026-11-20 or 2026-11-20T14:00. Default: the query's own."),
    ] = None,
    until: Annotated[Optional[str], typer.Option(help="The other end, written alike.")] = None,
    wait: Annotated[
        float, typer.Option(min=1, help="Stop the query after so many seconds.")
    ] = 60.0,
    format_: OutputFormat = Format.text,
    output: Output = None,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Run one query and show its rows. CloudWatch Logs charges for what it scans."""
    from ssmdiag.render.table import rows_to_json, table
    from ssmdiag.wiring.searching import query_named, search, span_of, text_of

    around = surroundings()
    try:
        query = query_named(name)
        text = text_of(query, _values(values))
        span = span_of(since, until, query.period, around.now)
        found = search(text, tuple(log_group or ()), span, reach, around, wait)
        if format_ is Format.json:
            whole = rows_to_json(found.rows, found.columns, found.statistics)
        else:
            lines = None if query.whole else 5
            whole = table(found.rows, page_layout(output), found.columns, cell_lines=lines)
        put_text(whole, output, redact=redact)
    except JobError as error:
        fail(error)


def _values(pairs: Optional[list[str]]) -> dict[str, str]:
    values = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r}: write --set KEY=VALUE")
        values[key] = value
    return values
