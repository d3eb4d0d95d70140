"""A spec on its backend: placed once, checked before anything is written, and continued where it was started."""

import json
import tomllib

import numpy as np
import pytest
from vendors import LINE, Vendor, line_target

from qsense import reports as report
from qsense import workflow
from qsense.errors import RecordError, SpecError
from qsense.noise import LocalNoise
from qsense.runs.placement import Placement
from qsense.runs.preparation import prepare_run
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec

pytestmark = pytest.mark.usefixtures("code_allowed")
SPEC = {
    "schema": 1, "name": "prepared", "probes": ["ghz", "product"], "num_qubits": [2], "noise": "calibration",
    "estimators": ["auto"], "field_rad_per_s": 1000.0, "times_s": [0.0, 16e-6], "shots": 100, "seed": 3,
    "backend": "vendors:make", "device": {"readout_shots": 50},
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(report, "figures", lambda *_: {})


@pytest.fixture
def device(monkeypatch):
    """Sets the target of the backend "vendors:make"."""

    def set_target(**options):
        monkeypatch.setattr("vendors.make", lambda: Vendor(line_target(**options)))

    return set_target


def spec(**changes):
    return RunSpec.from_dict({**SPEC, **changes}, "mine.toml")


def test_a_run_whose_numbers_an_earlier_version_rounded_otherwise_is_continued(device, tmp_path):
    device()
    noise = [{"name": "thermal", "t1_s": 100.0 * 1e-6, "t2_s": 80.0 * 1e-6}]  # as "80 us" was read
    record = workflow.run(spec(noise=noise), tmp_path)
    exact = spec(noise=[{"name": "thermal", "t1_s": "100 us", "t2_s": "80 us"}])
    assert exact.id != spec(noise=noise).id
    assert workflow.run(exact, tmp_path).path == record.path
    other = spec(noise=[{"name": "thermal", "t1_s": "100 us", "t2_s": "80.00001 us"}])
    assert workflow.run(other, tmp_path).path != record.path


def test_a_run_that_its_device_would_now_place_elsewhere_is_continued_where_it_was(device, tmp_path, caplog):
    caplog.set_level("INFO", "qsense")
    record = workflow.run(spec(), tmp_path)
    assert not caplog.messages
    before = {path: path.read_bytes() for path in (record.path / "counts").iterdir()}
    device(t2=20e-6)
    again = workflow.run(spec(), tmp_path)
    assert again.path == record.path
    assert again.spec.device == record.spec.device
    assert {path: path.read_bytes() for path in (record.path / "counts").iterdir()} == before
    assert (
        "is continued with its qubits, T1 and T2; to start afresh with that of today, choose another folder"
        in (caplog.messages[0])
    )
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]
    assert "2 of 2 points were in the record already" in caplog.messages[1]
    fresh = workflow.run(spec(), tmp_path / "other")
    assert fresh.path.name != record.path.name
    assert fresh.spec.device != record.spec.device


def test_a_device_that_has_not_changed_says_nothing(device, tmp_path, caplog):
    caplog.set_level("INFO", "qsense")
    for _ in range(2):
        device()
        workflow.run(spec(), tmp_path)
    assert caplog.messages == ["2 of 2 points were in the record already and were not run again"]


def test_a_record_whose_couplings_are_gone_is_not_continued_on_other_qubits(device, tmp_path):
    record = workflow.run(spec(), tmp_path)
    qubits = record.spec.device.placements[0].qubits
    device(edges=[edge for edge in LINE if set(edge) != set(qubits)])
    with pytest.raises(SpecError, match=r"^mine\.toml: key `backend`: The qubits of a GHZ probe must be connected"):
        workflow.run(spec(), tmp_path)


def test_a_record_that_cannot_be_read_stops_a_run_that_may_be_its_own(tmp_path):
    record = workflow.run(spec(), tmp_path)
    (record.path / "spec.toml").write_text("name = ")
    with pytest.raises(RecordError, match=r"spec\.toml"):
        workflow.run(spec(), tmp_path)
    workflow.run(spec(name="another"), tmp_path)  # of another name it is not


