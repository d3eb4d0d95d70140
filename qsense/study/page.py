"""What a page says of a study: read from its folder's summary.json and trials.csv, or from what has just been found."""

from __future__ import annotations

import csv
import io
import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qsense.comparison.verdicts import probe_name, ratio_cells, ratio_text
from qsense.errors import ContentError
from qsense.estimators.result import NORMAL_95
from qsense.files import safe
from qsense.files.nesting import parse_json
from qsense.files.units import time_unit
from qsense.reports.page.blocks import Block, Charts, Facts, Part, Section, Table, Texts
from qsense.reports.page.charts import MARKERS, slots
from qsense.reports.page.gain_panels import Look, Panel
from qsense.reports.page.series import Series, Value, series_panel
from qsense.reports.run_tables import until_text
from qsense.runs.columns import parse_cell
from qsense.study.panels import LABELS, MOST_PANELS, levels_of, panels_of, value_text, varying, words_of
from qsense.tables.columns import TRIAL_COLUMNS

_OF_EXPONENT = tuple(name for name in TRIAL_COLUMNS if name not in ("num_qubits", "shots", "field_rad_per_s"))
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError)
_NUMBERS = ("integrated_gain_s", "integrated_gain_stderr_s", "integrated_gain_exact_s")
_REFUSED = ("assumptions", "z", "quantity")


@dataclass(frozen=True)
class Average:
    """The trials that differ in their seed alone: 𝓘 in s with its standard error, and its exact value."""

    names: dict[str, Any]
    trials: int
    value: float
    stderr: float
    exact: float
    is_refused: bool


def study_part(folder: Path) -> Part:
    """Returns what is said of a study, from the folder that `qsense sweep` has written.

    Raises:
        ContentError: there is no such study, or its files are damaged.
    """
    try:
        summary = parse_json(safe.read_bytes(folder / "summary.json", folder).decode())
        file = safe.opened(folder / "trials.csv", folder)
    except (OSError, ValueError) as error:
        raise ContentError(
            f"{folder}: is no study's folder, or damaged ({type(error).__name__}); make it again with: qsense sweep"
        ) from error
    try:
        with io.TextIOWrapper(file, "utf-8", newline="") as text:  # line by line: a large study's is large
            return _part(summary, csv.reader(text), folder.name)
    except _DAMAGE as error:
        raise ContentError(
            f"{folder}: its summary.json or trials.csv is damaged ({type(error).__name__}); delete the folder and run "
            "qsense sweep again."
        ) from error


def _part(summary: Mapping[str, Any], lines: Iterator[list[str]], folder: str) -> Part:
    averages = _averages(lines, list(summary.get("swept", ())))
    z, crossovers = summary["z"], summary["crossovers"]
    said = [f"{summary['trials']} trials in {len(averages)} cells that differ in more than their seed."]
    if z["deviation"] is not None:
        said.append(
            f"z of 𝓘 against theory: mean {float(z['mean']):+.2f}, deviation {float(z['deviation']):.2f}; "
            f"{100 * float(z['within_95']):.1f} % are within the 95 % interval."
        )
    for name, number in summary.get("trials_withheld", {}).items():
        said.append(f"The counts of {number} trials refuse what their estimator assumes: {name}.")
    if summary.get("trials_with_readout_error"):
        number = summary["trials_with_readout_error"]
        said.append(f"{number} trials hold readout error that their exact values leave out; they have no z.")
    said += map(str, summary.get("qubits", ()))
    sections = (
        Section("What came out", (Texts(tuple(said)),)),
        Section("Integrated gain", _integrals(averages)),
        Section("GHZ against product", _leads(crossovers)),
        Section("How it grows with N", _exponents(summary["exponents"])),
        Section("Every cell", (_table(averages),)),
        Section("Where the numbers come from", _provenance(summary)),
    )
    about = f"study {folder}"
    title = str(summary.get("name", folder))
    return Part(title, about, _headline(summary, crossovers), tuple(s for s in sections if s.blocks))


