"""Results of trials, kept once and shared by all studies: a folder of shards, their index, and the studies themselves.

It imports only `errors` and `files`, and does not know what a trial is. `Store` reads and writes results; `add_study`,
`find_study` and `list_studies` keep the studies; `verify` and `tidy` maintain the folder.
"""

from qsense.store.shard import Result
from qsense.store.store import DEFAULT, Store
from qsense.store.studies import StudyEntry, add_study, find_study, list_studies
from qsense.store.tidying import tidy
from qsense.store.verification import Health, verify

__all__ = [
    "DEFAULT",
    "Health",
    "Result",
    "Store",
    "StudyEntry",
    "add_study",
    "find_study",
    "list_studies",
    "tidy",
    "verify",
]
