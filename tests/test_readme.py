"""The README says what really happens: its Python runs, its commands print what is shown, its spec is valid."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import forked
import numpy as np
import pytest
import tomli_w

from qsense import RunSpec
from qsense.runs.plan import plan

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.checkout


DOCUMENTS = {name: (ROOT / name).read_text() for name in (
    "README.md", "CONTRIBUTING.md", "docs/theory.md", "docs/runs.md", "docs/devices.md", "docs/studies.md",
    "docs/stability.md", "docs/recharging.md", "docs/noise.md", "docs/laboratory.md", "docs/planning.md",
    "docs/fields.md",
)}  # fmt: skip
EVERY = pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)


def blocks(language, text):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


CONSOLE = [block for text in DOCUMENTS.values() for block in blocks("console", text)]


def shell(command):
    """A finished command; one of qsense alone runs in a fork, because to start a process for each takes a second."""
    if re.fullmatch(r"qsense [^|><&;$*]*", command):
        return forked.run(*shlex.split(command)[1:], cwd=ROOT)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_python_example_prints_what_is_shown():
    (code,), (shown,) = blocks("python", DOCUMENTS["README.md"]), blocks("text", DOCUMENTS["README.md"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout == shown


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: " ".join(block.split()[1:3]))
def test_a_command_prints_what_is_shown(block):
    command, _, shown = block.partition("\n")
    done = shell(command.removeprefix("$ "))
    assert done.stderr == ""
    assert done.stdout == shown


def test_commands_of_the_theory_and_of_a_record_are_among_them():
    assert len(CONSOLE) >= 3


@EVERY
def test_every_command_that_is_shown_has_the_options_it_is_shown_with(text):
    import typer

    from qsense.cli import app

    for line in re.findall(r"^qsense (.*)$", "\n".join(blocks("sh", text)), re.MULTILINE):
        command = typer.main.get_command(app)
        for word in line.partition("#")[0].split():
            command = getattr(command, "commands", {}).get(word, command)
            if word.startswith("--"):
                assert word in {option for parameter in command.params for option in parameter.opts}, line
        assert command.name != "qsense", line


@pytest.mark.parametrize("name", [f"docs/{page}.md" for page in ("laboratory", "fields", "runs", "studies", "noise")])
def test_the_spec_that_is_shown_is_valid(name):
    text = blocks("toml", DOCUMENTS[name])[0]
    found = tomllib.loads(text)
    if "run" in found:
        from qsense.study.file import StudyFile

        assert StudyFile.model_validate(found).sweep
    else:
        assert plan(RunSpec.from_dict(found))


def test_the_probes_of_ones_own_that_are_shown_are_valid_with_such_files(tmp_path):
    whole, part = blocks("toml", DOCUMENTS["docs/runs.md"])
    np.save(tmp_path / "w.npy", np.sqrt([0.5, 0, 0, 0, 0, 0, 0, 0.5]))
    np.save(tmp_path / "rho.npy", np.eye(8) / 8)
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; h q[0]; cx q[0], q[1]; h q[2];'
    (tmp_path / "mine.qasm").write_text(text)
    written = {**tomllib.loads(whole), **tomllib.loads(part), "num_qubits": 3}
    (tmp_path / "spec.toml").write_text(tomli_w.dumps({key: written[key] for key in written if key != "compare"}))
    names = [probe.name for probe in RunSpec.load(tmp_path / "spec.toml").probes]
    assert names == ["ghz", "product", "w", "mixed", "uneven", "mine"]


@EVERY
def test_every_link_to_a_file_leads_to_one(text):
    (name,) = (name for name, found in DOCUMENTS.items() if found is text)
    for target in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", text):
        assert (ROOT / name).parent.joinpath(target).exists(), target


@EVERY
def test_every_make_target_that_is_shown_exists(text):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^make ([\w-]+)", "\n".join(blocks("sh", text)), re.MULTILINE):
        assert target in targets


def test_the_reference_record_is_the_main_job_and_its_results_follow_from_its_counts():
    from qsense.circuits.counts import Counts
    from qsense.comparison.points import measure_point
    from qsense.runs.record import RunRecord

    (path,) = (ROOT / "runs" / "reference").glob("paper-*")
    record = RunRecord.load(path)
    assert record.spec.id == RunSpec.load(ROOT / "runs" / "paper.toml").id
    rows = {(r["probe"], r["num_qubits"], r["noise"], r["estimator"]): r for r in record.summary()["rows"]}
    for point in plan(record.spec):
        if point.probe.num_qubits > 2:
            assert Counts.load(record.counts_path(point)).num_rows
            continue
        row = rows[point.probe.name, point.probe.num_qubits, point.noise.name, point.estimator.name]
        assert measure_point(point, record.counts(point)).integral.total.value == pytest.approx(
            row["integrated_gain_s"], rel=1e-9
        )
