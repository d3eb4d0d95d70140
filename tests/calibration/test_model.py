"""The noise model of a calibration: T2 of the chosen idling, at most 2 T1."""

import pytest

from qsense.calibration import Characterisation, noise_model
from qsense.estimators.result import Estimate

FOUND = Characterisation(
    qubits=(4, 7),
    t1=(Estimate(100e-6, 1e-6), Estimate(30e-6, 1e-6)),
    t2_star=(Estimate(50e-6, 1e-6), Estimate(40e-6, 1e-6)),
    t2=(Estimate(80e-6, 1e-6), Estimate(66e-6, 4e-6)),
    readout=None,
)


def test_the_model_has_the_t2_of_the_idling(caplog):
    assert noise_model(FOUND, "free", "m").t2(2) == pytest.approx([50e-6, 40e-6])
    assert not caplog.records


def test_a_t2_above_2_t1_is_reduced_with_a_warning(caplog):
    assert noise_model(FOUND, "hahn", "m").t2(2) == pytest.approx([80e-6, 60e-6])
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "qsense.calibration.model")
    assert record.getMessage() == "qubit 7: T2 = 66 µs was measured above 2 T1 and is reduced to it"
