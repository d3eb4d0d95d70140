"""Runs the examples of pages of the documentation: Python with its output, and commands with what they print."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path


def run_examples(text, name):
    """The examples of all Python blocks of a page, in order and in one namespace: (attempted, failed, what failed)."""
    report = []
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, name, name, 0)
    result = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    return result.attempted, result.failed, "".join(report)


CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r'^```toml title="([\w.]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def with_outputs(text, folder):
    """A page with what its commands print now: all `$ …` lines of its console blocks are run, in order, in a folder.

    Blocks of TOML with the name of a file are written there first.
    """
    for name, content in FILE.findall(text):
        (Path(folder) / name).write_text(content)

    def run(block):
        commands = re.findall(r"^\$ (.*)$", block[1], re.MULTILINE)
        shown = "".join(f"$ {command}\n{_printed(command, folder)}" for command in commands)
        return f"```console\n{shown}```"

    return CONSOLE.sub(run, text)


def _printed(command, folder):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    # 141: a pipe whose reader has left, as `| head` does.
    assert done.returncode in (0, 141), f"$ {command}\n{done.stderr}"
    return done.stdout
