"""Commands that can be killed at any step, run by one process; what the tests that kill share."""

import json
import os
import subprocess
import sys
from pathlib import Path

from runtime_service import KEY


class Commands:
    """Runs commands in forks of one process that has imported everything; see killable.py.

    `kill_at` is the number of the step at which a command kills itself, `changes` are constants by their full names.
    """

    def __init__(self, folder):
        environment = {**os.environ, "HOME": str(folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        here = Path(__file__).parent
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(here / "killable.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout.readline() == "ready\n"

    def __call__(self, service, *arguments, kill_at=0, changes=None):
        paths = {name: str(self.folder / name) for name in ("out", "err", "steps")}
        order = {**paths, "arguments": [str(a) for a in arguments], "kill_at": kill_at, "env": service.environment()}
        order["changes"] = changes or {}
        print(json.dumps(order), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        texts = {name: Path(path).read_text() for name, path in paths.items()}
        assert KEY not in "".join(texts.values())
        return code, texts["out"], texts["err"], texts["steps"].splitlines()

    def done(self, service, *arguments, changes=None):
        code, out, err, steps = self(service, *arguments, changes=changes)
        assert code == 0, err
        return out, steps

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
