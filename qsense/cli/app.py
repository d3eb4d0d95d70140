"""The command itself, its version, and how it ends on an error."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from qsense.cli.logs import show_log
from qsense.cli.option_names import with_options
from qsense.errors import QsenseError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="What entanglement buys a magnetic-field sensor, on its device, with its noise, and until when.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts and nothing else.")]


def main() -> None:
    """Runs the command line; an error of the user's is one line on stderr and exit status 2."""
    try:
        app()
    except QsenseError as error:
        print(f"qsense: {with_options(' '.join(str(error).split()), app, sys.argv[1:])}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe has left
        sys.stderr.close()
        sys.exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        from qsense.version import __version__

        print(f"qsense {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    show_log()
