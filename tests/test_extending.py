"""docs/extending.md: each example is run as it stands there, and what it adds from outside the package works."""

import csv
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from scipy.integrate import simpson
from scipy.linalg import expm
from scipy.optimize import brentq

import qsense
from qsense import backends, services, workflow
from qsense.backends import catalogue
from qsense.circuits.sensing import Experiment
from qsense.errors import ArgumentError, SpecError
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec
from qsense.services.local import LocalService
from qsense.study.expansion import Study
from qsense.theory.dense import dense_gain

pytestmark = pytest.mark.checkout
PAGE = Path(__file__).resolve().parents[1] / "docs" / "extending.md"


def run_section(title, names=None):
    """Runs the Python of a section of the page; returns the names that it defines."""
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), flags=re.S | re.M)
    names = {"__name__": "extension"} if names is None else names
    for block in re.findall(r"^```python\n(.*?)^```", section, flags=re.S | re.M):
        exec(compile(block, str(PAGE), "exec"), names)
    return names


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# A new estimator


@pytest.fixture(scope="module")
def estimator(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("estimator"))
        yield run_section("A new estimator")
    qsense.unregister_estimator("one_spin")


def test_an_estimator_from_outside_runs_with_its_exact_value_and_its_own_table(estimator):
    record = estimator["record"]
    rows = record.read_json("summary.json")["rows"]
    mine = [row for row in rows if row["estimator"] == "one_spin(spin=1)"]
    assert [(row["probe"], row["num_qubits"]) for row in mine] == [("product", 2), ("product", 3)]
    assert {row["method"] for row in mine} == {"OneSpin"}
    for row in mine:
        # One spin under emission at rate γ has the gain e^{−γt}, whose integral is 1/γ.
        assert row["img_exact_s"] == pytest.approx(1 / record.spec.noises[0].emission[0], rel=1e-6)
        assert abs(row["z"]) < 4
    slopes = rows_of(record.path / "slopes.csv")
    assert list(slopes[0]) == ["probe", "num_qubits", "noise", "estimator", "time_s", "slope"]
    assert {row["estimator"] for row in slopes} == {"one_spin(spin=1)"}


def test_its_spec_resolves_to_itself_and_its_counts_are_found_again(estimator):
    record = estimator["record"]
    again = RunSpec.from_dict(tomllib.loads(tomli_w.dumps(record.spec.to_dict())))
    assert (again.id, again.estimators) == (record.spec.id, record.spec.estimators)
    assert again.estimators[1].to_dict() == {"estimator": "one_spin", "shots": 20000, "spin": 1}
    before = (record.path / "estimates.csv").read_bytes()
    qsense.estimate_record(RunRecord.load(record.path))
    assert (record.path / "estimates.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"spin": 1.5}, r"key `estimators\[0\]\.spin`: should be a whole number, but is 1\.5"),
        ({"spn": 1}, r'key `estimators\[0\]\.spn`: the estimator "one_spin" has no option `spn`\. Did you mean "spin"'),
        ({"spin": 2}, r"key `estimators\[0\]`: `spin` must be from 0 to 1, but is 2"),
    ],
)
def test_its_options_are_checked_as_it_declares_them(estimator, entry, message):
    data = {**estimator["spec"].to_dict(), "num_qubits": [2], "estimators": {"estimator": "one_spin", **entry}}
    with pytest.raises(SpecError, match=message):
        plan(RunSpec.from_dict(data))


def test_what_is_not_registered_is_unknown(estimator):
    data = estimator["spec"].to_dict()
    with pytest.raises(SpecError, match=r'unknown estimator "one_spn"\. Did you mean "one_spin"'):
        RunSpec.from_dict({**data, "estimators": "one_spn"})
    with pytest.raises(ArgumentError, match='"ghz" is one of qsense\'s own'):
        qsense.unregister_estimator("ghz")
    qsense.unregister_estimator("one_spin")
    try:
        with pytest.raises(SpecError, match='unknown estimator "one_spin"'):
            RunSpec.from_dict(data)
    finally:
        qsense.register_estimator(estimator["OneSpin"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "ghz"}, 'An estimator "ghz" is registered already'),
        ({"name": "auto"}, 'An estimator "auto" is registered already'),
        ({"name": "One Spin"}, "must be lower-case letters"),
        ({"name": "other", "options": {"shots": None}}, "The word `shots` is reserved"),
    ],
)
def test_a_declaration_that_clashes_is_refused(estimator, change, message):
    with pytest.raises(ArgumentError, match=message):
        qsense.register_estimator(type("Clash", (estimator["OneSpin"],), change))
    with pytest.raises(ArgumentError, match="must be a subclass of"):
        qsense.register_estimator(dict)


