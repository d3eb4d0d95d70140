"""Verdicts in words: until when a probe leads, and what it gains overall; only what survives of all that a run claims.

A verdict can claim three things: that a probe leads at some time, that the other leads later, and that their integrals
differ. A run with many probes and noises makes many claims, and by chance some of twenty would be wrong; so a claim is
made only if it survives Holm's test at 5 % among all claims of the run. The intervals are those of each number alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.comparison.advantage import Crossover, is_seen
from qsense.comparison.ratio import holm
from qsense.files.units import readable_time, time_unit

_LEAST_RATIO = 5e-4  # what three decimals show


class Claims(NamedTuple):
    """What a verdict claims: that the first probe leads, that the other leads later, that the integrals differ."""

    leads: bool = False
    trails: bool = False
    differ: bool = False


def verdicts(crossovers: Sequence[Crossover], on_device: bool = False) -> list[str]:
    """Returns one sentence per noise, N and pair of probes, from the estimator that sees the crossing most sharply.

    Estimates of the quantum value come before those of a readout. Numbers that readout error spoils give no verdict.

    Args:
        crossovers: those of a run.
        on_device: whether preparation and readout errors of a device are in the estimates.
    """
    chosen = shown(crossovers)
    return [_verdict(item, made, on_device) for item, made in zip(chosen, claims(chosen), strict=True)]


def shown(crossovers: Sequence[Crossover]) -> list[Crossover]:
    """Returns those of which the verdicts tell: one per noise, N and pair of probes."""
    groups: dict[tuple[str, int, str, str], list[Crossover]] = {}
    for item in crossovers:
        groups.setdefault((item.noise, item.num_qubits, item.probe, item.other), []).append(item)
    return [min(group, key=_preference) for group in groups.values()]


def _preference(item: Crossover) -> tuple[bool, bool, float]:
    sharpness = item.measured.stderr if item.measured else float("inf")
    if item.measured and not item.is_quantum:  # of readouts with crossings of their own
        sharpness /= item.measured.value
    return item.withheld is not None, not item.is_quantum, sharpness


def claims(chosen: Sequence[Crossover]) -> list[Claims]:
    """Returns what is claimed of each of the comparisons of a run: what survives Holm's test at 5 % over them all.

    Source: false claims per run are measured in benchmarks/verdicts.py.
    """
    family = []
    for index, item in enumerate(chosen):
        if is_seen(item) and item.num_qubits > 1:
            if is_known(item):
                family.append((index, "differ", item.ratio_p_value))
            if item.until is not None:
                family.append((index, "leads", item.until.lead_p_value))
                family.append((index, "trails", item.until.trail_p_value))
    found = [Claims()] * len(chosen)
    for (index, claim, _), stands in zip(family, holm([p for *_, p in family]), strict=True):
        if stands:
            found[index] = found[index]._replace(**{claim: True})
    return [_borne_out(item, made) for item, made in zip(chosen, found, strict=True)]


def _borne_out(item: Crossover, made: Claims) -> Claims:
    """Without the claims that a bound from below does not bear out: that its probe has less."""
    if not item.bounds or item.ratio is None:
        return made
    second = item.other if item.first == item.probe else item.probe
    less = item.other if has_more(item) else item.probe
    return Claims(
        made.leads and second not in item.bounds,
        made.trails and item.first not in item.bounds,
        made.differ and less not in item.bounds,
    )


def _verdict(item: Crossover, made: Claims, on_device: bool) -> str:
    where = f"{item.noise}, N = {item.num_qubits}:"
    if item.num_qubits == 1:
        pair = f"{probe_name(item.probe)} and {probe_name(item.other)}"
        if item.probe == "ghz":
            return f"{where} one spin cannot be entangled; {pair} are the same state."
        return f"{where} one spin cannot be entangled; {pair} are compared for two spins or more."
    if not is_seen(item):
        return f"{where} no verdict: {item.withheld or 'the ratio is not known'}."
    by = item.estimator if item.is_quantum or item.bounds else f"{item.estimator}, for this readout alone"
    if item.bounds:
        by += f", a bound from below for {' and '.join(sorted(item.bounds))}"
    errors = "; preparation and readout errors are part of it" if on_device else ""
    qubits = "" if item.qubits is None else f"; {item.qubits}"
    return f"{where} {until_words(item, made)}; {_whole(item, made)}, by {by}{errors}{qubits}."


def until_words(item: Crossover, made: Claims) -> str:
    """Returns until when one of two probes leads, as measured and exactly; only what is claimed."""
    exact = "none" if item.exact is None else readable_time(item.exact)
    second = item.other if item.first == item.probe else item.probe
    leader, trailer = probe_name(item.first), probe_name(second)
    against = "" if second == "product" else f" {trailer}"
    found = item.until
    if found is None or not (made.leads or made.trails):
        until = f"which of {leader} and {trailer} leads is not told by these shots"
    elif made.leads and made.trails and found.high is not None and found.low > 0:
        until = f"{leader} leads{against} until t = {time_range(found.low, found.high)}"
    elif made.leads and found.kind == "beyond":
        until = f"{leader} leads{against} to the end of what was measured, beyond t = {readable_time(found.end)}"
    elif made.leads and found.low > 0:
        until = f"{leader} leads{against} until t = {readable_time(found.low)} at least"
    elif made.trails and found.kind == "never":
        until = f"{leader} never leads{against}"
    elif made.trails and found.high is not None:
        until = f"{leader} leads{against} until t = {readable_time(found.high)} at most, if at all"
    else:
        until = f"which of {leader} and {trailer} leads is not told by these shots"
    return f"{until} (exact: {exact})"


def _whole(item: Crossover, made: Claims) -> str:
    assert item.ratio is not None
    ratio, interval = item.ratio.value, item.ratio_interval
    if interval is not None and interval[1] is None:
        numbers = f"ratio {ratio_range(*interval)}"
    else:
        numbers = f"ratio {ratio_text(ratio)}" + ("" if interval is None else f", 95 % {ratio_range(*interval)}")
    numbers += "" if item.ratio_exact is None else f"; exact {ratio_text(item.ratio_exact)}"
    over = f" over {probe_name(item.other)}" if item.other != "product" else ""
    it = "it" if item.first == item.probe else probe_name(item.probe)
    if made.differ:
        least = " or more" if interval is not None and interval[1] is None else ""
        word = f"gains {gained(item):.0f} %{least}" if has_more(item) else f"loses {100 * (1 - ratio):.0f} %"
        return f"over the whole window {it} {word}{over} ({numbers})"
    if item.ratio_interval is not None and not item.ratio_interval[0] <= 1 <= (item.ratio_interval[1] or np.inf):
        return f"over the whole window no difference survives the number of claims of this run ({numbers})"
    return f"over the whole window no difference is seen ({numbers})"


def probe_name(probe: str) -> str:
    """Returns what verdicts call a probe."""
    return "GHZ" if probe == "ghz" else probe


def has_more(item: Crossover) -> bool:
    """Returns whether the probe of a comparison was measured to gain more than the other.

    Where the other's 𝓘 is noise about 0, the ratio itself may have any size and either sign; what is known of it then
    is a bound from below, if anything.
    """
    assert item.ratio is not None
    return item.ratio.value > 1 or (item.ratio.value < 0 and item.is_ratio_open)


def is_known(item: Crossover) -> bool:
    """Returns whether anything is known of the ratio: not where the other's 𝓘 may be 0 and no ratio is too small."""
    return item.ratio_interval is None or _is_known(*item.ratio_interval)


