"""Runs by jobs: what was sent to a service, what became of it, and how its counts come into a record.

`submission` makes the tasks of a run, `dispatch` sends them as jobs, `fetching` fetches and checks their results, and
`collection` puts the counts of complete points into the record. `job` and `job_file` define a job and its file,
`ledger` the file `jobs.json`, which lists every job before the first is sent; `run_tag` is the tag of its jobs in
`provenance.json`, `search` finds jobs by it, and `rebuilding` makes a lost ledger again. Calibrations use `dispatch`,
`fetching` and the ledger too. The package may import the layers up to `services`.

Public: `prepare` and `submit` send a run, `collect` and `wait` fetch its results, `load_ledger` reads the ledger of a
folder. `workflow.submit` and `workflow.collect_record` do the same from a spec and a record's folder.
"""

from qsense.jobs.collection import Collected, collect, wait
from qsense.jobs.job import Job, JobTask
from qsense.jobs.ledger import Ledger
from qsense.jobs.ledger import load as load_ledger
from qsense.jobs.submission import Submission, prepare, submit

__all__ = ["Collected", "Job", "JobTask", "Ledger", "Submission", "collect", "load_ledger", "prepare", "submit", "wait"]
