"""A run in one sentence: what entanglement gains over the whole window, and where nothing can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.advantage import Crossover, is_seen
from qsense.comparison.recorded import crossovers_of
from qsense.comparison.verdicts import claims, gained, has_more, probe_name, shown
from qsense.files.units import time_unit, with_error
from qsense.probes.signs import without_signs
from qsense.runs.placement import CALIBRATION

_MOST_PAIRS = 3
OUTCOMES = _GAINS, _LOSES, _UNTOLD, _WITHHELD = "gains", "loses", "no difference is seen", "there is no verdict"


def headline(summary: Mapping[str, Any]) -> str:
    """Returns one sentence on a run, from its summary: for each pair of probes who gains more, by how much, and where.

    It claims what the verdicts claim. A run without two probes of two spins or more has the first 𝓘 instead.

    Raises:
        KeyError, TypeError, ValueError: the summary is damaged.

    >>> headline({"rows": [], "crossovers": []})
    'Nothing has been estimated.'
    """
    pairs: dict[tuple[str, str], dict[str, list[Crossover]]] = {}
    for item, outcome in outcomes_of(summary):
        pairs.setdefault((without_signs(item.probe), item.other), {}).setdefault(outcome, []).append(item)
    if not pairs:
        return _first_integral(summary["rows"])
    parts = ["; ".join(_clauses(pair, outcomes)) for pair, outcomes in list(pairs.items())[:_MOST_PAIRS]]
    more = f"; {len(pairs) - _MOST_PAIRS} more pairs are below" if len(pairs) > _MOST_PAIRS else ""
    return f"Over the whole window {'; '.join(parts)}{more}."


def outcomes_of(summary: Mapping[str, Any]) -> list[tuple[Crossover, str]]:
    """Returns what is claimed of the whole window of each comparison of two spins or more: one of OUTCOMES.

    Raises:
        KeyError, TypeError, ValueError: the summary is damaged.
    """
    chosen, found = [item for item in shown(crossovers_of(summary)) if item.num_qubits > 1], []
    for item, made in zip(chosen, claims(chosen), strict=True):
        outcome = _WITHHELD
        if is_seen(item) and item.ratio is not None:
            outcome = (_GAINS if has_more(item) else _LOSES) if made.differ else _UNTOLD
        found.append((item, outcome))
    return found


def _clauses(pair: tuple[str, str], outcomes: Mapping[str, Sequence[Crossover]]) -> list[str]:
    """A clause for each outcome of one pair, gains first; the second and later do not name the pair again."""
    probe, other = map(probe_name, pair)
    found: list[str] = []
    for outcome in OUTCOMES:
        items = outcomes.get(outcome)
        if not items:
            continue
        where = _where(items)
        if outcome in (_GAINS, _LOSES):
            subject = "it" if found else probe
            object_ = "" if found else f" {'over' if outcome == _GAINS else 'against'} {other}"
            found.append(f"{subject} {outcome} {_percent(items)}{object_} {where}")
        else:
            between = "" if found else f" between {probe} and {other}"
            found.append(f"{outcome}{between} {where}")
    return found


def _percent(items: Sequence[Crossover]) -> str:
    shares = sorted(abs(gained(item)) for item in items)
    low, high = f"{shares[0]:.0f}", f"{shares[-1]:.0f}"
    more = " or more" if any(item.is_ratio_open for item in items) else ""
    return f"{low} %{more}" if low == high else f"{low} … {high} %{more}"


def _where(items: Sequence[Crossover]) -> str:
    """Under which noises, and for which N of each; one list of N where it is the same for all."""
    sizes: dict[str, list[int]] = {}
    for item in items:
        sizes.setdefault(item.noise, []).append(item.num_qubits)
    texts = {_noise(noise): ", ".join(map(str, sorted(set(own)))) for noise, own in sizes.items()}
    if len(set(texts.values())) == 1:
        return f"under {' and '.join(texts)} (N = {next(iter(texts.values()))})"
    return "under " + " and ".join(f"{noise} (N = {text})" for noise, text in texts.items())


def _noise(name: str) -> str:
    return "the noise of the device's calibration" if name == CALIBRATION else name


def _first_integral(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "Nothing has been estimated."
    one = rows[0]
    size, unit = time_unit(abs(float(one["integrated_gain_exact_s"])) or 1.0)
    value = with_error(float(one["integrated_gain_s"]) / size, float(one["integrated_gain_stderr_s"]) / size)
    exact = f"{float(one['integrated_gain_exact_s']) / size:.4g}"
    where = f"{probe_name(str(one['probe']))} of N = {one['num_qubits']} under {one['noise']}"
    return f"The integrated gain of {where} is {value} {unit} (exact: {exact} {unit})."
