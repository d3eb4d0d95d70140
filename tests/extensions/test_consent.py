"""Code that a file names is imported with the user's consent, and never without: not by a run, nor by anything else."""

import importlib.metadata
import json
import os
import subprocess
import sys
import textwrap

import processes
import pytest
import tomli_w
from typer.testing import CliRunner

import qsense
from qsense import backends
from qsense.cli import app
from qsense.errors import ArgumentError, QsenseError, SpecError
from qsense.extensions import Consent, allowing, consent, current_consent
from qsense.extensions import entry_points as known
from qsense.study.worker_pool import run_batch

SPEC = {
    "schema": 1, "name": "own", "probes": ["ghz"], "num_qubits": [3], "noise": "calibration", "estimators": ["auto"],
    "field_rad_per_s": 2000.0, "shots": 200, "backend": "mychip:lab9", "seed": 1,
}  # fmt: skip
STUDY = {
    "schema": 1, "name": "own", "sweep": {"seed": [1, 2]},
    "run": {key: value for key, value in SPEC.items() if key not in ("schema", "name", "seed")},
}  # fmt: skip
MODULE = """
    from pathlib import Path

    with Path({ran!r}).open("a") as file:
        file.write("imported\\n")
    import vendors

    lab9 = vendors.Vendor
"""


@pytest.fixture
def lab(tmp_path, monkeypatch, few_fakes):
    """A folder with a device, a spec and a study that name it, in which the command is typed; `ran` says what ran."""
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "mychip.py").write_text(textwrap.dedent(MODULE).format(ran=str(folder / "ran")))
    (folder / "own.toml").write_text(tomli_w.dumps(SPEC))
    (folder / "study.toml").write_text(tomli_w.dumps(STUDY))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "mychip", raising=False)
    yield folder
    sys.modules.pop("mychip", None)


@pytest.fixture
def configured(tmp_path, monkeypatch):
    def write(text):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
        monkeypatch.setattr(sys, "platform", "linux")
        path = tmp_path / "settings" / "qsense" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def typed(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("words", [
    "run own.toml", "submit own.toml", "submit own.toml --dry-run", "sweep study.toml --workers 1",
    "sweep study.toml --dry-run", "calibrate mychip:lab9 --qubits 0", "calibrate mychip:lab9 --qubits 0 --dry-run",
    "backends", "backends --vendor mychip",
])  # fmt: skip
def test_no_command_imports_it_without_consent(lab, words):
    found = typed(*words.split())
    assert not (lab / "ran").exists()
    assert "mychip" not in sys.modules
    if words.startswith(("run", "sweep")) or words == "calibrate mychip:lab9 --qubits 0":
        assert isinstance(found.exception, QsenseError)
        message = str(found.exception)
        assert '"lab9" in the module "mychip"' in message
        assert "--allow-code (allow_code=True)" in message
        assert f'allow_code = ["mychip:lab9"] in {consent.config_file()}' in message
        assert "\n" not in message


def test_an_option_allows_it_in_the_current_folder_and_for_that_command_alone(lab, without_figures):
    assert typed("run", "own.toml", "--allow-code").exit_code == 0
    assert (lab / "ran").read_text() == "imported\n"
    (record,) = (lab / "runs" / "records").iterdir()
    assert "allow" not in (record / "spec.toml").read_text() + (record / "provenance.json").read_text()
    assert isinstance(typed("rerun", record).exception, QsenseError)
    assert current_consent() == Consent()
    # What needs no backend asks for none, and shows or estimates a record of any.
    for words in (["show", record], ["estimate", record], ["compare", record], ["export", record]):
        assert typed(*words).exit_code == 0, words


def test_an_argument_allows_it(lab, without_figures):
    with pytest.raises(SpecError, match=r"own\.toml: key `backend`: .* allow it once"):
        qsense.run("own.toml", "records")
    record = qsense.run("own.toml", "records", allow_code=True)
    with pytest.raises(ArgumentError, match="allow it once"):
        backends.sampler("mychip:lab9")
    assert backends.sampler("mychip:lab9", allow_code=True).device.num_qubits == 5
    assert record.spec.backend == "mychip:lab9"


def test_a_line_of_the_users_own_configuration_makes_it_one_word(lab, configured, without_figures):
    configured('allow_code = ["mychip:lab9"]')
    assert typed("run", "own.toml").exit_code == 0
    with pytest.raises(ArgumentError, match='"lab8" in the module "mychip"'):
        backends.sampler("mychip:lab8")


def test_a_line_may_say_from_which_folder_and_no_other_is_used(lab, configured, tmp_path, monkeypatch):
    configured(f'allow_code = ["{lab.as_posix()}/mychip:lab9"]')
    away = tmp_path / "away"
    away.mkdir()
    (away / "mychip.py").write_text("raise SystemExit('the module of somebody else')")
    monkeypatch.chdir(away)
    monkeypatch.syspath_prepend(str(away))
    assert backends.sampler("mychip:lab9").device.num_qubits == 5


def test_a_configuration_that_is_wrong_is_named(lab, configured):
    path = configured("allow_cod = []")
    with pytest.raises(SpecError, match=f"{path}: key `allow_cod` is unknown"):
        backends.sampler("mychip:lab9")


@pytest.mark.parametrize(("text", "message"), [
    ("import no_such_module", 'failed (ModuleNotFoundError: No module named \'no_such_module\'); see where'),
    ("1 / 0", "failed (ZeroDivisionError: division by zero); see where"),
    ("def lab9(): return {}['x']", "failed (KeyError: 'x'); see where"),
    ("def lab9(one): return one", "failed (TypeError: lab9() missing 1 required"),
    ("lab8 = 3", 'needs "lab9" in the module "mychip", which does not define it'),
    ("lab9 = lambda: 3", 'must be a Qiskit BackendV2 or SamplerV2, but "lab9" gives a int'),
])  # fmt: skip
def test_what_is_wrong_with_it_is_said_in_one_line(lab, text, message):
    (lab / "mychip.py").write_text(text)
    with pytest.raises(ArgumentError) as refused:
        backends.sampler("mychip:lab9", allow_code=True)
    assert message in str(refused.value)


def test_workers_have_the_consent_of_the_study_and_no_other(lab):
    content = {**SPEC, "name": "trial"}
    (answer,) = run_batch([content], Consent(), {})
    assert "allow it once" in answer.failure
    assert not (lab / "ran").exists()
    (answer,) = run_batch([content], Consent(names=frozenset({"mychip:lab9"})), {})
    assert answer.failure == ""


@pytest.mark.long
def test_consent_reaches_processes_and_is_not_stored(lab):
    """The workers are other processes in the same folder."""
    script = lab / "script.py"
    script.write_text(
        "import qsense\nif __name__ == '__main__':\n    print(len(qsense.sweep('study.toml', 'store', workers=2,"
        " allow_code=True).trials))\n"
    )
    paths = os.pathsep.join(sys.path)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": processes.environment(PYTHONPATH=paths)}
    out, err = processes.finish(processes.start([sys.executable, "-P", script], cwd=lab, **pipes), 60.0)
    assert out.strip() == "2", err
    assert all(b"allow" not in path.read_bytes() for path in (lab / "store").rglob("*") if path.is_file())


# Entry points of installed distributions


class Point(importlib.metadata.EntryPoint):
    @property
    def dist(self):
        return type("Distribution", (), {"name": "my-package"})


@pytest.fixture
def extension(lab, monkeypatch):
    """A distribution with an entry point in every group, all of one module that says when it is imported."""
    monkeypatch.syspath_prepend(str(lab))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [Point("zed", "mychip:zed", group)])
    monkeypatch.setattr(known, "_LOADED", {})
    monkeypatch.setattr(known, "_FAILED", set())
    known._points.cache_clear()
    yield lab
    known._points.cache_clear()


