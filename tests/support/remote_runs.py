"""What the tests of jobs that run elsewhere and later share: a spec, a run of it, and what is looked at afterwards."""

import logging
from contextlib import contextmanager

import numpy as np
from sampling import distributions
from typer.testing import CliRunner

from qsense import cli
from qsense import services as remote
from qsense.errors import QsenseError
from qsense.jobs import submission
from qsense.jobs.collection import collect
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec

BACKEND = "ibm_loopback"
SPEC = {
    "schema": 1,
    "name": "remote",
    "probes": ["product", "ghz"],
    "num_qubits": 2,
    "noise": [{"name": "device", "t1_s": 1e-4, "t2_s": 8e-5}],
    "estimators": [
        {"estimator": "parameter_shift", "shots": 40},
        {"estimator": "parameter_shift", "readout": "local_x", "shots": 50},
    ],
    "field_rad_per_s": 1000.0,
    "times_s": [0.0, 2e-5],
    "shots": 40,
    "seed": 3,
    "backend": f"ibm:{BACKEND}",
}
JOBS = 5
"""Neighbouring tasks with the same shots go together: calibration bitstrings (200 shots), then 40, 50, 40, 50 shots."""


@contextmanager
def logged(lines):
    """Appends what qsense logs, from INFO on, to a list."""

    class Handler(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("qsense"), Handler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class Run:
    """A run's spec, its output folder, and every line that was logged."""

    def __init__(self, folder, **changes):
        self.spec, self.out, self.said = RunSpec.from_dict({**SPEC, **changes}), folder / "out", []

    @property
    def record(self):
        return RunRecord.matching_request(self.spec, self.out)

    def prepare(self, device=None, **options):
        with logged(self.said):
            return submission.prepare(self.spec, self.out, device or remote.service(self.spec.backend), **options)

    def submit(self, resend=False, **options):
        device = remote.service(self.spec.backend)
        ready = self.prepare(device, **options)
        with logged(self.said):
            return submission.submit(ready, self.out, device, resend)

    def collect(self):
        with logged(self.said):
            return collect(self.record, remote.service(self.spec.backend))


def counts(record):
    return [np.stack([part.table() for part in record.counts(point)]) for point in plan(record.spec)]


def states(collected):
    return {state: number for state, number in collected.states.items() if number}


def distances(record, roll=0):
    """The mean total variation of the counts at t = 0 from their exact distributions, of every local readout.

    50 shots of four outcomes scatter by 0.1; Manila's gates and readout add less than 0.1.
    """
    for point, table in zip(plan(record.spec), counts(record), strict=True):
        if dict(point.estimator.options).get("readout") == "local_x":
            exact = distributions(point.probe, point.noise, 0.0, point.acquisitions()[0].settings)
            measured = table[0] / table[0].sum(1)[:, None]
            yield point.probe.kind, np.abs(measured - np.roll(exact, roll, axis=0)).sum(1).mean() / 2


def flipped(result, number=0, bits=3):
    """The results of a job that reads the bits of a mask the wrong way round, if it is the job of that number."""
    from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult

    changed = [
        SamplerPubResult(
            DataBin(c=BitArray(pub.data.c.array ^ bits, pub.data.c.num_bits), shape=pub.data.shape), pub.metadata
        )
        for pub in result
    ]
    return PrimitiveResult(changed)


def qsense(*arguments):
    """A command's result; an error that is no message to the user is raised."""
    done = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if done.exception is not None and not isinstance(done.exception, (SystemExit, QsenseError)):
        raise done.exception
    return done
