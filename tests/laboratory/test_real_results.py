"""Results that the vendors' own libraries made: Braket's simulator, Aer, samplers through RuntimeEncoder.

Each circuit prepares a string of its own for a part of the spins, so that a wrong order of spins or circuits shows.
"""

import json
from functools import cache
from pathlib import Path

import foreign
import numpy as np
import pytest

from qsense.errors import ContentError
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.sources import of_object, read_source

BRAKET = Path(__file__).parent / "results" / "braket_local_simulator.json"
"""amazon-braket-sdk 1.127: circuit k turns spin k up, spin k + 1 by 1.1 rad about y; spins measured in three orders."""


@cache
def design():
    return designed(foreign.spec(probes=["product"], estimators=["product"], times_s=[0.0], shots=6))


def tables(answers, one_design=None):
    (found,) = arranged(one_design or design(), answers, Reading()).counts
    return found.table().tolist()


def of_braket(result):
    """Counts of eight outcomes, spin j worth 2^j, from the raw file."""
    worth = [2 ** int(qubit) for qubit in result["measuredQubits"]]
    return np.bincount(
        [np.dot([int(bit) for bit in one], worth) for one in result["measurements"]], minlength=8
    ).tolist()


def test_results_of_braket():
    raw = json.loads(BRAKET.read_text())
    found = tables(read_source(BRAKET, design()))
    assert found == [of_braket(one) for one in raw]
    for k, row in enumerate(found):
        seen = {outcome for outcome, number in enumerate(row) if number}
        assert seen <= {2**k, 2**k + 2 ** ((k + 1) % 3)}


def test_shares_of_braket_are_counts_or_refused(tmp_path):
    """Devices that give no shots have measurementProbabilities alone, spins in the order of measuredQubits."""
    raw = json.loads(BRAKET.read_text())
    for one in raw:
        strings = ["".join(bits) for bits in one.pop("measurements")]
        one["measurementProbabilities"] = {text: strings.count(text) / 6 for text in sorted(set(strings))}
    path = tmp_path / "shares.json"
    path.write_text(json.dumps(raw))
    assert tables(read_source(path, design())) == tables(read_source(BRAKET, design()))
    for change, message in (
        ({"taskMetadata": {"shots": 7}}, "are no shares of 7 shots"),
        ({"taskMetadata": None}, "has neither measurements nor their shares"),
        ({"measurementProbabilities": {"000": -1.0, "001": 2.0}}, "are no shares of 6 shots"),
        ({"measurementProbabilities": {"000": float("nan")}}, "are no shares of 6 shots"),
    ):
        path.write_text(json.dumps([{**raw[0], **change}, *raw[1:]]))
        with pytest.raises(ContentError, match=message):
            read_source(path, design())


def circuits(names=()):
    from qiskit import QuantumCircuit

    found = []
    for k in range(3):
        circuit = QuantumCircuit(3, 3, name=names[k] if names else None)
        circuit.x(k)
        circuit.ry(1.1, (k + 1) % 3)
        circuit.measure(range(3), range(3))
        found.append(circuit)
    return found


def of_words(counts):
    """Counts of eight outcomes from Qiskit's words, whose last letter is spin 0."""
    return [counts.get(f"{outcome:03b}", 0) for outcome in range(8)]


def test_results_of_aer_by_name_and_in_order(tmp_path):
    aer = pytest.importorskip("qiskit_aer")
    names = [one.id for one in design().measuring]
    for given, order in (((), [0, 1, 2]), (names, [0, 1, 2]), (names, [2, 0, 1])):
        run = [circuits(given)[k] for k in order]
        result = aer.AerSimulator(seed_simulator=4).run(run, shots=6).result()
        expected = [of_words(result.get_counts(order.index(k))) for k in range(3)]
        path = tmp_path / "result.json"
        path.write_text(json.dumps(result.to_dict(), default=str))
        assert tables(read_source(path, design())) == expected
        assert tables(of_object(result, design())) == expected


def test_results_of_samplers_through_the_runtimes_encoder(tmp_path):
    from qiskit.primitives import StatevectorSampler

    runtime = pytest.importorskip("qiskit_ibm_runtime")
    result = StatevectorSampler(seed=2).run(circuits(), shots=6).result()
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result, cls=runtime.RuntimeEncoder))
    expected = [of_words(one.data.c.get_counts()) for one in result]
    assert tables(read_source(path, design())) == tables(of_object(result, design())) == expected


def test_one_parametric_circuit_bound_to_all_rows(tmp_path):
    """As SamplerV2 runs a sweep: one pub, whose bit array has a row for each binding."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.primitives import StatevectorSampler

    runtime = pytest.importorskip("qiskit_ibm_runtime")
    turns, circuit = ParameterVector("turn", 3), QuantumCircuit(3)
    for spin in range(3):
        circuit.rx(turns[spin], spin)
    circuit.measure_all()
    result = StatevectorSampler(seed=2).run([(circuit, np.pi * np.eye(3))], shots=6).result()
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result, cls=runtime.RuntimeEncoder))
    expected = [[6 * (outcome == 2**k) for outcome in range(8)] for k in range(3)]
    assert tables(read_source(path, design())) == tables(of_object(result, design())) == expected
