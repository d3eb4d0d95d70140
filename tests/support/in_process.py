"""The command line in the process of a test."""

import sys

import pytest

from qsense.cli import main


def qsense(monkeypatch, capsys, *words):
    """Runs `qsense words…`; returns its exit status and what it wrote to stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["qsense", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    return end.value.code or 0, out, err
