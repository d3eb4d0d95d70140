"""Tables of a run for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qsense.comparison.verdicts import digits_between, ratio_range, ratio_text
from qsense.estimators.assumptions import READOUT
from qsense.estimators.chance import NO_ERROR, said_chance
from qsense.files.terminal import print_parts, printable
from qsense.files.units import time_unit, with_error
from qsense.probes.signs import without_signs
from qsense.reports.blocks import blocks
from qsense.reports.phase_report import phase_parts

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_MARKS = {"classical_integrated_gain": "*", "integrated_gain_bound": "°"}


def print_tables(console: Console, summary: dict[str, Any]) -> None:
    """Prints the comparison, the crossovers and the verdicts of a summary; fits 80 columns."""
    print_parts(console, summary_parts(summary))


def summary_parts(summary: dict[str, Any]) -> list[Table | str | Text]:
    """Returns the tables and lines of a summary. What a malformed one raises, it raises before any printing."""
    from rich.text import Text

    size, unit = time_unit(max((row["integrated_gain_exact_s"] for row in summary["rows"]), default=1.0))
    parts = blocks(
        f"𝓘 = ∫G dt in {unit}: exact and estimated, with 95 % intervals",
        ("probe", "N"),
        ("exact", "estimated", "95 % interval", "z"),
        [(row, _cells(row, size)) for row in summary["rows"]],
    )
    if any(row["quantity"] == "classical_integrated_gain" for row in summary["rows"]):
        parts.append("* the exact value of this readout, which is below the quantum value")
    if any(row["quantity"] == "integrated_gain_bound" for row in summary["rows"]):
        parts.append("° a lower bound on 𝓘: the estimate is of the bound, beside the exact value of the bound")
    if not all(row.get("is_exact_as_read", True) for row in summary["rows"]):
        parts.append(
            "† without readout error, which the estimates hold: no z and no verdict. It lowers G; errors that differ "
            "between up and down can also raise it"
        )
    parts += [f"‡ {line}" for line in _of_several(summary["rows"], _refusal)]
    parts += _of_several(summary["rows"], _unseen)
    for row in summary["rows"]:
        if not row["integrated_gain_stderr_s"] > 0:
            parts.append(f"{_where(row)}: no z, as {NO_ERROR}")
        if row["integrated_gain_exact_s"] == 0:
            blind = f"{row['estimator']} tells nothing of θ for {row['probe']}, N = {row['num_qubits']}, {row['noise']}"
            parts.append(f"{blind}: its exact value is 0")
    parts += phase_parts(summary["rows"])
    reasons: dict[str, list[str]] = {}
    for probe, reason in {row["probe"]: row["reason"] for row in summary["rows"] if row.get("reason")}.items():
        reasons.setdefault(reason, []).append(probe)
    parts += [f"auto for {', '.join(probes)} is {reason}" for reason, probes in reasons.items()]
    parts += _crossovers(summary["crossovers"])
    parts += [f"• {line}" for line in depth_lines(summary["rows"])]
    return [*parts, *(Text(printable(f"• {verdict}"), style="bold") for verdict in summary["verdicts"])]


def _cells(row: Mapping[str, Any], size: float) -> list[str]:
    mark = _MARKS.get(row["quantity"], "")
    mark += "" if row.get("is_exact_as_read", True) else "†"
    return [
        row["probe"],
        str(row["num_qubits"]),
        f"{row['integrated_gain_exact_s'] / size:.4g}{mark}",
        f"{row['integrated_gain_s'] / size:.4g}{'‡' if _refused(row) else ''}",
        f"{row['integrated_gain_low_s'] / size:.4g} … {row['integrated_gain_high_s'] / size:.4g}",
        "–" if row["z"] is None else f"{row['z']:+.1f}",
    ]


def depth_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns a line for each noise, probe and estimator that shows entanglement: how many spins, of each N.

    >>> row = {"probe": "one_axis:0.1", "num_qubits": 20, "noise": "ions", "estimator": "auto", "depth": 3}
    >>> depth_lines([row, {**row, "num_qubits": 10, "depth": 1}])
    ['ions, one_axis:0.1, auto: at least 3 of 20 spins are entangled with each other (95 %).']
    """
    found: dict[str, list[str]] = {}
    for row in rows:
        if (row.get("depth") or 1) > 1:
            where = f"{row['noise']}, {without_signs(row['probe'])}, {row['estimator']}"
            found.setdefault(where, []).append(f"{row['depth']} of {row['num_qubits']}")
    sure = {where: "95 % each" if len(parts) > 1 else "95 %" for where, parts in found.items()}
    return [
        f"{where}: at least {', '.join(parts)} spins are entangled with each other ({sure[where]})."
        for where, parts in found.items()
    ]


