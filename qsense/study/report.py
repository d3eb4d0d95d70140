"""The report of a study: tables for the terminal, and a folder with tables, figures, a summary and a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qsense import files
from qsense.comparison.rows import until_columns
from qsense.comparison.verdicts import ratio_range, ratio_text
from qsense.errors import ContentError
from qsense.files import safe
from qsense.files.figures import draw_or_warn
from qsense.files.folding import folded_tables
from qsense.files.terminal import print_parts
from qsense.files.units import time_unit, with_error
from qsense.reports.page import page
from qsense.reports.page.files import report_files
from qsense.reports.run_tables import until_text
from qsense.study.cells import cells
from qsense.study.figures import figures
from qsense.study.page import study_part
from qsense.study.summary import summarize
from qsense.tables import Columns, Results, write_results

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

STUDIES = Path("runs/studies")
_MOST_ROWS = 20


def write_report(results: Results, folder: Path, failed: Columns) -> dict[str, Any] | None:
    """Writes a study's tables, figures and summary into a folder; returns the summary, or None without results.

    Args:
        results: of the trials that could be run.
        folder: made if it does not exist.
        failed: a row for every trial that could not be run, for failures.csv.

    Raises:
        ContentError: a file cannot be written.
    """
    summary, made = None, {}
    if len(results.trials):
        found = cells(results)
        summary = summarize(results, found)
        write_results(results, folder, "csv")
        made = draw_or_warn(lambda: figures(found), folder)
    made |= {"failures.csv": failed.to_csv()} if len(failed) else {}
    if summary is not None:  # last: a folder with a summary is complete
        text = json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        made["summary.json"] = f"{text}\n".encode()
    name = "failures.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not len(failed):
            safe.remove(folder / name, folder)
        for name, content in made.items():
            files.write(folder / name, content, folder)
        # Of the files that are there now.
        reports = {} if summary is None else report_files(lambda: page([study_part(folder)]), folder)
        for name, content in reports.items():
            files.write(folder / name, content, folder)
    except OSError as error:
        raise ContentError(f"{folder / name}: cannot be written: {error.strerror}; choose another folder.") from error
    return summary


def print_tables(console: Console, summary: dict[str, Any]) -> None:
    """Prints a study's summary; fits 80 columns."""
    print_parts(console, summary_parts(summary))


def summary_parts(summary: dict[str, Any]) -> list[Table | str | Text]:
    """Returns the tables and lines of a study's summary. What a malformed one raises, it raises before any printing."""
    parts: list[Table | str | Text] = []
    z = summary["z"]
    if z["deviation"] is not None:
        parts.append(
            f"{summary['trials']} trials; z of 𝓘 against theory: mean {z['mean']:+.2f}, "
            f"deviation {z['deviation']:.2f}, {100 * z['within_95']:.0f} % within the 95 % interval"
        )
    if summary["devices"]:
        parts.append(
            f"on {', '.join(summary['devices'])}: exact is the decay of the qubits' T1 and T2 alone; "
            "preparation and readout lower what is measured"
        )
    parts += summary.get("qubits", [])
    if summary.get("trials_with_readout_error"):
        parts.append(
            f"{summary['trials_with_readout_error']} trials hold readout error that their exact values leave out: they "
            "have no z, and their crossings and ratios are those of what was read, not of the states"
        )
    for name, number in summary.get("trials_withheld", {}).items():
        parts.append(
            f"‡ {number} trials: their counts refuse what their estimator assumes ({name}); they have no lead "
            "and no part in how the gain scales"
        )
    parts += _table(
        "How they scale: the power of N, measured (±: one standard error) and exact",
        summary["exponents"],
        ("num_qubits", "quantity", "left_out"),
        {
            "of": lambda row: {"gain_start": "G(0)", "decay_rate": "G(0)/𝓘"}[row["quantity"]],
            "exact": lambda row: f"{row['exponent_exact']:z.3f}",
            "measured": lambda row: f"{row['exponent']:z.3f} ± {row['exponent_stderr']:.3f}",
            "z": lambda row: f"{row['z']:+.1f}",
        },
    )
    times = [row[key] for row in summary["crossovers"] for key in ("crossover_exact_s", "crossover_s")]
    size, unit = time_unit(max((one for one in times if one), default=1.0))
    parts += _table(
        f"Until when GHZ leads, in {unit}, and 𝓘 GHZ / 𝓘 product; ±: one standard error, intervals: 95 %",
        summary["crossovers"],
        (),
        {
            "exact": lambda row: _number(row["crossover_exact_s"], size),
            "measured": lambda row: "‡" if row.get("assumptions") else until_text(row, size),
            "ratio exact": lambda row: "–" if row["ratio_exact"] is None else ratio_text(row["ratio_exact"]),
            "ratio": _ratio,
        },
    )
    return parts


def _table(title: str, rows: list[dict[str, Any]], hidden: tuple[str, ...], numbers: Any) -> list[Table | str | Text]:
    """Returns a table with the columns of names that differ between rows, and the numbers, between title and remark."""
    from rich.text import Text

    if not rows:
        return []
    results = {"exponent", "exponent_stderr", "exponent_exact", "z", "p_value", "ratio", "ratio_stderr", "ratio_exact"}
    results |= {
        "crossover_s",
        "crossover_stderr_s",
        "crossover_exact_s",
        "ratio_low",
        "ratio_high",
        "assumptions",
        *hidden,
    }
    results |= set(until_columns(None))
    shown = [key for key in rows[0] if key not in results]
    names = [key for key in shown if key == "probe" or len({json.dumps(row[key]) for row in rows}) > 1]
    headings = [{"num_qubits": "N"}.get(name, name.replace("_per_s", " 1/s").replace("_", " ")) for name in names]
    cells = [
        [
            *(f"{row[n]:g}" if isinstance(row[n], float) else str(row[n]) for n in names),
            *(show(row) for show in numbers.values()),
        ]
        for row in rows[:_MOST_ROWS]
    ]
    tables = folded_tables([*headings, *numbers], cells, headings, len(names))
    more = len(rows) - _MOST_ROWS
    return [Text(title, style="italic"), *tables, *([f"… and {more} more in summary.json"] if more > 0 else [])]


def _number(value: float | None, size: float) -> str:
    return "–" if value is None else f"{value / size:.4g}"


def _ratio(row: dict[str, Any]) -> str:
    if row.get("assumptions"):
        return "‡"
    if row["ratio"] is None:
        return "–"
    is_open = row.get("ratio_low") is not None and row["ratio_high"] is None  # the denominator may be 0
    return ratio_range(row["ratio_low"], None) if is_open else with_error(row["ratio"], row["ratio_stderr"])
