"""Estimates the classical gain of a readout, its distribution differentiated by a parameter-shift rule.

`design` gives the settings of one time, `estimate` reads their counts, `rule_for` names the rule that is right for a
readout. `method` declares the estimator `parameter_shift` to run specs.
"""

from qsense.estimators.shifts.parameter_shift import Readout, classes, design, ending, estimate, min_shots, rule_for
from qsense.estimators.shifts.shift_rules import (
    RuleName,
    ShiftRule,
    all_frequencies_rule,
    for_signal,
    one_frequency_rule,
    single_spin_rule,
)

__all__ = [
    "Readout",
    "RuleName",
    "ShiftRule",
    "all_frequencies_rule",
    "classes",
    "design",
    "ending",
    "estimate",
    "for_signal",
    "min_shots",
    "one_frequency_rule",
    "rule_for",
    "single_spin_rule",
]