def _headline(summary: Mapping[str, Any], crossovers: Sequence[Mapping[str, Any]]) -> str:
    told = [row for row in crossovers if row.get("ratio") is not None and row.get("ratio_low") is not None]
    if not told:
        return f"{summary['trials']} trials; no GHZ probe stands beside a product probe, so there is no verdict."
    more = sum(float(row["ratio_low"]) > 1 for row in told)
    less = sum(row["ratio_high"] is not None and float(row["ratio_high"]) < 1 for row in told)
    return (
        f"Of {len(told)} comparisons GHZ gains more than product over the whole window in {more}, less in {less}, and "
        f"{len(told) - more - less} tell no difference, by the 95 % interval of each alone."
    )


def _averages(lines: Iterator[list[str]], swept: Sequence[str]) -> list[Average]:
    names = next(lines, [])
    place = {name: at for at, name in enumerate(names)}
    keys = [name for name in (*TRIAL_COLUMNS, *swept) if name != "seed" and name in place]
    groups: dict[tuple[str, ...], _Group] = {}
    for line in filter(None, lines):
        group = groups.setdefault(tuple(line[place[key]] for key in keys), _Group())
        group.add({name: line[at] for name, at in place.items() if name in ("seed", *_NUMBERS, *_REFUSED)})
    found = []
    for label, own in groups.items():
        values, errors = np.array(own.values), np.array(own.errors)
        known = {key: parse_cell(key, text) for key, text in zip(keys, label, strict=True)}
        error = float(np.linalg.norm(errors)) / len(values)
        found.append(Average(known, len(values), float(values.mean()), error, own.exact, own.is_refused))
    return found


class _Group:
    """The trials that differ in their seed alone, as they are read."""

    def __init__(self) -> None:
        self.seeds: set[str] = set()
        self.values, self.errors = array("d"), array("d")
        self.exact, self.is_refused = 0.0, False

    def add(self, cells: Mapping[str, str]) -> None:
        """Adds a trial; one that occurs twice counts once."""
        if cells.get("seed", "") in self.seeds:
            return
        self.seeds.add(cells.get("seed", ""))
        value, error, exact = (float(parse_cell(name, cells.get(name))) for name in _NUMBERS)  # type: ignore[arg-type]
        assumptions, z, quantity = (parse_cell(name, cells.get(name)) for name in _REFUSED)
        self.exact = self.exact if self.values else exact
        self.values.append(value)
        self.errors.append(error)
        self.is_refused |= bool(assumptions) and (z is None or "bound" in str(quantity))


def _integrals(averages: Sequence[Average]) -> tuple[Block, ...]:
    across, by, panels = panels_of(averages)
    chosen, levels = levels_of(averages, by)
    words = {level: "all" if by is None else words_of({by: level}, [by]) for level in chosen}
    probes = slots(_family(one) for one in averages)
    look = Look(probes, slots(words.values(), MARKERS))
    shown = list(panels.items())[:MOST_PANELS]
    made = [_panel(title, group, (across, by), chosen, words, look) for title, group in shown]
    note = (
        "" if len(shown) == len(panels) else f"The first {len(shown)} of {len(panels)} panels; all are in trials.csv."
    )
    if len(chosen) < levels:
        note += f" {len(chosen)} of {levels} values of {LABELS.get(str(by), str(by))} are drawn."
    return (Charts.of(made, look, note.strip()),)


def _panel(
    title: str,
    group: Sequence[Average],
    keys: tuple[str, str | None],
    chosen: Sequence[Any],
    words: Mapping[Any, str],
    look: Look,
) -> Panel:
    across, by = keys
    seconds, unit = time_unit(max(abs(one.exact) for one in group) or 1.0)
    every = []
    for probe in dict.fromkeys(map(_family, group)):
        for level in chosen:
            own = [a for a in group if _family(a) == probe and (by is None or a.names[by] == level)]
            for pale in (False, True):
                values = tuple(
                    Value(
                        float(a.names[across]), a.value / seconds, (a.value - NORMAL_95 * a.stderr) / seconds,
                        (a.value + NORMAL_95 * a.stderr) / seconds, a.exact / seconds,
                    )
                    for a in own
                    if a.is_refused == pale
                )  # fmt: skip
                if values:
                    name = probe if by is None else f"{probe}, {words[level]}"
                    slot = look.probes[probe], look.estimators[words[level]]
                    every.append(Series(name, *slot, values, pale, not probe.startswith("GHZ")))
    return series_panel(title or "all trials", LABELS.get(across, across), f"𝓘 = ∫G dt ({unit})", every)


