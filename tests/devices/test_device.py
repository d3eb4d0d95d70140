"""What a backend reports, and the noise that is read from it."""

import numpy as np
import pytest
from vendors import Vendor, line_target

from qsense.devices.device import Device, read
from qsense.devices.layout import choose
from qsense.errors import ArgumentError
from qsense.noise import LocalNoise
from qsense.probes import Probe


def test_what_the_target_says_is_read():
    device = read(Vendor())
    assert device.num_qubits == 5
    assert device.edges == {(q, q + 1): 5e-3 for q in range(4)}
    assert np.allclose(device.readout_error, 0.01)
    assert np.allclose(device.pulse_time, 32e-9)
    assert (device.dt, device.granularity) == (1e-9, 16)


def test_what_is_not_reported_is_nan():
    device = read(Vendor(line_target(missing=[2])))
    assert np.isnan(device.t1).tolist() == [False, False, True, False, False]


def test_something_without_a_target_is_refused():
    with pytest.raises(ArgumentError, match="BackendV2 with a target"):
        read(object())


@pytest.mark.parametrize("time", [1e-6, 1.002e-6, 1.0001e-6, 3.33e-5])
def test_a_rounded_time_is_the_nearest_multiple_of_the_tick(time):
    device = Device.uniform(2, [(0, 1)], dt=2.2e-10, granularity=16)
    rounded = device.rounded(time)
    assert abs(rounded / device.tick() - round(rounded / device.tick())) < 1e-6
    assert abs(rounded - time) <= device.tick() / 2 * (1 + 1e-9)
    assert device.rounded(rounded) == rounded


def test_noise_of_a_backend_has_its_t1_and_t2_in_the_order_of_the_spins():
    device = read(Vendor())
    device.t1[3], device.t2[3] = 50e-6, 40e-6
    noise = LocalNoise.from_backend(device, [3, 0])
    assert np.allclose(noise.t1(2), [50e-6, 100e-6])
    assert np.allclose(noise.t2(2), [40e-6, 80e-6])


@pytest.mark.parametrize(("t1", "t2", "says", "t1_used", "t2_used"), [
    (50e-6, 120e-6, "cut to 100 µs", 50e-6, 100e-6),
    (None, None, "no relaxation", np.inf, np.inf),
    (None, 30e-6, "T1 is not reported", np.inf, 30e-6),
    (50e-6, None, "taken as 2 T1 = 100 µs", 50e-6, 100e-6),
])  # fmt: skip
def test_what_is_cut_or_assumed_is_logged(t1, t2, says, t1_used, t2_used, caplog):
    noise = LocalNoise.from_backend(Vendor(line_target(t1=t1, t2=t2)), [1])
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "qubit 1" in record.getMessage()
    assert says in record.getMessage()
    assert noise.t1(1)[0] == pytest.approx(t1_used)
    assert noise.t2(1)[0] == pytest.approx(t2_used)


def test_a_qubit_that_is_not_there_is_refused():
    with pytest.raises(ArgumentError, match="but not 7"):
        LocalNoise.from_backend(Vendor(), [7])


def test_qubits_without_a_measurement_hold_no_spins():
    device = read(Vendor(line_target(unread=(0, 4))), "partial")
    assert device.unread == {0, 4}
    for probe in (Probe.ghz(3), Probe.product(3)):
        assert set(choose(device, probe).qubits) == {1, 2, 3}
        assert set(choose(device, probe, on_its_best=True).qubits) == {1, 2, 3}
    with pytest.raises(ArgumentError, match=r"no 4 qubits that are connected .* and measured"):
        choose(device, Probe.ghz(4))
    with pytest.raises(ArgumentError, match="measures 3 of its 5 qubits"):
        choose(device, Probe.product(4))
    with pytest.raises(ArgumentError, match=r"does not measure qubit 4: its target has no .measure."):
        choose(device, Probe.ghz(2), [3, 4])
    assert read(Vendor(line_target()), "whole").unread == frozenset()
