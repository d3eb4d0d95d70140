"""The rows of a plan: one probe of one N, with what it reaches, costs and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from qsense.estimators.result import NORMAL_95
from qsense.numerics.fisher import FloatArray
from qsense.planning import shots as needed
from qsense.planning.curves import Curve, GhzOnDevice
from qsense.planning.outcomes import (
    COARSE,
    FINE,
    Best,
    Table,
    best,
    decibels,
    grid,
    integral,
    leads_until,
    merit,
    tabulate,
)
from qsense.planning.question import Factors, Question
from qsense.planning.site import Site
from qsense.signals.magnetic import magnetic_field

Pair = tuple[Table, Table]


class Interval(NamedTuple):
    """A planned number, and the ends of its 95 % interval from what T1 and T2 leave open; `high` may be infinite."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Returns the same for JSON, where infinity is null."""
        return {name: one if math.isfinite(one) else None for name, one in self._asdict().items()}


@dataclass(frozen=True)
class Row:
    """What one probe of N spins reaches.

    Attributes:
        probe: its name, "ghz" (of other signs "ghz:+-"), "product", or "one_axis:χ".
        num_qubits: N.
        qubits: of the device, where spin j is; empty without one.
        readout: "loss_flag", "parity", "local_x", "moments", or "any".
        gain_start: G(0) as the run's estimator shows it, preparation and readout included.
        best_time_s: the sensing time that tells most of φ per total time.
        advantage_db: over the product probe on the same qubits, of what the goal asks: information at equal total time,
            or 𝓘 where the goal is "img".
        leads_until_s: until when its G is above that of the product probe; 0 if it never is, infinite if always.
        shots: repetitions, as the budget or the precision asks; 0 where not one fits, infinite where none will do.
        device_s: that they take, dead times included.
        phase_error_rad: of θ = φt at the best time after so many shots.
        field_error_t: of the field; None where no gyromagnetic ratio is known.
        rate_s: information about φ per total time, in s.
        integrated_gain_s: 𝓘 in s, as its estimator shows it.
        overhead_s: preparation and readout of one repetition.
        intervals: name of a number → its interval.
        idle: the pulses of its window.
        mitigation_db: of the information about φ at the best time, if the readout of every spin is inverted before.
    """

    probe: str
    num_qubits: int
    qubits: tuple[int, ...]
    readout: str
    gain_start: float
    best_time_s: float
    advantage_db: Interval
    leads_until_s: float | None
    shots: float
    device_s: float
    phase_error_rad: float
    field_error_t: float | None
    rate_s: float
    integrated_gain_s: float
    overhead_s: float
    intervals: Mapping[str, Interval]
    idle: str = "free"
    mitigation_db: float = 0.0

    @property
    def kind(self) -> str:
        """ "ghz", "product" or "squeezed"."""
        name = self.probe.partition(":")[0]  # a GHZ probe of other signs is "ghz:+-"
        return "squeezed" if name == "one_axis" else name

    @property
    def is_estimate(self) -> bool:
        """Whether its preparation is estimated: qsense has no circuit that squeezes the spins of a device."""
        return self.kind == "squeezed" and bool(self.qubits)

    @property
    def leads(self) -> str | None:
        """When its G is above that of product spins: "never", "until" a time, "always"; None for product spins."""
        if self.leads_until_s is None:
            return None
        return "always" if math.isinf(self.leads_until_s) else "until" if self.leads_until_s else "never"

    @property
    def frequency_error_rad_per_s(self) -> float:
        """The error of φ after so many shots, in rad/s."""
        return self.phase_error_rad / self.best_time_s

    def to_dict(self) -> dict[str, Any]:
        """Returns the row for JSON: infinity is null, and so is what is not known."""
        numbers = {
            name: plain(getattr(self, name))
            for name in (
                "gain_start", "best_time_s", "leads_until_s", "device_s", "phase_error_rad", "field_error_t",
                "frequency_error_rad_per_s", "rate_s", "integrated_gain_s", "overhead_s",
                "mitigation_db",
            )
        }  # fmt: skip
        return {
            "probe": self.probe,
            "num_qubits": self.num_qubits,
            "qubits": list(self.qubits),
            "readout": self.readout,
            "idle": self.idle,
            "is_estimate": self.is_estimate,
            "leads": self.leads,
            "advantage_db": self.advantage_db.to_dict(),
            **numbers,
            "shots": int(self.shots) if math.isfinite(self.shots) else None,
            "intervals": {name: one.to_dict() for name, one in self.intervals.items()},
        }


def plain(value: float | None) -> float | None:
    """Returns a number for JSON; None for what is infinite or not known."""
    return float(value) if value is not None and math.isfinite(value) else None


Level = tuple[FloatArray, FloatArray]


def level_of(site: Site, question: Question) -> Level:
    """Returns what is ranked by of the product probe, as calibrated, shape (1,), and of every draw; in s."""
    n, product = site.num_qubits, site.curves["product"]
    dead = question.dead_time + product.overhead
    one, drawn = Factors.scaled([1.0], n), Factors.drawn(question.uncertainty, n)
    tables = (
        tabulate(product, grid(site.span, FINE), one, question),
        tabulate(product, grid(site.span, COARSE), drawn, question),
    )
    return merit(tables[0], question, dead), merit(tables[1], question, dead)


