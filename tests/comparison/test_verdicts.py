"""Until when, by how much, and what may be claimed: intervals that cover, claims that survive, pairs as asked for.

The oracles are closed forms of the curves and brute force over candidate crossings; no part of qsense's intervals.
"""

from dataclasses import replace

import numpy as np
import pytest
from cases import further
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from qsense import RunSpec, compare, run
from qsense.comparison.advantage import Crossover
from qsense.comparison.crossing import Curve, Until, crossing, until
from qsense.comparison.ratio import Integral, compare_integrals, fieller, holm
from qsense.comparison.score import Independent
from qsense.comparison.verdicts import claims, verdicts
from qsense.errors import SpecError
from qsense.estimators import Estimate
from qsense.numerics.quadrature import gauss_rule, rule_for_times
from qsense.reports.page.totals import advantage_charts
from qsense.reports.run_tables import _ratio_text, until_text
from qsense.runs.plan import plan

pytestmark = pytest.mark.usefixtures("without_figures")

RUN = {
    "schema": 1, "name": "some", "probes": ["ghz", "product"], "num_qubits": [2], "noise": [{"emission_rate": 0.1}],
    "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 2000, "backend": "emulator", "seed": 1,
}  # fmt: skip
STEEP, FLAT = gauss_rule(3.0, 3.0, 4), gauss_rule(1.0, 1.0, 4)


def curves(rng, error, start=(4.0, 2.0)):
    """A steep and a flat exponential, seen with normal errors that grow with G; they meet at ln(4/2)/2."""
    made = []
    for rule, rate, height in ((STEEP, 3.0, start[0]), (FLAT, 1.0, start[1])):
        exact = height * np.exp(-rate * rule.times)
        spread = (error**2, error**2 * 0.2, 0.0)
        seen = exact + rng.standard_normal(len(exact)) * np.sqrt(spread[0] + spread[1] * exact)
        estimates = [Estimate(g, float(np.sqrt(max(error**2 * (1 + 0.2 * g), 0))), spread=spread) for g in seen]
        made.append(Curve(rule, estimates, exact))
    return made


@pytest.mark.parametrize("error", [further(0.02), 0.3])
def test_the_interval_of_a_crossing_covers_what_it_says_and_the_slope_does_not(error):
    rng, truth = np.random.default_rng(5), np.log(2) / 2
    held = near = seen = 0
    for _ in range(400):
        one, other = curves(rng, error)
        found = until(one, other)
        held += found.low <= truth and (found.high is None or truth <= found.high)
        drawn = crossing(one.rule, one.estimates, other.rule, other.estimates)
        near += drawn is not None and abs(drawn.value - truth) <= 1.96 * drawn.stderr
        seen += 1
    assert 0.93 <= held / 400 <= 0.995
    if error > 0.1:  # the control: what it replaces is far off where errors are large
        assert near / seen < 0.9


def test_the_ends_are_where_the_difference_is_nearly_two_of_its_errors():
    """D = 4 e^{−3t} − 2 e^{−t} from single values of fixed errors: |D| = 1.96 σ by root finding."""
    rules = rule_for_times(np.array([0.8]), 3.0), rule_for_times(np.array([0.9]), 1.0)
    made = [
        Curve(rule, [Estimate(h * float(np.exp(-r * rule.times[0])), 0.05)], (np.nan,))
        for rule, r, h in zip(rules, (3.0, 1.0), (4.0, 2.0), strict=True)
    ]
    found = until(*made)

    def lead(time, sign):
        slopes = [np.exp(r * (rule.times[0] - time)) for rule, r in zip(rules, (3.0, 1.0), strict=True)]
        return 4 * np.exp(-3 * time) - 2 * np.exp(-time) - sign * 1.959964 * 0.05 * np.hypot(*slopes)

    assert (found.kind, found.end) == ("interval", 0.8)
    low = brentq(lambda t: lead(t, 1), 0, 1)
    assert found.low == pytest.approx(low, rel=1e-4)
    assert found.high == pytest.approx(brentq(lambda t: lead(t, -1), low, 3), rel=1e-4)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_until_when_is_free_of_units(scale):
    times = np.array([0.1, 0.3, 0.8, 1.5])
    made = []
    for unit in (1.0, scale):
        rules = rule_for_times(times * unit, 3.0 / unit), rule_for_times(times * unit, 1.0 / unit)
        pair = [
            Curve(rule, [Estimate(h * float(np.exp(-r * t)), 0.03) for t in times], (np.nan,) * 4)
            for rule, r, h in zip(rules, (3.0, 1.0), (4.0, 2.0), strict=True)
        ]
        made.append(until(*pair))
    assert made[1].low == pytest.approx(made[0].low * scale, rel=1e-9)
    assert made[1].high == pytest.approx(made[0].high * scale, rel=1e-9)
    assert made[1].lead_p_value == pytest.approx(made[0].lead_p_value, rel=1e-9)