def _family(one: Average) -> str:
    name = str(one.names["probe"])
    return "GHZ with signs" if name.startswith("ghz:") else probe_name(name)


def _leads(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    if not rows:
        return ()
    results = (
        "crossover", "until", "measured_until", "lead_p_value", "trail_p_value", "ratio", "assumptions",
    )  # fmt: skip
    known = [key for key in rows[0] if not key.startswith(results)]
    names = [key for key in known if len({json.dumps(row.get(key)) for row in rows}) > 1]
    found: list[dict[str, str | None]] = []
    for row in rows:
        is_refused = bool(row.get("assumptions"))
        labels: dict[str, str | None] = {
            LABELS.get(name, name.replace("_", " ")): value_text(row.get(name)) for name in names
        }
        exact = row.get("crossover_exact_s")
        shown, interval = ratio_cells(*(row.get(key) for key in ("ratio", "ratio_low", "ratio_high")))
        found.append(
            labels
            | {
                "GHZ leads until (s)": "an assumption is refused" if is_refused else until_text(row, 1.0),
                "exact (s)": None if exact is None else f"{float(exact):.4g}",
                "ratio of 𝓘": None if is_refused else shown,
                "95 %": None if is_refused else interval,
                "ratio, exact": None if row.get("ratio_exact") is None else ratio_text(float(row["ratio_exact"])),
            }
        )  # fmt: skip
    return (Table.of("Until when GHZ leads, and the ratio of 𝓘", found, "summary.json", is_folded=len(found) > 20),)


def _exponents(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    names = [key for key in varying(rows) if key in _OF_EXPONENT] if rows else []
    found = [
        {
            **{LABELS.get(key, key.replace("_", " ")): row[key] for key in dict.fromkeys(("probe", *names))},
            "of": {"gain_start": "G(0)", "decay_rate": "G(0)/𝓘"}.get(row["quantity"], row["quantity"]),
            "N": ", ".join(map(str, row["num_qubits"])),
            "power of N": f"{float(row['exponent']):.3f} ± {float(row['exponent_stderr']):.3f}",
            "exact": f"{float(row['exponent_exact']):.3f}", "z": f"{float(row['z']):+.1f}",
        }
        for row in rows
    ]  # fmt: skip
    caption = "The power of N, measured and exact; ± is one standard error"
    return (Table.of(caption, found, "summary.json", is_folded=len(found) > 20),) if found else ()


def _table(averages: Sequence[Average]) -> Table:
    names = varying([one.names for one in averages])
    found = []
    for one in averages:
        size, unit = time_unit(abs(one.exact) or 1.0)
        reach = NORMAL_95 * one.stderr
        found.append(
            {LABELS.get(name, name.replace("_", " ")): one.names[name] for name in names}
            | {
                "trials": one.trials, "𝓘": f"{one.value / size:.4g} {unit}",
                "95 %": f"{(one.value - reach) / size:.4g} … {(one.value + reach) / size:.4g}",
                "exact": f"{one.exact / size:.4g}", "assumptions": "refused" if one.is_refused else "hold",
            }
        )  # fmt: skip
    return Table.of("Cells: trials that differ in their seed alone, averaged", found, "trials.csv", is_folded=True)


def _provenance(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    facts = [("study", str(summary["study_id"])), ("trials", str(summary["trials"]))]
    if summary.get("not_run"):
        facts.append(("not run", str(summary["not_run"])))
    for one in list(summary.get("provenance", ()))[:3]:
        facts += [
            (str(key).replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for key, value in one.items()
        ]
    return (Facts(tuple(facts)),)