# A new kind of noise


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("noise"))
        yield run_section("A new kind of noise")
    qsense.unregister_noise("telegraph")


def telegraph_coherence(switching, detuning, time):
    """The mean of e^{i∫β dt} over the jumps of β = ±ν, from the equation of the two states of β."""
    jumps = np.array([[-switching, switching], [switching, -switching]])
    return (expm((jumps + 1j * np.diag([detuning, -detuning])) * time) @ [0.5, 0.5]).sum().real


@pytest.mark.parametrize(("switching", "detuning", "latest"), [(2.0, 0.8, 9.0), (0.3, 1.0, 1.5)])
def test_theory_answers_for_a_noise_that_gives_its_channel_only(noise, switching, detuning, latest):
    kind, size, times = noise["Telegraph"](switching, detuning), 3, np.array([0.0, 0.3, 1.7, 4.0])
    c = np.array([telegraph_coherence(switching, detuning, time) for time in times])
    exact = {"ghz": size**2 * c ** (2 * size), "product": size * c**2}
    for name, expected in exact.items():
        assert np.allclose(qsense.gain(qsense.Probe.named(name, size), kind, times), expected, rtol=1e-9, atol=1e-14)
    w = qsense.Probe.named("w", size)
    assert np.allclose(qsense.gain(w, kind, times), dense_gain(w, kind, times), rtol=1e-9, atol=1e-12)
    for name, power in (("ghz", size), ("product", 1)):
        found = qsense.integrated_gain(qsense.Probe.named(name, size), kind)
        fine = np.linspace(0, 60 / kind.decay_rates(1)[0], 400001)
        slow, fast = kind._rates()
        curve = np.real((fast * np.exp(-slow * fine) - slow * np.exp(-fast * fine)) / (fast - slow)) ** (2 * power)
        assert found.value == pytest.approx(size ** (1 + (power > 1)) * simpson(curve, x=fine), rel=1e-6)
        assert found.error < 1e-6 * found.value
    root = brentq(lambda t: telegraph_coherence(switching, detuning, t) ** (2 * size - 2) - 1 / size, 1e-6, latest)
    assert qsense.crossover(size, kind) == pytest.approx(root, rel=1e-9)
    best = qsense.optimal_probe(2, kind, "gain", 0.5)
    assert best.value <= best.bound * (1 + 1e-9)


def test_what_needs_more_than_the_channel_is_refused_by_name(noise):
    coupled = qsense.Environment(noise["noise"], coupling=0.3)
    with pytest.raises(ArgumentError, match='The noise "telegraph" is known by its channel only'):
        qsense.gain(qsense.Probe.product(2), coupled, [1.0])
    shared = qsense.Environment(noise["noise"], collective_dephasing=0.1)
    c = telegraph_coherence(2.0, 0.8, 1.0)
    expected = 4 * c**4 * np.exp(-4 * 0.1 * 4)
    assert qsense.gain(qsense.Probe.ghz(2), shared, [1.0])[0] == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ArgumentError, match="has shared noise or a coupling"):
        shared.channel(np.array([1.0]), 2)


