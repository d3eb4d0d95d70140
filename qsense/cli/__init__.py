"""The command line. Commands are thin, and import what is heavy only when they run."""

import sys

try:  # what is imported takes most of a second, in which the user may press Ctrl-C
    from qsense.cli import (
        calibration,
        devices,
        jobs,
        laboratory,
        ladder,
        listing,
        optimal,
        planning,
        recharging,
        records,
        report,
        runs,
        schema,
        shots,
        studies,
        theory,
    )
    from qsense.cli.app import app, main
except KeyboardInterrupt:
    sys.exit(130)

__all__ = [
    "app", "calibration", "devices", "jobs", "laboratory", "ladder", "listing", "main", "optimal", "planning",
    "recharging", "records", "report", "runs", "schema", "shots", "studies", "theory",
]  # fmt: skip
