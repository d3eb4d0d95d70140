"""Recharging by error correction: a repetition code of spins, which corrects flips while the field acts.

The GHZ state |0…0> + |1…1> is the code's state. The checks Z_i Z_j commute with the field and tell which spins have
been flipped by σ_x, as long as fewer than half are; they see no dephasing. Each check projects on a pair {b, not b} of
bit strings and flips the lesser part back. Here syndrome and flips are ideal; how far apart the checks may be, how long
they take, and what else acts, is what decides.

Correction at the end cannot raise G: it does not know the field. What helps is to correct *before* a flipped spin has
turned back what the others collect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from qsense.errors import ArgumentError
from qsense.noise import LocalNoise
from qsense.numerics.fisher import ComplexArray, FloatArray, qfi
from qsense.numerics.integration import as_times
from qsense.probes import Probe
from qsense.theory.rate import Rate, check_dead_time

MOST_SPINS = 5
_GRID, _EXTENSIONS = 32, 8
_PAYS = 1e-4  # by which a rate must be larger to count


@dataclass(frozen=True)
class _Step:
    """What a time without checks does: of each spin its map and its derivative in φ over a unit of time."""

    maps: list[ComplexArray]
    slopes: list[ComplexArray]


def corrected_gain(
    num_qubits: int,
    noise: LocalNoise,
    times: FloatArray,
    interval: float = math.inf,
    field: float = 0.0,
    probe: Probe | None = None,
) -> FloatArray:
    """Returns G(t) of a repetition code that is checked and corrected after every interval, shape (times,).

    Args:
        num_qubits: 1 to 5 spins; an odd number corrects (N − 1)/2 flips.
        noise: of each spin, with σ_x at the rate `transverse`; exponential.
        times: in s, increasing.
        interval: between checks in s; infinity corrects never.
        field: φ in rad/s. A flipped spin turns back at this rate until it is corrected.
        probe: another state than GHZ, checked in the same way.

    Raises:
        ArgumentError: N, a time, the interval or the noise is out of range.

    Source: Kessler et al., Phys. Rev. Lett. 112, 150802 (2014); Dür et al., Phys. Rev. Lett. 112, 080801 (2014);
        checked in tests/recharging/test_correcting.py against matrix exponentials on the full space.

    >>> noise, late = LocalNoise(transverse=0.1), np.array([5.0])
    >>> corrected_gain(3, noise, late, 0.05, field=0.1).round(2), corrected_gain(3, noise, late, field=0.1).round(2)
    (array([8.85]), array([4.2]))
    """
    at = as_times(times)
    n = _check(num_qubits, noise, interval)
    start = Probe.ghz(n) if probe is None else probe
    unit = float(at[-1]) or 1.0
    rho = start.density_matrix()
    found = np.empty(len(at))
    checks = np.floor(at / interval * (1 + 1e-12)).astype(int)  # 0 at an infinite interval
    if checks[-1]:
        whole = _step(noise, n, interval, field, unit)
        first = _codeword(*_advance(whole, rho, np.zeros_like(rho)))
        between = _between_checks(whole)
    for place, (time, done) in enumerate(zip(at.tolist(), checks.tolist(), strict=True)):
        if not time:
            found[place] = _at_the_start(start)
            continue
        before = (rho, np.zeros_like(rho))
        if done:
            before = _on_all(np.linalg.matrix_power(between, done - 1) @ first, n)
        rest = max(time - done * interval, 0.0) if done else time
        now, moved = _advance(_step(noise, n, rest, field, unit), *before)
        found[place] = float(qfi(now, moved * (unit / time)))
    return found


def correct(rho: ComplexArray) -> ComplexArray:
    """Returns a matrix after the checks Z_i Z_j and the flips that they ask for.

    The fewest spins are flipped back; at a tie spin 0 is not.

    Args:
        rho: shape (2^N, 2^N).

    >>> flipped = np.zeros((8, 8), complex)
    >>> flipped[1, 1] = 1  # spin 0 of three
    >>> float(correct(flipped)[0, 0].real)
    1.0
    """
    size = len(rho)
    fixed, everywhere = np.zeros_like(rho), size - 1
    for one in range(size // 2):  # pairs {one, not one}
        pair = np.array([one, everywhere - one])
        ups = one.bit_count()
        spins = everywhere.bit_length()
        nearer = pair if 2 * ups < spins or (2 * ups == spins and not one & 1) else pair[::-1]
        ends = np.array([0, everywhere])
        fixed[np.ix_(ends, ends)] += rho[np.ix_(nearer, nearer)]
    return fixed


def _codeword(rho: ComplexArray, slope: ComplexArray) -> ComplexArray:
    """ρ and its derivative after a check: what is left of each is a 2×2 matrix of all down and all up, shape (8,)."""
    ends = np.ix_([0, len(rho) - 1], [0, len(rho) - 1])
    return np.concatenate([correct(rho)[ends].ravel(), correct(slope)[ends].ravel()])


def _on_all(codeword: ComplexArray, num_qubits: int) -> tuple[ComplexArray, ComplexArray]:
    """ρ and its derivative, each (2^N, 2^N), of a codeword of shape (8,)."""
    both = np.zeros((2, 2**num_qubits, 2**num_qubits), dtype=np.complex128)
    both[:, :: 2**num_qubits - 1, :: 2**num_qubits - 1] = codeword.reshape(2, 2, 2)
    return both[0], both[1]


def _between_checks(step: _Step) -> ComplexArray:
    """What a step and the check after it do to a codeword, shape (8, 8)."""
    columns = [_codeword(*_advance(step, *_on_all(one, len(step.maps)))) for one in np.eye(8, dtype=np.complex128)]
    return np.stack(columns, axis=1)


def code_rate(
    num_qubits: int,
    noise: LocalNoise,
    interval: float = math.inf,
    dead_time: float = 0.0,
    field: float = 0.0,
    check_time: float = 0.0,
    probe: Probe | None = None,
) -> Rate:
    """Returns max_t Q/(t + dead time + time of all checks) of a code, in s, and the sensing time in s.

    Args:
        num_qubits, noise, interval, field, probe: as in `corrected_gain`.
        dead_time: preparation and readout of one window in s.
        check_time: what one check and its correction take in s; the spins neither sense nor decay meanwhile.

    Raises:
        ArgumentError: as `corrected_gain`, or nothing decays.

    >>> dephasing = LocalNoise(dephasing=0.1)
    >>> round(code_rate(3, dephasing).value * 4 * np.e * 0.1, 4)  # a code of flips does nothing: N/(4eγ)
    3.0
    """
    n = _check(num_qubits, noise, interval)
    check_dead_time(dead_time)
    check_dead_time(check_time)
    slow, fast = _scales(n, noise, interval)

    def rates(grid: FloatArray) -> FloatArray:
        checks = np.floor(grid / interval * (1 + 1e-12))
        spent = grid + dead_time + checks * check_time
        return grid * (grid / spent) * corrected_gain(n, noise, grid, interval, field, probe)

    grid = np.geomspace(0.01 / (n * fast), 8 / slow, _GRID)
    values = rates(grid)
    for _ in range(_EXTENSIONS):  # a weak field beside σ_x noise leaves a part of G for long
        if np.argmax(values) < len(grid) - 1:
            break
        grid = np.geomspace(grid[-2], 10 * grid[-1], 9)
        values = rates(grid)
    else:
        raise ArgumentError("A part of the gain does not decay: a longer time is always better. Give a larger rate.")
    best = Rate(0.0, 0.0)
    for _ in range(3):
        place = int(np.argmax(values))
        best = max(best, Rate(float(values[place]), float(grid[place])))
        grid = np.linspace(grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)], 11)
        values = rates(grid)
    return best


def longest_interval(
    num_qubits: int, noise: LocalNoise, dead_time: float = 0.0, field: float = 0.0, check_time: float = 0.0
) -> float | None:
    """Returns the longest interval in s at which the code's rate beats product and GHZ probes left alone.

    Returns:
        None without σ_x noise, and if checks as frequent as a thousandth of the best window do not pay either.

    Raises:
        ArgumentError: as `code_rate`.

    >>> longest_interval(3, LocalNoise(dephasing=0.1)) is None
    True
    """
    if not any(noise.transverse):  # no flips, nothing to correct
        return None
    alone = code_rate(num_qubits, noise, math.inf, dead_time, field)
    product = code_rate(num_qubits, noise, math.inf, dead_time, field, 0.0, Probe.product(num_qubits))
    target, window = max(alone.value, product.value) * (1 + _PAYS), max(alone.time, product.time)

    def pays(interval: float) -> bool:
        return code_rate(num_qubits, noise, interval, dead_time, field, check_time).value > target

    grid = [window * 10.0 ** (-place / 3) for place in range(10)]
    first = next((place for place, one in enumerate(grid) if pays(one)), None)
    if first is None:
        return None
    low, high = float(grid[first]), float(grid[max(first - 1, 0)])
    for _ in range(7):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low


def _check(num_qubits: int, noise: LocalNoise, interval: float) -> int:
    if not 1 <= num_qubits <= MOST_SPINS:
        raise ArgumentError(f"Argument `num_qubits` must be 1 to {MOST_SPINS} for a code, but is {num_qubits}.")
    noise.check(num_qubits)
    if noise.exponent != 1:
        raise ArgumentError("A code needs exponential dephasing; leave `exponent` at 1.")
    if not interval > 0:
        raise ArgumentError(f"Argument `interval` must be positive, but is {interval:g} s.")
    return num_qubits


def _rates(noise: LocalNoise, num_qubits: int) -> FloatArray:
    """Dephasing, emission, absorption and σ_x of each spin, shape (4, N)."""
    kinds = (noise.dephasing, noise.emission, noise.absorption, noise.transverse)
    return np.stack([np.broadcast_to(np.array(kind), (num_qubits,)) for kind in kinds])


def _scales(num_qubits: int, noise: LocalNoise, interval: float) -> tuple[float, float]:
    """The rates at which the code's gain ends, and at which a single part of it may."""
    rates = _rates(noise, num_qubits)
    single = 4 * rates[0] + rates[1] + rates[2]
    flips = rates[3]
    fast = float((single + 2 * flips).max())
    if not fast:
        raise ArgumentError("Nothing decays: a longer time is always better. Give a rate.")
    beyond = 2 * float(flips.max())
    if math.isfinite(interval):
        # More flips than the code corrects between two checks, if all spins flip at the largest rate.
        p = -math.expm1(-2 * float(flips.max()) * interval) / 2
        n = num_qubits
        many = sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n + 1))
        beyond = min(beyond, 2 * many / interval)
    slow = max(float(single.min()), beyond)
    return max(slow, 1e-6 * fast), fast


