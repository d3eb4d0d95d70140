"""The symmetric probe of the largest operational rate: the best time follows the amplitudes.

The rate at a few times about the best one says it everywhere between them: it is a smooth function of ln t. So an
ascent over amplitudes climbs the largest value of a polynomial through them, whose gradient is that of a weighted sum
of gains, at times that stay: what the noise does there is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from qsense.noise import AnyNoise
from qsense.numerics.fisher import FloatArray
from qsense.numerics.peaks import peak, points, to_series, weights_at
from qsense.probes import Probe
from qsense.theory.mixing import Array
from qsense.theory.rate import operational_rate
from qsense.theory.search import ALL_STARTS, ROUGH, STEPS, SampledObjective, ascend, last_step
from qsense.theory.starts import in_fives, is_for, patterned_spins, patterned_starts, scaled, scaled_pattern, starts

_WIDE, _NARROW = 0.4, 0.1  # of ln t, on both sides of the best time
_NODES = 6  # there: the polynomial is wrong by some 1e-6 and 1e-10
_SPACING = 0.5  # of ln t where a rate is looked for
_LOOKED, _LOOKED_NODES = 0.3, 10  # about one of these times, and the largest is closer than that to one
_BEYOND = 3.0  # how far outside the best times of GHZ and product others may lie
_ROUNDS = ((8, 8), (20, 3))  # steps of each ascent, and how many of them go on
_ALIKE = 1e-5  # by which the overlap of two ends that lead to one maximum is below 1
_APART = 0.5  # of ln t: ends at times farther apart are of different kinds
_AGAIN = 4  # how often the best time may lie elsewhere
_MOVES, _MOST = 12, 60  # times that an ascent may leave the range about its time, and its steps each time
_EDGE = 0.9  # of the width, beyond which the best time is not inside


@dataclass(frozen=True)
class RateObjective(SampledObjective):
    """The largest rate in s between e^{−width} and e^{width} times a time, by a polynomial in ln t.

    Attributes:
        time: in s.
        width: of ln t, on both sides.
    """

    time: float
    width: float

    @classmethod
    def around(
        cls, num_qubits: int, noise: AnyNoise, dead_time: float, time: float, width: float, nodes: int = _NODES
    ) -> RateObjective:
        """Returns it for a time in s, with so many nodes."""
        times = time * np.exp(width * points(nodes))
        sampled = SampledObjective.at(num_qubits, noise, times, times * (times / (times + dead_time)))
        return cls(sampled.channel, sampled.weights, time, width)

    def value_and_gradient(self, amplitudes: Array) -> tuple[float, Array]:
        """Returns the objective and its gradient, as `SampledObjective` does."""
        gains, gradient = self.gains_and_gradient(amplitudes, self._at_peak)
        return float(self._at_peak(gains) @ gains), gradient

    def value(self, amplitudes: Array) -> float:
        """Returns the objective of normalised amplitudes."""
        gains = self.gains(amplitudes)
        return float(self._at_peak(gains) @ gains)

    def best_time(self, amplitudes: Array) -> float:
        """Returns the time in s of the largest rate."""
        return self.time * float(np.exp(self.width * self._peak(self.gains(amplitudes))))

    def _at_peak(self, gains: FloatArray) -> FloatArray:
        """The weights of the gains whose sum is the largest value of the polynomial."""
        return weights_at(self._peak(gains), len(gains)) * self.weights

    def _peak(self, gains: FloatArray) -> float:
        """Where the polynomial is largest, from −1 to 1."""
        return peak(to_series(len(gains)) @ (self.weights * gains))


class _End(NamedTuple):
    """Where an ascent is: amplitudes, a time in s and, once they have climbed, the rate there in s."""

    amplitudes: Array
    time: float
    rate: float = 0.0


def quick_rate(num_qubits: int, noise: AnyNoise, dead_time: float) -> Callable[[Probe], float]:
    """Returns a function of a symmetric probe: its rate in s to about 1e-6 of it.

    A few times around those of GHZ and product tell where it is largest, and ten more how large.
    """
    first, last = np.log(_end_times(num_qubits, noise, dead_time)) + np.log([1 / _BEYOND, _BEYOND])
    times = np.exp(np.linspace(first, last, int((last - first) / _SPACING) + 2))
    coarse = SampledObjective.at(num_qubits, noise, times, times * (times / (times + dead_time)))

    @cache
    def around(place: int) -> RateObjective:
        return RateObjective.around(num_qubits, noise, dead_time, float(times[place]), _LOOKED, _LOOKED_NODES)

    def rate(probe: Probe) -> float:
        amplitudes = probe.dicke_amplitudes()
        assert amplitudes is not None
        place = int(np.argmax(coarse.weights * coarse.gains(amplitudes)))
        return around(place).value(amplitudes)

    return rate


def best_for_rate(
    num_qubits: int, noise: AnyNoise, dead_time: float, start: Array | None
) -> tuple[Array, SampledObjective]:
    """Returns the amplitudes of the largest rate that is found, and G at their best time, from one start or from all.

    Ascents end at the nearest maximum, so that several times are tried: those of GHZ, of product, and between.
    """
    if start is None:
        best = _climb(num_qubits, noise, dead_time)[0]
    else:
        best = _End(start, operational_rate(Probe.symmetric(start), noise, dead_time).time)
    for _ in range(_AGAIN):  # another time may be better
        best = _ascended(num_qubits, noise, dead_time, best, _NARROW)
        found = operational_rate(Probe.symmetric(best.amplitudes), noise, dead_time)
        same = abs(found.time - best.time) < 1e-4 * best.time
        best = best._replace(time=found.time)
        if same:
            break
    return best.amplitudes, SampledObjective.at(num_qubits, noise, np.array([best.time]))


def _climb(num_qubits: int, noise: AnyNoise, dead_time: float, patterned: bool = True) -> list[_End]:
    """The best end of ascents, and one at another time, from all starts or for many spins from those of half as many.

    Which one is the best may change with the number of spins: under emission it is one like GHZ at N = 40, and one
    like a squeezed state at N = 100.
    """
    if num_qubits > ALL_STARTS and is_for(num_qubits // 2, noise):
        halves = _climb(num_qubits // 2, noise, dead_time, patterned=False)
        ends = [half._replace(amplitudes=scaled(half.amplitudes, num_qubits)) for half in halves]
    else:
        ends = _rough(num_qubits, noise, dead_time, starts(num_qubits))
        ends += _patterned(num_qubits, noise, dead_time) if patterned else []
    return _best([_settled(num_qubits, noise, dead_time, end) for end in ends], 1)


def _rough(num_qubits: int, noise: AnyNoise, dead_time: float, begin: Sequence[Array]) -> list[_End]:
    """The best ends of a few steps from every start at four times."""
    times, ends = np.geomspace(*_end_times(num_qubits, noise, dead_time), 4), []
    for five in in_fives(begin):
        of_five = [_End(start, float(time)) for time in times for start in five]
        for steps, kept in _ROUNDS:
            of_five = _best([_ascended(num_qubits, noise, dead_time, end, _WIDE, steps) for end in of_five], kept)
        ends += of_five
    return ends


def _patterned(num_qubits: int, noise: AnyNoise, dead_time: float) -> list[_End]:
    """The same from patterned starts, of many spins the best of fewer scaled up (`patterned_spins`)."""
    few = patterned_spins(num_qubits, noise)
    ends = _rough(few, noise, dead_time, patterned_starts(few)) if few else []
    if few == num_qubits or not few:
        return ends
    best = _best([_settled(few, noise, dead_time, end) for end in ends], 1)
    return [end._replace(amplitudes=scaled_pattern(end.amplitudes, num_qubits)) for end in best]


def _best(ends: list[_End], count: int) -> list[_End]:
    """So many different ends, the best first, and the best one at a time that is far from theirs."""
    found = _different(ends)
    chosen, others = found[:count], found[count:]
    far = [end for end in others if all(abs(np.log(end.time / one.time)) > _APART for one in chosen)]
    return chosen + far[:1]


def _settled(num_qubits: int, noise: AnyNoise, dead_time: float, end: _End) -> _End:
    """The end of an ascent that goes on about the best time until that is inside of the range of times."""
    for _ in range(_MOVES):
        before, end = end.time, _ascended(num_qubits, noise, dead_time, end, _WIDE, _MOST)
        if abs(np.log(end.time / before)) < _EDGE * _WIDE:
            break
    return end


def _ascended(num_qubits: int, noise: AnyNoise, dead_time: float, end: _End, width: float, steps: int = STEPS) -> _End:
    """The end of an ascent about the time of another; it is a rough one where the range of times is wide."""
    least = ROUGH if width == _WIDE else last_step(num_qubits)
    objective = RateObjective.around(num_qubits, noise, dead_time, end.time, width)
    amplitudes, rate = ascend(objective, end.amplitudes, steps, least)
    return _End(amplitudes, objective.best_time(amplitudes), rate)


def _end_times(num_qubits: int, noise: AnyNoise, dead_time: float) -> tuple[float, float]:
    """The best times of GHZ and of product in s, the earlier one first."""
    ends = [
        operational_rate(probe, noise, dead_time).time for probe in (Probe.ghz(num_qubits), Probe.product(num_qubits))
    ]
    return min(ends), max(ends)


def _different(ends: list[_End]) -> list[_End]:
    """The ends, the best first, without those that are on the way to the same maximum as a better one."""
    found: list[_End] = []
    for end in sorted(ends, key=lambda end: -end.rate):
        if all(abs(np.vdot(end.amplitudes, one.amplitudes)) < 1 - _ALIKE for one in found):
            found.append(end)
    return found
