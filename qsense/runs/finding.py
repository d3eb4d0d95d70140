"""Records by what people call them: an id, the beginning of one, a name, or a path; and how records are removed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from qsense.errors import MOST_SHOWN, ArgumentError, RecordError, nearest
from qsense.files import safe
from qsense.files.units import whole_numbers
from qsense.runs.folder import RecordFolder, open_record
from qsense.runs.listing import ListedRecord, list_records

KEYS = ("name", "id", "date", "backend", "N", "noise", "probe", "estimator", "state")


def open_named(word: str, folder: Path) -> RecordFolder:
    """Returns the record that a word means: a path, or the id, the beginning of an id, or the name of a record.

    Args:
        word: of the user.
        folder: where records are looked for that are not named by their path.

    Raises:
        RecordError: there is none, or several; the message lists them.
    """
    path = Path(word)
    if _is_path(word) or safe.is_file(path / "spec.toml", path):
        return open_record(path)
    found = _meant(list_records(folder), word) if folder.is_dir() else []
    if not found and os.path.lexists(path):
        return open_record(path)
    return open_record(folder / _the_one(found, word, folder).folder)


def find_records(words: Sequence[str], folder: Path) -> list[ListedRecord]:
    """Returns the records of one folder that words mean, each once; a path must be that of a record in the folder.

    Raises:
        RecordError: a word means none or several, or a record elsewhere.
    """
    every, found = list_records(folder), []
    for word in words:
        name = word.rstrip("/\\")
        if _is_path(word):
            path = Path(name)
            if path.name in ("", "..") or not _is_same(path.parent, folder):
                raise RecordError(f"{word}: is not in {folder}; name its folder (--records).")
            name = path.name
        found.append(_the_one(_meant(every, name), word, folder))
    return list(dict.fromkeys(found))


def matching(records: Sequence[ListedRecord], conditions: Sequence[str]) -> list[ListedRecord]:
    """Returns the records for which all conditions hold.

    Args:
        records: of a folder.
        conditions: KEY=VALUE. A text may hold * and ?; `date` is how the date begins; N is any of some numbers.

    Raises:
        ArgumentError: a condition is none.

    >>> both = [ListedRecord("a-1", "a", "1", num_qubits=(2, 4)), ListedRecord("b-2", "b", "2", num_qubits=(8,))]
    >>> [one.name for one in matching(both, ["N=3-6"])], [one.name for one in matching(both, ["name=b*", "N=8"])]
    (['a'], ['b'])
    """
    left = list(records)
    for condition in conditions:
        key, equals, wanted = condition.partition("=")
        if not equals or key not in KEYS:
            hint = nearest(key, list(KEYS)) if equals else "Write KEY=VALUE."
            raise ArgumentError(f'Option --where "{condition}" names no key of records. {hint}')
        if key == "N":
            try:
                sizes = set(whole_numbers(wanted))
            except ArgumentError as error:
                raise ArgumentError(f"Option --where N {error}") from error
            left = [one for one in left if sizes & set(one.num_qubits)]
        else:
            pattern = f"{wanted}*" if key == "date" else wanted
            left = [one for one in left if any(fnmatchcase(text, pattern) for text in _texts(one, key))]
    return left


def remove_record(folder: Path, record: ListedRecord) -> None:
    """Removes a record's folder with all that is in it; links in it go, what they lead to stays.

    Raises:
        RecordError: it is a link, or cannot be removed; what is left is said.
    """
    path = folder / record.folder
    try:
        if Path(record.folder).name != record.folder or not stat.S_ISDIR(os.lstat(path).st_mode):
            raise RecordError(f"{path}: is a link, which is not removed here; remove it by hand.")
        shutil.rmtree(path)  # of a link in it, the link alone
    except OSError as error:
        raise RecordError(f"{path}: cannot be removed: {error.strerror}; what is left of it is still there.") from error


def _is_path(word: str) -> bool:
    return "/" in word or (os.altsep is not None and "\\" in word) or word in (".", "..")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _meant(records: Sequence[ListedRecord], word: str) -> list[ListedRecord]:
    """The records that a word means: by folder or id, else by name, else by the beginning of the id."""
    ways = (
        [one for one in records if word in (one.folder, one.id)],
        [one for one in records if one.name == word],
        [one for one in records if word and one.id.startswith(word)],
    )
    return next((found for found in ways if found), [])


def _the_one(found: Sequence[ListedRecord], word: str, folder: Path) -> ListedRecord:
    if not found:
        raise RecordError(
            f"{word}: not a record: no such folder, and none in {folder} has this name, this id or one that begins so; "
            f"list them with: qsense records {folder}"
        )
    if len(found) > 1:
        shown = ", ".join(one.folder for one in found[:MOST_SHOWN])
        more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
        raise RecordError(f"{word}: means {len(found)} records: {shown}{more}; write more of the id.")
    return found[0]


def _texts(record: ListedRecord, key: str) -> tuple[str, ...]:
    lists = {"noise": record.noises, "probe": record.probes, "estimator": record.estimators}
    single = {"date": record.created}
    return lists[key] if key in lists else (single.get(key) or str(getattr(record, key, "")),)
