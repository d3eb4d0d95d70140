"""The command line. Commands are thin, and import what is heavy only when they run."""

from qsense.cli import jobs, optimal, runs, theory
from qsense.cli.app import app, main

__all__ = ["app", "jobs", "main", "optimal", "runs", "theory"]
