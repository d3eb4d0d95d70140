"""qsense: what entanglement buys a magnetic-field sensor, on its device, with its noise, and until when.

>>> import qsense
>>> noise = qsense.LocalNoise(dephasing=0.1)
>>> qsense.gain(qsense.Probe.ghz(4), noise, [0.0])
array([16.])

The names in `__all__` are the public interface; docs/stability.md says what may change in it.
"""

from __future__ import annotations

from qsense.version import __version__

# Not from `typing`, which takes as long to import as Python to start: Ctrl-C would show a traceback in that time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from qsense.backends import register_vendor as register_vendor
    from qsense.backends import unregister_vendor as unregister_vendor
    from qsense.comparison.recorded import compare as compare
    from qsense.errors import QsenseError as QsenseError
    from qsense.estimators import register_estimator as register_estimator
    from qsense.estimators import unregister_estimator as unregister_estimator
    from qsense.laboratory import write_design as write_design
    from qsense.noise import Environment as Environment
    from qsense.noise import LocalNoise as LocalNoise
    from qsense.noise import NoiseModel as NoiseModel
    from qsense.noise import PhaseNoise as PhaseNoise
    from qsense.noise import ReadoutError as ReadoutError
    from qsense.noise import World as World
    from qsense.noise import register_noise as register_noise
    from qsense.noise import unregister_noise as unregister_noise
    from qsense.planning import plan_sensing as plan_sensing
    from qsense.probes import Probe as Probe
    from qsense.reports.theory_figures import theory_figure as theory_figure
    from qsense.runs.record import RunRecord as RunRecord
    from qsense.runs.spec import RunSpec as RunSpec
    from qsense.signals import Signal as Signal
    from qsense.study.sweep import sweep as sweep
    from qsense.tables import register_writer as register_writer
    from qsense.tables import results_of as results_of
    from qsense.tables import unregister_writer as unregister_writer
    from qsense.tables import write_results as write_results
    from qsense.theory import best_squeezing as best_squeezing
    from qsense.theory import classical_gain as classical_gain
    from qsense.theory import crossover as crossover
    from qsense.theory import gain as gain
    from qsense.theory import gain_bound as gain_bound
    from qsense.theory import integrated_classical_gain as integrated_classical_gain
    from qsense.theory import integrated_gain as integrated_gain
    from qsense.theory import integrated_gain_bound as integrated_gain_bound
    from qsense.theory import operational_rate as operational_rate
    from qsense.theory import optimal_probe as optimal_probe
    from qsense.workflow import collect_record
    from qsense.workflow import estimate_record as estimate_record
    from qsense.workflow import run as run
    from qsense.workflow import submit as submit
    from qsense.workflow.importing import import_counts as import_counts
    from qsense.workflow.shots import shots_for as shots_for
    from qsense.workflow.until import run_until_error as run_until_error

    collect, estimate = collect_record, estimate_record

# Looked up on first use: `import qsense` loads nothing, the theory needs numpy only, and Qiskit waits for a circuit.
# No sub-package has the name of one of these: importing it would replace the function.
_HOMES = {
    "Environment": ("qsense.noise", "Environment"),
    "LocalNoise": ("qsense.noise", "LocalNoise"),
    "NoiseModel": ("qsense.noise", "NoiseModel"),
    "PhaseNoise": ("qsense.noise", "PhaseNoise"),
    "Probe": ("qsense.probes", "Probe"),
    "QsenseError": ("qsense.errors", "QsenseError"),
    "ReadoutError": ("qsense.noise", "ReadoutError"),
    "RunRecord": ("qsense.runs.record", "RunRecord"),
    "RunSpec": ("qsense.runs.spec", "RunSpec"),
    "Signal": ("qsense.signals", "Signal"),
    "World": ("qsense.noise", "World"),
    "best_squeezing": ("qsense.theory", "best_squeezing"),
    "classical_gain": ("qsense.theory", "classical_gain"),
    "collect": ("qsense.workflow", "collect_record"),
    "compare": ("qsense.comparison.recorded", "compare"),
    "crossover": ("qsense.theory", "crossover"),
    "estimate": ("qsense.workflow", "estimate_record"),
    "estimate_record": ("qsense.workflow", "estimate_record"),  # the older name of `estimate`
    "gain": ("qsense.theory", "gain"),
    "gain_bound": ("qsense.theory", "gain_bound"),
    "import_counts": ("qsense.workflow.importing", "import_counts"),
    "integrated_classical_gain": ("qsense.theory", "integrated_classical_gain"),
    "integrated_gain": ("qsense.theory", "integrated_gain"),
    "integrated_gain_bound": ("qsense.theory", "integrated_gain_bound"),
    "operational_rate": ("qsense.theory", "operational_rate"),
    "optimal_probe": ("qsense.theory", "optimal_probe"),
    "plan_sensing": ("qsense.planning", "plan_sensing"),
    "register_estimator": ("qsense.estimators", "register_estimator"),
    "register_noise": ("qsense.noise", "register_noise"),
    "register_vendor": ("qsense.backends", "register_vendor"),
    "register_writer": ("qsense.tables", "register_writer"),
    "results_of": ("qsense.tables", "results_of"),
    "run": ("qsense.workflow", "run"),
    "run_until_error": ("qsense.workflow.until", "run_until_error"),
    "shots_for": ("qsense.workflow.shots", "shots_for"),
    "submit": ("qsense.workflow", "submit"),
    "sweep": ("qsense.study.sweep", "sweep"),
    "theory_figure": ("qsense.reports.theory_figures", "theory_figure"),
    "unregister_estimator": ("qsense.estimators", "unregister_estimator"),
    "unregister_noise": ("qsense.noise", "unregister_noise"),
    "unregister_vendor": ("qsense.backends", "unregister_vendor"),
    "unregister_writer": ("qsense.tables", "unregister_writer"),
    "write_design": ("qsense.laboratory", "write_design"),
    "write_results": ("qsense.tables", "write_results"),
}
__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qsense' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
