"""All probes of a size sit on the same qubits of a device unless asked otherwise, which every verdict then says."""

import json
import tomllib
from dataclasses import replace

import in_process
import numpy as np
import pytest
from scipy.integrate import quad
from vendors import RING_T1, RING_T2

import qsense
from qsense import reports as report
from qsense import workflow
from qsense.comparison.between import compare_records
from qsense.errors import ArgumentError, SpecError
from qsense.runs.plan import listed
from qsense.runs.preparation import prepare_run
from qsense.runs.qubits import QubitsUsed
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec
from qsense.store.shard import content_key
from qsense.study.cells import cells
from qsense.study.expansion import Study
from qsense.study.report import summary_parts
from qsense.study.summary import summarize
from qsense.study.sweep import sweep
from qsense.study.trial import Trial
from qsense.workflow.reproduction import rerun

pytestmark = pytest.mark.usefixtures("code_allowed")
SPEC = {
    "schema": 1, "name": "ring", "probes": ["ghz", "product"], "num_qubits": [3], "noise": "calibration",
    "estimators": ["auto"], "field_rad_per_s": 2000.0, "shots": 200, "seed": 3, "backend": "vendors:Ring",
    "times_s": [0.0, 50e-6],
}  # fmt: skip
IDS = {
    "schema": 1, "name": "ids", "probes": ["ghz", "product"], "num_qubits": [2], "noise": "dephasing",
    "estimators": ["auto"], "field_rad_per_s": 0.5, "shots": 60, "seed": 3, "times_s": [0.0, 1.0],
}  # fmt: skip
PLACED = [
    {"probe": probe, "num_qubits": 2, "qubits": qubits, "dephasing_rate": [0.1, 0.1], "emission_rate": [0.0, 0.0]}
    for probe, qubits in (("ghz", [1, 2]), ("product", [0, 3]))
]
SAID = "each probe on its own best qubits: the verdict is also of the qubits"
GHZ, BEST = (3, 4, 5), (1, 4, 7)  # of most Σ T2 among neighbours as 1/T2 adds up, and among all


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(report, "figures", lambda *_: {})


def spec(qubits=None, **changes):
    device = {} if qubits is None else {"device": {"qubits": qubits}}
    return RunSpec.from_dict({**SPEC, **device, **changes}, "mine.toml")


def as_before(placed):
    """The spec as an earlier version placed it: it did not say how its qubits were chosen."""
    return replace(placed, device=replace(placed.device, choice=None))


def qubits_of(placed):
    return {place.probe: set(place.qubits) for place in placed.device.placements}


def exact_ratio(ghz_qubits, product_qubits):
    """𝓘 of GHZ over 𝓘 of product, each spin with its T1 and T2: the 2×2 block in closed form, integrated."""
    t1, t2 = RING_T1, np.array(RING_T2)

    def gain(u):
        left, number = np.exp(-u), len(ghz_qubits)  # time in units of T1
        visibility = np.exp(-u * t1 * (1 / t2[list(ghz_qubits)]).sum())
        return number**2 * visibility**2 / ((1 + left**number + (1 - left) ** number) / 2)

    return t1 * quad(gain, 0, 40)[0] / (t2[list(product_qubits)] / 2).sum()


def test_on_a_ring_the_verdict_is_of_entanglement_and_with_own_qubits_it_flips(tmp_path):
    assert exact_ratio(GHZ, GHZ) == pytest.approx(1.0326, abs=1e-4)
    assert exact_ratio(GHZ, BEST) == pytest.approx(0.9407, abs=1e-4)
    words = {}
    for asked, product in ((None, GHZ), ("best", BEST)):
        record = qsense.run(spec(asked, shots=40_000, times_s=None), tmp_path)
        assert qubits_of(record.spec) == {"ghz": set(GHZ), "product": set(product)}
        summary = record.summary()
        (row,), words[asked] = summary["crossovers"], summary["verdicts"][0]
        exact = exact_ratio(GHZ, product)
        assert row["ratio_exact"] == pytest.approx(exact, rel=1e-4)
        assert abs(row["ratio"] - exact) < 4 * row["ratio_stderr"] < 0.04
        assert row["same_qubits"] is (asked is None)
        assert (row["ratio_low"] > 1) is (asked is None)
        assert (row["ratio_high"] < 1) is (asked == "best")
    assert "it gains" in words[None]
    assert "qubits" not in words[None]
    assert "it loses" in words["best"]
    assert words["best"].endswith(f"; {SAID}.")


