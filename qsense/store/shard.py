"""A shard: one file with the results of some trials, never changed, named by the SHA-256 of its content.

It is a ZIP file that any tool opens: `entries.jsonl` has a line for every trial (its spec and outcome), `0.npz`,
`1.npz`, … have their counts, and `provenance.json` the versions that made them. It can be read without the index.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from qsense.errors import NewerStoreError, StoreError
from qsense.files import DAMAGED
from qsense.files.archives import Archive
from qsense.files.nesting import parse_json

SCHEMA = 1
_MOST_VERSIONS = 100


class Result(NamedTuple):
    """The result of one trial.

    Attributes:
        key: of the trial, hexadecimal.
        trial: its spec, with the keys of a run spec.
        outcome: the estimates, as plain JSON.
        counts: of all its times, as the content of an NPZ file.
        seconds: the time that it took.
    """

    key: str
    trial: dict[str, Any]
    outcome: dict[str, Any]
    counts: bytes
    seconds: float


def serialize(results: Sequence[Result], provenance: dict[str, Any]) -> bytes:
    """Returns the content of a shard with some results."""
    lines = [json.dumps(_line(result), allow_nan=False) for result in results]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, "provenance.json", json.dumps({**provenance, "schema": SCHEMA}, sort_keys=True).encode(), True)
        _add(archive, "entries.jsonl", "\n".join(lines).encode(), True)
        for number, result in enumerate(results):
            _add(archive, f"{number}.npz", result.counts, False)  # compressed already
    return buffer.getvalue()


def content_key(content: dict[str, Any], version: int) -> str:
    """Returns the key of a trial: the SHA-256 of its content and of the version of its results, hexadecimal.

    >>> content_key({"seed": 1}, 1)[:12]
    '2ac2518a8c64'
    """
    return _key(json.dumps(content, sort_keys=True, ensure_ascii=True), version)


def _key(text: str, version: int) -> str:
    """The key of a trial with the JSON of its content."""
    return hashlib.sha256(f"[{version}, {text}]".encode()).hexdigest()


def _keys(content: dict[str, Any]) -> Iterator[str]:
    """The keys that a trial's content can have, by any version of the results."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return (_key(text, version) for version in range(1, _MOST_VERSIONS))


def digest(content: bytes) -> str:
    """Returns the name of a shard: the SHA-256 of its content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def deserialize(content: bytes, source: str) -> tuple[dict[str, Any], list[Result]]:
    """Returns a shard's provenance and its results.

    Args:
        content: of the file.
        source: its path, whose stem is the digest.

    Raises:
        StoreError: the content does not have the digest of its name, or is no shard.
        NewerStoreError: it was written by a newer qsense.
    """
    if digest(content) != Path(source).stem:
        raise StoreError(f"{source}: damaged (its SHA-256 is not its name); run `qsense store verify --repair`.")
    try:
        with Archive(content) as archive:
            provenance = parse_json(archive.read("provenance.json"))
            if provenance["schema"] > SCHEMA:
                raise NewerStoreError(
                    f"{source}: written by a newer qsense (schema {provenance['schema']}); update qsense."
                )
            return provenance, list(_results(archive))
    except StoreError:
        raise
    except DAMAGED as error:
        why = type(error).__name__ if type(error) is not ValueError else " ".join(str(error).split())[:100]
        raise StoreError(f"{source}: not a shard ({why}); run `qsense store verify --repair`.") from error


def _results(archive: Archive) -> Iterator[Result]:
    text = archive.read("entries.jsonl").decode()
    for number, line in enumerate(text.split("\n")):
        entry = parse_json(line)
        key, trial, outcome = entry["key"], dict(entry["trial"]), dict(entry["outcome"])
        if not isinstance(key, str) or key not in _keys(trial):
            raise ValueError("the key of a trial is not the hash of its content")
        yield Result(key, trial, outcome, archive.read(f"{number}.npz"), float(entry["seconds"]))


def _line(result: Result) -> dict[str, Any]:
    return {"key": result.key, "trial": result.trial, "outcome": result.outcome, "seconds": result.seconds}


def _add(archive: zipfile.ZipFile, name: str, content: bytes, compress: bool) -> None:
    # A ZipInfo has a fixed date, so that the digest depends on the content alone.
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED)
