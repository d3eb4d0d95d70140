"""Backends of made-up vendors, good and bad, for the tests; `vendors:make` names one in a spec."""

from qiskit.circuit import Delay, Parameter
from qiskit.circuit.library import CXGate, Measure, RZGate, SXGate, XGate
from qiskit.primitives import BackendSamplerV2
from qiskit.providers import BackendV2, Options, QubitProperties
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer import AerSimulator

LINE = [(0, 1), (1, 2), (2, 3), (3, 4)]


def line_target(
    t1=100e-6, t2=80e-6, dt=1e-9, granularity=16, delay=True, edges=LINE, num_qubits=5, missing=(), unread=()
):
    """A line of qubits with sx, x, rz, cx and a clock."""
    qubits = [QubitProperties() if q in missing else QubitProperties(t1=t1, t2=t2) for q in range(num_qubits)]
    target = Target(
        num_qubits=num_qubits, dt=dt, granularity=granularity, pulse_alignment=granularity,
        acquire_alignment=granularity, qubit_properties=qubits,
    )  # fmt: skip
    alone = [(q,) for q in range(num_qubits)]
    target.add_instruction(RZGate(Parameter("a")), {q: InstructionProperties(duration=0.0, error=0.0) for q in alone})
    for gate in (SXGate(), XGate()):
        target.add_instruction(gate, {q: InstructionProperties(duration=32e-9, error=2e-4) for q in alone})
    both = [pair for one, two in edges for pair in ((one, two), (two, one))]
    target.add_instruction(CXGate(), {pair: InstructionProperties(duration=320e-9, error=5e-3) for pair in both})
    read = [q for q in alone if q[0] not in unread]
    target.add_instruction(Measure(), {q: InstructionProperties(duration=1e-6, error=0.01) for q in read})
    if delay:
        target.add_instruction(Delay(Parameter("t")), dict.fromkeys(alone))
    return target


class Vendor(BackendV2):
    """A vendor's backend that runs on an ideal simulator; `scramble` changes its histograms.

    One that is `forgetful` returns no memory, shot by shot: Qiskit's BackendSamplerV2 then gives zeros in silence.
    """

    def __init__(self, target=None, scramble=None, name="vendor", forgetful=False):
        super().__init__(name=name)
        self._target = line_target() if target is None else target
        self.scramble, self.forgetful = scramble, forgetful
        self.jobs = 0

    @property
    def target(self):
        return self._target

    @property
    def max_circuits(self):
        return 3

    @classmethod
    def _default_options(cls):
        return Options(shots=100)

    def run(self, run_input, **options):
        assert len(run_input) <= self.max_circuits
        self.jobs += 1
        job = AerSimulator().run(
            run_input, shots=options["shots"], seed_simulator=self.jobs,
            memory=options.get("memory", False) and not self.forgetful,
        )  # fmt: skip
        return job if self.scramble is None else _Scrambled(job, self.scramble)


class _Scrambled:
    def __init__(self, job, scramble):
        self._result, self._scramble = job.result(), scramble

    def result(self):
        return self

    def get_counts(self):
        found = self._result.get_counts()
        return [self._scramble(row) for row in (found if isinstance(found, list) else [found])]


def reversed_bits(row):
    return {bits[::-1]: number for bits, number in row.items()}


def all_zeros(row):
    bits = next(iter(row))
    return {"0" * len(bits): sum(row.values())}


def one_shot_lost(row):
    bits = next(iter(row))
    return {**row, bits: row[bits] - 1}


def make():
    return Vendor()


def make_sampler():
    return BackendSamplerV2(backend=AerSimulator.from_backend(Vendor()))


def ring_target(t2, t1):
    """A ring of qubits that decay as said, with gates and readout without errors and in no time."""
    size = len(t2)
    target = Target(num_qubits=size, dt=1e-9, qubit_properties=[QubitProperties(t1=t1, t2=one) for one in t2])
    perfect, alone = InstructionProperties(duration=0.0, error=0.0), [(q,) for q in range(size)]
    for gate in (RZGate(Parameter("a")), SXGate(), XGate(), Measure()):
        target.add_instruction(gate, dict.fromkeys(alone, perfect))
    pairs = [pair for q in range(size) for pair in ((q, (q + 1) % size), ((q + 1) % size, q))]
    target.add_instruction(CXGate(), dict.fromkeys(pairs, perfect))
    target.add_instruction(Delay(Parameter("t")), dict.fromkeys(alone))
    return target


RING_T1, RING_T2 = 100e-6, [1e-6 * t2 for t2 in (76, 99, 61, 84, 181, 73, 75, 91, 35)]


class Ring(Vendor):
    """A ring of nine qubits that decay unevenly, simulated with their T1 and T2; without memory, which is slow."""

    max_circuits = 10

    def __init__(self):
        super().__init__(ring_target(RING_T2, RING_T1), name="ring")
        self.simulator = AerSimulator.from_backend(Vendor(self.target), method="density_matrix", fusion_enable=False)

    def run(self, run_input, **options):
        self.jobs += 1
        return self.simulator.run(run_input, shots=options["shots"], seed_simulator=self.jobs)
