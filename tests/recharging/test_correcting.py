"""The repetition code: against matrix exponentials and projectors on the full space, and what it can and cannot do."""

import math
from functools import reduce
from itertools import product

import numpy as np
import oracle
import pytest
from scipy.linalg import expm

from qsense import LocalNoise, Probe, gain
from qsense.errors import ArgumentError
from qsense.recharging import code_rate, corrected_gain, longest_interval

X, Z = oracle.UP_DOWN["x"], oracle.UP_DOWN["z"]


def referees_correction(size):
    """The Kraus operators of all syndromes: a projector on each, then the fewest flips; at a tie not spin 0."""
    operators = []
    for syndrome in product((1, -1), repeat=size - 1):
        checks = [oracle.on(Z, 0, size) @ oracle.on(Z, j, size) for j in range(1, size)]
        parts = [(np.eye(2**size) + sign * check) / 2 for sign, check in zip(syndrome, checks, strict=True)]
        projector = reduce(np.matmul, parts, np.eye(2**size))
        differing = [j for j, sign in enumerate(syndrome, start=1) if sign < 0]
        if 2 * len(differing) > size:
            differing = [j for j in range(size) if j not in differing]
        flips = reduce(np.matmul, [oracle.on(X, j, size) for j in differing], np.eye(2**size))
        operators.append(flips @ projector)
    return operators


def referee(state, rates, time, interval, field):
    """G by the Lindblad equation on the full space, with every check by its Kraus operators."""
    size = len(state).bit_length() - 1
    full = oracle.liouvillian(size, field, *rates)
    block = np.block([[full, np.zeros_like(full)], [oracle.liouvillian(size, 1.0, [], [], []), full]])
    kraus = sum(np.kron(k, k.conj()) for k in referees_correction(size))
    psi = oracle.in_paper_order(state)
    now = np.concatenate([np.outer(psi, psi.conj()).ravel(), np.zeros(4**size)])
    checks = 0 if math.isinf(interval) else math.floor(time / interval + 1e-9)
    for _ in range(checks):
        half = np.split(expm(block * interval) @ now, 2)
        now = np.concatenate([kraus @ part for part in half])
    rest = time - checks * interval if checks else time
    end = (expm(block * rest) @ now).reshape(2, 2**size, 2**size)
    return oracle.information(*end) / time**2


@pytest.mark.parametrize("interval", [math.inf, 0.3, 0.5])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_gain_is_the_referees(size, interval):
    rng = np.random.default_rng(size)
    rates = rng.uniform(0.02, 0.3, (4, size))  # dephasing, emission, absorption, transverse
    noise = LocalNoise(*rates[:3], transverse=rates[3])
    times = np.array([0.2, 0.5, 1.0, 1.3])
    probes = [Probe.ghz(size), Probe.product(size)]
    if size > 1:
        state = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
        probes.append(Probe.from_state(state / np.linalg.norm(state)))
    for probe in probes:
        ours = corrected_gain(size, noise, times, interval, 0.7, probe)
        # The referee's field turns the spins, whose up is the qubit's 1: −Z/2 of the qubits.
        theirs = [referee(probe.statevector(), rates, t, interval, -0.7) for t in times]
        assert np.allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("size", [4, 5])
def test_without_checks_it_is_the_theory(size):
    noise = LocalNoise(dephasing=0.03, emission=0.02, absorption=0.01, transverse=0.1)
    times = np.array([0.0, 0.5, 2.0, 5.0])
    for probe in (Probe.ghz(size), Probe.product(size)):
        ours = corrected_gain(size, noise, times, field=0.3, probe=probe)
        assert np.allclose(ours, gain(probe, noise, times, 0.3), rtol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_correction_at_the_end_never_raises_the_gain(size):
    for noise in (LocalNoise(transverse=0.1), LocalNoise(dephasing=0.05, transverse=0.1)):
        for field in (0.05, 0.5):
            for time in (1.0, 4.0):
                alone = corrected_gain(size, noise, [time], field=field)[0]
                assert corrected_gain(size, noise, [time], time, field)[0] <= alone * (1 + 1e-9)
    often, alone = (corrected_gain(3, LocalNoise(transverse=0.1), [4.0], dt, 0.05)[0] for dt in (0.05, math.inf))
    assert often > 1.5 * alone  # before the end it does


def test_frequent_checks_leave_the_dephasing_alone():
    noise = LocalNoise(dephasing=0.01, transverse=0.1)
    assert code_rate(3, noise, 1e-4, field=0.01).value == pytest.approx(3 / (4 * np.e * 0.01), rel=2e-3)
    rates = [code_rate(3, noise, dt, field=0.01).value for dt in (0.01, 0.1, 1.0)]
    assert rates == sorted(rates, reverse=True)
    one, two = (code_rate(3, LocalNoise(transverse=0.1), dt, field=0.01).value for dt in (0.02, 0.01))
    assert two / one == pytest.approx(2, rel=0.1)  # flips alone: the rate grows without end, as 1/interval


def test_flips_that_are_rare_beside_dephasing_are_not_worth_much():
    assert longest_interval(3, LocalNoise(dephasing=0.1)) is None
    mostly, rarely = LocalNoise(dephasing=0.01, transverse=0.1), LocalNoise(dephasing=0.1, transverse=0.001)
    for noise, least, most in ((mostly, 2, 4), (rarely, 1, 1.02)):
        alone = code_rate(3, noise, field=0.01).value
        assert least < code_rate(3, noise, 0.05, field=0.01).value / alone < most
    longest = longest_interval(3, mostly, field=0.01)
    assert code_rate(3, mostly, 0.9 * longest, field=0.01).value > code_rate(3, mostly, field=0.01).value
    assert longest_interval(3, LocalNoise(dephasing=0.1, transverse=0.1), field=0.01, check_time=0.1) is None


def test_two_spins_see_a_flip_but_cannot_tell_whose():
    noise = LocalNoise(dephasing=0.01, transverse=0.1)
    gains = {n: code_rate(n, noise, 0.05, field=0.01).value / code_rate(n, noise, field=0.01).value for n in (2, 3)}
    assert gains[3] > 1.4 * gains[2]


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_no_result_depends_on_the_unit_of_time(unit):
    there, here = LocalNoise(dephasing=0.02 / unit, transverse=0.1 / unit), LocalNoise(dephasing=0.02, transverse=0.1)
    fast, slow = code_rate(3, there, 0.1 * unit, field=0.05 / unit), code_rate(3, here, 0.1, field=0.05)
    assert fast.value / unit == pytest.approx(slow.value, rel=1e-9)
    assert fast.time / unit == pytest.approx(slow.time, rel=1e-9)
    assert longest_interval(3, there, field=0.05 / unit) / unit == pytest.approx(
        longest_interval(3, here, field=0.05), rel=1e-6
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corrected_gain(6, LocalNoise(transverse=1), [1.0]), "1 to 5"),
        (lambda: corrected_gain(3, LocalNoise(transverse=1), [1.0], 0.0), "`interval` must be positive"),
        (lambda: corrected_gain(3, LocalNoise(dephasing=1, exponent=2), [1.0]), "`exponent` at 1"),
        (lambda: code_rate(3, LocalNoise()), "Nothing decays"),
        (lambda: code_rate(3, LocalNoise(transverse=1), dead_time=-1), "`dead_time` must be finite"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
