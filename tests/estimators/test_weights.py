"""Signals of unequal weights and GHZ probes of any signs: every estimator reads the gain about K = ½ Σ w_j Z_j.

The truth is the quantum Fisher information of the Lindblad equation's state about K, from its eigenvectors.
"""

import dataclasses

import numpy as np
import pytest
import synthetic

from qsense.circuits.sensing import Settings
from qsense.errors import ArgumentError
from qsense.estimators import Estimate, ghz, product
from qsense.estimators.estimator import Estimator, QuantumGain
from qsense.estimators.fringe import as_estimates
from qsense.estimators.ghz.method import GhzBlock
from qsense.estimators.product.method import ProductSpins
from qsense.estimators.readout import calibrate, mitigated, patterns
from qsense.estimators.shifts.method import ParameterShift
from qsense.estimators.tomography.method import Tomography
from qsense.probes import Probe

CASES = [("++", (1.0, 1.0)), ("+-", (1.0, -1.0)), ("-+", (0.5, -2.0)), ("+-+", (1.0, -0.7, 0.4)), ("--+", (1.0, 1, -3))]
NOISE = np.array([[0.1, 0.05, 0.08], [0.2, 0.1, 0.15], [0.05, 0.02, 0.1]])
TIME, PHASE = 0.8, 0.9


def branches(signs, tilt=0.0):
    """The state: b is up where the sign is +, with weight (1 + tilt)/2."""
    size = len(signs)
    up = sum(1 << spin for spin, sign in enumerate(signs) if sign == "+")
    psi = np.zeros(2**size)
    psi[up], psi[2**size - 1 - up] = np.sqrt((1 + tilt) / 2), np.sqrt((1 - tilt) / 2)
    return psi


def gain_about(rho, weights):
    """QFI = 2 Σ (λm − λn)²/(λm + λn) |<m|K|n>|²."""
    ups = np.arange(len(rho))[:, None] >> np.arange(len(weights)) & 1
    generator = np.diag(0.5 * (1 - 2 * ups) @ np.array(weights))
    values, vectors = np.linalg.eigh(rho)
    inside = vectors.conj().T @ generator @ vectors
    total, difference = values[:, None] + values, values[:, None] - values
    seen = total > 1e-12
    return float(np.sum(2 * difference[seen] ** 2 / total[seen] * np.abs(inside[seen]) ** 2))


@pytest.mark.parametrize(
    ("readout", "tilt"),
    [("loss_flag", 0.0), ("parity", 0.0), ("multiple_quantum", 0.0), ("loss_flag", 0.4), ("parity", 0.4)],
)
@pytest.mark.parametrize(("signs", "weights"), CASES)
def test_the_block_of_any_signs_and_weights_has_the_gain_of_the_lindblad_equation(signs, weights, readout, tilt):
    rho = synthetic.state(branches(signs, tilt), NOISE[:, : len(signs)], TIME)
    method = GhzBlock.for_probe(Probe.ghz(len(signs), signs, tilt), readout=readout).with_weights(weights)
    ending, settings = method.design(PHASE)
    counts = synthetic.as_counts(synthetic.read(rho, ending, settings, signs))
    found = method.estimate(counts, np.random.default_rng(0))
    assert found.value == pytest.approx(gain_about(rho, weights), rel=1e-7)
    assert found.limits == (0.0, pytest.approx(np.dot([1 if s == "+" else -1 for s in signs], weights) ** 2))
    # The measured directions follow the signal: the expected fringe is at its top.
    if readout != "multiple_quantum":
        block = ghz.block(counts, readout, branch=method.branch)
        assert block.across.value == pytest.approx(0, abs=1e-6)
        one, other = np.flatnonzero(branches(signs))
        assert block.along.value == pytest.approx(2 * abs(rho[one, other]), abs=1e-6)


def test_the_block_read_with_other_signs_is_another_gain():
    rho = synthetic.state(branches("+-"), NOISE[:, :2], TIME)
    method = GhzBlock.for_probe(Probe.ghz(2), readout="parity")
    ending, settings = method.design(PHASE)
    counts = synthetic.as_counts(synthetic.read(rho, ending, settings, "+-"))
    assert method.estimate(counts, np.random.default_rng(0)).value != pytest.approx(gain_about(rho, (1, -1)), rel=0.1)


@pytest.mark.parametrize("kind", [ProductSpins, Tomography])
@pytest.mark.parametrize("weights", [(1.0, -1.0), (0.5, -2.0), (0.0, 3.0)])
def test_product_and_tomography_weigh_every_spin(kind, weights):
    psi = synthetic.together([np.array([[np.cos(0.5)], [np.sin(0.5)]])] * 2)[:, 0]
    rho = synthetic.state(psi, NOISE[:, :2], TIME)
    for derivative in ("shift", "commutator") if kind is Tomography else (None,):
        options = {"derivative": derivative} if derivative else {}
        method = kind.for_probe(Probe.product(2), **options).with_weights(weights)
        ending, settings = method.design(PHASE)
        counts = synthetic.as_counts(synthetic.read(rho, ending, settings), 10**8 if derivative else 10**12)
        found = method.estimate(counts, np.random.default_rng(0))
        assert found.value == pytest.approx(gain_about(rho, weights), rel=1e-3 if derivative else 1e-8)


