"""Times of a run's points together: probes that are compared are measured on both sides of their crossing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from qsense.errors import at_key
from qsense.noise import AnyNoise
from qsense.numerics.angles import check_field
from qsense.numerics.quadrature import Rule, bracketed, without_bracket
from qsense.probes import Probe
from qsense.runs.point import acting
from qsense.theory.leads import predicted_crossing
from qsense.theory.times import earlier_rule

if TYPE_CHECKING:
    from qsense.runs.placement import CalibrationNoise
    from qsense.runs.spec import RunSpec

Rules = Mapping[tuple[str, "AnyNoise | CalibrationNoise"], Rule]


def bracket_crossings(spec: RunSpec, rules: Rules) -> Rules:
    """Returns the rules, those of designed times with one more time beyond the predicted crossing of two probes.

    The two are GHZ and product, or those that the spec compares. A rule that reaches clearly beyond it stays as it is.

    Args:
        spec: the run.
        rules: by the key of the probe and the entry of the noise, on the device's clock.

    Raises:
        SpecError: the field turns too far until then.
    """
    if spec.times is not None:
        return rules
    found = dict(rules)
    for noise in spec.noises:
        for pair in _ghz_and_product(spec) if spec.pairs is None else spec.pairs:
            worlds = [acting(spec.world_for(probe, noise)) for probe in pair]
            crossing = predicted_crossing(pair[0], worlds[0], pair[1], worlds[1])
            if crossing is None and spec.pairs is not None:
                crossing = predicted_crossing(pair[1], worlds[1], pair[0], worlds[0])
            if crossing is None:
                continue
            for one in pair:
                if spec.times_for(one) is not None:
                    continue
                found[one.key, noise] = possible(spec, one, bracketed(found[one.key, noise], crossing))
    return found


def _ghz_and_product(spec: RunSpec) -> list[tuple[Probe, Probe]]:
    products = {probe.num_qubits: probe for probe in spec.probes if probe == Probe.product(probe.num_qubits)}
    ghz = [probe for probe in spec.probes if probe.kind == "ghz" and probe.num_qubits in products]
    return [(probe, products[probe.num_qubits]) for probe in ghz]


def earlier_rules(spec: RunSpec, probe: Probe, noise: AnyNoise, rule: Rule) -> list[Rule]:
    """Returns the rules with which earlier versions measured: records have their times, which may be paid for.

    Args:
        spec: the run.
        probe, noise: of the point.
        rule: that of today.
    """
    if spec.times_for(probe) is not None:
        return []
    found = [without_bracket(rule)] if rule.has_bracket else []
    before = earlier_rule(probe, noise)
    if before is not None:
        found.append(possible(spec, probe, before))
    return found


def numbers_of_times(spec: RunSpec, probe: Probe, noise: AnyNoise, rule: Rule) -> list[int]:
    """Returns how many times a record may have of a point: as many as today's rule, or as those of earlier versions."""
    return [len(one.times) for one in (rule, *earlier_rules(spec, probe, noise, rule))]


def possible(spec: RunSpec, probe: Probe, rule: Rule) -> Rule:
    """Returns a rule with its times on the device's clock, if the run is on a device.

    Raises:
        SpecError: the field turns too far until the last time, or a time is shorter than the device can idle.
    """
    with at_key(spec.source, "field_rad_per_s"):
        largest = float(np.abs(spec.signal.weights_of(probe.num_qubits)).max())
        check_field(probe.num_qubits, spec.field * largest, float(rule.times[-1]), "the field")
    if spec.device is None:
        return rule
    with at_key(spec.source, "noise" if spec.times_for(probe) is None else "times_s"):
        return spec.device.on_clock(rule)
