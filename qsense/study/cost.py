"""The estimated cost of a trial before it runs: seconds on one core, and bytes of memory.

The constants were measured (`benchmarks/study.py cost`). Seconds are right within a factor of two or three, which is
enough to fill batches; a running study corrects them by its own pace. Bytes are an upper estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from qsense import emulator
from qsense.backends import is_device
from qsense.circuits.sensing import Ending
from qsense.errors import ArgumentError, extension_code
from qsense.estimators.phase import joint
from qsense.probes import Probe
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.spec import RunSpec
from qsense.signals import Signal

PROGRAM_BYTES, PROGRAM_WITH_AER_BYTES = 102 * 2**20, 210 * 2**20
_TIMES = 5  # of a designed rule; rarely more
_PER_TRIAL, _PER_TIME = 6e-3, 10e-3  # the spec and the exact curve; estimates, assumptions and the law of the decay
_ROWS = 3  # from which a phase is read; of tomography its joint readouts alone show one
_PER_STEP = {
    "ghz": 12e-6,
    "product": 2e-6,
}  # of the likelihood of a fringe, whose steps are finer the more shots it has
_CHUNK_BYTES = 3 * 2**24  # what the emulator draws at once, and its counts


@dataclass(frozen=True)
class Cost:
    """The estimated cost of one trial.

    Attributes:
        seconds: on one core.
        bytes: upper estimate of the memory of its process, the program included.
    """

    seconds: float
    bytes: float

    @classmethod
    def of(cls, spec: RunSpec) -> Cost:
        """Returns the cost of a spec of one point.

        >>> spec = RunSpec.from_dict({
        ...     "schema": 1, "name": "one", "probes": "ghz", "num_qubits": 6, "noise": {"dephasing_rate": 0.5},
        ...     "estimators": "tomography", "field_rad_per_s": 0.2, "shots": 1000, "seed": 1})
        >>> 1 < Cost.of(spec).seconds < 10
        True
        """
        probe, estimator = spec.probes[0], spec.estimators[0]
        own = spec.times_for(probe)
        times = _TIMES if own is None else len(own)
        return _cost(probe, estimator, spec.signal, spec.backend, times, spec.allocation == "optimal")


@lru_cache(maxsize=4096)
def _cost(probe: Probe, estimator: EstimatorSpec, signal: Signal, backend: str, times: int, piloted: bool) -> Cost:
    size, shots, aer = probe.num_qubits, estimator.shots, backend != "emulator"
    try:
        method = estimator.for_signal(probe, signal)
        with extension_code(method, f'the estimator "{estimator.name}"'):
            ending, settings = method.design(0.0)
            rows, analysis = len(settings), method.cost()
        sampled = _aer(backend, size, rows, shots) if aer else _emulated(probe, ending, rows, shots)
    except ArgumentError:  # the trial itself will say why
        return Cost(0.0, PROGRAM_BYTES)
    outcomes = times * rows * min(shots, 2.0**size) * ((size + 7) // 8 + 8)
    seconds = _PER_TRIAL + times * (sampled + _PER_TIME + _fringe(probe, min(rows, _ROWS) * shots))
    memory = (PROGRAM_WITH_AER_BYTES if aer else PROGRAM_BYTES) + _CHUNK_BYTES + 12 * outcomes
    seconds += times * analysis.seconds
    memory += analysis.bytes
    if aer:
        memory += 64 * float(
            4**size if backend in ("aer", "aer:density_matrix") or is_device(backend) else 2 ** min(size, 30)
        )
    return Cost(float(2 * seconds if piloted else seconds), float(memory))


def _fringe(probe: Probe, shots: int) -> float:
    """Seconds in which the phase of one time is read from its fringe."""
    of_spins = shots * (probe.num_qubits if probe.kind == "product" else 1)
    steps = min(max(joint.STEPS_OF_A_PEAK * math.sqrt(of_spins), joint.FEWEST), joint.MOST)
    return _PER_STEP.get(probe.kind, 0.0) * steps


def _emulated(probe: Probe, ending: Ending, rows: int, shots: int) -> float:
    """Seconds of one time on the emulator."""
    size = probe.num_qubits
    if probe.kind == "ghz" and ending != "directions":
        return 20e-9 * rows * shots * size
    if size <= emulator.dense.NUM_QUBITS:
        return 40e-9 * rows * float(2**size)
    bond = max(len(tensor) for tensor in emulator.matrix_product.prepared(probe))
    return (40e-9 + 40e-9 * bond) * rows * shots * size


def _aer(backend: str, size: int, rows: int, shots: int) -> float:
    """Seconds of one time on Aer."""
    if is_device(backend):  # transpiled, and every gate with its noise
        return 0.3 + rows * 3e-7 * float(4**size)
    if backend in ("aer", "aer:density_matrix"):
        return 0.03 + rows * (1.3e-3 + 2e-7 * float(4**size))
    per_spin: float = 50e-6 if backend == "aer:matrix_product_state" else 60e-6 + 5e-9 * float(2**size)
    return 0.03 + rows * shots * size * per_spin