def classical(rho, ending, settings, weights, readout, signs=""):
    """Σ p'²/p at the first row, p' by a small step of the signal about it."""
    size, step = len(weights), 1e-4
    ups = np.array([index.bit_count() for index in range(2**size)])
    kinds = {
        "local_x": np.arange(2**size), "collective_x": ups, "parity": ups % 2,
        "loss_flag": np.minimum(np.arange(2**size), 2),
    }[readout]  # fmt: skip
    first = Settings(settings.phases[:1], settings.polars[:1], settings.azimuths[:1])

    def p(angle):
        moved = Settings(first.phases + angle * np.array(weights), first.polars, first.azimuths)
        return np.bincount(kinds, synthetic.read(rho, ending, moved, signs)[0])

    slope = (p(step) - p(-step)) / (2 * step)
    return float(np.sum(slope[p(0.0) > 1e-12] ** 2 / p(0.0)[p(0.0) > 1e-12]))


@pytest.mark.parametrize(
    ("probe", "readout", "rule"),
    [("ghz", "loss_flag", "auto"), ("ghz", "parity", "auto"), ("ghz", "parity", "single_spin"),
     ("ghz", "local_x", "auto"), ("product", "local_x", "auto"), ("one_axis:0.5", "local_x", "auto"),
     ("product", "collective_x", "auto")],
)  # fmt: skip
@pytest.mark.parametrize(("signs", "weights"), [("+-", (1.0, -1.0)), ("--+", (1.0, 1, -3)), ("++", (2.0, 2.0))])
def test_shift_rules_differentiate_by_the_angle_of_the_signal(probe, readout, rule, signs, weights):
    size = len(signs)
    made = Probe.ghz(size, signs) if probe == "ghz" else Probe.named(probe, size)
    rho = synthetic.state(made.statevector(), NOISE[:, :size], TIME)
    plain = ParameterShift.for_probe(made, readout=readout, rule=rule)
    if readout == "collective_x" and len(set(np.abs(weights))) > 1:
        with pytest.raises(ArgumentError, match="collective_x"):
            plain.with_weights(weights)
        return
    method = plain.with_weights(weights)
    ending, settings = method.design(PHASE)
    read = synthetic.read(rho, ending, settings, made.signs)
    exact = classical(rho, ending, settings, weights, readout, made.signs)
    found = method.estimate(synthetic.as_counts(read), np.random.default_rng(0))
    assert found.value == pytest.approx(exact, rel=1e-6)
    assert exact <= gain_about(rho, weights) * (1 + 1e-9)
    if method.quantity(made).reaches_quantum:
        assert exact == pytest.approx(gain_about(rho, weights), rel=1e-6)


def test_a_rule_that_shifts_all_spins_alike_refuses_weights_that_differ():
    method = ParameterShift.for_probe(Probe.product(2), readout="local_x", rule="all_frequencies")
    with pytest.raises(ArgumentError, match='"all_frequencies" shifts all spins alike'):
        method.with_weights((1.0, -1.0))
    assert "signs" not in ParameterShift.for_probe(Probe.ghz(2), readout="auto", rule="auto").identity()
    assert set(ParameterShift.for_probe(Probe.product(2), readout="auto", rule="auto").identity()) == {
        "name", "num_qubits", "readout", "rule",
    }  # fmt: skip


def test_the_design_of_a_product_probe_follows_every_spins_own_phase():
    rho = synthetic.state(np.full(4, 0.5), NOISE[:, :2], TIME)
    method = ProductSpins(2).with_weights((1.0, -2.0))
    counts = synthetic.as_counts(synthetic.read(rho, *method.design(PHASE)))
    bloch = product.spins(counts).bloch
    assert np.allclose(bloch[:, 1], 0, atol=1e-6)
    assert np.all(bloch[:, 0] > 0.5)
    rows = method.spin_rows(counts, method.estimate(counts, np.random.default_rng(0)))
    assert sum(row["gain"] for row in rows) == pytest.approx(gain_about(rho, (1.0, -2.0)), rel=1e-8)


@pytest.mark.parametrize("signs", ["++-", "-++"])
@pytest.mark.parametrize("readout", ["loss_flag", "parity"])
def test_readout_error_is_mitigated_with_signs_and_weights(readout, signs):
    weights, size = (1.0, 0.5, -1.0), 3
    rho = synthetic.state(branches(signs), NOISE, TIME)
    method = GhzBlock.for_probe(Probe.ghz(size, signs), readout=readout).with_weights(weights)
    ending, settings = method.design(PHASE)
    wrong = synthetic.together([np.array([[0.97, 0.06], [0.03, 0.94]])] * size)
    counts = synthetic.as_counts(synthetic.read(rho, ending, settings, signs) @ wrong.T)
    calibration = calibrate(synthetic.as_counts(wrong.T[patterns(size)]))
    found = method.readout_mitigation()(counts, calibration)
    assert found.value == pytest.approx(gain_about(rho, weights), rel=1e-5)
    assert method.estimate(counts, np.random.default_rng(0)).value < 0.95 * found.value


