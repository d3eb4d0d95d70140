"""Progress of a command on a terminal, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qsense.files.terminal import plain_console, printable


@contextmanager
def progress(quiet: bool, amount: str = "{task.completed}/{task.total}") -> Iterator[Any]:
    """Yields a function of (done, all, label) that moves a bar; None where nobody watches.

    Args:
        quiet: shows nothing.
        amount: what stands behind the bar, in rich's words.
    """
    if quiet or not (console := plain_console(stderr=True)).is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Amount(TextColumn):
        def render(self, task: Any) -> Text:  # before the first news nobody knows how much there is
            return Text("") if task.total is None else super().render(task)

    named = TextColumn("{task.description}", markup=False)
    columns = named, BarColumn(), Amount(amount), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, label: bar.update(task, completed=done, total=total, description=printable(label))
