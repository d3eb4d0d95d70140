"""Ladders of sizes and times: the rms error with wrong branches against simulated repetitions, and what is cheapest."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qsense.cli.app import app
from qsense.errors import ArgumentError
from qsense.noise import Collective, Local, LocalNoise, NoiseModel, PhaseNoise, QuasiStatic, White
from qsense.theory.branches import Fringe, rms_error
from qsense.theory.ladder import best_ladder


def simulated(fringes, reach, repetitions, seed):
    """Squared errors of so many repetitions: bits of both quadratures of each fringe, and the nearest branch."""
    rng = np.random.default_rng(seed)
    field = rng.uniform(-reach, reach, repetitions)
    found = np.zeros(repetitions)
    for frequency, visibility, bits, *kept in fringes:
        means = []
        for wave in (np.cos, np.sin):
            counted = rng.binomial(bits, kept[0] if kept else 1.0, repetitions)
            ups = rng.binomial(counted, (1 + visibility * wave(frequency * field)) / 2)
            means.append(np.where(counted, 2 * ups - counted, 0) / np.maximum(counted, 1))
        read = np.arctan2(means[1], means[0]) / frequency
        period = 2 * np.pi / frequency
        found = read + period * np.round((found - read) / period)
    return (found - field) ** 2


@pytest.mark.parametrize(
    ("fringes", "reach"),
    [
        ([(0.5, 0.9, 6), (1.0, 0.8, 5), (2.0, 0.7, 4)], 2.0),  # wrong branches are most of it
        ([(0.25, 1.0, 12), (0.5, 0.95, 12), (1.0, 0.9, 12), (2.0, 0.6, 60)], 3.0),
        ([(1.0, 0.3, 25)], 1.0),
        ([(1.0, 0.8, 500)], 1.0),  # by the normal law
        ([(0.5, 0.95, 8, 0.7), (1.0, 0.9, 6, 0.6), (2.0, 0.8, 40, 0.55)], 2.0),  # by a loss flag
        ([(1.0, 0.8, 900, 0.6)], 1.0),
    ],
)
def test_the_error_with_wrong_branches_is_that_of_repetitions(fringes, reach):
    """200 000 repetitions; a right error is off by more than four of their standard errors once in 16 000."""
    error, wrong = rms_error([Fringe(*one) for one in fringes], reach)
    squares = simulated(fringes, reach, 200_000, seed=1)
    scatter = squares.std() / np.sqrt(len(squares))
    # The mean over 24 fields in place of all of them.
    assert error**2 == pytest.approx(squares.mean(), abs=4 * scatter + 0.03 * squares.mean())
    is_wrong = squares > (np.pi / fringes[-1][0]) ** 2
    assert wrong == pytest.approx(
        is_wrong.mean(), abs=4 * np.sqrt(is_wrong.mean() / 2e5) + 0.1 * is_wrong.mean() + 1e-5
    )


def test_a_ladder_keeps_its_promise_in_repetitions():
    for sizes in (None, (1,)):
        found = best_ladder(4, LocalNoise(dephasing=0.1), 0.15, 5.0, 0.5, sizes)
        assert found.error <= 0.15
        assert found.seconds == pytest.approx(sum(2 * one.windows * (one.time + 0.5) for one in found.rungs))
        steps = [one.size * one.time for one in found.rungs]
        assert steps[0] * 5 <= np.pi / 2
        assert np.ptp(np.log2(np.array(steps[1:]) / steps[:-1])) < 1e-9
        squares = simulated([one.fringe for one in found.rungs], 5.0, 200_000, seed=2)
        assert np.sqrt(squares.mean()) < 0.15 * 1.03
        # By hand: GHZ dephases with n times the rate of a spin, exp(−2γnt).
        assert [one.visibility for one in found.rungs] == pytest.approx([np.exp(-0.2 * f) for f in steps])


def test_a_loss_flag_saves_what_repetitions_say():
    """T1 = 100 µs, T2 = 150 µs, N = 2: by hand V = e^{−2t/T2} and P = (p² + 1 + (1 − p)²)/2, p = e^{−t/T1}."""
    relaxing = LocalNoise.from_t1_t2(100.0, 150.0)
    flag, parity, product = (
        best_ladder(2, relaxing, 2e-4, 0.04, 5.0, sizes, readouts=readouts)
        for sizes, readouts in ((None, ("parity", "loss_flag")), (None, ("parity",)), ((1,), ("parity",)))
    )
    top = flag.rungs[-1]
    left = np.exp(-top.time / 100)
    block = (left**2 + 1 + (1 - left) ** 2) / 2
    assert (top.size, top.readout) == (2, "loss_flag")
    assert (top.kept, top.visibility) == pytest.approx((block, np.exp(-top.time / 75) / block))
    squares = simulated([one.fringe for one in flag.rungs], 0.04, 100_000, seed=3)
    assert np.sqrt(squares.mean()) < 2e-4 * 1.03
    assert 10 * np.log10(product.seconds / flag.seconds) > 0.9
    assert 10 * np.log10(product.seconds / parity.seconds) < 0.1  # where nothing is thrown away GHZ does not pay
    assert {one.readout for one in product.rungs} == {"local"}


def test_a_single_fringe_within_the_same_error_would_be_wrong():
    """The last rung alone has the error, but not the range."""
    found = best_ladder(2, LocalNoise(dephasing=0.1), 0.2, 10.0, 0.5)
    alone = rms_error([found.rungs[-1].fringe], 10.0)
    assert alone[1] > 0.5
    assert alone[0] > 10 * found.error


def test_where_entanglement_pays_with_its_ambiguity_counted():
    """White dephasing: no more than a tenth of a dB (Huelga). Quasi-static: the best rate of n spins is √n of one's."""
    white, slow = LocalNoise(dephasing=0.1), NoiseModel(phase_noise=[PhaseNoise(Local(), QuasiStatic(1.0))])
    for noise, least, most in ((white, 1.0, 1.1), (slow, 1.5, 3.0)):
        ghz, product = (best_ladder(8, noise, 0.1, 5.0, 0.0, sizes) for sizes in (None, (1,)))
        assert least <= product.seconds / ghz.seconds < most
    assert {one.size for one in product.rungs} == {1}


