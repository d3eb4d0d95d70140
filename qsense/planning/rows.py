"""The rows of one N: numbers of the curves of its probes, with intervals from uncertain T1 and T2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.costs import Crossing, Measured, cost_of, frequency_error, needed
from qsense.planning.curves import Curve, GhzOnDevice
from qsense.planning.design import designs
from qsense.planning.outcomes import (
    COARSE,
    ENDS,
    FINE,
    Best,
    Table,
    best,
    decibels,
    grid,
    integral,
    leads_until,
    merit,
    quantiles,
    tabulate,
)
from qsense.planning.question import Factors, Question
from qsense.planning.row import Interval, Row
from qsense.planning.site import Site
from qsense.signals.magnetic import magnetic_field
from qsense.theory.block import reach

Level = tuple[FloatArray, FloatArray]
Tables = Mapping[str, tuple[Table, Table]]


def tables_of(site: Site, question: Question) -> Tables:
    """Returns the values of a site's curves, by their names: as calibrated, and of every draw at fewer times."""
    one, drawn = _factors(site, question)
    fine, coarse = grid(site.span, FINE), grid(site.span, COARSE)
    return {
        name: (tabulate(curve, fine, one, question), tabulate(curve, coarse, drawn, question))
        for name, curve in site.curves.items()
    }


def _factors(site: Site, question: Question) -> tuple[Factors, Factors]:
    return Factors.scaled([1.0], site.num_qubits), Factors.drawn(question.uncertainty, site.num_qubits)


def level_of(site: Site, question: Question, tables: Tables) -> Level:
    """Returns what is ranked by of the product probe, as calibrated, shape (1,), and of every draw; in s."""
    dead = question.dead_time + site.curves["product"].overhead
    exact, spread = (merit(table, question, dead) for table in tables["product"])
    return exact, spread


def rows_of(site: Site, question: Question, ratio: float | None, tables: Tables, level: Level) -> list[Row]:
    """Returns the rows of a site's probes, GHZ first.

    Args:
        site: the probes of one N.
        question: what is asked.
        ratio: gyromagnetic, in Hz/T; None where it is not known.
        tables: of the site's curves.
        level: of the product probe that all are set beside.
    """
    probes = {name: _Probe.of(site, name, tables, question) for name in site.curves}
    planned = designs(
        site,
        question,
        {name: float(probe.best[0].time[0]) for name, probe in probes.items()},
        {name: float(probe.total[0][0]) for name, probe in probes.items()},
        {name: float(probe.until[0][0]) for name, probe in probes.items() if probe.until is not None},
    )
    measured = {name: Measured(curve, planned[name]) for name, curve in site.curves.items()}
    factors = _factors(site, question)
    return [_row(site, name, question, ratio, probes, measured, level, factors) for name in site.curves]


class _Probe(NamedTuple):
    """Numbers of a probe's curves as calibrated and as drawn, each a pair."""

    tables: tuple[Table, Table]
    best: tuple[Best, Best]
    total: tuple[FloatArray, FloatArray]
    until: tuple[FloatArray, FloatArray] | None

    @classmethod
    def of(cls, site: Site, name: str, tables: Tables, question: Question) -> _Probe:
        dead = question.dead_time + site.curves[name].overhead
        own, product = tables[name], tables["product"]
        until = None if name == "product" else (leads_until(own[0], product[0]), leads_until(own[1], product[1]))
        return cls(own, (best(own[0], dead), best(own[1], dead)), (integral(own[0]), integral(own[1])), until)


