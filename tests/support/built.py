"""The command line is built from its functions once a process: that takes 80 ms, longer than most commands."""

from functools import cache

import typer.main
import typer.testing


def build_once(*apps):
    """Every command of this process has what was built for the first; that of `apps` is built now, for its forks."""
    typer.main.get_command = typer.testing._get_command = cache(typer.main.get_command)
    for app in apps:
        typer.main.get_command(app)
