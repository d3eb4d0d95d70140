"""What `fuzz.py` does beyond damaging files: links, text for terminals, nested gates, and ledgers of paid jobs."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qiskit_aer import AerSimulator

from qsense import RunRecord, RunSpec, results_of
from qsense.cli import main as qsense_command
from qsense.errors import QsenseError
from qsense.jobs import submission
from qsense.jobs.collection import collect
from qsense.probes import Probe
from qsense.services import JobStatus, ServiceError, TaskResult
from qsense.services.local import LocalService
from qsense.store import Store
from qsense.store.studies import list_studies
from qsense.store.tidying import tidy
from qsense.store.verification import verify

SECRET = "the-secret-of-another-folder"
TERMINAL = [
    "\x1b[2J", "\x1b]0;owned\x07", "\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\", "\x9b31m", "\r", "\x08" * 9, "a[/b]",
    "[red]", "[link=http://evil]", "a$\\frac$", "$\\undefined{$", "\u202egnp.exe", "\x00", "a\nb", "=1+1", "@SUM(A1)",
    ":warning:", "%(name)s", "{0}", "\u202d", " ", "\x85",
]  # fmt: skip
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def qsense(*words: object) -> str:
    """Returns all that the command prints; its own exit statuses are 0, 1 and 2."""
    before = sys.argv, sys.stdout, sys.stderr
    text = io.StringIO()
    sys.argv, sys.stdout, sys.stderr = ["qsense", *map(str, words)], text, text
    try:
        qsense_command()
    except SystemExit as end:
        if end.code not in (0, 1, 2, None):
            raise AssertionError(f"exit status {end.code}") from None
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    return text.getvalue()


def links(folder, chance, record, store):
    """Puts a link or a pipe in the place of a file or folder; what lies outside is neither read nor changed."""
    outside = folder / "outside"
    outside.mkdir()
    for name in ("a.txt", "index.sqlite", "jobs.json", "counts.npz"):
        (outside / name).write_text(SECRET)
    whole = chance.choice([record, store])
    victim = chance.choice(sorted(path for path in whole.rglob("*") if not path.is_symlink()))
    target = copy_outside(victim, outside) if chance.random() < 0.5 else chance.choice([outside / "a.txt", outside])
    remove(victim)
    kind = chance.randrange(5)
    if kind == 0:
        os.mkfifo(victim)
    elif kind == 1:
        victim.symlink_to(outside / "missing")
    else:
        victim.symlink_to(target)
    before = state(outside)
    acts = [
        lambda: results_of(RunRecord.load(record)), lambda: qsense("show", record), lambda: qsense("estimate", record),
        lambda: qsense("export", record, "--out", folder / "tables"), lambda: qsense("compare", record),
        lambda: qsense("run", record / "spec.toml", "--out", record.parent),
        lambda: qsense("collect", record), lambda: qsense("rerun", record, "--out", folder / "again"),
    ] if whole == record else [
        lambda: verify(store), lambda: tidy(store, unused=True), lambda: verify(store, repair=True),
        lambda: qsense("store", "list", "--store", store), lambda: read(store),
        lambda: qsense("store", "export", "fuzzed", "--store", store, "--out", folder / "tables"),
        lambda: qsense("store", "gc", "--store", store),
    ]  # fmt: skip
    label = f"{victim.relative_to(whole.parent)} is a {'pipe' if kind == 0 else 'link'}"
    for act in chance.sample(acts, len(acts)):
        said = ""
        with suppress(QsenseError):
            said = act()
        if isinstance(said, str) and SECRET in said:
            raise AssertionError(f"{label}: what lies outside was shown")
        if state(outside) != before:
            raise AssertionError(f"{label}: what lies outside was changed")


def read(store):
    with Store(store):
        list_studies(store)


def copy_outside(victim: Path, outside: Path) -> Path:
    """Moves what a link will stand for out of the folder, so that it looks right when it is followed."""
    target = outside / f"real-{victim.name}"
    if victim.is_dir():
        shutil.copytree(victim, target)
    else:
        target.write_bytes(victim.read_bytes())
    return target


def remove(victim: Path) -> None:
    if victim.is_dir():
        shutil.rmtree(victim)
    else:
        victim.unlink()


def state(outside: Path) -> dict[str, object]:
    """Returns what a folder holds: every path with its bytes, its size and the time of its last change."""
    found: dict[str, object] = {}
    for path in sorted(outside.rglob("*")):
        at = path.lstat()
        found[str(path)] = (path.read_bytes(), at.st_mtime_ns) if path.is_file() else at.st_mode
    return found


def terminal_text(folder, chance, record):
    """Puts text made for terminals, markup and formulas into names, reasons and messages; no command interprets it."""
    name = chance.choice(["spec.toml", "summary.json", "estimates.csv", "provenance.json", "results.json"])
    path = record / name
    if path.exists():
        text = path.read_text()
        words = list(re.finditer(r'"([A-Za-z][A-Za-z_ -]*)"', text))
        if words:
            word = chance.choice(words)
            bad = json.dumps(chance.choice(["", "x"]) + chance.choice(TERMINAL))
            path.write_text(text[: word.start()] + bad + text[word.end() :])
    spec = folder / "spec.toml"
    bad = json.dumps(chance.choice(["", "x"]) + chance.choice(TERMINAL))
    spec.write_text(
        f'schema = 1\nname = {bad if chance.random() < 0.5 else chr(34) + "run" + chr(34)}\nprobes = ["ghz"]\n'
        f"num_qubits = 2\nnoise = [{{ name = {bad}, dephasing_rate = 0.1 }}]\nshots = 60\nseed = 1\ntimes_s = [0, 1]\n"
    )
    evil = folder / f"evil{chance.choice(TERMINAL).replace('/', '').replace(chr(0), '')}"
    said = [
        qsense("show", record), qsense("estimate", record), qsense("export", record, "--out", folder / "tables"),
        qsense("compare", record), qsense("theory", "--probe", evil), qsense("show", evil), qsense("run", evil),
        qsense("run", spec, "--out", folder / "records"), qsense("theory", "--probe", "ghz", "--noise", evil),
    ]  # fmt: skip
    for one in said:
        if found := CONTROL.search(one):
            raise AssertionError(f"{name}: printed {one[max(0, found.start() - 30) : found.end() + 10]!r}")
        if "internal error" in one or "Traceback" in one:
            raise AssertionError(f"{name}: {one.strip().splitlines()[-1][:150]!r}")
    for made in (folder / "tables").glob("**/*.csv"):
        for line in made.read_text().splitlines():
            if re.search(r"(^|,)\"?[=@]", line):
                raise AssertionError(f"{made.name}: a formula in {line[:80]!r}")


def a_nest(folder, chance):
    """A small circuit file that unfolds into more gates than there are atoms."""
    depth, fan = chance.choice([3, 12, 40, 200, 3000]), chance.choice([1, 2, 8])
    version = chance.choice([2, 3])
    head = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\n' if version == 2 else 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
    )  # fmt: skip
    lines = ["gate g0 a, b { cx a, b; }"]
    lines += [f"gate g{k} a, b {{ {f'g{k - 1} a, b; ' * fan}}}" for k in range(1, depth)]
    power = chance.choice(["", "", "pow(2) @ ", "pow(1000000000) @ ", "pow(0.5) @ ", "ctrl(2) @ ", "inv @ " * 3000])
    size = chance.choice([2, 2, 3, 25, 10**6, 10**12])
    body = [
        f"g{depth - 1} q[0], q[1];", f"{power if version == 3 else ''}x q[0];",
        "for int i in [0:1000000000] { x q[0]; }",
        f"rx({'(' * depth}1{')' * depth}) q[0];", f"rx({'-' * depth}1) q[0];", f"rx({'9' * depth}) q[0];",
        'include "/etc/passwd";', 'include "../../x.inc";', "box { " * depth + "x q[0];" + "}" * depth,
        "while (true) { x q[0]; }", "def f() { f(); } f();", "const int n = 9999999999999; qubit[n] r;",
        "if (c == 1) x q[0];", "gate s a { s a; } s q[0];", "measure q -> c;", "opaque o a; o q[0];", "x q;", "h q[0];",
    ]  # fmt: skip
    register = f"qreg q[{size}];" if version == 2 else f"qubit[{size}] q;"
    path = folder / "nest.qasm"
    chosen = chance.sample(body, chance.randrange(1, 4))
    path.write_text(head + "\n".join([*chance.choice([lines, []]), register, *chosen]) + "\n")
    probe = Probe.from_qasm(str(path))
    if probe.num_qubits <= 10:
        probe.statevector()


@dataclass
class Forgetful:
    """A service that keeps every job, but for a while does not know it, does not find it, or is not there.

    Attributes:
        service: where the jobs run.
        chance: when it fails.
        fails: how often, from 0 to 1.
        sends: how often each job was sent, by its tag.
    """

    service: Any
    chance: Any
    fails: float = 0.0
    sends: Counter = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)

    def fail(self) -> None:
        if self.chance.random() < self.fails:
            raise ServiceError("503", definitive=self.chance.random() < 0.5, transient=True)

    def find(self, run: str) -> dict[str, list[str]]:
        self.fail()
        return self.service.find(run)

    def status(self, job_id: str) -> JobStatus:
        self.fail()
        return JobStatus("unknown") if self.chance.random() < self.fails else self.service.status(job_id)

    def results(self, job_id: str) -> list[TaskResult]:
        self.fail()
        return self.service.results(job_id)

    def send(self, tasks: Any, tags: Any, session: str, most_seconds: int | None) -> str:
        if self.chance.random() < self.fails / 2:
            raise ServiceError("503 before", definitive=True, transient=True)
        self.sends[tags[-1]] += 1
        job = self.service.send(tasks, tags, session, most_seconds)
        if self.chance.random() < self.fails / 2:
            raise ServiceError("connection closed", definitive=False, transient=True)
        return job


PAID = {
    "schema": 1, "name": "paid", "field_rad_per_s": 1000.0,
    "probes": ["ghz"], "num_qubits": 2, "shots": 20, "seed": 1, "times_s": [0.0, 1e-5],
    "estimators": [{"estimator": "parameter_shift"}], "backend": "local:aer",
    "noise": [{"name": "device", "t1_s": 1e-4, "t2_s": 8e-5}],
}  # fmt: skip


def a_ledger(folder, chance, damage):
    """Submits, collects and sends again while the service forgets and the ledger is damaged: no job is sent twice."""
    spec, out = RunSpec.from_dict(PAID), folder / "paid"
    service = Forgetful(LocalService("local:aer", AerSimulator(seed_simulator=1)), chance)

    def submit(resend):
        return submission.submit(submission.prepare(spec, out, service), out, service, resend)

    def take():
        record = RunRecord.matching_request(spec, out)
        if record is not None:
            collect(record, service)

    for _ in range(chance.randrange(4, 9)):
        service.fails = chance.choice([0.0, 0.3, 0.7])
        with suppress(QsenseError):
            chance.choice([lambda: submit(False), lambda: submit(True), take, take])()
        if chance.random() < 0.4 and out.is_dir():
            spoil(chance.choice(sorted(out.glob("*")) or [out]), chance, damage)
        if twice := [tag for tag, times in service.sends.items() if times > 1]:
            raise AssertionError(f"{len(twice)} of {len(service.sends)} jobs were sent twice")


def spoil(record: Path, chance: Any, damage: Any) -> None:
    """Damages, empties or deletes one thing of a record of paid jobs."""
    names = ["jobs.json", "jobs.json", "provenance.json", "jobs", "spec.toml", "summary.json"]
    paths = [path for name in names if (path := record / name).exists()]
    if not paths:
        return
    path, kind = chance.choice(paths), chance.randrange(5)
    if kind == 0:
        remove(path)
    elif path.is_dir():
        remove(chance.choice(sorted(path.iterdir()) or [path]))
    elif kind == 1:
        path.write_bytes(b"")
    elif kind == 2 and path.suffix == ".json":
        with suppress(ValueError):
            path.write_text(json.dumps(damage[1](json.loads(path.read_bytes()), chance)))
    else:
        path.write_bytes(damage[0](path.read_bytes(), chance))
