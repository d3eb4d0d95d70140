"""The results of a run or a study: a table of trials, and the curve of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.noise import AnyNoise
from qsense.runs.columns import CURVE_COLUMNS
from qsense.tables.columns import TRIAL_COLUMNS, Columns
from qsense.tables.compact import Curves, taken
from qsense.tables.dataset import to_dataset

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Results:
    """The results of a run or a study.

    Attributes:
        trials: a row for each trial.
        curves: for each trial, in the same order, the columns of CURVE_COLUMNS with a value for each time.
        noises: for each trial of a study, in the same order, its noise; empty where it is not known.
    """

    trials: Columns
    curves: Sequence[Mapping[str, Sequence[Any]]]
    noises: Sequence[AnyNoise] = ()

    def to_dataset(self) -> xarray.Dataset:
        """Returns the results as a labelled xarray Dataset, with a dimension for everything that tells trials apart.

        Raises:
            ArgumentError: xarray is not installed.
        """
        return to_dataset(self.trials, self.curves)

    def curve_rows(self) -> Columns:
        """Returns a row for each time of each trial: the columns that identify the trial, and those of its curve."""
        curves = Curves.of(self.curves)
        trial = np.repeat(np.arange(len(curves)), curves.lengths)
        known = {"trial": range(len(curves))} | {
            name: column for name, column in self.trials.values.items() if name in TRIAL_COLUMNS and name != "shots"
        }
        return Columns(taken(known, trial) | curves.columns(CURVE_COLUMNS), self.trials.attributes)
