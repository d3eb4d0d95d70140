"""What many records say, against the record's number: how much more one probe gains, and until when it leads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.advantage import Crossover, is_seen
from qsense.comparison.headline import outcomes_of
from qsense.comparison.verdicts import gained, is_known, probe_name, ratio_cells, ratio_text
from qsense.files.units import time_unit
from qsense.probes.signs import without_signs
from qsense.reports.page.blocks import Block, Charts, Table
from qsense.reports.page.charts import COLOURS, MARKERS, slots
from qsense.reports.page.gain_panels import Look
from qsense.reports.page.series import Series, Value, series_panel

Compared = tuple[int, str, Crossover, str]
"""The record's number and name, what is compared, and its outcome."""


def comparison_blocks(names: Sequence[str], summaries: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Returns pictures of all comparisons against the record's number, and their table; none where nothing is compared.

    Args:
        names: of the records, in their order.
        summaries: theirs.
    """
    found = [
        (number, name, item, outcome)
        for number, (name, summary) in enumerate(zip(names, summaries, strict=True), start=1)
        for item, outcome in outcomes_of(summary)
    ]
    if not found:
        return ()
    every = list(dict.fromkeys(_kind(item) for *_, item, _ in found))
    kinds = slots(every[:COLOURS])
    signs = slots(kinds, MARKERS)
    panels = [panel for make in (_ratios, _untils) if (panel := make(found, kinds, signs)) is not None]
    note = "The line at zero is no difference; bars are 95 % intervals. Numbers are those of the table above."
    if len(every) > len(kinds):
        note += f" {len(kinds)} of {len(every)} kinds of comparison are drawn, a colour each; the table has all."
    table = _table(found)
    return (Charts.of(panels, Look(kinds, {}, markers=signs), note), table) if panels else (table,)


def _kind(item: Crossover) -> str:
    return f"{probe_name(without_signs(item.probe))} over {probe_name(item.other)}, N = {item.num_qubits}"


def _ratios(found: Sequence[Compared], kinds: Mapping[str, int], signs: Mapping[str, int]) -> Any:
    values: dict[str, list[Value]] = {}
    for number, _, item, _ in found:
        if not is_seen(item) or item.ratio is None or not is_known(item) or _kind(item) not in kinds:
            continue
        low, high = item.ratio_interval or (item.ratio.value, item.ratio.value)
        ends = (100 * (low - 1), math.inf if high is None else 100 * (high - 1))
        middle = gained(item)  # where no ratio is too large, a bar from its least on
        values.setdefault(_kind(item), []).append(Value(number, middle, *ends))
    series = [Series(kind, kinds[kind], signs[kind], tuple(own)) for kind, own in values.items()]
    if not series:
        return None
    return series_panel("how much more 𝓘 the first probe has", "number of the record", "more 𝓘 (%)", series, zero=0.0)


def _untils(found: Sequence[Compared], kinds: Mapping[str, int], signs: Mapping[str, int]) -> Any:
    known = [(n, item) for n, _, item, _ in found if item.until is not None and item.measured is not None]
    known = [(n, item) for n, item in known if _kind(item) in kinds]
    if not known:
        return None
    seconds, unit = time_unit(max(item.measured.value for _, item in known if item.measured is not None))
    values: dict[str, list[Value]] = {}
    for number, item in known:
        assert item.until is not None
        assert item.measured is not None
        high = math.inf if item.until.high is None else item.until.high
        ends = (item.until.low / seconds, high / seconds)
        values.setdefault(_kind(item), []).append(Value(number, item.measured.value / seconds, *ends))
    series = [Series(kind, kinds[kind], signs[kind], tuple(own)) for kind, own in values.items()]
    return series_panel("until when the first probe leads", "number of the record", f"leads until t ({unit})", series)


def _table(found: Sequence[Compared]) -> Table:
    until = [item.measured.value for *_, item, _ in found if item.measured is not None]
    size, unit = time_unit(max(until, default=1.0))
    rows = []
    for number, name, item, outcome in found:
        seen = is_seen(item) and item.ratio is not None
        shown = ratio_cells(item.ratio.value, *(item.ratio_interval or (None, None))) if seen and item.ratio else None
        rows.append(
            {
                "record": name, "no.": number, "probes": _kind(item).partition(", N")[0], "N": item.num_qubits,
                "noise": item.noise, "over the whole window": outcome,
                "ratio of 𝓘": shown and shown[0], "95 %": shown and shown[1],
                "exact": None if item.ratio_exact is None else ratio_text(item.ratio_exact),
                f"leads until ({unit})": None if item.measured is None or item.withheld
                else f"{item.measured.value / size:.4g}",
                f"exactly ({unit})": None if item.exact is None else f"{item.exact / size:.4g}",
            }
        )  # fmt: skip
    made = Table.of("Every comparison", rows, "each record's summary.json", is_folded=True)
    return Table(made.caption, made.columns, made.rows, True, made.note, is_sorted=True)
