"""What counts refused, where that changes what a run's headline means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.advantage import Crossover
from qsense.comparison.decay_law import INTERPOLATION
from qsense.comparison.recorded import crossovers_of
from qsense.comparison.verdicts import probe_name, shown
from qsense.probes.signs import without_signs

_MOST = 3


def refusals(summary: Mapping[str, Any], of_curves: bool = True) -> str:
    """Returns why a pair has no verdict, which estimates are not used, and which refused assumptions it has.

    "" where no counts refuse anything and no readout stands alone.

    Args:
        summary: of a record.
        of_curves: whether curves over time are what was asked for; else single times, of which pairs say nothing.

    Raises:
        KeyError, TypeError, ValueError: the summary is damaged.

    >>> refusals({"rows": [], "crossovers": []})
    ''
    """
    every = [item for item in crossovers_of(summary) if item.num_qubits > 1]
    chosen = shown(every)
    whys: dict[str, list[int]] = {}
    said: dict[str, list[int]] = {}
    told: set[tuple[str, int, str]] = set()  # the noise, N and estimator of what is said of pairs
    for item in chosen if of_curves else ():
        others = [one for one in every if _pair(one) == _pair(item) and one is not item]
        texts = _of_pair(item, others)
        for text in texts:
            (said if item.withheld is None else whys).setdefault(text, []).append(item.num_qubits)
        used_by = {name for one in (item, *others) for name in one.estimator.split(" and ")}
        told |= {(item.noise, item.num_qubits, name) for name in used_by if any(name in text for text in texts)}
    used = {(name, item.num_qubits, item.noise) for item in chosen for name in (item.probe, item.other)}
    for row in summary["rows"]:
        place = (str(row["probe"]), int(row["num_qubits"]), str(row["noise"]))
        names = [
            str(one["name"])
            for one in row.get("assumptions", ())
            if one["held"] is False and (of_curves or one["name"] != INTERPOLATION)
        ]
        is_told = (place[2], place[1], str(row["estimator"])) in told
        if names and place in used | ({place} if not chosen else set()) and not is_told:
            text = f"the counts refuse what {row['estimator']} assumes of {probe_name(place[0])}: {', '.join(names)}"
            said.setdefault(text, []).append(place[1])
    return " ".join(one for one in (_sentence("No verdict on", whys), _sentence("But", said)) if one)


def _sentence(begin: str, said: Mapping[str, Sequence[int]]) -> str:
    parts = [f"{text} (N = {', '.join(map(str, sorted(set(sizes))))})" for text, sizes in said.items()]
    more = f"; {len(parts) - _MOST} more are below" if len(parts) > _MOST else ""
    return f"{begin} {'; '.join(parts[:_MOST])}{more}." if parts else ""


def _pair(item: Crossover) -> tuple[str, int, str, str]:
    return item.noise, item.num_qubits, item.probe, item.other


def _of_pair(item: Crossover, others: Sequence[Crossover]) -> list[str]:
    pair = f"{probe_name(without_signs(item.probe))} and {probe_name(item.other)}"
    if item.withheld is not None:
        return [f"{pair}: {item.withheld}"]
    left_out = [f"{one.estimator} is not used: {one.withheld}" for one in others if one.withheld]
    if item.bounds:
        return [
            *left_out,
            f"{' and '.join(sorted(item.bounds))} is bounded from below by {item.estimator}, not estimated",
        ]
    if not item.is_quantum:
        return [*left_out, f"of {pair} only what the readout {item.estimator} sees is compared"]
    return left_out
