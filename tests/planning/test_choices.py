"""What a plan chooses from: pulses of the window; whether to mitigate readout."""

import numpy as np
import pytest

import qsense
from qsense.errors import ArgumentError
from qsense.planning.curves import GhzOnDevice
from qsense.planning.question import Factors
from qsense.planning.spins import Spins
from qsense.planning.steps import Around, Step
from qsense.signals import Signal

MATCHED = Signal(frequency="matched")
SLOW = qsense.NoiseModel(
    qsense.LocalNoise(dephasing=100.0),
    phase_noise=[qsense.PhaseNoise(memory=qsense.noise.OrnsteinUhlenbeck(spread=2000.0, correlation_time=2e-3))],
)


def test_pulses_are_searched_and_each_row_says_which():
    """Each row is what a plan for its pulses alone has; the gains are over product spins with the best of them."""
    plan = qsense.plan_sensing(noise=SLOW, num_qubits=2, signal=MATCHED, idle="auto")
    names = {"hahn", "cpmg:2", "xy4", "xy8:1", "xy8:2"}
    assert {row.idle for row in plan.rows} == names
    best = max(row.rate_s for row in plan.rows if row.kind == "product")
    for idle in ("hahn", "xy8:2"):
        alone = qsense.plan_sensing(noise=SLOW, num_qubits=2, signal=MATCHED, idle=idle)
        for row in (one for one in plan.rows if one.idle == idle):
            np.testing.assert_allclose(row.rate_s, alone.row(row.kind, 2).rate_s, rtol=1e-12)
            np.testing.assert_allclose(row.advantage_db.value, 10 * np.log10(row.rate_s / best), atol=1e-9)
    assert plan.advice.idle == plan.rows[0].idle == "xy8:2"
    assert "pulses of the window: xy8:2" in plan.advice.sentence
    spec = plan.to_spec()
    assert spec["idle"] == "xy8:2"
    assert {row["probe"] for row in spec["plan"]["rows"]} == {"ghz", "product"}


def test_a_constant_field_is_sensed_without_pulses():
    dephasing = qsense.LocalNoise(dephasing=0.1)
    assert {row.idle for row in qsense.plan_sensing(noise=dephasing, num_qubits=2, idle="auto").rows} == {"free"}
    with pytest.raises(ArgumentError, match="refocuses a constant field"):
        qsense.plan_sensing(noise=dephasing, num_qubits=2, idle="free,hahn")
    with pytest.raises(ArgumentError, match="twice"):
        qsense.plan_sensing(noise=dephasing, num_qubits=2, idle="free,free")


def test_a_field_of_a_known_frequency_is_planned_with_and_without_pulses():
    """Of a period as long as the noise lives a free window collects less than one with a pulse in step."""
    plan = qsense.plan_sensing(
        noise=qsense.LocalNoise(dephasing=50.0), num_qubits=2, signal=Signal(frequency=300.0), idle="free,hahn"
    )
    assert {row.idle for row in plan.rows} == {"free", "hahn"}
    assert plan.row("product", 2).idle == plan.advice.idle


@pytest.mark.parametrize("wrong", [(0.1, 0.1), (0.02, 0.12)])
def test_what_inverting_the_readout_costs(wrong):
    """By all outcomes of three spins whose fan-out is undone: slope² over variance of weighted shots at half height."""
    (e0, e1), n = wrong, 3
    read = np.array([[1 - e0, e1], [e0, 1 - e1]])  # read × true
    inverse = np.linalg.inv(read)
    weights = np.kron(inverse.T @ np.array([1, -1]), np.kron(inverse[0], inverse[0]))
    chances = [
        np.kron(read @ np.array([(1 + f) / 2, (1 - f) / 2]), np.kron(read[:, 0], read[:, 0])) for f in (-0.01, 0, 0.01)
    ]
    slope = weights @ (chances[2] - chances[0]) / 0.02 * n
    variance = weights**2 @ chances[1] - (weights @ chances[1]) ** 2
    steps = tuple(Step((0, spin), 0.0, 0.0) for spin in (1, 2))
    long, flat = np.full(n, 1e9), np.ones(n)
    curve = GhzOnDevice(Spins((0, 1, 2), long, long, e0 * flat, e1 * flat, flat), Around(steps, 0 * flat), "loss_flag")
    told = curve.mitigated_information(np.array([1e-9]), Factors.scaled([1.0], n))[0, 0]
    asymmetry = (e1 - e0) ** 2  # of spin 0 at half height: a plan takes its error for 1
    np.testing.assert_allclose(told, slope**2 / variance * (1 - asymmetry), rtol=2e-3)
    assert told < curve.information(np.array([1e-9]), Factors.scaled([1.0], n))[0, 0]


