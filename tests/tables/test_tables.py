"""Results as CSV, Parquet and NetCDF: they open in pandas and xarray, with units and provenance, and say the same."""

import json

import numpy as np
import pytest
import studies

from qsense import RunSpec, run
from qsense.errors import ArgumentError, ContentError
from qsense.store import Store
from qsense.study.results import study_results
from qsense.tables import Columns, Results, results_of, write_results

pandas = pytest.importorskip("pandas", reason="needs the extra `data`")
xarray = pytest.importorskip("xarray", reason="needs the extra `data`")
pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return of(
        tmp_path_factory.mktemp("tables"),
        sweep={"num_qubits": [1, 2, 4], "noise.dephasing_rate": [0.1, 1.0], "seed": [1, 2]},
    )


def of(path, run=None, **keys):
    entry = studies.filled(path / "s", studies.study(run, **keys), together=True)
    with Store(path / "s", read_only=True) as store:
        return study_results(store, entry)


def rows_of(results):
    names = list(results.trials.values)
    return [dict(zip(names, row, strict=True)) for row in zip(*results.trials.values.values(), strict=True)]


def test_csv_opens_in_pandas_with_every_number_as_it_is(results, tmp_path):
    paths = write_results(results, tmp_path, "csv")
    assert [path.name for path in paths] == ["trials.csv", "curves.csv", "tables.json"]
    frame = pandas.read_csv(paths[0])
    assert len(frame) == 24
    for row, expected in zip(frame.to_dict("records"), rows_of(results), strict=True):
        for name, value in expected.items():
            assert row[name] == value or (value in (None, "") and pandas.isna(row[name])), name
    curves = pandas.read_csv(paths[1])
    assert len(curves) == 24 * 5
    first = curves[curves["trial"] == 7]
    assert list(first["gain"]) == list(results.curves[7]["gain"])
    attributes = json.loads(paths[2].read_text())
    assert attributes["units"]["trials"]["integrated_gain_s"] == "s"
    assert attributes["units"]["curves"]["time_s"] == "s"
    assert attributes["provenance"] == [{"python": "3", "schema": 1, "versions": {}}]


def test_parquet_keeps_numbers_text_units_and_provenance(results, tmp_path):
    pytest.importorskip("pyarrow", reason="needs the extra `data`")
    paths = write_results(results, tmp_path, "parquet")
    frame = pandas.read_parquet(paths[0])
    assert frame["is_exact_as_read"].dtype == bool
    assert frame["probe"].tolist() == list(results.trials.values["probe"])
    assert frame["integrated_gain_s"].tolist() == list(results.trials.values["integrated_gain_s"])
    assert frame["num_qubits"].dtype == np.int64
    assert frame.attrs["units"]["dephasing_rate_per_s"] == "1/s"
    assert frame.attrs["provenance"][0]["python"] == "3"
    assert len(pandas.read_parquet(paths[1])) == 24 * 5


def test_the_dimensions_of_a_dataset_are_what_was_swept(results, tmp_path):
    pytest.importorskip("h5netcdf", reason="needs the extra `data`")
    (path,) = write_results(results, tmp_path, "netcdf")
    with xarray.open_dataset(path, engine="h5netcdf") as data:
        sizes = {"probe": 2, "num_qubits": 3, "dephasing_rate_per_s": 2, "seed": 2, "time_index": 5}
        assert dict(data.sizes) == sizes
        for row, curve in zip(rows_of(results), results.curves, strict=True):
            place = {name: row[name] for name in ("probe", "num_qubits", "dephasing_rate_per_s", "seed")}
            one = data.sel(place)
            assert float(one["integrated_gain_s"]) == row["integrated_gain_s"]
            assert one["gain"].values.tolist() == curve["gain"]
        assert data["integrated_gain_s"].attrs["units"] == "s"
        assert data["time_s"].attrs["units"] == "s"
        assert data["dephasing_rate_per_s"].attrs["units"] == "1/s"
        assert json.loads(data.attrs["provenance"])[0]["python"] == "3"
        assert data.attrs["name"] == "small"
        assert str(data["backend"].values) == "emulator"


def test_a_filtered_grid_has_nan_where_no_trial_is(tmp_path):
    results = of(tmp_path, sweep={"num_qubits": [1, 2, 3]}, skip=[{"probe": "product", "num_qubits": 2}])
    data = results.to_dataset()
    assert dict(data.sizes) == {"probe": 2, "num_qubits": 3, "time_index": 5}
    there = ~np.isnan(data["integrated_gain_s"].values)
    assert there.tolist() == [[True, True, True], [True, False, True]]
    assert data["quantity"].sel(probe="product", num_qubits=2) == ""
    assert np.isnan(data["gain"].sel(probe="product", num_qubits=2)).all()
    assert {data[name].encoding["dtype"] for name in ("shots_total", "gain_shots")} == {"int64"}
    assert data["is_exact_as_read"].encoding["dtype"] == "int8"


