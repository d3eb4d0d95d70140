"""The cheapest ladder of sizes and times that tells a field without ambiguity, for N spins in a given time.

A fringe of frequency f = n·t (n spins entangled, for a time t) tells φ within ±π/f alone. A ladder begins with an f
that the range allows and doubles it, each rung by the sizes and times that cost least: ⌊N/n⌋ GHZ groups of n spins
side by side, n = 1 being the product probe; a group is read by its parity or by a loss flag. A rung's windows are as
many as keep wrong branches rare enough for the error that is asked for, fewest at the top, where they are dear. The
rms error is exact, wrong branches included (`branches`): so entangled probes are compared with product probes with
their ambiguity counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.theory.block import visibility_and_kept
from qsense.theory.branches import Fringe, rms_error
from qsense.theory.rate import check_dead_time

_TIMES = 16  # of the last rung that are tried, for each size
_WRONG = (0.02, 0.05, 0.1, 0.2, 0.35)  # shares of the squared error that wrong branches may take, in the design
_HEAVIER = (1.0, 1e1, 1e2, 1e3, 1e4, 1e6)  # by how much wrong branches may be likelier than of normal errors
_FAINT = 0.1  # visibility, below which no rung is tried
_FEWEST = 2  # bits of a quadrature
_ALIKE = 1e-12  # of the part that a loss flag keeps, below which nothing is lost
READOUTS = ("parity", "loss_flag")
_EVALUATED = 1000  # designs, cheapest first, whose error is computed
_FIRST, _CLOSE = 3, 1.05  # fields of a first look at one, and how far above the error asked for it may be there


class Rung(NamedTuple):
    """One step of a ladder.

    Attributes:
        size: n, the spins of a GHZ group; 1 for spins by themselves.
        groups: ⌊N/n⌋, read in one window.
        time: t in s.
        windows: of each of two settings, a quarter of a fringe apart.
        visibility: V of one group's fringe, among the windows that count.
        readout: "parity", "loss_flag" (it undoes the preparation and throws away groups that have lost a spin's
            excitation), or "local" of spins by themselves.
        kept: the chance that a group counts; 1 without a loss flag.
    """

    size: int
    groups: int
    time: float
    windows: int
    visibility: float
    readout: str
    kept: float

    @property
    def fringe(self) -> Fringe:
        return Fringe(self.size * self.time, self.visibility, self.windows * self.groups, self.kept)


@dataclass(frozen=True)
class Ladder:
    """A ladder, and what it reaches.

    Attributes:
        rungs: slowest first.
        error: the rms error of φ in rad/s, wrong branches included.
        wrong: the probability of a wrong branch.
        seconds: of all windows, dead times included.
        reach: φ is anywhere within ±reach, in rad/s.
    """

    rungs: tuple[Rung, ...]
    error: float
    wrong: float
    seconds: float
    reach: float


def best_ladder(
    num_qubits: int,
    noise: AnyNoise,
    error: float,
    reach: float,
    dead_time: float = 0.0,
    sizes: Sequence[int] | None = None,
    kept: float = 1.0,
    readouts: Sequence[str] = READOUTS,
) -> Ladder:
    """Returns the cheapest ladder found whose rms error is at most the one asked for.

    Args:
        num_qubits: N, all spins.
        noise: of each spin by itself, all alike; with pulses and waveform if a World says so.
        error: of φ in rad/s, rms over fields within the range, wrong branches included.
        reach: φ lies within ±reach, in rad/s; more than the error.
        dead_time: of preparation and readout of one window, in s.
        sizes: of GHZ groups that may be used; by default 1, 2, 4, … and N. (1,) is the product probe alone.
        kept: the part of the visibility that preparation and readout keep for each spin: V of n spins has it n times.
        readouts: of GHZ groups that may be used, "parity" and "loss_flag": the better is taken, of a tie parity.

    Raises:
        ArgumentError: a number is out of its range, spins share noise or differ, or nothing decays.

    >>> from qsense.noise import LocalNoise
    >>> ghz, product = (best_ladder(8, LocalNoise(dephasing=0.1), 0.05, 20.0, 0.5, sizes) for sizes in (None, (1,)))
    >>> ghz.error <= 0.05, round(ghz.seconds / product.seconds, 3)  # white dephasing: nothing is saved here
    (True, 1.0)
    """
    world = world_of(noise)
    options = _checked(num_qubits, world, error, reach, dead_time, sizes, kept)
    designs = []
    # What is cheapest rung by rung need not be so as a whole: spins by themselves are always tried as well.
    kinds = [options] if options[0] > 1 or len(options) == 1 else [options, (1,)]
    for chain in [one for kind in kinds for one in _chains(num_qubits, world, kind, reach, kept, readouts)]:
        for share in _WRONG:
            for heavier in _HEAVIER:
                rungs = _designed(chain, error, share, heavier, dead_time)
                if rungs:
                    designs.append((sum(2 * one.windows * (one.time + dead_time) for one in rungs), rungs))
    designs.sort(key=lambda one: one[0])
    for seconds, rungs in designs[:_EVALUATED]:
        fringes = [one.fringe for one in rungs]
        if rms_error(fringes, reach, _FIRST, _CLOSE * error)[0] > _CLOSE * error:
            continue
        found, wrong = rms_error(fringes, reach, most=error)
        if found <= error:
            return Ladder(tuple(rungs), found, wrong, seconds, reach)
    raise ArgumentError(f"No ladder was found that tells {error} rad/s within ±{reach} rad/s; ask for another error.")


class _Option(NamedTuple):
    """One way to a rung's frequency: as of a Rung."""

    size: int
    groups: int
    time: float
    visibility: float
    readout: str
    kept: float


