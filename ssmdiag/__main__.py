"""Entry point. ``--version`` answers before anything heavy is imported."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from ssmdiag import __version__

INTERRUPTED = 130


def main() -> None:
    """Run the command line; exits the process."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        # None if it was closed when the program started, as by `<&-`. In this order each gets the
        # descriptor of its own, which else the next file would get that is opened.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        from ssmdiag.cli.output import say_why

        sys.exit(say_why(error))


def _run() -> None:
    wanted = sys.argv[1:]
    if wanted == ["--version"]:
        # Where it cannot be written, that is told as by every command.
        with suppress(OSError):
            _say_version()
            return
    # Nothing that a start loads is garbage; to look for it there took a twelfth of the time.
    gc.disable()
    from ssmdiag.cli.app import app
    from ssmdiag.cli.output import make_lasting

    # `watch` itself sees that nobody reads it any more, and ends.
    make_lasting(ends_unread=wanted[:1] == ["watch"] and not {"-h", "--help"} & set(wanted))
    _say_version() if wanted == ["--version"] else app()


def _say_version() -> None:
    sys.stdout.write(f"ssmdiag {__version__}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
