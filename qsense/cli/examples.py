"""The commands in the order of a user's day, each with an example that its help shows."""

from __future__ import annotations

_DAY = {
    "Decide, measure, compare": {
        "plan": "qsense plan --backend fake:boston --num-qubits 2-4 --out plan.toml",
        "shots": "qsense shots runs/gradient.toml --error 5%",
        "run": "qsense run runs/gradient.toml",
        "compare": "qsense compare runs/reference/gradient-81060ae6a779",
        "report": "qsense report runs/reference/gradient-81060ae6a779 --out report.html",
    },
    "Theory": {
        "theory": "qsense theory --probe ghz --num-qubits 4 --dephasing 0.1",
        "optimal": "qsense optimal --num-qubits 8 --emission 0.1",
        "ladder": "qsense ladder --num-qubits 4 --dephasing 0.1 --error 0.01 --range 10",
        "recharge": "qsense recharge pumping --num-qubits 4 --emission 0.1",
    },
    "Your own instrument": {
        "design": "qsense design runs/gradient.toml --out design",
        "import": "qsense import design",
        "render": "qsense render --num-qubits 2,4 --time 3us --out qasm",
    },
    "Records": {
        "records": "qsense records find ghz N=4 --records runs/reference",
        "show": "qsense show runs/reference/gradient-81060ae6a779",
        "plot": "qsense plot runs/reference/gradient-81060ae6a779 --out gain.png",
        "estimate": "qsense estimate runs/reference/gradient-81060ae6a779",
        "rerun": "qsense rerun runs/reference/gradient-81060ae6a779",
        "export": "qsense export runs/reference/gradient-81060ae6a779 --out tables",
    },
    "Devices": {
        "backends": "qsense backends --vendor fake",
        "calibrate": "qsense calibrate fake:boston --qubits 0,1",
        "submit": "qsense submit runs/fake_boston.toml --backend ibm:boston --dry-run",
        "collect": "qsense collect runs/records/boston-*",
    },
    "Studies": {
        "sweep": "qsense sweep runs/dephasing_study.toml --dry-run",
        "store": "qsense store verify --store runs/store",
    },
    "What there is": {"list": "qsense list estimators", "schema": "qsense schema run --out run.schema.json"},
}
GROUPS = {heading: tuple(commands) for heading, commands in _DAY.items()}
ORDER = tuple(name for names in GROUPS.values() for name in names)
EXAMPLES = {name: example for commands in _DAY.values() for name, example in commands.items()}
