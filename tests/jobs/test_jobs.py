"""Jobs and the ledger, without any service: what is serialized comes back, and no change goes unseen."""

import io
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qpy
from qiskit.primitives import BitArray

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, parameter_order
from qsense.errors import RecordError
from qsense.files.secrecy import scrubbed
from qsense.jobs.job import group_tasks
from qsense.jobs.job_file import deserialize, serialize
from qsense.jobs.ledger import Ledger
from qsense.probes import Probe
from qsense.services import as_outcomes
from qsense.services.tasks import Task


def task(rows=3, shots=40, time=2e-5, point="p", time_index=0, size=1):
    circuit = Experiment(Probe.product(size), time).circuit()
    names = tuple(parameter_order(circuit))
    values = np.arange(rows * len(names), dtype=float).reshape(rows, len(names)) / 7
    return Task(point, time_index, circuit, names, values, shots)


SHAPES = st.lists(st.tuples(st.integers(1, 30), st.sampled_from([40, 50, 1000])), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(100, 5000))
def test_grouping_keeps_every_row_once_in_order_and_within_the_limit(shapes, most):
    tasks = [
        replace(task(), values=np.arange(3.0 * r).reshape(r, 3), shots=s, point=str(i))
        for i, (r, s) in enumerate(shapes)
    ]
    groups = group_tasks(tasks, most)
    flat = [part for group in groups for part in group]
    for one in tasks:
        own = [part for part in flat if part.point == one.point]
        assert np.array_equal(np.concatenate([part.values for part in own]), one.values)
        assert [part.first_row for part in own] == list(np.cumsum([0] + [len(part.values) for part in own[:-1]]))
    assert [part.point for part in flat] == sorted((part.point for part in flat), key=int)
    for group in groups:
        assert len({part.shots for part in group}) == 1
        executions = sum(len(part.values) * part.shots for part in group)
        assert executions <= most or (len(group) == 1 and len(group[0].values) == 1)


def test_a_job_comes_back_from_its_file():
    tasks = [task(), task(rows=2, time=3e-6, time_index=1, size=2)]
    job, data = serialize(tasks, "run", 2.5)
    again = deserialize(job, data, "file")
    for before, after in zip(tasks, again, strict=True):
        assert after.circuit == before.circuit
        assert after.names == before.names
        assert np.array_equal(after.values, before.values)
        assert after.key == before.key == after.circuit.metadata["qsense"]


@pytest.mark.parametrize(("duration", "unit"), [(2e-5, "s"), (20.0, "us"), (0.25, "ms"), (96, "dt")])
def test_a_delay_keeps_its_unit_in_a_job(duration, unit):
    circuit = QuantumCircuit(1, 1)
    circuit.delay(duration, 0, unit=unit)
    one = replace(task(), circuit=circuit, names=(), values=np.zeros((1, 0)))
    delay = deserialize(*serialize([one], "run", 0.0), "file")[0].circuit.data[0].operation
    assert (delay.duration, delay.unit) == (duration, unit)


def test_qpy_alone_would_lose_the_unit():
    """The control: once this fails, Qiskit keeps units and job files need not."""
    circuit = QuantumCircuit(1)
    circuit.delay(20.0, 0, unit="us")
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    buffer.seek(0)
    assert qpy.load(buffer)[0].data[0].operation.unit == "dt"


def test_a_job_file_with_one_bit_changed_is_refused():
    job, data = serialize([task()], "run", 0.0)
    for place in (0, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(RecordError, match=r"file: its hash is not the ledger's"):
            deserialize(job, bytes(changed), "file")


def test_the_key_of_a_task_is_of_all_that_is_asked():
    base = task()
    others = [
        replace(base, shots=41),
        replace(base, point="q"),
        replace(base, time_index=1),
        replace(base, first_row=1),
        replace(base, values=base.values + 1e-12),
        replace(base, values=base.values[:2]),
        replace(base, names=base.names[::-1]),
    ]
    assert len({one.key for one in [base, *others]}) == 8
    assert task().key == base.key


def ledger():
    job, _ = serialize([task()], "run", 2.5)
    lost = replace(
        job, status="failed", attempt=2, job_id="job7", reason="why", sent="2026-01-01", past=("job3: failed: heat",)
    )
    return Ledger("run", "ibm:x", "batch", (job, lost), "session", 60.0)


def test_a_ledger_comes_back_from_its_file():
    before = ledger()
    assert Ledger.from_dict(json.loads(json.dumps(before.to_dict())), "jobs.json") == before


AWAY = {**asdict(ledger().jobs[0]), "key": "../../../elsewhere"}


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": 4},
        {"schema": 1},
        {"jobs": [{}]},
        {"jobs": None},
        {"run": ""},
        {"run": None},
        {"jobs": [AWAY]},
        {"colour": "red"},
    ],
)
def test_a_damaged_ledger_is_refused_with_the_name_of_its_file(damage):
    with pytest.raises(RecordError, match=r"^jobs\.json: "):
        Ledger.from_dict({**json.loads(json.dumps(ledger().to_dict())), **damage}, "jobs.json")


def test_a_job_sent_again_has_another_tag_and_remembers_the_first_job():
    lost = ledger().jobs[1]
    again = lost.retry()
    assert again.tag != lost.tag
    assert again.status == "planned"
    assert again.past == ("job3: failed: heat", "job7: failed: why")


def test_bits_of_many_spins_keep_their_spins():
    """Qiskit packs big-endian, counts are little-endian: more than eight spins show the difference."""
    words = ["100000000001", "000000000010"]  # the last letter is spin 0
    bits = BitArray.from_samples(words, 12).array[None]
    counts = Counts.from_shots(12, as_outcomes(bits))
    assert counts.table()[0].nonzero()[0].tolist() == [int(word, 2) for word in sorted(words)]


@pytest.mark.parametrize(
    "text",
    [
        "apikey {}",
        "Authorization: Bearer {}",
        '{{"access_token": "{}"}}',
        "apikey={}&grant_type=x",
        "token='{}'",
    ],
)
def test_what_stands_where_credentials_stand_is_hidden(text):
    assert "AbCd-1234_efgh" not in scrubbed(text.format("AbCd-1234_efgh"))


def test_a_credential_of_the_environment_is_hidden_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "s3cr3t-value")
    assert scrubbed("GET /x?s3cr3t-value\nfailed") == "GET /x?[hidden] failed"
    assert scrubbed("nothing to hide") == "nothing to hide"
