"""The figure of `qsense optimal`: what probes reach against N, beside the bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal
from qsense.reports.frames import shade_above

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def optimal_figure(answer: dict[str, Any], noise: str) -> Figure:
    """Returns what the probes of `qsense optimal` reach, relative to the product probe, against N.

    Args:
        answer: as `qsense optimal --json` prints it.
        noise: its description, for the title.
    """
    rows = answer["rows"]
    sizes = [row["num_qubits"] for row in rows]
    names: list[str] = list(dict.fromkeys(name.partition(":")[0] for row in rows for name in row["values"]))
    with drawing():
        figure = blank_figure(5.6, 4.2)
        panel = figure.subplots()
        highest = 1.0
        for place, name in enumerate(names):
            found = [
                (row["num_qubits"], value / row["values"]["product"])
                for row in rows
                for key, value in row["values"].items()
                if key.partition(":")[0] == name and value is not None
            ]
            highest = max(highest, *(value for _, value in found))
            colour = COLOURS.get(name) or OTHERS[(place - 2) % len(OTHERS)]
            marker = "*" if name.startswith("best ") else "osD^v"[place % 5]
            panel.plot(
                *zip(*found, strict=True),
                marker=marker,
                ms=4,
                lw=1.1,
                color=colour,
                label=literal(name.replace("ghz", "GHZ")),
            )
        bounds = [row["bound"] / row["values"]["product"] for row in rows if row["bound"] is not None]
        if len(bounds) == len(rows):
            top = min(1.05 * max(*bounds, highest), 2 * highest)  # a bound far above the probes is cut off
            shade_above(panel, np.array(sizes, dtype=float), np.array(bounds), top)
            panel.set_ylim(0, top)
        title = {"integrated_gain": r"$\mathcal{I}$", "rate": "max Q/t", "gain": "G"}[answer["objective"]]
        panel.set(xlabel="number of spins N", ylabel=f"{title} / that of product", title=literal(noise), xticks=sizes)
        panel.legend(fontsize=8)
    return figure
