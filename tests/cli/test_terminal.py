"""Names, reasons and messages are shown escaped wherever a command prints: never as control codes or markup."""

import ast
import csv
import io
import json
from pathlib import Path

import pytest

import qsense
from qsense import Probe
from qsense.circuits.rendering import write_preparation
from qsense.files.csv_text import as_cell, from_cell
from qsense.files.streams import Stream
from qsense.files.terminal import print_line
from qsense.runs.columns import parse_cell
from qsense.tables import Columns

HOSTILE = [
    "\x1b[31mred", "\x1b]0;title\x07", "a\nqsense: all is well", "\u202eabc", "[red]a[/b]", "\x9b2J", "a\rb", "\x7f",
]  # fmt: skip
SAFE = ("printable(", "one_line(", "without_credentials(", "__version__", "{what}")
CLI = sorted((Path(qsense.__file__).parent / "cli").glob("*.py"))


@pytest.mark.parametrize("path", CLI, ids=lambda path: path.stem)
def test_a_command_prints_texts_that_may_be_anything_by_print_line_alone(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print" and node.args:
            text = ast.unparse(node.args[0])
            is_safe = isinstance(node.args[0], ast.Constant) or text.startswith("json.dumps(")
            is_safe |= any(
                word in text for word in ("printable(", "one_line(", "without_credentials(", "__version__", "{what}")
            )
            assert is_safe, f"{path.name}:{node.lineno}: print({text}); use print_line"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_stays_one_line_of_drawn_characters(capsys, name):
    print_line(f"record: {name}")
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.removesuffix("\n").isprintable()


@pytest.mark.parametrize("name", HOSTILE)
def test_json_stays_json_and_has_no_control_character(name):
    inner = io.StringIO()
    print(json.dumps({"name": name}), file=Stream(inner, is_needed=True))
    assert json.loads(inner.getvalue()) == {"name": name}
    assert inner.getvalue().removesuffix("\n").isprintable()


@pytest.mark.skipif(not Path("/proc").exists(), reason="other systems refuse such names of files")
@pytest.mark.parametrize("name", ["a\udcff", "a\nh q[0];", "\x1b[31m"])
def test_a_preparation_is_written_whatever_its_file_is_called(tmp_path, name):
    path = write_preparation(Probe.ghz(2), tmp_path / f"{name}.qasm")
    named = write_preparation(Probe.symmetric([0.6, 0.0, 0.8], name), path)
    assert all(line.isprintable() for line in named.read_text().splitlines())
    assert Probe.from_qasm(str(named)).num_qubits == 2


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'", "'=1", "''x", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", [*FORMULAS, "ghz", "", "a=b", "–1"])
def test_a_text_of_a_csv_file_is_no_formula_and_reads_back(text):
    data = Columns({"noise": [text, text], "z": [-0.5, None]}).to_csv().decode()
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert rows[1][1] == "-0.5"
    assert from_cell(rows[1][0]) == text
    assert parse_cell("noise", rows[1][0]) == (text or None)
    assert parse_cell("z", "-0.5") == -0.5
    assert as_cell(-0.5) == -0.5
