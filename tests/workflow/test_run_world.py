"""Runs with signals, pulses and noise that spins share: what is estimated is the exact G of the whole world.

Seeded; each |z| < 4.5 fails for right numbers once in 150 000.
"""

import json
import shutil
from math import exp, pi

import pytest
import tomli_w
from scipy.integrate import quad
from typer.testing import CliRunner

import qsense
from qsense import RunSpec
from qsense.cli import app
from qsense.errors import SpecError
from qsense.runs.preparation import prepare_run

pytestmark = pytest.mark.usefixtures("without_figures")

SPEC = {
    "schema": 1,
    "name": "world",
    "probes": ["ghz", "product"],
    "num_qubits": [2, 4],
    "noise": [{"dephasing_rate": 0.1}],
    "estimators": ["auto"],
    "field_rad_per_s": 0.3,
    "shots": 4000,
    "seed": 3,
}


def rows_of(tmp_path, **changes):
    record = qsense.run(RunSpec.from_dict({**SPEC, **changes}), tmp_path)
    again = qsense.estimate(record.path)
    assert again.summary() == record.summary()
    return {(row["probe"], row["num_qubits"]): row for row in record.summary()["rows"]}


def test_a_gradient_is_sensed_by_matched_signs_as_if_there_were_no_shared_field(tmp_path):
    rows = rows_of(
        tmp_path, signal={"weights": "alternating"}, noise=[{"dephasing_rate": 0.1, "collective_dephasing_rate": 1.0}]
    )
    for probe, size, exact in (("ghz:+-", 2, 5.0), ("ghz:+-+-", 4, 10.0)):
        row = rows[probe, size]
        assert row["integrated_gain_exact_s"] == pytest.approx(exact, rel=1e-9)
        assert abs(row["z"]) < 4.5
    # Of the product probe a bound is measured, (∂<M>)²/Var M with M across the mean spins: at φ = 0 slopes of
    # η e^{−X/2}, X = 4Γt, and <σσ> = ±c of spins of equal and of opposite sign, c = η² (1 − e^{−2X})/2.
    bound = quad(lambda t: exp(-4.4 * t) / (1 - exp(-0.4 * t) * (1 - exp(-8 * t)) / 2), 0, 20)[0]
    for size in (2, 4):
        row = rows["product", size]
        assert row["quantity"] == "integrated_gain_bound"
        assert row["integrated_gain_exact_s"] == pytest.approx(size * bound, rel=1e-7)


def test_an_alternating_field_between_pulses_has_the_share_of_its_weight(tmp_path):
    """G = (2/π)² of the constant field's, N/4γ, as dephasing is white and pulses change nothing else."""
    rows = rows_of(tmp_path, signal={"frequency_hz": "matched"}, idle="cpmg:2")
    for (_, size), row in rows.items():
        assert row["integrated_gain_exact_s"] == pytest.approx((2 / pi) ** 2 * size / 0.4, rel=1e-6)
        assert row["integrated_gain_s"] == pytest.approx(row["integrated_gain_exact_s"], rel=0.2)
        assert abs(row["z"]) < 4.5


def test_slow_shared_noise_decays_as_a_gaussian(tmp_path):
    """GHZ of N spins under a frozen common detuning σ: G = N² exp(−N²σ²t²), 𝓘 = N √π / 2σ."""
    shared = {"space": "collective", "memory": "quasi_static", "spread_rad_per_s": 0.5}
    rows = rows_of(tmp_path, noise=[{"phase_noise": [shared]}], probes=["ghz"])
    for (_, size), row in rows.items():
        assert row["integrated_gain_exact_s"] == pytest.approx(size * pi**0.5 / (2 * 0.5), rel=1e-9)
        assert abs(row["z"]) < 4.5


def test_a_backend_that_cannot_do_a_part_says_who_can(monkeypatch):
    from qsense import backends

    class Other:
        name = "other:simulator"

        def check(self, experiment):
            pass

    monkeypatch.setattr(backends, "sampler", lambda *args, **options: Other())
    for changes, part in (
        ({"noise": [{"collective_dephasing_rate": 0.1}]}, "noise that spins share"),
        ({"idle": "hahn", "signal": {"frequency_hz": "matched"}}, 'pulses while the spins sense (idle = "hahn")'),
        ({"signal": {"frequency_hz": 0.01}, "times_s": [0.5, 1.0]}, "an alternating field"),
    ):
        with pytest.raises(SpecError) as caught:
            prepare_run(RunSpec.from_dict({**SPEC, **changes}), None)
        assert f'The backend "other:simulator" cannot do {part}' in str(caught.value)
        assert 'use backend = "emulator" or "aer"' in str(caught.value)
    assert prepare_run(RunSpec.from_dict(SPEC), None).points


def test_a_record_with_its_signal_outside_of_the_pulses_is_shown_and_estimated(tmp_path):
    """Such records were made by earlier versions; their counts are those of a window without pulses."""
    plain = RunSpec.from_dict({**SPEC, "probes": ["product"], "num_qubits": [2], "shots": 200})
    record = qsense.run(plain, tmp_path)
    old = RunSpec.from_dict({**plain.to_dict(), "device": {"idle": "xy4"}})
    made = tmp_path / f"{old.name}-{old.id}"
    shutil.copytree(record.path, made)
    (made / "spec.toml").write_text(tomli_w.dumps(old.to_dict()))
    # On a device nobody knows what is shared, and its line says what the counts would not show.
    old_rows, new_rows = qsense.estimate(made).summary()["rows"], record.summary()["rows"]
    assert all("would not show" in row.pop("assumptions")[0]["consequence"] for row in old_rows)
    assert old_rows == [{key: value for key, value in row.items() if key != "assumptions"} for row in new_rows]
    for path, is_old in ((made, True), (record.path, False)):
        shown = CliRunner().invoke(app, ["show", str(path)]).output
        assert ("signal outside of the pulses" in " ".join(shown.split())) == is_old
        found = json.loads(CliRunner().invoke(app, ["show", str(path), "--json"]).output)
        assert found.get("signal_outside_pulses") == ("xy4" if is_old else None)
    again = CliRunner().invoke(app, ["rerun", str(made), "--out", str(tmp_path / "again")])
    assert "cannot be measured again by this version; write a new spec" in f"{again.output}{again.exception}"
    with pytest.raises(SpecError, match='idle = "xy4" refocuses a constant field'):
        qsense.run(old, tmp_path)
