"""An oracle for every part of the world: the Lindblad equation by Kronecker products, averages over phases.

Nothing of qsense's noise, emulator or theory is in it. A part is a dict of plain numbers, `model_of` makes the
NoiseModel that means it, and `probabilities` computes what must come out.
"""

import pickle
from functools import cache, reduce
from itertools import pairwise

import numpy as np
from qiskit.quantum_info import Operator
from scipy.integrate import quad
from scipy.sparse import csr_matrix, eye_array, kron
from scipy.sparse.linalg import expm_multiply

from qsense import LocalNoise
from qsense.circuits.preparing import prepare
from qsense.noise import (
    Collective,
    Exponential,
    Local,
    Matrix,
    NoiseModel,
    OrnsteinUhlenbeck,
    PhaseNoise,
    QuasiStatic,
    Stretched,
    White,
)

ONE, X, Y, Z = np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
DOWN = np.array([[0.0, 1.0], [0.0, 0.0]])  # |down><up|, up is |1>
SPACES = {
    "local": lambda n: (Local(), np.eye(n)),
    "collective": lambda n: (Collective(), np.ones((n, n))),
    "line": lambda n: (
        Exponential(tuple(range(n)), 2.0),
        np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 2),
    ),
    # A gradient: of rank 2, with signs.
    "gradient": lambda n: (Matrix(tuple(map(tuple, _gradient(n)))), _gradient(n)),
}


def _gradient(n):
    slope = np.linspace(-1, 1.5, n)
    return np.outer(slope, slope) + 0.2 * np.ones((n, n))


def model_of(part, n):
    """The NoiseModel of a part: rates in 1/s; `phases` is a list of (space, memory, numbers)."""
    local = LocalNoise(
        part.get("dephasing", 0.0), part.get("emission", 0.0), part.get("absorption", 0.0),
        transverse=part.get("transverse", 0.0), exponent=part.get("exponent", 1.0),
    )  # fmt: skip
    memories = {"white": White, "static": QuasiStatic, "ou": OrnsteinUhlenbeck, "stretched": Stretched}
    phases = [PhaseNoise(SPACES[space](n)[0], memories[memory](*numbers)) for space, memory, *numbers in
              part.get("phases", [])]  # fmt: skip
    return NoiseModel(local, 0.0, part.get("zz", 0.0), phase_noise=phases, dipolar=part.get("dipolar", 0.0))


def at(operator, spin, n):
    """An operator of one spin among n; spin 0 is the last factor."""
    return reduce(kron, [csr_matrix(operator if k == spin else ONE) for k in reversed(range(n))])


def superoperator(part, n, fields):
    """d vec(ρ)/dt with the field φ_j on every spin."""
    return _without_field(pickle.dumps(part), n) + sum(
        0.5 * field * turning for field, turning in zip(fields, _turnings(n), strict=True)
    )


@cache
def _turnings(n):
    """d vec(ρ)/dt under Z_j, of every spin."""
    return [_commutator(at(Z, j, n), n) for j in range(n)]


def _commutator(hamiltonian, n):
    one = eye_array(2**n)
    return csr_matrix(-1j * (kron(hamiltonian, one) - kron(one, hamiltonian.T)))


@cache
def _without_field(pickled, n):
    """The rest of it, made once for every part."""
    part = pickle.loads(pickled)
    zs = [at(Z, j, n) for j in range(n)]
    hamiltonian, jumps = csr_matrix((2**n, 2**n)), []
    for i in range(n):
        for kind, operator in (("dephasing", Z), ("emission", DOWN), ("absorption", DOWN.T), ("transverse", X)):
            rate = np.broadcast_to(part.get(kind, 0.0), (n,))[i]
            if kind != "dephasing" or part.get("exponent", 1.0) == 1.0:
                jumps.append(np.sqrt(rate) * at(operator, i, n))
        for j in range(i):
            zz, dipolar = (np.broadcast_to(part.get(key, 0.0), (n, n))[i, j] for key in ("zz", "dipolar"))
            hamiltonian = hamiltonian + (zz / 2 + dipolar / 2) * zs[i] @ zs[j]
            for axis in (X, Y):
                hamiltonian = hamiltonian - dipolar / 4 * at(axis, i, n) @ at(axis, j, n)
    for space, memory, *numbers in part.get("phases", []):
        if memory == "white":
            values, vectors = np.linalg.eigh(SPACES[space](n)[1])
            for value, vector in zip(values, vectors.T, strict=True):
                if value > 1e-12:
                    jumps.append(
                        np.sqrt(value * numbers[0])
                        * sum((v * z for v, z in zip(vector, zs, strict=True)), csr_matrix((2**n, 2**n)))
                    )
    one = eye_array(2**n)
    total = _commutator(hamiltonian, n)
    for jump in jumps:
        both = jump.conj().T @ jump
        total = total + kron(jump, jump.conj()) - 0.5 * (kron(both, one) + kron(one, both.T))
    return csr_matrix(total)


