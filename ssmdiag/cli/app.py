"""The program's commands."""

from __future__ import annotations

import typer

from ssmdiag.cli import (
    can,
    check,
    demo,
    diagnose,
    evidence,
    install,
    patterns,
    predict,
    queries,
    setup,
    watch,
)

app = typer.Typer(
    name="ssmdiag",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Why Session Manager sessions, or their encrypted logs, do not work - and what to type "
    "to mend it. Runs on the node; changes nothing unless it is told to.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("diagnose", epilog=diagnose.EPILOG)(diagnose.diagnose)
app.command("check", epilog=check.EPILOG)(check.check)
app.command("predict", epilog=predict.EPILOG)(predict.predict)
app.command("can", epilog=can.EPILOG)(can.can)
app.command("snapshot", epilog=evidence.MASKED)(evidence.snapshot)
app.command("bundle", epilog=evidence.MASKED)(evidence.bundle)
app.command("watch", epilog=watch.EPILOG)(watch.watch)
app.add_typer(install.commands, name="install")
app.add_typer(setup.commands, name="setup")
app.add_typer(queries.commands, name="queries")
app.command("explain")(patterns.explain)
app.add_typer(patterns.commands, name="patterns")
app.command("demo")(demo.demo)


@app.callback()
def _program() -> None:
    # A callback keeps `diagnose` a subcommand, whatever the number of commands.
    return
