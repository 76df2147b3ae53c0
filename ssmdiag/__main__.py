"""Entry point. ``--version`` answers before anything heavy is imported."""

from __future__ import annotations

import gc
import sys

from ssmdiag import __version__


def main() -> None:
    """Run the command line; exits the process."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"ssmdiag {__version__}\n")
        return
    # Nothing that a start loads is garbage; to look for it there took a twelfth of the time.
    gc.disable()
    from ssmdiag.cli.app import app

    app()


if __name__ == "__main__":
    main()
