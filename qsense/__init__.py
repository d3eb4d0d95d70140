"""qsense: what entanglement buys a magnetic-field sensor, on its device, with its noise, and until when.

>>> import qsense
>>> noise = qsense.LocalNoise(dephasing=0.1)
>>> qsense.gain(qsense.Probe.ghz(4), noise, [0.0])
array([16.])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qsense.version import __version__

if TYPE_CHECKING:
    from qsense.errors import QsenseError as QsenseError
    from qsense.noise import Environment as Environment
    from qsense.noise import LocalNoise as LocalNoise
    from qsense.noise import ReadoutError as ReadoutError
    from qsense.probes import Probe as Probe
    from qsense.runs.record import RunRecord as RunRecord
    from qsense.runs.spec import RunSpec as RunSpec
    from qsense.study.sweep import sweep as sweep
    from qsense.tables import results_of as results_of
    from qsense.theory import crossover as crossover
    from qsense.theory import gain as gain
    from qsense.theory import integrated_gain as integrated_gain
    from qsense.workflow import estimate_record as estimate_record
    from qsense.workflow import run as run

# Looked up on first use: `import qsense` loads nothing, the theory needs numpy only, and Qiskit waits for a circuit.
_HOMES = {
    "Environment": ("qsense.noise", "Environment"),
    "LocalNoise": ("qsense.noise", "LocalNoise"),
    "Probe": ("qsense.probes", "Probe"),
    "QsenseError": ("qsense.errors", "QsenseError"),
    "ReadoutError": ("qsense.noise", "ReadoutError"),
    "RunRecord": ("qsense.runs.record", "RunRecord"),
    "RunSpec": ("qsense.runs.spec", "RunSpec"),
    "crossover": ("qsense.theory", "crossover"),
    "estimate_record": ("qsense.workflow", "estimate_record"),
    "gain": ("qsense.theory", "gain"),
    "integrated_gain": ("qsense.theory", "integrated_gain"),
    "results_of": ("qsense.tables", "results_of"),
    "run": ("qsense.workflow", "run"),
    "sweep": ("qsense.study.sweep", "sweep"),
}
__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qsense' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