def test_readout_error_is_mitigated_for_a_weighted_product_probe():
    weights = (1.0, -2.0)
    rho = synthetic.state(np.full(4, 0.5), NOISE[:, :2], TIME)
    wrong = synthetic.together([np.array([[0.97, 0.06], [0.03, 0.94]])] * 2)
    method = ProductSpins(2).with_weights(weights)
    counts = synthetic.as_counts(synthetic.read(rho, *method.design(PHASE)) @ wrong.T)
    calibration = calibrate(synthetic.as_counts(wrong.T[patterns(2)]))
    assert mitigated.product_gain(counts, calibration, weights).mitigated.value == pytest.approx(
        gain_about(rho, weights), rel=1e-6
    )


def test_intervals_of_a_weighted_sum_cover():
    rng, weights, coherence = np.random.default_rng(4), np.array([1.0, -2.0, 0.5, 0.0]), np.array([0.9, 0.4, 0.7, 0.8])
    truth = float(weights**2 @ coherence**2)
    shares = synthetic.product_draw(rng, coherence, 300, 2000, product.AXES, 0.3)
    found = product.gains(shares, weights=weights.tolist())
    intervals = np.array([e.interval for e in as_estimates(found, (0.0, float(weights @ weights)))])
    covered = np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
    assert 0.93 < covered < 0.97
    assert abs(found.value.mean() - truth) < 4 * found.value.std() / np.sqrt(2000)


def test_a_signal_that_the_probe_does_not_see_is_refused_with_the_probe_that_does():
    method = GhzBlock.for_probe(Probe.ghz(2, "+-"), readout="auto")
    with pytest.raises(ArgumentError, match=r'"ghz:\+-" does not see this signal.*"ghz:\+\+"'):
        method.design(0.0)
    with pytest.raises(ArgumentError, match=r'use the signs of the signal, "ghz:\+-"'):
        GhzBlock.for_probe(Probe.ghz(2), readout="auto").with_weights((1.0, -1.0))
    with pytest.raises(ArgumentError, match="multiple_quantum"):
        GhzBlock.for_probe(Probe.ghz(2, tilt=0.1), readout="multiple_quantum")
    for wrong in ((1.0,), (0.0, 0.0), (np.nan, 1.0)):
        with pytest.raises(ArgumentError, match="weights"):
            ProductSpins(2).with_weights(wrong)


def test_an_estimator_that_knows_no_weights_refuses_them_by_name():
    @dataclasses.dataclass(frozen=True)
    class Plain(Estimator):
        num_qubits: int
        name = "plain"

        @classmethod
        def for_probe(cls, probe, **options):
            return cls(probe.num_qubits)

        def design(self, phase):
            raise NotImplementedError

        def estimate(self, counts, rng):
            raise NotImplementedError

        def quantity(self, probe):
            return QuantumGain()

    plain = Plain(2)
    assert plain.with_weights((1.0, 1.0)) is plain
    with pytest.raises(ArgumentError, match='"plain" is for signals of equal weights'):
        plain.with_weights((1.0, -1.0))


def test_estimators_without_weights_keep_the_identity_of_old_records():
    assert GhzBlock(3, "parity").identity() == {
        "name": "GhzBlock", "num_qubits": 3, "method": "parity", "readout": None,
    }  # fmt: skip
    assert ProductSpins(3).with_weights((1.0, 1.0, 1.0)).identity() == {
        "name": "ProductSpins", "num_qubits": 3, "readout": None,
    }  # fmt: skip
    assert Tomography(2, "shift").identity() == {
        "name": "Tomography", "num_qubits": 2, "derivative": "shift", "readout": None,
    }  # fmt: skip
    assert ProductSpins(2).with_weights((1.0, -1.0)).identity()["weights"] == (1.0, -1.0)


def test_an_estimate_is_scaled_with_all_that_it_holds():
    one = Estimate.from_spread(2.0, (0.01, 0.02, 0.003), (0.0, 4.0), {"plug_in": Estimate(2.2, 0.1, limits=(0.0, 4.0))})
    found = one.scaled(0.25)
    assert (found.value, found.stderr) == (0.5, one.stderr / 4)
    assert found.interval == pytest.approx(np.array(one.interval) / 4)
    assert found.variance(np.array(0.3)) == pytest.approx(one.variance(np.array(1.2)) / 16)
    assert (found.others["plug_in"].value, found.others["plug_in"].limits) == (2.2 / 4, (0.0, 1.0))
    for wrong in (0.0, -1.0, np.inf):
        with pytest.raises(ArgumentError, match="factor"):
            one.scaled(wrong)
