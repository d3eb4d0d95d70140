"""The same shots in every format become the same counts; what is lost or missing is never left out unsaid."""

import json
from functools import cache

import foreign
import numpy as np
import pytest

from qsense.errors import ContentError
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.sources import of_object, read_source


@cache
def design():
    return designed(foreign.spec(), 20)


@cache
def shots():
    return foreign.drawn(design())


@cache
def table():
    return np.stack(list(shots().values()))


def direct():
    """The counts of the shots, made here: a table of outcomes for each circuit."""
    return [np.bincount(own @ [1, 2, 4], minlength=8).tolist() for own in shots().values()]


def brought(answers, **reading):
    return arranged(design(), answers, Reading(**reading))


def tables(found):
    return [row for counts in found.counts for row in counts.table().tolist()]


def hdf5(path, name="shots"):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file[name] = table()


def netcdf(path):
    xarray = pytest.importorskip("xarray")
    moved = table().reshape(2, 2, 3, 40, 3).transpose(1, 0, 2, 4, 3)
    xarray.DataArray(moved, dims=["time", "probe", "setting_row", "ion", "shots"]).rename(
        setting_row="rows"
    ).to_dataset(name="shots").to_netcdf(path, engine="h5netcdf")


def mat(path):
    from scipy.io import savemat

    savemat(path, {"shots": table().astype(float), "comment": "by hand"})


def netcdf3(path):
    from scipy.io import netcdf_file

    with netcdf_file(path, "w") as file:
        for name, size in zip(("circuits", "shots", "spins"), table().shape, strict=True):
            file.createDimension(name, size)
        file.createVariable("data", "b", ("circuits", "shots", "spins"))[:] = table()


