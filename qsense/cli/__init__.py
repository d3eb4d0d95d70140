"""The command line. Commands are thin, and import what is heavy only when they run."""

from qsense.cli import optimal, runs, theory
from qsense.cli.app import app, main

__all__ = ["app", "main", "optimal", "runs", "theory"]
