"""Feeds qsense damaged and hostile files: studies, run specs, noise models, circuits, shards, indices, records.

    python benchmarks/fuzz.py [seconds] [seed]

Real files of every kind are mutated: bytes and numbers are changed, members of ZIP files and keys of JSON are replaced,
and names are made right again where a checksum would hide what lies behind it. Links and pipes are put in the place
of files, text for terminals into names, and gates are nested (`attacks.py`). Whatever is not a result must be a
QsenseError of one line. A file outside of the folder of an input that is opened to be written, or any program that is
started, is an escape. Prints inputs, errors and crashes; exit status 1 on a crash, an escape or an input of over a
minute.
"""

import io
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
CACHE = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()  # where Qiskit lists its plugins

import attacks
import tomli_w
from attacks import qsense

from qsense import RunSpec, run
from qsense.circuits.counts import Counts
from qsense.errors import QsenseError
from qsense.files import content
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.runs.record import RunRecord
from qsense.store import Result, Store
from qsense.store.shard import deserialize, digest
from qsense.store.studies import StudyEntry, list_studies
from qsense.store.tidying import tidy
from qsense.store.verification import verify
from qsense.study.cost import Cost
from qsense.study.expansion import Study
from qsense.study.report import write_report
from qsense.study.results import study_results
from qsense.study.trial import run_trial
from qsense.tables import Columns, results_of
from qsense.workflow.reproduction import rerun

SLOW_S = 60
HOSTILE = [
    b"\x00", b"\xff\xfe", b"../../../../tmp/escaped", b"/etc/passwd", b"nan", b"inf", b"-1", b"0", b"1e308", b"1e-320",
    b"9" * 30, b"9" * 5000, b"null", b"true", b"[]", b"{}", b'""', b"[" * 2000, b"{" * 2000, b"\\u0000", b"\n",
    b"\r\n", b'"', b"'", b"]]>", b"%s%n",
    b"__import__('os').system('touch /tmp/escaped')", b"cos\nsystem\n(S'touch /tmp/escaped'\ntR.",
    "φ√−".encode(), b"2020-01-01", b"0x10",
]  # fmt: skip
VALUES = [
    None, True, -1, 0, 1e308, -1e308, 1e-320, 10**30, "", "x" * 5000, "../../x", "nan", [], {}, [[[]]], {"a": {}},
    [None], "\x00", float("nan"), float("inf"), 2**63, 1.5, "1", ["ghz", 3], {"from": 1, "to": 10**9}, 1, 2, 3, 0.5,
    "ghz", "product", "w4", "dephasing", "emission", "tomography", "parameter_shift", "parity", "optimal", "aer",
]  # fmt: skip
RUN = {
    "schema": 1, "name": "fuzzed", "probes": ["ghz", {"probe": "product", "tilt": 0.1}], "num_qubits": [2, 3],
    "noise": [{"name": "mixed", "dephasing_rate": 0.3, "emission_rate": 0.1}], "estimators": ["auto", "tomography"],
    "field_rad_per_s": 0.2, "shots": 40, "seed": 3, "readout_error": {"up_given_down": 0.01},
    "times_s": [0.1, 0.5], "allocation": "equal", "backend": "emulator",
}  # fmt: skip
RATES = {"from": 0.1, "to": 1.0, "points": 3, "scale": "log"}
STUDY = {
    "schema": 1, "name": "fuzzed", "run": {key: value for key, value in RUN.items() if key not in ("schema", "name")},
    "sweep": {"num_qubits": {"from": 1, "to": 3}, "noise[0].dephasing_rate": RATES, "seed": [1, 2]},
    "skip": [{"probe": "product", "num_qubits": {"from": 3}}], "only": [{"estimator": ["auto", "tomography"]}],
}  # fmt: skip


class EscapeError(Exception):
    """Something was touched outside of the folder."""


ALLOWED: list[str] = []
WATCHING = [False]


def outside(path):
    return not os.path.abspath(os.fsdecode(path)).startswith((*ALLOWED, "/dev/null"))


def watch(event, arguments):
    """An audit hook: writing is allowed in one folder only, and starting programs not at all."""
    if not WATCHING[0]:
        return
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path, mode, flags = arguments
        writes = (mode and set(str(mode)) & set("wax+")) or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
        if writes and outside(path):
            raise EscapeError(f"opened {os.fsdecode(path)} to write")
    elif event in ("os.system", "os.exec", "os.posix_spawn", "os.fork", "pickle.find_class", "subprocess.Popen"):
        # Provenance asks git for the commit, and NetCDF's library the system for its name.
        if not (event == "subprocess.Popen" and arguments[1][0] in ("git", "uname")):
            raise EscapeError(f"{event} {arguments!r:.200}")
    elif event in ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink"):
        relative = any(isinstance(one, int) and one >= 0 for one in arguments[1:] if event != "os.mkdir")
        if not relative and outside(arguments[0]):
            raise EscapeError(f"{event} {arguments[0]}")


