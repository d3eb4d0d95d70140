"""Plans for devices beside counts of their fakes; the command, its JSON and the spec that runs as it is."""

import json
import re
import sys

import numpy as np
import pytest

import qsense
from qsense.backends import sampler
from qsense.circuits.sensing import Experiment, Settings
from qsense.cli import main
from qsense.noise import LocalNoise
from qsense.planning.device_source import DeviceSource
from qsense.planning.plan import plan_of
from qsense.planning.question import Factors, Question
from qsense.probes import Probe
from qsense.signals import Pulses, Signal
from qsense.workflow.shots import shots_for

pytest.importorskip("qiskit_ibm_runtime")
SHOTS = 20000


@pytest.fixture(scope="module")
def manila():
    return sampler("fake:manila")


@pytest.fixture(scope="module")
def plan(manila):
    return plan_of(DeviceSource(manila, "fake:manila"), Question((2, 3), dead_time=3e-6), None, "fake:manila")


def frequencies(manila, probe, ending, rows, seed):
    """Of every outcome, for directions (polar, azimuth) of each spin, one row each."""
    from qsense.circuits.sensing import Settings

    polars, azimuths = (np.array([[spin[k] for spin in row] for row in rows]) for k in (0, 1))
    settings = Settings(np.zeros_like(polars), polars, azimuths)
    counts = manila.sample(Experiment(probe, 0.0, ending), settings, SHOTS, LocalNoise(), seed)
    return counts.table() / SHOTS


def test_planned_and_counted_gain_of_ghz_agree_at_the_start(manila, plan):
    """By the loss flag, spin 0 along x among shots without a flag: G = N² (kept up − down)²/kept."""
    row = plan.row("ghz", 2)
    assert row.readout == "loss_flag"
    seen = frequencies(manila, Probe.ghz(2), "loss_flag", [[(np.pi / 2, 0.0), (0.0, 0.0)]], 11)[0]
    kept, fringe = seen[0] + seen[1], seen[0] - seen[1]
    error = 4 * 2 * np.sqrt(1 - fringe**2) / np.sqrt(SHOTS)
    low, high = row.intervals["gain_start"][1:]
    assert low - 3 * error < 4 * fringe**2 / kept < high + 3 * error
    assert abs(4 * fringe**2 / kept - row.gain_start) < 0.03 * row.gain_start


def test_planned_and_counted_gain_of_product_spins_agree_at_the_start(manila, plan):
    row = plan.row("product", 2)
    assert row.qubits == plan.row("ghz", 2).qubits
    seen = frequencies(manila, Probe.product(2), "directions", [[(np.pi / 2, 0.0)] * 2], 12)[0]
    spins = [seen[0] + seen[2] - seen[1] - seen[3], seen[0] + seen[1] - seen[2] - seen[3]]
    found = sum(spin**2 for spin in spins)
    assert abs(found - row.gain_start) < 4 * np.sqrt(2) * 2 * np.sqrt(1 - min(spins) ** 2) / np.sqrt(SHOTS)


def test_dead_times_are_those_asked_for_and_those_that_the_device_reports(manila, plan):
    row, product = plan.row("ghz", 3), plan.row("product", 3)
    target = manila.backend.target
    reading = max(target["measure"][(qubit,)].duration for qubit in row.qubits)
    assert product.overhead_s == reading
    assert row.overhead_s > reading
    np.testing.assert_allclose(product.device_s, product.shots * (product.best_time_s + reading + 3e-6), rtol=1e-12)


def test_shots_of_the_spec_count_what_preparation_and_readout_take(manila):
    """`qsense shots` of the spec has the G of its plan; without that the emulator is better than the device."""
    found = plan_of(DeviceSource(manila, "fake:manila"), Question((2,), goal="img"), None, "fake:manila")
    spec = found.to_spec()
    needed = shots_for(qsense.RunSpec.from_dict(spec), "5%")
    rows = [found.row(kind, 2) for kind in ("ghz", "product")]
    assert [one.shots for one in needed] == pytest.approx([row.cost.circuit_shots for row in rows], rel=0.04)
    assert [one.seconds for one in needed] == pytest.approx([row.device_s for row in rows], rel=0.04)
    assert spec["plan"]["calibration_shots"] == 2000 * 4  # none, all and either spin up
    bare = shots_for(qsense.RunSpec.from_dict({key: spec[key] for key in spec if key != "plan"}), "5%")
    assert all(less.shots < 0.9 * one.shots for less, one in zip(bare, needed, strict=True))


