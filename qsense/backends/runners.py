"""The ways to run circuits on a vendor's object and to read its counts.

`sampler`: a SamplerV2, or Qiskit's BackendSamplerV2 around a BackendV2. `run`: bind, `backend.run`, `get_counts`; it is
needed because BackendSamplerV2 returns zeros without an error for some vendors. A self-test decides which is used
(`self_test`). `aer`: `run` with the angles bound by Aer itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.histograms import from_words
from qsense.circuits.sensing import parameter_names
from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Runner = Callable[["QuantumCircuit", FloatArray, int, int], Counts]
"""(circuit, values of its parameters, shots, seed) → counts of every row. The values are of shape (rows, 3·spins)."""


def generic_runners(backend: Any) -> dict[str, Runner]:
    """Returns Qiskit's own ways to run circuits on a BackendV2, best first, by name."""
    from qiskit.primitives import BackendSamplerV2

    return {"sampler": sampler_runner(BackendSamplerV2(backend=backend)), "run": bind_and_run(backend)}


def is_sampler(vendor_object: Any) -> bool:
    """Returns whether an object is a SamplerV2 rather than a backend."""
    from qiskit.primitives import BaseSamplerV2

    return isinstance(vendor_object, BaseSamplerV2)


def bindings(circuit: QuantumCircuit, values: FloatArray) -> dict[Any, FloatArray]:
    """Returns each parameter of the circuit with its values, shape (rows,).

    Parameters that the transpiler has removed, because they have no effect, are omitted.
    """
    present = {parameter.name: parameter for parameter in circuit.parameters}
    names = parameter_names(circuit.num_clbits)
    return {present[name]: values[:, column] for column, name in enumerate(names) if name in present}


def sampler_runner(sampler: Any) -> Runner:
    """Returns the way to run circuits by a SamplerV2."""

    def run(circuit: QuantumCircuit, values: FloatArray, shots: int, seed: int) -> Counts:
        order = list(circuit.parameters)
        table = bindings(circuit, values)
        rows = np.stack([table[p] for p in order], axis=1) if order else np.zeros((len(values), 0))
        (result,) = sampler.run([(circuit, rows, shots)]).result()
        (register,) = result.data.values()
        size = circuit.num_clbits
        return _with_shots([from_words(size, register[row].get_counts()) for row in range(len(values))], size, shots)

    return run


def bind_and_run(backend: Any) -> Runner:
    """Returns the way to run circuits by a backend's own `run`, each row bound, as many at once as it takes."""

    def run(circuit: QuantumCircuit, values: FloatArray, shots: int, seed: int) -> Counts:
        table = bindings(circuit, values)
        bound = [circuit.assign_parameters({p: float(v[row]) for p, v in table.items()}) for row in range(len(values))]
        most = getattr(backend, "max_circuits", None) or len(bound)
        histograms: list[dict[int, int]] = []
        for start in range(0, len(bound), most):
            result = backend.run(bound[start : start + most], shots=shots).result()
            counts = result.get_counts()
            rows = counts if isinstance(counts, list) else [counts]
            histograms += [from_words(circuit.num_clbits, row) for row in rows]
        return _with_shots(histograms, circuit.num_clbits, shots)

    return run


def aer_runner(simulator: Any) -> Runner:
    """Returns the way to run circuits on an AerSimulator."""

    def run(circuit: QuantumCircuit, values: FloatArray, shots: int, seed: int) -> Counts:
        binds = {parameter: column.tolist() for parameter, column in bindings(circuit, values).items()}
        # Without a parameter Aer makes one row of all; the circuit is then given once for every row.
        circuits, table = ([circuit], [binds]) if binds else ([circuit] * len(values), None)
        result = simulator.run(circuits, parameter_binds=table, shots=shots, seed_simulator=seed).result()
        if not result.success:
            raise ArgumentError(f"Aer could not run the circuit: {result.status}.")
        return Counts.from_histograms(
            circuit.num_clbits,
            [{int(key, 16): int(number) for key, number in row.data.counts.items()} for row in result.results],
        )

    return run


def _with_shots(histograms: list[dict[int, int]], num_bits: int, shots: int) -> Counts:
    """The counts of all rows, which must have the shots that were asked for."""
    for row, histogram in enumerate(histograms):
        if sum(histogram.values()) != shots:
            raise ArgumentError(f"row {row} has {sum(histogram.values())} shots, but {shots} were requested.")
    return Counts.from_histograms(num_bits, histograms)
