"""A gate that a file defines is the file's on every backend, also where the backend has a gate of that name."""

import numpy as np
import pytest

from qsense.backends import sampler
from qsense.circuits.sensing import Experiment, Settings
from qsense.noise import LocalNoise
from qsense.probes import Probe

HEAD = 'OPENQASM 3.0; include "stdgates.inc"; '
OWN = {
    "iswap": HEAD + "gate iswap a, b { ry(pi/2) a; ry(pi/3) b; cx a, b; } qubit[2] q; iswap q[0], q[1];",
    "unitary": HEAD + "gate unitary a, b { ry(pi/2) a; ry(pi/3) b; cx a, b; } qubit[2] q; unitary q[0], q[1];",
    "r": HEAD + "gate r(t) a { ry(2*t) a; } qubit[2] q; r(pi/4) q[0]; r(pi/6) q[1]; cx q[0], q[1];",
    "bits": 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[2]; creg polar[9]; '
    "ry(pi/2) q[0]; ry(pi/3) q[1]; cx q[0],q[1];",
}  # fmt: skip
# By hand: |+> on spin 0, up with probability sin²(π/6) = 1/4 on spin 1, then spin 1 is flipped where spin 0 is up.
POPULATIONS = np.array([0.5 * 0.75, 0.5 * 0.25, 0.5 * 0.25, 0.5 * 0.75])


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(("backend", "within"), [("emulator", 0.0), ("aer", 0.0), ("fake:manila", 0.06)])
def test_a_files_own_gate_is_the_files_on_every_backend(backend, within, name):
    zeros = np.zeros((1, 2))
    experiment = Experiment(Probe.from_text(OWN[name], name), 0.0)
    shots = 4000
    counts = sampler(backend).sample(experiment, Settings(zeros, zeros, zeros), shots, LocalNoise(), seed=1)
    found = counts.table()[0] / shots
    assert np.all(np.abs(found - POPULATIONS) < within + 5 * np.sqrt(0.25 / shots))