@pytest.mark.parametrize("backend", ["emulator", "aer"])
def test_a_run_measures_it(noise, backend, tmp_path):
    """Four integrals: |z| < 4.5 fails for a right channel once in 30 000."""
    spec = RunSpec.from_dict({**noise["spec"].to_dict(), "backend": backend})
    record = noise["record"] if backend == "emulator" else qsense.run(spec, tmp_path)
    rows = record.read_json("summary.json")["rows"]
    assert [(row["probe"], row["num_qubits"], row["noise"]) for row in rows] == [
        (probe, size, "telegraph") for probe in ("ghz", "product") for size in (2, 3)
    ]
    for row in rows:
        assert abs(row["z"]) < 4.5
    assert np.isnan(qsense.results_of(record).trials.array("dephasing_rate_per_s").astype(float)).all()
    other = RunSpec.from_dict({**spec.to_dict(), "noise": {**spec.noises[0].to_dict(), "detuning_rad_per_s": 0.81}})
    assert RunSpec.from_dict(tomllib.loads(tomli_w.dumps(spec.to_dict()))).id == spec.id != other.id
    assert not {point.key for point in plan(spec)} & {point.key for point in plan(other)}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "telegraf"}, r'key `noise\[0\]`: unknown kind of noise "telegraf"\. Did you mean "telegraph"'),
        ({"kind": "telegraph"}, r'kind "telegraph": key `switching_per_s` is missing'),
        ({"kind": "telegraph", "switching": 1.0}, r'kind "telegraph": key `switching` is unknown|is missing'),
        ({"kind": "telegraph", "switching_per_s": -1.0, "detuning_rad_per_s": 1.0}, "above 0"),
        ({"kind": "telegraph", "switching_per_s": 1.0, "detuning_rad_per_s": 1.0}, "must differ"),
        ({"kind": "telegraph", "name": "a b", "switching_per_s": 1.0}, r"key `noise\[0\]\.name` should match"),
        ({"kind": 3}, r"key `noise\[0\]\.kind` should be a text"),
    ],
)
def test_its_keys_are_checked_as_it_declares_them(noise, entry, message):
    with pytest.raises(SpecError, match=message):
        RunSpec.from_dict({**noise["spec"].to_dict(), "noise": entry})


def test_a_noise_that_breaks_its_promise_is_refused(noise):
    class Wrong(noise["Telegraph"]):
        def channel(self, times, num_qubits):
            return super().channel(times, num_qubits)._replace(coherence=np.full((len(times), num_qubits), 1.1))

    class Nameless(noise["Telegraph"]):
        def to_dict(self):
            return {"name": self.name}

    keys, units = noise["TelegraphKeys"], noise["TELEGRAPH"].units
    for build, message in ((Wrong, "gives no channel"), (Nameless, "does not write itself back")):
        kind = type(noise["TELEGRAPH"])("wrong", keys, build, units)
        qsense.register_noise(kind)
        try:
            entry = {"kind": "wrong", "switching_per_s": 2.0, "detuning_rad_per_s": 0.8}
            if build is Wrong:
                Wrong.to_dict = lambda self: {**noise["Telegraph"].to_dict(self), "kind": "wrong"}
            with pytest.raises(SpecError, match=message):
                RunSpec.from_dict({**noise["spec"].to_dict(), "noise": entry})
        finally:
            qsense.unregister_noise("wrong")
    with pytest.raises(ArgumentError, match="has no unit for its key `detuning_rad_per_s`"):
        qsense.register_noise(type(noise["TELEGRAPH"])("other", keys, Wrong, {"switching_per_s": "1/s"}))
    with pytest.raises(ArgumentError, match='A kind of noise "telegraph" is registered already'):
        qsense.register_noise(type(noise["TELEGRAPH"])("telegraph", keys, Wrong, units))


# A new vendor


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("vendor"))
        yield run_section("A new vendor")
    backends.unregister_vendor("toy")


def test_a_device_of_a_vendor_from_outside_is_measured_beside_its_calibration(vendor):
    """Two curves of five times: |z| < 4.5 fails for a right device once in 10 000."""
    record = vendor["record"]
    assert record.spec.backend == "toy:line5"
    points = record.read_json("calibration.json")["points"]
    assert [(point["probe"], len(point["qubits"])) for point in points] == [("ghz", 2), ("product", 2)]
    assert record.read_json("device.json")["probes"][0]["path"] == "aer"
    for point in points:
        assert 0.8 < point["amplitude"] < 1
        assert all(abs(row["scaled_z"]) < 4.5 for row in point["times"])