def test_of_several_records_of_one_spec_the_newest_is_continued(device, tmp_path):
    first = workflow.run(spec(), tmp_path)
    device(t2=20e-6)
    second = workflow.run(spec(), tmp_path / "second")
    second.path.rename(tmp_path / second.path.name)
    for name, year in ((first.path.name, 2030), (second.path.name, 2020)):
        path = tmp_path / name / "provenance.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "created": f"{year}-01-01T00:00:00+00:00"}))
    assert RunRecord.matching_request(spec(), tmp_path).path.name == first.path.name


def test_a_circuit_whose_spins_move_is_continued_where_they_moved_to(tmp_path):
    """A fan-out from the end of the line moves spins; prepared from where they end, they would move on."""
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[4] q;\nh q[0];\ncx q[0], q[1];\ncx q[0], q[2];\ncx q[0], q[3];\n'
    )
    asked = spec(probes=[{"probe": "star", "qasm": text}], num_qubits=[], estimators=["tomography"])
    placed = prepare_run(asked, tmp_path).spec
    (place,) = placed.device.placements
    assert place.begins_on is not None
    assert set(place.begins_on) == set(place.qubits)
    stored = RunRecord.create(placed, tmp_path)
    assert RunSpec.from_dict(tomllib.loads((stored.path / "spec.toml").read_text())).device == placed.device
    again = prepare_run(asked, tmp_path)
    assert again.sampler.sensing_qubits(placed.probes[0]) == place.qubits
    assert again.spec.id == placed.id


def test_a_time_too_short_for_the_pulses_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(SpecError, match="too short for the pulses"):
        workflow.run(spec(times_s=[48e-9, 16e-6], idle="xy4", signal={"frequency_hz": "matched"}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_name_of_a_calibration_of_many_qubits_fits_into_a_file_system():
    qubits = tuple(range(20, 156))
    names = {Placement("ghz", 136, order, LocalNoise()).file_name for order in (qubits, qubits[::-1])}
    assert len(names) == 2
    assert max(map(len, names)) < 100


def test_a_run_on_an_emulator_has_no_placement(tmp_path):
    prepared = prepare_run(spec(backend="emulator", noise="dephasing", device=None), tmp_path)
    assert prepared.places == ()
    assert prepared.described() is None
    assert prepared.spec.device is None
    assert np.isclose(prepared.points[0].rule.times, [0.0, 16e-6]).all()


def test_tomography_of_many_spins_says_what_its_error_bar_holds():
    words = {"noise": {"dephasing_rate": 1.0}, "backend": "emulator", "probes": ["ghz"], "times_s": [0.1]}
    spec = {**SPEC, **words, "estimators": [{"estimator": "tomography", "derivative": "commutator"}]}
    del spec["device"]
    for size, said in ((6, []), (7, ["2.5"]), (8, ["3"])):
        found = prepare_run(RunSpec.from_dict({**spec, "num_qubits": [size]}), None).assumptions
        assert [line.split("is ")[-1].split(" times")[0] for line in found if "bias" in line] == said
    with pytest.raises(SpecError, match=r"would take 3\^9 = 19683 circuits"):
        prepare_run(RunSpec.from_dict({**spec, "num_qubits": [9]}), None)


def test_what_only_a_device_has_is_said_to_do_nothing_on_the_emulator():
    here = {**SPEC, "noise": "dephasing", "backend": "emulator", "field_rad_per_s": 0.2, "times_s": [0.0, 1.0]}
    (line,) = prepare_run(RunSpec.from_dict(here), None).assumptions
    assert line.startswith('nothing comes of `device.readout_shots`: the backend "emulator" is no device')
    assert prepare_run(RunSpec.from_dict({**here, "device": {}}), None).assumptions == ()
