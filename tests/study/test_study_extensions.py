"""A study that needs an extension that its workers do not know is refused before it begins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import qsense
from qsense.errors import ArgumentError
from qsense.estimators.product.method import ProductSpins
from qsense.extensions import Consent
from qsense.study.expansion import Study
from qsense.study.extensions import check_workers, not_installed, unknown

RUN = {
    "probes": "product",
    "num_qubits": [2],
    "noise": "dephasing",
    "estimators": "here",
    "field_rad_per_s": 0.2,
    "shots": 100,
    "backend": "emulator",
}


@dataclass(frozen=True)
class Here(ProductSpins):
    name = "here"


@pytest.fixture
def study():
    qsense.register_estimator(Here)
    yield Study.from_dict({"schema": 1, "name": "here", "run": RUN, "sweep": {"seed": [1, 2]}})
    qsense.unregister_estimator("here")


def test_spawned_workers_that_lack_an_estimator_are_noticed(study, tmp_path):
    with pytest.raises(ArgumentError, match='The workers do not know the estimator "here", which is registered in'):
        qsense.sweep(study, tmp_path / "store", workers=2)
    assert not list((tmp_path / "store").rglob("*.npz"))


def test_workers_that_know_it_are_accepted_and_auto_counts_too(study):
    spec = study.trials[0].spec
    with ThreadPoolExecutor(1) as executor:
        check_workers(executor, [spec])
    auto = Study.from_dict({"schema": 1, "name": "auto", "run": {**RUN, "estimators": "auto"}, "sweep": {"seed": [1]}})
    assert not_installed(auto.trials[0].spec) == {("estimator", "here")}
    needed = [("estimator", "ghz"), ("estimator", "absent"), ("vendor", "aer"), ("vendor", "absent")]
    assert unknown([*needed, ("kind of noise", "absent")], Consent()) == [
        needed[1],
        needed[3],
        ("kind of noise", "absent"),
    ]


def test_what_is_qsense_s_own_asks_no_worker():
    for backend in ("emulator", "aer", "fake:manila", "braket:local"):
        run = {**RUN, "estimators": ["auto", "parameter_shift"], "backend": backend}
        spec = qsense.RunSpec.from_dict({**run, "schema": 1, "name": "own", "seed": 1})
        assert not_installed(spec) == set()
        check_workers(None, [spec])
