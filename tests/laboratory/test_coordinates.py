"""Coordinates of an array's axes put it in the order of the design; one that contradicts the design is refused."""

import io
from functools import cache

import foreign
import numpy as np
import pytest

import qsense
from qsense.errors import ContentError, QsenseError
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.sources import of_object, read_source

AXES = ("probe", "time", "row", "shot", "spin")
TIMES = [0.0, 0.5, 2.0]


@cache
def design():
    return designed(foreign.spec(times_s=TIMES))


@cache
def table():
    return np.stack(list(foreign.drawn(design()).values()))


def direct():
    return [np.bincount(own @ [1, 2, 4], minlength=8).tolist() for own in table()]


def tables(answers):
    found = arranged(design(), answers, Reading())
    return [row for counts in found.counts for row in counts.table().tolist()]


def ids():
    return [one.id for one in design().measuring]


def saved(path, array, axes, coordinates):
    """The array and its coordinates as a file of each kind that has names, written without qsense."""
    if path.suffix == ".nc":
        xarray = pytest.importorskip("xarray")
        engine = "scipy" if "classic" in path.name else "h5netcdf"
        xarray.DataArray(array, dims=axes, coords=coordinates).to_dataset(name="shots").to_netcdf(path, engine=engine)
    elif path.suffix == ".h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file["run/shots"] = array
            for at, axis in enumerate(axes):
                file["run/shots"].dims[at].label = axis
                if axis in coordinates:
                    own = coordinates[axis]
                    file[f"scale of {axis}"] = own if not isinstance(own[0], str) else np.array(own, dtype="S")
                    file[f"scale of {axis}"].make_scale(axis)
                    file["run/shots"].dims[at].attach_scale(file[f"scale of {axis}"])
    else:
        np.savez(path, shots=array, **coordinates)


@pytest.mark.parametrize("name", ["a.nc", "classic.nc", "a.h5", "a.npz"])
def test_circuits_are_taken_by_their_ids_wherever_they_stand(tmp_path, name):
    saved(tmp_path / name, table()[::-1], ("circuit", "shot", "spin"), {"circuit": ids()[::-1]})
    assert tables(read_source(tmp_path / name, design())) == direct()
    saved(tmp_path / name, table(), ("circuit", "shot", "spin"), {"circuit": [*ids()[:-1], ids()[0]]})
    with pytest.raises(ContentError, match=f"has {ids()[0]} twice"):
        read_source(tmp_path / name, design())


@pytest.mark.parametrize("name", ["a.nc", "classic.nc", "a.h5"])
def test_every_axis_is_put_in_the_order_of_its_coordinate(tmp_path, name):
    whole = table().reshape(2, 3, 3, 40, 3)
    turned = whole[::-1][:, [2, 0, 1]][:, :, ::-1][..., [1, 2, 0]].transpose(4, 1, 3, 0, 2)
    axes = ("spin", "time", "shot", "probe", "row")
    labels = {"spin": [1, 2, 0], "time": [2.0, 0.0, 0.5], "probe": ["product", "ghz"], "row": [2, 1, 0]}
    saved(tmp_path / name, turned, axes, labels)
    assert tables(read_source(tmp_path / name, design())) == direct()


def test_objects_of_xarray_keep_their_coordinates():
    xarray = pytest.importorskip("xarray")
    whole = table().reshape(2, 3, 3, 40, 3)
    plain = xarray.DataArray(whole, dims=AXES, coords={"time": TIMES, "spin": ["q0", "q1", "q2"]})
    for one in (plain, plain.isel(time=[2, 1, 0], spin=[1, 0, 2]), plain.to_dataset(name="data")):
        assert tables(of_object(one, design())) == direct()
    in_ms = plain.assign_coords(time=("time", [0, 500, 2000], {"units": "ms"}))
    span = plain.assign_coords(time=np.array([0, 500, 2000], "m8[ms]"))
    for one in (in_ms, span):
        assert tables(of_object(one, design())) == direct()
    each = {name: xarray.DataArray(own.T, dims=("ion", "shots")) for name, own in zip(ids(), table(), strict=True)}
    assert tables(of_object(each, design())) == direct()
    each[ids()[4]] = each[ids()[4]].assign_coords(ion=[0, 1, 2]).isel(ion=[2, 0, 1])
    assert tables(of_object(each, design())) == direct()


