"""What a user does wrong with a device ends in one line with file, key and fix, before a circuit is sent."""

import sys
from pathlib import Path

import pytest
import tomli_w
import vendors
from typer.testing import CliRunner
from vendors import Vendor, line_target

from qsense.backends.vendor import Vendor as VendorEntry
from qsense.cli import app, main

pytestmark = pytest.mark.usefixtures("code_allowed", "without_figures")
SPEC = {
    "schema": 1, "name": "bad", "probes": ["ghz"], "num_qubits": [3], "noise": "calibration", "estimators": ["auto"],
    "field_rad_per_s": 2000.0, "shots": 200, "backend": "vendors:make", "seed": 1, "device": {"readout_shots": 100},
}  # fmt: skip
DEVICES = {
    "make": Vendor,
    "without_delay": lambda: Vendor(line_target(delay=False)),
    "silent": lambda: Vendor(line_target(missing=range(5))),
    "half_silent": lambda: Vendor(line_target(missing=[0])),
    "only_t1": lambda: Vendor(line_target(t2=None)),
}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a spec with these keys changed; gives the exit status, both outputs, and the folder of the records."""
    monkeypatch.syspath_prepend(str(Path(vendors.__file__).parent))
    for name, make in DEVICES.items():
        monkeypatch.setattr(vendors, name, make, raising=False)

    def run(**change):
        path, out = tmp_path / "mine.toml", tmp_path / "records"
        path.write_text(tomli_w.dumps({**SPEC, **change}))
        monkeypatch.setattr(sys, "argv", ["qsense", "run", str(path), "--out", str(out)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err, out

    return run


def refusal(run, **change):
    """The one line of a run that is refused, without the program's and the file's name; nothing has been written."""
    status, said, complained, out = run(**change)
    assert (status, said) == (2, "")
    lines = [line for line in complained.splitlines() if "is taken" not in line]
    assert len(lines) == 1, lines
    assert not out.exists()
    before, _, rest = lines[0].partition("mine.toml: ")
    assert before.startswith("qsense: /")
    return rest


@pytest.mark.parametrize(("change", "key", "message"), [
    ({"backend": "vendor:make"}, "backend", 'the module "vendor", which cannot be imported; check PYTHONPATH'),
    ({"backend": "ibmq:boston"}, "backend", 'did you mean "ibm:boston"?'),
    ({"backend": "vendors:mak"}, "backend", 'needs "mak" in the module "vendors", which does not define it'),
    ({"backend": "emulato"}, "backend", 'Did you mean "emulator"?'),
    ({"num_qubits": [3, 6]}, "backend", 'has 5 qubits, but "ghz" needs 6; use fewer spins or a larger backend'),
    ({"device": {"qubits": [0, 1, 3]}}, "backend", "into the parts 0, 1 | 3; name neighbours, or leave `qubits` out"),
    ({"device": {"qubits": [0, 1]}}, "backend", '"ghz" has 3 spins, but 2 qubits are named; name more'),
    ({"device": {"qubits": [0, 1, 1]}}, "backend", "Qubit 1 is named twice; name each once"),
    ({"device": {"qubits": [0, 1, 7]}}, "backend", "has the qubits 0 to 4, but not 7; name others"),
    ({"device": {"idle": "echo"}}, "device.idle", 'unknown idle sequence "echo". Known: cpmg:N, free, hahn, xy4'),
    ({"device": {"readout_shots": 1}}, "device.readout_shots", "should be 0 or at least 50, but is 1"),
    ({"times_s": [0.0, 5e-9, 1e-5]}, "times_s", "shorter than the device can idle; use at least 1.6e-08 s"),
    ({"backend": "vendors:without_delay"}, "backend", '"vendors:without_delay" has no delay instruction'),
    ({"backend": "vendors:silent"}, "noise", "neither T1 nor T2 of the qubits of \"ghz\""),
    ({"backend": "emulator", "device": {}}, "noise", 'give a device as `backend`, such as "fake:boston"'),
    ({"backend": "emulator", "device": {"qubits": [0, 1, 2]}}, "backend", "leave `qubits` and `idle` out of [device]"),
], ids=lambda case: str(case)[:40] if isinstance(case, dict) else None)  # fmt: skip
def test_the_one_line_names_file_key_and_fix(run, change, key, message):
    line = refusal(run, **change)
    assert line.startswith(f"key `{key}`: ")
    assert message in line


def test_a_devices_name_without_its_vendor_is_completed(run):
    pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")
    assert 'Did you mean "fake:boston" or "ibm:ibm_boston"?' in refusal(run, backend="Boston")


@pytest.mark.parametrize("name", ["fake:manilla", "fake:Manila", "fake:fake_manila", "fake:FakeManila"])
def test_of_many_fakes_only_the_nearest_are_named(run, name):
    pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")
    line = refusal(run, backend=name)
    assert 'Did you mean "fake:manila"?' in line
    assert len(line) < 200


@pytest.mark.parametrize(("arguments", "message"), [
    (["vendors:silent", "--qubits", "0"], "None of the qubits reports its T1 or T2; give the longest idle time in s"),
    (["vendors:make", "--qubits", "0", "--longest", "-1"], "must be a positive time in s, but is -1"),
    (["vendors:make", "--qubits", "0"], "no decay is seen within the measured times; use a larger `longest`, unless"),
    (["vendors:make", "--qubits", "0,7"], "has the qubits 0 to 4, but not 7"),
    (["vendors:make", "--qubits", "0", "--out", "nowhere/x.toml"], "there is no folder nowhere; choose another --out"),
    (["aer", "--qubits", "0"], "is not a device; give one such as fake:manila"),
])  # fmt: skip
def test_what_cannot_be_calibrated_is_said_in_a_line(run, arguments, message, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["qsense", "calibrate", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("device", "message"), [
    ("half_silent", "qubit 0: neither T1 nor T2 is reported; it is taken to have no relaxation"),
    ("only_t1", "qubit 0: T2 is not reported; it is taken as 2 T1 = 200 µs"),
])  # fmt: skip
def test_what_is_assumed_of_a_qubit_that_reports_too_little_is_said(run, device, message):
    _, _, complained, _ = run(backend=f"vendors:{device}", probes=["product"], num_qubits=[5])
    assert f"qsense: {message}\n" in complained


def test_a_fringe_that_goes_round_is_said_and_the_run_goes_on(run):
    status, said, complained, _ = run(field_rad_per_s=60000.0)
    assert status == 0
    assert "N·φ·t passes π at t = 1.75e-05 s" in complained
    assert "exact: decay alone. What preparation and readout take is fitted apart" in said


def test_the_reason_names_the_extra_in_its_brackets(monkeypatch):
    """Tables take what stands in brackets for markup, unless it is escaped."""
    monkeypatch.setattr(VendorEntry, "is_installed", lambda vendor: vendor.package is None)
    listed = CliRunner().invoke(app, ["backends"])
    assert listed.exit_code == 0
    for extra in ("ibm", "braket"):
        assert f".[{extra}]" in listed.stdout or f'"qsense-metrology[{extra}]"' in listed.stdout