def test_the_record_and_the_commands_say_which_qubits_were_used(tmp_path, monkeypatch, capsys):
    def command(*args):
        return in_process.qsense(monkeypatch, capsys, *args)[1]

    same, best = (qsense.run(spec(asked), tmp_path) for asked in (None, "best"))
    assert tomllib.loads((same.path / "spec.toml").read_text())["device"]["qubits"] == "same"
    assert tomllib.loads((best.path / "spec.toml").read_text())["device"]["qubits"] == "best"
    shown = {"same": command("show", str(same.path)), "best": command("show", str(best.path))}
    line = f"N = 3 on qubits {', '.join(map(str, same.spec.device.placements[0].qubits))}: ghz, product"
    assert line in shown["same"]
    assert SAID not in " ".join(shown["same"].split())
    assert " ".join(shown["best"].split()).count(SAID) == 2  # in the verdict and beside the qubits
    found = json.loads(command("show", "--json", str(best.path)))["qubits"]
    assert found["are_same"] is False
    assert found["remarks"] == [SAID]
    assert {one["probe"]: set(one["qubits"]) for one in found["probes"]} == {"ghz": set(GHZ), "product": set(BEST)}
    compared = json.loads(command("compare", "--json", str(best.path)))
    assert compared["qubits"] == found
    assert SAID in compared["verdicts"][0]
    assert SAID in command("compare", str(best.path))
    assert SAID in best._repr_html_()
    changed = compare_records(same, best).changed
    assert changed["device.qubits"] == ("same", "best")
    assert tuple(map(set, changed["device.placements.product N=3.qubits"])) == (set(GHZ), set(BEST))
    assert "device.placements.ghz N=3.qubits" not in changed
    assert "device_name" not in changed
    from qsense.tables import results_of

    assert results_of(best).trials.attributes["qubits"]["are_same"] is False


def test_every_probe_of_a_size_is_there_and_one_calibration_of_readout_is_enough(tmp_path):
    prepared = prepare_run(
        spec(probes=["ghz", "product", {"probe": "product", "tilt": 0.2}], num_qubits=[2, 3]), tmp_path
    )
    assert len(prepared.places) == 2
    alone = [prepare_run(spec(probes=[probe]), None).spec.device.placements[0] for probe in ("ghz", "product")]
    assert alone[0].qubits == alone[1].qubits  # whatever else is in the spec: trials of a study have one probe
    assert alone[0].noise == alone[1].noise


def test_a_record_of_before_says_what_it_was_and_is_continued_as_it_was(tmp_path, caplog, monkeypatch, capsys):
    made = workflow.run(as_before(prepare_run(spec("best"), tmp_path).spec), tmp_path)
    # Folders had no other name then.
    old = RunRecord.load(made.path.rename(tmp_path / f"ring-{made.spec.id}"))
    assert "qubits" not in tomllib.loads((old.path / "spec.toml").read_text())["device"]
    path = old.path / "summary.json"
    summary = json.loads(path.read_text())
    for row in summary["crossovers"]:
        del row["same_qubits"]
    summary["verdicts"] = [one.replace(f"; {SAID}", "") for one in summary["verdicts"]]
    path.write_text(json.dumps(summary))  # as it was written then
    assert RunRecord.load(old.path).summary()["verdicts"][0].endswith(f"; {SAID}.")
    provenance = old.path / "provenance.json"
    provenance.write_text(json.dumps({**json.loads(provenance.read_text()), "created": "2020-01-01T00:00:00+00:00"}))
    listed = in_process.qsense(monkeypatch, capsys, "records", str(tmp_path), "--json")[1]
    assert SAID.removeprefix("each") in json.loads(listed)["records"][0]["headline"]
    caplog.clear()
    again = workflow.run(spec(), tmp_path)  # the same TOML, as before
    assert again.path == old.path
    assert "with each probe on its own best qubits, and is continued there" in caplog.messages[0]
    caplog.clear()
    assert workflow.run(spec("best"), tmp_path).path == old.path
    assert not caplog.messages
    fresh = workflow.run(spec("same"), tmp_path)
    assert fresh.path != old.path
    assert qubits_of(fresh.spec)["product"] == set(GHZ)
    assert workflow.run(spec(), tmp_path).path == fresh.path  # the newest
    elsewhere = rerun(old, tmp_path / "again").record
    assert elsewhere.spec.device == old.spec.device


