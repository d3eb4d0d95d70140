"""Archives, JSON, TOML and names that are made to do harm: bounded by their own size, refused in one line."""

import errno
import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from qsense import files
from qsense.circuits.counts import Counts
from qsense.errors import RecordError, SpecError, StoreError
from qsense.files import DAMAGED, atomic, is_plain_name
from qsense.files.archives import Archive, read_array, read_arrays
from qsense.files.nesting import parse_json
from qsense.runs.spec import RunSpec
from qsense.store.shard import deserialize, digest


def zipped(members, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def bomb():
    """A quarter of a megabyte that unpacks to a quarter of a gigabyte of zeros."""
    members = {f"{name}.npy": npy(np.array(1)) for name in ("schema", "num_bits")}
    return zipped({**members, **{f"{name}.npy": npy(np.zeros(2**24, "i8")) for name in ("offsets", "numbers")}})


def test_a_bomb_is_refused_before_it_is_unpacked(bomb):
    assert len(bomb) < 300_000
    shard = zipped({"provenance.json": "{}", "entries.jsonl": b" " * 2**28})
    tracemalloc.start()
    try:
        with pytest.raises(RecordError, match=r"bomb\.npz: truncated or damaged \(ValueError\)"):
            Counts.from_bytes(bomb, "bomb.npz")
        with pytest.raises(StoreError, match="not a shard"):
            deserialize(shard, f"{digest(shard)}.zip")
        assert tracemalloc.get_traced_memory()[1] < 4 * (len(bomb) + len(shard)) + 2**20
    finally:
        tracemalloc.stop()


def test_an_array_that_declares_more_than_it_holds_takes_no_memory():
    for shape in ("(9000000000,)", "(-1,)", "(True,)", "(2, 3)", "4"):
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
        content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(4)
        with pytest.raises(DAMAGED):
            read_array(content)
    for array in (np.array(["a" * 1000]), np.zeros(1, "V1000"), np.zeros(1, "M8[s]")):
        with pytest.raises(ValueError, match="no numbers"):
            read_array(npy(array))


@pytest.mark.parametrize("array", [
    np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(3), np.zeros((0, 4), "u1"),
    np.array([True, False]), np.array([1 + 2j]), np.arange(5, dtype=">u4"),
])  # fmt: skip
def test_arrays_are_read_as_numpy_reads_them(array):
    found = read_array(npy(array))
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    assert found.shape == array.shape


def test_a_zip_file_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="way that qsense does not use"):
        Archive(zipped({"a": b"x"}, zipfile.ZIP_LZMA))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", npy(np.array(1)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.npy", npy(np.array(2)))
    with pytest.raises(ValueError, match="two of one name"):
        read_arrays(buffer.getvalue())


def test_what_is_nested_deeply_or_has_numbers_of_thousands_of_digits_is_refused(tmp_path):
    for text in ("[" * 200 + "]" * 200, "[" * 100_000, '{"a":' * 150 + "1" + "}" * 150, "9" * 5000):
        with pytest.raises(ValueError):  # noqa: PT011 - the text is Python's own
            parse_json(text)
    assert parse_json("[" * 90 + "]" * 90)
    path = tmp_path / "deep.toml"
    for text in ("a" + ".a" * 5000 + " = 1", "a = " + "[" * 200 + "]" * 200, "shots = " + "9" * 5000):
        path.write_text(text)
        with pytest.raises(SpecError, match="not valid TOML"):
            RunSpec.load(path)


def test_a_pipe_a_device_and_a_file_that_is_too_large_are_no_toml_files(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path / "pipe.toml", "/dev/zero"):
        with pytest.raises(SpecError, match="it is no regular file"):
            RunSpec.load(path)
    monkeypatch.setattr("qsense.files.toml_file.LARGEST", 10)
    (tmp_path / "long.toml").write_text("a = 1234567")
    with pytest.raises(SpecError, match="more than 10 bytes"):
        RunSpec.load(tmp_path / "long.toml")


@pytest.mark.parametrize("name", [
    "", ".", "..", " ", "a/b", "a\\b", "/a", "C:a", "a:b", "a\0b", "a\n", "a.", "a ", "con", "NUL.csv", "Com1.tar.gz",
    "lpt³", "a" * 256, "ä" * 128, "\udc80", "a\x7fb", None, 3, b"a",
])  # fmt: skip
def test_names_that_no_system_or_not_every_system_takes_are_not_plain(name):
    assert not is_plain_name(name)


@pytest.mark.parametrize("name", ["trials.csv", "a b", "ä.csv", "console.csv", ".hidden", "a" * 255, "com10.csv"])
def test_other_names_are_plain(name):
    assert is_plain_name(name)


def test_names_of_devices_on_windows_are_refused_where_they_begin_a_folder_s_name():
    spec = {
        "schema": 1, "name": "nul.x", "probes": "ghz", "num_qubits": 2, "noise": "dephasing", "estimators": "auto",
        "field_rad_per_s": 0.2, "shots": 100, "seed": 1,
    }  # fmt: skip
    with pytest.raises(SpecError, match="the name of a device on Windows"):
        RunSpec.from_dict(spec)


def test_a_file_that_another_program_has_open_on_windows_is_replaced_a_little_later(tmp_path, monkeypatch):
    failures, replace = [PermissionError(errno.EACCES, "is open")] * 3, os.replace

    def busy(source, target):
        if failures:
            raise failures.pop()
        replace(source, target)

    monkeypatch.setattr(atomic.os, "replace", busy)
    target = tmp_path / "a.json"
    with pytest.raises(PermissionError):  # elsewhere it is no passing state
        files.write(target, b"1")
    assert os.listdir(tmp_path) == []
    failures[:] = [PermissionError(errno.EACCES, "is open")] * 3
    monkeypatch.setattr(atomic, "_ON_WINDOWS", True)
    files.write(target, json.dumps([1]).encode())
    assert target.read_bytes() == b"[1]"