def mutated(data, chance):
    """Bytes with some of them changed, or a number, a word or a line replaced."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 10])):
        kind = chance.randrange(9)
        at = chance.randrange(len(data) + 1)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at:at] = chance.choice(HOSTILE)
        elif kind == 2:
            del data[at : at + chance.choice([1, 3, 20, 200])]
        elif kind == 3:
            data[at : at + chance.randrange(20)] = chance.randbytes(chance.randrange(20))
        elif kind == 4:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[other : other + chance.randrange(60)]
        elif kind == 5:
            del data[at:]
        else:
            found = list(re.finditer(rb"-?\d+\.?\d*(?:e-?\d+)?" if kind < 8 else rb'"[^"\n]*"', bytes(data)))
            if found:
                one = chance.choice(found)
                data[one.start() : one.end()] = chance.choice(HOSTILE)
    return bytes(data)


def changed(value, chance, depth=0, values=VALUES):
    """A JSON value with something in it replaced, removed or added."""
    if isinstance(value, dict) and value and (depth == 0 or chance.random() < 0.8):
        value, key = dict(value), chance.choice(list(value))
        if (kind := chance.randrange(8)) == 0:
            del value[key]
        elif kind == 1:
            value[chance.choice([str(chance.choice(VALUES))[:30], "schema", "name"])] = value[key]
        else:
            value[key] = changed(value[key], chance, depth + 1, values)
        return value
    if isinstance(value, list) and value and chance.random() < 0.8:
        value, at = list(value), chance.randrange(len(value))
        if (kind := chance.randrange(8)) == 0:
            del value[at]
        elif kind == 1:
            value.insert(at, value[at])
        else:
            value[at] = changed(value[at], chance, depth + 1, values)
        return value
    return chance.choice(values)


def mutated_zip(data, chance):
    """A ZIP file with a member changed, its JSON with meaning."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    if name.endswith(".json") and chance.random() < 0.8:
        members[name] = json.dumps(changed(json.loads(members[name]), chance)).encode()
    elif name.endswith(".jsonl") and chance.random() < 0.8:
        lines = members[name].decode().split("\n")
        at = chance.randrange(len(lines))
        lines[at] = json.dumps(changed(json.loads(lines[at]), chance))
        members[name] = "\n".join(lines).encode()
    elif name.endswith(".npz") and chance.random() < 0.7:
        members[name] = mutated_zip(members[name], chance)
    elif chance.random() < 0.2:
        del members[name]
    else:
        members[name] = mutated(members[name], chance)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, text in members.items():
            archive.writestr(zipfile.ZipInfo(member), text, chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    return buffer.getvalue()


def toml(data, chance):
    if chance.random() < 0.5:
        return mutated(tomli_w.dumps(data).encode(), chance)
    for _ in range(chance.randrange(1, 4)):
        data = changed(data, chance, values=VALUES[1:])
    try:
        return tomli_w.dumps(data).encode()
    except (TypeError, AttributeError, ValueError):  # TOML has no null
        return mutated(b"schema = 1\n", chance)


def a_study(folder, chance):
    path = folder / "study.toml"
    path.write_bytes(toml(STUDY, chance))
    study = Study.load(path)
    if len(study.trials) <= 200 and len(study.entry().id) == 12:
        cheap = [t for t in study.trials if Cost.of(t.spec).seconds < 0.1 and Cost.of(t.spec).bytes < 2**28]
        for trial in cheap[:1]:
            run_trial(trial.content)


def a_spec(folder, chance):
    path = folder / "spec.toml"
    path.write_bytes(toml(RUN, chance))
    spec = RunSpec.load(path)
    points = len(spec.probes) * len(spec.noises) * len(spec.estimators)
    small = max(p.num_qubits for p in spec.probes) <= 4 and max(e.shots for e in spec.estimators) <= 4000
    if chance.random() < 0.3 and points <= 8 and small and spec.backend == "emulator":
        qsense("run", path, "--out", folder / "records")


def shipped(kind, chance):
    return mutated(content.find(kind, chance.choice(content.names(kind))).read_bytes(), chance)


def a_noise_model(folder, chance):
    path = folder / "noise.toml"
    path.write_bytes(shipped("noise_models", chance))
    LocalNoise.load(str(path)).rates(3)


def a_circuit(folder, chance):
    path = folder / "circuit.qasm"
    path.write_bytes(shipped("circuits", chance))
    probe = Probe.from_qasm(str(path))
    if probe.num_qubits <= 10:
        probe.statevector()


def a_shard(folder, chance, store, entry):
    victim = chance.choice(sorted(store.glob("shards/*/*.zip")))
    data = victim.read_bytes()
    data = mutated_zip(data, chance) if chance.random() < 0.8 else mutated(data, chance)
    name = digest(data)
    victim.unlink()
    place = store / "shards" / name[:2] / f"{name}.zip"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(data)
    with suppress(QsenseError):
        deserialize(data, str(place))
    use(folder, store, entry, chance)


def a_study_entry(folder, chance, store, entry):
    victim = store / "studies" / f"{entry.id}.zip"
    data = victim.read_bytes()
    victim.write_bytes(mutated_zip(data, chance) if chance.random() < 0.8 else mutated(data, chance))
    try:
        found = StudyEntry.from_bytes(victim.read_bytes(), str(victim))
        for position in range(min(3, len(found.keys))):
            found.swept(position)
    except QsenseError:
        pass
    use(folder, store, entry, chance)


def an_index(folder, chance, store, entry):
    path = store / "index.sqlite"
    if chance.random() < 0.5:
        path.write_bytes(mutated(path.read_bytes(), chance))
    else:
        index = sqlite3.connect(path)
        value = chance.choice(["'../../../x'", "NULL", "x'00'", "-1", "1e300", "'é'", "x'ff'", "zeroblob(32)"])
        table, column = chance.choice([("trial", "key"), ("trial", "shard"), ("shard", "digest"), ("shard", "number")])
        try:
            index.execute(f"UPDATE OR REPLACE {table} SET {column} = {value} WHERE rowid % 2" if table == "shard"
                          else f"UPDATE OR REPLACE {table} SET {column} = {value}")  # fmt: skip
            index.commit()
        except sqlite3.Error:
            pass
        index.close()
    if chance.random() < 0.2:
        (store / "index.sqlite-wal").write_bytes(chance.randbytes(4000))
    use(folder, store, entry, chance)


def use(folder, store, entry, chance):
    """Everything that reads a store; each may fail in its own way."""
    form = chance.choice(["csv", "parquet", "netcdf"])
    acts = [
        lambda: verify(store),
        lambda: read(folder, store, entry),
        lambda: tidy(store, unused=chance.random() < 0.5),
        lambda: verify(store, repair=True),
        lambda: read(folder, store, entry),
        lambda: qsense("store", "list", "--store", store),
        lambda: qsense("store", "export", entry.name, "--store", store, "--out", folder / "tables", "--format", form),
    ]  # fmt: skip
    last = None
    for act in acts:
        try:
            act()
        except QsenseError as error:
            last = error
            one_line(error)
    if last is not None:
        raise last


def read(folder, store, entry):
    with Store(store) as opened_store:
        for study in list_studies(store):
            write_report(study_results(opened_store, study, partial=True), folder / "report", Columns.of_rows([]))


def a_record(folder, chance, record):
    name = chance.choice(["spec.toml", "summary.json", "estimates.csv", "provenance.json", "counts"])
    path = record / name if name != "counts" else chance.choice(sorted(record.glob("counts/*.npz")))
    data = path.read_bytes()
    if name.endswith(".json") and chance.random() < 0.6:
        path.write_text(json.dumps(changed(json.loads(data), chance)))
    elif name == "counts" and chance.random() < 0.6:
        path.write_bytes(mutated_zip(data, chance))
    else:
        path.write_bytes(mutated(data, chance))
    if name == "counts":
        with suppress(QsenseError):
            Counts.load(path)
    last, form = None, chance.choice(["csv", "parquet", "netcdf"])
    acts = [
        lambda: results_of(RunRecord.load(record)),
        lambda: qsense("show", record),
        lambda: qsense("export", record, "--out", folder / "tables", "--format", form),
        lambda: rerun(record, folder / "again") if name != "spec.toml" and chance.random() < 0.3 else None,
        lambda: qsense("estimate", record) if name != "spec.toml" and chance.random() < 0.3 else None,
    ]  # fmt: skip
    for act in acts:
        try:
            act()
        except QsenseError as error:
            last = error
            one_line(error)
    if last is not None:
        raise last


def one_line(error):
    if "\n" in str(error) or "\r" in str(error):
        raise AssertionError(f"more than one line: {error}") from error


def originals(folder):
    """A store with a study's results and a record, to be copied and damaged."""
    study = Study.from_dict({**STUDY, "sweep": {"num_qubits": [1, 2], "seed": [1, 2]}})
    entry = study.entry()
    with Store(folder / "store") as store:
        store.write(store.studies / f"{entry.id}.zip", entry.to_bytes())
        for trial in study.trials:
            estimates, counts = run_trial(trial.content)
            store.put([Result(trial.key, trial.content, estimates, counts, 0.1)], {"python": "3", "versions": {}})
    small = {**RUN, "probes": ["ghz", "product"], "num_qubits": [2], "estimators": ["auto"]}
    return entry, run(RunSpec.from_dict(small), folder / "records").path


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    home = Path(tempfile.mkdtemp(prefix="fuzz-"))
    entry, record = originals(home / "originals")
    store = home / "originals" / "store"
    kinds = {
        "study": a_study, "spec": a_spec, "noise model": a_noise_model, "circuit": a_circuit,
        "shard": lambda folder, chance: a_shard(folder, chance, copied(folder, store), entry),
        "study in a store": lambda folder, chance: a_study_entry(folder, chance, copied(folder, store), entry),
        "index": lambda folder, chance: an_index(folder, chance, copied(folder, store), entry),
        "record": lambda folder, chance: a_record(folder, chance, copied(folder, record)),
        "links": lambda folder, chance: attacks.links(folder, chance, copied(folder, record), copied(folder, store)),
        "terminal text": lambda folder, chance: attacks.terminal_text(folder, chance, copied(folder, record)),
        "nested gates": attacks.a_nest,
        "ledger": lambda folder, chance: attacks.a_ledger(folder, chance, (mutated, changed)),
    }  # fmt: skip
    weights = dict.fromkeys(kinds, 2) | dict.fromkeys(("study", "spec", "noise model", "circuit"), 6)
    tried, refused, crashes = Counter(), Counter(), Counter()
    warnings.simplefilter("ignore")
    sys.addaudithook(watch)
    ALLOWED.extend([str(home), tempfile.gettempdir() + "/tmp"])  # the latter are made for NetCDF
    start, number, slowest = time.monotonic(), 0, (0.0, "")
    while time.monotonic() < start + seconds:
        number += 1
        chance = random.Random(f"{seed}:{number}")
        kind = chance.choices(list(weights), weights.values())[0]
        folder = home / "one"
        folder.mkdir()
        began = time.monotonic()
        try:
            WATCHING[0] = True
            kinds[kind](folder, chance)
        except QsenseError as error:
            refused[kind] += 1
            try:
                one_line(error)
            except AssertionError as wrong:
                crashes[f"{kind}: {str(wrong)[:150]}"] += 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                break
            last = [line for line in traceback.format_tb(error.__traceback__) if "/qsense/" in line][-1:] or ["?"]
            label = f"{kind}: {type(error).__name__}: {str(error)[:150]} at {last[0].strip().splitlines()[0]}"
            if not crashes[label]:
                print(f"CRASH {seed}:{number} {label}", flush=True)
            crashes[label] += 1
        finally:
            WATCHING[0] = False
        tried[kind] += 1
        taken = time.monotonic() - began
        slowest = max(slowest, (taken, f"{seed}:{number} {kind}"))
        if taken > SLOW_S:
            crashes[f"{kind}: took {taken:.0f} s"] += 1
        shutil.rmtree(folder, ignore_errors=True)
    escaped = [str(path) for path in (Path("/tmp/escaped"),) if path.exists()]
    for kind in kinds:
        print(f"{kind}: {tried[kind]} inputs, {refused[kind]} refused in one line")
    took = f"{time.monotonic() - start:.0f} s, slowest {slowest[0]:.1f} s ({slowest[1]})"
    print(f"seed {seed}: {tried.total()} inputs in {took}")
    print(f"{crashes.total()} crashes of {len(crashes)} kinds, {len(escaped)} files outside")
    for label, times in crashes.most_common():
        print(f"  {times} × {label}")
    for made in (home, CACHE):
        shutil.rmtree(made, ignore_errors=True)
    sys.exit(1 if crashes or escaped else 0)


def copied(folder, what):
    shutil.copytree(what, folder / what.name)
    return folder / what.name


if __name__ == "__main__":
    main()
