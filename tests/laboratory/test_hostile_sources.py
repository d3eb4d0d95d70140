"""Sources made to do harm: each is read, or refused in one line; nothing is written, no code in them is run."""

import io
import json
from functools import cache

import foreign
import numpy as np
import pytest
from hostile import changes, harmless, often, values
from hypothesis import example, given
from hypothesis import strategies as st

from qsense.laboratory import arrays, documents, sheets
from qsense.laboratory.answers import Answers
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.returned import _check_settings
from qsense.laboratory.settings_sheet import columns, row

pytestmark = pytest.mark.long
LENIENT = Reading(lost="drop", shots="measured")


@cache
def design():
    return designed(foreign.spec(times_s=[0.5], shots=6), 20)


@cache
def shots():
    return foreign.drawn(design())


def brought(found, order="letters"):
    """What arrives has as many shots as it says, of each circuit."""
    one = harmless(lambda: arranged(design(), Answers("x", "x", "", found, order), LENIENT))
    if one is not None:
        for point, counts in zip(one.points, one.counts, strict=True):
            assert counts.row_shots().tolist() == list(np.concatenate(point.row_shots))


PLAIN = foreign.histograms(shots())


@often
@given(
    st.one_of(
        changes(PLAIN), changes(list(PLAIN.values())), changes(json.loads(foreign.result_json(shots()))),
        changes(json.loads(foreign.primitive_json(shots()))), changes(json.loads(foreign.braket_json(shots()))), values,
    )
)  # fmt: skip
@example({"results": {"a": 1}})
@example({"__type__": "PrimitiveResult", "__value__": {"pub_results": 3}})
def test_a_hostile_document_is_read_or_refused(data):
    found = harmless(lambda: documents.answers(data, "x", design()))
    if found is not None:
        brought(found[2], found[1])


LINES = foreign.counts_sheet(shots()).splitlines()
CELLS = st.sampled_from(["", "?", "011", "'011", "=1+1", "\x00", '"', "٣", "1e5", "-0", "9" * 400, "a\rb", "nan"])


@often
@given(st.integers(0, len(LINES) - 1), st.integers(0, 2), CELLS | st.text(max_size=10))
def test_a_hostile_cell_is_read_or_refused(line, column, text):
    lines = [one.split(",") for one in LINES]
    lines[line][column] = text
    content = "\n".join(map(",".join, lines)).encode(errors="replace")
    found = harmless(lambda: sheets.answers(content, "x", design()))
    if found is not None:
        brought(found[1])


@often
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda one: one.encode(errors="replace")))
@example(b"\xef\xbb\xbf")
@example(b"circuit,bits,count\n\x00")
@example(b'circuit,bits,count\n"')
def test_what_is_no_source_is_refused(content):
    for ending in {*arrays.ENDINGS} - {".h5", ".hdf5", ".hdf"}:
        assert harmless(lambda ending=ending: arrays.read(content, ending, "x")) in (None, {})
    harmless(lambda: sheets.answers(content, "x", design()))


def saved(ending):
    table, buffer = np.stack(list(shots().values())), io.BytesIO()
    if ending == ".npy":
        np.save(buffer, table)
    elif ending == ".npz":
        np.savez(buffer, shots=table)
    elif ending == ".mat":
        from scipy.io import savemat

        savemat(buffer, {"shots": table})
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(buffer, "w") as file:
            file["shots"] = table
    return buffer.getvalue()


@pytest.mark.parametrize("ending", [".npy", ".npz", ".mat", ".h5"])
def test_a_damaged_array_is_read_or_refused(ending):
    whole, rng = saved(ending), np.random.default_rng(1)
    for _ in range(150 if ending != ".h5" else 4):  # HDF5 takes a process each
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        content = bytes(damaged[: rng.integers(1, len(whole))] if rng.random() < 0.2 else damaged)
        found = harmless(lambda content=content: arrays.read(content, ending, "x"))
        if found:
            one = harmless(lambda found=found: arrays.answers(found, (), "x", design()))
            if one is not None:
                brought(one[0], "spins")


@often
@given(st.integers(0, 8), st.integers(0, 29), CELLS | st.text(max_size=10))
def test_a_hostile_sheet_of_settings_is_read_or_refused(line, column, text):
    names = columns(design())
    lines = [names, *([str(row(one)[name]) for name in names] for one in design().circuits)]
    lines[line][column] = text
    content = "\n".join(map(",".join, lines)).encode(errors="replace")
    harmless(lambda: _check_settings(content, "x", design()))


def test_a_file_that_crashes_or_never_ends_is_refused(monkeypatch, tmp_path):
    from qsense.laboratory import hdf5

    pytest.importorskip("h5py")
    child = tmp_path / "child.py"
    monkeypatch.setattr(hdf5, "_CHILD", child)
    for code, message in (("import os; os.abort()", "it crashes"), ("while True: pass", "takes longer than 0.5 s")):
        child.write_text(code)
        with pytest.raises(ValueError, match=message):
            hdf5.read_hdf5(b"x", 10, 0.5 if "while" in code else 60.0)
