"""`qsense` commands run in forks of one process that has imported everything, because imports take a second.

A command gets a session, a folder and an environment of its own, and its output goes to files, as with any process.
What a fork cannot show, how a command starts from nothing, is tested with processes of their own.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import pictures
import processes
from waiting import wait_until

_parents = []


def run(*arguments, cwd=None, env=None):
    """A finished `qsense` command, as `subprocess.run` returns it, with text."""
    if not hasattr(os, "fork"):
        return processes.run([sys.executable, "-m", "qsense.cli", *arguments], cwd=cwd, env=env or dict(os.environ))
    if not _parents or _parents[0].poll() is not None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        _parents[:] = [processes.start_python("import forked; forked.serve()", lasting=True, **pipes)]
        atexit.register(processes.kill, _parents[0])
        assert _line(_parents[0], "it has imported what commands import") == "ready\n"
    parent = _parents[0]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        words = [str(argument) for argument in arguments]
        environment = env or processes.environment()
        order = {"words": words, "cwd": str(cwd or os.getcwd()), "env": environment, "out": str(out), "err": str(err)}
        order["drawn"] = pictures.kinds_drawn()
        print(json.dumps(order), file=parent.stdin, flush=True)
        pid, code = map(int, _line(parent, f"`qsense {' '.join(words)}` has ended").split())
        wait_until(lambda: not processes.left_of_session(pid), f"nothing is left of `qsense {' '.join(words)}`", 2.0)
        return subprocess.CompletedProcess(["qsense", *words], code, out.read_text(), err.read_text())


def _line(parent, what):
    wait_until(lambda: select.select([parent.stdout], [], [], 0.5)[0], what, 30.0, parent, pause_s=0)
    return parent.stdout.readline()


def serve():
    """Runs the commands that are read on standard input, one after the other."""
    _import_what_commands_import()
    from qsense.cli.app import parser_of
    from qsense.cli.commands import COMMANDS

    for name in COMMANDS:
        parser_of(name)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
        print(pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _import_what_commands_import():
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import qiskit
    import qiskit_aer
    import rich.table
    import scipy.integrate
    import scipy.optimize

    import qsense.cli
    import qsense.workflow

    return matplotlib, qiskit, qiskit_aer, rich.table, scipy, qsense


def _become(order):
    os.setsid()
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.path[0] = order["cwd"]  # as `python -m` has it
    sys.argv = ["qsense", *order["words"]]
    from qsense import cli

    try:
        with pictures.drawn_where_asked(), pictures.drawn(order["drawn"]):
            cli.main()
        code = 0
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if "multiprocessing.util" in sys.modules:  # else the semaphores of a pool that is just ending are called leaked
        sys.modules["multiprocessing.util"]._exit_function()
    os._exit(code or 0)