class _Chain(NamedTuple):
    """Frequencies that double, and the ways to each; of the range of the first, the slowest, at most half is in use."""

    frequencies: tuple[float, ...]
    options: tuple[tuple[_Option, ...], ...]
    reach: float


def _checked(
    num_qubits: int,
    world: World,
    error: float,
    reach: float,
    dead_time: float,
    sizes: Sequence[int] | None,
    kept: float,
) -> tuple[int, ...]:
    check_dead_time(dead_time)
    if not (0 < error < math.inf and 0 < reach < math.inf):
        raise ArgumentError(f"Arguments `error` and `reach` must be above 0 and finite, but are {error} and {reach}.")
    if error >= reach:
        raise ArgumentError(f"Argument `error` must be below `reach` ({reach} rad/s), but is {error}.")
    if not 0 < kept <= 1:
        raise ArgumentError(f"Argument `kept` must be above 0 and at most 1, but is {kept}.")
    world.check(num_qubits)
    if not (world.noise.acts_alone and world.noise.is_uniform and world.signal.is_default):
        raise ArgumentError(
            f'A ladder is for spins that are alike and share no noise, in a constant field of weight 1; "{world.name}" '
            "is not: give noise of each spin by itself."
        )
    if not world.decay_rates(num_qubits).any():
        raise ArgumentError(f'The noise "{world.name}" has no rates: a longer time is always better. Give a rate.')
    found = tuple(sorted(set(_powers(num_qubits) if sizes is None else sizes)))
    if not found or any(not 1 <= size <= num_qubits for size in found):
        raise ArgumentError(f"Argument `sizes` must hold sizes from 1 to {num_qubits}, but is {sizes}.")
    return found


def _powers(num_qubits: int) -> list[int]:
    """1, 2, 4, … and N itself."""
    return sorted({2**k for k in range(num_qubits.bit_length())} | {num_qubits})


