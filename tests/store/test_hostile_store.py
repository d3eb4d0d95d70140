"""Stores made to do harm: read, or refused in one line, and mended; nothing is written elsewhere."""

import io
import json
import shutil
import sqlite3
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import studies
from hostile import cells, changes, files_in, harmless, often, seldom
from hypothesis import given
from hypothesis import strategies as st

from qsense.circuits.counts import Counts
from qsense.store import Store
from qsense.store.shard import deserialize, digest
from qsense.store.studies import StudyEntry
from qsense.store.verification import verify
from qsense.study.results import study_results

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "store"
    return path, studies.filled(path, studies.study({"probes": "ghz"}, sweep={"seed": [1, 2]}))


def repacked(content, change):
    """A ZIP file with members changed by a function of name and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(buffer, "w") as new:
        for name in archive.namelist():
            new.writestr(zipfile.ZipInfo(name), change(name, archive.read(name)))
    return buffer.getvalue()


@seldom
@given(st.data())
def test_a_shard_with_hostile_content_and_a_right_checksum_is_read_or_refused(store, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("hostile") / "store"
    shutil.copytree(store[0], path)
    victim = min(path.glob("shards/*/*.zip"))

    def change(name, content):
        if name != "entries.jsonl":
            return content
        return json.dumps(data.draw(changes(json.loads(content)))).encode()

    forged = repacked(victim.read_bytes(), change)
    victim.unlink()
    target = path / "shards" / digest(forged)[:2] / f"{digest(forged)}.zip"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(forged)
    before = files_in(path.parent)
    harmless(lambda: deserialize(forged, str(target)))
    harmless(lambda: verify(path, repair=True))

    def read():
        with Store(path, read_only=True) as one:
            return study_results(one, store[1], partial=True).trials.to_csv()

    harmless(read)
    assert {file for file in files_in(path.parent) - before if "damaged" not in file.parts and file.name[0] != "."} <= {
        path / "index.sqlite-wal", path / "index.sqlite-shm",
    }  # fmt: skip


@often
@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 30))
def test_damaged_bytes_of_studies_shards_and_counts_are_refused_in_one_line(store, data, start, length):
    path, entry = store
    for file, read in (
        (min(path.glob("shards/*/*.zip")), lambda c: deserialize(c, f"{digest(c)}.zip")),
        (path / "studies" / f"{entry.id}.zip", lambda c: StudyEntry.from_bytes(c, "study")),
    ):
        content = file.read_bytes()
        content = content[: start % len(content)] + data + content[start % len(content) + length :]
        harmless(lambda content=content, read=read: read(content))
    _, results = deserialize(min(path.glob("shards/*/*.zip")).read_bytes(), str(min(path.glob("shards/*/*.zip"))))
    content = results[0].counts
    place = start % len(content)
    harmless(lambda: Counts.from_bytes(content[:place] + data + content[place + length :], "counts"))


@often
@given(st.data())
def test_a_study_with_hostile_words_or_arrays_is_read_or_refused(store, data):
    path, entry = store
    shapes = st.lists(st.integers(0, 3), max_size=3)
    dtypes = st.sampled_from([np.uint8, np.int32, np.float64, np.bool_, "U3", "c16", "M8[s]"])

    def change(name, content):
        if name == "study.json":
            return json.dumps(data.draw(changes(json.loads(content)))).encode()
        buffer = io.BytesIO()
        with np.load(io.BytesIO(content)) as arrays:
            kept = {key: arrays[key] for key in arrays}
        if data.draw(st.booleans()):
            kept[data.draw(st.sampled_from(sorted(kept)))] = np.zeros(data.draw(shapes), data.draw(dtypes))
        np.savez(buffer, **kept)
        return buffer.getvalue()

    forged = repacked((path / "studies" / f"{entry.id}.zip").read_bytes(), change)
    found = harmless(lambda: StudyEntry.from_bytes(forged, "study"))
    if found is not None:
        assert all(found.swept(position).keys() == found.axes.keys() for position in range(len(found.keys)))
        assert len(found.id) == 12


@often
@given(st.sampled_from(["trial.key", "trial.shard", "shard.digest", "shard.number"]), cells)
def test_an_index_with_hostile_rows_is_read_or_refused(store, tmp_path_factory, place, value):
    path = tmp_path_factory.mktemp("index") / "store"
    shutil.copytree(store[0], path)
    table, column = place.split(".")
    with sqlite3.connect(path / "index.sqlite") as index, suppress(sqlite3.Error, UnicodeEncodeError):
        index.execute(f"UPDATE OR REPLACE {table} SET {column} = ?", (value,))
    index.close()

    def read():
        with Store(path, read_only=True) as one:
            return list(one.results(store[1].keys))

    harmless(read)
    assert isinstance(verify(path).wrong, tuple)
    assert verify(path, repair=True).trials == 2
    assert len(read()) == 2
