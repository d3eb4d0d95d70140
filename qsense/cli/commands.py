"""The commands in the order of a user's day: the file of each, what it does in one line, and an example for its help.

A command's file is imported, and its options are read, when it is called: to do both for all takes 0.1 s.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command before its file is imported.

    Attributes:
        module: its file in `qsense.cli`, without .py.
        summary: what the list of commands says of it.
        example: a line that its help shows.
    """

    module: str
    summary: str
    example: str


_DAY = {
    "Decide, measure, compare": {
        "plan": Command(
            "planning",
            "Before measuring: which probe, N, qubits, when, how often.",
            "qsense plan --backend fake:boston --num-qubits 2-4 --out plan.toml",
        ),
        "shots": Command(
            "shots",
            "Say how many shots a spec needs for an error.",
            "qsense shots runs/gradient.toml --error 5%",
        ),
        "run": Command(
            "runs",
            "Run a spec: circuits, counts, estimates, comparison.",
            "qsense run runs/gradient.toml",
        ),
        "compare": Command(
            "devices",
            "Compare a run with its calibration or noise, or another run.",
            "qsense compare runs/reference/gradient-81060ae6a779",
        ),
        "report": Command(
            "report",
            "One page of records, studies and plans, for a browser.",
            "qsense report runs/reference/gradient-81060ae6a779 --out report.html",
        ),
    },
    "Theory": {
        "theory": Command(
            "theory",
            "Exact G(t), 𝓘, bounds, crossover and rate of a probe.",
            "qsense theory --probe ghz --num-qubits 4 --dephasing 0.1",
        ),
        "optimal": Command(
            "optimal",
            "The best symmetric probe, beside GHZ, product and the bound.",
            "qsense optimal --num-qubits 8 --emission 0.1",
        ),
        "ladder": Command(
            "ladder",
            "Sizes and times that tell a field without ambiguity.",
            "qsense ladder --num-qubits 4 --dephasing 0.1 --error 0.01 --range 10",
        ),
        "recharge": Command(
            "recharging",
            "What pumping, resets, error cancellation or a code put back.",
            "qsense recharge pumping --num-qubits 4 --emission 0.1",
        ),
    },
    "Your own instrument": {
        "design": Command(
            "laboratory",
            "Write a run's circuits for another instrument.",
            "qsense design runs/gradient.toml --out design",
        ),
        "import": Command(
            "laboratory",
            "Make a record of counts that were measured elsewhere.",
            "qsense import design",
        ),
        "render": Command(
            "runs",
            "Write sensing circuits as OpenQASM 3.",
            "qsense render --num-qubits 2,4 --time 3us --out qasm",
        ),
    },
    "Records": {
        "records": Command(
            "records",
            "List records, find or remove some.",
            "qsense records find ghz N=4 --records runs/reference",
        ),
        "show": Command(
            "runs",
            "Show records as they were last estimated.",
            "qsense show runs/reference/gradient-81060ae6a779",
        ),
        "plot": Command(
            "records",
            "Draw G(t) of records together.",
            "qsense plot runs/reference/gradient-81060ae6a779 --out gain.png",
        ),
        "estimate": Command(
            "runs",
            "Estimate again from the counts of records.",
            "qsense estimate runs/reference/gradient-81060ae6a779",
        ),
        "rerun": Command(
            "runs",
            "Run a record's spec again and compare everything.",
            "qsense rerun runs/reference/gradient-81060ae6a779",
        ),
        "export": Command(
            "runs",
            "Write results of records as CSV, Parquet or NetCDF.",
            "qsense export runs/reference/gradient-81060ae6a779 --out tables",
        ),
    },
    "Devices": {
        "backends": Command(
            "devices",
            "List the backends within reach.",
            "qsense backends --vendor fake",
        ),
        "calibrate": Command(
            "calibration",
            "Measure T1, T2*, T2 and readout as a noise model.",
            "qsense calibrate fake:boston --qubits 0,1",
        ),
        "submit": Command(
            "jobs",
            "Send a run's jobs to a device.",
            "qsense submit runs/fake_boston.toml --backend ibm:boston --dry-run",
        ),
        "collect": Command(
            "jobs",
            "Fetch the results of submitted jobs.",
            "qsense collect runs/records/boston-*",
        ),
    },
    "Studies": {
        "sweep": Command(
            "studies",
            "Run what the store lacks of a study.",
            "qsense sweep runs/dephasing_study.toml --dry-run",
        ),
        "store": Command(
            "studies",
            "Look after the store of results: verify, gc, export, list.",
            "qsense store verify --store runs/store",
        ),
    },
    "What there is": {
        "list": Command(
            "listing",
            "List the probes, noise, estimators, backends, keys.",
            "qsense list estimators",
        ),
        "schema": Command(
            "schema",
            "Write the JSON Schema of specs, for editors.",
            "qsense schema run --out run.schema.json",
        ),
    },
}
GROUPS = {heading: tuple(commands) for heading, commands in _DAY.items()}
COMMANDS = {name: command for commands in _DAY.values() for name, command in commands.items()}
