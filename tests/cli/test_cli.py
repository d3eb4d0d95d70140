"""The command line as a user meets it: answers, JSON for scripts, one-line errors with exit status 2."""

import json
import sys

import forked
import processes
import pytest
import tomli_w

from qsense import __version__
from qsense.runs.columns import SUMMARY_COLUMNS
from qsense.signals.magnetic import SPINS

SPEC = {
    "schema": 1,
    "name": "tiny",
    "probes": ["ghz", "product"],
    "num_qubits": [1, 2],
    "noise": ["emission"],
    "estimators": ["tomography", {"estimator": "parameter_shift", "readout": "auto"}],
    "field_rad_per_s": 0.2,
    "shots": 300,
    "seed": 3,
}


qsense = forked.run


def answer(*arguments):
    done = qsense(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_version():
    done = processes.run([sys.executable, "-m", "qsense.cli", "--version"])
    assert done.stdout == qsense("--version").stdout == f"qsense {__version__}\n"


def test_theory_prints_the_keys_that_others_rely_on():
    got = answer("theory", "--probe", "ghz", "--num-qubits", 4, "--dephasing", 0.1, "--times", "0,1,2.5")
    assert {
        "probe",
        "num_qubits",
        "times_s",
        "gain",
        "integrated_gain_s",
        "gain_bound",
        "integrated_gain_bound_s",
        "crossover_s",
        "method",
    } <= set(got)
    assert got["times_s"] == [0.0, 1.0, 2.5]
    assert got["integrated_gain_s"] == pytest.approx(10.0)
    assert [got[f"img_{name}"] for name in ("s", "bound_s")] == [
        got["integrated_gain_s"],
        got["integrated_gain_bound_s"],
    ]
    assert got["crossover_s"] == pytest.approx(1.15525, abs=1e-5)
    assert all(g <= b + 1e-12 for g, b in zip(got["gain"], got["gain_bound"], strict=True))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--probe", "product", "--num-qubits", 2, "--emission", "0.1,0.2"], 15.0),
        (["--probe", "product", "--num-qubits", 1, "--t1", 2, "--t2", 3], 1.5),
        (["--probe", "ghz", "--num-qubits", 2, "--noise", "dephasing"], 5.0),
        (["--probe", "product", "--num-qubits", 1, "--dephasing", 0.1, "--tilt", 0.6], 1.6),
        (["--probe", "product", "--num-qubits", 1, "--emission", 0.1, "--absorption", 0.1, "--dephasing", 0.05], 2.5),
        (["--probe", "twin_fock4", "--dephasing", 0.1], 11.475866),
    ],
)
def test_theory_takes_every_way_to_give_a_noise(arguments, expected):
    assert answer("theory", *arguments)["integrated_gain_s"] == pytest.approx(expected, rel=1e-6)


def test_optimal_beats_ghz_and_product_and_writes_a_preparation_that_theory_reads(tmp_path):
    got = answer("optimal", "--num-qubits", 2, "--dephasing", 0.25, "--out", tmp_path / "best.qasm")
    (row,) = got["rows"]
    assert row["values"]["best symmetric"] == pytest.approx(1.125 * 2, abs=1e-6)
    assert row["values"]["ghz"] == row["values"]["product"] == pytest.approx(2.0)
    older = answer("optimal", "--num-qubits", 2, "--dephasing", 0.25, "--objective", "img")
    assert (older["objective"], older["rows"]) == (got["objective"], got["rows"]) == ("integrated_gain", got["rows"])
    assert row["bound"] == pytest.approx(2 * 2 * 0.6931471805599453, rel=1e-9)
    again = answer("theory", "--probe", tmp_path / "best.qasm", "--dephasing", 0.25)
    assert again["integrated_gain_s"] == pytest.approx(row["values"]["best symmetric"], rel=1e-9)


