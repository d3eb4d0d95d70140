"""Commands that can be killed at any step, run by one process; what the tests that kill share."""

import json
import select
import subprocess
import sys
from pathlib import Path

import processes
from runtime_service import KEY
from waiting import wait_until


class Commands:
    """Runs commands in forks of one process that has imported everything; see killable.py.

    `kill_at` is the number of the step at which a command kills itself, `changes` are constants by their full names;
    `without_locks` takes `fcntl` away.
    """

    def __init__(self, folder):
        self.folder = folder
        words = [sys.executable, str(Path(__file__).parent / "killable.py")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        environment = processes.environment(HOME=str(folder), OPENBLAS_NUM_THREADS="1")
        self.process = processes.start(words, lasting=True, env=environment, **pipes)
        assert self._answer("it has imported everything") == "ready\n"

    def __call__(self, service, *arguments, kill_at=0, changes=None, without_locks=False):
        paths = {name: str(self.folder / name) for name in ("out", "err", "steps")}
        order = {**paths, "arguments": [str(a) for a in arguments], "kill_at": kill_at, "env": service.environment()}
        order |= {"changes": changes or {}, "without_locks": without_locks}
        print(json.dumps(order), file=self.process.stdin, flush=True)
        code = int(self._answer(f"`qsense {' '.join(order['arguments'])}` has ended"))
        texts = {name: Path(path).read_text() for name, path in paths.items()}
        assert KEY not in "".join(texts.values())
        return code, texts["out"], texts["err"], texts["steps"].splitlines()

    def done(self, service, *arguments, changes=None):
        code, out, err, steps = self(service, *arguments, changes=changes)
        assert code == 0, err
        return out, steps

    def end(self):
        processes.kill(self.process)

    def _answer(self, what):
        def is_there():
            return select.select([self.process.stdout], [], [], 0.5)[0]

        wait_until(is_there, what, 30.0, self.process, pause_s=0)
        return self.process.stdout.readline()
