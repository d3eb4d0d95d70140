"""Angles that floating-point numbers do not resolve are refused wherever one enters: in theory, settings and runs."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe, classical_gain, crossover, gain, integrated_gain, operational_rate
from qsense.circuits.sensing import Settings
from qsense.errors import ArgumentError, SpecError
from qsense.estimators.phase import estimation
from qsense.estimators.phase.phase_model import FringeModel
from qsense.noise import Environment
from qsense.numerics.angles import LARGEST_ANGLE, check_angle, check_field
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec
from qsense.theory.dense import density_matrices

TRANSVERSE = LocalNoise(dephasing=0.1, transverse=0.2)
SPEC = {
    "schema": 1, "name": "fast", "probes": ["ghz"], "num_qubits": [4], "shots": 100, "seed": 1,
    "noise": [{"name": "dephasing", "dephasing_rate": 0.1}], "estimators": ["auto"],
}  # fmt: skip


def test_the_largest_angle_is_where_doubles_are_a_billionth_of_a_radian_apart():
    below = np.nextafter(LARGEST_ANGLE, 0)
    assert np.spacing(below) < 1e-9 < np.spacing(LARGEST_ANGLE)
    check_angle(below, "it", "that")
    for angle in (LARGEST_ANGLE, -LARGEST_ANGLE, np.inf, np.nan):
        with pytest.raises(ArgumentError, match="doubles resolve an angle to 1e-9 rad only below"):
            check_angle(angle, "it", "that")


@pytest.mark.parametrize(
    "answer",
    [
        lambda field: gain(Probe.ghz(4), TRANSVERSE, [0.0, 1.0], field),
        lambda field: integrated_gain(Probe.product(3), TRANSVERSE, None, field),
        lambda field: crossover(3, TRANSVERSE, field),
        lambda field: operational_rate(Probe.ghz(3), TRANSVERSE, 0.0, field),
        lambda field: classical_gain(Probe.ghz(3), TRANSVERSE, [1.0], "parity", "best", field),
        lambda field: gain(Probe.ghz(2), Environment(TRANSVERSE, coupling=0.1), [1.0], field),
    ],
)
def test_theory_refuses_a_field_that_turns_faster_than_numbers_resolve(answer):
    for field in (1e15, -1e15, np.inf, np.nan):
        with pytest.raises(ArgumentError, match="Argument `field`"):
            answer(field)


def test_theory_takes_a_fast_field_while_the_gain_lasts_and_any_where_it_does_not_matter():
    # Far above γ_x the field averages σ_x noise over the plane: depolarizing of rate γ_x/2 along x and y each.
    fast = LocalNoise(dephasing=0.1, emission=0.2, absorption=0.2)
    found = gain(Probe.product(3), TRANSVERSE, [0.0, 1.0, 1e9], field=1e5)
    assert found == pytest.approx(gain(Probe.product(3), fast, [0.0, 1.0, 1e9]), rel=1e-5, abs=1e-11)
    assert integrated_gain(Probe.ghz(4), LocalNoise(dephasing=0.1), None, 1e15).value == pytest.approx(10)
    assert gain(Probe.ghz(4), LocalNoise(dephasing=0.1), [1.0], 1e300) == gain(Probe.ghz(4), LocalNoise(0.1), [1.0])


def test_a_coupling_and_a_phase_are_held_to_the_same_angle():
    with pytest.raises(ArgumentError, match="coupling"):
        gain(Probe.product(2), Environment(LocalNoise(dephasing=0.1), coupling=1e9), [1.0])
    for phase in (1e15, -1e8):
        with pytest.raises(ArgumentError, match="Argument `phase`: N·θ"):
            classical_gain(Probe.product(2), LocalNoise(dephasing=0.1), [1.0], "total_jx", phase)
    with pytest.raises(ArgumentError, match="Argument `phases`: N·θ"):
        density_matrices(Probe.ghz(2), LocalNoise(dephasing=0.1), np.ones(1), np.array([1e15]))
    for name in ("one_axis:1e12", "two_axis:1e12", "coherent:1e12"):
        with pytest.raises(ArgumentError, match="doubles resolve an angle"):
            Probe.named(name, 4)


def test_settings_of_circuits_are_refused_and_so_all_that_run_them():
    zeros = np.zeros((2, 3))
    for k, name in enumerate(("phases", "polars", "azimuths")):
        angles = [zeros, zeros, zeros]
        angles[k] = np.full((2, 3), 3e6)  # three spins: 9e6
        with pytest.raises(ArgumentError, match=f"Argument `{name}` of the settings"):
            Settings(*angles)
    with pytest.raises(ArgumentError, match="Argument `phases`"):
        Settings(zeros, zeros, zeros).at(1e15)
    assert len(Settings(zeros, zeros, zeros).at(1e6)) == 2


def test_a_run_names_the_key_of_the_field():
    with pytest.raises(SpecError, match=r"key `field_rad_per_s`: the field: N·φ·t at t = .* s is .* rad"):
        plan(RunSpec.from_dict({**SPEC, "field_rad_per_s": 1e15}, "run.toml"))
    assert plan(RunSpec.from_dict({**SPEC, "field_rad_per_s": 1e5}, "run.toml"))


def test_a_phase_is_looked_for_among_angles_that_numbers_resolve():
    fringes = FringeModel(np.array([4]), np.zeros(1), np.array([0.5]), np.ones(1))
    with pytest.raises(ArgumentError, match="Argument `window`: ν·θ"):
        estimation.estimate(fringes, np.array([[50, 50, 0]]), (1e15, 1e15 + 1))


def test_a_field_that_is_no_number_is_refused():
    with pytest.raises(ArgumentError, match="the field must be finite, but is nan"):
        check_field(2, float("nan"), 1.0, "the field")
