"""Made-up devices of nine qubits, for benchmarks/planning.py: `made_devices:line_7` names one in a spec."""

import numpy as np
from qiskit.circuit import Delay, Measure, Parameter
from qiskit.circuit.library import CZGate, RZGate, SXGate, XGate
from qiskit.providers import BackendV2, Options, QubitProperties
from qiskit.transpiler import CouplingMap, InstructionProperties, Target
from qiskit_aer import AerSimulator

EDGES = {
    "line": CouplingMap.from_line(9, bidirectional=False),
    "grid": CouplingMap.from_grid(3, 3, bidirectional=False),
}


class Made(BackendV2):
    """A device of nine qubits with random relaxation, gates and readout; Aer runs it with the noise of all of them."""

    def __init__(self, seed, edges="line", off=0.0):
        super().__init__(name=f"made {seed}")
        rng = np.random.default_rng(seed)
        t2_scale, gate, readout = (
            10 ** rng.uniform(-5, -3.6),
            10 ** rng.uniform(-3, -1.7),
            10 ** rng.uniform(-2.6, -1.2),
        )
        t1 = t2_scale * rng.uniform(0.6, 3.0) * rng.lognormal(0, 0.3, 9)
        t2 = np.minimum(t2_scale * rng.lognormal(0, 0.3, 9), 1.9 * t1)
        wrong = np.random.default_rng([seed, 1]).normal(0, off, (3, 9))
        common = wrong[2, 0] / np.sqrt(2)
        t1, t2 = t1 * np.exp(common + wrong[0] / np.sqrt(2)), t2 * np.exp(common + wrong[1] / np.sqrt(2))
        t2 = np.minimum(t2, 1.99 * t1)
        target = Target(
            num_qubits=9, dt=1e-9, qubit_properties=[QubitProperties(a, b) for a, b in zip(t1, t2, strict=True)]
        )
        single = {
            (q,): InstructionProperties(35e-9, float(e)) for q, e in enumerate(gate / 10 * rng.lognormal(0, 0.3, 9))
        }
        target.add_instruction(SXGate(), single)
        target.add_instruction(XGate(), dict(single))
        target.add_instruction(RZGate(Parameter("a")), {(q,): InstructionProperties(0.0, 0.0) for q in range(9)})
        target.add_instruction(Delay(Parameter("t")), {(q,): None for q in range(9)})
        pairs = [tuple(edge) for edge in EDGES[edges].get_edges()]
        errors = gate * rng.lognormal(0, 0.3, len(pairs))
        target.add_instruction(
            CZGate(), {p: InstructionProperties(70e-9, float(e)) for p, e in zip(pairs, errors, strict=True)}
        )
        reading = {
            (q,): InstructionProperties(1e-6, float(e)) for q, e in enumerate(readout * rng.lognormal(0, 0.3, 9))
        }
        target.add_instruction(Measure(), reading)
        self._target = target

    @property
    def target(self):
        return self._target

    max_circuits = None

    @classmethod
    def _default_options(cls):
        return Options(shots=1000)

    def run(self, circuits, **options):
        return AerSimulator.from_backend(self, method="density_matrix").run(circuits, **options)


def __getattr__(name):
    """A factory of a device for each name such as `line_7` or `grid_7`, so that `made_devices:line_7` opens one."""
    edges, _, seed = name.partition("_")
    if edges not in EDGES or not seed.isdigit():
        raise AttributeError(name)
    return lambda: Made(int(seed), edges)
