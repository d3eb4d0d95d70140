"""The JSON Schemas accept what qsense reads and refuse what it refuses, as told by the library jsonschema."""

import copy
import datetime
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_process import qsense

from qsense.errors import QsenseError
from qsense.estimators.registry import estimator_named, estimator_names
from qsense.files.patterns import quantity_pattern
from qsense.files.toml_file import parse
from qsense.files.units import Kind, quantity, units_of
from qsense.noise import LocalNoise
from qsense.noise.entries import entry_of_dict, parts_of_entry
from qsense.noise.file import NoiseFile
from qsense.noise.schema import noise_schema
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.schema import spec_schema
from qsense.runs.spec import RunSpec
from qsense.runs.spec_file import SpecFile
from qsense.signals.pulses import PATTERN, Pulses
from qsense.study.expansion import Study
from qsense.study.file import StudyFile
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
TIME = {"value": 1, "unit": "us", "source": "a", "date": "2026-11-26"}
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
    for path in sorted(ROOT.glob("docs/**/*.md")):
        blocks = re.findall(r"^```toml[^\n]*\n(.*?)^```$", path.read_text(), re.DOTALL | re.MULTILINE)
        for place, found in enumerate(map(tomllib.loads, blocks)):
            if "schema" in found:  # the others are parts
                kind = "study" if "run" in found else "run" if "probes" in found else "noise"
                yield pytest.param(kind, found, id=f"{path.stem}-{place}")


@pytest.mark.parametrize(("kind", "found"), list(files()))
def test_what_is_shipped_and_shown_is_valid(kind, found):
    assert faults(kind, found) == []
    parse(found, {"run": SpecFile, "study": StudyFile, "noise": NoiseFile}[kind], "file")


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
    ("noise", {"dephasing_rate": "0.2MHz"}), ("noise", [{"t1_s": "50us", "t2_s": ["80us", 1e-4]}, "emission"]),
    ("noise", {"t1_s": float("inf"), "t2_s": 1}), ("noise", {"kind": "extension", "any_key": 1}),
    ("noise", {"emission_rate": 1, "phase_noise": [{"space": "local", "memory": "white", "rate": "2/ms"}]}),
    ("noise", {"dephasing_rate": 1, "coupling_rad_per_s": [[0, "1krad/s"], [1000, 0]]}),
    ("estimators", ["auto", {"estimator": "ghz", "readout": "parity", "antipodal": True}]),
    ("estimators", {"estimator": "tomography", "shots": 10}), ("field_rad_per_s", "3krad/s"),
    ("times_s", [0, "1us"]), ("gyromagnetic_ratio_hz_per_t", "nv"), ("gyromagnetic_ratio_hz_per_t", 2.8e10),
    ("signal", {"weights": "alternating", "frequency_hz": "20kHz"}), ("signal", {"frequency_hz": "matched"}),
    ("device", {"qubits": "best", "readout_shots": 100, "tick_s": "4ns"}), ("device", {"qubits": [1, 2]}),
    ("allocation", "optimal"), ("compare", [["ghz", "product"]]), ("compare", []),
    ("num_qubits", "1,4-6,8:16:4"), ("num_qubits", " 1000 "), ("name", "console"), ("name", "COM10"), ("name", "con-1"),
    ("field_rad_per_s", -1), ("field_rad_per_s", "-3 krad / s"), ("field_rad_per_s", "1/5"),
    ("field_rad_per_s", "2_000"),
    ("noise", {"dephasing_rate": "0.2 1/us"}), ("noise", {"dephasing_rate": " 1/5us "}), ("noise", {"t2_s": "inf"}),
    ("noise", {"dephasing_rate": [0, "1/min", "2e3"]}), ("noise", {"dephasing_rate": 1e-30, "dephasing_exponent": 3}),
    ("noise", {"t1_s": 1, "t2_s": 2, "excited_population": [0, 1]}), ("noise", {"depolarizing_rate": 1, "name": "a.b"}),
    ("noise", {"emission_rate": 1, "dephasing_exponent": 1}), ("noise", {"collective_dephasing_rate": 0}),
    ("noise", {"noise": "emission", "collective_dephasing_rate": 1}),
    ("noise", {"phase_noise": [{"space": "collective", "memory": "stretched", "rate": 1, "exponent": 6}]}),
    ("noise", {"phase_noise": [{"memory": "power_law", "exponent": 0, "low_hz": 1, "high_hz": 2,
                                "spread_rad_per_s": "1krad/s"}]}),
    ("noise", {"phase_noise": [{"space": "pairs", "pairs": [[0, 1, -0.5]], "rate": 1}]}),
    ("noise", {"phase_noise": [{"space": "exponential", "positions_m": ["0", "-3um"], "length_m": "5nm", "rate": 1}]}),
    ("noise", {"coupling_pairs": [{"spins": [0, 1], "zz_rad_per_s": "-1krad/s"}]}),
    ("signal", {"weights": [0, -1.5]}), ("signal", {"frequency_hz": 50, "phase_rad": -1}), ("signal", {"phase_rad": 0}),
    ("readout_error", {"up_given_down": 0, "down_given_up": 0.4999}), ("device", {"readout_shots": 50}),
    ("device", {"readout_shots": 0, "tick_s": 0}), ("device", {"qubits": [0]}), ("times_s", {"ghz": ["1 us", 1]}),
    ("gyromagnetic_ratio_hz_per_t", "-2.8 MHz/G"), ("shots", 10**9), ("seed", 2**70),
    ("estimators", {"estimator": "parity_scan", "angles_deg": [0, -3600, 3600.0, 20], "num_angles": 4}),
    ("estimators", {"estimator": "moments", "order": 2, "angle_rad": -1}), ("estimators", ["ghz", "product"]),
    *(("idle", one) for one in ("cpmg:4", "free", "hahn", "xy4", "xy8:128", "cpmg:1024", "cpmg:0007")),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), RIGHT, ids=str)
