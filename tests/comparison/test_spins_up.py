"""Readout of up and down that differs is seen along Z, where the decay of G hides it. Counts are drawn with NumPy."""

import numpy as np
import pytest
import synthetic

from qsense import RunSpec
from qsense.comparison import measure_point
from qsense.comparison.judged import judged
from qsense.comparison.populations import of_populations
from qsense.runs.plan import plan

SIZE, SHOTS, DEPHASING, EMISSION = 4, 1000, 0.1, 0.05


def point_of(**keys):
    noise = {"dephasing_rate": DEPHASING, "emission_rate": EMISSION}
    spec = {"schema": 1, "name": "run", "probes": ["product"], "num_qubits": [SIZE], "noise": [noise], "shots": SHOTS,
            "estimators": "auto", "field_rad_per_s": 0.2, "seed": 1, **keys}  # fmt: skip
    (point,) = plan(RunSpec.from_dict(spec))
    return point


def draw(rng, point, up_given_down=0.0, down_given_up=0.0):
    """Rows along and across the field's phase, and along Z, of independent spins."""
    found = []
    for time in point.rule.times:
        coherence = np.exp(-2 * DEPHASING * time - EMISSION * time / 2)
        up = np.exp(-EMISSION * time) / 2  # as from equal parts of up and down
        rows = []
        for probability in ((1 - coherence) / 2, 0.5, up):
            read = probability * (1 - down_given_up) + (1 - probability) * up_given_down
            rows.append(rng.random((SHOTS, SIZE)) < read)
        found.append(synthetic.packed(np.concatenate(rows), SHOTS * np.arange(4)))
    return found


def readout_of(item):
    return next(one for one in item.assumptions if one.name == "readout calibrated")


@pytest.mark.parametrize(("errors", "least"), [((0.0, 0.06), 0.9), ((0.01, 0.06), 0.9)])
def test_readout_that_differs_for_up_and_down_is_refused_and_the_line_says_where(errors, least):
    rng, point = np.random.default_rng(2), point_of()
    found = [readout_of(judged([measure_point(point, draw(rng, point, *errors))])[0]) for _ in range(12)]
    assert np.mean([one.held is False for one in found]) >= least
    assert all("along Z the spins are up" in one.consequence for one in found if one.held is False)


def test_right_readout_is_refused_as_often_as_stated():
    rng, point = np.random.default_rng(3), point_of()
    chances = [of_populations(point, draw(rng, point)).p_value for _ in range(400)]
    assert np.mean(np.array(chances) < 0.05) == pytest.approx(0.05, abs=0.04)  # 3.7 standard errors
    assert np.mean(np.array(chances) < 0.5) == pytest.approx(0.5, abs=0.1)


def test_there_is_no_such_test_where_the_noise_is_shared_or_both_sides_cancel():
    rng, point = np.random.default_rng(4), point_of()
    counts = draw(rng, point)
    shared = [{"dephasing_rate": DEPHASING, "emission_rate": EMISSION, "collective_dephasing_rate": 0.1}]
    assert of_populations(point_of(noise=shared), counts) is None
    assert of_populations(point_of(estimators=[{"estimator": "product", "antipodal": True}]), counts) is None