def test_its_devices_are_listed_and_unknown_ones_are_refused(vendor):
    rows = {row.name: row for row in catalogue.rows(["toy"])}
    assert rows["toy:line5"].num_qubits == 5
    assert rows["toy:line5"].t1_s == pytest.approx(1e-4)
    assert backends.is_device("toy:line5")
    with pytest.raises(ArgumentError, match='Unknown backend "toy:line6"'):
        backends.sampler("toy:line6")
    with pytest.raises(ArgumentError, match="at most 5 spins"):
        backends.sampler("toy:line5").check(Experiment(qsense.Probe.product(6), 0.0))
    with pytest.raises(ArgumentError, match='The prefix "toy" belongs to another vendor'):
        backends.register_vendor(backends.Vendor("toy"))


def test_its_service_takes_jobs_for_later(vendor, tmp_path):
    service = LocalService("toy:line5", vendor["Line"](), {"seed_simulator": 1})
    with pytest.raises(ArgumentError, match='"toy:line5" takes no jobs for later'):
        workflow.submit(vendor["spec"], tmp_path)
    services.register_service("toy", lambda name: service)
    try:
        record = workflow.submit(vendor["spec"], tmp_path)
        _, collected = workflow.collect_record(record)
    finally:
        services.unregister_service("toy")
    assert len(collected.complete) == 2
    assert not collected.missing


def test_without_its_package_the_command_that_installs_it_is_named(vendor):
    backends.register_vendor(backends.Vendor("absent", vendor["open_device"], package="no_such_package"))
    try:
        with pytest.raises(ArgumentError, match="needs no-such-package, which is not installed; run: pip install no-s"):
            backends.sampler("absent:one")
    finally:
        backends.unregister_vendor("absent")


# A new output format


@pytest.fixture(scope="module")
def output_format(tmp_path_factory):
    folder = tmp_path_factory.mktemp("format")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        names = run_section("A new output format")
        names["paths"] = [folder / path for path in names["paths"]]
    yield names
    qsense.unregister_writer("markdown")


def test_a_format_from_outside_writes_a_record_and_a_study(output_format, tmp_path):
    (path,) = output_format["paths"]
    head, line, *rows = path.read_text().splitlines()
    assert head == "| probe | num_qubits | integrated_gain_s | integrated_gain_stderr_s | z |"
    assert line == "| --- | --- | --- | --- | --- |"
    assert [row.split(" | ")[:2] for row in rows] == [["| ghz", "2"], ["| product", "2"]]
    run = {key: value for key, value in output_format["spec"].to_dict().items() if key not in ("schema", "name")}
    study = Study.from_dict({"schema": 1, "name": "one", "run": run, "sweep": {"seed": [1, 2]}})
    (path,) = qsense.write_results(qsense.sweep(study, tmp_path / "store"), tmp_path / "out", "markdown")
    assert len(path.read_text().splitlines()) == 6


def test_the_command_exports_a_registered_format(output_format, tmp_path, monkeypatch, capsys):
    from qsense import cli

    (record,) = (output_format["paths"][0].parents[1] / "runs" / "records").iterdir()
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["qsense", "export", str(record), "--format", "markdown", "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert (out / "trials.md").read_bytes() == output_format["paths"][0].read_bytes()
    assert str(out / "trials.md") in capsys.readouterr().out


def test_an_unknown_format_and_a_name_that_clashes_are_refused(output_format):
    with pytest.raises(ArgumentError, match=r'Unknown format "markdwn"\. Did you mean "markdown"'):
        qsense.write_results(None, Path("out"), "markdwn")
    with pytest.raises(ArgumentError, match='A format "csv" is registered already'):
        qsense.register_writer("csv", output_format["markdown_files"])
    with pytest.raises(ArgumentError, match="must be lower-case letters"):
        qsense.register_writer("Mark Down", output_format["markdown_files"])
    with pytest.raises(ArgumentError, match='"csv" is one of qsense\'s own'):
        qsense.unregister_writer("csv")
