"""The page of the commands: what `--help` says of each, in the order of the help."""

from __future__ import annotations

import click
import typer

WIDTH = 80


def commands_page() -> str:
    """Returns the page, made from the commands as they are."""
    from qsense.cli import app

    lines = ["# Commands", "", "What `qsense COMMAND --help` prints. Options that take a name or a file say so."]
    root = typer.main.get_command(app)
    context = click.Context(root, info_name="qsense", terminal_width=WIDTH, max_content_width=WIDTH)
    lines += ["", "```text", root.get_help(context).rstrip(), "```"]
    for words, command, within in _commands(root, context, ("qsense",)):
        lines += ["", f"## {' '.join(words)}", "", "```text", command.get_help(within).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _commands(group, context, words):  # type: ignore[no-untyped-def]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        within = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH)
        yield (*words, name), command, within
        if hasattr(command, "list_commands"):
            yield from _commands(command, within, (*words, name))