def flat(values, error):
    rule = rule_for_times(np.array([0.0, 1.0, 2.0]), 0.5)
    return Curve(rule, [Estimate(v, error) for v in values], (np.nan,) * 3)


@pytest.mark.parametrize(
    ("one", "error", "kind"),
    [
        ([4, 3, 2], 0.01, "beyond"), ([1, 0.5, 0.2], 0.01, "never"), ([4, 1, 0.2], 0.01, "interval"),
        ([4, 1, 0.8], 0.2, "at least"), ([2.1, 0.7, 0.2], 0.1, "at most"), ([2, 1, 1], 5.0, "any"),
    ],
)  # fmt: skip
def test_there_is_always_an_answer(one, error, kind):
    found = until(flat(one, error), flat([2, 1, 0.8], error))
    assert found.kind == kind
    assert found.end == 2.0
    assert (found.high is None) == (kind in ("beyond", "at least", "any"))


def test_times_at_zero_alone_have_an_answer():
    rule = rule_for_times(np.zeros(1), 0.5)
    one, other = (Curve(rule, [Estimate(g, 0.1)], (np.nan,)) for g in (4.0, 2.0))
    assert until(one, other).kind == "beyond"
    assert until(other, one).kind == "never"


def test_what_interpolation_misses_and_a_doubted_law_widen_the_interval():
    one, other = flat([4, 1, 0.2], 0.01), flat([2, 1, 0.8], 0.01)
    plain = until(one, other)
    bent = one._replace(exact=(4, 1, 0.2), exact_at=lambda t: one.rule.interpolation(t) @ [4, 1, 0.2] + 0.02 * t)
    for wider in (until(bent, other), until(one._replace(widening=5.0), other)):
        assert wider.low < plain.low
        assert wider.high > plain.high


def test_an_estimate_has_the_variance_of_the_value_that_a_hypothesis_gives_it():
    """Two binomial shares tested for equality: the pooled variance, by brute force over the common value."""
    shots, shares = 40, (0.5, 0.1)
    both = Independent.of(
        [Estimate(p, np.sqrt(p * (1 - p) / shots), limits=(0, 1), spread=(0, 1 / shots, -1 / shots)) for p in shares]
    )
    z = float(both.z(np.array([[1.0, -1.0]]))[0])
    best = minimize(
        lambda p: sum((s - p[0]) ** 2 / (p[0] * (1 - p[0])) for s in shares), [0.3], bounds=[(0.01, 0.99)]
    ).x[0]
    assert z == pytest.approx(0.4 / np.sqrt(2 * best * (1 - best) / shots), rel=0.03)
    assert z < 0.4 / np.sqrt((0.25 + 0.09) / shots)  # the control: variances at the estimates


@pytest.mark.parametrize(("top", "bottom"), [(0.05, 0.1), (0.3, 0.3)])
def test_the_interval_of_a_ratio_covers(top, bottom):
    rng = np.random.default_rng(8)
    one, other = (rng.normal(mean, error, 4000) for mean, error in ((1.3, top), (1.0, bottom)))
    held = []
    for a, b in zip(one, other, strict=True):
        low, high = fieller(Estimate(a, top), Estimate(b, bottom))
        held.append(low <= 1.3 and (high is None or high >= 1.3))
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


def test_the_interval_of_a_ratio_says_where_it_has_no_end():
    assert fieller(Estimate(3.0, 0.1), Estimate(0.1, 0.1)) == (pytest.approx(10.17, abs=0.1), None)
    assert fieller(Estimate(0.1, 0.1), Estimate(0.1, 0.1)) == (0.0, None)
    low, high = fieller(Estimate(0.1, 0.1), Estimate(2.0, 0.1))
    assert low == 0
    assert high == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize(("one", "other"), [(-5.0, 0.1), (-5.0, 5.0), (5.0, -5.0), (-10.0, -5.0), (1.9, -1.9)])
