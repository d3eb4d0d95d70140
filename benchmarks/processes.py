"""Contenders as processes: qsense in the project's Python, its peers in theirs, asked in turn, with own clocks."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parent / ".venv-peers" / "bin" / "python"
LONG_SECONDS = 8.0
ROUNDS = 3


@dataclass
class Answer:
    """What a contender said.

    Attributes:
        gain: G at the times asked for.
        seconds: of every run; the first of each process comes with cold caches.
        first: the fastest of those first runs, in s.
        peak_mib, imports_mib: the process's largest memory in all, and before it was asked.
        versions: of the packages that answered.
        note: what the contender wants said beside its row.
        problem: why there is no answer: not installed, or the last line of its complaint.
    """

    gain: np.ndarray = field(default_factory=lambda: np.array([]))
    seconds: list[float] = field(default_factory=list)
    first: float = np.inf
    peak_mib: float = 0.0
    imports_mib: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    note: str = ""
    problem: str = ""

    @property
    def best(self) -> float:
        """The fastest run, in s."""
        return min(self.seconds, default=np.nan)

    def join(self, later: "Answer") -> None:
        """Adds the runs of another process that answered the same."""
        self.seconds += later.seconds
        self.first = min(self.first, later.first)
        self.problem = self.problem or later.problem


def ask(script: str, request: dict) -> Answer:
    """Returns the answer of `peers/<script>.py` to one request."""
    own = script == "qsense_gain"
    if not own and not PEERS_PYTHON.exists():
        return Answer(problem="not installed")
    done = subprocess.run(
        [sys.executable if own else str(PEERS_PYTHON), str(HERE / "peers" / f"{script}.py")],
        input=json.dumps(request),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        complaint = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Answer(problem=f"failed: {complaint[-1][:120]}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if "missing" in said:
        return Answer(problem=f"not installed ({said['missing']})")
    return Answer(
        np.array(said["gain"]),
        said["seconds"],
        said["seconds"][0],
        said["peak_mib"],
        said["imports_mib"],
        said["versions"],
        said["note"],
    )


def race(one: tuple[str, dict], other: tuple[str, dict]) -> tuple[Answer, Answer]:
    """Returns the answers of two contenders that are asked in turn, several times each unless one takes long."""
    answers = [ask(*one), ask(*other)]
    for _ in range(ROUNDS - 1):
        if any(answer.problem or answer.first > LONG_SECONDS for answer in answers):
            break
        for answer, contender in zip(answers, (one, other), strict=True):
            answer.join(ask(*contender))
    return answers[0], answers[1]
