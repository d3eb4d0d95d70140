"""Causes: what is named makes entanglement pay when it is taken away; where nothing alone does, the fewest together."""

import numpy as np

import qsense
from qsense.signals import Signal


def plan(**given):
    return qsense.plan_sensing(**({"num_qubits": 2} | given))


def advantage(**given):
    return plan(**given).row("ghz", 2).advantage_db.value


def test_uneven_t2_is_a_cause_of_its_own():
    """Emission alone pays (2 · 1.2092 against 2 of equal rates); of rates a : 20 a the short spin spoils the pair."""
    noise = qsense.LocalNoise(emission=[0.05, 1.0])
    assert advantage(noise=noise) < -1
    assert advantage(noise=qsense.LocalNoise(emission=np.mean([0.05, 1.0]))) > 0.1
    found = plan(noise=noise).advice
    assert found.cause == "uneven T2 of the spins"
    assert "because of uneven T2 of the spins" in found.sentence


def test_uneven_weights_are_a_cause_of_their_own():
    """A spin that does not feel the field only brings its noise: GHZ has G = 1 as the other spin has."""
    found = plan(noise=qsense.LocalNoise(emission=0.1), signal=Signal([0, 1])).advice
    assert found.cause == "uneven weights"
    assert "without it GHZ of N = 2 would have" in found.limit


def test_nothing_is_named_that_does_not_make_it_pay():
    """Dephasing alone is a tie at best, whatever the dead time: without it GHZ gains nothing."""
    dephasing = qsense.LocalNoise(dephasing=0.1)
    assert advantage(noise=dephasing, dead_time=100.0) < -1
    found = plan(noise=dephasing, dead_time=100.0).advice
    assert found.cause == "local noise"
    assert "dead time" not in found.sentence


def test_two_are_named_where_only_together_they_make_the_difference():
    noise = qsense.LocalNoise(emission=[0.05, 1.0])
    weighted = Signal([1.0, 0.05])
    both = {"noise": noise, "signal": weighted}
    assert advantage(**both) < -0.02
    assert advantage(noise=qsense.LocalNoise(emission=0.525), signal=weighted) < -0.02
    assert advantage(noise=noise, signal=Signal([0.525, 0.525])) < -0.02
    found = plan(**both).advice
    assert found.cause == "uneven T2 of the spins and uneven weights"
    assert "without both GHZ of N = 2 would have" in found.limit


def test_noise_that_is_all_shared_is_the_cause_although_nothing_decays_without_it():
    found = plan(noise=qsense.NoiseModel(collective_dephasing=1.0)).advice
    assert found.cause == "shared noise"
    assert "without it nothing decays" in found.limit


def test_a_threshold_is_told_only_where_something_hangs_on_it():
    noise = qsense.LocalNoise.from_t1_t2(t1=100e-6, t2=150e-6)
    far, near, above = (plan(noise=noise, dead_time=one).advice for one in (5e-6, 45e-6, 32e-6))
    assert far.threshold is None
    assert "T2" not in far.sentence
    assert near.threshold is not None
    assert near.sentence.endswith("; it is 150 ± 30 µs.")
    assert above.threshold is not None
    assert above.sentence.endswith("; it is 150 ± 30 µs, not far above.")
    assert plan(noise=noise, dead_time=45e-6, uncertainty=0).advice.threshold is None


def test_seconds_that_are_too_few_are_told_first():
    """The best times are 1 s/(4 · 0.1) and N times earlier for GHZ, of two circuits; product spins have three."""
    noise = qsense.LocalNoise(dephasing=0.1)
    nothing = plan(noise=noise, num_qubits=[2, 3], seconds=0.1)
    assert all(row.shots == 0 for row in nothing.rows)
    assert nothing.advice.sentence.startswith(
        "Nothing fits into 100 ms: one repetition of each circuit takes at least 1.67 s (GHZ of"
    )
    some = plan(noise=noise, seconds=3.0)
    assert some.row("ghz", 2).shots == 2
    assert "not one repetition of each of its circuits fits into 3 s: that takes 7.5 s" in some.advice.sentence
    assert "fits" not in plan(noise=noise, seconds=100.0).advice.sentence


def test_whether_null_means_always_or_never_is_told_in_json():
    rows = {row["probe"]: row for row in plan(noise=qsense.LocalNoise(dephasing=0.1)).to_dict()["rows"]}
    assert rows["ghz"]["leads"] == "until"
    assert rows["product"]["leads"] is None
    assert not rows["ghz"]["is_estimate"]


def test_a_probe_that_leads_always_or_never_says_so():
    """Spins of opposite signs do not feel noise that they share; of a spin without weight GHZ has the noise alone."""
    noise = qsense.NoiseModel(qsense.LocalNoise(dephasing=0.1), collective_dephasing=1.0)
    row = plan(noise=noise, signal=Signal("alternating")).row("ghz:+-", 2)
    assert row.to_dict()["leads_until_s"] is None
    assert row.to_dict()["leads"] == "always"
    never = plan(noise=qsense.LocalNoise(emission=0.1), signal=Signal([0, 1])).row("ghz", 2)
    assert (never.leads_until_s, never.to_dict()["leads"]) == (0.0, "never")