def test_the_command_prints_a_verdict_and_writes_a_spec_that_runs(tmp_path, monkeypatch, capsys, without_figures):
    monkeypatch.chdir(tmp_path)
    words = ["plan", "--backend", "fake:manila", "--num-qubits", "2", "--goal", "field", "--shots", "2000"]

    def call(*more):
        monkeypatch.setattr(sys, "argv", ["qsense", *words, *more])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, capsys.readouterr().out

    status, out = call("--out", "plan.toml")
    assert status in (0, None)
    assert re.search(r"^(Use |Undecided)", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80
    status, out = call("--json")
    rows = json.loads(out)["rows"]
    assert {row["probe"] for row in rows} == {"ghz", "product"}
    record = qsense.run("plan.toml", out=tmp_path)
    assert record.spec.plan is not None
    assert {tuple(row["qubits"]) for row in rows} == {tuple(p.qubits) for p in record.spec.device.placements}


@pytest.mark.parametrize("idle", ["hahn", "xy4"])
def test_planned_and_counted_gain_under_pulses_agree(manila, idle):
    """Pulses cost their errors, and turn which branch of GHZ relaxes; the field is in step with them: (2/π)²."""
    signal, pulses, time = Signal(frequency="matched"), Pulses.named(idle), manila.rounded(8e-6)
    plan = plan_of(
        DeviceSource(manila, "fake:manila"), Question((2,), signal=signal, pulses=pulses), None, "fake:manila"
    )
    curves, one = plan.site(2).curves, Factors.scaled([1.0], 2)
    planned = {name: float(curves[name].gain(np.array([time]), one)[0, 0]) for name in ("ghz", "product")}
    x, along = [(np.pi / 2, 0.0)], [(0.0, 0.0)]
    found = {}
    for name, probe, ending, row in (
        ("ghz", Probe.ghz(2), "loss_flag", x + along), ("product", Probe.product(2), "directions", 2 * x)
    ):  # fmt: skip
        polars, azimuths = (np.array([[spin[k] for spin in row]]) for k in (0, 1))
        experiment = Experiment(probe, time, ending, signal, pulses)
        counts = manila.sample(experiment, Settings(np.zeros_like(polars), polars, azimuths), SHOTS, LocalNoise(), 13)
        found[name] = counts.table()[0] / SHOTS
    kept, fringe = found["ghz"][0] + found["ghz"][1], found["ghz"][0] - found["ghz"][1]
    assert abs(4 * fringe**2 / kept / planned["ghz"] - 1) < 0.04
    spins = [found["product"] @ np.array(signs) for signs in ([1, -1, 1, -1], [1, 1, -1, -1])]
    assert abs(sum(spin**2 for spin in spins) / planned["product"] - 1) < 0.04


def test_times_that_are_not_reported_are_said_and_the_advice_hangs_on_them():
    """T2 is taken as 2 T1 where a device reports none; where a shorter one would turn the advice, it says so."""
    from vendors import Vendor, line_target

    def planned(t2):
        opened = Vendor(line_target(t1=100e-6, t2=t2))
        return plan_of(DeviceSource(sampler("fake:vendor", opened=opened), "vendor"), Question((2,)), None, "vendor")

    silent, longest, half, cut = (planned(t2) for t2 in (None, 200e-6, 50e-6, 250e-6))
    assert ["T2 is not reported" in one for one in silent.assumed] == [True, True]
    assert silent.to_dict()["assumed"] == list(silent.assumed)
    assert ["was cut" in one for one in cut.assumed] == [True, True]
    assert longest.assumed == ()
    for plan in (silent, cut):
        np.testing.assert_allclose(plan.row("ghz", 2).rate_s, longest.row("ghz", 2).rate_s)
    assert (silent.advice.probe, half.advice.probe) == ("ghz", "product")
    said = re.search(r"T2 of qubits \d, \d, taken as 2 T1: with T2 = T1/2 .* has (\S+) dB", silent.advice.sentence)
    # A device that does report it makes other gate errors of it; they hardly count.
    assert abs(float(said[1]) - half.row("ghz", 2).advantage_db.value) < 0.1
    assert not any("does not report" in plan.advice.sentence for plan in (longest, half, cut))
