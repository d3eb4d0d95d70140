"""The command: the verdict first, 80 columns, JSON with the same numbers, figures, errors in a line."""

import json

import in_process
import pytest
from cases import one_in

from qsense.files.figures import render_figure
from qsense.reports import recharging_figures

PUMPING = ["pumping", "--num-qubits", "3", "--dephasing", "0.1", "--pump", "0,0.1", "--transition", "2.87GHz"]
RESET = [
    "reset",
    "--num-qubits",
    "2",
    "--emission",
    "0.1",
    "--dead-time",
    "0.5",
    "--periods",
    "1,5",
    "--probe",
    "product",
]
CANCEL = ["cancel", "--num-qubits", "2", "--emission", "0.1", "--time", "1", "--shots", "2000"]
CODE = ["code", "--num-qubits", "3", "--transverse", "0.1", "--dephasing", "0.01", "--interval", "0.5"]
COMMANDS = {words[0]: words for words in (PUMPING, RESET, CANCEL, CODE)}
BEGINS = {
    "pumping": "Pumping costs gain: ", "reset": "Best: reset every ", "cancel": "Bias ",
    "code": "Correcting flips pays ",
}  # fmt: skip


@pytest.fixture
def qsense(monkeypatch, capsys):
    def call(*words, status=0):
        code, out, err = in_process.qsense(monkeypatch, capsys, "recharge", *words)
        assert code == status, err
        return out if status == 0 else err

    return call


@pytest.mark.parametrize("name", COMMANDS)
def test_the_verdict_comes_last_and_json_has_the_same_numbers(qsense, name):
    shown = qsense(*COMMANDS[name])
    assert shown.splitlines()[-1].startswith(BEGINS[name])
    assert max(len(line) for line in shown.splitlines()) <= 80
    answer = json.loads(qsense(*COMMANDS[name], "--json"))
    assert shown.splitlines()[-1] == answer["verdict"]
    assert len(answer["rows"]) >= 2
    key = "gain" if name == "cancel" else "rate_s"
    for row in answer["rows"]:
        assert f"{row[key]:.5g}" in shown


@pytest.mark.parametrize("name", one_in(2, COMMANDS))
def test_a_figure_is_written_and_made_of_the_answer_alone(qsense, tmp_path, name):
    path = tmp_path / "figure.png"
    answer = json.loads(qsense(*COMMANDS[name], "--json", "--plot", str(path)))
    assert answer["plot"] == str(path)
    assert path.read_bytes()[1:4] == b"PNG"
    figure = getattr(recharging_figures, f"{name}_figure")(answer)
    assert render_figure(figure, "png") == path.read_bytes()
    for panel in figure.axes:
        assert panel.get_xlabel()
        assert panel.get_ylabel()


def test_energies_are_quanta_of_the_transition(qsense):
    rows = json.loads(qsense(*PUMPING, "--json"))["rows"]
    quantum = 6.62607015e-34 * 2.87e9
    assert rows[0]["energy_per_window_j"] == 0
    assert rows[0]["integrated_gain_per_quantum_s"] is None
    assert rows[1]["energy_per_window_j"] == pytest.approx(rows[1]["quanta_per_window"] * quantum, rel=1e-9)
    assert rows[1]["quanta_per_window"] == pytest.approx(0.1 * 3 * rows[1]["rate_time_s"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pumping", "--num-qubits", "3"], "Give the noise by at least one of the options --dephasing, --emission."),
        ([*PUMPING, "--pump", "0.2,0.1"], "Option --pump must be increasing rates"),
        ([*PUMPING, "--branching", "2"], "Option --branching must be above 0"),
        ([*PUMPING, "--probe", "w"], 'The probe "w" senses nothing'),
        ([*PUMPING, "--probe", "gzh"], 'Unknown probe "gzh"'),
        ([*RESET, "--dead-time", "-1"], "Option --dead-time must be finite and not negative"),
        ([*CANCEL, "--shots", "5"], "Option --shots must be at least 100"),
        ([*CANCEL, "--backend", "ibm"], "Option --backend must be one of emulator, aer"),
        ([*CODE, "--interval", "0"], "Option --interval must be positive"),
        ([*CODE, "--num-qubits", "7"], "Option --num-qubits must be 1 to 5"),
        ([*CODE, "--plot", "a.bmp"], "a.bmp: a figure must end in"),
    ],
)
def test_an_error_is_one_line_that_names_the_option(qsense, words, message):
    shown = qsense(*words, status=2)
    assert shown.count("\n") == 1
    assert shown.startswith("qsense: ")
    assert message in shown
