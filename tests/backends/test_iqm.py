"""IQM's fakes by `module:factory`: no shot-by-shot memory, no calibration in their target, and idling without decay."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qsense import backends, workflow
from qsense.circuits.sensing import Experiment
from qsense.cli import app
from qsense.errors import SpecError
from qsense.estimators import ghz
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.runs.spec import RunSpec

pytest.importorskip("iqm.qiskit_iqm", reason="needs iqm-client[qiskit], in an environment of its own")

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("code_allowed")]  # the vendor's warnings

NAME = "iqm.qiskit_iqm:IQMFakeAdonis"
SPEC = {
    "schema": 1, "name": "iqm", "probes": ["ghz", "product"], "num_qubits": [3],
    "noise": [{"name": "adonis", "t1_s": 27e-6, "t2_s": 20e-6}], "estimators": ["auto"], "field_rad_per_s": 2000.0,
    "shots": 1000, "backend": NAME, "seed": 1, "device": {"readout_shots": 500},
}  # fmt: skip


@pytest.mark.parametrize("factory", ["IQMFakeAdonis", "IQMFakeApollo"])
def test_the_sampler_gives_zeros_and_the_counts_of_run_are_trusted(factory):
    trust = backends.sampler(f"iqm.qiskit_iqm:{factory}").trust(Probe.ghz(4))
    assert trust.path == "run"
    assert "are read wrong more often than not" in trust.failures["sampler"]


def test_a_ghz_state_grows_over_the_star_of_adonis():
    """Qubit 2 is the centre: every other qubit gets its CNOT from there, one layer each."""
    layout = backends.sampler(NAME).layout(Probe.ghz(5))
    centre = layout.qubits.index(2)
    assert all(centre in link for layer in layout.layers for link in layer)
    assert len(layout.layers) == 4


def test_the_gain_without_idling_is_that_of_the_fakes_own_errors():
    """CZ errors of 2 to 4 % and readout errors of 2 to 6 %: a GHZ state of 3 spins keeps 40 to 80 % of N² = 9."""
    sampler = backends.sampler(NAME)
    ending, settings = ghz.design(3, 0.3)
    found = ghz.estimate(sampler.sample(Experiment(Probe.ghz(3), 0.0, ending), settings, 4000, LocalNoise(), 1))
    assert 0.4 < found.value / 9 < 0.8


def test_a_run_tells_that_nothing_decays_while_the_fake_idles(tmp_path):
    """IQM puts relaxation on gates alone. G is flat within 4 standard errors, and `compare` says so."""
    record = workflow.run(RunSpec.from_dict(SPEC), tmp_path)
    for point in json.loads((record.path / "calibration.json").read_text())["points"]:
        gains, errors = (np.array([row[key] for row in point["times"]]) for key in ("measured", "stderr"))
        assert np.all(np.abs(gains - gains.mean()) < 4 * errors)
        assert point["does_not_decay"]
    result = CliRunner().invoke(app, ["compare", str(record.path)])
    assert result.output.count("nothing decays while this backend idles") == 2


def test_its_calibration_is_not_known_and_the_fix_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"reports neither T1 nor T2 of the qubits .* give `t1_s` and `t2_s`"):
        workflow.run(RunSpec.from_dict({**SPEC, "noise": "calibration"}), tmp_path, note=lambda line: None)
    assert not list(tmp_path.iterdir())