WRITERS = {
    "counts.csv": lambda path: path.write_text(foreign.counts_sheet(shots())),
    "bom.csv": lambda path: path.write_text(foreign.counts_sheet(shots()), encoding="utf-8-sig"),
    "shots.csv": lambda path: path.write_text(foreign.shots_sheet(shots())),
    "plain.json": lambda path: path.write_text(json.dumps(foreign.histograms(shots()))),
    "listed.json": lambda path: path.write_text(json.dumps(list(foreign.histograms(shots()).values()))),
    "result.json": lambda path: path.write_text(foreign.result_json(shots())),
    "primitive.json": lambda path: path.write_text(foreign.primitive_json(shots())),
    "braket.json": lambda path: path.write_text(foreign.braket_json(shots())),
    "shots.npy": lambda path: np.save(path, table()),
    "each.npz": lambda path: np.savez(path, **shots()),
    "shots.mat": mat,
    "shots.h5": hdf5,
    "shots.nc": netcdf,
    "classic.nc": netcdf3,
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_gives_the_same_counts(tmp_path, name):
    WRITERS[name](tmp_path / name)
    found = brought(read_source(tmp_path / name, design()))
    assert tables(found) == direct()
    assert (found.lost, found.missing, found.checked) == (0, 0, 0)


def test_objects_give_the_same_counts():
    from types import SimpleNamespace

    braket = [SimpleNamespace(measurements=own, measured_qubits=[0, 1, 2]) for own in shots().values()]
    for one in (foreign.histograms(shots()), list(foreign.histograms(shots()).values()), table(), shots(), braket):
        assert tables(brought(of_object(one, design()))) == direct()


def test_objects_of_qiskit_give_the_same_counts():
    from qiskit.primitives import BitArray, DataBin, PrimitiveResult, PubResult
    from qiskit.result import Result

    pubs = [PubResult(DataBin(c=BitArray.from_bool_array(own[:, ::-1].astype(bool)))) for own in shots().values()]
    data = {**json.loads(foreign.result_json(shots())), "backend_version": "1", "qobj_id": "", "job_id": ""}
    data["results"] = [{**one, "success": True} for one in data["results"]]
    for one in (PrimitiveResult(pubs), Result.from_dict(data)):
        assert tables(brought(of_object(one, design()))) == direct()


def test_another_order_and_another_meaning_are_read_as_stated(tmp_path):
    order = [2, 0, 1]  # place k holds spin order[k]
    turned = {name: (1 - own)[:, order] for name, own in shots().items()}
    (tmp_path / "a.csv").write_text(foreign.counts_sheet(turned, "first"))
    answers = read_source(tmp_path / "a.csv", design())
    assert tables(brought(answers, leftmost="first", one="down", spins=(2, 0, 1))) == direct()
    assert tables(brought(answers)) != direct()


def test_lost_spins_and_missing_shots_are_left_out_as_stated_and_counted():
    holed = {name: own.copy() for name, own in shots().items()}
    first, second = list(holed)[:2]
    holed[first][3, 1] = -1
    holed[second] = holed[second][:-2]
    answers = of_object(holed, design())
    with pytest.raises(ContentError, match=rf"`{first}`, shot 3: 1 shots of {first} have lost spins .*--lost drop"):
        brought(answers)
    found = brought(answers, lost="drop")
    assert (found.lost, found.missing) == (1, 2)
    assert [sum(row) for row in tables(found)] == [39, 38] + [40] * 10
    with pytest.raises(ContentError, match=rf"{second} has 38 shots, but 40 were planned; .*--lost drop.*measured"):
        brought(of_object({**shots(), second: holed[second]}, design()))
    assert brought(of_object({**shots(), second: holed[second]}, design()), shots="measured").missing == 0


def test_an_empty_shot_is_missing_and_not_lost(tmp_path):
    lines = foreign.shots_sheet(shots()).splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ","
    (tmp_path / "a.csv").write_text("\n".join(lines))
    answers = read_source(tmp_path / "a.csv", design())
    with pytest.raises(ContentError, match=r"row 4: 1 shots of .* are missing; .*--lost drop"):
        brought(answers)
    with pytest.raises(ContentError, match=r"row 4: 1 shots of .* are missing"):
        brought(answers, shots="measured")
    for reading in ({}, {"shots": "measured"}):
        found = brought(answers, lost="drop", **reading)
        assert (found.lost, found.missing) == (0, 1)


def test_sheets_of_spreadsheets_and_of_pandas_are_read_and_what_is_not_read_is_said(tmp_path):
    lines = foreign.counts_sheet(shots()).splitlines()
    (tmp_path / "a.csv").write_text("\n".join(["Circuit,Bits,Count,note", *(f"{one}.0,by hand" for one in lines[1:])]))
    answers = read_source(tmp_path / "a.csv", design())
    assert tables(brought(answers)) == direct()
    assert answers.notes == (f"the columns note of {tmp_path / 'a.csv'} are not read",)
    floats = {name: {bits: float(n) for bits, n in own.items()} for name, own in foreign.histograms(shots()).items()}
    assert tables(brought(of_object(floats, design()))) == direct()


@pytest.mark.parametrize("one", ["up", "down"])
@pytest.mark.parametrize("leftmost", ["first", "last"])
def test_known_strings_say_how_the_bits_are_to_be_read(one, leftmost):
    known = {o.id: np.tile([int(spin in o.ups) for spin in range(3)], (20, 1)) for o in design().known}
    every = {name: own if one == "up" else 1 - own for name, own in {**shots(), **known}.items()}
    answers = of_object(foreign.histograms(every, leftmost), design())
    found = brought(answers, one=one, leftmost=leftmost)
    assert (tables(found), found.checked) == (direct(), len(known))
    for stated in [("up", "first"), ("up", "last"), ("down", "first"), ("down", "last")]:
        if stated != (one, leftmost):
            with pytest.raises(ContentError, match=r"known\.n3\.k\d: spins .* are read wrong") as caught:
                brought(answers, one=stated[0], leftmost=stated[1])
            assert (f"--leftmost {leftmost}" in str(caught.value)) == (stated[1] != leftmost)
            assert (f"--one {one}" in str(caught.value)) == (stated[0] != one)


def test_known_strings_find_the_order_of_the_spins():
    known = {o.id: np.tile([int(spin in o.ups) for spin in range(3)], (20, 1)) for o in design().known}
    moved = {name: own[:, [1, 2, 0]] for name, own in {**shots(), **known}.items()}
    answers = of_object(moved, design())
    with pytest.raises(ContentError, match=r"--spins 1,2,0"):
        brought(answers)
    assert tables(brought(answers, spins=(1, 2, 0))) == direct()
    flipped = of_object({name: 1 - own for name, own in moved.items()}, design())
    with pytest.raises(ContentError, match=r"--spins 1,2,0 --one down\)"):
        brought(flipped)
    assert tables(brought(flipped, spins=(1, 2, 0), one="down")) == direct()
