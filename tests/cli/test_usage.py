"""Slips of the keyboard are one line that says what was probably meant: options, commands, files, keys, units."""

import sys

import processes
import pytest
import typer
from in_process import qsense

from qsense.cli import app
from qsense.cli.usage import _CALLED, _COMMANDS
from qsense.comparison.precision import Target
from qsense.errors import ArgumentError, SpecError
from qsense.files.near import meant
from qsense.runs.spec import RunSpec
from qsense.study.expansion import Study

SPEC = {
    "schema": 1, "name": "a", "probes": ["ghz"], "num_qubits": 2, "noise": [{"dephasing_rate": 0.1}],
    "estimators": "auto", "field_rad_per_s": 0.2, "shots": 9, "seed": 1,
}  # fmt: skip
SLIPS = [
    ("plan --device fake:boston", "--backend"),
    ("theory --N 4", "--num-qubits"),
    ("theory -n 4", "--num-qubits"),
    ("theory --num_qubits 4", "--num-qubits"),
    ("theory --T1 100us", "--t1"),
    ("theory --emision 1", "--emission"),
    ("show a --colour", None),
    ("plan --field 3", None),
    ("run a.toml --backend aer", "`backend` is a key of the spec"),
    ("shots a.toml", "--error ERROR is missing: Half of the 95 % interval"),
    ("design a.toml", "--out"),
    ("run", "SPEC is missing: A run spec"),
    ("schema", "run|study|noise is missing"),
    ("schema runs", "'runs' is not one of"),
    ("compare a b", "--with b"),
    ("theory --probe ghz 2-4", "--num-qubits 2-4"),
    ("plan fake:boston", "--backend fake:boston"),
    ("plan help", "--help"),
    ("records lst", "did you mean: qsense records list"),
    ("help", "qsense --help"),
    ("theory --debug", "write qsense --debug theory"),
    ("theory --version", "write qsense --version\n"),
    ("records list --install-completion", "write qsense --install-completion\n"),
    ("records list --verbose", "write qsense --debug records list"),
    ("devices", "qsense backends"),
    ("teory", "qsense theory"),
    ("recharge pump", "qsense recharge pumping"),
    ("store veryfy", "qsense store verify"),
    ("backends --vendor IBM", 'Did you mean "ibm"?'),
    ("plan --dephasing 1 --precision 5", "5 is 500%; write 5%"),
    ("records nowhere", "nowhere: there is no such folder"),
    ("records find ghz", "runs/records: there is no such folder"),
    ("theory --probe ghz --num-qubits 2 --dephasing 1 --field 1nT", "--gyromagnetic-ratio"),
    ("theory --probe ghz --num-qubits 2 --noise nv_ensemble,ions_14 --field 1nT", "of different spins"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "wanted"), SLIPS)