def test_a_request_for_the_same_is_not_a_request_for_the_best(tmp_path):
    best = workflow.run(spec("best"), tmp_path)
    assert workflow.run(spec(), tmp_path).path != best.path
    assert workflow.run(spec("same"), tmp_path).spec.device.choice == "same"


@pytest.mark.parametrize(
    ("changes", "own_id", "trial"),
    [
        ({}, "d573fbe397cf", "f6a84a297d0c"),
        ({"device": {"readout_shots": 100}}, "14f1fd6e2b5b", "83e118b8b91c"),
        ({"device": {"qubits": [0, 1]}, "backend": "fake:manila"}, "97b8cc4e9fc4", "68fc8c6eeaa3"),
        ({"device": {"tick_s": 1e-9, "placements": PLACED}, "backend": "fake:manila"}, "fb6a061732a9", "9074d6fb1b0e"),
    ],
)
def test_ids_and_keys_are_those_of_before_there_was_a_choice(changes, own_id, trial):
    one = RunSpec.from_dict({**IDS, **changes})
    # The version of results is part of a trial's key; these are of version 3.
    assert (one.id, content_key(Trial(one).content, 3)[:12]) == (own_id, trial)
    assert listed(one)[0].key.startswith("f85dbadf9399bdb5")


@pytest.mark.parametrize("qubits", ["all", "", 3, []])
def test_another_word_is_refused_with_the_words_there_are(qubits):
    with pytest.raises(SpecError, match=r"^mine\.toml: key `device\.qubits` should be .*'same' or 'best', but is"):
        spec(qubits)


def test_a_qubit_that_is_no_number_is_refused_by_its_place():
    with pytest.raises(SpecError, match=r"^mine\.toml: key `device\.qubits\[0\]` should be a whole number, but is"):
        spec(["a"])


def test_where_there_are_no_qubits_to_choose_a_choice_is_refused(tmp_path):
    with pytest.raises(SpecError, match="has no qubits to choose"):
        prepare_run(spec("best", backend="emulator", noise="dephasing"), tmp_path)
    with pytest.raises(ArgumentError, match='must be "same", "best" or a list of qubits, but is "worst"'):
        qsense.backends.sampler("vendors:make", qubits="worst")


def test_a_circuit_that_moves_its_spins_away_is_said():
    used = QubitsUsed("same", {("ghz", 4): (0, 1, 2, 3), ("star", 4): (0, 1, 2, 4), ("product", 4): (3, 2, 1, 0)})
    assert used.remark(4, ("ghz", "product")) is None
    assert used.remark(4, ("ghz", "star")).startswith("a circuit moves its spins to other qubits")
    assert not used.are_same


@pytest.mark.parametrize("asked", ["same", "best"])
def test_a_study_places_its_trials_alike_and_says_where_it_does_not(asked, tmp_path):
    run = {key: value for key, value in SPEC.items() if key not in ("schema", "name", "seed")}
    study = Study.from_dict(
        {"schema": 1, "name": "rings", "run": {**run, "device": {"qubits": asked}}, "sweep": {"seed": [1]}}
    )
    results = sweep(study, tmp_path / "store", allow_code=True)
    summary = summarize(results, cells(results))
    said = f"vendors:Ring, N = 3 on qubits 3, 4, 5: ghz; 1, 4, 7: product ({SAID})"
    assert summary.get("qubits", []) == ([] if asked == "same" else [said])
    assert (said in summary_parts(summary)) is (asked == "best")