def _row(
    site: Site,
    name: str,
    question: Question,
    ratio: float | None,
    probes: Mapping[str, _Probe],
    measured: Mapping[str, Measured],
    level: Level,
    factors: tuple[Factors, Factors],
) -> Row:
    """One row; `level` is what the goal ranks by of product spins, as calibrated and drawn."""
    curve, found, own = site.curves[name], probes[name], measured[name]
    dead = question.dead_time + curve.overhead
    (exact, spread), start = found.best, np.zeros(1)
    ratios, scatter = (
        decibels(merit(table, question, dead) / base) for table, base in zip(found.tables, level, strict=True)
    )
    time = float(exact.time[0])
    numbers = {
        "gain_start": [curve.gain(start, one)[:, 0] for one in factors],
        "best_time_s": [exact.time, spread.time],
        "rate_s": [exact.rate, spread.rate],
        "integrated_gain_s": list(found.total),
    }
    if found.until is not None:
        numbers["leads_until_s"] = list(found.until)
    crossings = [_crossing(name, probes, measured, place) for place in (0, 1)]
    cost = cost_of(own, crossings[0], question, dead)
    limit, reached = math.inf, math.inf
    if cost.shots and math.isfinite(cost.shots):
        at = [tabulate(curve, exact.time, one, question).told[:, 0] for one in factors]
        run = [frequency_error(own, cost, question, one) for one in factors]
        with np.errstate(divide="ignore"):
            phase = [1 / np.sqrt(told * cost.shots) for told in at]
        limit, reached = float(phase[0][0]), float(run[0][0])
        numbers |= {"phase_error_rad": phase, "run_frequency_error_rad_per_s": run}
        numbers["frequency_error_rad_per_s"] = [one / time for one in phase]
        numbers |= _in_tesla(numbers, ratio)
        counts = [np.array([cost.shots]), np.full(len(spread.time), cost.shots)]
        if question.shots is None and question.seconds is None:
            counts[1] = needed(own, crossings[1], question, factors[1]) * cost.circuits * len(cost.times_s)
        each = cost.device_s / cost.shots
        numbers |= {"shots": counts, "device_s": [one * each for one in counts]}
    intervals = {key: interval_of(float(value[0]), draws) for key, (value, draws) in numbers.items()}
    until = None if found.until is None else float(found.until[0][0])
    turns = _reach(site, name) * float(question.collected(exact.time)[0])
    return Row(
        site.probes[name].name, site.num_qubits, site.qubits, curve.readout, intervals["gain_start"].value, time,
        _around(float(ratios[0]), scatter), until, cost, limit, reached, float(exact.rate[0]),
        float(found.total[0][0]), curve.overhead, turns, ratio, intervals,
        site.world.pulses.name, _mitigation(curve, time, factors[0]),
    )  # fmt: skip


def _crossing(name: str, probes: Mapping[str, _Probe], measured: Mapping[str, Measured], place: int) -> Crossing | None:
    """What product spins are measured for is the crossing of the GHZ probe; None where no probe is for one."""
    leader = "ghz" if name == "product" else name
    until = probes[leader].until if leader in probes else None
    if until is None or not 0 < float(until[0][0]) < math.inf or measured[leader].design.rule is None:
        return None
    return Crossing(measured[leader], measured["product"], until[place])


def _in_tesla(numbers: Mapping[str, list[FloatArray]], ratio: float | None) -> dict[str, list[FloatArray]]:
    if ratio is None:
        return {}
    return {
        name: [np.abs(magnetic_field(1.0, ratio)) * one for one in numbers[of]]
        for name, of in (
            ("field_error_t", "frequency_error_rad_per_s"), ("run_field_error_t", "run_frequency_error_rad_per_s"),
        )
    }  # fmt: skip


def _reach(site: Site, name: str) -> float:
    """How many times faster than one spin a fringe turns; the fastest spin's where spins are read one by one."""
    if name == "ghz":
        return reach(site.probes[name], site.world)
    return float(np.abs(site.world.weights(site.num_qubits)).max())


def _mitigation(curve: Curve, time: float, one: Factors) -> float:
    """In dB, 0 or less: of spins that are read one by one both signal and error are scaled."""
    if not isinstance(curve, GhzOnDevice):
        return 0.0
    if not curve.spins.contrast.all():
        return -math.inf  # a readout that tells nothing cannot be inverted
    at = np.array([time])
    return float(decibels(curve.mitigated_information(at, one) / curve.information(at, one))[0, 0])


def interval_of(value: float, draws: FloatArray) -> Interval:
    """Returns the 95 % interval of a number: quantiles of its draws, set about the calibrated number as they are about
    the first draw, which is the calibration on the draws' own grid.

    Args:
        value: as calibrated.
        draws: shape (1 + draws,), the first of the calibration; some may be 0 or infinite.
    """
    if not (math.isfinite(value) and value > 0 and np.isfinite(draws).all() and (draws > 0).all()):
        low = float(np.quantile(draws, ENDS[0], method="lower"))
        high = float(np.quantile(draws, ENDS[1], method="higher"))
        return Interval(value, min(value, low), max(value, high))
    low, high = quantiles(draws / draws[0]).tolist()
    return Interval(value, value * min(low, 1.0), value * max(high, 1.0))


def _around(value: float, draws: FloatArray) -> Interval:
    low, high = quantiles(draws - draws[0]).tolist()
    return Interval(value, value + min(low, 0.0), value + max(high, 0.0))
