"""Every function of the theory on random questions, beside a referee in sixty digits, and its stated error beside the
true one.

    QSENSE_DRAWS=10000 pytest tests/theory/test_random_oracle.py     # FIRST-LAST, such as 300-400, for some of them

holds ten thousand; the tests hold some hundred. A draw is its seed: `draws.draw(seed)` is the same question anywhere.
"""

import os

import draws
import numpy as np
import precise
import pytest
from mpmath import mp, mpf

from qsense import Probe, classical_gain, crossover, gain, integrated_gain, operational_rate
from qsense.errors import ArgumentError
from qsense.theory import (
    best_phase,
    concurrence,
    entanglement_of_formation,
    gain_bound,
    integrated_classical_gain,
    integrated_gain_bound,
    rate_bound,
    resolution,
)

FIRST, _, LAST = os.environ.get("QSENSE_DRAWS", "120").rpartition("-")
SEEDS = range(int(FIRST or 0), int(LAST))
EACH = 20  # seeds of one test
TINY = 1e-300  # numbers end at about this
ROUNDING = 1e-12  # of a closed form or a blockwise sum, as a part of the value


def seeds(one_in=1):
    """Tests of a few seeds each: every one, or one in so many."""
    chosen = [seed for seed in SEEDS if seed % one_in == 0]
    return pytest.mark.parametrize("chosen", [chosen[i : i + EACH] for i in range(0, len(chosen), EACH)])


def _hold(chosen, check):
    faults = [f"seed {seed}: {fault}" for seed in chosen for fault in check(draws.draw(seed))]
    assert not faults, "\n".join(faults)


def _unless_too_many_turns(ask):
    """The answer; None where a coupling turns by more than doubles resolve while G lasts, which is refused."""
    try:
        return ask()
    except ArgumentError as error:
        if "doubles resolve an angle" not in str(error):
            raise
        return None


@seeds()
def test_gains_their_resolution_and_bounds(chosen):
    def check(question):
        least = resolution(question.probe, question.noise, question.field)
        bounds = gain_bound(question.probe.num_qubits, question.noise, question.times)
        for time, bound in zip(question.times, bounds, strict=True):
            exact = question.exact(time)
            if not exact <= bound * (1 + 1e-12) + 1e-40:
                yield f"G = {float(exact)} is above the bound {bound}"
            try:
                found = gain(question.probe, question.noise, [time], field=question.field)[0]
            except ArgumentError as error:
                if not (question.is_transverse and abs(question.field * time) < 1e-2):
                    yield f"refused: {error}"
                continue
            if not abs(found - exact) <= least + ROUNDING * exact + TINY:
                yield f"G = {found}, but {float(exact)} at {time}: {question}"

    _hold(chosen, check)


@seeds(3)
def test_integrals_and_their_stated_errors(chosen):
    """Beside Gauss's rule on panels that double in length, of the gain that the test above holds."""

    def check(question):
        probe, noise, spins = question.probe, question.noise, question.probe.num_qubits
        rates = np.array([question.numbers[kind] for kind in (*draws.KINDS, "transverse")]).sum(0)
        rates = rates + question.numbers["collective"]
        stretch = max(1.0, 1 / question.numbers["exponent"])
        to_the_end = rates.min() > 0 and not question.is_transverse and not question.is_lindblad
        until = None if to_the_end else float(question.times[-1])
        found = _unless_too_many_turns(lambda: integrated_gain(probe, noise, until=until, field=question.field))
        if found is None:
            return
        end = until or 90.0**stretch / rates.min()
        fastest = max(rates.max() * 4 * spins**2, abs(question.field), 1 / end)
        halvings = 6 if question.is_lindblad else int(stretch * (np.log2(end * fastest) + 14))
        edges = np.append(0.0, end / 2.0 ** np.arange(halvings, -1, -1))
        try:
            exact = draws.panels(lambda times: gain(probe, noise, times, field=question.field), edges)
        except ArgumentError:
            return  # an integral states an error where a gain is refused
        own = 1e-11 * exact  # error of that rule
        if found.value == 0 or question.is_transverse:
            own += resolution(probe, noise, question.field) * end
        if not (found.error >= 0 and abs(found.value - exact) <= found.error + own):
            yield f"{found} until {until}, but {exact}: {question}"
        hidden = resolution(probe, noise, question.field) if question.is_transverse else 0.0
        if not found.error <= max(1e-6 * exact, 1e-8 * end, hidden * end):
            yield f"an error of {found.error} for {exact} until {until}: {question}"
        bound = integrated_gain_bound(spins, noise)
        if not found.value <= bound.value * (1 + 1e-9) + found.error:
            yield f"{found} is above the bound {bound}"

    _hold(chosen, check)


