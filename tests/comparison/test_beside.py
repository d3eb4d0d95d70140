"""A record beside another one, and beside another noise: ratios, z, p-values, what changed, by formulas."""

import json
import math

import in_process
import numpy as np
import pytest
from scipy import stats

import qsense
from qsense import LocalNoise, RunSpec
from qsense.comparison.agreement import agreement
from qsense.comparison.beside_noise import lead_rows, noise_rows
from qsense.comparison.beside_spec import spec_rows
from qsense.comparison.between import _compared, compare_records, what_changed
from qsense.comparison.ratio import fieller
from qsense.errors import ArgumentError, RecordError
from qsense.estimators.result import Estimate

SPEC = {
    "schema": 1, "name": "one", "probes": ["ghz", "product"], "num_qubits": [2, 3], "estimators": ["auto"],
    "noise": [{"name": "lab", "dephasing_rate": 0.1}], "field_rad_per_s": 0.2, "shots": 400, "seed": 1,
}  # fmt: skip
TIMES = [0.1, 0.5, 1.5]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    changes = {
        "one": {},
        "two": {"seed": 2, "noise": [{"name": "other-lab", "dephasing_rate": 0.2}]},
        "part": {"num_qubits": [3], "probes": "ghz", "noise": [{"name": name, "dephasing_rate": 0.1} for name in "ab"]},
        "alone": {"num_qubits": [1], "probes": "product"},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        return {
            name: qsense.run(RunSpec.from_dict({**SPEC, "name": name, **change, "times_s": TIMES}), folder)
            for name, change in changes.items()
        }


@pytest.fixture
def command(monkeypatch, capsys, records):
    def call(*words):
        where = ["--records", str(records["one"].path.parent)]
        return in_process.qsense(monkeypatch, capsys, "compare", *words, *where)

    return call


def test_ratios_and_z_are_those_of_the_summaries(records):
    found = compare_records(records["one"], records["two"])
    assert found.unmatched == (0, 0)
    own, others = (records[name].summary()["rows"] for name in ("one", "two"))
    assert len(found.rows) == len(own) == 4
    for row, a, b in zip(found.rows, own, others, strict=True):
        assert (row["probe"], row["num_qubits"], row["noise"], row["other_noise"]) == (
            a["probe"], a["num_qubits"], "lab", "other-lab",
        )  # fmt: skip
        errors = [one["integrated_gain_stderr_s"] for one in (a, b)]
        values = [one["integrated_gain_s"] for one in (a, b)]
        assert row["ratio"] == pytest.approx(values[0] / values[1])
        assert row["z"] == pytest.approx((values[0] - values[1]) / math.hypot(*errors))
        for end in (row["ratio_low"], row["ratio_high"]):  # where one − r·other is 1.96 of its errors from 0
            z = (values[0] - end * values[1]) / math.hypot(errors[0], end * errors[1])
            assert abs(z) == pytest.approx(1.96, abs=0.001)
        assert row["withheld"] is None
    assert found.rows[-1]["differs"] is True  # twice the rate, half of 𝓘
    assert found.changed["noise.dephasing_rate"] == (0.1, 0.2)
    assert found.changed["seed"] == (1, 2)
    assert "shots" not in found.changed


def test_what_few_times_miss_of_both_curves_cancels_in_their_ratio():
    """It has a sign and is part of both errors, but is no chance: the ratio of curves alike knows nothing of it."""
    rng, chance, missed = np.random.default_rng(3), (0.05, 0.03), (0.2, 0.1)
    draws = np.array([2.0, 1.0]) + missed + rng.normal(size=(2000, 2)) * chance
    errors = [math.hypot(*both) for both in zip(chance, missed, strict=True)]
    held, wide = (
        [low <= 2 <= high for low, high in (
            fieller(Estimate(a, errors[0]), Estimate(b, errors[1]), covariance) for a, b in draws
        )] for covariance in (missed[0] * missed[1], 0.0)
    )  # fmt: skip
    assert 0.935 < np.mean(held) < 0.965  # 95 %, known to 0.5 %
    assert np.mean(wide) > 0.999
    names = {
        "probe": "ghz",
        "num_qubits": 2,
        "noise": "lab",
        "estimator": "auto",
        "shots": 9,
        "quantity": "q",
        "refused": [],
    }
    rows = [
        {**names, "integrated_gain_s": value, "integrated_gain_stderr_s": error}
        for value, error in zip((2.2, 1.1), errors, strict=True)
    ]
    z = _compared(*rows, covariance=missed[0] * missed[1])["z"]
    assert z == pytest.approx(1.1 / math.hypot(*chance, missed[0] - missed[1]))


def test_where_the_rule_misses_something_the_records_ratio_knows_it(tmp_path):
    """Emission bends the curve of a GHZ probe: three times miss a part of it, of both records alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        bent = {**SPEC, "probes": "ghz", "num_qubits": [3], "noise": [{"name": "lab", "emission_rate": 0.4}]}
        both = [qsense.run(RunSpec.from_dict({**bent, "times_s": TIMES, "seed": k}), tmp_path) for k in (1, 2)]
    rows = [one.summary()["rows"][0] for one in both]
    values, errors, missed = (
        [row[f"{key}_s"] for row in rows] for key in ("integrated_gain", "integrated_gain_stderr", "rule_error")
    )
    assert min(map(abs, missed)) > 0.3 * max(errors)
    (found,) = compare_records(*both).rows
    variance = errors[0] ** 2 + errors[1] ** 2 - 2 * missed[0] * missed[1]
    assert found["z"] == pytest.approx((values[0] - values[1]) / math.sqrt(variance))


def test_rows_that_cannot_be_compared_say_why(records, tmp_path, command):
    import shutil

    copy = tmp_path / records["one"].path.name
    shutil.copytree(records["one"].path, copy)
    changed = qsense.RunRecord.load(copy)
    same = compare_records(records["one"], changed)
    assert {row["withheld"] for row in same.rows} == {"the same counts"}
    assert {row["z"] for row in same.rows} == {None}
    summary = changed.summary()
    summary["rows"][0]["quantity"] = "integrated_gain_bound"
    summary["rows"][1]["assumptions"] = [{"name": "known phase", "held": False}]
    (copy / "summary.json").write_text(json.dumps(summary))
    why = [row["withheld"] for row in compare_records(records["two"], changed).rows]
    assert why == [
        "not the same quantity: integrated_gain and integrated_gain_bound",
        "the counts refuse: known phase", None, None,
    ]  # fmt: skip
    summary["rows"][1]["assumptions"][0]["name"] = "readout calibrated"  # part of both
    (copy / "summary.json").write_text(json.dumps(summary))
    row = compare_records(records["two"], changed).rows[1]
    assert (row["withheld"], row["noted"]) == (None, ["readout calibrated"])
    for value in (math.nan, "much", None):
        summary["rows"][0]["integrated_gain_s"] = value
        (copy / "summary.json").write_text(json.dumps(summary))
        with pytest.raises(RecordError, match="qsense estimate"):
            compare_records(records["two"], changed)


def test_another_name_of_the_noise_goes_with_the_only_one_alone(records):
    with pytest.raises(ArgumentError, match="no probe with the same N"):
        compare_records(records["one"], records["part"])
    with pytest.raises(ArgumentError, match="itself"):
        compare_records(records["one"], records["one"])


def test_what_changed_goes_by_names():
    tables = [{"name": "a", "rate": 1}, {"name": "b", "rate": 1}]
    other = [tables[1], {"name": "a", "rate": 2}]
    assert what_changed({"x": {"noise": tables}, "n": [2]}, {"x": {"noise": other}, "n": [2], "more": 5}) == {
        "x.noise.a.rate": (1, 2), "more": (None, 5),
    }  # fmt: skip


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_another_noise_predicts_what_its_formula_says(records, rate):
    found = noise_rows(records["one"], LocalNoise(rate, name="guess"))
    measured = records["one"].read_csv("estimates.csv")
    assert [len(point["times"]) for point in found] == [3] * 4
    for point in found:
        number, is_ghz = point["num_qubits"], point["probe"] == "ghz"
        square = 0.0
        for row, time in zip(point["times"], TIMES, strict=True):
            decay = -4 * (number if is_ghz else 1) * time
            size = number**2 if is_ghz else number
            assert row["predicted"] == pytest.approx(size * math.exp(decay * rate))
            assert row["predicted_by_spec"] == pytest.approx(size * math.exp(decay * 0.1))
            (own,) = [
                one
                for one in measured
                if (one["probe"], one["num_qubits"], one["time_s"]) == (point["probe"], number, time)
            ]
            assert row["z"] == pytest.approx((own["gain"] - row["predicted"]) / own["stderr"])
            square += row["z"] ** 2
        assert point["p_value"] == pytest.approx(stats.chi2.sf(square, 3))
        assert (point["p_value"] == point["p_value_by_spec"]) is (rate == 0.1)
        assert point["p_value_by_spec"] > 0.001
    if rate == 0.3:
        assert max(point["p_value"] for point in found) < 1e-6


def test_a_factor_of_a_device_is_fitted_first():
    predicted, errors = np.array([4.0, 2.0, 1.0]), np.array([0.1, 0.1, 0.2])
    found = agreement(predicted, 0.8 * predicted, errors, True)
    assert (found.amplitude.value, found.p_value) == (pytest.approx(0.8), pytest.approx(1.0))
    values = np.array([3.0, 1.9, 0.5])
    found = agreement(predicted, values, errors, True)
    grid = np.linspace(0.6, 1.0, 400001)
    squares = (((values[:, None] - predicted[:, None] * grid) / errors[:, None]) ** 2).sum(0)
    assert found.amplitude.value == pytest.approx(grid[squares.argmin()], abs=2e-6)
    within = grid[squares < squares.min() + 1]  # one standard error
    assert found.amplitude.stderr == pytest.approx((within[-1] - within[0]) / 2, rel=1e-3)
    assert found.p_value == pytest.approx(stats.chi2.sf(squares.min(), 2), rel=1e-6)
    alone = agreement(predicted[:1], values[:1], errors[:1], True)
    assert (alone.p_value, alone.z, alone.no_z) == (None, (None,), "one time does not tell a factor from decay")
    plain = agreement(predicted, values, errors)
    assert plain.p_value == pytest.approx(stats.chi2.sf((((values - predicted) / errors) ** 2).sum(), 3))


@pytest.mark.parametrize("error", [0.0, math.nan, math.inf])
@pytest.mark.parametrize("is_fitted", [False, True])
def test_where_no_error_is_known_there_is_no_z_and_it_is_said(error, is_fitted):
    predicted, values = np.array([4.0, 2.0, 1.0]), np.array([4.1, 1.9, 1.1])
    found = agreement(predicted, values, np.array([0.1, error, 0.2]), is_fitted)
    rest = agreement(predicted[[0, 2]], values[[0, 2]], np.array([0.1, 0.2]), is_fitted)
    assert found.z == (rest.z[0], None, rest.z[1])
    assert found.p_value == rest.p_value
    assert "no error is known" in found.no_z
    none = agreement(predicted, values, np.full(3, error), is_fitted)
    assert (none.z, none.p_value, none.amplitude) == ((None,) * 3, None, None)


def test_a_table_without_an_error_is_shown_in_plain_words(records, tmp_path, command):
    import shutil

    copy = tmp_path / "alone"
    shutil.copytree(records["alone"].path, copy)
    text = (copy / "estimates.csv").read_text().splitlines()
    place = text[0].split(",").index("stderr")
    lines = [line.split(",") for line in text[1:]]
    lines[0][place] = "0"
    (copy / "estimates.csv").write_text("\n".join([text[0], *map(",".join, lines)]) + "\n")
    (point,) = spec_rows(qsense.RunRecord.load(copy))
    assert point["times"][0]["z"] is None
    assert None not in [row["z"] for row in point["times"][1:]]
    for words in ((), ("--noise", "dephasing")):
        _, out, err = command(str(copy), *words)
        assert "no z (–): no error is known (a standard error of 0 or not finite)" in out
        assert "inf" not in out + err
        json.loads(command(str(copy), *words, "--json")[1])


def test_another_noise_predicts_integrals_crossings_and_a_verdict(records, command):
    rate = 0.15
    noise, record = LocalNoise(rate, name="guess"), records["one"]
    summary = {(row["probe"], row["num_qubits"]): row for row in record.summary()["rows"]}
    for point in noise_rows(record, noise):
        row, number = summary[point["probe"], point["num_qubits"]], point["num_qubits"]
        predicted = number / (4 * rate)  # of both: N² / (4 N rate), and N / (4 rate)
        assert point["integrated_gain_predicted_s"] == pytest.approx(predicted)
        assert point["integrated_gain_by_spec_s"] == pytest.approx(number / 0.4)
        z = (row["integrated_gain_s"] - predicted) / row["integrated_gain_stderr_s"]
        assert point["integrated_gain_z"] == pytest.approx(z)
    leads = lead_rows(record, noise)
    assert [lead["num_qubits"] for lead in leads] == [2, 3]
    for lead, row in zip(leads, record.summary()["crossovers"], strict=True):
        number = lead["num_qubits"]
        root = math.log(number) / (4 * rate * (number - 1))  # N² e^(−4 N rate t) = N e^(−4 rate t)
        assert lead["crossover_predicted_s"] == pytest.approx(root)
        assert lead["crossover_by_spec_s"] == pytest.approx(root * 1.5)
        assert lead["crossover_z"] == pytest.approx((row["crossover_s"] - root) / row["crossover_stderr_s"])
        a, b = summary["ghz", number], summary["product", number]
        error = math.hypot(a["integrated_gain_stderr_s"], b["integrated_gain_stderr_s"])
        assert lead["ratio_predicted"] == pytest.approx(1.0)
        assert lead["ratio_z"] == pytest.approx((a["integrated_gain_s"] - b["integrated_gain_s"]) / error)
        shown = f"{root:.3g} s" if root > 1 else f"{1000 * root:.3g} ms"
        assert lead["verdict"] == (
            f"guess predicts that GHZ leads product until t = {shown}; over all times GHZ neither gains nor loses "
            "beside product (ratio 1.000)."
        )
    out = command(record.path.name, "--noise", "thermal")[1]
    assert out.count("𝓘: ") == 4
    assert "thermal predicts that GHZ leads product until t = " in out


def test_records_of_the_same_random_numbers_have_no_ratio(records, tmp_path):
    """Seed and point alike, readout not: counts move together, and errors of both are not those of the difference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        alike = {**SPEC, "times_s": TIMES, "readout_error": {"up_given_down": 0.02, "down_given_up": 0.02}}
        other = qsense.run(RunSpec.from_dict(alike), tmp_path)
        fresh = qsense.run(RunSpec.from_dict({**alike, "seed": 9}), tmp_path)
    for row in compare_records(records["one"], other).rows:
        assert (row["ratio"], row["z"]) == (None, None)
        assert "the same random numbers" in row["withheld"]
        assert "`seed`" in row["withheld"]
    assert all("random" not in (row["withheld"] or "") for row in compare_records(records["one"], fresh).rows)


def test_refused_and_older_curves_are_not_compared(records, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(records["alone"].path, copy)
    text = (copy / "estimates.csv").read_text().splitlines()
    place = text[0].split(",").index("gain_exact")
    lines = [line.split(",") for line in text[1:]]
    (copy / "estimates.csv").write_text(
        "\n".join([text[0], *(",".join([*one[:place], "0.5", *one[place + 1 :]]) for one in lines)]) + "\n"
    )
    (point,) = noise_rows(qsense.RunRecord.load(copy), LocalNoise(0.1))
    assert "make them again: qsense estimate" in point["withheld"]
    last = [",".join([*one[:-1], "known phase"]) for one in lines]
    (copy / "estimates.csv").write_text("\n".join([text[0], *last]) + "\n")
    (point,) = noise_rows(qsense.RunRecord.load(copy), LocalNoise(0.1))
    assert (point["withheld"], point["times"]) == ("the counts refuse: known phase", [])
    # What is tested beside the spec's curve is no reason to leave out another noise.
    last = [",".join([*one[:-1], "readout calibrated; decay law"]) for one in lines]
    (copy / "estimates.csv").write_text("\n".join([text[0], *last]) + "\n")
    (point,) = noise_rows(qsense.RunRecord.load(copy), LocalNoise(0.1))
    assert (point["withheld"], len(point["times"])) == (None, 3)


def test_noise_that_does_not_go_with_a_run_is_refused(records):
    with pytest.raises(ArgumentError, match="Option --noise for ghz, N = 2"):
        noise_rows(records["one"], LocalNoise((0.1, 0.2, 0.3)))
    with pytest.raises(ArgumentError, match="Option --noise for"):
        noise_rows(records["one"], LocalNoise(transverse=0.1))


def test_the_command_prints_both_and_takes_names(command, records, tmp_path):
    status, out, err = command("one", "--with", "two")
    assert (status, err) == (0, "")
    assert "rows differ" in out
    assert "noise.dephasing_rate: 0.1 | 0.2" in out
    assert max(map(len, out.splitlines())) <= 100
    assert json.loads(command("one", "--with", "two", "--json")[1])["changed"]["seed"] == [1, 2]
    model = tmp_path / "other.toml"
    model.write_text(
        'schema = 1\nname = "guess"\n[dephasing_rate]\nvalue = 0.3\nunit = "1/s"\n'
        'source = "a guess"\ndate = 2026-01-01\n'
    )
    status, out, err = command("one", "--noise", str(model))
    assert (status, err) == (0, "")
    assert out.count("does NOT agree with the noise of guess") == 4
    assert json.loads(command("one", "--noise", str(model), "--json")[1])["noise"]["dephasing_rate"] == 0.3
    status, _, err = command("one", "--noise", str(model), "--with", "two")
    assert (status, err.count("\n")) == (2, 1)
    assert "agrees with the noise of the spec" in command("one")[1]


def test_another_state_of_the_same_name_has_no_ratio(tmp_path):
    states = [[0.6, 0.8], [0.8, 0.6]]
    run = {**SPEC, "num_qubits": 1, "times_s": TIMES, "estimators": "tomography"}
    found = compare_records(
        *(
            qsense.run(RunSpec.from_dict({**run, "seed": seed, "probes": [{"probe": "mine", "state": one}]}), tmp_path)
            for seed, one in enumerate(states)
        )
    )
    (row,) = found.rows
    assert (row["ratio"], row["withheld"]) == (
        None,
        "another state of the same name: its numbers, circuit or tilt differ",
    )
    assert "probes.mine.sha256" in found.changed


@pytest.mark.parametrize(("down", "is_scaled"), [(0.05, True), (0.2, False)])
def test_readout_that_the_exact_values_leave_out_accuses_no_noise(tmp_path, down, is_scaled):
    """Equal errors leave one factor of G; unequal ones bend its curve, and nothing is left to compare."""
    read = {"readout_error": {"up_given_down": 0.05, "down_given_up": down}, "estimators": "tomography"}
    record = qsense.run(RunSpec.from_dict({**SPEC, **read, "num_qubits": 2, "shots": 4000, "probes": "ghz"}), tmp_path)
    (own,) = spec_rows(record)
    assert (own["p_value"], own["times"][0]["z"]) == (None, None)
    assert "`readout_error`" in own["no_z"]
    (other,) = noise_rows(record, LocalNoise(dephasing=0.1))
    if is_scaled:
        assert own["scaled_p_value"] > 1e-3
        assert other["p_value"] > 1e-3
        # (1 − 2·0.05)^2 of each spin's coherence is that of the amplitude, of every outcome of two spins.
        assert own["amplitude"] == pytest.approx((1 - 0.1) ** 4, abs=0.1)
    else:
        assert "amplitude" not in own
        assert "bends the curve" in other["withheld"]
    assert other.get("integrated_gain_z") is None