def test_what_has_no_ladder_is_refused():
    white = LocalNoise(dephasing=0.1)
    for noise, keys, said in (
        (NoiseModel(phase_noise=[PhaseNoise(Collective(), White(1.0))]), {}, "share no noise"),
        (LocalNoise(dephasing=[0.1, 0.2]), {}, "alike"),
        (LocalNoise(), {}, "rate"),
        (white, {"reach": 0.01}, "below `reach`"),
        (white, {"error": 0.0}, "above 0"),
        (white, {"sizes": (3,)}, "from 1 to 2"),
        (white, {"kept": 0.0}, "kept"),
        (white, {"dead_time": -1.0}, "dead_time"),
    ):
        with pytest.raises(ArgumentError, match=said):
            best_ladder(2, noise, **{"error": 0.1, "reach": 10.0, **keys})


def test_the_unit_of_time_does_not_matter():
    one = best_ladder(2, LocalNoise(dephasing=0.1), 0.1, 5.0, 0.5)
    fast = best_ladder(2, LocalNoise(dephasing=1e5), 1e5, 5e6, 0.5e-6)
    assert fast.seconds * 1e6 == pytest.approx(one.seconds)
    assert [r.size for r in fast.rungs] == [r.size for r in one.rungs]


def test_the_command():
    words = ["ladder", "--num-qubits", "2", "--dephasing", "0.1", "--error", "0.2", "--range", "5", "--json"]
    found = json.loads(CliRunner().invoke(app, [*words, "--dead-time", "0.5"]).output)
    again = best_ladder(2, LocalNoise(dephasing=0.1), 0.2, 5.0, 0.5)
    assert found["best"]["seconds"] == again.seconds
    assert found["product"]["seconds"] >= again.seconds
    assert found["saved_db"] == pytest.approx(10 * np.log10(found["product"]["seconds"] / again.seconds))
    assert {rung["readout"] for rung in found["product"]["rungs"]} == {"local"}
    fields = ["ladder", "--num-qubits", "2", "--dephasing", "0.1", "--error", "20pT", "--range", "500pT"]
    shown = CliRunner().invoke(app, [*fields, "--gyromagnetic-ratio", "1 GHz/T"]).output
    assert "±500 pT" in shown
    assert "product probe alone" in shown
    refused = CliRunner().invoke(app, fields)
    assert "--gyromagnetic-ratio" in str(refused.exception)


def test_a_table_without_a_saving_has_no_entangled_rung():
    words = ["ladder", "--num-qubits", "2", "--dephasing", "1", "--error", "0.5", "--range", "3"]
    shown = CliRunner().invoke(app, words).output
    assert "no entangled rung is cheaper" in shown
    rungs = [line for line in shown.splitlines() if line.startswith(("1 ", "2 "))]
    assert rungs
    assert all("local" in line for line in rungs)
