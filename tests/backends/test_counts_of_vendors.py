"""What a vendor's backend returns is read with care: other outcomes, numbers or shots than asked for are refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qsense.backends.runners import bind_and_run, sampler_runner
from qsense.errors import ArgumentError
from qsense.services.local import LocalService
from qsense.services.protocol import ServiceError
from qsense.services.tasks import Task

pytestmark = pytest.mark.usefixtures("without_figures")

WRONG = {
    "short word": ({"1": 10}, "must be 2 characters"),
    "other characters": ({"0x": 10}, "must be 2 characters"),
    "an outcome twice": ({"01": 5, "0 1": 5}, "occurs twice"),
    "negative": ({"01": 11, "11": -1}, "has the count -1"),
    "fractional": ({"01": 9.5, "11": 0.5}, "has the count 9.5"),
    "too few shots": ({"01": 9}, "row 1 has 9 shots, but 10 were requested"),
    "too many shots": ({"01": 9, "00": 2}, "row 1 has 11 shots, but 10 were requested"),
}


class Backend:
    """Gives the right counts for the first circuit and others for the second."""

    name, max_circuits = "lab", None

    def __init__(self, second):
        self.counts = [{"00": 10}, second]

    def run(self, circuits, shots, **_):
        return SimpleNamespace(result=lambda: SimpleNamespace(get_counts=lambda: self.counts))


class Sampler:
    def __init__(self, second):
        self.rows = [SimpleNamespace(get_counts=lambda: {"00": 10}), SimpleNamespace(get_counts=lambda: second)]

    def run(self, pubs):
        return SimpleNamespace(result=lambda: [SimpleNamespace(data={"c": self.rows})])


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_is_refused(kind):
    second, words = WRONG[kind]
    circuit, values = QuantumCircuit(2, 2), np.zeros((2, 6))
    for runner in (bind_and_run(Backend(second)), sampler_runner(Sampler(second))):
        with pytest.raises(ArgumentError, match=words):
            runner(circuit, values, 10, 0)


@pytest.mark.parametrize("kind", WRONG)
def test_a_service_in_this_process_refuses_the_same(kind):
    second, words = WRONG[kind]
    service = LocalService("lab", Backend(second))
    task = Task("key", 0, QuantumCircuit(2, 2), (), np.zeros((2, 0)), 10)
    with pytest.raises(ServiceError, match=words):
        service._run(task)