def test_a_ratio_of_numbers_that_no_gain_can_have_is_not_known(one, other):
    totals = Estimate(one, 1.0), Estimate(other, 1.0)
    rule = gauss_rule(1.0, 1.0, 1)  # of weight 2
    parts = (Integral(rule, [Estimate(total.value / 2, 0.5)], total) for total in totals)
    interval, p_value = compare_integrals(*parts)
    assert interval == fieller(*totals) == (0.0, None)
    assert p_value < 0.05
    told = replace(item(p_value, one / other), ratio_interval=interval, until=None)
    (said,) = verdicts([told])
    assert "no difference is seen (ratio not known" in said
    assert not claims([told])[0].differ  # which the headline tells
    (chart,), _ = advantage_charts([told])
    (text,) = (mark.text for layer in chart.layers for mark in layer.marks)
    assert text.startswith("GHZ against product, N = 4: not known; exact ")


@pytest.mark.parametrize("error", [0.02, 0.2, 0.4])
def test_integrals_of_fixed_errors_have_the_ratio_of_fieller(error):
    rules = gauss_rule(1.0, 1.0, 3), gauss_rule(2.0, 1.0, 3)
    parts = []
    for rule, height in zip(rules, (3.0, 4.0), strict=True):
        estimates = [Estimate(height * float(np.exp(-rule.decay_rate * t)), error) for t in rule.times]
        value = float(rule.weights @ [e.value for e in estimates])
        parts.append(Integral(rule, estimates, Estimate(value, 1.5 * error * float(np.linalg.norm(rule.weights)))))
    found = compare_integrals(*parts)
    low, high = fieller(*(part.total for part in parts))
    assert found.interval[0] == pytest.approx(low, rel=1e-6)
    assert found.interval[1] == (None if high is None else pytest.approx(high, rel=1e-6))
    z = (parts[0].total.value - parts[1].total.value) / np.hypot(*(part.total.stderr for part in parts))
    assert found.p_value == pytest.approx(2 * norm.sf(abs(z)))


def test_holm_makes_few_false_claims_and_more_true_ones_than_bonferroni():
    rng = np.random.default_rng(2)
    alone = any_false = 0
    for _ in range(4000):
        p = rng.uniform(size=10)
        any_false += any(holm(p))
        alone += bool((p < 0.05).any())
    assert any_false / 4000 == pytest.approx(0.05, abs=0.012)
    assert alone / 4000 > 0.3  # the control: each at 5 % alone
    assert holm([1e-5, 0.012, 0.02, 0.04]) == [True, True, True, True]
    assert not all(p < 0.05 / 4 for p in (1e-5, 0.012, 0.02, 0.04))


def item(p_value=1e-6, ratio=1.5, lead=1e-9, trail=1e-9, **more):
    seen = Until(1.0, 1.2, 2.0, lead, trail)
    made = Crossover("n", 4, "auto", Estimate(1.1, 0.1), 1.12, Estimate(ratio, 0.1), ratio, until=seen)
    return replace(made, ratio_interval=(ratio - 0.2, ratio + 0.2), ratio_p_value=p_value, **more)


def test_a_verdict_claims_only_what_survives_the_number_of_claims():
    (alone,) = verdicts([item(0.01)])
    assert "leads until t = 1 … 1.2 s" in alone
    assert "gains 50 %" in alone
    crowd = [item(0.01, lead=0.5, trail=0.5, noise=f"n{k}") for k in range(5)]
    assert not any("gains" in verdict or "leads until" in verdict for verdict in verdicts(crowd))
    assert all("survives" in verdict and "not told" in verdict for verdict in verdicts(crowd))
    assert not any(any(one) for one in claims(crowd))


def test_a_verdict_whose_end_is_not_claimed_gives_no_end():
    (verdict,) = verdicts([item(trail=0.5)])
    assert "leads until t = 1 s at least (exact: 1.12 s)" in verdict


@pytest.mark.parametrize(("ratio", "claimed"), [(1.5, True), (0.6, False)])
def test_a_bound_from_below_shows_no_loss_and_no_end_of_a_lead(ratio, claimed):
    bounded = item(ratio=ratio, bounds=frozenset({"ghz"}))
    (made,) = claims([bounded])
    assert (made.leads, made.trails, made.differ) == (True, False, claimed)
    assert "a bound from below for ghz" in verdicts([bounded])[0]


def test_a_verdict_names_both_probes_and_the_one_that_leads_first():
    found = item(probe="w", other="ghz", first="ghz")
    assert verdicts([found])[0].startswith("n, N = 4: GHZ leads w until t = 1 … 1.2 s (exact: 1.12 s); ")
    assert "w gains 50 % over GHZ" in verdicts([found])[0]


SQUEEZED = "one_axis:0.5"
SMALL = {**RUN, "probes": ["ghz", "product", SQUEEZED], "shots": 300}


def test_by_default_every_probe_is_beside_the_product_probe(tmp_path):
    found = compare(run(RunSpec.from_dict(SMALL), tmp_path))
    assert [(row["probe"], row["other"]) for row in found.crossovers] == [("ghz", "product"), (SQUEEZED, "product")]
    assert len(found.verdicts) == 2


