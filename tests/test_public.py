"""The public names: they are what they say after any import, load only what they need, and are typed for users."""

import ast
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import qsense

PACKAGE = Path(qsense.__file__).parent
NAMES = [name for name in qsense.__all__ if name != "__version__"]


def printed(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("first", ["names", "modules"])
def test_no_module_takes_the_place_of_a_public_name(first):
    modules = [m.name for m in pkgutil.walk_packages([str(PACKAGE)], "qsense.") if not m.name.endswith("__main__")]
    assert len(modules) > 100
    code = (
        f"import qsense, importlib\nnames, modules = {NAMES!r}, {modules!r}\n"
        "load = [lambda: [getattr(qsense, n) for n in names], lambda: [importlib.import_module(m) for m in modules]]\n"
        f"for step in load if {first!r} == 'names' else reversed(load): step()\n"
        "for name in names:\n"
        "    module, attribute = qsense._HOMES[name]\n"
        "    if getattr(qsense, name) is not getattr(importlib.import_module(module), attribute): print(name)\n"
    )
    assert printed(code) == []


def test_every_public_name_is_declared_for_type_checkers_and_documented():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (guard,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [line for line in guard.body if isinstance(line, ast.ImportFrom)]
    declared = {alias.asname or alias.name: (line.module, alias.name) for line in imports for alias in line.names}
    for line in guard.body[len(imports) :]:  # other names of the same
        for name, value in zip(line.targets[0].elts, line.value.elts, strict=True):
            declared[name.id] = declared[value.id]
    assert {name: declared.get(name) for name in NAMES} == qsense._HOMES
    assert list(qsense._HOMES) == sorted(qsense._HOMES)
    assert set(dir(qsense)) == set(qsense.__all__)
    for name in NAMES:
        assert getattr(qsense, name).__doc__, name


def test_a_name_that_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'qsense' has no attribute 'gian'"):
        _ = qsense.gian


def test_importing_qsense_loads_nothing_heavy():
    heavy = ("numpy", "scipy", "qiskit", "pydantic", "typer", "matplotlib", "asyncio", "inspect")
    assert printed(f"import sys, qsense; print(*(m for m in {heavy!r} if m in sys.modules))") == []
    assert printed("import sys, qsense; print(*(m for m in sys.modules if m.startswith('qsense.')))") == [
        "qsense.version"
    ]


THEORY = [
    "gain(ghz, noise, [0, 1])",
    "integrated_gain(ghz, noise)",
    "crossover(3, noise)",
    "gain_bound(3, noise, [0, 1])",
    "integrated_gain_bound(3, noise)",
    "operational_rate(ghz, noise)",
    "classical_gain(ghz, noise, [0, 1], 'parity')",
    "optimal_probe(3, noise)",
    "best_squeezing(3, noise)",
    "theory_figure(ghz, noise)",
]


def test_theory_does_not_load_qiskit():
    calls = "".join(
        f"qsense.{call}\nfound = [m for m in heavy if m in sys.modules]\nif found: print({call!r}, found)\n"
        for call in THEORY
    )
    code = (
        "import sys, qsense\nheavy = ('qiskit', 'qiskit_aer', 'pandas')\n"
        "ghz, noise = qsense.Probe.ghz(3), qsense.LocalNoise(dephasing=0.1)\n"
    )
    assert printed(code + calls) == []


@pytest.mark.checkout
def test_a_record_is_compared_with_its_theory():
    (path,) = (PACKAGE.parent / "runs" / "reference").glob("paper-*")
    found = qsense.compare(path)
    assert repr(found) == f"<RecordComparison of {path}: {len(found.rows)} points beside theory>"
    assert len(found.rows) == len(qsense.compare(qsense.RunRecord.load(path)).rows) > 10
    assert found.calibration == ()
    assert any("GHZ leads until" in verdict for verdict in found.verdicts)


@pytest.mark.parametrize("call", [
    lambda: qsense.gain("ghz", qsense.LocalNoise(dephasing=0.1), [0.0]),
    lambda: qsense.gain(qsense.Probe.ghz(2), "dephasing", [0.0]),
    lambda: qsense.integrated_gain("ghz", qsense.LocalNoise(dephasing=0.1)),
    lambda: qsense.operational_rate(qsense.Probe.ghz(2), "dephasing"),
])  # fmt: skip
def test_a_name_where_an_object_belongs_is_answered_with_the_object(call):
    with pytest.raises(qsense.QsenseError, match=r"Probe\.ghz|LocalNoise"):
        call()


def test_what_is_no_comparison_is_named(tmp_path):
    spec = qsense.RunSpec.from_dict(
        {"schema": 1, "name": "tiny", "probes": ["ghz"], "num_qubits": [1], "noise": ["dephasing"],
         "times_s": [0.0, 1.0], "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 100, "seed": 1}
    )  # fmt: skip
    record = qsense.run(spec, tmp_path)
    assert qsense.compare(record).rows
    assert qsense.estimate is qsense.estimate_record
    (record.path / "summary.json").write_text("{}")
    with pytest.raises(qsense.QsenseError, match=r"damaged .*qsense estimate"):
        qsense.compare(record)


USER = """
import qsense

noise = qsense.LocalNoise(dephasing=0.1)
probe = qsense.Probe.ghz(4)
value: float = qsense.integrated_gain(probe, noise).value
leads: float | None = qsense.crossover(4, noise)
best = qsense.optimal_probe(4, noise)
limit: float = best.bound
above: float = qsense.integrated_gain_bound(4, noise).value
again: qsense.RunRecord = qsense.estimate("record")
record: qsense.RunRecord = qsense.run("spec.toml", shots=5)  # no such argument
name: int = probe.name  # a str
"""


def test_the_package_is_typed_for_its_users(tmp_path):
    """A user's checker sees the types (py.typed), and so finds the two mistakes."""
    assert (PACKAGE / "py.typed").is_file()
    pytest.importorskip("mypy", reason="needs mypy")
    (tmp_path / "user.py").write_text(USER)
    # Types of others are not the subject, and take most of the time.
    others = ["numpy", "typer", "rich", "jinja2", "qiskit", "qiskit_aer", "scipy", "matplotlib", "PIL", "pandas"]
    others += ["xarray", "pydantic", "distributed"]
    skipped = "mypy-" + ",".join(f"{name}.*" for name in others)
    skip = "follow_imports = skip\nfollow_imports_for_stubs = True\n"
    (tmp_path / "mypy.ini").write_text(f"[mypy]\n[{skipped}]\n{skip}")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", "cache", "--strict", "user.py"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert 'error: Unexpected keyword argument "shots" for "run"' in done.stdout, done.stdout
    assert 'Incompatible types in assignment (expression has type "str", variable has type "int")' in done.stdout
    assert "Found 2 errors in 1 file" in done.stdout, done.stdout
