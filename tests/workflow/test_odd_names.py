"""Names that mean something to Rich, to Matplotlib or to a terminal are names: they are shown as they are."""

import logging

import forked
import pictures
import pytest
import studies

from qsense import LocalNoise, Probe, RunSpec, reports, run
from qsense.files.figures import render_figure
from qsense.files.terminal import plain_console, print_parts
from qsense.reports import print_tables, theory_figure
from qsense.store import Store
from qsense.study import report
from qsense.study.results import study_results
from qsense.tables import Columns

ODD = ["[red]x", r"$\frac$", "one $ and :smile:", "a^b$c$"]
CIRCUIT = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\nz q[0];\n'


def odd_run(folder):
    """A run of probes whose circuits' files have odd names."""
    for name in ODD:
        (folder / f"{name}.qasm").write_text(CIRCUIT)
    probes = ["ghz", "product", *(str(folder / f"{name}.qasm") for name in ODD)]
    return {**studies.RUN, "probes": probes, "estimators": "tomography", "shots": 30}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    with pictures.drawn(("png",)):
        return run(RunSpec.from_dict({**odd_run(folder), "schema": 1, "name": "odd"}), folder)


def test_a_record_with_odd_names_has_its_figures_and_shows_them(record):
    assert (record.path / "gain.png").exists()
    (legend,) = record.plot().legends
    assert [text.get_text() for text in legend.get_texts() if "frac" in text.get_text()] == [
        r"\$\frac\$, exact",
        r"\$\frac\$, tomography",
    ]
    summary = record.summary()
    summary["rows"][0]["estimator"] = "a[/b]"
    record.write_summary(summary)
    shown = forked.run("show", record.path)
    assert (shown.returncode, shown.stderr) == (0, "")
    for name in (*ODD, "a[/b]"):
        assert name in shown.stdout, name


def test_tables_of_a_console_with_markup_have_the_names_as_well(record):
    from rich.console import Console

    console = Console(width=100)
    with console.capture() as capture:
        print_tables(console, record.summary())
    assert "[red]x" in capture.get()


def test_a_summary_that_cannot_be_printed_is_not_called_damaged(record, monkeypatch):
    from qsense.cli import runs
    from qsense.files import terminal

    def fails(*_):
        raise OSError("no space left")

    monkeypatch.setattr(terminal, "print_parts", fails)
    with pytest.raises(OSError, match="no space left"):
        runs.show([str(record.path)])


def test_a_figure_that_fails_costs_a_warning_and_no_table(record, tmp_path, monkeypatch, caplog):
    def fails(*_):
        raise ValueError("cannot\ndraw")

    monkeypatch.setattr(reports, "figures", fails)
    with caplog.at_level(logging.WARNING, "qsense"):
        again = run(RunSpec.from_dict({**studies.RUN, "schema": 1, "name": "two", "num_qubits": [1]}), tmp_path)
    assert again.summary()["rows"]
    assert not (again.path / "gain.png").exists()
    (line,) = caplog.messages
    assert line.endswith("the tables are written, but the figures could not be drawn (ValueError: cannot draw)")


def test_the_terminal_shows_control_characters_as_escapes(capsys):
    from qsense.cli.logs import show_log

    show_log()
    logging.getLogger("qsense.names").warning("the label a\nb\x1b[31m")
    assert capsys.readouterr().err == "qsense: the label a\\nb\\x1b[31m\n"
    plain_console().print("a\nb\x1b[31m [bold]c")
    assert capsys.readouterr().out == "a\\nb\\x1b[31m [bold]c\n"


@pytest.mark.drawn("png")
def test_tables_and_figures_of_a_study_have_odd_names(tmp_path):
    study = studies.study(odd_run(tmp_path), sweep={"seed": [1, 2]})
    entry = studies.filled(tmp_path / "s", study, together=True)
    with Store(tmp_path / "s", read_only=True) as store:
        results = study_results(store, entry)
    report.write_report(results, tmp_path / "out", Columns({}, {}))
    assert (tmp_path / "out" / "integrated_gain.svg").exists()
    rows = [{"probe": name} for name in ("a[/b]", *ODD)]
    console = plain_console()
    with console.capture() as capture:
        print_parts(console, report._table("title", rows, (), {}))
    for name in ("a[/b]", *ODD):
        assert name in capture.get(), name


def test_a_figure_of_the_theory_has_the_probe_as_it_is_named():
    odd = Probe.symmetric([0.6, 0.0, 0.8], r"$\frac$")
    assert render_figure(theory_figure(odd, LocalNoise(dephasing=0.5)), "png").startswith(b"\x89PNG")
