"""The figure of `qsense optimal`: what probes reach against N, beside the bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal, place_legend
from qsense.files.wrapping import wrapped
from qsense.reports.frames import shade_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_BEST = {  # what was searched
    "best symmetric": "#56B4E9", "best pair code": "#000000", "best of all states": "#7F7F7F",
    "best with ancillas": "#882255",
}  # fmt: skip


def optimal_figure(answers: Sequence[dict[str, Any]], noises: Sequence[str]) -> Figure:
    """Returns what the probes of `qsense optimal` reach, relative to the product probe, against N; a panel a noise.

    Args:
        answers: as `qsense optimal --json` prints them, one for each noise.
        noises: their descriptions, for the titles.
    """
    with drawing():
        figure = blank_figure(max(5.6, 3.6 * len(answers)), 4.2)
        panels = figure.subplots(1, len(answers), squeeze=False)[0]
        for panel, answer, noise in zip(panels, answers, noises, strict=True):
            _draw(panel, answer, noise, is_alone=len(answers) == 1)
        if len(answers) > 1:
            pairs = (zip(*panel.get_legend_handles_labels(), strict=True) for panel in panels)
            found = {label: handle for several in pairs for handle, label in several}
            place_legend(figure, list(found.values()), list(found), "lower center", 4, fontsize=8)
    return figure


def _draw(panel: Axes, answer: dict[str, Any], noise: str, is_alone: bool) -> None:
    rows = answer["rows"]
    sizes = [row["num_qubits"] for row in rows]
    names: list[str] = list(dict.fromkeys(name.partition(":")[0] for row in rows for name in row["values"]))
    highest = lowest = 1.0
    for place, name in enumerate(names):
        found = [
            (row["num_qubits"], value / row["values"]["product"])
            for row in rows
            for key, value in row["values"].items()
            if key.partition(":")[0] == name and value is not None
        ]
        highest = max(highest, *(value for _, value in found))
        lowest = min(lowest, *(value for _, value in found))
        colour = {**COLOURS, **_BEST}.get(name) or OTHERS[(place - 2) % len(OTHERS)]
        marker = dict(zip(_BEST, "*PXd", strict=True)).get(name) or "osD^v"[place % 5]
        panel.plot(
            *zip(*found, strict=True),
            marker=marker,
            ms=4,
            lw=1.1,
            ls="--" if name in _BEST else "-",
            color=colour,
            label=literal(name.replace("ghz", "GHZ")),
        )
    bounds = [row["bound"] / row["values"]["product"] for row in rows if row["bound"] is not None]
    if len(bounds) == len(rows):
        top = min(1.05 * max(*bounds, highest), 2 * highest)  # a bound far above the probes is cut off
        shade_above(panel, np.array(sizes, dtype=float), np.array(bounds), top)
        panel.set_ylim(0.9 * lowest, top)
    title = {"integrated_gain": "ℐ", "rate": "max Q/t", "gain": "G"}[answer["objective"]]
    panel.set(xlabel="number of spins N", ylabel=f"{title} / that of product", xticks=sizes)
    panel.set_title("\n".join(map(literal, wrapped(noise, 90 if is_alone else 44)[:3])), fontsize=9)
    if is_alone:
        panel.legend(fontsize=8)