def _pair(question):
    """The exact gains of GHZ and of product at a time, by the formulas of a block and of single spins."""
    rates = [question.numbers[kind] for kind in draws.KINDS]
    exponent, collective = question.numbers["exponent"], question.numbers["collective"]

    def gains(time):
        ghz = precise.ghz_gain(*rates, time, exponent, collective)
        return ghz, precise.product_gain(*rates, time, exponent)

    return gains


@seeds(3)
def test_crossings_and_rates(chosen):
    def check(question):
        spins, numbers = question.probe.num_qubits, question.numbers
        if question.is_transverse or numbers["coupling"] is not None or numbers["collective"]:
            return
        gains, noise = _pair(question), question.noise
        rates = np.sum([numbers[kind] for kind in draws.KINDS], axis=0)
        if not rates.any():
            return
        stretch = max(1.0, 1 / numbers["exponent"])
        grid = np.geomspace(1e-4**stretch / rates.max() / 4, 80**stretch / rates[rates > 0].min(), 60)
        exact = [gains(time) for time in grid]
        found = crossover(spins, noise)
        if spins > 1:
            behind = [
                time for time, (ghz, product) in zip(grid, exact, strict=True) if ghz < product * (1 - mpf("1e-12"))
            ]
            if found is None and behind:
                yield f"no crossing, but GHZ is behind at {behind[0]}: {question}"
            if found is not None:
                before, after = (gains(found * (1 + shift)) for shift in (-1e-9, 1e-9))
                ahead, later = (float(ghz / product - 1) for ghz, product in (before, after))
                missed = bool(behind) and behind[0] < found * (1 - 1e-9)
                if not (ahead > -1e-11 and later < 1e-11) or missed:
                    yield f"a crossing at {found}, GHZ/product − 1 is {ahead} and {later} around it: {question}"
        dead = float(question.times[0])
        for place, probe in ((0, Probe.ghz(spins)), (1, Probe.product(spins))):
            best = max(
                mpf(time) ** 2 * pair[place] / (mpf(time) + dead) for time, pair in zip(grid, exact, strict=True)
            )
            try:
                rate = operational_rate(probe, noise, dead)
            except ArgumentError:
                if rates.min() > 0:
                    yield f"no rate of {probe}: {question}"
                continue
            own = mpf(rate.time) ** 2 * gains(rate.time)[place] / (mpf(rate.time) + dead)
            if not (abs(rate.value / own - 1) < 1e-11 and rate.value >= best * (1 - mpf("1e-12"))):
                yield f"{rate} of {probe} with {dead} s, but {float(best)} and {float(own)} there: {question}"
            if not rate.value <= rate_bound(spins, noise, dead).value * (1 + 1e-9):
                yield f"{rate} is above the bound of any probe: {question}"

    _hold(chosen, check)


def _classical(question, time, readout, phase):
    """F and the outcomes' probabilities, from ρ turned by the phase."""
    spins = question.probe.num_qubits
    rho, slope = precise.state_and_slope(question.state, question.numbers, time, question.field, question.evolve)
    ups = np.array([bin(index).count("1") for index in range(2**spins)])
    turn = [mp.expj(mpf(phase) * int(up)) for up in ups]  # e^{−iφZ/2} up to a common phase
    half = np.array([[1, -1], [1, 1]]) if readout != "z" else None
    basis = np.eye(2**spins, dtype=int)
    if half is not None:
        basis = np.ones((1, 1), dtype=int)
        for _ in range(spins):
            basis = np.kron(basis, half)
    outcomes = []
    for matrix in (rho, slope):
        turned = np.array(
            [[turn[a] * matrix[a, b] * mp.conj(turn[b]) for b in range(2**spins)] for a in range(2**spins)]
        )
        scale = mpf(1) if half is None else mpf(2) ** -spins
        outcomes.append([mp.re(row @ turned @ row) * scale for row in basis])
    kinds = {"z": np.arange(2**spins), "local_x": np.arange(2**spins), "total_jx": ups, "parity": ups % 2}[readout]
    p, change = (
        [sum(v for v, k in zip(values, kinds, strict=True) if k == kind) for kind in np.unique(kinds)]
        for values in outcomes
    )
    return sum(d**2 / own for own, d in zip(p, change, strict=True) if own > mpf(10) ** -40), min(p)


