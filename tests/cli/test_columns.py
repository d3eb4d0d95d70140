"""What commands print fits a terminal of 80 columns: no name is cut there, and no number stands on two lines."""

import csv
import os
import re
import shutil
import threading
from pathlib import Path

import pytest
from in_process import qsense
from rich.cells import cell_len

from qsense.files.folding import folded_tables
from qsense.files.terminal import plain_console, print_verdict
from qsense.files.units import readable_time
from qsense.files.wrapping import wrapped
from qsense.laboratory import write_design
from qsense.runs.spec import RunSpec

pty = pytest.importorskip("pty", reason="a system without pseudo-terminals")
pytestmark = pytest.mark.checkout
ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"[\d.]+(?:e[+-]?\d+)?(?: [±…] [\d.]+(?:e[+-]?\d+)?)?(?: (?:[mµn]?s|%|nT|µT|h|d|years)\b)?")
STYLE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
CHEAP = [
    "theory --probe ghz,product,w,one_axis:0.1,two_axis:0.2,twin_fock --num-qubits 4 --t1 100us --t2 80us",
    "theory --probe ghz,product --num-qubits 2 --noise nv_ensemble --readout parity",
    "optimal --num-qubits 2 --noise nv_ensemble",
    "ladder --num-qubits 4 --noise nv_ensemble --error 2nT --range 2uT",
    "recharge pumping --num-qubits 4 --dephasing 0.2MHz --transition 2.87GHz",
    "recharge reset --num-qubits 3 --dephasing 0.1 --dead-time 0.5",
    "recharge cancel --num-qubits 2 --dephasing 0.1 --time 1 --shots 1000",
    "plan --noise nv_ensemble --num-qubits 2 --dead-time 3us --idle free",
    "show gradient-81060ae6a779",
    "records .",
    "list noise",
    "list estimators",
    "shots first.toml --error 5%",
    "compare paper-fc94dab28629 --noise emission",
    "compare renamed --with gradient-81060ae6a779",
]
LONGER = [pytest.param("backends", marks=pytest.mark.site), "compare paper-fc94dab28629",
          "design first.toml --out designed", "sweep study.toml --workers 1",
          "import measured --no-report"]  # fmt: skip
SPEC = """probes = ["ghz", "product"]\nnum_qubits = 2\nnoise = "nv_ensemble"\nestimators = "auto"
field_rad_per_s = "3krad/s"\nshots = 1000\nseed = 1\n"""


def printed(monkeypatch, capsys, columns, words):
    """What a command writes to a pseudo-terminal of so many columns, or to a pipe: (text, with its styles)."""
    if columns is None:
        return qsense(monkeypatch, capsys, *words)[1]
    master, slave = pty.openpty()
    found = []

    def read():
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux's end of a terminal
                break
            if not part:
                break
            found.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as here:
        for key, value in (("COLUMNS", str(columns)), ("LINES", "24"), ("TERM", "xterm")):
            here.setenv(key, value)
        here.delenv("NO_COLOR", raising=False)
        with open(slave, "w", encoding="utf-8") as out:
            here.setattr("sys.stdout", out)
            code, _, err = qsense(here, capsys, *words)
            out.flush()
    reader.join()
    os.close(master)
    assert code == 0, err
    return b"".join(found).decode().replace("\r\n", "\n")


