"""Waits for conditions, not for seconds: how long one may take follows the pace of this machine at that moment."""

import os
import subprocess
import sys
import time

QUIET_S = 1.2
"""How long a process that imports Qiskit and SciPy takes on a quiet machine."""
GENEROUS = 5
"""By how much a condition may exceed what it takes on a machine of the measured pace."""


def pace():
    """How many times slower than a quiet machine this one is now, at least 1: measured by starting a process."""
    words = [sys.executable, "-c", "import qiskit, scipy.optimize"]
    start = time.monotonic()
    subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
    return max(1.0, (time.monotonic() - start) / QUIET_S)


def limit(seconds):
    """How long something may take here and now that takes some seconds on a quiet machine."""
    return GENEROUS * seconds * pace()


def wait_until(condition, what, seconds=10.0, process=None, pause_s=0.02):
    """Returns the first answer of a condition that is true.

    Args:
        condition: called again and again.
        what: the condition in words, for the message of a failure.
        seconds: how long it takes on a quiet machine, at most. The pace is measured only when these seconds (times
            GENEROUS) have passed, and again whenever the limit that followed from it has.
        process: started by `processes.start`; the wait fails at once if it ends before.
        pause_s: between two calls of the condition.

    Raises:
        AssertionError: the condition did not become true in time.
    """
    start = time.monotonic()
    allowed = GENEROUS * seconds
    while not (answer := condition()):
        if process is not None and process.poll() is not None:
            if answer := condition():  # it became true just before the end
                break
            _, err = process.communicate()
            raise AssertionError(f"the process ended (status {process.returncode}) before {what}: {err}")
        if time.monotonic() - start > allowed:
            allowed = limit(seconds)
            waited = time.monotonic() - start
            if waited > allowed:
                raise AssertionError(f"waited {waited:.0f} s, of {allowed:.0f} s that it may take now, until {what}")
        time.sleep(pause_s)
    return answer
