"""Arguments in messages become options of the command; what the user wrote stays as it is."""

import sys

import pytest

from qsense.cli import app, main
from qsense.cli.option_names import with_options


@pytest.mark.parametrize(
    ("command", "text", "shown"),
    [
        ("theory", "Argument `dead_time` must be finite.", "Option --dead-time must be finite."),
        ("theory", "Argument `phase`: N·θ is 2e+30 rad.", "Option --phase: N·θ is 2e+30 rad."),
        ("theory", "Argument `nowhere` must be finite.", "Argument `nowhere` must be finite."),
        ("calibrate", "Argument `longest` (idle time) must be a time.", "Option --longest (idle time) must be a time."),
        ("run", "a device; leave it out (`max_seconds`).", "a device; leave it out (--max-qpu-seconds)."),
        ("rerun", "key `x`/r: choose another folder (`out`).", "key `x`/r: choose another folder (--out)."),
        ("sweep", "s.toml: too large; raise the argument `memory`.", "s.toml: too large; raise the option --memory."),
        ("run", "Argument `out`/a.toml: no such file.", "Argument `out`/a.toml: no such file."),
        ("run", 'a (`out`) "argument `out`": no such file.', 'a (`out`) "argument `out`": no such file.'),
        ("run", "a.toml: key `shots`: Argument `shots` must be 1.", "a.toml: key `shots`: Argument `shots` must be 1."),
    ],
)  # fmt: skip
def test_an_argument_is_renamed_only_where_the_library_names_it(command, text, shown):
    assert with_options(text, app, [command]) == shown


@pytest.mark.parametrize("value", ["-1", "nan", "inf"])
@pytest.mark.parametrize("size", [3, 9])
def test_a_dead_time_that_is_no_time_is_refused(monkeypatch, capsys, value, size):
    words = ["theory", "--probe", "ghz", "--num-qubits", str(size), "--dephasing", "1", "--dead-time", value]
    monkeypatch.setattr(sys, "argv", ["qsense", *words])
    with pytest.raises(SystemExit, match="2"):
        main()
    wanted = "a time such as" if value == "nan" else "finite and not negative, but is "
    assert capsys.readouterr().err.startswith(f"qsense: Option --dead-time must be {wanted}")
