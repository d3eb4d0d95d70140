"""How the command ends on an error, what --debug shows of it, and what goes to stderr beside JSON."""

import logging
from functools import partial

import in_process
import pytest

from qsense.cli import app
from qsense.cli import theory as theory_command
from qsense.errors import ArgumentError

SECRET = "s3cr3t-value-of-a-token"
THEORY = ("theory", "--probe", "ghz", "--num-qubits", "3", "--dephasing", "0.1")


@pytest.fixture
def run(monkeypatch, capsys):
    return partial(in_process.qsense, monkeypatch, capsys)


def fails_with(monkeypatch, make):
    def noise_of(*_):
        try:
            int("what it was")
        except ValueError as cause:
            raise make() from cause

    monkeypatch.setattr(theory_command, "noise_of", noise_of)


def test_an_error_of_the_users_is_one_line(run):
    assert run(*THEORY, "--noise", "thermal") == (
        2,
        "",
        "qsense: Give the noise in one way: rates (--dephasing, --emission, --absorption, …), --t1 with --t2, "
        "or --noise.\n",
    )


def test_debug_shows_the_traceback_and_its_causes_before_the_line(run, monkeypatch):
    fails_with(monkeypatch, lambda: ArgumentError("no such noise"))
    code, out, err = run("--debug", *THEORY)
    assert (code, out) == (2, "")
    for part in (
        "Traceback (most recent call last):",
        "what it was",
        "direct cause",
        "\n  File ",
        "\n    raise make()",
    ):
        assert part in err
    assert err.endswith("\nqsense: no such noise\n")


def test_an_error_of_qsense_itself_is_one_line_that_names_debug(run, monkeypatch):
    fails_with(monkeypatch, lambda: ZeroDivisionError("division\nby zero"))
    assert run(*THEORY) == (
        1,
        "",
        "qsense: internal error: ZeroDivisionError: division by zero; "
        "see where with: qsense --debug …; please report it\n",
    )
    code, out, err = run("--debug", *THEORY)
    assert (code, out) == (1, "")
    assert "in noise_of" in err
    assert err.endswith("\nqsense: internal error: ZeroDivisionError: division by zero; please report it\n")


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["line", "traceback"])
@pytest.mark.parametrize("known_by", ["environment", "account", "header"])
def test_no_error_shows_a_credential(run, monkeypatch, debug, known_by):
    text = f"refused Bearer {SECRET}" if known_by == "header" else f"refused {SECRET}"
    if known_by == "environment":
        monkeypatch.setenv("SOME_TOKEN", SECRET)
    if known_by == "account":
        runtime = pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")
        pytest.importorskip("qsense.services.ibm_client")  # what reads accounts says which secrets they hold
        accounts = {"mine": {"token": SECRET}}
        monkeypatch.setattr(runtime.QiskitRuntimeService, "saved_accounts", lambda: accounts)
    fails_with(monkeypatch, lambda: RuntimeError(text))
    code, out, err = run(*debug, *THEORY)
    assert (code, out) == (1, "")
    assert SECRET not in err
    assert "[hidden]" in err


def test_debug_is_off_again_in_the_next_command(run, monkeypatch):
    run("--debug", *THEORY)
    fails_with(monkeypatch, lambda: ArgumentError("no such noise"))
    assert run(*THEORY)[2] == "qsense: no such noise\n"


def test_beside_json_only_warnings_are_shown_and_never_on_stdout(run, monkeypatch):
    logger = logging.getLogger("qsense.theory")

    def noise_of(*arguments, before=theory_command.noise_of):
        logger.info("worth saying")
        logger.warning("was cut")
        return before(*arguments)

    monkeypatch.setattr(theory_command, "noise_of", noise_of)
    code, out, err = run(*THEORY, "--json")
    assert (code, out[0], err) == (0, "{", "qsense: was cut\n")
    code, out, err = run(*THEORY)
    assert (code, err) == (0, "qsense: worth saying\nqsense: was cut\n")
    assert "worth saying" not in out


def test_every_command_with_json_is_quiet():
    """They share one option, whose callback sets the level of the log."""
    import click
    import typer

    def commands(group):
        for each in group.commands.values():
            yield from commands(each) if isinstance(each, click.Group) or hasattr(each, "commands") else [each]

    found = [c for c in commands(typer.main.get_command(app)) if any("--json" in p.opts for p in c.params)]
    assert len(found) >= 15
    for one in found:
        (option,) = (p for p in one.params if "--json" in p.opts)
        assert option.callback is not None, one.name
