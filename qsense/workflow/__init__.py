"""The main jobs, each one call: run a spec, submit it, collect its jobs, estimate a record again, run it again.

`run`, `submit`, `collect_record`, `estimate_record` and `reproduction.rerun` put the other packages together: runs or
jobs measure, comparison estimates, reports draw, and the record holds it all. Only study and cli import this package.
"""

from qsense.workflow.runs import (
    RECORDS,
    collect_record,
    estimate_record,
    run,
)
from qsense.workflow.submission import submit

__all__ = [
    "RECORDS",
    "collect_record",
    "estimate_record",
    "run",
    "submit",
]
