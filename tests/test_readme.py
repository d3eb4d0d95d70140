"""The README says what really happens: its Python runs, its commands print what is shown, its spec is valid."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from qsense import RunSpec
from qsense.runs.plan import plan

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.checkout


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)


def shell(command):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_python_example_prints_what_is_shown():
    (code,), (shown,) = blocks("python"), blocks("text")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout == shown


def test_the_commands_print_what_is_shown():
    found = blocks("console")
    assert len(found) == 3
    for block in found:
        command, _, shown = block.partition("\n")
        done = shell(command.removeprefix("$ "))
        assert done.stderr == ""
        assert done.stdout == shown


def test_the_spec_in_the_readme_is_valid():
    (text,) = blocks("toml")
    spec = RunSpec.from_dict(tomllib.loads(text))
    assert plan(spec)


def test_every_link_to_a_file_leads_to_one():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target


def test_the_make_targets_in_the_readme_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert target in targets


def test_the_reference_record_is_the_main_job_and_its_results_follow_from_its_counts():
    from qsense.circuits.counts import Counts
    from qsense.comparison.points import measure_point
    from qsense.runs.record import RunRecord

    (path,) = (ROOT / "runs" / "reference").glob("paper-*")
    record = RunRecord.load(path)
    assert record.spec.id == RunSpec.load(ROOT / "runs" / "paper.toml").id
    rows = {
        (r["probe"], r["num_qubits"], r["noise"], r["estimator"]): r for r in record.read_json("summary.json")["rows"]
    }
    for point in plan(record.spec):
        if point.probe.num_qubits > 2:
            assert Counts.load(record.counts_path(point)).num_rows
            continue
        row = rows[point.probe.name, point.probe.num_qubits, point.noise.name, point.estimator.name]
        assert measure_point(point, record.counts(point)).integral.total.value == pytest.approx(row["img_s"], rel=1e-9)