def rows_of(site: Site, question: Question, ratio: float | None, level: Level) -> list[Row]:
    """Returns the rows of a site's probes, GHZ first.

    Args:
        site: the probes of one N.
        question: what is asked.
        ratio: gyromagnetic, in Hz/T; None where it is not known.
        level: of the product probe that all are set beside.
    """
    n = site.num_qubits
    one, drawn = Factors.scaled([1.0], n), Factors.drawn(question.uncertainty, n)
    fine, coarse = grid(site.span, FINE), grid(site.span, COARSE)
    tables = {
        name: (tabulate(curve, fine, one, question), tabulate(curve, coarse, drawn, question))
        for name, curve in site.curves.items()
    }
    start = np.zeros(1)
    return [
        _row(site, name, question, ratio, (tables[name], tables["product"]), level, (one, drawn), start)
        for name in site.curves
    ]


def _row(
    site: Site,
    name: str,
    question: Question,
    ratio: float | None,
    tables: tuple[Pair, Pair],
    level: Level,
    factors: tuple[Factors, Factors],
    start: FloatArray,
) -> Row:
    """One row: `tables` are of the probe and of product spins, as calibrated and drawn; `level` is of the latter."""
    n, curve = site.num_qubits, site.curves[name]
    dead = question.dead_time + curve.overhead
    exact, spread = (best(table, dead) for table in tables[0])
    ratios, scatter = (
        decibels(merit(table, question, dead) / base) for table, base in zip(tables[0], level, strict=True)
    )
    total, totals = float(integral(tables[0][0])[0]), integral(tables[0][1])
    time = float(exact.time[0])
    numbers = {
        "gain_start": (float(curve.gain(start, factors[0])[0, 0]), curve.gain(start, factors[1])[:, 0]),
        "best_time_s": (time, spread.time),
        "rate_s": (float(exact.rate[0]), spread.rate),
        "integrated_gain_s": (total, totals),
    }
    until: float | None = None
    if name != "product":
        crossing, crossings = (leads_until(a, b) for a, b in zip(*tables, strict=True))
        until = float(crossing[0])
        numbers["leads_until_s"] = (until, crossings)
    shots = _shots(curve, site.curves["product"], question, exact, until, total, n, dead)
    intervals = {key: _interval(value, draws) for key, (value, draws) in numbers.items()}
    intervals |= _costs_intervals(exact, spread, shots, dead)
    phase_error = math.sqrt((time**2 / (time + dead)) / float(exact.rate[0]) / shots) if shots else math.inf
    field = None if ratio is None else abs(magnetic_field(phase_error / time, ratio))
    return Row(
        site.probes[name].name, n, site.qubits, curve.readout, numbers["gain_start"][0], time,
        _around(float(ratios[0]), scatter), until, shots, shots * (time + dead), phase_error, field,
        float(exact.rate[0]), total, curve.overhead, intervals, site.world.pulses.name,
        _mitigation(curve, time, factors[0]),
    )  # fmt: skip


def _shots(
    curve: Curve,
    product: Curve,
    question: Question,
    exact: Best,
    until: float | None,
    total: float,
    num_qubits: int,
    dead: float,
) -> float:
    time = float(exact.time[0])
    if question.shots is not None:
        return float(question.shots)
    if question.seconds is not None:
        return float(math.floor(question.seconds / (time + dead)))
    if question.goal == "img":
        start = float(curve.gain(np.array([time * 1e-9]), Factors.scaled([1.0], num_qubits))[0, 0])
        return needed.for_integral(curve, start, total, num_qubits, question.precision)
    if question.goal == "crossover" and until:
        return needed.for_crossing(curve, product, until, num_qubits, question.precision)
    return needed.for_gain(curve, time, num_qubits, question.precision)


def _mitigation(curve: Curve, time: float, one: Factors) -> float:
    """In dB, 0 or less: of spins that are read one by one both signal and error are scaled."""
    if not isinstance(curve, GhzOnDevice):
        return 0.0
    at = np.array([time])
    return float(decibels(curve.mitigated_information(at, one) / curve.information(at, one))[0, 0])


def _interval(value: float, draws: FloatArray) -> Interval:
    """Of a positive number: symmetric in its logarithm; unbounded where some draws are."""
    if not (math.isfinite(value) and value > 0):
        known = draws[np.isfinite(draws)]
        return Interval(value, float(known.min()) if len(known) else value, float(draws.max()))
    if not np.isfinite(draws).all() or (draws <= 0).any():
        return Interval(value, min(value, float(draws.min())), max(value, float(draws.max())))
    factor = math.exp(NORMAL_95 * float(np.std(np.log(draws))))
    return Interval(value, value / factor, value * factor)


def _around(value: float, draws: FloatArray) -> Interval:
    half = NORMAL_95 * float(np.std(draws))
    return Interval(value, value - half, value + half)


def _costs_intervals(exact: Best, spread: Best, shots: float, dead: float) -> dict[str, Interval]:
    """Of the device's seconds and the error of the phase, for the planned number of shots."""
    if not (shots and math.isfinite(shots)):
        return {}

    def errors(of: Best) -> FloatArray:
        return np.asarray(np.sqrt(of.time**2 / (of.time + dead) / of.rate / shots))

    return {
        "device_s": _interval(float(shots * (exact.time[0] + dead)), shots * (spread.time + dead)),
        "phase_error_rad": _interval(float(errors(exact)[0]), errors(spread)),
    }
