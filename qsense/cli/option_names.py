"""Messages of the library name Python arguments; a user of the command line knows them as options."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

# Only where the library's messages have it, so that a path or a value that reads alike stays as the user typed it.
_START = re.compile(r"^Argument `(\w+)`(?=: | (?:\([a-z ]+\) )?(?:must|goes|would|is not)\b)")
_END = re.compile(r"(?:the argument `(\w+)`|\(`(\w+)`\))\.$")
_RENAMED = {"max_seconds": "max_qpu_seconds"}


def with_options(text: str, app: typer.Typer, words: Sequence[str]) -> str:
    """Returns a message that names the options of a command instead of the arguments that they set.

    Only the argument that a message begins with, or the one that its last words name, is renamed.

    Args:
        text: the message, such as "Argument `dead_time` must …".
        app: the command line.
        words: what the user typed after `qsense`; the first ones name the command.
    """
    command = typer.main.get_command(app)
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}

    def option(argument: str) -> str | None:
        name = "--" + _RENAMED.get(argument, argument).replace("_", "-")
        return name if name in options else None

    if (found := _START.search(text)) and (name := option(found[1])):
        text = f"Option {name}{text[found.end() :]}"
    if (found := _END.search(text)) and (name := option(found[1] or found[2])):
        text = text[: found.start()] + (f"the option {name}." if found[1] else f"({name}).")
    return text