def test_optimal_takes_several_noises_and_says_the_verdict_last(tmp_path):
    figure = tmp_path / "both.png"
    last = qsense("optimal", "--num-qubits", 2, "--dephasing", 0.25).stdout.splitlines()[-1]
    assert last.startswith("N = 2: best symmetric reaches most of what was tried: 1.125 times product's")
    dephasing, emission = answer("optimal", "--num-qubits", 2, "--noise", "dephasing,emission", "--plot", figure)
    assert figure.read_bytes().startswith(b"\x89PNG")
    # At a rate of 0.1 per second 𝓘 of product spins is N/(4γ) under dephasing, and N/γ under emission.
    assert dephasing["rows"][0]["values"]["product"] == pytest.approx(2 / (4 * 0.1))
    assert emission["rows"][0]["values"]["product"] == pytest.approx(2 / 0.1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--probe", "twin_fock", "--num-qubits", 4, "--dephasing", 0.1], 11.475866),
        (["--probe", "ghz", "--num-qubits", 5, "--collective-dephasing", 0.1], 2.5),
        (["--probe", "product", "--num-qubits", 3, "--depolarizing", 0.1], 15.0),
        (["--probe", "product", "--num-qubits", 1, "--dephasing", 0.1, "--exponent", 2], 3.1332853),
        (["--probe", "ghz", "--num-qubits", 2, "--dephasing", 0.25, "--until", 1.0], 2 * (1 - 0.1353352832)),
    ],
)
def test_theory_takes_every_probe_and_noise(arguments, expected):
    assert answer("theory", *arguments)["integrated_gain_s"] == pytest.approx(expected, rel=1e-6)


def test_theory_says_what_a_readout_reaches():
    got = answer("theory", "--probe", "ghz", "--num-qubits", 3, "--emission", 0.5, "--readout", "parity")
    assert got["classical_integrated_gain_s"] == pytest.approx(3 / 0.5, rel=1e-9)
    assert got["classical_integrated_gain_s"] < got["integrated_gain_s"]


@pytest.mark.parametrize("command", ["theory", "optimal"])
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_plot_is_written_in_the_format_that_its_name_says(tmp_path, command, kind):
    arguments = ["--probe", "ghz"] if command == "theory" else []
    answer(command, *arguments, "--num-qubits", 2, "--emission", 0.1, "--plot", tmp_path / f"figure.{kind}")
    head = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind]
    assert (tmp_path / f"figure.{kind}").read_bytes().startswith(head)


def test_theory_has_null_where_there_is_no_number():
    got = answer("theory", "--probe", "product", "--num-qubits", 2, "--dephasing", "0,0.1")
    assert got["integrated_gain_s"] is None
    got = answer("theory", "--probe", "ghz", "--num-qubits", 1, "--dephasing", "0.1")
    assert got["crossover_s"] is None


def test_theory_and_version_do_not_load_qiskit():
    code = (
        "import sys, qsense.cli as c\n"
        "sys.argv = ['qsense', 'theory', '--probe', 'ghz', '--num-qubits', '3', '--noise', 'thermal', '--json']\n"
        "try: c.main()\nexcept SystemExit: pass\n"
        "print([m for m in ('qiskit', 'qiskit_aer', 'scipy', 'matplotlib') if m in sys.modules], file=sys.stderr)"
    )
    done = processes.run_python(code)
    assert done.stderr.strip() == "[]"