@seeds(6)
def test_classical_gains_at_a_phase(chosen):
    def check(question):
        rng = np.random.default_rng(question.times.view(np.uint64)[:1])
        readout, phase = str(rng.choice(["local_x", "total_jx", "parity", "z"])), float(rng.uniform(0, 2 * np.pi))
        time = float(question.times[0])
        exact, rarest = _classical(question, time, readout, phase)
        if abs(question.field * time) < (1e-4 if question.is_lindblad else 1e-6) and question.is_transverse:
            return  # it may be refused
        found = classical_gain(question.probe, question.noise, [time], readout, phase, question.field)[0]
        if not abs(found - exact) <= 1e-9 * question.probe.num_qubits**2:
            yield f"{readout} at {phase}: {found}, but {float(exact)} (rarest outcome {float(rarest)}): {question}"
        quantum = question.exact(time)
        best = classical_gain(question.probe, question.noise, [time], readout, "best", question.field)[0]
        there = best_phase(question.probe, question.noise, [time], readout, question.field)[0]
        reached, _ = _classical(question, time, readout, there)
        if not best <= reached * (1 + 1e-9) + 1e-9:
            yield f"{readout}: best {best}, but {float(reached)} at {there}: {question}"
        if not found * (1 - 1e-9) - 1e-10 <= best <= quantum * (1 + 1e-9) + 1e-9:
            yield f"{readout}: best {best} beside {found} and {float(quantum)}: {question}"

    _hold(chosen, check)


@seeds(4)
def test_entanglement_of_two_spins(chosen):
    """Wootters' eigenvalues of ρ (σ_y⊗σ_y) ρ* (σ_y⊗σ_y)."""

    def check(question):
        if question.probe.num_qubits != 2:
            return
        rho = question.evolve(question.state, question.numbers, question.times[0], question.field)
        flip = mp.matrix([[0, 0, 0, -1], [0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]])
        matrix = mp.matrix(rho.tolist())
        squares, _ = mp.eig(matrix * flip * matrix.conjugate() * flip)
        roots = sorted((mp.sqrt(abs(square)) for square in squares), reverse=True)
        exact = max(2 * roots[0] - sum(roots), 0)
        found = concurrence(rho.astype(complex))
        if not abs(found - exact) <= 1e-7:
            yield f"concurrence {found}, but {float(exact)}: {question}"
        larger = (1 + mp.sqrt(1 - min(mpf(float(found)) ** 2, 1))) / 2
        entropy = -sum(x * mp.log(x, 2) for x in (larger, 1 - larger) if x)
        if not abs(entanglement_of_formation(rho.astype(complex)) - entropy) <= 1e-12:
            yield f"entanglement of formation: {question}"

    _hold(chosen, check)


@seeds(8)
def test_integrals_of_classical_gains(chosen):
    def check(question):
        spins, numbers = question.probe.num_qubits, question.numbers
        rates = np.sum([numbers[kind] for kind in draws.KINDS], axis=0) + numbers["collective"]
        if question.is_transverse or question.is_lindblad or not rates.min() > 0:
            return
        found = _unless_too_many_turns(
            lambda: integrated_classical_gain(question.probe, question.noise, "local_x", 0.3)
        )
        if found is None:
            return
        stretch = max(1.0, 1 / numbers["exponent"])
        end = 90.0**stretch / rates.min()
        halvings = int(stretch * (np.log2(end * rates.max() * 4 * spins**2) + 14))
        edges = np.append(0.0, end / 2.0 ** np.arange(halvings, -1, -1))
        exact = draws.panels(lambda times: classical_gain(question.probe, question.noise, times, "local_x", 0.3), edges)
        if not abs(found.value - exact) <= found.error + 1e-10 * exact + 1e-12 * spins**2 / rates.min():
            yield f"{found}, but {exact}: {question}"

    _hold(chosen, check)
