"""The command itself, its version, and how it ends on an error."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import typer.core

from qsense.cli.commands import COMMANDS, GROUPS
from qsense.cli.logs import one_line, show_log, show_traceback, without_credentials
from qsense.cli.option_names import with_options
from qsense.errors import ArgumentError, QsenseError
from qsense.files.streams import OutputError, abandon_output, guarded_streams
from qsense.files.terminal import printable

_Function = TypeVar("_Function", bound=Callable[..., Any])
_WRITTEN: dict[str, typer.Typer] = {}  # the commands whose files have been imported


def command(name: str) -> Callable[[_Function], _Function]:
    """Returns the decorator of the function that is the command of that name in `commands.COMMANDS`."""

    def decorate(function: _Function) -> _Function:
        _WRITTEN[name] = typer.Typer(add_completion=False, rich_markup_mode=None)
        _WRITTEN[name].command(name, short_help=COMMANDS[name].summary)(function)
        return function

    return decorate


def group(name: str, help: str, **options: Any) -> typer.Typer:
    """Returns the group of that name in `commands.COMMANDS`, to which its own commands are added.

    Args:
        name: of the group.
        help: what its help begins with.
        options: further ones of `typer.Typer`.
    """
    summary = COMMANDS[name].summary
    made = typer.Typer(name=name, help=help, short_help=summary, add_completion=False, rich_markup_mode=None, **options)
    _WRITTEN[name] = made
    return made


@cache
def parser_of(name: str) -> Any:
    """Returns the parser of a command. Its file is imported for it, and those of other commands are not."""
    import_module(f"qsense.cli.{COMMANDS[name].module}")
    made = typer.main.get_command(_WRITTEN[name])
    made.epilog = f"Example: {COMMANDS[name].example}"
    return made


class _Parsers(Mapping[str, Any]):
    """The parsers of all commands, each made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        return parser_of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Grouped(typer.core.TyperGroup):
    """Lists its commands in groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: Any = _Parsers()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)  # Typer's own asks for the parsers too

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, COMMANDS))
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), COMMANDS[name].summary) for name in names])


app = typer.Typer(
    cls=_Grouped,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What entanglement buys a magnetic-field sensor, on its device, with its noise, and until when.",
)
_debugging = False  # set by --debug


def main() -> None:
    """Runs the command line.

    A QsenseError, which the user can fix, is one line on stderr and exit status 2, and so are words that no command
    takes and output that cannot be written; any other error is a defect of qsense, one line and exit status 1. With
    --debug the traceback comes before the line. A pipe that nobody reads any more ends the command as SIGPIPE does.
    """
    gc.set_threshold(300_000)  # imports and figures make many objects and hardly any garbage to look for
    with guarded_streams():
        try:
            status = _run()
            sys.stdout.flush()
        except KeyboardInterrupt:
            status = 130
        except OutputError as error:
            status = abandon_output(error)
    sys.exit(status)


def _run() -> int | str | None:
    """Runs the command that was typed and returns its exit status."""
    try:
        if "" in sys.argv[2:]:
            raise ArgumentError("a path, a name or a value is empty; write it, or leave its option out.")
        status = app(prog_name="qsense", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except SystemExit as end:
        return end.code
    except OutputError:
        raise
    except typer.Abort:
        print("qsense: stopped at the question; nothing was done", file=sys.stderr)
        return 130
    except Exception as error:
        if hasattr(error, "format_message"):  # of Typer: the words that were typed
            return _wrong_words(error)
        if _debugging:
            show_traceback(error)
        if isinstance(error, QsenseError):
            typed = [word for word in sys.argv[1:] if word != "--debug"]
            print(f"qsense: {with_options(one_line(error), app, typed)}", file=sys.stderr)
            return 2
        what = without_credentials(f"{type(error).__name__}: {one_line(error)}".removesuffix(": "))
        where = "" if _debugging else "; see where with: qsense --debug …"
        print(f"qsense: internal error: {what}{where}; please report it", file=sys.stderr)
        return 1


def _wrong_words(error: Any) -> int:
    """Says what is wrong with the words that were typed; a group without any shows its help."""
    from qsense.cli.usage import usage_error

    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        print(f"qsense: {without_credentials(printable(usage_error(error)))}", file=sys.stderr)
    return 2


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
    debug: Annotated[
        bool, typer.Option("--debug", help="On an error also print the traceback, with what caused it.")
    ] = False,
) -> None:
    global _debugging
    _debugging = debug
    show_log()


def _quiet_beside_json(wanted: bool) -> bool:
    show_log(quiet=wanted)
    return wanted


RECORDS = Path("runs/records")
"""Where commands put records, and look for those that are named by id or name."""
Out = Annotated[Path, typer.Option(help="Folder under which the record is made; its own name says what is inside.")]
AsJson = Annotated[
    bool, typer.Option("--json", callback=_quiet_beside_json, help="Print JSON for scripts and nothing else.")
]