def test_a_slip_is_one_line_with_what_was_meant(monkeypatch, capsys, tmp_path, words, wanted):
    monkeypatch.chdir(tmp_path)
    code, out, err = qsense(monkeypatch, capsys, *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("qsense: ")
    assert "\\" not in err
    if wanted is None:
        assert "did you mean" not in err
    else:
        assert wanted in err


def test_an_empty_text_is_no_command(monkeypatch, capsys):
    code, out, err = qsense(monkeypatch, capsys, "")
    assert (code, out, err) == (2, "", "qsense: An empty text stands where a command should. See: qsense --help\n")


def test_what_is_proposed_is_there():
    group = typer.main.get_command(app)
    commands = [one for each in group.commands.values() for one in (each, *getattr(each, "commands", {}).values())]
    options = {name for one in [group, *commands] for parameter in one.params for name in parameter.opts} | {"--help"}
    assert {f"--{name}" for names in _CALLED.values() for name in names} <= options
    names = {*group.commands, *(f"{name} {inner}" for name in group.commands for inner in inner_of(group, name))}
    kinds = {f"list {kind}" for kind in ("noise", "probes", "estimators", "keys")}
    assert set(_COMMANDS.values()) <= names | kinds | options


def inner_of(group, name):
    return getattr(group.commands[name], "commands", {})


def test_short_help_is_help(monkeypatch, capsys):
    assert qsense(monkeypatch, capsys, "list", "-h") == qsense(monkeypatch, capsys, "list", "--help")


def test_a_field_in_tesla_is_that_in_rad_per_second(monkeypatch, capsys):
    """Of an electron: φ = 2π · 28.03 GHz/T · B, by hand. Under σ_x noise G depends on it."""
    words = ["theory", "--probe", "product", "--num-qubits", "1", "--transverse", "1", "--times", "0.5", "--json"]
    ratio = ("--gyromagnetic-ratio", "28.03GHz/T", "--field")
    answers = [
        qsense(monkeypatch, capsys, *words, *field)
        for field in ((*ratio, "10pT"), ("--field", "1.7611768"), ("--field", "0"))
    ]
    gains = [float(out.partition('"gain": [')[2].partition("]")[0]) for _, out, _ in answers]
    assert gains[0] == pytest.approx(gains[1], rel=1e-6)
    assert abs(gains[0] - gains[2]) > 1e-3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shotz": 9, "shots": None}, 'key `shotz` is unknown. Did you mean "shots"?'),
        ({"schem": 1, "schema": None}, 'key `schem` is unknown. Did you mean "schema"?'),
        ({"field": "10nT", "field_rad_per_s": None}, 'key `field` is unknown. Did you mean "field_rad_per_s"?'),
        ({"noise": [{"dephasing": 0.1}]}, 'key `noise[0].dephasing` is unknown. Did you mean "dephasing_rate"?'),
        ({"noise": [{"T2": "5s"}]}, 'key `noise[0].T2` is unknown. Did you mean "t2_s"?'),
        ({"noise": [{"phase_noise": [{"spce": "local"}]}]}, 'key `noise[0].phase_noise[0].spce` is unknown. Did'),
        ({"estimators": [{"nmae": "ghz"}]}, "key `estimators[0].estimator` is missing; add it. `nmae` is unknown."),
        ({"estimators": [{"estimatr": "ghz"}]}, 'key `estimators[0].estimatr` is unknown. Did you mean "estimator"?'),
        ({"estimators": [{"readout": "parity"}]}, "key `estimators[0].estimator` is missing; add it"),
        ({"estimators": [{"redout": "parity"}]}, 'key `estimators[0].redout` is unknown. Did you mean "readout"?'),
        ({"probes": [{"nmae": "ghz"}]}, "key `probes[0].probe` is missing; add it. `nmae` is unknown."),
        ({"probes": [{"file": "x.npy"}]}, "key `probes[0].probe` is missing; add it. `file` is unknown. Known: amp"),
        ({"probes": [{"statevector": "x"}]}, "key `probes[0].probe` is missing; add it. `statevector` is unknown. K"),
        ({"schema": None, "title": "abc"}, "key `schema` is missing; add it. `title` is unknown. Known: 21, such as "),
        ({"title": "abc"}, "key `title` is unknown. Known: 21, such as "),
        ({"probes": [{"amplitdes": [1, 0]}]}, 'key `probes[0].amplitdes` is unknown. Did you mean "amplitudes"?'),
        ({"unheard_of": 1, "shots": None}, "key `shots` is missing; add it"),
        ({"probes": None, "run": {}}, "give it to `qsense sweep`"),
    ],
)  # fmt: skip
def test_a_misspelt_key_is_told_before_the_one_that_is_missing(change, said):
    data = {key: value for key, value in {**SPEC, **change}.items() if value is not None}
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict(data)
    assert said in str(caught.value)


@pytest.mark.parametrize("command", ["run", "sweep", "show", "report", "compare", "export", "run a.toml --out"])
def test_an_empty_text_is_no_path(monkeypatch, capsys, command):
    code, out, err = qsense(monkeypatch, capsys, *command.split(), "")
    assert (code, out) == (2, "")
    assert err == "qsense: a path, a name or a value is empty; write it, or leave its option out.\n"


def test_a_run_spec_is_no_study(tmp_path):
    (tmp_path / "a.toml").write_text('schema = 1\nname = "a"\nprobes = "ghz"\n')
    with pytest.raises(SpecError, match="give it to `qsense run`"):
        Study.load(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("typed", "found"), [("first", True), ("frist.toml", True), ("First.toml", True), ("x", False)]
)
def test_a_file_that_is_called_alike_is_named(tmp_path, typed, found):
    for name in ("first.toml", "first.csv"):
        (tmp_path / name).touch()
    said = meant(tmp_path / typed, "give another", (".toml",))
    assert said == (f"did you mean {tmp_path / 'first.toml'}?" if found else "give another.")


@pytest.mark.parametrize("error", ["5", 5, "1.5"])
def test_an_error_without_a_unit_that_is_more_than_all_is_refused(error):
    with pytest.raises(ArgumentError, match=rf'write "{error}%", or its unit: {error}s'):
        Target.of("img", error)


def test_progress_tells_no_amount_before_it_knows_one(monkeypatch):
    """A terminal showed "0/None" while a command was reading."""
    import io

    from qsense.cli.progress import progress

    shown = io.StringIO()
    shown.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    with progress(False) as update:
        update(1, 4, "first")
    assert "1/4" in shown.getvalue()
    assert "None" not in shown.getvalue()


@pytest.mark.parametrize("when", ["qsense.cli.app", "qsense.cli.listing", "while it runs"])
def test_a_command_that_is_stopped_shows_no_traceback(when):
    """Imports take most of a second, in which people press Ctrl-C too."""
    stop = "def stop(*_): raise KeyboardInterrupt\nimport sys\nsys.argv = ['qsense', 'list', 'noise']\n"
    if when == "while it runs":
        stop += "import qsense.cli\nsys.modules['qsense.cli.app']._run = stop\n"
    else:
        stop += "import types, sys\nsys.meta_path.insert(0, type('F', (), {'find_spec': lambda self, name, *_: "
        stop += "stop() if name == '" + when + "' else None})())\n"
    done = processes.run([sys.executable, "-c", stop + "from qsense.cli import main\nmain()"])
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
