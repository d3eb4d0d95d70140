"""The main script, which worker processes import before their first trial: what is wrong with it is said at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from qsense.errors import ArgumentError

_UNGUARDED = 78
"""The exit status of a worker whose main script starts a study while the worker imports it."""
_SECONDS = 5.0


def check_main_script() -> None:
    """Refuses scripts that worker processes cannot import; ends a worker that is importing one that starts a study.

    Raises:
        ArgumentError: the script came from standard input, or its file is gone.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing itself asks
        raise SystemExit(_UNGUARDED)
    main: Any = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    if getattr(main, "__spec__", None) is None and path is not None and not os.path.exists(path):
        raise ArgumentError(
            f"Worker processes cannot import the script {path}, which is no file; save it as one, or use workers=1."
        )


def explain_end(processes: Sequence[Any]) -> None:
    """Refuses to go on where workers ended by themselves before their first trial: they would do so again.

    Args:
        processes: of a pool none of whose workers has come to a trial; those that a signal ended say nothing.

    Raises:
        ArgumentError: names the main script and what to do.
    """
    codes = [code for code in map(_exit_code, processes) if code is not None and code >= 0]
    if not codes:
        return
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    script = f"the script {os.path.basename(path)}" if path else "the main module"
    if _UNGUARDED in codes:
        raise ArgumentError(
            f"The study starts while its worker processes import {script}; put the call under "
            '`if __name__ == "__main__":`, or use workers=1.'
        )
    raise ArgumentError(
        f"The worker processes ended with status {codes[0]} before their first trial, while they imported {script} and "
        "qsense; their own messages on stderr say why. What is not for them belongs under "
        '`if __name__ == "__main__":`.'
    )


def _exit_code(process: Any) -> int | None:
    """The exit code of a process that has ended or is about to; another thread may be the one that learns of it."""
    end = time.monotonic() + _SECONDS
    process.join(_SECONDS)
    while process.exitcode is None and time.monotonic() < end:
        time.sleep(0.01)
    code: int | None = process.exitcode
    return code
