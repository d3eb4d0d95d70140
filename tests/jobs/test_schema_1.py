"""Jobs that an older qsense submitted go on: ledgers of schema 1 are read, continued, and written anew."""

import json
from pathlib import Path

import pytest
from remote_runs import JOBS, states

from qsense.jobs import ledger
from qsense.jobs.ledger import Ledger
from qsense.services import ServiceError

OLD = json.loads((Path(__file__).parent / "jobs_schema_1.json").read_text())
"""Written by the version before schema 2, whose connection was lost while it sent the second of three jobs."""


def as_schema_1(new):
    """The file of a ledger as the older qsense would have written it."""
    entries = []
    for job in new.to_dict()["jobs"]:
        pieces = [{**task, "prepared": task["bitstring"]} for task in job["tasks"]]
        for piece in pieces:
            del piece["bitstring"]
        parcel = {"pieces": pieces, **{key: job[key] for key in ("key", "seconds", "sha256", "shots")}}
        own = {key: job[key] for key in ("attempt", "counts_sha256", "past", "reason", "sent", "status")}
        entries.append({"job": job["job_id"], "parcel": parcel, **own})
    rest = {key: value for key, value in new.to_dict().items() if key not in ("jobs", "schema", "instance")}
    return {"schema": 1, "entries": entries, **rest}


def test_a_file_of_the_older_qsense_is_read_with_its_tags_and_keys():
    read = Ledger.from_dict(OLD, "jobs.json")
    assert [job.status for job in read.jobs] == ["sent", "sending", "planned"]
    assert [job.job_id for job in read.jobs] == ["job000", "", ""]
    assert [job.tag for job in read.jobs[:2]] == [
        "033e75eaf6121121630527227ce4e8a8.1",
        "634418d85b34321b30c739b42c600ced.1",
    ]
    assert [job.file for job in read.jobs] == [f"jobs/{e['parcel']['key'][:16]}.zip" for e in OLD["entries"]]
    assert [task.bitstring for task in read.jobs[0].tasks] == [0, 1]
    assert [task.bitstring for task in read.jobs[1].tasks] == [None, None]
    assert (read.run, read.session, read.mode) == (OLD["run"], OLD["session"], "batch")


def test_it_holds_the_same_in_both_schemas():
    read = Ledger.from_dict(OLD, "jobs.json")
    assert json.loads(json.dumps(as_schema_1(read))) == OLD  # the control: `as_schema_1` is right
    assert Ledger.from_dict(json.loads(json.dumps(read.to_dict())), "jobs.json") == read


@pytest.mark.long
def test_a_run_that_the_older_qsense_left_while_sending_is_continued(service, away):
    from runtime_http import Fault

    service.faults = [Fault("POST", "/jobs$", "drop_after", skip=1)]
    with pytest.raises(ServiceError):
        away.submit()
    path = away.record.path / ledger.LEDGER
    before = Ledger.from_dict(json.loads(path.read_text()), str(path))
    path.write_text(json.dumps(as_schema_1(before)))
    away.submit()
    assert "found by its tag" in "".join(away.said)
    assert service.accepted() == [job.tag for job in before.jobs]
    assert json.loads(path.read_text())["schema"] == ledger.SCHEMA
    path.write_text(json.dumps(as_schema_1(ledger.load(away.record))))
    assert states(away.collect()) == {"done": JOBS}
    assert json.loads(path.read_text())["schema"] == ledger.SCHEMA
