"""AQT's offline simulator: gates of an ion trap between all pairs, tested with calibration bitstrings; no delay."""

import sys
import types

import numpy as np
import pytest
from qiskit import transpile

from qsense import workflow
from qsense.backends.aer_noise import with_noise
from qsense.backends.device_sampler import device_sampler
from qsense.backends.vendor import runners_of
from qsense.circuits.sensing import Experiment
from qsense.errors import SpecError
from qsense.estimators import ghz
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.runs.spec import RunSpec

provider = pytest.importorskip("qiskit_aqt_provider", reason="needs qiskit-aqt-provider, in an environment of its own")

pytestmark = pytest.mark.filterwarnings("ignore")  # the vendor's own

SPEC = {
    "schema": 1, "name": "aqt", "probes": ["ghz"], "num_qubits": [3], "noise": "ion_ca40", "estimators": ["auto"],
    "field_rad_per_s": 1.0, "shots": 100, "backend": "aqt_of_the_tests:noisy", "seed": 1,
}  # fmt: skip


@pytest.fixture(params=["ideal", "noisy"])
def backend(request):
    return getattr(provider.AQTProvider().offline, request.param)()


def test_known_strings_come_back_in_order(backend):
    trust = device_sampler("aqt:offline", backend).trust(Probe.ghz(5))
    assert trust.path == "sampler"
    assert not trust.failures


def test_a_ghz_state_takes_the_least_layers_between_all_pairs(backend):
    assert len(device_sampler("aqt:offline", backend).layout(Probe.ghz(8)).layers) == 3


def test_both_ways_of_running_measure_the_gain_of_a_ghz_state():
    """No time passes, so G = N² within 5 standard errors, and no shot is flagged."""
    backend = provider.AQTProvider().offline.ideal()
    ending, settings = ghz.design(4, 0.3)
    bare = with_noise(Experiment(Probe.ghz(4), 0.0, ending).circuit(), LocalNoise(), keep_delays=False)
    circuit = transpile(bare, backend, optimization_level=1, seed_transpiler=0)
    for path, runner in runners_of(backend).items():
        found = ghz.estimate(runner(circuit, settings.values(), 2000, 1))
        assert abs(found.value - 16) < 5 * found.stderr + 0.05, path
        assert np.isfinite(found.stderr)


def test_a_run_is_refused_before_anything_is_sent_as_it_has_no_delay(tmp_path, monkeypatch):
    module = types.ModuleType("aqt_of_the_tests")
    module.noisy = provider.AQTProvider().offline.noisy
    monkeypatch.setitem(sys.modules, "aqt_of_the_tests", module)
    with pytest.raises(SpecError, match='"aqt_of_the_tests:noisy" has no delay instruction'):
        workflow.run(RunSpec.from_dict(SPEC), tmp_path)
    assert not list(tmp_path.iterdir())
