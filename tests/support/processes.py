"""Processes that a test starts: each leads a session of its own, and none of it outlives the test."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

from waiting import wait_until

_started = []


def environment(**more):
    """The environment of a child: it imports what the test imports, and uses one thread for linear algebra."""
    here = os.environ.get("PYTHONPATH", "")
    paths = os.pathsep.join([path for path in (os.path.dirname(__file__), here) if path])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more}


def start(words, lasting=False, **options):
    """A running process, which is killed at the end of the test with all that it has started.

    One that is `lasting` serves many tests; whoever starts it calls `kill`.
    """
    options = {"text": True, "env": environment(), **options}
    process = subprocess.Popen([str(word) for word in words], start_new_session=True, **options)
    if not lasting:
        _started.append(process)
    return process


def start_python(code, *arguments, **options):
    """A running Python process that executes some code."""
    return start([sys.executable, "-c", code, *arguments], **options)


def finish(process, seconds=20.0, send=None):
    """Waits for the end of a process; returns its output, (stdout, stderr).

    Args:
        process: started by `start`.
        seconds: how long it takes on a quiet machine, at most.
        send: data for its standard input.
    """
    texts = []

    def has_ended():
        nonlocal send
        try:
            texts[:] = process.communicate(send, timeout=0.5)
        except subprocess.TimeoutExpired:
            send = None
            return False
        return True

    wait_until(has_ended, f"the process {process.args[:8]} has ended", seconds, pause_s=0)
    return tuple(texts)


def run(words, seconds=20.0, send=None, **options):
    """A finished process, as `subprocess.run` returns it."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if send is not None:
        pipes["stdin"] = subprocess.PIPE
    process = start(words, **{**pipes, **options})
    out, err = finish(process, seconds, send)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_python(code, *arguments, **options):
    """A finished Python process that executed some code."""
    return run([sys.executable, "-c", code, *arguments], **options)


def kill(process):
    """Kills a process and all that it has started, and waits for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def end_all():
    """Ends all processes that were started; returns the command lines of those left by parents that had ended."""
    left = []
    while _started:
        process = _started.pop()
        if process.poll() is not None and left_of_session(process.pid):
            with suppress(AssertionError):
                wait_until(lambda leader=process.pid: not left_of_session(leader), "a session is empty", 2.0)
            left += [command_line(pid) for pid in left_of_session(process.pid)]
        kill(process)
    return left


def left_of_session(leader):
    """The processes of a session that run (Linux; elsewhere none are found)."""
    return [pid for pid, (state, _, session) in _table() if session == leader and state not in "ZX"]


def children_of(pid):
    """The processes that a process has started and that are still there (Linux)."""
    return [child for child, (_, parent, _) in _table() if parent == pid]


def is_running(pid):
    return any(other == pid and state not in "ZX" for other, (state, _, _) in _table())


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read().replace("\0", " ").strip()
    except OSError:
        return ""


def libraries_of(pid):
    """What a process has mapped into its memory, as text: says which libraries it has imported."""
    try:
        with open(f"/proc/{pid}/maps") as file:
            return file.read()
    except OSError:
        return ""


def _table():
    """(number, (state, parent, session)) of every process."""
    if not os.path.isdir("/proc/self"):
        return
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                words = file.read().rpartition(")")[2].split()
            row = int(name), (words[0], int(words[1]), int(words[3]))
        except (OSError, IndexError):
            continue
        yield row