def test_the_command_starts_without_numpy():
    done = processes.run_python("import sys, qsense.cli; print('numpy' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_the_help_names_every_spin_of_which_a_ratio_is_known():
    shown = " ".join(qsense("theory", "--help").stdout.split())
    assert all(name in shown for name in SPINS)


def test_a_table_of_theory_fits_100_columns():
    done = qsense("theory", "--probe", "ghz", "--num-qubits", 4, "--dephasing", "0.1,0.2,0.3,0.4")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(tomli_w.dumps(SPEC))
    done = qsense("run", folder / "tiny.toml", "--out", folder / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, json.loads(done.stdout)


def test_run_prints_its_record_and_rows_as_json(ran):
    folder, got = ran
    assert got["record"].startswith(str(folder / "out" / "tiny-"))
    assert len(got["rows"]) == 8
    assert {*SUMMARY_COLUMNS, "img_s", "img_stderr_s", "img_low_s", "img_high_s", "img_exact_s"} <= set(got["rows"][0])


def test_show_and_estimate_give_the_same_rows(ran):
    _, got = ran
    assert answer("show", got["record"])["rows"] == got["rows"]
    assert answer("estimate", got["record"])["rows"] == got["rows"]


def test_the_comparison_fits_100_columns_and_is_quiet_in_a_pipe(ran):
    done = qsense("show", ran[1]["record"])
    assert done.stderr == ""
    # A path is not folded.
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("record: ")) <= 100
    assert "\x1b" not in done.stdout
    assert "record: " in done.stdout


def test_shots_can_be_given_on_the_command_line(ran, tmp_path):
    got = json.loads(qsense("run", ran[0] / "tiny.toml", "--out", tmp_path, "--shots", 100, "--json").stdout)
    assert got["record"] != ran[1]["record"]
    assert {row["shots"] for row in got["rows"]} != {row["shots"] for row in ran[1]["rows"]}


def test_render_writes_where_it_is_told(tmp_path):
    files = answer("render", "--out", tmp_path / "new", "--num-qubits", 3)["files"]
    assert sorted(f.rsplit("/", 1)[1] for f in files) == ["ghz_3.qasm", "product_3.qasm"]


WRONG = [
    (["theory", "--probe", "ghx", "--num-qubits", 2, "--dephasing", 1], 'Unknown probe "ghx". Did you mean "ghz"?'),
    (["theory", "--probe", "ghz", "--dephasing", 1], "--num-qubits is missing"),
    (["theory", "--probe", "ghz", "--num-qubits", 0, "--dephasing", 1], "--num-qubits must be at least 1, but is 0"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", -1], "--dephasing must be finite and not negative"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", "nan"], "--dephasing must be a rate such as"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", "0.1,x"], "--dephasing must be a rate such as"),
    (
        ["theory", "--probe", "ghz", "--num-qubits", 3, "--dephasing", "0.1,0.2"],
        "rates for 2 spins, but the probe has 3",
    ),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--t1", 1, "--t2", 3], "--t2 must be at most 2 T1"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--t1", 1], "--t1 and --t2 go together"),
    (["theory", "--probe", "ghz", "--num-qubits", 2], "Give the noise in one way"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--noise", "termal"], 'Did you mean "thermal"?'),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", 1, "--times", "2,1"], "--times must increase"),
    (
        ["theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", 1, "--times", "-1"],
        "must be finite and not negative",
    ),
    (
        ["theory", "--probe", "w", "--num-qubits", 2, "--dephasing", 1, "--tilt", 0.5],
        "goes with a GHZ or a product probe",
    ),
    (["theory", "--probe", "dicke:9", "--num-qubits", 2, "--dephasing", 1], "must have 0 to 2 spins up"),
    (["theory", "--probe", "one_axis", "--num-qubits", 2, "--dephasing", 1], "needs a number"),
    (["theory", "--probe", "twin_fock", "--num-qubits", 101, "--dephasing", 1], "an even number of spins"),
    (["theory", "--probe", "w", "--num-qubits", 501, "--dephasing", 1], "at most 500 spins"),
    (["theory", "--probe", "ghz", "--num-qubits", 11, "--transverse", 1], "at most 10 spins"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", 1, "--until", 0], "--until must be positive"),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--emission", 1, "--readout", "w"], 'Unknown readout "w"'),
    (["theory", "--probe", "ghz", "--num-qubits", 2, "--emission", 1, "--plot", "a.txt"], "must end in .png"),
    (["theory", "--probe", "no.npy", "--dephasing", 1], "no.npy: no such file"),
    (["optimal", "--num-qubits", "2,3", "--dephasing", 1, "--out", "a.qasm"], "give one number of spins"),
    (["optimal", "--num-qubits", 2, "--dephasing", "1,2"], "the same for all spins"),
    (["optimal", "--num-qubits", 2, "--dephasing", 1, "--objective", "best"], "Option --objective must be one of"),
    (["theory", "--probe", "w4", "--num-qubits", 2, "--dephasing", 1], "w4 has 4 spins"),
    (["theory", "--probe", "nowhere.qasm", "--dephasing", 1], "nowhere.qasm: no such file"),
    (["run", "nowhere.toml"], "nowhere.toml: no such file"),
    (["show", "."], "not a record"),
    (["estimate", "nowhere"], "not a record"),
    (["render", "--out", "/proc/none", "--num-qubits", 2], "cannot be written"),
    (["render", "--num-qubits", "two"], "--num-qubits must be whole numbers"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_an_error_is_one_line_on_stderr_and_status_2(tmp_path, arguments, message):
    done = qsense(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_early_causes_no_traceback(ran):
    command = f"{sys.executable} -m qsense.cli show {ran[1]['record']} | head -1"
    done = processes.run(["bash", "-c", command])
    assert "Traceback" not in done.stderr