def test_every_way_to_write_a_key_is_valid(key, value):
    """The reader of the file accepts it too: the table is of right entries."""
    found = changed(SPEC, key, value)
    assert faults("run", found) == []
    parse(found, SpecFile, "spec")
    for one in found["noise"] if isinstance(found["noise"], list) else [found["noise"]]:
        if isinstance(one, dict) and "kind" not in one:
            parts_of_entry(entry_of_dict(one))


WRONG = [
    ("run", "shots", 0), ("run", "shots", 1.5), ("run", "shots", None), ("run", "seed", -1), ("run", "schema", 2),
    ("run", "name", "a b"), ("run", "probess", "ghz"), ("run", "probes", []), ("run", "probes", [{"tilt": 1}]),
    ("run", "noise", {"dephasing_ratee": 1}), ("run", "noise", 3), ("run", "num_qubits", [0]),
    ("run", "noise", {"phase_noise": [{"space": "locl", "memory": "white"}]}),
    ("run", "estimators", {"estimator": "tomografy"}), ("run", "estimators", {"estimator": "ghz", "readuot": "parity"}),
    ("run", "estimators", {"estimator": "ghz", "readout": "parrity"}), ("run", "allocation", "optimum"),
    ("run", "estimators", {"estimator": "ghz", "antipodal": "yes"}), ("run", "device", {"qubits": []}),
    *(("run", "idle", one) for one in ("xy3", "cpmg", "cpmg:0", "cpmg:1025", "xy8:129", "xy8:-1", "Hahn", "free ")),
    *(("run", "name", one) for one in ("con", "NUL.txt", "lpt1", ".a", "a" * 65)),
    *(("run", "field_rad_per_s", one) for one in ("1kHz", "3us", "1/5us", "x", "", "inf", "1 2", "1/")),
    *(("run", "times_s", one) for one in ([], {}, [-1], ["-1us"], ["1 kHz"], [1, 1], {"ghz": []}, {"ghz": [-1]},
                                          ["inf"], [True])),
    *(("run", "num_qubits", one) for one in ([1001], "0-3", "2:8:0", "2-", "1001", "2 4", 1.5, "-2", [True])),
    *(("run", "noise", one) for one in (
        {}, [], {"name": "a"}, {"dephasing_rate": -1}, {"dephasing_rate": [1, -1]}, {"dephasing_rate": []},
        {"dephasing_rate": "-1/us"}, {"dephasing_rate": "3us"}, {"dephasing_rate": "inf"}, {"dephasing_rate": 1e31},
        {"dephasing_rate": 1e-31}, {"dephasing_rate": True}, {"dephasing_rate": 1, "t2_s": 1}, {"t1_s": 1},
        {"t2_s": 0}, {"t2_s": "-1us"}, {"t1_s": 1, "t2_s": []}, {"t2_s": 1, "excited_population": 0.1},
        {"t1_s": 1, "t2_s": 1, "excited_population": 1.1}, {"t1_s": 1, "t2_s": 1, "excited_population": "0.1"},
        {"dephasing_rate": 1, "dephasing_exponent": 0}, {"emission_rate": 1, "dephasing_exponent": 2},
        {"depolarizing_rate": 1, "emission_rate": 1}, {"noise": "emission", "emission_rate": 1},
        {"noise": "emission", "name": "a"}, {"dephasing_rate": 1, "name": "a b"}, {"collective_dephasing_rate": -1},
        {"gyromagnetic_ratio_hz_per_t": 1}, {"dephasing_rate": 1, "coupling_rad_per_s": []},
        {"dephasing_rate": 1, "coupling_rad_per_s": "1kHz"})),
    *(("run", "noise", {"phase_noise": [one]}) for one in (
        {"rate": -1}, {}, {"rate": 1, "exponent": 1}, {"memory": "quasi_static", "rate": 1},
        {"memory": "stretched", "rate": 1, "exponent": -1}, {"space": "pairs", "rate": 1},
        {"space": "local", "rate": 1, "pairs": [[0, 1, 1]]}, {"rate": 1, "length_m": 1},
        {"memory": "ornstein_uhlenbeck", "spread_rad_per_s": 1, "correlation_time_s": -1},
        {"memory": "ornstein_uhlenbeck", "spread_rad_per_s": 1, "correlation_time_s": 0},
        {"memory": "quasi_static", "spread_rad_per_s": -1}, {"memory": "quasi_static", "spread_rad_per_s": "-1krad/s"},
        {"memory": "quasi_static", "spread_rad_per_s": 1e31},
        {"space": "exponential", "positions_m": [0, 1], "length_m": 0, "rate": 1})),
    *(("run", "noise", {"coupling_pairs": [one]}) for one in (
        {"spins": [0, 1]}, {"spins": [0], "zz_rad_per_s": 1}, {"spins": [1, 1], "zz_rad_per_s": 1},
        {"spins": [0, True], "zz_rad_per_s": 1}, {"spins": ["0", 1], "zz_rad_per_s": 1},
        {"spins": [0, -1], "zz_rad_per_s": 1}, {"spins": [0, 1, 2], "zz_rad_per_s": 1})),
    *(("run", "readout_error", one) for one in (
        {"up_given_down": 2}, {"up_given_down": 0.5}, {"down_given_up": -0.1}, {"up_given_down": "0.1"})),
    *(("run", "device", one) for one in (
        {"qubits": [-1]}, {"qubits": ["1"]}, {"qubits": "some"}, {"readout_shots": 49}, {"readout_shots": -1},
        {"tick_s": -1}, {"idle": "echo"})),
    *(("run", "signal", one) for one in (
        {"weights": []}, {"weights": [0, 0]}, {"weights": "gradient"}, {"weights": ["1"]}, {"frequency_hz": -1},
        {"frequency_hz": "often"}, {"frequency_hz": "-1Hz"}, {"phase_rad": 1}, {"phase_rad": "1", "frequency_hz": 1},
        {"phase_rad": 1, "frequency_hz": 0})),
    *(("run", "gyromagnetic_ratio_hz_per_t", one) for one in (0, "en-vee", "3us", "nv2")),
    *(("run", "compare", one) for one in ([["ghz"]], [["ghz", "product", "ghz"]], [["ghz", "ghz"]], "ghz")),
    *(("run", "estimators", one) for one in (
        {"estimator": "parity_scan", "num_angles": 3}, {"estimator": "parity_scan", "num_angles": 10_001},
        {"estimator": "parity_scan", "angles_deg": [0, 1, 3601]}, {"estimator": "parity_scan", "angles_deg": ["0"]},
        {"estimator": "moments", "order": 3}, {"estimator": "moments", "angle_rad": "1"}, {"shots": 1},
        {"estimator": "ghz", "shots": 0}, {"estimator": "ghz", "probes": []}, [])),
    *(("run", "probes", one) for one in ([{"probe": "ghz", "tilt": "1"}], "", [{"probe": "ghz", "sha256": "x"}],
                                         [{"probe": "ghz", "name": "ghz"}])),
    ("run", "shots", 10**9 + 1), ("run", "shots", "100"), ("run", "strategy", "two_step"), ("run", "seed", 1.5),
    *(("study", "sweep/seed", one) for one in (
        {"from": 1, "to": 3, "points": 2, "step": 1}, {"from": 0.5, "to": 3}, {"from": 0, "to": 3, "points": 3,
        "scale": "log"}, {"from": 1, "to": 3, "scale": "log"}, {"from": 1, "to": 3, "step": 0}, {"to": 3},
        {"from": 1, "to": 9, "points": 1}, {"from": 1, "to": 3, "points": 2, "scale": "cubic"})),
    ("study", "name", "nul"), ("study", "run/idle", "xy3"), ("study", "run/noise", {"dephasing_rate": -1}),
    *(("noise", "dephasing_rate/value", one) for one in (-1, "-1/us", "3us", "x", [], True, [[1]])),
    *(("noise", "dephasing_rate/unit", one) for one in ("us", "furlong", "", None)),
    ("noise", "dephasing_rate", None), ("noise", "dephasing_rate/source", ""), ("noise", "t1", TIME),
    ("noise", "up_given_down", {**TIME, "value": 2, "unit": "1"}), ("noise", "t2_echo", {**TIME, "value": 0}),
    ("noise", "t2_echo", {**TIME, "value": "3us"}), ("noise", "excited_population", {**TIME, "unit": "1"}),
    ("noise", "emission_rate", {**TIME, "unit": "us"}),
    ("noise", "dephasing_exponent", {**TIME, "value": -1, "unit": "1"}),
    ("noise", "gyromagnetic_ratio_hz_per_t", {**TIME, "value": 0, "unit": "GHz/T"}),
    ("noise", "gyromagnetic_ratio_hz_per_t", {**TIME, "value": [1], "unit": "GHz/T"}),
    ("noise", "phase_noise", [{"space": "collective", "memory": "quasi_static"}]),
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
    with pytest.raises(QsenseError):
        READ[kind](found)


def read_noise(found):
    """As `load_noise` reads a file, which is also built into noise."""
    entry = parse(found, NoiseFile, "file")
    LocalNoise.of_values(entry.values(), entry.name)
    entry.shared()


READ = {"run": RunSpec.from_dict, "study": Study.from_dict, "noise": read_noise}
RIGHT_NOISE = [
    ("dephasing_rate/value", "2/us", "unit"), ("dephasing_rate/value", [1, 2.5, "3"], None),
    ("dephasing_rate/unit", "MHz", None), ("t2_echo", {**TIME, "value": "3us"}, "t2_echo/unit"),
    ("t2_star", {**TIME, "value": "inf"}, None), ("dephasing_exponent", {**TIME, "value": 2.5, "unit": "1"}, None),
    ("gyromagnetic_ratio_hz_per_t", {**TIME, "value": -2.8, "unit": "MHz/G"}, None),
    ("t1_s", TIME, "dephasing_rate"), ("up_given_down", {**TIME, "value": 0.1, "unit": "1"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "without"), RIGHT_NOISE, ids=str)
def test_every_way_to_write_a_noise_model_is_valid(path, value, without):
    found = changed(NOISE, path, value)
    if without:
        found = changed(
            found, without if "/" in without or without in NOISE else f"{path.split('/')[0]}/{without}", None
        )
    if path == "t1_s":
        found = changed(found, "t2", TIME)
    assert faults("noise", found) == []
    read_noise(found)


def test_the_patterns_know_the_names_that_the_reader_knows():
    """Sequences of pulses and units, each tried one by one."""
    names = [f"{word}:{number}" for word in ("cpmg", "xy8") for number in [*range(1100), "", "1.0", "+1"]]
    for name in [*names, "free", "hahn", "xy4", "xy8", "cpmg", "xy4:1"]:
        assert bool(re.search(PATTERN, name)) == is_read(Pulses.named, name), name
    units = [unit for kind in get_args(Kind) for unit in units_of(kind)]
    texts = [f"2{gap}{unit}" for unit in units for gap in ("", " ", "/", " 1/", "/5")]
    for kind in get_args(Kind):
        for text in ["2", "2/5", "", "-1", "+.5e3", "1_0", "1__0", "1e", "1e99999", "0x1", "1,5", *texts]:
            assert bool(re.search(quantity_pattern(kind, signed=True), text)) == is_read(quantity, text, kind), (
                kind,
                text,
            )


def is_read(reader, *given):
    try:
        reader(*given)
    except QsenseError:
        return False
    return True


DIGITS = st.sampled_from(["0", "00", "0_0", "1", "10", "007", "0_1", "2_00"])
MANTISSAS = st.one_of(
    DIGITS, DIGITS.map("{}.".format), DIGITS.map(".{}".format), st.tuples(DIGITS, DIGITS).map(".".join)
)
WRITTEN = st.tuples(st.sampled_from(["", "+", "-"]), MANTISSAS, st.sampled_from(["", "e3", "E-3", "e+0"])).map("".join)
UNITS = st.sampled_from([*(unit for kind in get_args(Kind) for unit in units_of(kind)), ""])
ENDINGS = st.one_of(
    UNITS, UNITS.map(" {}".format), UNITS.map("/{}".format), UNITS.map(" 1/{}".format),
    st.tuples(st.just("/"), WRITTEN, UNITS).map("".join),
)  # fmt: skip
ONES = st.one_of(
    st.tuples(WRITTEN, ENDINGS).map("".join),
    st.integers(-2, 120),
    st.integers(-2, 120).map(float),
    st.floats(-2, 120).filter(
        lambda one: one == 0 or abs(one) > 1e-3
    ),  # too small or large a quantity is another thing
    st.booleans(),
)


def noise(**keys):
    return lambda one: ("run", "noise", {"emission_rate": 1} | {key: make(one) for key, make in keys.items()})


def phase_noise(**keys):
    return noise(phase_noise=lambda one: [{key: one if value is ... else value for key, value in keys.items()}])


def far(**keys):
    return phase_noise(space="exponential", rate=1, **keys)


PLACES = {
    **{key: lambda one, key=key: ("run", key, one) for key in ("shots", "seed", "schema", "field_rad_per_s")},
    "sizes": lambda one: ("run", "num_qubits", [one]),
    "times": lambda one: ("run", "times_s", [one]),
    "frequency": lambda one: ("run", "signal", {"frequency_hz": one}),
    "ratio": lambda one: ("run", "gyromagnetic_ratio_hz_per_t", one),
    "tick": lambda one: ("run", "device", {"tick_s": one}),
    "readout shots": lambda one: ("run", "device", {"readout_shots": one}),
    "qubits": lambda one: ("run", "device", {"qubits": [one]}),
    "rate": noise(dephasing_rate=lambda one: one),
    "rates": noise(dephasing_rate=lambda one: [1, one]),
    "t2": lambda one: ("run", "noise", {"t2_s": one}),
    "t1": lambda one: ("run", "noise", {"t1_s": [one, 1], "t2_s": 1e-12}),
    "coupling": noise(coupling_rad_per_s=lambda one: one),
    "pair": noise(coupling_pairs=lambda one: [{"spins": [0, 1], "zz_rad_per_s": one}]),
    "spins": noise(coupling_pairs=lambda one: [{"spins": [999, one], "zz_rad_per_s": 1}]),
    "spread": phase_noise(memory="quasi_static", spread_rad_per_s=...),
    "memory": phase_noise(memory="ornstein_uhlenbeck", spread_rad_per_s=1, correlation_time_s=...),
    "length": far(positions_m=[0, 1], length_m=...),
    "position": lambda one: far(positions_m=[999, one], length_m=1)(one),
    "angles": lambda one: ("run", "estimators", {"estimator": "parity_scan", "num_angles": one}),
    "order": lambda one: ("run", "estimators", {"estimator": "moments", "order": one}),
    "own shots": lambda one: ("run", "estimators", {"estimator": "ghz", "shots": one}),
    "study": lambda one: ("study", "schema", one),
    "points": lambda one: ("study", "sweep/seed", {"from": 1, "to": 900, "points": one}),
    "ends": lambda one: ("study", "sweep/seed", {"from": one, "to": 900}),
    "model": lambda one: ("noise", "schema", one),
    "sourced rate": lambda one: ("noise", "dephasing_rate/value", one),
    "sourced time": lambda one: ("noise", "t2_star", {**TIME, "value": one}),
    "sourced alone": lambda one: ("noise", "t2_star", {"value": one, "source": "a", "date": "2026-11-26"}),
}


def read_as_written(kind, found):
    """As a file is read before what it says is put together: names and sizes that do not fit are another thing."""
    if kind == "noise":
        return read_noise(found)
    file = parse(found, {"run": SpecFile, "study": StudyFile}[kind], "file")
    for place, one in enumerate(file.estimators if kind == "run" else ()):
        EstimatorSpec.from_entry(one, 100, "file", f"estimators[{place}]")
    for one in [found["noise"]] if kind == "run" and isinstance(found["noise"], dict) else ():
        parts_of_entry(entry_of_dict(one))
    return None


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=60, deadline=None)
@given(one=ONES)
def test_schema_and_reader_agree_on_every_number_and_text(place, one):
    """Zeros in all their ways to be written, minus signs, whole numbers with a point, units of other quantities."""
    kind, path, value = PLACES[place](one)
    found = changed({"run": SPEC, "study": STUDY, "noise": NOISE}[kind], path, value)
    assert (faults(kind, found) == []) == is_read(read_as_written, kind, found)


def test_every_key_and_option_has_a_place_in_the_schema():
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
