"""Runs `qsense` commands in processes that can kill themselves (SIGKILL) at a numbered step; used by commands.py.

Started once, it imports everything and then forks for every command it reads on stdin, because imports take seconds. A
step is the moment before or after a file of the record is moved into its place, deleted, or locked, a folder of it is
made, or a request about jobs or sessions. The hooks are set here, in the child, around functions of `os` and
`requests.Session.send`; qsense and the vendor's client are as they are.
"""

import json
import os
import signal
import sys
from urllib.parse import urlsplit

from qsense import cli, reports
from qsense.cli.app import parser_of
from qsense.cli.commands import COMMANDS
from qsense.jobs import dispatch
from qsense.services import ibm_client
from qsense.workflow import analysis


def import_what_commands_import():
    import qiskit.transpiler
    import qiskit_ibm_runtime
    import tomli_w

    import qsense.calibration.remote
    import qsense.jobs.collection
    import qsense.services.ibm

    return (
        qiskit.transpiler,
        qiskit_ibm_runtime,
        tomli_w,
        qsense.calibration.remote,
        qsense.jobs.collection,
        qsense.services.ibm,
    )


def hooked(name, function, path, step):
    def wrapped(*arguments, **options):
        where = path(*arguments)
        if where is None:
            return function(*arguments, **options)
        step(f"before {name} {where}")
        answer = function(*arguments, **options)
        step(f"after {name} {where}")
        return answer

    return wrapped


def resource(_session, request, **_options):
    path = urlsplit(request.url).path
    return f"{request.method} {path.removeprefix('/experimental')}" if "/jobs" in path or "/sessions" in path else None


def in_a_record(path, *_):
    """The name of a file or folder of a record; not that of a file which has no name yet."""
    path = os.fspath(path)
    name = os.path.basename(path)
    return name if "/killed-" in path and not name.endswith(".part") else None


def lock_file(path, *_):
    return in_a_record(path) if os.fspath(path).endswith(".lock") else None


def child(order):
    steps = os.open(order["steps"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    count = 0

    def step(name):
        nonlocal count
        count += 1
        os.write(steps, f"{name}\n".encode())
        if count == order["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    import requests  # comes with the vendor's client

    os.replace = hooked("move", os.replace, lambda _, target: os.path.basename(target), step)
    os.mkdir = hooked("folder", os.mkdir, in_a_record, step)
    os.unlink = hooked("delete", os.unlink, in_a_record, step)
    os.open = hooked("lock", os.open, lock_file, step)
    requests.Session.send = hooked("request", requests.Session.send, resource, step)
    # Shorter waits, and no figures: they are made from the counts, and are tested elsewhere.
    ibm_client.PAUSES_S = (0.05, 0.05)
    dispatch.SETTLE_S = 0.1
    reports.figures = lambda *_: {}
    assert analysis.reports is reports
    if order["without_locks"]:
        sys.modules["fcntl"] = None
    for name, value in order["changes"].items():
        module, _, constant = name.rpartition(".")
        assert hasattr(sys.modules[module], constant)
        setattr(sys.modules[module], constant, value)
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.update(order["env"])
    sys.argv = ["qsense", *order["arguments"]]
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


def main():
    import_what_commands_import()
    for name in COMMANDS:
        parser_of(name)
    print("ready", flush=True)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            child(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
