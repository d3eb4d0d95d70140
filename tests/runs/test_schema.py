"""The JSON Schemas accept what qsense reads and refuse what it refuses, as told by the library jsonschema."""

import copy
import datetime
import json
import re
import tomllib
from functools import cache, partial
from pathlib import Path

import jsonschema
import pytest
from in_process import qsense

from qsense.errors import QsenseError
from qsense.files.toml_file import parse
from qsense.noise.file import NoiseFile
from qsense.noise.schema import noise_schema
from qsense.runs.schema import spec_schema
from qsense.runs.spec import RunSpec
from qsense.study.expansion import Study
from qsense.study.schema import study_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {"run": spec_schema, "study": study_schema, "noise": noise_schema}
pytestmark = pytest.mark.checkout
SPEC = {
    "schema": 1, "name": "mine", "probes": ["ghz", "product"], "num_qubits": [2, 3], "noise": "dephasing",
    "estimators": "auto", "field_rad_per_s": 0.2, "shots": 100, "seed": 1,
}  # fmt: skip
NOISE = {
    "schema": 1,
    "name": "mine",
    "dephasing_rate": {"value": 1, "unit": "1/s", "source": "a", "date": "2026-11-26"},
}
STUDY = {
    "schema": 1, "name": "mine", "sweep": {"num_qubits": [2, 4]},
    "run": {key: value for key, value in SPEC.items() if key not in ("schema", "name")},
}  # fmt: skip