def test_the_best_symmetric_probe_is_a_row_where_it_is_asked_for():
    """𝓘 of the best of two spins under dephasing is 1.125 times that of product spins."""
    noise = qsense.LocalNoise(dephasing=0.1)
    plan = qsense.plan_sensing(noise=noise, num_qubits=[2, 9], goal="img", with_optimum=True)
    np.testing.assert_allclose(plan.row("optimal", 2).integrated_gain_s, 1.125 * 2 / 0.4, rtol=1e-3)
    assert abs(plan.row("optimal", 2).advantage_db.high - 10 * np.log10(1.125)) < 0.02  # T2 scales all times alike
    assert "beyond N = 8" in plan.left_out["optimal", 9]
    alone = qsense.plan_sensing(noise=noise, num_qubits=2, goal="img", with_optimum=True)
    assert "the best symmetric probe of N = 2" in alone.advice.sentence
    assert alone.to_spec()["probes"] == ["ghz", "product"]
    crossing = qsense.plan_sensing(noise=noise, num_qubits=2, goal="crossover", with_optimum=True)
    assert "crossing" in crossing.left_out["optimal", 2]


@pytest.mark.parametrize(("t2", "size", "dead_time"), [(2.0, 5, 10.0), (1.0, 3, 100.0), (1.0, 10, 30.0), (2.0, 5, 0.0)])
def test_a_twist_is_as_strong_as_is_best_with_the_dead_time(t2, size, dead_time):
    """By Kitagawa and Ueda's moments on a grid of strengths and times: a weak twist never loses to product spins."""
    plan = qsense.plan_sensing(noise=qsense.LocalNoise.from_t1_t2(1.0, t2), num_qubits=size, dead_time=dead_time)
    times, chi = np.geomspace(0.05, 20, 1500), np.geomspace(0.004, 1.0, 400)[:, None]
    kept = np.exp(-2 * times / t2)
    a, b = 1 - np.cos(2 * chi) ** (size - 2), 4 * np.sin(chi) * np.cos(chi) ** (size - 2)
    across = (a - np.sqrt(a**2 + b**2)) / 4
    gains = size * kept * np.cos(chi) ** (2 * size - 2) / (1 + (size - 1) * kept * across)
    rate = (gains * times**2 / (times + dead_time)).max()
    product = (size * kept * times**2 / (times + dead_time)).max()
    found = plan.row("squeezed", size).advantage_db.value
    assert found == pytest.approx(10 * np.log10(rate / product), abs=2e-3)
    assert found > 0.03
    assert plan.advice.cause != "dead time"
    assert plan.advice.probe != "product"


def test_a_twist_is_as_strong_as_is_best_for_the_integral():
    plan = qsense.plan_sensing(noise=qsense.LocalNoise.from_t1_t2(1.0, 2.0), num_qubits=5, goal="img")
    times, chi = np.geomspace(1e-4, 40, 3000), np.geomspace(0.01, 1.0, 300)[:, None]
    kept, b = np.exp(-times), 4 * np.sin(chi) * np.cos(chi) ** 3
    a = 1 - np.cos(2 * chi) ** 3
    gains = 5 * kept * np.cos(chi) ** 8 / (1 + 4 * kept * (a - np.sqrt(a**2 + b**2)) / 4)
    largest = np.trapezoid(gains, times, axis=-1).max()
    assert plan.row("squeezed", 5).integrated_gain_s == pytest.approx(largest, rel=1e-3)
