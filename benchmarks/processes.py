"""Contenders as processes: qsense in the project's Python, its peers in theirs, asked in turn, with own clocks."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parent / ".venv-peers" / "bin" / "python"
ENOUGH_SECONDS, MOST_CALLS = 0.1, 50  # of one timing


@dataclass(frozen=True)
class Answer:
    """What a contender said.

    Attributes:
        gain: G at the times asked for.
        seconds: of one call.
        peak_mib, imports_mib: the process's largest memory in all, and before it was asked.
        versions: of the packages that answered.
        note: what the contender wants said beside its row.
        problem: why there is no answer: not installed, or the last line of its complaint.
    """

    gain: np.ndarray = field(default_factory=lambda: np.array([]))
    seconds: float = np.nan
    peak_mib: float = 0.0
    imports_mib: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    note: str = ""
    problem: str = ""


class Contender:
    """A script of `peers/` in a process of its own, which answers one request after the other."""

    def __init__(self, script: str) -> None:
        python = Path(sys.executable) if script.startswith("qsense_") else PEERS_PYTHON
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed by __exit__)
        self._process = None
        if python.exists():
            self._process = subprocess.Popen(
                [python, HERE / "peers" / f"{script}.py"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
            )

    def __enter__(self) -> "Contender":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()
        self._complaints.close()

    def ask(self, request: dict) -> Answer:
        """Returns the answer to one request."""
        if self._process is None:
            return Answer(problem="not installed")
        line = ""
        if self._process.poll() is None:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        if not line:
            self._complaints.seek(0)
            said = self._complaints.read().strip().splitlines() or ["no answer"]
            return Answer(problem=f"failed: {said[-1][:120]}")
        answer = json.loads(line)
        if "missing" in answer:
            return Answer(problem=f"not installed ({answer['missing']})")
        return Answer(**{**answer, "gain": np.array(answer["gain"])})


def ask(script: str, request: dict) -> Answer:
    """Returns the answer of `peers/<script>.py` to one request, in a process that is asked nothing else."""
    with Contender(script) as one:
        return one.ask(request)


@dataclass(frozen=True)
class Pairs:
    """Seconds of two contenders that were timed in turn, in pairs.

    Attributes:
        own, peer: of one call, shape (runs,).
    """

    own: list[float]
    peer: list[float]

    def __str__(self) -> str:
        """How many times as long the peer took: the ratio of the medians, and the range of the pairs' ratios."""
        ratios = np.divide(self.peer, self.own)
        return f"{_digits(median(self.peer) / median(self.own))} ({_digits(ratios.min())}–{_digits(ratios.max())})"


def _digits(number: float) -> str:
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"


@dataclass(frozen=True)
class Race:
    """What two contenders said of one request.

    Attributes:
        own, peer: their first answers, which are not among the pairs.
        pairs: None where one of them has no answer.
    """

    own: Answer
    peer: Answer
    pairs: Pairs | None


def race(one: tuple[str, dict], other: tuple[str, dict], runs: int) -> Race:
    """Returns the answers of two contenders, each once to start with and then in turn, `runs` times each.

    A timing is the mean of so many calls that it takes a tenth of a second or more.
    """
    with Contender(one[0]) as own, Contender(other[0]) as peer:
        firsts = own.ask(one[1]), peer.ask(other[1])
        if any(first.problem for first in firsts):
            return Race(*firsts, None)
        warm = own.ask(one[1]), peer.ask(other[1]) if firsts[1].seconds < 1 else firsts[1]  # without what is made once
        calls = [max(1, min(MOST_CALLS, round(ENOUGH_SECONDS / answer.seconds))) for answer in warm]
        seconds: tuple[list[float], list[float]] = [], []
        for _ in range(runs):
            for contender, (_, request), times, found in zip((own, peer), (one, other), calls, seconds, strict=True):
                found.append(contender.ask({**request, "calls": times}).seconds)
    return Race(*firsts, Pairs(*seconds))