def test_a_sparse_study_is_a_list_of_trials(tmp_path):
    """Where the results stand is the subject: they are all the same, which is that of the first trial."""
    near = [{"seed": k, "noise.dephasing_rate": {"from": k, "to": k + 1}} for k in range(1, 51)]
    every = {"from": 1, "to": 50}
    study = studies.study(
        {"probes": "ghz", "shots": 5}, sweep={"seed": every, "noise.dephasing_rate": every}, only=near
    )
    first, entry = studies.run_trial(study.trials[0].content), study.entry()
    with Store(tmp_path / "s") as store:
        store.write(store.studies / f"{entry.id}.zip", entry.to_bytes())
        store.put([studies.Result(trial.key, trial.content, *first, 0.0) for trial in study.trials], studies.PROVENANCE)
        data = study_results(store, entry).to_dataset()
    assert dict(data.sizes) == {"trial": 99, "time_index": 5}
    assert data["seed"].values.tolist() == [k // 2 + 1 for k in range(99)]


def test_missing_numbers_are_nan_and_empty_and_never_zero(tmp_path):
    rates = [0.1, [0.1, 0.2], [0.3, 0.4]]
    results = of(tmp_path, {"probes": "ghz"}, sweep={"noise.dephasing_rate": rates})
    assert results.trials.values["dephasing_rate_per_s"] == [0.1, None, None]
    assert results.trials.values["noise.dephasing_rate"] == rates
    assert np.isnan(results.trials.array("dephasing_rate_per_s")[1:]).all()
    assert pandas.isna(results.trials.to_frame()["dephasing_rate_per_s"][1])
    assert b"custom,," in results.trials.to_csv().splitlines()[2]
    write_results(results, tmp_path / "out", "netcdf")
    with xarray.open_dataset(tmp_path / "out" / "results.nc", engine="h5netcdf") as data:
        assert dict(data.sizes) == {"noise.dephasing_rate": 3, "time_index": 5}
        assert (
            data["noise.dephasing_rate"].values.tolist() == ["0.1", "[0.1, 0.2]", "[0.3, 0.4]"]
            or len(data["noise.dephasing_rate"]) == 3
        )


@pytest.mark.parametrize("kind", ["csv", "parquet", "netcdf"])
@pytest.mark.parametrize(
    "sweep",
    [
        {"noise": ["dephasing", "emission", {"name": "mixed", "dephasing_rate": [0.1, 0.2]}]},
        {"probes[1].tilt": [0.0, 0.25]},
        {"seed": [1, 2**64, 2**200]},
        {"times_s": [[0.1, 0.2, 0.3], [0.5]]},
        {"allocation": ["equal", "optimal"], "readout_error.up_given_down": [0.0, 0.1]},
        {"estimators": ["auto", ["tomography", "parameter_shift"]]},
    ],
    ids=lambda sweep: ",".join(sweep),
)
def test_whatever_is_swept_can_be_exported_in_every_format(tmp_path, sweep, kind):
    probes = ["ghz", {"probe": "product"}]
    results = of(tmp_path, {"probes": probes, "readout_error": {"up_given_down": 0.0}}, sweep=sweep)
    paths = write_results(results, tmp_path / "out", kind)
    assert all(path.stat().st_size for path in paths)
    if kind == "netcdf":
        with xarray.open_dataset(paths[0], engine="h5netcdf") as data:
            assert int(np.isfinite(data["integrated_gain_s"]).sum()) == len(results.trials)
    elif kind == "parquet":
        assert len(pandas.read_parquet(paths[0])) == len(results.trials)


def test_a_trial_that_stands_twice_is_a_row_twice_and_a_list_in_xarray(tmp_path):
    noises = [{"name": "a", "dephasing_rate": 0.1}, {"name": "b", "dephasing_rate": 0.1}]
    results = of(tmp_path, {"probes": "ghz", "noise": noises}, sweep={"noise[1].dephasing_rate": [0.2, 0.3]})
    assert len(results.trials) == 4
    assert results.trials.values["integrated_gain_s"][0] == results.trials.values["integrated_gain_s"][2]
    assert dict(results.to_dataset().sizes) == {"trial": 4, "time_index": 5}


def test_a_record_exports_as_a_study_does(tmp_path):
    spec = {"schema": 1, "name": "one", **studies.RUN, "num_qubits": [1, 2]}
    record = run(RunSpec.from_dict(spec), tmp_path / "records")
    results = results_of(record)
    rows = record.read_json("summary.json")["rows"]
    assert results.trials.values["integrated_gain_s"] == [row["integrated_gain_s"] for row in rows]
    assert results.trials.attributes["spec_id"] == record.spec.id
    assert results.trials.attributes["provenance"][0]["versions"]["qsense"]
    for kind in ("csv", "parquet", "netcdf"):
        done = studies.command("export", record.path, "--format", kind, "--out", tmp_path / kind)
        assert done.returncode == 0, done.stderr
    with xarray.open_dataset(tmp_path / "netcdf" / "results.nc", engine="h5netcdf") as data:
        assert dict(data.sizes) == {"probe": 2, "num_qubits": 2, "time_index": 5}
    studied = of(tmp_path, {"num_qubits": [1, 2]})
    shared = [name for name in results.trials.values if name in studied.trials.values]
    assert {"integrated_gain_s", "z", "shots_total", "seed", "dephasing_rate_per_s"} <= set(shared)
    both = [dict(zip(t.trials.values, row, strict=True)) for t in (results, studied)
            for row in zip(*t.trials.values.values(), strict=True)]  # fmt: skip
    one, two = both[:4], both[4:]
    key = lambda row: (row["probe"], row["num_qubits"])  # noqa: E731
    for a, b in zip(sorted(one, key=key), sorted(two, key=key), strict=True):
        assert {name: a[name] for name in shared} == {name: b[name] for name in shared}


def test_what_cannot_be_written_is_one_line(results, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ContentError, match=r"cannot be written: .*choose another folder"):
        write_results(results, tmp_path / "file", "csv")
    with pytest.raises(ArgumentError, match=r'Unknown format "csw"\. Did you mean "csv"'):
        write_results(results, tmp_path, "csw")


def test_text_columns_stay_text_and_whole_numbers_whole():
    columns = Columns({"a": ["x", None], "n": [1, 2], "f": [1, None], "big": [1, 2**70], "seed": [5, 2**63 - 1]})
    frame = columns.to_frame()
    assert frame["a"].tolist() == ["x", ""]
    assert frame["n"].dtype == np.int64
    assert frame["seed"].tolist() == [5, 2**63 - 1]
    assert frame["f"].dtype == "Int64"
    assert pandas.isna(frame["f"][1])
    assert frame["big"].tolist() == ["1", str(2**70)]
    assert columns.units == {"n": "1", "f": "1", "seed": "1"}
    assert len(Results(columns, []).trials) == 2


KINDS = {
    "truth": [True, False, True],
    "truth or none": [True, None, False],
    "whole": [1, 2**63 - 1, 3],
    "whole or none": [1, None, 3],
    "large whole or none": [1, None, 2**53 + 1],
    "number": [0.5, 1.0, -0.1],
    "number or none": [0.1, None, 3],
    "text": ["1", "true", "nan"],
    "list": [["auto", True, None], [0.1], {"a": "b"}],
    "truth or number": [True, 1, 0.5],
}


def table_of(path, kind):
    trials = Columns({"num_qubits": [1, 2, 3], "probe": ["ghz"] * 3, **KINDS, "is_swept": [False, True, True]})
    curve = {name: [0.5, 0.25] for name in ("time_s", "gain", "stderr", "low", "high", "gain_exact")}
    curves = [{**curve, "shots": [2**60, 7]} for _ in range(3)]
    return write_results(Results(trials, curves), path, kind)


def test_parquet_and_csv_keep_the_type_of_every_column(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra `data`")
    trials, curves = table_of(tmp_path, "parquet")
    table = parquet.read_table(trials)
    types = {name: str(table.schema.field(name).type) for name in KINDS}
    for name, values in KINDS.items():
        expected = "string" if isinstance(values[0], (str, list)) or name == "truth or number" else {
            "truth": "bool", "whole": "int64", "large": "int64", "number": "double"}[name.split()[0]]  # fmt: skip
        assert types[name].removeprefix("large_") == expected, name
        as_text = [json.dumps(value) if isinstance(value, (list, dict)) else str(value) for value in values]
        assert table[name].to_pylist() == (as_text if expected == "string" else values), name
    assert parquet.read_table(curves)["shots"].to_pylist() == [2**60, 7] * 3
    lines = table_of(tmp_path, "csv")[0].read_text().splitlines()
    assert lines[1].startswith('1,ghz,True,True,1,1,1,0.5,0.1,1,"[""auto"", true, null]",True,')
    assert lines[2].startswith("2,ghz,False,,9223372036854775807,,,1.0,,true,[0.1],1,")


def test_netcdf_keeps_the_type_of_every_column(tmp_path):
    pytest.importorskip("h5netcdf", reason="needs the extra `data`")
    (path,) = table_of(tmp_path, "netcdf")
    with xarray.open_dataset(path, engine="h5netcdf") as data:
        for name, values in KINDS.items():
            found = data[name].values
            if name in ("truth", "whole"):
                assert found.dtype == (bool if name == "truth" else np.int64)
            if name in ("list", "truth or number") or isinstance(values[0], str):
                values = [json.dumps(value) if isinstance(value, (list, dict)) else str(value) for value in values]
                assert found.tolist() == values, name
            elif name == "large whole or none":
                assert found.tolist() == ["1", "", str(2**53 + 1)]
                assert "units" not in data[name].attrs  # it is text
            else:
                assert [None if value != value else value for value in found.tolist()] == values, name
        assert data["gain_shots"].values.tolist() == [[2**60, 7]] * 3
    with xarray.open_dataset(path, engine="h5netcdf", mask_and_scale=False) as data:
        assert data["whole or none"].values.tolist() == [1, -(2**63), 3]
        assert data["truth or none"].values.tolist() == [1, -1, 0]
        assert data["truth or none"].attrs["flag_meanings"] == "false true"