NAMED = {
    "estimator": {"estimators": ["zed"]},
    "kind of noise": {"noise": {"kind": "zed"}},
    "backend": {"backend": "zed:one"},
}


@pytest.mark.parametrize("what", NAMED)
def test_an_extension_that_a_file_names_is_refused_by_its_code_and_distribution(extension, what):
    spec = {**SPEC, "backend": "emulator", "noise": "dephasing", **NAMED[what]}
    with pytest.raises(SpecError) as refused:
        qsense.run(qsense.RunSpec.from_dict(spec))
    assert not (extension / "ran").exists()
    message = str(refused.value)
    assert f'he {what} "zed' in message
    assert '"zed" in the module "mychip" of the distribution my-package' in message
    assert "--allow-code (allow_code=True)" in message


def test_a_format_is_refused_too_and_what_nobody_names_is_not_imported(extension):
    with pytest.raises(ArgumentError, match=r'The format "zed" is code .* of the distribution my-package'):
        qsense.write_results(None, "out", "zed")
    assert typed("backends").exit_code == 0
    with pytest.raises(SpecError, match=r"Not imported without --allow-code .*: entry point `zed = mychip:zed`"):
        qsense.RunSpec.from_dict({**SPEC, "backend": "emulator", "estimators": ["other"]})
    assert not (extension / "ran").exists()


@pytest.mark.parametrize("name", ["mychip:zed", "my-package", "My_Package"])
def test_the_code_or_the_distribution_is_allowed(extension, name, configured, caplog):
    configured(f"allow_code = {json.dumps([name])}")
    assert "csv" in __import__("qsense.tables").tables.format_names()
    assert (extension / "ran").read_text() == "imported\n"  # it has no `zed`, which is a warning and stops nothing
    assert "zed = mychip:zed` (qsense.writers) of my-package: AttributeError" in caplog.text


def test_what_is_registered_in_python_needs_no_consent():
    vendor = backends.Vendor("mine", lambda name: __import__("vendors").Vendor())
    backends.register_vendor(vendor)
    try:
        assert backends.sampler("mine:one").device.num_qubits == 5
    finally:
        backends.unregister_vendor("mine")


def test_consent_ends_with_its_block():
    with allowing(True):
        assert current_consent().covers("a:b")
        with allowing(False):
            assert current_consent().covers("a:b")
    assert not current_consent().covers("a:b")