def slow_variance(memory, numbers, time, pulses):
    """Variance of the phase in rad² of noise that remembers: free, or under a Hahn echo."""
    if memory == "static":
        return {"free": (numbers[0] * time) ** 2, "hahn": 0.0}[pulses]
    if memory == "ou":
        spread, tau = numbers
        x = time / tau
        shape = {"free": x - 1 + np.exp(-x), "hahn": x - 3 - np.exp(-x) + 4 * np.exp(-x / 2)}[pulses]
        return 2 * (spread * tau) ** 2 * shape
    if memory == "stretched":
        rate, exponent = numbers
        return 2 * (2 * rate * time) ** exponent
    raise AssertionError(memory)


def averaged(rho, covariance):
    """ρ after phases of this covariance, by Gauss–Hermite sums of the turned states over every direction of X."""
    n = len(covariance)
    values, vectors = np.linalg.eigh(covariance)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    signs = np.array([[1 - 2 * (k >> j & 1) for j in range(n)] for k in range(2**n)])
    for value, vector in zip(values, vectors.T, strict=True):
        angles = signs @ vector / 2 * np.sqrt(max(value, 0.0))
        turned = [np.exp(-1j * node * angles) for node in nodes]
        rho = sum(w * np.outer(u, u.conj()) * rho for w, u in zip(weights, turned, strict=True)) / weights.sum()
    return rho


AXES = {"free": "", "hahn": "xx", "xy4": "xyxy"}
INSTANTS = {"free": [], "hahn": [0.5, 1.0], "xy4": [0.125, 0.375, 0.625, 0.875]}


def final_state(probe, part, time, phases, pulses="free", frequency=0.0, alpha=0.0):
    """ρ at the end of a window in which every spin collects its phase of the signal."""
    n = probe.num_qubits
    state = np.asarray(Operator(prepare(probe)).data)[:, 0]
    rho = np.outer(state, state.conj())
    edges = [0.0, *(x for x in INSTANTS[pulses] if x < 1), 1.0]

    def signal(t):
        return np.cos(2 * np.pi * frequency * t + alpha) if frequency else 1.0

    parts = [quad(signal, a * time, b * time)[0] for a, b in pairwise(edges)]
    collected = sum((-1) ** k * x for k, x in enumerate(parts))
    axes = [*AXES[pulses], *[""] * (len(parts) - len(AXES[pulses]))]
    for (begin, end), share, axis in zip(pairwise(edges), parts, axes, strict=True):
        length = (end - begin) * time
        if length > 0:
            field = np.asarray(phases) * share / collected / length
            vec = expm_multiply(superoperator(part, n, field) * length, rho.ravel().astype(complex))
            rho = vec.reshape(rho.shape)
        else:
            angles = np.array([sum((1 - 2 * (k >> j & 1)) * p for j, p in enumerate(phases)) for k in range(2**n)]) / 2
            rho = np.exp(-1j * np.subtract.outer(angles, angles)) * rho
        if axis:
            pulse = reduce(np.kron, [{"x": X, "y": Y}[axis]] * n)
            rho = pulse @ rho @ pulse.conj().T
    slow = np.zeros((n, n))
    for space, memory, *numbers in part.get("phases", []):
        if memory != "white":
            slow = slow + SPACES[space](n)[1] * slow_variance(memory, numbers, time, pulses)
    if part.get("exponent", 1.0) != 1.0:
        rates = np.broadcast_to(part["dephasing"], (n,))
        slow = slow + np.diag(2 * (2 * rates * time) ** part["exponent"])
    return averaged(rho, slow)


def turn(polar, azimuth):
    """What brings a direction to Z: ry(−polar) rz(−azimuth)."""
    c, s = np.cos(polar / 2), np.sin(polar / 2)
    return np.array([[c, s], [-s, c]]) @ np.diag([np.exp(0.5j * azimuth), np.exp(-0.5j * azimuth)])


def probabilities(experiment, part, settings, frequency=0.0, alpha=0.0):
    """P(outcome) of every row, shape (rows, 2^N)."""
    probe, rows = experiment.probe, []
    undo = np.asarray(Operator(experiment.ending_circuit()).data)
    for phases, polars, azimuths in zip(settings.phases, settings.polars, settings.azimuths, strict=True):
        rho = final_state(probe, part, experiment.time, phases, experiment.pulses.name, frequency, alpha)
        turned = reduce(np.kron, [turn(p, a) for p, a in zip(polars[::-1], azimuths[::-1], strict=True)]) @ undo
        rows.append(np.diag(turned @ rho @ turned.conj().T).real)
    return np.array(rows)
