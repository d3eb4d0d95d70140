"""A trial: one probe of one size under one noise, read by one estimator. Its outcome depends on its content alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.files.old_names import with_old_names_alone
from qsense.runs.spec import RunSpec
from qsense.store.shard import content_key

if TYPE_CHECKING:
    from qsense.comparison import MeasuredPoint

REFUSED_BELOW = 1e-5
"""The share of trials in which an assumption that holds is refused, so that a study of a thousand may refuse none."""
RESULTS_VERSION = 5
"""Part of every trial's key. Raised when qsense changes outcomes, so that a store never mixes old and new ones."""


@dataclass(frozen=True)
class Trial:
    """A run spec of one point.

    Attributes:
        spec: one probe, one noise, one estimator; its name does not matter.
        swept: the swept keys and their values in this trial; no part of its identity.
    """

    spec: RunSpec
    swept: tuple[tuple[str, Any], ...] = ()

    @property
    def content(self) -> dict[str, Any]:
        """Everything that its outcome depends on, with the keys of a run spec."""
        return {**replace(self.spec, ratios=()).to_dict(), "name": "trial"}

    @cached_property
    def key(self) -> str:
        """The SHA-256 of its content, hexadecimal; any study finds its result by it."""
        return content_key(self.content, RESULTS_VERSION)

    @property
    def label(self) -> str:
        """What messages call it."""
        probe, estimator = self.spec.probes[0], self.spec.estimators[0]
        words = [f"{probe.name} N={probe.num_qubits}", self.spec.noises[0].name, estimator.name]
        return ", ".join(words + [f"{key} = {value}" for key, value in self.swept if key != "num_qubits"])


class Outcome(NamedTuple):
    """What a trial gives: estimates as plain JSON, and the counts of all its times as the content of an NPZ file."""

    estimates: dict[str, Any]
    counts: bytes


def run_trial(content: dict[str, Any]) -> Outcome:
    """Runs a trial and returns its outcome, which is the same in any process, whatever ran before.

    Args:
        content: of a Trial.

    Raises:
        SpecError: the trial cannot be run, such as with too few shots.
    """
    from qsense.comparison import as_single_values, compare_points, estimate_rows, measure_point, summary_rows
    from qsense.runs.columns import POINT_COLUMNS, REFUSED_COLUMN
    from qsense.runs.preparation import prepare_run

    spec = RunSpec.from_dict(content, "trial")
    prepared = prepare_run(spec, None)
    (point,), sampler = prepared.points, prepared.sampler
    parts = [sampler.sample(j.experiment, j.settings, j.shots, point.noise, j.seed) for j in point.acquisitions()]
    measured = measure_point(point, point.by_time(parts), spec.readout_error)
    comparison = compare_points([measured], level=REFUSED_BELOW)
    summary = as_single_values(summary_rows(comparison)[0])
    curve = estimate_rows(comparison)
    estimates = {
        "summary": with_old_names_alone({k: v for k, v in summary.items() if k not in POINT_COLUMNS})
        | onset(comparison.measured[0]),
        "curve": {key: [row[key] for row in curve] for key in curve[0] if key not in (*POINT_COLUMNS, REFUSED_COLUMN)},
        "rule": {"decay_rate_per_s": point.rule.decay_rate, "node_rate_per_s": point.rule.node_rate,
                 "designed": point.rule.designed},
    }  # fmt: skip
    return Outcome(estimates, Counts.joined(parts).to_bytes())


def onset(measured: MeasuredPoint) -> dict[str, float | None]:
    """Returns how a curve begins and how fast it falls: G(0), and the rate G(0)/𝓘, with errors and exact values.

    G(0) is the rule's interpolation drawn on to t = 0, so both are linear or a ratio of linear functions of the data.
    """
    rule = measured.point.rule
    values = np.array([one.value for one in measured.estimates])
    errors = np.array([one.stderr for one in measured.estimates])
    at_zero = rule.interpolation(np.zeros(1))[0]
    start, total = float(at_zero @ values), float(rule.weights @ values)
    exact = float(measured.curve_exact(np.zeros(1))[0])
    total_exact = measured.integrated_gain_exact.value
    rate = stderr = None
    if total > 0:
        rate = start / total
        stderr = float(np.linalg.norm((at_zero - rate * rule.weights) / total * errors))
    return {
        "gain_start": start,
        "gain_start_stderr": float(np.linalg.norm(at_zero * errors)),
        "gain_start_exact": exact,
        "decay_rate_per_s": rate,
        "decay_rate_stderr_per_s": stderr,
        "decay_rate_exact_per_s": exact / total_exact if total_exact > 0 else None,
    }


def single(spec: RunSpec, probe: int, noise: int, estimator: int) -> RunSpec:
    """Returns the spec of one of a spec's points, by positions in its lists."""
    return replace(
        spec, probes=(spec.probes[probe],), noises=(spec.noises[noise],), estimators=(spec.estimators[estimator],)
    )
