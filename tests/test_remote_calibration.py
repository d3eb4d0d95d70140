"""`qsense calibrate` of a device that takes jobs: the device's own numbers come back, and no job is lost or doubled."""

import json
import tomllib

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import BACKEND, qsense
from runtime_device import fake

from qsense.device import read
from qsense.noise import LocalNoise

pytestmark = pytest.mark.long

NAME = f"ibm:{BACKEND}"


def calibrate(folder, *options, qubits="1", shots=100):
    arguments = ("--qubits", qubits, "--shots", shots, "--records", folder / "records", "--out", folder / "m.toml")
    return qsense("calibrate", NAME, *arguments, *options)


def off(path, device, qubits):
    """How far every number is from the device's own, in its standard errors."""
    entry = tomllib.loads(path.read_text())
    for key, true in (
        ("t1", device.t1 * 1e6), ("t2_star", device.t2 * 1e6), ("t2_echo", device.t2 * 1e6),
        ("up_given_down", device.up_given_down), ("down_given_up", device.down_given_up),
    ):  # fmt: skip
        yield key, np.abs(np.array(entry[key]["value"]) - true[list(qubits)]) / np.array(entry[key]["stderr"])


def test_it_measures_what_the_device_has(service, tmp_path):
    """Fifteen numbers within 4.5 standard errors of the device's own: a right measurement fails once in 10 000."""
    done = calibrate(tmp_path, "--json", qubits="0,1,3", shots=2000)
    assert done.exit_code == 0, done.exception
    assert len(service.jobs) == 1
    for key, away in off(tmp_path / "m.toml", read(fake()), (0, 1, 3)):
        assert np.all(away < 4.5), key
    # The control: the same numbers beside those of other qubits.
    assert max(away.max() for _, away in off(tmp_path / "m.toml", read(fake()), (1, 3, 0))) > 4.5
    assert LocalNoise.load(str(tmp_path / "m.toml")).num_spins == 3
    print(done.output)
