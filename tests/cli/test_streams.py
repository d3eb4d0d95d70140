"""What a command prints arrives on every stream, and a stream that takes nothing is one line and a status."""

import errno
import io
import os
import re
import shutil
import subprocess
import sys

import processes
import pytest
import tomli_w
import typer
from cases import further

from qsense.cli import app, main
from qsense.files.streams import Stream
from qsense.files.terminal import plain_console

SPEC = {
    "schema": 1,
    "name": "tiny",
    "probes": ["ghz", "product"],
    "num_qubits": 2,
    "noise": [{"dephasing_rate": 0.1}],
    "estimators": ["auto"],
    "field_rad_per_s": 0.2,
    "shots": 200,
    "seed": 1,
}
STUDY = {
    "schema": 1,
    "name": "two",
    "run": {key: SPEC[key] for key in ("probes", "noise", "estimators", "field_rad_per_s", "shots", "seed")},
    "sweep": {"num_qubits": [1, 2]},
}
THEORY = ["theory", "--probe", "ghz", "--num-qubits", "2", "--dephasing", "0.1", "--times", "0,1"]
PRINTING = {
    "theory": THEORY,
    "theory, readout": [*THEORY, "--readout", "parity"],
    "optimal": ["optimal", "--num-qubits", "2", "--dephasing", "0.1"],
    "plan": ["plan", "--num-qubits", "2,3", "--dephasing", "0.1", "--dead-time", "1"],
    "run": ["run", "run.toml"],
    "show": ["show", "RECORD"],
    "show, JSON": ["show", "RECORD", "--json"],
    "records": ["records", "runs/records"],
    "estimate": ["estimate", "RECORD"],
    "rerun": ["rerun", "RECORD"],
    "export": ["export", "RECORD"],
    "render": ["render", "--num-qubits", "2"],
    "backends": ["backends"],
    "calibrate": ["calibrate", "fake:manila", "--qubits", "0", "--shots", "200"],
    "sweep": ["sweep", "study.toml", "--workers", "1"],
    "store verify": ["store", "verify"],
    "store list": ["store", "list"],
    "store gc": ["store", "gc"],
    "store export": ["store", "export", "two"],
    "version": ["--version"],
}
QUICK = ["theory", "optimal", "show", "show, JSON", "store list"]


def commands(app=app, before=()):
    group = typer.main.get_command(app)
    yield []
    for name, command in group.commands.items():
        yield [*before, name]
        for inner in getattr(command, "commands", {}):
            yield [*before, name, inner]


class Closed(io.RawIOBase):
    """A file that takes nothing."""

    def __init__(self, number):
        self.number = number

    def writable(self):
        return True

    def write(self, data):
        raise OSError(self.number, os.strerror(self.number))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams")
    (path / "run.toml").write_text(tomli_w.dumps(SPEC))
    (path / "study.toml").write_text(tomli_w.dumps(STUDY))
    return path


@pytest.fixture
def called(folder, monkeypatch, without_figures, few_fakes):
    """Runs a command in this process; returns its status and what it has written on both streams."""

    def call(words, out=None, err=None, encoding="cp1252"):
        out, err = out or io.BytesIO(), err or io.BytesIO()
        records = sorted((folder / "runs" / "records").glob("tiny-*"))
        typed = [str(records[0]) if word == "RECORD" else word for word in words]
        shutil.rmtree(folder / "runs" / "reruns", ignore_errors=True)
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["qsense", *typed])
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding, errors="strict"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding=encoding, errors="strict", write_through=True))
            try:
                main()
            except SystemExit as end:
                code = end.code
            texts = [s.getvalue().decode(encoding) if isinstance(s, io.BytesIO) else "" for s in (out, err)]
            for stream in (sys.stdout, sys.stderr):
                stream.detach() if isinstance(stream.buffer, io.BytesIO) else None
        return code or 0, *texts

    if not list((folder / "runs" / "records").glob("tiny-*")):
        assert call(["run", "run.toml"])[0] == 0
        assert call(["sweep", "study.toml", "--workers", "1"])[0] == 0
    return call