def made_for_import(made):
    """A design whose sheet of counts is filled: half of the shots all down, half all up."""
    folder = made / "measured"
    write_design(RunSpec.load(made / "first.toml"), folder)
    rows = list(csv.DictReader((folder / "settings.csv").read_text().splitlines()))
    lines = [f"{row['circuit']},{bits},{int(row['shots']) // 2}" for row in rows for bits in ("00", "11")]
    (folder / "counts.csv").write_text("\n".join(["circuit,bits,count", *lines]) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("columns")
    for path in (ROOT / "runs" / "reference").iterdir():
        shutil.copytree(path, made / path.name)
    shutil.copytree(made / "gradient-81060ae6a779", made / "renamed")
    (made / "first.toml").write_text(f'schema = 1\nname = "first"\n{SPEC}')
    made_for_import(made)
    swept = "sweep = { shots = [200, 400] }"
    (made / "study.toml").write_text(f'schema = 1\nname = "a_study_of_shots"\n{swept}\n[run]\n{SPEC}')
    return made


def words_of(text):
    return {word for word in text.split() if "─" not in word}


@pytest.mark.checkout
@pytest.mark.parametrize("command", [*CHEAP, *LONGER])
def test_a_command_fits_80_columns_and_breaks_neither_a_name_nor_a_number(monkeypatch, capsys, folder, command):
    monkeypatch.chdir(folder)
    shown = STYLE.sub("", printed(monkeypatch, capsys, 80, command.split()))
    assert shown.strip()
    assert max(cell_len(line) for line in shown.split("\n")) <= 80
    assert not re.search(r"(?m)(^ *± \d|\d ±$)", shown)
    if command in CHEAP:
        wide = STYLE.sub("", printed(monkeypatch, capsys, 400, command.split()))
        assert words_of(shown) == words_of(wide) == words_of(qsense(monkeypatch, capsys, *command.split())[1])
        assert set(NUMBER.findall(wide)) <= set(NUMBER.findall(shown))


@pytest.mark.parametrize(("command", "verdict"), [
    (CHEAP[0], "GHZ leads product until"), (CHEAP[3], "entanglement saves"), (CHEAP[4], "Pumping costs gain"),
    (CHEAP[7], "of this plan"),
])  # fmt: skip
def test_the_verdict_is_last_and_bold(monkeypatch, capsys, folder, command, verdict):
    monkeypatch.chdir(folder)
    last = printed(monkeypatch, capsys, 80, command.split()).rstrip().rpartition("\n")[2]
    assert last.startswith("\x1b[1m")
    assert verdict in last


def test_a_table_that_is_too_wide_stands_in_blocks_that_repeat_its_first_columns(capsys):
    names = ["t (µs)", *(f"G of the probe number {k}" for k in range(9))]
    rows = [[str(t), *(f"{t + k}.1234567 ± 0.0012345" for k in range(9))] for t in range(3)]
    console = plain_console(highlight=False)
    for table in folded_tables(names, rows):
        console.print(table)
    shown = capsys.readouterr().out
    assert shown.count("t (µs)") == 3
    for row in rows:
        for cell in row[1:]:
            assert cell in shown
    assert max(map(len, shown.split("\n"))) <= 80


def test_a_line_for_a_pipe_is_not_wrapped(capsys):
    print_verdict("GHZ " * 60)
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("width", range(20, 60, 3))
def test_lines_break_at_spaces_and_keep_numbers_with_their_errors_and_units(width):
    text = "at N = 4 GHZ leads until t = 1.32 … 1.45 µs (exact: 1.40 µs), 81.07 ± 0.25 % of G and 2.28 nT/√Hz"
    lines = wrapped(text, width)
    assert " ".join(lines) == text
    assert all(len(line) <= max(width, 22) for line in lines)
    for whole in ("N = 4", "t = 1.32 … 1.45 µs", "1.40 µs),", "81.07 ± 0.25 %", "2.28 nT/√Hz"):
        assert any(whole in line for line in lines)


def test_what_takes_days_is_told_in_days():
    assert [readable_time(one) for one in (3600.0, 7200.0, 1.49e6, 3.78e9)] == [
        "3.6e+03 s",
        "2 h",
        "17.2 d",
        "120 years",
    ]


def test_a_number_in_a_text_keeps_its_error_and_its_unit_on_its_line(capsys):
    rows = [["ghz of three spins", "G at 2.03 µs was 3.123 ± 0.040 and 𝓘 = 51.2 ± 0.3 µs", f"{k}.25"] for k in range(2)]
    for width in range(44, 80, 3):
        console = plain_console(highlight=False)
        for table in folded_tables(["probe", "what", "z"], rows, ("probe", "what"), width=width):
            console.print(table)
        shown = capsys.readouterr().out
        assert not re.search(r"(?m)±\s*$|^\s*±|± +\d\.25|2\.03( {2,}|$)|0\.3( {2,}|$)", shown), (width, shown)
        assert shown.count("3.123 ± 0.040") == shown.count("51.2 ± 0.3 µs") == shown.count("2.03 µs") == 2