@pytest.mark.parametrize(
    ("axis", "values", "message"),
    [
        ("time", [0.0, 0.5, 3.0], r"`time` of `shots` has the time 3 s where the design has 2 s; correct it"),
        ("time", [0.0, 500.0, 2000.0], r"has the time 500 s .*: it is in ms; write seconds"),
        ("time", [0.0, 0.0, 0.5], r"has the time 0 s where the design has 0.5 s"),
        ("time", ["a", "b", "c"], r"is no times in seconds"),
        ("spin", [3, 1, 0], r"is 3, 1, 0, no order of 3 spins; write numbers, each once"),
        ("spin", [0, 0, 1], r"no order of 3 spins"),
        ("row", [0.0, 1.57, 3.14], r"no order of 3 rows.* leave it out"),
        ("probe", ["ghz", "dicke"], r"is ghz, dicke, no order of 2 points; write names of probes"),
    ],
)  # fmt: skip
def test_a_coordinate_that_contradicts_the_design_is_refused(axis, values, message):
    xarray = pytest.importorskip("xarray")
    whole = xarray.DataArray(table().reshape(2, 3, 3, 40, 3), dims=AXES, coords={axis: values})
    with pytest.raises(ContentError, match=message) as caught:
        of_object(whole, design())
    assert "\n" not in str(caught.value)


def test_circuits_of_each_time_are_its_rows_wherever_the_axis_stands():
    one = designed(foreign.spec(times_s=TIMES, probes=["ghz"], estimators=[{"estimator": "ghz", "readout": "parity"}]))
    own = np.stack(list(foreign.drawn(one).values()))
    found = of_object(own.reshape(3, 3, 40, 3), one, ("time", "setting", "shot", "spin"))
    counts = [row for each in arranged(one, found, Reading()).counts for row in each.table().tolist()]
    assert counts == [np.bincount(each @ [1, 2, 4], minlength=8).tolist() for each in own]


def test_masked_values_are_lost_and_what_is_not_read_is_said(tmp_path):
    masked = np.ma.MaskedArray(table(), np.zeros(table().shape, bool))
    masked[2, 5, 1] = np.ma.masked
    with pytest.raises(ContentError, match=r"1 shots of .* have lost spins"):
        tables(of_object(masked, design()))
    np.savez(tmp_path / "a.npz", shots=table(), dark=np.arange(3), note=np.array(["by hand"]))
    answers = read_source(tmp_path / "a.npz", design())
    assert answers.notes == (f"the arrays dark, note of {tmp_path / 'a.npz'} are not read",)
    assert tables(answers) == direct()


class _Foreign:
    """An array of a library that gives its numbers to nobody."""

    shape = (1, 1, 1)

    def __array__(self, *_args, **_kinds):
        raise TypeError("on another device")


def test_whatever_is_given_is_read_or_refused_in_one_line(tmp_path):
    frame = type("DataFrame", (), {"to_csv": None, "__array__": None, "shape": (1,)})()
    size = len(table())
    for one, message in (
        (np.zeros((size, 0, 3)), "has no counts"), (np.zeros((0, 40, 3)), "has 0 circuits"),
        (np.zeros((size, 40, 0)), "needs shots × 3 spins"), (np.zeros((size, 40, 3, 0)), "3 spins|circuits"),
        (np.array(1), "has the arrays shots; name"), (np.zeros(0), "no array|has the arrays|must have"),
        (table() + 0j, "values of the type complex128"), (table().astype("U"), "values of the type <U"),
        (table().astype(object), "values of the type object"), (2 * table() - 1, r"1 and −1, but no 0: .*/ 2"),
        (_Foreign(), "convert it"), (frame, "DataFrame; write it as CSV"), (b"counts", "but is bytes"),
        (range(3), "but is range"), ({}, "no result that is known"), ([], "no result that is known"),
        ([np.zeros((40, 3))] * size, "must be {bits: count}"), (None.__class__, "but is type"), (3.0, "but is float"),
        ({"a": np.array(1)}, "has the arrays a"),
    ):  # fmt: skip
        with pytest.raises(QsenseError, match=message) as caught:
            qsense.import_counts(design().spec, one, tmp_path)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_array_in_a_group_is_found_or_named(tmp_path):
    h5py = pytest.importorskip("h5py")
    for names, message in ((("g/shots",), None), (("g/a",), None), (("g/a", "h/b"), "the arrays g/a, h/b; name the")):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            for name in names:
                file[name] = table()
        (tmp_path / "a.h5").write_bytes(buffer.getvalue())
        if message is None:
            assert tables(read_source(tmp_path / "a.h5", design())) == direct()
        else:
            with pytest.raises(ContentError, match=message):
                read_source(tmp_path / "a.h5", design())
