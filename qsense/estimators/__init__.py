"""Which circuits an estimator needs, and what their counts say: a value with its standard error, and its interval.

`ghz`, `product`, `tomography` and `shifts` hold one way each to estimate G: `design` gives the settings of one time,
`estimate` reads their counts, and `method` declares the estimator to run specs. `phase` estimates the phase itself,
`readout` calibrates and mitigates readout error, `integral` fits laws of decay and shares shots out over times, `spam`
tells preparation and readout errors from decay, `resampling` gives errors by bootstrap, `floor` the least that they
can be.

`register_estimator` makes a subclass of `Estimator` known to run specs. The package imports circuits and probes, and
never the theory: an estimator only declares which exact quantity it estimates.
"""

from qsense.estimators.assumptions import Assumption
from qsense.estimators.estimator import (
    AnalysisCost,
    ClassicalGain,
    Estimator,
    MomentBound,
    Option,
    QuantumGain,
    TimeTable,
)
from qsense.estimators.registry import estimator_named, estimator_names, register_estimator, unregister_estimator
from qsense.estimators.resampling import Bootstrap, bootstrap, resample
from qsense.estimators.result import Estimate, IntegratedEstimate, integrate_estimates

__all__ = [
    "AnalysisCost",
    "Assumption",
    "Bootstrap",
    "ClassicalGain",
    "Estimate",
    "Estimator",
    "IntegratedEstimate",
    "MomentBound",
    "Option",
    "QuantumGain",
    "TimeTable",
    "bootstrap",
    "estimator_named",
    "estimator_names",
    "integrate_estimates",
    "register_estimator",
    "resample",
    "unregister_estimator",
]