def test_pairs_are_compared_as_asked_for_and_the_spec_keeps_them(tmp_path):
    asked = [[SQUEEZED, "ghz"], ["product", SQUEEZED]]
    spec = RunSpec.from_dict({**SMALL, "compare": asked})
    record = run(spec, tmp_path)
    found = compare(record)
    assert [[row["probe"], row["other"]] for row in found.crossovers] == asked
    assert record.spec.to_dict()["compare"] == asked
    assert RunSpec.from_dict(record.spec.to_dict()).id == spec.id
    for row in found.crossovers:
        assert row["until"] in ("interval", "at least", "at most", "any", "beyond", "never")
        assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert all(verdict.endswith(", by auto.") for verdict in found.verdicts)


def test_a_spec_without_pairs_has_the_id_and_the_times_that_it_had():
    spec = RunSpec.from_dict(RUN)
    assert "compare" not in spec.to_dict()
    asked = RunSpec.from_dict({**RUN, "compare": [["ghz", "product"]]})
    assert asked.id != spec.id
    assert [point.key for point in plan(asked)] == [point.key for point in plan(spec)]


@pytest.mark.parametrize(
    ("pairs", "fix"),
    [
        ([["gzh", "product"]], 'Did you mean "ghz"'), ([["ghz"]], "write two"), ([["ghz", "ghz"]], "name two"),
        ([["ghz", "product"], ["product", "ghz"]], "list it once"), ([["ghz", "w4"]], "add it to `num_qubits`"),
    ],
)  # fmt: skip
def test_pairs_that_cannot_be_compared_are_refused_with_the_fix(pairs, fix):
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict({**RUN, "probes": ["ghz", "product", "w4"], "compare": pairs}, "some.toml")
    assert str(caught.value).startswith("some.toml: key `compare`: pair ")
    assert fix in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_as_written_also_where_a_table_calls_another_probe_so():
    """Under weights of mixed sign "ghz" has matching signs, and tables call "ghz:++" ghz."""
    content = {**RUN, "probes": ["ghz", "ghz:++", "product"], "signal": {"weights": "alternating"}}
    spec = RunSpec.from_dict({**content, "compare": [["ghz", "product"]]})
    assert [(one.signs, other.name) for one, other in spec.pairs] == [("+-", "product")]
    tilted = RunSpec.from_dict(
        {**RUN, "probes": [{"probe": "product", "tilt": 0.2}, "product"], "compare": [["product(tilt=0.2)", "product"]]}
    )
    assert [one.tilt for one, _ in tilted.pairs] == [0.2]


def test_probes_with_estimators_of_their_own_are_compared(tmp_path):
    found = compare(run(RunSpec.from_dict({**RUN, "estimators": ["ghz", "product"]}), tmp_path))
    assert [row["estimator"] for row in found.crossovers] == ["ghz and product"]
    assert found.verdicts[0].endswith("by ghz and product.")


def test_what_is_withheld_has_no_interval(tmp_path):
    wrong = {"up_given_down": 0.02, "down_given_up": 0.02}
    (row,) = compare(run(RunSpec.from_dict({**RUN, "readout_error": wrong}), tmp_path)).crossovers
    assert row["withheld"]
    assert row["until"] is row["crossover_low_s"] is row["crossover_high_s"] is None
    assert [_ratio_text(row), until_text(row, 1.0)] == ["–", "–"]


def test_few_shots_have_an_answer_too(tmp_path):
    (row,) = compare(run(RunSpec.from_dict({**RUN, "shots": 12}), tmp_path)).crossovers
    assert row["until"] is not None
    assert row["crossover_high_s"] is None or row["crossover_low_s"] <= row["crossover_high_s"]


def test_a_ratio_to_noise_is_told_as_a_bound():
    """What product gained is compatible with 0, measured above or below it: by how much GHZ gains more has no end."""
    until_never = Until(0.0, None, 1.0, 0.5, 0.5)
    for value in (3.1e15, -7e14):
        item = Crossover("ions", 2, "auto", None, None, Estimate(value, 1e30), 1.0, ratio_interval=(4.5, None),
                         ratio_p_value=1e-9, until=until_never)  # fmt: skip
        (said,) = verdicts([item])
        assert "it gains 350 % or more (ratio 4.500 or more; exact 1.000)" in said
        (said,) = verdicts([replace(item, ratio_interval=(0.0, None), ratio_p_value=0.5)])
        assert "no difference is seen (ratio not known; exact 1.000)" in said
