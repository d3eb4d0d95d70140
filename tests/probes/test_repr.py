"""What is printed of probes, noises, estimates and specs is short, and says what was given."""

import pytest

import qsense
from qsense.estimators import Estimate


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (qsense.Probe.ghz(4), "Probe(kind='ghz', num_qubits=4, name='ghz')"),
        (qsense.Probe.product(2, 0.5), "Probe(kind='product', num_qubits=2, tilt=0.5, name='product(tilt=0.5)')"),
        (qsense.LocalNoise(), "LocalNoise()"),
        (qsense.LocalNoise(dephasing=0.1), "LocalNoise(dephasing=0.1)"),
        (
            qsense.LocalNoise(emission=[0.1, 0.2], exponent=2, name="mine"),
            "LocalNoise(emission=(0.1, 0.2), exponent=2.0, name='mine')",
        ),
        (
            qsense.Environment(qsense.LocalNoise(emission=0.1), coupling=0.2),
            "NoiseModel(local=LocalNoise(emission=0.1), coupling=0.2)",
        ),
        (Estimate(1.5, 0.2, limits=(0.0, 4.0)), "Estimate(value=1.5, stderr=0.2)"),
    ],
)
def test_a_repr_is_short(item, text):
    assert repr(item) == text
