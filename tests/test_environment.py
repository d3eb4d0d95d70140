"""Noise beyond one spin's own, and what does not commute with the field: against matrix exponentials."""

import numpy as np
import oracle
import pytest
from scipy.linalg import expm

import qsense
from qsense import Environment, LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.fisher import sub_qfi
from qsense.theory.bounds import gain_bound
from qsense.theory.dense import dense_gain, sub_gain
from qsense.theory.engines import engine_for
from qsense.theory.entanglement import concurrence, entanglement_of_formation
from qsense.theory.lindblad import liouvillian


def full_liouvillian(size, environment, field):
    """The referee's equation with σ_x, 2J_z and the coupling added, up first and spin 0 first."""
    local = environment.local
    rates = [local.rates(size)[k] for k in ("dephasing", "emission", "absorption")]
    total = oracle.liouvillian(size, field, *rates)
    one, sigma_x = np.eye(2**size), np.array([[0.0, 1.0], [1.0, 0.0]])
    z = [oracle.on(oracle.UP_DOWN["z"], j, size) for j in range(size)]
    jumps = [(rate, oracle.on(sigma_x, j, size)) for j, rate in
             enumerate(np.broadcast_to(local.transverse, (size,)))]  # fmt: skip
    jumps.append((environment.collective_dephasing, sum(z)))
    chi = np.broadcast_to(np.asarray(environment.coupling), (size, size))
    hamiltonian = sum(0.5 * chi[i, j] * z[i] @ z[j] for i in range(size) for j in range(i)) + 0 * one
    total = total - 1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian))
    for rate, jump in jumps:
        square = jump.T @ jump
        total = total + rate * (np.kron(jump, jump) - 0.5 * (np.kron(square, one) + np.kron(one, square)))
    return total


def referee(probe, environment, time, field):
    """G by a finite difference in the field of the propagated state, and the SLD as a linear system."""
    size, step = probe.num_qubits, 1e-4
    psi = oracle.in_paper_order(probe.statevector())
    start = np.outer(psi, psi.conj()).ravel()
    # Four points: the derivative is good to step⁴.
    states = {
        k: (expm(full_liouvillian(size, environment, field + k * step) * time) @ start) for k in (-2, -1, 0, 1, 2)
    }
    slope = (8 * (states[1] - states[-1]) - (states[2] - states[-2])) / (12 * step)
    rho = states[0].reshape(2**size, 2**size)
    one = np.eye(2**size)
    system = 0.5 * (np.kron(rho, one) + np.kron(one, rho.T))
    sld = np.linalg.lstsq(system, slope, rcond=1e-12)[0].reshape(rho.shape)
    return float(np.trace(slope.reshape(rho.shape) @ sld).real / time**2)


CASES = {
    "transverse": (Environment(LocalNoise(transverse=0.3)), 0.7),
    "transverse, weak field": (Environment(LocalNoise(dephasing=0.1, transverse=[0.2, 0.4])), 0.05),
    "transverse and emission": (Environment(LocalNoise(emission=0.3, transverse=0.2)), 0.4),
    "collective": (Environment(LocalNoise(emission=[0.1, 0.3]), collective_dephasing=0.2), 0.5),
    "coupled, dephasing": (Environment(LocalNoise(dephasing=0.2), coupling=0.9), 0.3),
    "coupled, emission": (Environment(LocalNoise(emission=0.3), coupling=[[0, 0.8], [0.8, 0]]), 0.3),
    "coupled, transverse": (Environment(LocalNoise(transverse=0.2), coupling=0.8), 0.6),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "probe", [Probe.ghz(2), Probe.product(2), Probe.named("one_axis:0.6", 2)], ids=lambda p: p.name
)
def test_every_environment_solves_the_lindblad_equation(name, probe):
    environment, field = CASES[name]
    found = qsense.gain(probe, environment, [0.8], field)[0]
    assert found == pytest.approx(referee(probe, environment, 0.8, field), rel=2e-7, abs=1e-8)


