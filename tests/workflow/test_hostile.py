"""Files made to do harm: each is read, or refused in one line; nothing is written elsewhere, no code in them is run.

Property-based; `benchmarks/fuzz.py` does the same for as long as one likes.
"""

import io
import json
import os
import pickle
import shutil
import sys
import tomllib
import warnings
import zipfile
from contextlib import redirect_stdout

import numpy as np
import pytest
import studies
import tomli_w
from hostile import changes, files_in, harmless, often, values
from hypothesis import example, given
from hypothesis import strategies as st

from qsense import RunRecord, RunSpec, run
from qsense.circuits.counts import Counts
from qsense.errors import QsenseError, RecordError, StoreError
from qsense.files import content
from qsense.probes import Probe
from qsense.store.studies import StudyEntry
from qsense.study.cost import Cost
from qsense.study.expansion import Study
from qsense.tables import results_of

pytestmark = pytest.mark.long

STUDY = studies.data(
    {"probes": ["ghz", {"probe": "product", "tilt": 0.1}], "times_s": [0.1], "readout_error": {"up_given_down": 0.1}},
    sweep={"num_qubits": {"from": 1, "to": 3}, "noise.dephasing_rate": {"from": 0.1, "to": 1, "points": 3}},
    skip=[{"probe": "ghz", "num_qubits": {"from": 3}}],
    only=[{"estimator": "auto"}],
)  # fmt: skip


@often
@given(changes(STUDY))
@example({**STUDY, "sweep": {"num_qubits": [10**9]}})
def test_a_hostile_study_is_expanded_or_refused_in_one_line(data):
    study = harmless(lambda: Study.from_dict(data))
    if study is not None:
        assert all(Cost.of(trial.spec).bytes > 0 for trial in study.trials[:50])
        assert len(study.entry().id) == 12


@often
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(b"a = " + b"[" * 20000)
@example(b"a = " + b"9" * 5000)
@example(b"\xff\xfe")
def test_a_file_that_is_no_study_is_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "hostile.toml"
    path.write_bytes(data)
    assert harmless(lambda: Study.load(path)) is None
    assert harmless(lambda: RunSpec.load(path)) is None


@often
@given(
    st.dictionaries(st.sampled_from(["dephasing_rate", "emission_rate", "t1_s", "t2_s", "excited_population"]), values)
)
@example({"t1_s": [], "t2_s": 1.0})
@example({"t1_s": 1e-320, "t2_s": 1e-320})
def test_hostile_noise_is_taken_or_refused_in_one_line(noise):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that are refused next
        harmless(lambda: RunSpec.from_dict({"schema": 1, "name": "x", **studies.RUN, "noise": noise}))


QASM = content.find("circuits", "w4").read_text()


@often
@given(st.data())
def test_a_hostile_circuit_is_read_or_refused_in_one_line(data):
    text = QASM
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        text = (
            text[:start]
            + data.draw(st.text(max_size=10) | st.sampled_from(["[9]", "9" * 30, "(", "pi", ";"]))
            + text[end:]
        )
    probe = harmless(lambda: Probe.from_text(text, "hostile"))
    if probe is not None and probe.num_qubits <= 8:
        assert np.linalg.norm(probe.statevector()) == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    [
        "OPENQASM 3.0; qubit[1000000000] q;",
        "OPENQASM 2.0; qreg q[1000000000];",
        'OPENQASM 3.0; include "/etc/passwd"; qubit[1] q;',
        'OPENQASM 2.0; include "/etc/passwd"; qreg q[1];',
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; \u0001 h q[1];',
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; ' + "(" * 5000,
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; rx(1e999) q[0];',
        'OPENQASM 3.0; include "stdgates.inc"; qubit q; ctrl(1000000000) @ h q;',
        'OPENQASM 3.0; include "stdgates.inc"; qubit q; ctrl(9999 * 9999) @ h q;',
        "OPENQASM 3.0; qubit[9999 * 9999] q;",
        "OPENQASM 3.0; qubit[0x3fffffff] q;",
        "OPENQASM 3.0; qubit[1_000_000_000] q;",
        "OPENQASM 3.0; " + "".join(f"qubit[9999] q{k}; " for k in range(100)),
    ],
)  # fmt: skip
def test_a_circuit_that_asks_for_too_much_or_has_odd_characters_is_refused(text, capfd):
    with pytest.raises(QsenseError) as caught:
        Probe.from_text(text, "hostile")
    assert "\n" not in str(caught.value)
    assert "root:" not in str(caught.value)
    assert capfd.readouterr().err == ""


class Attack:
    def __reduce__(self):
        return (eval, ("__import__('os').environ.__setitem__('ATTACKED', '1')",))


