"""``ssmdiag patterns`` and ``ssmdiag explain``: what the catalogue knows, and how it is tried."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from pathlib import Path
from typing import Annotated, Optional

import typer

from ssmdiag.cli.options import Patterns, surroundings
from ssmdiag.cli.output import fail, page_layout, put_text
from ssmdiag.wiring import patterns as wired
from ssmdiag.wiring.catalogues import catalogue
from ssmdiag.wiring.job import JobError

commands = typer.Typer(help="The catalogue of what the agent writes.", no_args_is_help=True)

_Area = Annotated[Optional[str], typer.Option(help="Only this area: kms, channel, ...")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="As in cloudwatch/describe-log-groups.")]


@commands.command("list")
def list_(area: _Area = None, patterns: Patterns = None) -> None:
    """List every pattern: id, what is lost (or that it is harmless), title."""
    catalog = catalogue(patterns or (), surroundings()).catalog
    chosen = [p for p in catalog.patterns if area in (None, p.area)]
    if not chosen:
        areas = ", ".join(dict.fromkeys(p.area for p in catalog.patterns))
        raise typer.BadParameter(f"there is no area {area!r}; there are {areas}")
    width = max(len(p.id) for p in chosen)
    for pattern in chosen:
        loss = "harmless" if pattern.benign else pattern.severity
        typer.echo(f"{pattern.id:{width}}  {loss:15}  {pattern.title}")


@commands.command("show")
def show(pattern_id: _Id, patterns: Patterns = None) -> None:
    """Print the file of one pattern."""
    try:
        typer.echo(wired.pattern_file(pattern_id, patterns or (), surroundings()), nl=False)
    except JobError as error:
        fail(error)


@commands.command("test")
def try_(
    folder: Annotated[
        Optional[Path],
        typer.Argument(
            metavar="DIR",
            help="A catalogue: <area>/<name>.toml, and its fixtures below DIR/fixtures. Default: "
            "the one that is shipped.",
        ),
    ] = None,
) -> None:
    """Try a catalogue: may it load, should it ship, does it do what its fixtures state?

    Exit code 1 if anything is wrong; every line that says so names file and line.
    """
    try:
        tried = wired.tried(folder)
    except JobError as error:
        fail(error)
    for problem in tried.problems:
        typer.echo(str(problem))
    typer.echo(f"{tried.patterns} patterns, {tried.lines} lines, {len(tried.problems)} wrong")
    raise typer.Exit(1 if tried.problems else 0)


@commands.command("new")
def new(
    pattern_id: _Id,
    log: Annotated[
        Optional[str],
        typer.Argument(help="A log with errors that no pattern knows; - for standard input."),
    ] = None,
    number: Annotated[
        int, typer.Option(min=1, help="Which of them, as diagnose numbers them.")
    ] = 1,
    write: Annotated[
        Optional[Path],
        typer.Option(metavar="DIR", help="Write the draft and its fixture into this catalogue."),
    ] = None,
    patterns: Patterns = None,
) -> None:
    """Turn an error that no pattern knows into a draft of one, with its fixture."""
    try:
        drafted = wired.drafted(pattern_id, log, number, patterns or (), surroundings())
        if write is None:
            for name, text in drafted:
                typer.echo(f"# {name}\n{text}")
            return
        for path in wired.write_new(write, drafted):
            typer.echo(str(path))
    except JobError as error:
        fail(error)


def explain(
    pattern_id: Annotated[
        Optional[str], typer.Argument(metavar="ID", help="The pattern's id, as a report tells it.")
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every pattern, as the page of the docs (Markdown).")
    ] = False,
    output: Annotated[Optional[Path], typer.Option(help="Write the page to this file.")] = None,
    patterns: Patterns = None,
) -> None:
    """Explain one message of the agent: meaning, causes in order of likelihood, what to check."""
    if (pattern_id is None) is not all_:
        raise typer.BadParameter("name one ID, or give --all")
    try:
        if all_:
            text = wired.pattern_docs(patterns or (), surroundings())
        else:
            text = wired.explanation(
                str(pattern_id), patterns or (), surroundings(), page_layout(output)
            )
        put_text(text, output, redact=False)
    except JobError as error:
        fail(error)
