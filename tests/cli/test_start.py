"""What a start imports and builds: counts, which say the same on any machine, however busy."""

import json
from pathlib import Path

import processes
import pytest

from qsense.cli.app import parser_of
from qsense.cli.commands import COMMANDS, GROUPS

THEORY = "theory --probe ghz,product --num-qubits 4 --dephasing 0.1"
HEAVY = {"scipy", "matplotlib", "qiskit", "qiskit_aer", "pandas", "jinja2", "numpy.ma", "qsense.probes.openqasm"}
MOST_OF_A_RUN = 364

RUN = (Path(__file__).resolve().parents[1] / "support" / "small.toml").read_text()


def started(words, **options):
    """The modules that a command has imported, and for how many commands it has built parsers."""
    done = processes.run_python(
        "import json, sys\n"
        "from qsense.cli import main\n"
        f"sys.argv = ['qsense', *{words.split()!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "from qsense.cli.app import parser_of\n"
        "print(json.dumps([sorted(sys.modules), parser_of.cache_info().misses]))",
        **options,
    )
    modules, parsers = json.loads(done.stdout.splitlines()[-1])
    return set(modules), parsers


def test_the_package_imports_its_version_and_nothing_else():
    code = "import sys; before = set(sys.modules); import qsense; print(sorted(set(sys.modules) - before))"
    assert processes.run_python(code).stdout.strip() == str(["__future__", "qsense", "qsense.version"])


def test_theory_builds_its_own_parser_and_imports_nothing_heavy():
    modules, parsers = started(THEORY)
    assert parsers == 1
    assert not modules & HEAVY
    assert sum(name.startswith("qsense") for name in modules) <= 127
    assert not modules & {f"qsense.cli.{command.module}" for command in COMMANDS.values()} - {"qsense.cli.theory"}


def test_a_run_imports_no_circuits_no_data_frames_and_no_window(tmp_path):
    (tmp_path / "small.toml").write_text(RUN)
    modules, parsers = started("run small.toml --out .", cwd=tmp_path)
    assert parsers == 1
    assert {"scipy", "matplotlib", "jinja2"} <= modules
    assert not modules & {"qiskit", "qiskit_aer", "pandas", "xarray", "scipy.stats", "matplotlib.pyplot", "dask"}
    # Models of noise files, and the bar on a terminal, are for runs that have them.
    assert not modules & {"qsense.noise.file", "rich.progress", "qsense.probes.openqasm", "qsense.laboratory"}
    assert sum(name.startswith("qsense") for name in modules) <= MOST_OF_A_RUN


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("--help", 0),
        ("--version", 0),
        ("nonsense", 0),
        ("theory --nonsense", 1),
        ("theory --probe ghz --num-qubits 2 --dephasing 0.1 --dead-time -1", 1),  # its message names options
        ("records list nowhere", 1),
    ],
)
def test_no_parser_is_built_that_is_not_asked_for(words, number):
    assert started(words)[1] == number


def test_every_command_is_in_the_file_that_the_table_names():
    assert [name for names in GROUPS.values() for name in names] == list(COMMANDS)
    for name, command in COMMANDS.items():
        parser = parser_of(name)
        for one in getattr(parser, "commands", {name: parser}).values():
            assert one.callback.__wrapped__.__module__ == f"qsense.cli.{command.module}"