def _crossovers(rows: Sequence[Mapping[str, Any]]) -> list[Table | str | Text]:
    known = [row.get(key) for row in rows for key in ("crossover_exact_s", "crossover_s", "crossover_high_s")]
    size, unit = time_unit(max((one for one in known if one), default=1.0))
    are_pairs = any(_pair(row) != "ghz/product" for row in rows)
    title = "Until when one probe leads" if are_pairs else "Until when GHZ leads"
    of = "of the first / 𝓘 of the other" if are_pairs else "GHZ / 𝓘 product"
    return blocks(
        f"{title}, in {unit}, and 𝓘 {of}, with 95 % intervals",
        ("probes", "N") if are_pairs else ("N",),
        ("exact", "measured", "ratio exact", "ratio"),
        [
            (
                row,
                [
                    *([_pair(row)] if are_pairs else []),
                    str(row["num_qubits"]),
                    "–" if row["crossover_exact_s"] is None else f"{row['crossover_exact_s'] / size:.4g}",
                    until_text(row, size),
                    "–" if row["ratio_exact"] is None else ratio_text(row["ratio_exact"]),
                    _ratio_text(row),
                ],
            )
            for row in rows
            if row["num_qubits"] > 1
        ],
    )


def _pair(row: Mapping[str, Any]) -> str:
    names = row.get("probe", "ghz"), row.get("other", "product")
    first = row.get("leads_first", names[0])
    return "/".join(names) + ("" if first == names[0] else f", {first} first")


def until_text(row: Mapping[str, Any], size: float) -> str:
    """Returns until when a probe leads as measured, in units of `size` s: always an answer where there is one.

    >>> row = {"until": "interval", "crossover_low_s": 1.3212, "crossover_high_s": 1.4478}
    >>> until_text(row, 1.0), until_text({"until": "at least", "crossover_low_s": 1.0}, 1.0)
    ('1.32 … 1.45', 'at least 1')
    """
    kind: str | None = row.get("until")
    low, high = (row.get(key) or 0.0 for key in ("crossover_low_s", "crossover_high_s"))
    if kind is None:
        if row.get("crossover_s") is None or row.get("withheld"):
            return "–"
        return with_error(row["crossover_s"] / size, row["crossover_stderr_s"] / size)
    if kind == "interval":
        digits = digits_between(low, high)
        return f"{low / size:.{digits}g} … {high / size:.{digits}g}"
    ends = {"at least": low, "at most": high, "beyond": low}
    return f"{kind} {ends[kind] / size:.3g}" if kind in ends else {"any": "not told", "never": "never"}[kind]


def _ratio_text(row: Mapping[str, Any]) -> str:
    if row["ratio"] is None or row.get("withheld"):
        return "–"
    if row.get("ratio_low") is None:
        return with_error(row["ratio"], row["ratio_stderr"])
    return ratio_range(row["ratio_low"], row["ratio_high"])


def _of_several(rows: Sequence[Mapping[str, Any]], said: Callable[[Mapping[str, Any]], str]) -> list[str]:
    """Returns what is said of rows, once where it is the same of several N."""
    places: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if text := said(row):
            key = without_signs(row["probe"]), f"{row['noise']}, {row['estimator']}: {text}"
            places.setdefault(key, []).append(str(row["num_qubits"]))
    return [f"{probe}, N = {', '.join(sizes)}, {rest}" for (probe, rest), sizes in places.items()]


def assumption_lines(row: Mapping[str, Any]) -> list[str]:
    """Returns a line if the counts of a row of a summary refuse an assumption; [] if they refuse none.

    Readout that the spec itself reads wrong has a mark of its own.

    >>> row = {"probe": "product", "num_qubits": 8, "noise": "ions", "estimator": "auto", "assumptions": [
    ...     {"name": "independent spins", "p_value": 2e-9, "held": False, "consequence": "no z"}]}
    >>> assumption_lines(row)
    ['product, N = 8, ions, auto: independent spins refused (p = 2e-09): no z']
    """
    return [f"{_where(row)}: {text}"] if (text := _refusal(row)) else []


def _refusal(row: Mapping[str, Any]) -> str:
    return "; ".join(f"{one['name']} refused{_chance(one)}: {one['consequence']}" for one in _refused(row))


def _unseen(row: Mapping[str, Any]) -> str:
    """What is said of assumptions that the counts bear out, but not so surely that it would not matter.

    >>> _unseen({"assumptions": [
    ...     {"name": "independent spins", "p_value": 0.3, "held": True, "consequence": "little would not show"}]})
    'independent spins: not refused; little would not show'
    """
    unseen = [one for one in row.get("assumptions", ()) if one["held"] and one["consequence"]]
    return "; ".join(f"{one['name']}: not refused; {one['consequence']}" for one in unseen)


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['probe']}, N = {row['num_qubits']}, {row['noise']}, {row['estimator']}"


def _refused(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    is_as_read = row.get("is_exact_as_read", True)
    every = row.get("assumptions", ())
    return [one for one in every if one["held"] is False and (is_as_read or one["name"] != READOUT)]


def _chance(one: Mapping[str, Any]) -> str:
    return "" if one["p_value"] is None else f" ({said_chance(one['p_value'])})"
