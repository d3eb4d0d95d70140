"""The help a user meets first: commands in groups, summaries that are not cut, examples that are commands, lists."""

import json
import re
import shlex
from pathlib import Path

import forked
import processes
import pytest
import typer
from typer.main import get_command

from qsense.cli import app
from qsense.cli.commands import COMMANDS, GROUPS
from qsense.estimators.registry import estimator_named, estimator_names
from qsense.probes import Probe
from qsense.runs.spec import RunSpec

ROOT = get_command(app)


def test_the_help_lists_every_command_once_in_a_group_and_cuts_no_summary():
    text = forked.run("--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.partition("Options:")[2]
    for name in ROOT.commands:
        assert len(re.findall(rf"^  {name} +\S", text, re.MULTILINE)) == 1, name
    assert [text.index(f"{heading}:") for heading in GROUPS] == sorted(text.index(f"{heading}:") for heading in GROUPS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_whose_words_it_takes(name):
    context = typer.Context(ROOT, **ROOT.context_settings)  # a command keeps the names of its help
    command = ROOT.get_command(context, name)
    assert COMMANDS[name].example in " ".join(command.get_help(context).split())
    first, *words = shlex.split(COMMANDS[name].example)
    assert first == "qsense"
    ROOT.make_context("qsense", words).close()  # the command and its group
    while hasattr(command, "commands"):
        command, words = command.commands[words[1]], words[1:]
    command.make_context(words[0], words[1:]).close()  # options and values


@pytest.mark.parametrize("group", ["recharge", "records", "store"])
def test_every_command_of_a_group_shows_an_example_whose_words_it_takes(group):
    context = typer.Context(ROOT, **ROOT.context_settings)
    for name, command in ROOT.get_command(context, group).commands.items():
        example = command.epilog.removeprefix("Example: ")
        assert example in " ".join(command.get_help(context).split())
        assert shlex.split(example)[:3] == ["qsense", group, name]
        command.make_context(name, shlex.split(example)[3:]).close()


@pytest.mark.parametrize("name", ["ladder", "list", "optimal", "theory", "recharge"])
def test_examples_that_need_no_file_run(name):
    done = forked.run(*shlex.split(COMMANDS[name].example)[1:])
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_what_is_listed_can_be_used():
    def listed(kind):
        return [row["name"] for row in json.loads(forked.run("list", kind, "--json").stdout)]

    assert sorted(listed("estimators")) == sorted(estimator_names())
    sizes = {"U": "2", "POLAR": "1.2", "CHI": "0.1", "SIGNS": "+-+-", "STATE": "1:2:1"}
    for name in listed("probes"):
        word, _, number = name.partition(":")
        if not name.startswith("FILE") and word not in ("w4", "dicke4_2", "dicke6_3", "twin_fock4"):
            assert Probe.named(f"{word}:{sizes[number]}" if number else word, 4).num_qubits == 4
    spec = {"schema": 1, "name": "a", "probes": "ghz", "num_qubits": 2, "estimators": "auto", "shots": 9, "seed": 1}
    for name in listed("noise"):
        if name.isidentifier():
            RunSpec.from_dict({**spec, "noise": name, "field_rad_per_s": 1})
    assert set(spec) <= set(listed("keys"))


def test_lists_fit_the_terminal_and_name_the_options_of_estimators():
    for kind in ("probes", "noise", "estimators", "keys"):
        assert max(map(len, forked.run("list", kind).stdout.splitlines())) <= 80
    text = forked.run("list", "estimators").stdout
    for name in estimator_names():
        for option in {} if name == "auto" else estimator_named(name).options:
            assert option in text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("qsense th", ["theory"]),
        ("qsense list pro", ["probes"]),
        ("qsense theory --noise nv_n", ["nv_nanodiamond"]),
        ("qsense theory --probe twin", ["twin_fock", "twin_fock4"]),
        ("qsense plan --goal c", ["crossover"]),
        ("qsense shots --goal g", ["gain"]),
        ("qsense plan --backend em", ["emulator"]),
        ("qsense show --records runs/reference gr", ["gradient-81060ae6a779"]),
    ],
)
def test_the_shell_completes_commands_and_names(words, found):
    done = forked.run(
        env=processes.environment()
        | {"_QSENSE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    )
    assert done.stdout.split() == found


def test_an_unknown_kind_is_refused_in_words():
    done = forked.run("list", "nonsense")
    assert done.returncode == 2
    assert "estimators" in done.stderr
    assert not Path("nonsense").exists()
