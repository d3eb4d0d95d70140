"""The emulator: counts of an experiment from its exact distribution, without a circuit.

Three exact ways, the cheapest for each experiment:

- at most ten spins: the probabilities of all outcomes of all rows (`dense`), then multinomial counts;
- a GHZ probe whose fan-out is reversed after sensing: bit strings and one qubit (`fan_out`);
- any other probe of any size: its state as a matrix product (`matrix_product`), shots drawn spin by spin
  (`perfect_sampling`).

All share `effects`: the effect of one spin's outcome after its phase, noise, measured direction and readout error.
Noise of the phase that spins share is in all three too: exactly in the first two, and as phases of every shot in the
third (`window`). Couplings are known for at most ten spins, and for at most six beside noise that does not commute with
them (`lindblad`). The package may import `errors`, `numerics`, `signals`, `probes`, `noise` and `circuits`. Public:
sample, probabilities, check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import dense, effects, fan_out, matrix_product, perfect_sampling
from qsense.emulator.window import Window, check_size, window_of
from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, ReadoutError
from qsense.numerics.fisher import FloatArray

Readout = ReadoutError | Sequence[ReadoutError] | None
_CHUNK_BYTES = 2**25


def check(experiment: Experiment) -> None:
    """Refuses what the emulator cannot do exactly.

    Raises:
        ArgumentError: a large probe is too entangled, or its preparation is to be reversed; the message says the fix.

    >>> from qsense.probes import Probe
    >>> check(Experiment(Probe.ghz(200), 1.0, "unprepare"))
    """
    probe = experiment.probe
    if probe.num_qubits <= dense.NUM_QUBITS or probe.kind in ("ghz", "product"):
        return
    if experiment.ending == "unprepare":
        raise ArgumentError(
            f'The emulator reverses the preparation of "{probe.name}" for at most {dense.NUM_QUBITS} spins, but it has '
            f'{probe.num_qubits}; use backend = "aer:matrix_product_state".'
        )
    matrix_product.prepared(probe)


def sample(
    experiment: Experiment, settings: Settings, shots: int, noise: AnyNoise, seed: int, readout_error: Readout = None
) -> Counts:
    """Returns the counts of every row of the settings; the same for the same seed on any number of threads.

    Args:
        experiment: what is prepared, for how long it senses, and how it ends.
        settings: phases and directions, one row for every setting.
        shots: for every row.
        noise: acts on the spins while they sense; of a World its noise, as signal and pulses are the experiment's.
        seed: of the random numbers.
        readout_error: one for all spins, or one for each.

    Raises:
        ArgumentError: the noise or the readout errors are for another number of spins, the window collects nothing of
            the signal, there are couplings between too many spins, or `check` refuses.

    >>> from qsense.noise import LocalNoise
    >>> from qsense.probes import Probe
    >>> still = Settings(*np.zeros((3, 1, 2)))
    >>> sample(Experiment(Probe.ghz(2), 0.0, "unprepare"), still, 100, LocalNoise(), seed=1).table()
    array([[100,   0,   0,   0]])
    """
    check(experiment)
    rng = np.random.default_rng(seed)
    size = experiment.probe.num_qubits
    entangling = experiment.ending != "directions" and experiment.probe.kind != "product"
    window = window_of(experiment, noise)
    is_strings = entangling and experiment.probe.kind == "ghz" and window.channel is not None
    check_size(experiment, noise, dense.NUM_QUBITS)
    if window.channel is None or (size <= dense.NUM_QUBITS and not is_strings):
        blocks = probabilities(experiment, settings, noise, readout_error)
        return Counts.joined([Counts.from_table(size, rng.multinomial(shots, block)) for block in blocks])
    return Counts.joined(list(_drawn(experiment, settings, window, _confusions(readout_error, size), shots, rng)))


def probabilities(
    experiment: Experiment,
    settings: Settings,
    noise: AnyNoise,
    readout_error: Readout = None,
    engine: str | None = None,
) -> Iterator[FloatArray]:
    """Yields the exact probabilities of all outcomes, row by row, in blocks of shape (some rows, 2^N), N ≤ 10.

    `engine` is "auto", "cpu" or "gpu", by default what QSENSE_ENGINE says, else "auto".
    """
    window, confusions = window_of(experiment, noise), _confusions(readout_error, experiment.probe.num_qubits)
    return dense.probabilities(experiment, settings, window, confusions, engine)


def _drawn(
    experiment: Experiment,
    settings: Settings,
    window: Window,
    confusions: FloatArray,
    shots: int,
    rng: np.random.Generator,
) -> Iterator[Counts]:
    """The counts of some rows at a time, drawn in chunks of shots: memory does not grow with the shots."""
    size = experiment.probe.num_qubits
    strings = experiment.probe.kind == "ghz" and experiment.ending != "directions"
    tensors = () if strings else matrix_product.prepared(experiment.probe)
    bond = max((tensor.shape[2] for tensor in tensors), default=0)
    shared = None if strings else window.root
    rank = 0 if shared is None else shared.shape[1]
    capacity = max(1, _CHUNK_BYTES // (32 * size + 256 * bond + 8 * rank))
    assert window.channel is not None
    row_step, shot_step = max(1, capacity // shots), min(shots, capacity)
    for start in range(0, len(settings), row_step):
        part = settings[start : start + row_step]
        if not strings:
            factors = effects.as_factors(effects.of_preparation(experiment, part, window.channel, confusions))
        blocks: list[Counts] = []
        for first in range(0, shots, shot_step):
            number = min(shot_step, shots - first)
            if strings:
                bits = fan_out.draw(experiment, part, window, confusions, number, rng)
            else:
                bits = perfect_sampling.draw(tensors, factors, number, rng, shared)
            blocks.append(Counts.from_shots(size, np.packbits(bits, axis=2, bitorder="little")))
            if len(blocks) == 16:
                blocks = [Counts.merged(blocks)]
        yield Counts.merged(blocks) if len(blocks) > 1 else blocks[0]


def _confusions(readout_error: Readout, num_qubits: int) -> FloatArray:
    """A[measured, prepared] of every spin, shape (spins, 2, 2)."""
    if readout_error is None or isinstance(readout_error, ReadoutError):
        return np.stack([(readout_error or ReadoutError()).matrix] * num_qubits)
    if len(readout_error) != num_qubits:
        raise ArgumentError(
            f"There are readout errors for {len(readout_error)} spins, but the probe has {num_qubits}; "
            f"give one or {num_qubits}."
        )
    return np.stack([error.matrix for error in readout_error])