def test_no_pickle_is_ever_loaded(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTACKED", raising=False)
    evil = np.array([Attack()], dtype=object)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        schema=np.int64(1),
        num_bits=np.int64(1),
        offsets=evil,
        outcomes=evil,
        numbers=evil,
        digests=evil,
        picks=evil,
    )
    with pytest.raises(RecordError):
        Counts.from_bytes(buffer.getvalue(), "counts")
    with pytest.raises(RecordError):
        Counts.from_bytes(pickle.dumps(Attack()), "counts")
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as archive:
        archive.writestr("study.json", json.dumps({"schema": 1, "name": "x", "axes": {}}))
        archive.writestr("trials.npz", buffer.getvalue())
    with pytest.raises(StoreError, match="damaged"):
        StudyEntry.from_bytes(forged.getvalue(), "study")
    np.save(tmp_path / "evil.npy", evil, allow_pickle=True)
    with pytest.raises(QsenseError):
        Probe.from_file(tmp_path / "evil.npy")
    assert "ATTACKED" not in os.environ
    pickle.loads(pickle.dumps(Attack()))  # the attack itself works
    assert os.environ.pop("ATTACKED") == "1"


def test_large_numbers_in_comments_and_angles_are_no_sizes():
    text = 'OPENQASM 3.0; // 20260101\n include "stdgates.inc"; /* 99999999 */ qubit[2] q; rx(3.14159265358979) q[0];'
    assert Probe.from_text(text + " rz(123456.5) q[1];", "fine").num_qubits == 2
    many = "".join(f"h q[{k}]; " for k in range(300))
    assert Probe.from_text(f'OPENQASM 3.0; include "stdgates.inc"; qubit[300] q; {many}', "fine").num_qubits == 300


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    spec = {"schema": 1, "name": "victim", **studies.RUN}
    return run(RunSpec.from_dict(spec), tmp_path_factory.mktemp("records")).path


@often
@given(st.sampled_from(["summary.json", "provenance.json", "spec.toml", "estimates.csv"]), st.data())
def test_a_record_with_hostile_files_is_exported_or_refused_and_stays_as_it_is(record, tmp_path_factory, name, data):
    folder = tmp_path_factory.mktemp("record")
    path = folder / "victim"
    shutil.copytree(record, path, ignore=shutil.ignore_patterns("*.png", "*.svg"))
    if name.endswith(".json"):
        (path / name).write_text(json.dumps(data.draw(changes(json.loads((path / name).read_text())))))
    elif name == "spec.toml":
        try:
            (path / name).write_text(tomli_w.dumps(data.draw(changes(tomllib.loads((path / name).read_text())))))
        except (TypeError, ValueError, AttributeError):  # TOML has no null
            return
    else:
        text = (path / name).read_text()
        start = data.draw(st.integers(0, len(text)))
        changed = text[:start] + data.draw(st.text(max_size=12)) + text[start + data.draw(st.integers(0, 9)) :]
        (path / name).write_text(changed, errors="ignore")
    before = {file: file.read_bytes() for file in files_in(folder)}

    def export():
        results = results_of(RunRecord.load(path))
        return (
            results.trials.to_csv(),
            results.curve_rows().to_csv(),
            results.to_dataset() if "xarray" in sys.modules else None,
        )

    harmless(export)
    assert {file: file.read_bytes() for file in files_in(folder)} == before


@pytest.mark.parametrize("as_json", [False, True])
@often
@given(data=st.data())
def test_a_hostile_summary_is_shown_or_refused_in_one_line(record, tmp_path_factory, as_json, data):
    from qsense.cli import runs

    path = tmp_path_factory.mktemp("summary") / "victim"
    shutil.copytree(record, path, ignore=shutil.ignore_patterns("*.png", "*.svg"))
    (path / "summary.json").write_text(json.dumps(data.draw(changes(json.loads((path / "summary.json").read_text())))))
    with redirect_stdout(io.StringIO()):
        harmless(lambda: runs.show([str(path)], as_json=as_json))


@often
@given(data=st.data())
def test_a_hostile_record_is_listed_and_compared_or_refused(record, tmp_path_factory, data):
    from qsense.cli import comparing, records
    from qsense.runs.listing import list_records

    folder = tmp_path_factory.mktemp("summary")
    path = folder / "victim"
    shutil.copytree(record, path, ignore=shutil.ignore_patterns("*.png", "*.svg"))
    for name in ("summary.json", "provenance.json"):
        (path / name).write_text(json.dumps(data.draw(changes(json.loads((path / name).read_text())))))
    assert len(list_records(folder)) == 1
    with redirect_stdout(io.StringIO()):
        records.list_them(folder)
        records.list_them(folder, as_json=True)
        one, other = RunRecord.load(record), harmless(lambda: RunRecord.load(path))
        if isinstance(other, RunRecord):
            harmless(lambda: comparing.compare_with_record(one, other, False))
            harmless(lambda: comparing.compare_with_record(other, one, True))


def test_an_npz_member_that_is_no_array_is_refused():
    buffer = io.BytesIO()
    np.savez(buffer, schema=np.int64(1), num_bits=np.int64(1), offsets=np.array([0, 1]), numbers=np.array([1]))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("outcomes", b"no array")
    with pytest.raises(RecordError, match=r"damaged \(ValueError\)"):
        Counts.from_bytes(buffer.getvalue(), "counts")