def test_the_sparse_equation_is_the_referees():
    environment, field = CASES["coupled, transverse"]
    ours = liouvillian(2, environment, -field).toarray()  # the qubits' Z is minus the spins'
    order = oracle.in_paper_order(np.arange(4)).astype(int)
    place = (order[:, None] * 4 + order[None, :]).ravel()
    assert np.allclose(ours[np.ix_(place, place)], full_liouvillian(2, environment, field), atol=1e-14)


def test_depolarizing_noise_replaces_a_spin_by_the_maximally_mixed_state():
    rate, time = 0.4, 1.3
    sigma = [np.array(m) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
    lindblad = sum(rate / 4 * (np.kron(s, s.conj()) - np.eye(4)) for s in sigma)
    rho = np.array([[0.7, 0.2 - 0.3j], [0.2 + 0.3j, 0.3]])
    exact = (expm(lindblad * time) @ rho.ravel()).reshape(2, 2)
    decay = LocalNoise.depolarizing(rate).decay(np.array([time]), 1)
    assert exact[0, 1] == pytest.approx(rho[0, 1] * decay.coherence[0, 0], rel=1e-12)
    assert exact[1, 1].real == pytest.approx(0.3 * decay.stay_up[0, 0] + 0.7 * (1 - decay.stay_down[0, 0]), rel=1e-12)


@pytest.mark.parametrize(("size", "ratio"), [(2, 1.578), (4, 2.241), (8, 2.924), (16, 3.613)])
def test_collective_dephasing_leaves_ghz_a_quarter_of_gamma_and_product_more(size, ratio):
    noise = Environment(collective_dephasing=0.25)
    assert qsense.integrated_gain(Probe.ghz(size), noise).value == pytest.approx(1.0, rel=1e-12)
    assert qsense.integrated_gain(Probe.product(size), noise).value == pytest.approx(ratio, abs=6e-4)


def test_a_field_matters_only_where_the_noise_does_not_commute_with_it():
    for environment, _ in (CASES["collective"], CASES["coupled, emission"]):
        one, two = (qsense.gain(Probe.product(2), environment, [0.9], field) for field in (0.0, 2.0))
        assert np.allclose(one, two, atol=1e-12)
    environment, _ = CASES["transverse"]
    one, two = (qsense.gain(Probe.product(2), environment, [0.9], field) for field in (0.0, 2.0))
    assert abs(one - two)[0] > 0.01


def test_a_coupling_commutes_with_dephasing_and_matters_only_beside_emission():
    times = [0.3, 1.0]
    for probe in (Probe.ghz(4), Probe.product(4)):
        coupled = Environment(LocalNoise(dephasing=0.1), coupling=0.7)
        assert np.allclose(qsense.gain(probe, coupled, times), qsense.gain(probe, coupled.local, times), atol=1e-12)
    beside = Environment(LocalNoise(emission=0.3), coupling=0.7)
    lost = qsense.gain(Probe.product(4), beside.local, times) - qsense.gain(Probe.product(4), beside, times)
    assert np.all(lost > 1e-3)


def test_what_does_not_fit_is_refused_in_one_line():
    with pytest.raises(ArgumentError, match="symmetric matrix"):
        Environment(coupling=[[0, 1], [2, 0]])
    with pytest.raises(ArgumentError, match="`collective_dephasing` must be finite"):
        Environment(collective_dephasing=-1)
    with pytest.raises(ArgumentError, match="coupling is for 2 spins"):
        qsense.gain(Probe.ghz(3), CASES["coupled, emission"][0], [1.0])
    with pytest.raises(ArgumentError, match="leave `exponent` at 1"):
        LocalNoise(dephasing=0.1, transverse=0.1, exponent=2)
    with pytest.raises(ArgumentError, match="`exponent` must be positive"):
        LocalNoise(dephasing=0.1, exponent=0)
    with pytest.raises(ArgumentError, match="at most 8 spins"):
        qsense.gain(Probe.product(9), Environment(LocalNoise(emission=0.1), coupling=0.2), [1.0])


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_sub_qfi_of_a_product_probe_integrates_to_half_a_lifetime(size):
    from qsense.integration import integrate

    noise = LocalNoise(dephasing=0.25)
    found = integrate(lambda t: sub_gain(Probe.product(size), noise, t), 1.0, float(size))
    assert found.value == pytest.approx((1 - 2.0**-size) / 0.5, rel=1e-9)


def test_the_sub_qfi_is_a_bound_and_tight_for_pure_states():
    times = np.linspace(0, 3, 7)
    for probe in (Probe.ghz(3), Probe.named("one_axis:0.3", 3)):
        below = sub_gain(probe, LocalNoise(0.1, 0.2), times)
        assert np.all(below <= qsense.gain(probe, LocalNoise(0.1, 0.2), times) + 1e-12)
        assert below[0] == pytest.approx(qsense.gain(probe, LocalNoise(0.1), [0.0])[0], rel=1e-12)
    assert sub_qfi(np.zeros((2, 2))) == 0


def test_two_product_spins_are_never_entangled_and_a_ghz_pair_is():
    from qsense.theory.dense import density_matrices

    noise, times = LocalNoise(dephasing=0.25), np.array([0.0, 0.3, 2.0])
    product, ghz = (density_matrices(p(2), noise, times, 0 * times) for p in (Probe.product, Probe.ghz))
    assert np.all(entanglement_of_formation(product) < 1e-12)
    # Wootters' concurrence of a Bell state with coherence c/2 is c = e^{−4γt}.
    assert np.allclose(concurrence(ghz), np.exp(-times), atol=1e-12)
    assert entanglement_of_formation(ghz)[0] == pytest.approx(1.0)


def test_a_state_is_taken_as_a_vector_a_matrix_a_circuit_or_a_file(tmp_path):
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    vector = Probe.ghz(2).statevector()
    np.save(tmp_path / "pair.npy", np.outer(vector, vector.conj()))
    noise, times = LocalNoise(0.1, 0.2, 0.05), [0.4, 1.0]
    expected = qsense.gain(Probe.ghz(2), noise, times)
    for probe in (
        Probe.from_state(vector), Probe.from_state(np.outer(vector, vector.conj())), Probe.from_circuit(circuit),
        Probe.from_file(tmp_path / "pair.npy"),
    ):  # fmt: skip
        assert np.allclose(qsense.gain(probe, noise, times), expected, atol=1e-12)
    with pytest.raises(ArgumentError, match="must be positive"):
        Probe.from_state(np.diag([1.5, -0.5]))
    with pytest.raises(ArgumentError, match="length 1"):
        Probe.from_state([1.0, 1.0])


def test_mixed_probes_are_solved_and_have_no_state_vector():
    mixed = Probe.from_state(np.diag([0.5, 0, 0, 0.5]) + 0.3 * np.fliplr(np.diag([1.0, 0, 0, 1.0])))
    # A GHZ block with visibility 0.6: G = N² V².
    assert qsense.gain(mixed, LocalNoise(), [0.0])[0] == pytest.approx(4 * 0.36, rel=1e-12)
    with pytest.raises(ArgumentError, match="no state vector"):
        mixed.statevector()


def test_more_noise_never_raises_the_bound():
    times = np.linspace(0.1, 4, 9)
    for size in (1, 3, 8):
        less, more = (gain_bound(size, LocalNoise(dephasing=g, emission=0.1), times) for g in (0.1, 0.2))
        assert np.all(more <= less)


def test_engines_are_chosen_as_the_architecture_says():
    assert engine_for(Probe.ghz(5000), LocalNoise(0.1, 0.2)).method == "closed form"
    assert engine_for(Probe.named("w", 80), LocalNoise(0.1, 0.2)).method == "symmetric engine"
    assert engine_for(Probe.product(3), Environment(LocalNoise([0.1, 0.2, 0.3]), 0.1)).method == "dense matrices"
    assert (
        engine_for(Probe.product(3), Environment(LocalNoise(emission=0.1), coupling=0.1)).method == "Lindblad equation"
    )
    assert dense_gain(Probe.product(3), LocalNoise(0.1), np.array([0.0]))[0] == pytest.approx(3.0)