@pytest.mark.parametrize("encoding", [further("cp1252"), "ascii"])
@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_help_fits_every_encoding(called, command, encoding):
    status, out, err = called([*command, "--help"], encoding=encoding)
    assert (status, err) == (0, "")
    assert out.startswith("Usage: ")


@pytest.mark.parametrize(
    ("words", "encoding"),
    [*((words, "ascii") for words in PRINTING.values()), *((PRINTING[name], "cp1252") for name in QUICK)],
    ids=[*PRINTING, *(f"{name}, cp1252" for name in QUICK)],
)
def test_every_table_fits_every_encoding(called, words, encoding):
    status, out, err = called(words, encoding=encoding)
    assert status == 0, err
    assert out
    if "--json" not in words:
        assert not re.search(r"\\[uU]", out)  # each character that is lacking has its word


@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_a_full_disk_is_one_line_about_standard_output(called, words):
    status, _, err = called(words, out=Closed(errno.ENOSPC))
    (line,) = [line for line in err.splitlines() if "cannot be written" in line]
    assert status == 2
    assert line == "qsense: standard output cannot be written: No space left on device; send it elsewhere."
    assert "damaged" not in err


@pytest.mark.parametrize("name", QUICK)
def test_a_reader_that_has_left_is_no_news(called, name):
    status, _, err = called(PRINTING[name], out=Closed(errno.EPIPE))
    assert status == 141
    assert "standard output" not in err


def test_an_error_arrives_also_where_its_name_does_not(called):
    status, _, err = called(["show", "𝓘–\x1b]0;x\x07ы"])
    assert status == 2
    assert err.startswith("qsense: I–\\x1b]0;x\\x07\\u044b: ")


def test_what_nobody_can_be_told_ends_nothing(called):
    status, out, _ = called(["show", "RECORD"], err=Closed(errno.ENOSPC))
    assert (status, bool(out)) == (0, True)
    assert called(["show", "nowhere"], err=Closed(errno.EPIPE))[0] == 2


def test_a_stream_escapes_what_a_terminal_would_obey():
    inner = io.StringIO()
    print("a\x1b[31m\u202eb\tc", "d", file=Stream(inner, is_needed=True))
    assert inner.getvalue() == "a\\x1b[31m\\u202eb\\tc d\n"


def test_a_console_colours_and_still_escapes(monkeypatch):
    inner = io.StringIO()
    inner.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", Stream(inner, is_needed=True))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain_console().print("12 \x1b[31m[b]x[/b][/nothing]")
    assert "\x1b[1;36m12\x1b[0m" in inner.getvalue()
    assert "\\x1b[31m[b]x[/b][/nothing]" in re.sub(r"\x1b\[[0-9;]*m", "", inner.getvalue())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has /dev/full")
@pytest.mark.parametrize(
    ("redirected", "status", "says"),
    [
        ("> /dev/full", 2, "qsense: standard output cannot be written: No space left on device; send it elsewhere.\n"),
        (">&-", 2, "qsense: standard output cannot be written: Bad file descriptor; send it elsewhere.\n"),
        ("2>&-", 0, ""),
        ("2>&- <&-", 0, ""),
        (">&- 2>&-", 2, ""),
        ("| true", 141, ""),
    ],
)
def test_a_process_with_such_streams(redirected, status, says):
    command = f"{sys.executable} -m qsense {' '.join(THEORY)} {redirected}"
    shell = "set -o pipefail; sleep 0; " + command
    done = processes.run(["bash", "-c", shell])
    assert (done.returncode, done.stderr) == (status, says)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_process_whose_pipes_are_those_of_windows(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "qsense", *THEORY],
        env={**processes.environment(), "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert b"I = " in done.stdout
    assert done.stdout.decode(encoding)