@cache
def validator(kind):
    schema = SCHEMAS[kind]()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def plain(value):
    """TOML's dates as the texts that an editor's checker sees."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def faults(kind, found):
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(plain(found))]


def files():
    for path in sorted([*ROOT.glob("runs/*.toml"), *ROOT.glob("runs/reference/*/spec.toml")]):
        found = tomllib.loads(path.read_text())
        yield pytest.param("study" if "run" in found else "run", found, id=f"{path.parent.name}-{path.stem}")
    for path in sorted(ROOT.glob("noise_models/*.toml")):
        yield pytest.param("noise", tomllib.loads(path.read_text()), id=path.stem)
    for page in ("runs", "laboratory", "fields", "studies", "noise", "guides/teacher"):
        text = (ROOT / "docs" / f"{page}.md").read_text()
        found = tomllib.loads(re.findall(r"^```toml[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[0])
        yield pytest.param("study" if "run" in found else "run", found, id=page)


@pytest.mark.parametrize(("kind", "found"), list(files()))
def test_what_is_shipped_and_shown_is_valid(kind, found):
    assert faults(kind, found) == []


def changed(base, path, value):
    """A copy with one key set, or removed where the value is None."""
    found = copy.deepcopy(base)
    *way, last = path.split("/")
    place = found
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return found


RIGHT = [
    ("probes", "ghz"), ("probes", [{"name": "ghz", "tilt": 0.1}]), ("num_qubits", "2-4"), ("num_qubits", 3),
    ("probes", [{"probe": "mine", "amplitudes": [1, 0, [0, 1]]}, "ghz:+-"]),
    ("noise", {"dephasing_rate": "0.2MHz"}), ("noise", [{"t1_s": "50us", "t2_s": ["80us", 1.0]}, "emission"]),
    ("noise", {"t1_s": float("inf"), "t2_s": 1}), ("noise", {"kind": "extension", "any_key": 1}),
    ("noise", {"emission_rate": 1, "phase_noise": [{"space": "local", "memory": "white", "rate": "2/ms"}]}),
    ("noise", {"dephasing_rate": 1, "coupling_rad_per_s": [[0, "1krad/s"], [1, 0]]}),
    ("estimators", ["auto", {"estimator": "ghz", "readout": "parity", "antipodal": True}]),
    ("estimators", {"estimator": "tomography", "shots": 10}), ("field_rad_per_s", "3krad/s"),
    ("times_s", [0, "1us"]), ("gyromagnetic_ratio_hz_per_t", "nv"), ("gyromagnetic_ratio_hz_per_t", 2.8e10),
    ("signal", {"weights": "alternating", "frequency_hz": "20kHz"}), ("signal", {"frequency_hz": "matched"}),
    ("device", {"qubits": "best", "readout_shots": 100, "tick_s": "4ns"}), ("device", {"qubits": [1, 2]}),
    ("allocation", "optimal"), ("compare", [["ghz", "product"]]), ("idle", "cpmg:4"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), RIGHT, ids=str)
def test_every_way_to_write_a_key_is_valid(key, value):
    """The readers of the file accept it too: the table is of right entries."""
    found = changed(SPEC, key, value)
    assert faults("run", found) == []
    from qsense.runs.spec_file import SpecFile

    parse(found, SpecFile, "spec")


WRONG = [
    ("run", "shots", 0), ("run", "shots", 1.5), ("run", "shots", None), ("run", "seed", -1), ("run", "schema", 2),
    ("run", "name", "a b"), ("run", "probess", "ghz"), ("run", "probes", []), ("run", "probes", [{"tilt": 1}]),
    ("run", "noise", {"dephasing_ratee": 1}), ("run", "noise", 3), ("run", "num_qubits", [0]),
    ("run", "noise", {"phase_noise": [{"space": "locl", "memory": "white"}]}),
    ("run", "estimators", {"estimator": "tomografy"}), ("run", "estimators", {"estimator": "ghz", "readuot": "parity"}),
    ("run", "estimators", {"estimator": "ghz", "readout": "parrity"}), ("run", "allocation", "optimum"),
    ("run", "estimators", {"estimator": "ghz", "antipodal": "yes"}), ("run", "device", {"qubits": []}),
    ("run", "signal", {"weight": [1, -1]}), ("run", "times_s", 1.0), ("run", "field_rad_per_s", [1]),
    ("study", "run/shotss", 1), ("study", "run/name", "a"), ("study", "sweep", [1]), ("study", "run", None),
    ("study", "sweep/seed", {"from": 1, "to": 3, "pionts": 2}), ("study", "schema", 3),
    ("noise", "dephasing_rate", 0.1), ("noise", "dephasing_rate/source", None), ("noise", "dephasing", 1),
    ("noise", "dephasing_rate/unit", 1), ("noise", "name", "a/b"), ("noise", "schema", 2),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value"), WRONG, ids=str)
def test_what_is_wrong_is_refused_by_schema_and_reader_alike(kind, path, value):
    base = {"run": SPEC, "study": STUDY, "noise": NOISE}[kind]
    assert faults(kind, base) == []
    found = changed(base, path, value)
    assert faults(kind, found)
    read = {"run": RunSpec.from_dict, "study": Study.from_dict, "noise": partial(parse, model=NoiseFile, source="file")}
    with pytest.raises(QsenseError):
        read[kind](found)


def test_every_key_and_option_has_a_place_in_the_schema():
    from qsense.estimators.registry import estimator_named, estimator_names
    from qsense.runs.spec_file import SpecFile

    schema = spec_schema()
    assert sorted(schema["properties"]) == sorted(field.alias or key for key, field in SpecFile.model_fields.items())
    assert all("description" in one for one in schema["properties"].values())
    tables = {one["properties"]["estimator"]["const"]: one for one in schema["$defs"]["EstimatorEntry"]["oneOf"]}
    assert sorted(tables) == estimator_names()
    for name in set(tables) - {"auto"}:
        assert set(estimator_named(name).options) <= set(tables[name]["properties"])


def test_the_command_prints_and_writes_them(tmp_path, monkeypatch, capsys):
    _, printed, _ = qsense(monkeypatch, capsys, "schema", "run")
    assert json.loads(printed) == json.loads(json.dumps(spec_schema()))
    path = tmp_path / "noise.json"
    assert qsense(monkeypatch, capsys, "schema", "noise", "--out", path) == (0, f"{path}\n", "")
    assert json.loads(path.read_text()) == json.loads(json.dumps(noise_schema()))
