"""Executes a notebook in an empty folder and writes it with its outputs: python docs/site/execute.py FROM TO."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LONGEST_CELL_S = 600


def execute(source: Path, target: Path) -> None:
    """Executes a notebook with the Python that runs this.

    Raises:
        SystemExit: a cell fails; its traceback is the message.
    """
    notebook, begun = nbformat.read(source, as_version=4), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook, timeout=LONGEST_CELL_S, resources=place, extra_arguments=["--log-level=ERROR"]
        )
        try:
            client.execute()
        except CellExecutionError as error:
            raise SystemExit(f"{source}: a cell fails\n{error}") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    print(f"{source}: {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    execute(Path(sys.argv[1]), Path(sys.argv[2]))