def _options(
    groups: int, size: int, world: World, frequencies: FloatArray, kept: float, readouts: Sequence[str]
) -> list[_Option]:
    """What groups of one size are at each frequency.

    K bits by parity have 1/(V² K) of variance at half height. The flag counts PK of them, of visibility V/P, that is
    P/(V² K): it is never worse, and better wherever P < 1.
    """
    times = frequencies / size
    seen, block = visibility_and_kept(Probe.ghz(size), world, times)
    flagged = ("loss_flag" in readouts) & (block < 1 - _ALIKE) & (size > 1)
    if "parity" not in readouts and size > 1:
        flagged = np.ones_like(flagged)
    counted = np.where(flagged, block, 1.0)
    told = seen * kept**size / counted
    plain = "parity" if size > 1 else "local"
    return [
        _Option(size, groups, time, visibility, "loss_flag" if by_flag else plain, part)
        for time, visibility, by_flag, part in zip(
            times.tolist(), told.tolist(), flagged.tolist(), counted.tolist(), strict=True
        )
    ]


def _chains(
    num_qubits: int, world: World, sizes: Sequence[int], reach: float, kept: float, readouts: Sequence[str]
) -> list[_Chain]:
    """Chains that end at many frequencies, the same ones whichever sizes may be used, so that they compare."""
    slowest = float(np.max(world.decay_rates(num_qubits)))
    found = []
    for last in _powers(num_qubits):
        times = np.geomspace(0.01 / (last * slowest), 2 / slowest, _TIMES)
        for top in (times * last).tolist():
            steps = max(math.ceil(math.log2(top * 2 * reach / math.pi)), 0)
            frequencies = top / 2.0 ** np.arange(steps, -1, -1)
            ways: list[list[_Option]] = [[] for _ in frequencies]
            for size in sizes:
                found_here = _options(num_qubits // size, size, world, frequencies, kept, readouts)
                for way, option in zip(ways, found_here, strict=True):
                    if option.visibility > _FAINT:
                        way.append(option)
            if all(ways):
                found.append(_Chain(tuple(frequencies.tolist()), tuple(map(tuple, ways)), reach))
    return found


def _designed(chain: _Chain, error: float, share: float, heavier: float, dead_time: float) -> list[Rung]:
    """The windows of every rung, from the last to the first; [] where it cannot be.

    Angles are taken as normal, and a wrong branch at a rung as one period of it.
    """
    from scipy.special import ndtri

    last, each = len(chain.frequencies) - 1, share * error**2 / (len(chain.frequencies) * heavier)
    wanted = (1 - share) * (chain.frequencies[-1] * error) ** 2  # the variance of the last rung's angle
    rungs: list[Rung] = []
    for place in range(last, -1, -1):
        frequency = chain.frequencies[place]
        chance = min(each / (2 * math.pi / frequency) ** 2, 0.5)
        if place == 0:  # nothing before it: the field itself may be off by the reach
            margin = math.pi - frequency * chain.reach
            wanted = min(wanted, (margin / -float(ndtri(chance / 2))) ** 2)
        else:
            whole = (math.pi / -float(ndtri(chance / 2))) ** 2
            wanted = min(wanted, whole / 2)
        best = min(
            (_rung(one, wanted) for one in chain.options[place]), key=lambda one: one.windows * (one.time + dead_time)
        )
        rungs.append(best)
        if place:
            bits = best.windows * best.groups * best.kept
            own = (1 - best.visibility**2 / 4) / (best.visibility**2 * bits)
            wanted = max((whole - own) / 4, 1e-12)
    return rungs[::-1]


def _rung(one: _Option, variance: float) -> Rung:
    """The rung with the windows that bring the variance of its angle, averaged over all angles, down to this.

    K bits of both quadratures have (1 − V²/4)/(V² K): sin² of one and cos² of the other, less what V leaves of noise.
    Of those that a loss flag may throw away so many have to be left.
    """
    bits = max((1 - one.visibility**2 / 4) / (one.visibility**2 * variance), _FEWEST)
    windows = math.ceil(bits / (one.groups * one.kept))
    return Rung(one.size, one.groups, one.time, windows, one.visibility, one.readout, one.kept)