def _step(noise: LocalNoise, num_qubits: int, time: float, field: float, unit: float) -> _Step:
    """Each spin's map after a time, and its derivative in φ over the unit of time, on row-major 2×2 matrices."""
    z, one = np.diag([1.0, -1.0]), np.eye(2)
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])  # |down><up|, with |0> down
    drive = -0.5j * (np.kron(z, one) - np.kron(one, z))
    found: dict[tuple[float, ...], ComplexArray] = {}
    of_each = [tuple(rates) for rates in _rates(noise, num_qubits).T.tolist()]
    for rates in set(of_each):
        total = field * drive
        for rate, jump in zip(rates, (z, lower, lower.T, lower + lower.T), strict=True):
            square = jump.T @ jump
            total = total + rate * (np.kron(jump, jump) - 0.5 * (np.kron(square, one) + np.kron(one, square)))
        block = np.zeros((8, 8), dtype=np.complex128)
        block[:4, :4] = block[4:, 4:] = total * time
        block[4:, :4] = drive * (time / unit)
        found[rates] = expm(block)
    return _Step([found[rates][:4, :4] for rates in of_each], [found[rates][4:, :4] for rates in of_each])


def _advance(step: _Step, rho: ComplexArray, slope: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """ρ and its derivative after a step, spin by spin with the product rule."""
    n, shape = len(step.maps), rho.shape
    both = np.stack([rho, slope]).reshape((2,) + (2,) * (2 * n))
    for spin, (one, change) in enumerate(zip(step.maps, step.slopes, strict=True)):
        # Axis 0 tells ρ from its derivative; the row index of spin j is axis N − j, its column index N further.
        moved = np.moveaxis(both, (n - spin, 2 * n - spin), (1, 2))
        flat = moved.reshape(2, 4, -1)
        after = np.stack([one @ flat[0], one @ flat[1] + change @ flat[0]])
        both = np.moveaxis(after.reshape(moved.shape), (1, 2), (n - spin, 2 * n - spin))
    return both[0].reshape(shape), both[1].reshape(shape)


def _at_the_start(probe: Probe) -> float:
    """G of a state before anything has happened to it: about K = ½ ΣZ."""
    k = np.array([probe.num_qubits / 2 - index.bit_count() for index in range(2**probe.num_qubits)])
    rho = probe.density_matrix()
    return float(qfi(rho, -1j * np.subtract.outer(k, k) * rho))
