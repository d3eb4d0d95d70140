"""A plan for the terminal: its rows in 80 columns, and last the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qsense.files.folding import folded_tables
from qsense.files.terminal import plain_console, print_parts, printable
from qsense.files.units import readable_time
from qsense.planning.plan import SensingPlan
from qsense.planning.question import Question
from qsense.planning.ranking import Ranking
from qsense.planning.row import Interval, Row
from qsense.signals.magnetic import readable_field

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WIDTH, MOST_ROWS = 80, 12
_MOST_QUBITS = 20
_MOST_ASSUMED = 4
_GOALS = {
    "rate": "information about φ per total time",
    "field": "the error of the field per total time",
    "img": "𝓘, the integral of G",
    "crossover": "until when G is above that of product spins",
}


def print_plan(
    plan: SensingPlan,
    words: str | None = None,
    out: str | None = None,
    plot: str | None = None,
    run: Sequence[Mapping[str, Any]] = (),
    calibration: Mapping[str, Any] | None = None,
) -> None:
    """Prints a plan; of more than 12 rows it says how many more there are.

    Args:
        plan: to print.
        words: the noise, for the title; by default the name of the source.
        out, plot: the files that were written.
        run: what each probe costs and reaches in the run of the spec.
        calibration: what calibrating the readout costs there.
    """
    console = plain_console(highlight=False, piped_width=WIDTH)
    rows = _of_best_pulses(plan)
    parts: list[Any] = [
        f"{words or plan.source}{_dead_time(plan.question)}; ranked by {_GOALS[plan.question.goal]}",
        *_table(rows[:MOST_ROWS], plan.ratio is not None, len(plan.question.each()) > 1, console.width),
    ]
    if len(rows) > MOST_ROWS:
        parts.append(f"{len(rows) - MOST_ROWS} more rows: --json has all of them")
    parts += _notes(plan, words is not None and "T1" not in words)
    if out is not None:
        parts.append(f"run spec: {out}")
        calibrated = calibration or {"shots": 0, "device_s": 0.0}
        shots = sum(one["run_shots"] for one in run) + calibrated["shots"]
        seconds = sum(one["run_device_s"] for one in run) + calibrated["device_s"]
        part = f", {_count(calibrated['shots'])} of them to calibrate the readout" if calibrated["shots"] else ""
        parts.append(f"its run: {_count(shots)} shots{part}; {_time(seconds)} in all")
    if plot is not None:
        parts.append(f"figure: {plot}")
    print_parts(console, [*parts, *_bold(plan.advice.sentence, _capital(plan.advice.limit) + ".")])


def print_ranking(ranking: Ranking, plot: str | None = None) -> None:
    """Prints the devices, the best first, with the best row of each, why others have none, and the verdict."""
    console = plain_console(highlight=False, piped_width=WIDTH)
    best = ranking.plans[0]
    question, row = best.question, best.rows[0]
    cells = []
    for plan in ranking.plans:
        top = plan.rows[0]
        cells.append([
            plan.source, _name(top), str(top.num_qubits), short(top.gain_start), _time(top.best_time_s),
            _decibels(top), _worth(top, question),
        ])  # fmt: skip
    names = ("device", "probe", "N", "G(0)", "best t", "gain (dB)", _worth_name(question))
    verdict = f"Use {best.source}: {_name(row)} of N = {row.num_qubits} is first among {len(ranking.plans)} devices."
    parts: list[Any] = [
        f"the best row of each device{_dead_time(question)}, ranked by {_GOALS[question.goal]}; ±: 95 %",
        *folded_tables(names, cells, ("device", "probe"), width=console.width),
        *(f"{best.source}, {line}" for line in _shortened(best.assumed)),
        *(f"{name}: {why}" for name, why in ranking.left_out.items()),
        *([] if plot is None else [f"figure: {plot}"]),
        *_bold(f"On it: {best.advice.sentence}", verdict),
    ]
    print_parts(console, parts)


def _dead_time(question: Question) -> str:
    """What is said of the dead time, which a forgotten unit makes a million times longer."""
    return f", {readable_time(question.dead_time)} dead time" if question.dead_time else ""


def _bold(*lines: str) -> list[Text]:
    from rich.text import Text

    return [Text(printable(line), style="bold") for line in lines]


def _of_best_pulses(plan: SensingPlan) -> list[Row]:
    """Of each probe and N the first row: that of the best pulses."""
    first: dict[tuple[str, int], Row] = {}
    for row in plan.rows:
        first.setdefault((row.kind, row.num_qubits), row)
    return list(first.values())


def _table(rows: Sequence[Row], in_tesla: bool, with_pulses: bool, width: int) -> list[Table]:
    last = "δB" if in_tesla else "δφt/rad"
    leads = "pulses" if with_pulses else "leads for"
    cells = []
    for row in rows:
        error = short(row.run_phase_error_rad, 2)
        if in_tesla:
            field = row.run_field_error_t
            error = readable_field(field) if field is not None and math.isfinite(field) else "–"
        cells.append([
            _name(row), str(row.num_qubits), short(row.gain_start), _time(row.best_time_s), _decibels(row),
            row.idle if with_pulses else _until(row), _count(row.shots),
            _time(row.device_s) if row.shots else "–", error,
        ])  # fmt: skip
    names = ("probe", "N", "G(0)", "best t", "gain (dB)", leads, "shots", "takes", last)
    return folded_tables(names, cells, ("probe",), keys=2, width=width)


def _notes(plan: SensingPlan, has_rates: bool) -> list[str]:
    """Lines below the table; `has_rates` says that the noise was not given by T1 and T2."""
    asked = plan.question
    found = []
    site = plan.site(plan.advice.num_qubits)
    if site.qubits:
        ghz = [row.readout for row in plan.rows if row.kind == "ghz" and row.num_qubits == site.num_qubits]
        read = f"; GHZ read by {ghz[0]}" if ghz else ""
        found.append(f"N = {site.num_qubits} on qubits {_listed(site.qubits)}{read}")
    bound = next(one for one in plan.bounds if one.num_qubits == site.num_qubits)
    if math.isfinite(bound.advantage_db):
        found.append(
            f"bound: no probe of N = {bound.num_qubits}, perfectly prepared and read, has more than "
            f"{bound.advantage_db:+.2f} dB"
        )
    found += list(_shortened(site.assumed))
    here = [row for row in plan.of_advice().rows if row.num_qubits == site.num_qubits]
    for row in here:
        if row.kind == "squeezed":
            how = "; * an estimate: its twisting takes gates that qsense has no circuit of" if row.is_estimate else ""
            found.append(f"squeezed, N = {row.num_qubits}: {row.probe}{how}")
    for probe, why in dict.fromkeys((probe, why) for (probe, _), why in plan.left_out.items()):
        sizes = [str(size) for (name, size), reason in plan.left_out.items() if (name, reason) == (probe, why)]
        found.append(f"{probe}, N = {', '.join(sizes)}: not planned: {why}")
    found += _of_field(plan)
    budget = f"{asked.shots} shot{'' if asked.shots == 1 else 's'}" if asked.shots is not None else None
    if asked.seconds is not None:
        budget = _time(asked.seconds)
    meant = {"img": "𝓘", "crossover": "the crossing"}.get(asked.goal, "G at the best time")
    shots = f"shots: as given, {budget}" if budget else f"shots: for ±{100 * asked.precision:.3g} % (95 %) of {meant}"
    uncertain = "T1 and T2 of these rates" if has_rates and site.uncertain == "T1 and T2" else site.uncertain
    if len(asked.each()) > 1:
        names = ", ".join(one.pulses.name for one in asked.each())
        found.append(f"pulses: of each probe the best of {names}; gains are over product spins with their best")
    found.append(f"{shots}; ± and intervals: 95 %, of {uncertain} known to {asked.uncertainty:.0%}")
    return found


def _shortened(assumed: Sequence[str]) -> Sequence[str]:
    """What was assumed of qubits; of many the first few, and how many more."""
    if len(assumed) <= _MOST_ASSUMED:
        return assumed
    return *assumed[:_MOST_ASSUMED], f"{len(assumed) - _MOST_ASSUMED} more qubits like these: --json has all"


def _of_field(plan: SensingPlan) -> list[str]:
    """Sensitivity and range of the advised probe beside product spins, and the advantage with ambiguity counted."""
    best = plan.row(plan.advice.probe, plan.advice.num_qubits)
    rows = [best] if best.kind == "product" else [best, plan.row("product", best.num_qubits)]

    def field(row: Row, value: float, tesla: float | None, unit: str) -> str:
        shown = f"{short(value)} {unit}" if tesla is None else readable_field(tesla, "√" in unit)
        return f"{_name(row)} {shown}"

    sensed = [field(r, r.sensitivity_hz_per_root_hz, r.sensitivity_t_per_root_hz, "Hz/√Hz") for r in rows]
    ranges = [
        field(r, r.dynamic_range_rad_per_s, r.in_tesla(r.dynamic_range_rad_per_s), "rad/s").replace(" ", " ±", 1)
        for r in rows
    ]
    found = [f"sensitivity: {', '.join(sensed)}; range at the best time: {', '.join(ranges)}"]
    counted = plan.unambiguous
    if best.kind == "ghz" and counted.advantage_db is not None:
        within, to = (
            f"{short(one)} rad/s" if plan.ratio is None else readable_field(best.in_tesla(one) or 0.0)
            for one in (counted.range_rad_per_s, counted.error_rad_per_s)
        )
        found.append(
            f"past its range GHZ is ambiguous: with this counted, within ±{within} and to {to}, it saves "
            f"{counted.advantage_db:+.2f} dB of the time (qsense ladder)"
        )
    return found


def _name(row: Row) -> str:
    return "GHZ" if row.kind == "ghz" else f"{row.kind}*" if row.is_estimate else row.kind


def _decibels(row: Row) -> str:
    if row.kind == "product":
        return "0"
    found: Interval = row.advantage_db
    above, below = found.high - found.value, found.value - found.low
    digits = 1 if max(abs(found.value), above, below) >= 9.995 else 2
    value, up, down, half = (f"{one:.{digits}f}" for one in (found.value, above, below, (above + below) / 2))
    sign = "" if value.startswith("-") else "+"
    if abs(above - below) <= max(0.2 * (above + below), 0.03):
        return f"{sign}{value}±{half}"
    return f"{sign}{value}+{up}-{down}"


def _until(row: Row) -> str:
    if row.leads_until_s is None:
        return ""
    return "ever" if math.isinf(row.leads_until_s) else "never" if not row.leads_until_s else _time(row.leads_until_s)


def _time(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "–"
    rounded = float(f"{seconds:.3g}")  # 999.7 µs are 1 ms
    return f"{short(seconds)} s" if 1e3 <= rounded < 7200 else readable_time(rounded)


def short(value: float, digits: int = 3) -> str:
    """A number in at most six or seven characters, so that a table fits its width.

    >>> short(1180.0), short(3.886), short(0.00388), short(0.0007, 2), short(569000.0)
    ('1180', '3.89', '0.00388', '7e-4', '5.69e5')
    """
    if not math.isfinite(value):
        return "–"
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0 or 10.0**-digits <= abs(rounded) < 1e5:
        return f"{rounded:.0f}" if abs(rounded) >= 10**digits else f"{rounded:.{digits}g}"
    digits_of, _, power = f"{rounded:.{digits - 1}e}".partition("e")
    return f"{digits_of.rstrip('0').rstrip('.')}e{int(power)}"


def _listed(qubits: Sequence[int]) -> str:
    if len(qubits) <= _MOST_QUBITS:
        return ", ".join(map(str, qubits))
    return f"{', '.join(map(str, qubits[:3]))}, …, {qubits[-1]} ({len(qubits)} of them; --json has all)"


def _count(shots: float) -> str:
    """A number of shots in few letters.

    >>> _count(812.0), _count(37912.0), _count(6.8e6)
    ('812', '37.9k', '6.8M')
    """
    if not math.isfinite(shots):
        return "none do"
    for size, symbol in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if shots >= size:
            return f"{shots / min(size, 1e3 if symbol == 'k' else size):.3g}{symbol}"
    return str(int(shots))


def _worth_name(question: Question) -> str:
    return {"img": "𝓘", "crossover": "leads for"}.get(question.goal, "rate")


def _worth(row: Row, question: Question) -> str:
    if question.goal == "crossover":
        return _until(row)
    return _time(row.integrated_gain_s if question.goal == "img" else row.rate_s)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
