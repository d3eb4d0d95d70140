"""Records by what people call them: a path, an id, a name, or how one of these begins; and how they are removed."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from qsense.errors import MOST_SHOWN, RecordError
from qsense.files import safe
from qsense.runs.folder import RecordFolder, open_record
from qsense.runs.listing import ListedRecord, list_records
from qsense.runs.use import not_in_use

_NAMES_SHOWN = 3


def open_named(word: str, folder: Path) -> RecordFolder:
    """Returns the record that a word means: a path, or the id, the name, or the beginning of either, of a record.

    Args:
        word: of the user.
        folder: where records are looked for that are not named by their path.

    Raises:
        RecordError: there is none, or several; the message lists them.
    """
    return Finder(folder).open(word)


def open_several(words: Sequence[str], folder: Path) -> list[RecordFolder]:
    """Returns the records that words mean, each once, in this order; the folder is listed once at most.

    Raises:
        RecordError: as `open_named`.
    """
    finder = Finder(folder)
    opened: dict[Path, RecordFolder] = {}
    for word in words:
        record = finder.open(word)
        opened.setdefault(Path(os.path.abspath(record.path)), record)
    return list(opened.values())


class Finder:
    """Opens records by what people call them, and lists their folder once at most.

    Attributes:
        folder: where records are looked for that are not named by their path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listed: list[ListedRecord] | None = None

    def open(self, word: str) -> RecordFolder:
        """Returns the record that a word means.

        Raises:
            RecordError: as `open_named`.
        """
        path = Path(word)
        if not _is_path(word) and not safe.is_file(path / "spec.toml", path):
            if self._listed is None:
                self._listed = list_records(self.folder) if self.folder.is_dir() else []
            found = _meant(self._listed, word)
            if found or not os.path.lexists(path):
                path = self.folder / _the_one(found, word, self.folder, self._listed).folder
        return open_record(path)


def find_records(words: Sequence[str], folder: Path, say: Callable[[Path], str] | None = None) -> list[ListedRecord]:
    """Returns the records of one folder that words mean, each once; a path must be that of a record in the folder.

    Args:
        words: of the user.
        folder: with records.
        say: as of `list_records`.

    Raises:
        RecordError: a word means none or several, or a record elsewhere.
    """
    every, found = list_records(folder, say), []
    for word in words:
        name = word.rstrip("/\\")
        if _is_path(word):
            path = Path(name)
            if path.name in ("", "..") or not _is_same(path.parent, folder):
                raise RecordError(f"{word}: is not in {folder}; name its folder (--records).")
            name = path.name
        found.append(_the_one(_meant(every, name), word, folder, every))
    return list(dict.fromkeys(found))


def remove_record(folder: Path, record: ListedRecord) -> None:
    """Removes a record's folder with all that is in it; links in it go, what they lead to stays.

    Raises:
        RecordError: it is a link, in use, or cannot be removed; what is left is said.
    """
    path = folder / record.folder
    try:
        if Path(record.folder).name != record.folder or not stat.S_ISDIR(os.lstat(path).st_mode):
            raise RecordError(f"{path}: is a link, which is not removed here; remove it by hand.")
        with not_in_use(path):
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
    """The records that a word means: by folder or id, else by name, else by how an id, else how a name begins."""
    ways = (
        [one for one in records if word in (one.folder, one.id)],
        [one for one in records if one.name == word],
        [one for one in records if word and one.id.startswith(word)],
        [one for one in records if word and (one.folder.startswith(word) or one.name.startswith(word))],
    )
    return next((found for found in ways if found), [])


def _the_one(found: Sequence[ListedRecord], word: str, folder: Path, listed: Sequence[ListedRecord]) -> ListedRecord:
    if not found:
        names = {text for one in listed for text in (one.name, one.id, one.folder) if text}
        close = difflib.get_close_matches(word, sorted(names), n=_NAMES_SHOWN, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? List" if close else "list"
        raise RecordError(
            f"{word}: not a record: no such folder, and none in {folder} has this name, this id or one that begins so; "
            f"{hint} them with: qsense records {folder}"
        )
    if len(found) > 1:
        shown = ", ".join(one.folder for one in found[:MOST_SHOWN])
        more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
        raise RecordError(f"{word}: means {len(found)} records: {shown}{more}; write more of the id.")
    return found[0]
