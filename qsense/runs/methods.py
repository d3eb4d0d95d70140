"""The estimators that a run can name, behind one face: the circuits that each wants, and what their counts say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators import ghz, product, tomography
from qsense.estimators.result import Estimate
from qsense.estimators.shifts import parameter_shift
from qsense.probes import Probe
from qsense.runs.spec import EstimatorSpec


class Estimator(Protocol):
    """How G is estimated for one probe.

    `readout` is None where the estimate is of the quantum value, else the measurement whose classical gain it is.
    """

    @property
    def min_shots(self) -> int: ...

    @property
    def readout(self) -> str | None: ...

    def design(self, phase: float) -> tuple[Ending, Settings]:
        """Returns how the circuit ends and its settings, given the expected signal angle in rad."""
        ...

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        """Returns G from the counts of one time."""
        ...


@dataclass(frozen=True)
class GhzBlock:
    """The 2×2 block of a GHZ probe; see `estimate.ghz`."""

    num_qubits: int
    method: ghz.Method
    min_shots: int = 2
    readout: None = None

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return ghz.design(self.num_qubits, phase, self.method)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return ghz.estimate(counts, self.method)


@dataclass(frozen=True)
class ProductSpins:
    """Every spin of a product probe by itself; see `estimate.product`."""

    num_qubits: int
    min_shots: int = 2
    readout: None = None

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return product.design(self.num_qubits, phase)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return product.estimate(counts)


@dataclass(frozen=True)
class Tomography:
    """The whole state; see `estimate.tomography`."""

    num_qubits: int
    derivative: tomography.Derivative
    min_shots: int = tomography.MIN_SHOTS
    readout: None = None

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return "directions", tomography.design(self.num_qubits, self.derivative).at(phase)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return tomography.estimate(counts.table(), self.derivative, rng)


@dataclass(frozen=True)
class ParameterShift:
    """The classical gain of a readout; see `estimate.parameter_shift`."""

    num_qubits: int
    readout: parameter_shift.Readout
    rule: parameter_shift.RuleName = "auto"
    min_shots: int = 2

    def design(self, phase: float) -> tuple[Ending, Settings]:
        settings = parameter_shift.design(self.readout, self.num_qubits, phase, self.rule)
        return parameter_shift.ending(self.readout), settings

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return parameter_shift.estimate(counts, self.readout, self.rule)


def estimator_for(spec: EstimatorSpec, probe: Probe) -> Estimator:
    """Returns the estimator that a spec means for a probe.

    Raises:
        ArgumentError: it does not go with the probe, or the probe is too large for it.

    >>> estimator_for(EstimatorSpec("auto", 100), Probe.ghz(40))
    GhzBlock(num_qubits=40, method='loss_flag', min_shots=2, readout=None)
    """
    n = probe.num_qubits
    kind = chosen_kind(spec, probe)
    if not goes_with(spec, probe):
        raise ArgumentError(f'The estimator "{kind}" goes with a {kind} probe, but the probe is "{probe.name}".')
    if kind == "ghz":
        method = "loss_flag" if spec.readout == "auto" else spec.readout
        return GhzBlock(n, method)  # type: ignore[arg-type]
    if kind == "product":
        return ProductSpins(n)
    if kind == "tomography":
        tomography.design(n, spec.derivative)
        return Tomography(n, spec.derivative)
    readout = readout_for(spec, probe)
    if readout in ("parity", "loss_flag") and probe.kind != "ghz":
        raise ArgumentError(
            f'the readout "{readout}" goes with a GHZ probe only, but "{probe.name}" is in `probes`; '
            'use readout = "local_x" or "auto".'
        )
    return ParameterShift(n, readout, spec.rule)  # type: ignore[arg-type]


def identity(estimator: Estimator) -> dict[str, object]:
    """Returns what makes an estimator this estimator, for a hash: its name and its options.

    >>> identity(GhzBlock(3, "parity"))
    {'name': 'GhzBlock', 'num_qubits': 3, 'method': 'parity', 'readout': None}
    """
    options = asdict(estimator)  # type: ignore[call-overload]
    del options["min_shots"]
    return {"name": type(estimator).__name__, **options}


def chosen_kind(spec: EstimatorSpec, probe: Probe) -> str:
    """Returns the estimator's kind, with "auto" resolved: the structured one where there is one."""
    if spec.kind != "auto":
        return spec.kind
    return probe.kind if probe.kind in ("ghz", "product") else "tomography"


def reason(spec: EstimatorSpec, probe: Probe) -> str | None:
    """Returns why "auto" took what it took, in a sentence; None where the spec named it.

    >>> reason(EstimatorSpec("auto", 100), Probe.ghz(4))
    'ghz: one 2×2 block carries all information, so two circuits a time are enough for any N'
    """
    if spec.kind != "auto":
        return None
    if probe.kind == "ghz":
        return "ghz: one 2×2 block carries all information, so two circuits a time are enough for any N"
    if probe.kind == "product":
        return "product: the gain is a sum over spins, so three circuits a time are enough for any N"
    return "tomography: nothing is assumed of the state"


def goes_with(spec: EstimatorSpec, probe: Probe) -> bool:
    """Whether an estimator is for this kind of probe: "ghz" and "product" are for their own only."""
    return spec.kind not in ("ghz", "product") or spec.kind == probe.kind


def readout_for(spec: EstimatorSpec, probe: Probe) -> str:
    """Returns the readout of parameter_shift, with "auto" resolved to one that reaches the quantum value."""
    if spec.readout != "auto":
        return spec.readout
    if probe.kind == "ghz":
        return "loss_flag"
    joint = probe.num_qubits <= parameter_shift.NUM_QUBITS_OF_A_JOINT_OUTCOME
    return "local_x" if joint else "collective_x"
