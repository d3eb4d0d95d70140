"""Names become backends, and a backend is tested with calibration bitstrings before it is used."""

import sys
from pathlib import Path

import numpy as np
import pytest
import vendors
from qiskit.primitives import BackendSamplerV2
from vendors import Vendor, all_zeros, line_target, one_shot_lost, reversed_bits

from qsense import backends
from qsense.backends.device_sampler import DeviceSampler, device_sampler
from qsense.backends.self_test import strings
from qsense.backends.vendor import Vendor as VendorEntry
from qsense.backends.vendor import register_vendor, runners_of
from qsense.backends.vendors import ibm
from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import ArgumentError
from qsense.estimators import ghz
from qsense.noise import LocalNoise
from qsense.probes import Probe

HERE = Path(__file__).resolve().parents[1] / "support"
GHZ = Probe.ghz(3)
NONE = LocalNoise()


def z_settings(rows, spins):
    return Settings(*(np.zeros((rows, spins)) for _ in range(3)))


@pytest.mark.parametrize("scramble", [reversed_bits, all_zeros, one_shot_lost])
def test_a_backend_that_answers_wrongly_is_refused(scramble):
    sampler = device_sampler("bad:one", Vendor(scramble=scramble))
    with pytest.raises(ArgumentError, match="failed its self-test"):
        sampler.sample(Experiment(GHZ, 0.0), z_settings(1, 3), 100, NONE, 1)


def test_a_self_test_that_fails_says_why_and_no_credentials(monkeypatch):
    def fails(counts):
        try:
            counts["up"]
        except KeyError as error:
            raise TypeError("no memory of shots, token=abcdef0123456789") from error

    with pytest.raises(ArgumentError, match="failed its self-test") as refused:
        device_sampler("bad:one", Vendor(scramble=fails)).trust(GHZ)
    assert "run: TypeError: no memory of shots, token=[hidden]; caused by KeyError: 'up'" in str(refused.value)
    assert "abcdef" not in str(refused.value)


def test_a_backend_that_answers_rightly_is_trusted_by_its_first_way():
    assert device_sampler("good:one", Vendor()).trust(GHZ).path == "sampler"


@pytest.mark.parametrize("num_bits", [2, 3, 5, 8])
def test_the_strings_tell_every_wrong_order_by_swap_or_reversal_and_every_constant_apart(num_bits):
    prepared = strings(num_bits)
    for wrong in (lambda s: int(f"{s:0{num_bits}b}"[::-1], 2), lambda s: 0, lambda s: 2**num_bits - 1):
        assert any(wrong(s) != s for s in prepared)


def test_where_the_sampler_gives_zeros_the_counts_of_run_are_used_and_that_is_said():
    """As IQM's fakes do under BackendSamplerV2: without a memory shot by shot it succeeds, with zeros only."""
    sampler = device_sampler("m:f", Vendor(forgetful=True))
    trust = sampler.trust(GHZ)
    assert trust.path == "run"
    assert "read wrong more often than not" in trust.failures["sampler"]
    assert sampler.described([GHZ])["probes"][0]["path"] == "run"
    counts = sampler.sample(Experiment(GHZ, 0.0), z_settings(1, 3), 1000, NONE, 1)
    assert set(np.flatnonzero(counts.table()[0])) == {0, 7}


def test_both_ways_of_running_give_the_same_distribution_for_every_row():
    """Five rows, more than the vendor takes in a job. Each P(up) within 5 standard errors: it fails once in 10^5."""
    rng = np.random.default_rng(2)
    settings = Settings(*(rng.uniform(0, 3, (5, 3)) for _ in range(3)))
    ups = []
    for path, runner in runners_of(Vendor()).items():
        sampler = DeviceSampler("v:v", Vendor(), Vendor())
        circuit = sampler.prepared(Experiment(GHZ, 1e-6)).circuit
        table = runner(circuit, settings.values(), 4000, 1).table()
        assert table.sum(1).tolist() == [4000] * 5, path
        ups.append([[table[:, np.arange(8) >> bit & 1 == 1].sum(1) for bit in range(3)]])
    assert np.abs(np.array(ups[0]) - np.array(ups[1])).max() < 5 * np.sqrt(2 * 4000 * 0.25)


