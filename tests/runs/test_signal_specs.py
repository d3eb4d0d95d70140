"""The signal and the pulses of a spec: what is written and read, and what is refused before anything is run."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest
import tomli_w

from qsense import Probe, RunSpec
from qsense.errors import SpecError
from qsense.runs.plan import listed, plan
from qsense.signals import Signal

SPEC = {
    "schema": 1,
    "name": "small",
    "probes": ["ghz", "product"],
    "num_qubits": [2, 4],
    "noise": [{"dephasing_rate": 0.1}],
    "estimators": ["auto"],
    "field_rad_per_s": 0.2,
    "times_s": [0.5, 1.0],
    "shots": 100,
    "seed": 7,
}
ALTERNATING = {"signal": {"weights": "alternating"}}
MATCHED = {"idle": "hahn", "signal": {"frequency_hz": "matched"}}


def spec_of(**changes):
    return RunSpec.from_dict({key: value for key, value in {**SPEC, **changes}.items() if value is not None})


def test_what_is_not_given_is_not_written():
    plain = spec_of()
    assert not {"signal", "idle"} & plain.to_dict().keys()
    for same in ({"signal": {}}, {"signal": {"weights": [1.0, 1.0]}, "num_qubits": 2}, {"idle": "free"}):
        assert spec_of(**same).id == spec_of(num_qubits=same.get("num_qubits", [2, 4])).id
    (point,) = listed(spec_of(probes="product", num_qubits=2))
    for changed in (spec_of(**ALTERNATING), spec_of(**MATCHED)):
        assert changed.id != plain.id
        assert replace(point, signal=changed.signal, pulses=changed.pulses).key != point.key


@pytest.mark.parametrize("changes", [
    ALTERNATING,
    MATCHED,
    {"signal": {"weights": [1, -0.5]}, "num_qubits": 2},
    {"signal": {"frequency_hz": "5 kHz", "phase_rad": 0.3}},
    {"idle": "cpmg:4", "signal": {"weights": "alternating", "frequency_hz": 2.0}},
    {**ALTERNATING, "probes": ["ghz", "ghz:++", "ghz:++++", {"probe": "ghz", "tilt": 0.3}, "product"]},
    {"probes": ["ghz", "ghz:alternating", "ghz:-+", {"probe": "ghz:--+-", "tilt": 0.1}]},
    {"probes": ["ghz:+-", "ghz:+-+-"], "num_qubits": None},
    {**MATCHED, "device": {"readout_shots": 100}},
])  # fmt: skip
def test_a_resolved_spec_resolves_to_itself(changes):
    spec = spec_of(**changes)
    again = RunSpec.from_dict(tomllib.loads(tomli_w.dumps(spec.to_dict())))
    assert again.to_dict() == spec.to_dict()
    assert (again.probes, again.signal, again.pulses) == (spec.probes, spec.signal, spec.pulses)
    assert again.id == spec.id
    assert again.requested.id == spec.requested.id


def test_ghz_has_the_signs_of_the_signal():
    assert spec_of(**ALTERNATING, probes="ghz").probes == (Probe.ghz(2, "+-"), Probe.ghz(4, "+-+-"))
    assert spec_of(**ALTERNATING, probes="ghz:++").probes == (Probe.ghz(2),)
    assert spec_of(probes={"probe": "ghz", "tilt": 0.3}, num_qubits=2).probes == (Probe.ghz(2, tilt=0.3),)
    assert spec_of(signal={"weights": [1, 0.5]}, num_qubits=2, probes="ghz").probes == (Probe.ghz(2),)
    written = spec_of(**ALTERNATING, probes=["ghz", "ghz:++"]).to_dict()["probes"]
    assert written == [{"probe": "ghz"}, {"probe": "ghz:++"}]
    long = spec_of(probes="ghz:" + "+--" * 8, num_qubits=24)
    assert long.to_dict()["probes"] == [{"probe": "ghz:" + "+--" * 8}]


def test_idle_means_the_same_in_either_place():
    once = {"idle": "hahn", "device": {"readout_shots": 100}, "signal": MATCHED["signal"]}
    other = {"device": {"idle": "hahn", "readout_shots": 100}, "signal": MATCHED["signal"]}
    both = {**once, "device": other["device"]}
    assert len({spec_of(**one).id for one in (once, other, both)}) == 1
    spec = spec_of(**other)
    assert (spec.idle, spec.device.idle, spec.pulses.name) == ("hahn", "hahn", "hahn")
    assert spec.to_dict()["idle"] == spec.to_dict()["device"]["idle"] == "hahn"


def test_a_spec_of_an_earlier_version_keeps_its_id_and_its_points_and_is_not_run(tmp_path):
    """Its signal was outside of the pulses, so that its points are those of a window without them."""
    from qsense.workflow import run

    old = spec_of(device={"idle": "xy4"}, backend="fake:boston", probes="product", num_qubits=2)
    assert old.to_dict()["device"] == {"idle": "xy4"}
    assert "idle" not in old.to_dict()
    assert old.senses_outside_pulses
    assert old.pulses.is_free
    assert [p.key for p in plan(old)] == [p.key for p in plan(spec_of(probes="product", num_qubits=2))]
    with pytest.raises(SpecError, match=r'key `idle`: idle = "xy4" refocuses a constant field: an echo senses an'):
        run(old, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"idle": "hahn"}, 'key `idle`: idle = "hahn" refocuses a constant field: an echo senses an alternating one'),
        ({"idle": "han"}, 'key `idle`: unknown idle sequence "han". Did you mean "hahn"?'),
        ({"idle": "hahn", "device": {"idle": "xy4"}}, 'key `device`: `idle` is "xy4" here and "hahn" in the spec'),
        ({"signal": {"frequency_hz": "matched"}}, 'A "matched" frequency is that of the pulses; give `idle`'),
        ({"signal": {"frequency_hz": "5 us"}}, "key `signal.frequency_hz`: must be a rate, but"),
        ({"signal": {"frequency_hz": -1.0}}, "key `signal.frequency_hz` should be at least 0, but is -1.0"),
        ({"signal": {"phase_rad": 1.0}}, "key `signal`: `phase_rad` goes with an alternating field"),
        ({"signal": {"weights": "gradient"}}, "`signal.weights` should be a list or 'alternating', but"),
        ({"signal": {"weights": [0, 0]}}, "key `signal`: `weights` must have finite numbers"),
        ({"signal": {"weights": [1, -1]}}, "key `signal.weights`: 2 weights go with probes of that many spins"),
        ({"signal": {"weight": [1, -1]}}, "key `signal.weight` is unknown"),
        ({"probes": "ghz:+-+"}, 'key `probes[0]`: "ghz:+-+" has 3 spins, but `num_qubits` is 2, 4; add 3'),
        ({"probes": "ghz:+x"}, "key `probes[0]`: `signs` must be + or - for each of the 2 spins"),
        (
            {**MATCHED, "noise": {"transverse_rate": 0.1}},
            "key `idle`: Pulses beside transverse noise are not supported",
        ),
        (
            {**MATCHED, "noise": {"dephasing_rate": 0.1, "coupling_rad_per_s": 1.0}},
            "key `idle`: Pulses beside a coupling are not supported",
        ),
    ],
)  # fmt: skip
def test_a_wrong_signal_names_the_key_and_the_fix(changes, message):
    with pytest.raises(SpecError) as caught:
        plan(spec_of(**changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_point_collects_the_weighted_angle():
    point = replace(plan(spec_of(probes="product", num_qubits=2))[0], signal=Signal([1, -0.5]))
    phases = point.acquisitions()[1].settings.phases
    assert np.allclose(phases - phases[:, :1], [[0, -0.2 - 0.1]], atol=1e-12)
    echoed = replace(point, signal=Signal(frequency="matched"), pulses=spec_of(**MATCHED).pulses)
    assert np.allclose(echoed.collected, 2 / np.pi)
    assert echoed.acquisitions()[0].experiment.pulses.name == "hahn"
    assert point.acquisitions()[0].experiment.signal == Signal([1, -0.5])
