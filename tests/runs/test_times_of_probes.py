"""Times of their own for the probes of a spec, and estimators that are for some of them alone."""

import pytest

from qsense.errors import SpecError
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec

BARE = {
    "schema": 1, "name": "own", "probes": ["ghz", "product", "one_axis:0.2"], "num_qubits": [3, 4],
    "noise": "dephasing", "estimators": ["ghz", "product", {"estimator": "moments", "probes": ["one_axis:0.2"]}],
    "field_rad_per_s": 0.1, "shots": 100, "seed": 1,
}  # fmt: skip


def spec(**more):
    return RunSpec.from_dict({**BARE, **more})


def times(found):
    return {(point.probe.name, point.probe.num_qubits): point.rule.times.tolist() for point in plan(found)}


def test_each_probe_has_its_own_times_and_the_others_the_designed_ones():
    own, designed = times(spec(times_s={"ghz": ["0.1 s"], "product": [0.0, 0.5]})), times(spec())
    assert own["ghz", 3] == own["ghz", 4] == [0.1]
    assert own["product", 4] == [0.0, 0.5]
    assert own["one_axis:0.2", 3] == designed["one_axis:0.2", 3]
    assert len(designed["ghz", 3]) > 4


def test_points_and_ids_are_those_of_the_same_times_given_for_all():
    """Of one probe the point, its key and so its counts do not know how its times were written."""
    for name in ("ghz", "product"):
        alone = {"probes": [name], "estimators": [name]}
        every, table = (plan(spec(**alone, times_s=given)) for given in ([0.1, 0.4], {name: [0.1, 0.4]}))
        assert [point.key for point in every] == [point.key for point in table]


def test_a_resolved_spec_says_them_again():
    one = spec(times_s={"product": [0.5], "ghz": [0.1]}, signal={"weights": "alternating"}, probes=["ghz", "product"],
               estimators=["ghz", "product"])  # fmt: skip
    again = RunSpec.from_dict(one.to_dict())
    assert again == one
    assert again.id == one.id != spec(times_s={"product": [0.5], "ghz": [0.2]}).id


def test_an_estimator_is_for_the_probes_that_it_names():
    pairs = {(point.probe.name, point.estimator.kind) for point in plan(spec())}
    assert pairs == {("ghz", "ghz"), ("product", "product"), ("one_axis:0.2", "moments")}
    assert RunSpec.from_dict(spec().to_dict()) == spec()
    assert "probes" not in RunSpec.from_dict({**BARE, "estimators": "auto"}).to_dict()["estimators"][0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times_s": {"gzh": [0.1]}}, 'key `times_s`: "gzh" is none of `probes`. Did you mean'),
        ({"times_s": {"ghz": [0.2, 0.1]}}, "must increase"),
        ({"times_s": {"ghz": []}}, "at least one"),
        ({"times_s": {}}, "needs those of a probe"),
        ({"estimators": [{"estimator": "ghz", "probes": ["gzh"]}]}, "goes with a gzh probe, and `probes` has none"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(change, words):
    with pytest.raises(SpecError, match=words.replace("?", r"\?")):
        plan(spec(**change))
