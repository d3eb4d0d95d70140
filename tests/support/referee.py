"""What the emulator is judged by: the experiment's own circuit, as a density matrix or on Aer, and chi-square tests."""

import numpy as np
from qiskit.quantum_info import DensityMatrix
from scipy.stats import chi2

from qsense import LocalNoise, Probe, ReadoutError
from qsense.backends.aer_noise import with_noise
from qsense.circuits.sensing import Settings, parameter_order

NOISES = ("dephasing", "emission", "absorption", "mixed", "unequal")
ENDINGS = ("directions", "loss_flag", "unprepare")
ERRORS = [ReadoutError(0.02 + 0.01 * k, 0.08 - 0.01 * k) for k in range(8)]
# No symmetry, complex amplitudes.
LOPSIDED = Probe.from_text(
    'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; U(1.1,0.4,2.0) q[0]; cx q[0], q[1]; U(0.3,1.2,0.1) q[1]; '
    "cx q[1], q[2]; U(2.0,0.2,0.7) q[2]; cx q[2], q[0];",
    "lopsided3",
)
OWN = {3: [LOPSIDED], 4: [Probe.from_qasm("w4"), Probe.from_qasm("twin_fock4")], 6: [Probe.from_qasm("dicke6_3")]}


def probes_of(size, ending="directions"):
    if ending == "loss_flag":
        return [Probe.ghz(size)]
    # Undoing |+> is another gate than undoing a tilted spin.
    products = [Probe.product(size, -0.4)] + ([Probe.product(size)] if ending == "unprepare" else [])
    return [Probe.ghz(size), *products, *OWN.get(size, [])]


def noise_of(kind, size):
    """Rates of order one over the spins' number, so that a GHZ state of any size keeps some of its coherence."""
    rate = 0.6 / size
    rng = np.random.default_rng(size)
    return {
        "dephasing": LocalNoise(dephasing=rate / 2),
        "emission": LocalNoise(emission=rate),
        "absorption": LocalNoise(absorption=rate),
        "mixed": LocalNoise(rate / 6, rate / 2, rate / 3),
        "unequal": LocalNoise(*rng.uniform(0, 1.2 * rate, (3, size))),
    }[kind]


def random_settings(size, rows, seed):
    """Directions and phases at random: every sign and axis counts."""
    return Settings(*np.random.default_rng(seed).uniform(-3, 3, (3, rows, size)))


def circuit_probabilities(experiment, settings, noise):
    """The exact distribution of every row from the noisy circuit, by Qiskit's density matrices, shape (rows, 2^N)."""
    circuit = with_noise(experiment.circuit().remove_final_measurements(inplace=False), noise)
    rows = []
    for values in settings.values():
        by_name = dict(zip(parameter_order(circuit), values, strict=True))
        bound = circuit.assign_parameters({p: by_name[p.name] for p in circuit.parameters})
        rows.append(DensityMatrix(bound).probabilities())
    return np.array(rows)


def misread(probabilities, errors):
    """Probabilities after readout errors, one for each spin: bit by bit on the outcomes' table."""
    size = len(errors)
    tensor = probabilities.reshape((-1,) + (2,) * size)
    for spin, error in enumerate(errors):
        axis = size - spin
        tensor = np.moveaxis(np.tensordot(error.matrix, tensor, axes=(1, axis)), 0, axis)
    return tensor.reshape(probabilities.shape)


def fit_p_value(observed, expected):
    """The chi-square p-value of counts against expected counts; rare outcomes are pooled."""
    common = expected > 5
    cells = [*zip(observed[common], expected[common], strict=True)]
    rest = observed[~common].sum(), expected[~common].sum()
    if rest[1] > 5:
        cells.append(rest)
    elif rest[0] > 40:  # by chance never, for a mean below 5
        return 0.0
    if len(cells) < 2:
        return 1.0
    seen, wanted = np.array(cells).T
    wanted = wanted * seen.sum() / wanted.sum()
    return float(chi2.sf(np.sum((seen - wanted) ** 2 / wanted), len(cells) - 1))


def same_p_value(one, other):
    """The chi-square p-value of two tables of counts being of one distribution, whatever their numbers of shots."""
    common = one + other > 10
    first, second = (np.append(t[common], t[~common].sum()).astype(float) for t in (one, other))
    keep = first + second > 10
    first, second = first[keep], second[keep]
    if len(first) < 2:
        return 1.0
    ratio = np.sqrt(second.sum() / first.sum())
    statistic = np.sum((ratio * first - second / ratio) ** 2 / (first + second))
    return float(chi2.sf(statistic, len(first) - 1))


def bits(counts, row=0):
    """Outcomes (entries, spins) and how often each, of one row."""
    entries = slice(counts.offsets[row], counts.offsets[row + 1])
    unpacked = np.unpackbits(counts.outcomes[entries], axis=1, bitorder="little")[:, : counts.num_bits]
    return unpacked, counts.numbers[entries]


def ups_histogram(counts, row=0):
    """How often k spins were up, shape (N + 1,)."""
    outcomes, numbers = bits(counts, row)
    return np.bincount(outcomes.sum(1), weights=numbers, minlength=counts.num_bits + 1)


def w_circuit(size):
    """OpenQASM text that prepares (|10…0> + |010…0> + … + |0…01>)/√N by a cascade."""
    lines = ['OPENQASM 3.0; include "stdgates.inc";', f"qubit[{size}] q;", "x q[0];"]
    for spin in range(size - 1):
        # Of what has come to this spin 1/(N − spin) stays, the rest goes on.
        angle = float(2 * np.arccos(np.sqrt(1 / (size - spin))))
        lines += [f"cry({angle!r}) q[{spin}], q[{spin + 1}];", f"cx q[{spin + 1}], q[{spin}];"]
    return Probe.from_text("\n".join(lines), f"w{size}")
