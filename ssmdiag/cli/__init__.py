"""The command line: options in, one use, exit code out.

Enters: what a person typed. Leaves: the report on standard output, everything else on standard
error, and an exit code. Knows Typer and the terminal, and decides nothing: each command is one file
that turns options into a value for ``wiring`` and a result into text.
"""