def test_a_samplerv2_of_the_users_is_used_as_it_is():
    backend = Vendor()
    sampler = device_sampler("m:f", BackendSamplerV2(backend=backend))
    assert sampler.trust(GHZ).path == "sampler"
    assert sampler.backend is backend


def test_a_samplerv2_that_does_not_tell_its_backend_is_refused():
    from qiskit.primitives import StatevectorSampler

    with pytest.raises(ArgumentError, match="does not tell its backend"):
        device_sampler("m:f", StatevectorSampler())


def test_a_module_and_a_factory_name_a_backend_of_the_users(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    sampler = backends.sampler("vendors:make", qubits=[4, 3, 2], allow_code=True)
    assert isinstance(sampler, DeviceSampler)
    assert sorted(sampler.layout(GHZ).qubits) == [2, 3, 4]
    assert sampler.layout(Probe.product(2)).qubits == (4, 3)


def test_a_run_on_the_users_backend_measures_the_gain():
    """An ideal simulator behind a vendor's face: G = N² within 5 standard errors, and no shot is flagged."""
    sampler = device_sampler("m:f", Vendor())
    ending, settings = ghz.design(3, 0.3)
    counts = sampler.sample(Experiment(GHZ, 1e-6, ending), settings, 2000, NONE, 1)
    found = ghz.estimate(counts)
    assert abs(found.value - 9) < 5 * found.stderr + 0.05


@pytest.mark.usefixtures("code_allowed")
@pytest.mark.parametrize(("name", "message"), [
    ("vendors:nothing", 'needs "nothing" in the module'),
    ("no_such_module_here:make", "cannot be imported"),
    ("vendors:LINE", "must be a Qiskit BackendV2"),
    ("emulatr", 'Did you mean "emulator"'),
    (":make", "named module:factory"),
])  # fmt: skip
def test_wrong_names_are_refused(name, message, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setattr(vendors, "LINE", lambda: 3)
    with pytest.raises(ArgumentError, match=message):
        backends.sampler(name)


def test_a_vendors_package_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(VendorEntry, "is_installed", lambda vendor: False)
    with pytest.raises(ArgumentError, match=r'qiskit-ibm-runtime, which is not installed; run: pip install .*\[ibm\]"'):
        backends.sampler("fake:boston")


def test_a_vendors_error_shows_its_kind_and_never_its_text(monkeypatch):
    """What a vendor's client says may hold a token."""

    class Service:
        def __init__(self):
            raise ConnectionError("token=SECRET")

    fake = type(sys)("qiskit_ibm_runtime")
    fake.QiskitRuntimeService = Service
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", fake)
    monkeypatch.setattr(VendorEntry, "is_installed", lambda vendor: True)
    with pytest.raises(ArgumentError, match="ConnectionError") as caught:
        backends.sampler("ibm:boston")
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_device_takes_no_emulated_readout_error():
    from qsense.noise import ReadoutError

    with pytest.raises(ArgumentError, match="readout error of its own"):
        backends.sampler("vendors:make", ReadoutError(0.1, 0.1))


def test_an_emulator_has_no_qubits_to_choose():
    with pytest.raises(ArgumentError, match="no qubits to choose"):
        backends.sampler("emulator", qubits=[1])


def test_more_spins_than_named_qubits_are_refused():
    with pytest.raises(ArgumentError, match="2 qubits are named"):
        device_sampler("m:f", Vendor(), qubits=[0, 1]).check(Experiment(GHZ, 0.0))


def test_a_backend_without_delay_is_refused_before_anything_runs():
    vendor = Vendor(line_target(delay=False))
    with pytest.raises(ArgumentError, match="no delay"):
        device_sampler("m:f", vendor).check(Experiment(GHZ, 0.0))
    assert vendor.jobs == 0


def test_a_prefix_belongs_to_one_vendor():
    with pytest.raises(ArgumentError, match='The prefix "ibm" belongs to another vendor'):
        register_vendor(VendorEntry("ibm"))
    register_vendor(ibm.VENDOR)  # the same again changes nothing
