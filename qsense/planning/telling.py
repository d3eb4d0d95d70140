"""Probes that a plan cannot rank: those that tell nothing of the field, and those whose gain never decays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qsense.errors import ArgumentError
from qsense.planning.curves import Curve
from qsense.planning.outcomes import COARSE, grid
from qsense.planning.question import Factors
from qsense.planning.site import Site

NOTHING = "it tells nothing: errors of gates or readout leave no signal of it"
FOR_EVER = "a part of its gain never decays: a longer time is always better"
_REFUSED = {
    NOTHING: ("tell nothing, as errors of gates or readout leave no signal of them", "Choose other qubits."),
    FOR_EVER: (
        "have a part of the gain that never decays, so that longer is always better",
        "Give every spin a rate; beside a noise model, in a copy of its file.",
    ),
}
_NO_GAIN = 1e-12  # of Σ w²: what is left of a signal below it is rounding
_LEFT, _STILL = 1e-6, 1e-6  # of the gain: what is left at the end of the grid, and what it loses there in a step


class NothingToPlanError(ArgumentError):
    """Product spins, beside which all probes are set, tell nothing or never decay."""


def ranked(site: Site, source: str) -> Site:
    """Returns the site with those probes alone that have a best time and a signal; others are left out with the reason.

    Args:
        site: the probes of one N.
        source: the device's or the noise's name, for errors.

    Raises:
        NothingToPlanError: product spins are among the others.
    """
    reasons = {name: why for name, curve in site.curves.items() if (why := _reason(curve, site)) is not None}
    if "product" in reasons:
        what, fix = _REFUSED[reasons["product"]]
        raise NothingToPlanError(
            f'With "{source}" {site.num_qubits} product spins {what}, and beside product spins all probes are ranked: '
            f"there is nothing to plan. {fix}"
        )
    if not reasons:
        return site
    curves = {name: curve for name, curve in site.curves.items() if name not in reasons}
    return replace(site, curves=curves, left_out={**site.left_out, **reasons})


def _reason(curve: Curve, site: Site) -> str | None:
    """Why a probe has no place in a plan; None where it has."""
    one = Factors.scaled([1.0], site.num_qubits)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain, told = (
            np.nan_to_num(values(grid(site.span, COARSE), one)[0]) for values in (curve.gain, curve.information)
        )
    floor = _NO_GAIN * float((site.world.weights(site.num_qubits) ** 2).sum())
    if min(gain.max(), told.max()) <= floor:
        return NOTHING
    is_still = told[-1] > _LEFT * told.max() and told[-1] >= (1 - _STILL) * told[-2]  # and not slow alone
    return FOR_EVER if is_still else None