def gained(item: Crossover) -> float:
    """Returns by how many per cent 𝓘 of the probe is larger; the least that is, where no ratio is too large."""
    assert item.ratio is not None
    return 100 * ((item.ratio_interval[0] if item.is_ratio_open and item.ratio_interval else item.ratio.value) - 1)


def ratio_range(low: float, high: float | None) -> str:
    """Returns an interval of ratios, which may have no upper end: then a bound, or nothing, is known.

    >>> ratio_range(0.9712, 1.0234), ratio_range(0.5, None), ratio_range(0.0, None)
    ('0.971 … 1.023', '0.500 or more', 'not known')
    """
    if not _is_known(low, high):
        return "not known"
    if high is None:
        return f"{ratio_text(low)} or more"
    return f"{ratio_text(low)} … {ratio_text(high)}"


def _is_known(low: float, high: float | None) -> bool:
    """Whether an interval of ratios excludes any."""
    return high is not None or low >= _LEAST_RATIO


def ratio_text(value: float) -> str:
    """Returns a ratio in three decimals; in four digits where times far into the tail have blown it up.

    >>> ratio_text(1.23456), ratio_text(123456.7)
    ('1.235', '1.235e+05')
    """
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"


def ratio_cells(value: float | None, low: float | None, high: float | None) -> tuple[str | None, str | None]:
    """Returns a measured ratio and its interval for a table; no value where the denominator may be 0, so that noise
    alone sets it.

    >>> ratio_cells(1.01, 0.97, 1.05), ratio_cells(3.1e15, 0.5, None), ratio_cells(None, None, None)
    (('1.010', '0.970 … 1.050'), (None, '0.500 or more'), (None, None))
    """
    if value is None or low is None:
        return (None if value is None else ratio_text(value)), None
    return (None if high is None else ratio_text(value)), ratio_range(low, high)


def time_range(low: float, high: float) -> str:
    """Returns an interval of times with one unit, as many digits as tell its ends apart, three at least.

    >>> time_range(1.3212, 1.4478), time_range(6.5411e-6, 6.5472e-6)
    ('1.32 … 1.45 s', '6.5411 … 6.5472 µs')
    """
    size, unit = time_unit(high)
    digits = digits_between(low, high)
    return f"{low / size:.{digits}g} … {high / size:.{digits}g} {unit}"


def digits_between(low: float, high: float) -> int:
    """Returns how many digits show an interval to a few per cent of its length, from 3 to 6.

    >>> digits_between(1.3212, 1.4478), digits_between(6.5411, 6.5472)
    (3, 5)
    """
    apart = high - low
    return 3 if not apart > 0 else int(np.clip(np.ceil(np.log10(high / apart)) + 1, 3, 6))
