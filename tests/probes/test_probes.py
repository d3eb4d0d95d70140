"""States as probes: how they are given, and what is refused."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe, gain
from qsense.errors import ArgumentError, ContentError
from qsense.theory.engines import engine_for

NOISE = LocalNoise(0.1, 0.2, 0.05)


def test_a_state_is_taken_as_a_vector_a_matrix_a_circuit_or_a_file(tmp_path):
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    vector = Probe.ghz(2).statevector()
    np.save(tmp_path / "pair.npy", np.outer(vector, vector.conj()))
    times = [0.4, 1.0]
    expected = gain(Probe.ghz(2), NOISE, times)
    for probe in (
        Probe.from_state(vector),
        Probe.from_state(np.outer(vector, vector.conj())),
        Probe.from_circuit(circuit),
        Probe.from_file(tmp_path / "pair.npy"),
        Probe.symmetric([0.5**0.5, 0, 0.5**0.5]),
    ):
        assert np.allclose(gain(probe, NOISE, times), expected, rtol=0, atol=1e-12)
    assert Probe.from_file(tmp_path / "pair.npy").name == "pair"


def test_a_file_that_is_no_array_of_numbers_is_refused(tmp_path):
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    for name, message in (("text", "not a NumPy array"), ("objects", "not a NumPy array"), ("none", "no such file")):
        with pytest.raises(ContentError, match=message):
            Probe.from_file(tmp_path / f"{name}.npy")


def test_mixed_probes_are_solved_and_have_no_state_vector():
    mixed = Probe.from_state(np.diag([0.5, 0, 0, 0.5]) + 0.3 * np.fliplr(np.diag([1.0, 0, 0, 1.0])))
    # A GHZ block with visibility 0.6: G = N² V².
    assert gain(mixed, LocalNoise(), [0.0])[0] == pytest.approx(4 * 0.36, rel=1e-12)
    assert mixed.is_mixed
    assert mixed.dicke_amplitudes() is None
    with pytest.raises(ArgumentError, match="no state vector"):
        mixed.statevector()


def test_the_gain_is_convex_in_the_probe():
    rng = np.random.default_rng(1)
    states = [rng.normal(size=8) + 1j * rng.normal(size=8) for _ in range(2)]
    matrices = [np.outer(s, s.conj()) / np.vdot(s, s).real for s in states]
    apart = [gain(Probe.from_state(m), NOISE, [0.5])[0] for m in matrices]
    mixed = gain(Probe.from_state(0.3 * matrices[0] + 0.7 * matrices[1]), NOISE, [0.5])[0]
    assert mixed < 0.3 * apart[0] + 0.7 * apart[1]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ([1.0, 1.0], "must have length 1 .* but its norm is 1.41"),
        ([1.0, 0.0, 0.0], "must have shape"),
        ([1.0], "must have shape"),
        (1.0, "must have shape"),
        (np.ones((2, 4)), "must have shape"),
        ([np.nan, 1.0], "finite numbers"),
        (np.diag([1.5, -0.5]), "negative eigenvalue"),
        (np.diag([0.5, 0.6]), "must have trace 1"),
        (np.array([[0.5, 0.4], [0.1, 0.5]]), "must be Hermitian"),
        (["a", "b"], "must be numbers"),
    ],
)
def test_what_is_no_state_is_refused(state, message):
    with pytest.raises(ArgumentError, match=f"Argument `state` {message}" if "must" in message else message):
        Probe.from_state(state)


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("gzh", 3, 'Unknown probe "gzh"'),
        ("one_axis", 3, 'needs a number, such as "one_axis:1"'),
        ("one_axis:much", 3, "needs a number"),
        ("one_axis:inf", 3, "must be finite"),
        ("dicke:1.5", 3, "0 to 3 spins up, a whole number"),
        ("dicke_x:4", 3, "0 to 3 spins up"),
        ("w:2", 3, "takes no number"),
        ("twin_fock", 3, "even number of spins"),
        ("w", 0, "`num_qubits` must be at least 1"),
        ("ghz", -1, "`num_qubits` must be at least 1"),
    ],
)
def test_names_that_mean_no_state_are_refused(name, size, message):
    with pytest.raises(ArgumentError, match=message):
        Probe.named(name, size)


def test_a_tilt_belongs_to_a_ghz_or_a_product_probe():
    for name in ("w", "dicke:1"):
        with pytest.raises(ArgumentError, match="`tilt` goes with a GHZ or a product probe only"):
            Probe.named(name, 3, tilt=0.3)


@pytest.mark.parametrize("amplitudes", [[1.0], [0.6, 0.6], [[0.6, 0.8]]])
def test_amplitudes_that_are_no_symmetric_state_are_refused(amplitudes):
    with pytest.raises(ArgumentError, match="`amplitudes` must"):
        Probe.symmetric(amplitudes)


def test_probes_are_the_same_when_their_numbers_are():
    one, other = (Probe.symmetric([0.6, 0.0, 0.8], name) for name in ("a", "b"))
    assert one.key == other.key
    assert one.key != Probe.symmetric([0.8, 0.0, 0.6]).key
    assert Probe.named("one_axis:0.3", 4) == Probe.named("one_axis:0.3", 4)


def test_a_symmetric_probe_of_many_spins_has_no_state_vector_and_needs_none():
    probe = Probe.named("one_axis:0.1", 40)
    with pytest.raises(ArgumentError, match="at most 20 spins"):
        probe.statevector()
    assert engine_for(probe, NOISE).method == "symmetric engine"
    # Spins of their own would need dense matrices.
    with pytest.raises(ArgumentError, match="one of 40 spins is too large"):
        gain(probe, LocalNoise(dephasing=list(np.linspace(0.1, 0.2, 40))), [1.0])
