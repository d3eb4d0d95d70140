"""What is installed works by itself, in another folder, with the circuits, noise models and types that it carries."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import processes
import pytest
import tomli_w

import qsense
from qsense.files import content
from qsense.noise.file import read
from qsense.probes import Probe

SPEC = {
    "schema": 1,
    "name": "installed",
    "probes": ["product", "dicke4_2", "w4"],
    "noise": ["emission"],
    "estimators": ["parameter_shift"],
    "num_qubits": [1],
    "field_rad_per_s": 0.2,
    "shots": 64,
    "seed": 1,
}
SOURCES = Path(os.environ.get("QSENSE_SOURCES", Path(__file__).resolve().parents[1]))  # of a wheel: `make wheel`


def sources(folder):
    """The files of a folder of the checkout, without those that git ignores."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=SOURCES / folder, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.splitlines() if (SOURCES / folder / name).is_file()}


@pytest.mark.parametrize("folder", ["qsense", "circuits", "noise_models"])
def test_no_file_of_the_sources_is_missing(folder):
    there = Path(qsense.__file__).parent if folder == "qsense" else content.folder(folder)
    assert len(sources(folder)) > 3
    assert sorted(name for name in sources(folder) if not (there / name).is_file()) == []


def test_the_command_runs_a_spec_with_circuits_and_noise_models_that_it_carries(tmp_path):
    (tmp_path / "spec.toml").write_text(tomli_w.dumps(SPEC))
    words = [sys.executable, "-m", "qsense.cli", "run", "spec.toml", "--out", "records", "--json"]
    done = processes.run(words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {row["probe"] for row in answer["rows"]} == {"product", "dicke4_2", "w4"}
    assert (tmp_path / answer["record"] / "summary.json").exists()
    assert (tmp_path / answer["record"] / "report.html").exists()


def test_the_entry_point_is_the_command():
    points = metadata.entry_points(group="console_scripts", name="qsense")
    assert {point.value for point in points} == {"qsense.cli:main"}
    for point in points:
        assert callable(point.load())


def test_types_and_all_content_are_there():
    assert (Path(qsense.__file__).parent / "py.typed").exists()
    assert {"dephasing", "emission", "thermal"} <= set(content.names("noise_models"))
    for name in content.names("noise_models"):
        assert read(content.find("noise_models", name)).name
    for name in content.names("circuits"):
        assert Probe.from_qasm(name).num_qubits >= 4
