"""Messages of the library name Python arguments; a user of the command line knows them as options."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

_ARGUMENT = re.compile(r"([Aa])rgument `(\w+)`")


def with_options(text: str, app: typer.Typer, words: Sequence[str]) -> str:
    """Returns a message that names the options of a command instead of the arguments of the same names.

    Args:
        text: the message, such as "Argument `dead_time` must …".
        app: the command line.
        words: what the user typed after `qsense`; the first ones name the command.
    """
    if "key `" in text:  # of a file; not what the user typed
        return text
    command = typer.main.get_command(app)
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}

    def named(found: re.Match[str]) -> str:
        option = "--" + found[2].replace("_", "-")
        return f"{'O' if found[1] == 'A' else 'o'}ption {option}" if option in options else found[0]

    return _ARGUMENT.sub(named, text)
