"""Until when GHZ leads in a study, for each noise and N, and by how much overall."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from qsense.comparison.crossing import Until, measured_crossing, until
from qsense.comparison.ratio import fieller, ratio_of
from qsense.comparison.rows import until_columns
from qsense.errors import ArgumentError
from qsense.estimators.result import Estimate
from qsense.noise import AnyNoise, LocalNoise
from qsense.probes import Probe
from qsense.study.cells import Cell, groups_of
from qsense.theory import gain
from qsense.theory.leads import predicted_crossing

_RATES = ("dephasing_rate_per_s", "emission_rate_per_s", "absorption_rate_per_s")


@dataclass(frozen=True)
class Lead:
    """Until when GHZ leads product, for one combination of the other keys.

    Attributes:
        names: what both have in common.
        measured: the crossing in s; None if none is seen.
        exact: the exact crossing in s; None if there is none, spins differ, a readout is classical or errs.
        ratio, ratio_exact: 𝓘 of GHZ over 𝓘 of product; None if the latter is zero.
        until: the 95 % interval of the crossing; None where estimates are withheld.
        ratio_interval: that of the ratio; its upper end is None where no ratio is too large. None as before.
        refused: the assumptions for which estimates of either are withheld; empty where all hold.
    """

    names: dict[str, Any]
    measured: Estimate | None
    exact: float | None
    ratio: Estimate | None
    ratio_exact: float | None
    until: Until | None
    ratio_interval: tuple[float, float | None] | None
    refused: str = ""

    @property
    def known_ratio(self) -> Estimate | None:
        """The ratio; None also where no ratio is too large, so that the one measured is noise."""
        return None if self.ratio_interval is None or self.ratio_interval[1] is None else self.ratio


def leads(found: Sequence[Cell]) -> list[Lead]:
    """Returns every pair of a GHZ and a product cell that differ in nothing else, for two spins or more."""
    out = []
    for group in groups_of(found, {"probe"}):
        by_probe = {cell.names["probe"]: cell for cell in group}
        signed = [c for name, c in by_probe.items() if name.startswith("ghz:")]  # as for a signal with weights
        ghz = by_probe.get("ghz") or (signed[0] if len(signed) == 1 else None)
        if ghz and "product" in by_probe and group[0].names["num_qubits"] > 1:
            out.append(_lead(ghz, by_probe["product"]))
    return out


def _lead(ghz: Cell, product: Cell) -> Lead:
    names = {name: value for name, value in ghz.names.items() if name != "probe"}
    exact, noise = None, _common_noise(ghz, product)
    curves = [ghz.curve, product.curve]
    is_quantum = ghz.quantity == product.quantity == "integrated_gain"
    if noise is not None and is_quantum and ghz.is_exact_as_read and product.is_exact_as_read:
        with suppress(ArgumentError):  # nothing decays, or the probe's name does not tell it
            entangled = Probe.named(ghz.names["probe"], names["num_qubits"])
            probes = entangled, Probe.product(entangled.num_qubits)
            exact = predicted_crossing(probes[0], noise, probes[1], noise)
            curves = [c._replace(exact_at=partial(gain, p, noise)) for c, p in zip(curves, probes, strict=True)]
    ratio_exact = ghz.integrated_gain_exact / product.integrated_gain_exact if product.integrated_gain_exact else None
    if text := "; ".join(dict.fromkeys(cell.refused for cell in (ghz, product) if cell.refused)):
        return Lead(names, None, exact, None, ratio_exact, None, None, text)
    totals = ghz.integrated_gain, product.integrated_gain
    return Lead(
        names,
        measured_crossing(curves[0], curves[1], exact),
        exact,
        ratio_of(*totals),
        ratio_exact,
        until(curves[0], curves[1]),
        fieller(*totals),
    )


def _common_noise(ghz: Cell, product: Cell) -> AnyNoise | None:
    """The noise of both cells; None where it is not known, or LocalNoise whose spins differ."""
    if ghz.noise is None or (isinstance(ghz.noise, LocalNoise) and ghz.noise.exponent == 1 and ghz.noise.is_covariant):
        rates = [ghz.names[rate] for rate in _RATES]
        return None if None in rates else LocalNoise(*rates)
    return ghz.noise if ghz.noise == product.noise else None


def lead_rows(found: Sequence[Cell]) -> list[dict[str, Any]]:
    """Returns the rows of summary.json, times in s."""
    return [
        {
            **one.names,
            "crossover_s": one.measured.value if one.measured else None,
            "crossover_stderr_s": one.measured.stderr if one.measured else None,
            "crossover_exact_s": one.exact,
            **until_columns(one.until),
            "ratio": one.ratio.value if one.ratio else None,
            "ratio_stderr": one.ratio.stderr if one.ratio else None,
            "ratio_low": one.ratio_interval[0] if one.ratio_interval else None,
            "ratio_high": one.ratio_interval[1] if one.ratio_interval else None,
            "ratio_exact": one.ratio_exact,
            "assumptions": one.refused,
        }
        for one in leads(found)
    ]
