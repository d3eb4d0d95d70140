"""What `qsense theory` shows by itself: times that show the decay, several probes and noises, the verdict last."""

import json
from math import exp, log

import forked
import pytest


def answers(*words):
    done = forked.run("theory", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("rate", [0.1, 2.5e5, 3e-7])
@pytest.mark.parametrize("size", [2, 6, 40])
def test_default_times_show_the_decay_and_bracket_the_crossover_in_every_unit(rate, size):
    got = answers("--probe", "ghz", "--num-qubits", size, "--dephasing", rate)
    crossing = log(size) / (4 * rate * (size - 1))  # N² exp(−4Nγt) = N exp(−4γt)
    times = got["times_s"]
    assert times[0] == 0 < times[1] < crossing < times[-1]
    assert exp(-4 * size * rate * times[-1]) < 0.05 + 1e-12
    assert len(times) == 11
    step = times[1] / 10 ** int(f"{times[1]:e}".partition("e")[2])
    assert min(abs(step - one) for one in (1, 2, 2.5, 5)) < 1e-9


def test_the_window_of_the_integral_ends_the_default_times():
    assert answers("--probe", "product", "--num-qubits", 2, "--dephasing", 0.1, "--until", "0.5")["times_s"][-1] == 0.5


def test_probes_and_noises_stand_side_by_side():
    words = ("--probe", "ghz,product,w", "--num-qubits", 3, "--noise", "dephasing,emission")
    got = answers(*words)
    assert [(one["probe"], one["noise"].get("emission_rate", 0) > 0) for one in got] == [
        ("ghz", False), ("product", False), ("w", False), ("ghz", True), ("product", True), ("w", True),
    ]  # fmt: skip
    assert got[0]["times_s"] == got[1]["times_s"] == got[2]["times_s"]
    alone = answers("--probe", "ghz", "--num-qubits", 3, "--noise", "emission")
    assert got[3]["integrated_gain_s"] == alone["integrated_gain_s"]
    done = forked.run("theory", *words)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert "w: G = 0: this state commutes with the field; no time and no readout lets it sense the signal" in lines
    assert lines[-1].startswith("GHZ leads product until ")


def test_times_are_shown_in_a_unit_that_reads_well():
    text = forked.run("theory", "--probe", "ghz", "--num-qubits", 2, "--t1", "inf", "--t2", "10us").stdout
    assert "t (µs)" in text
    assert "𝓘 = ∫G dt = 10 µs" in text  # N/(4γ), γ = 1/(2·T2)
    assert "e-0" not in text.replace("< 2e-0", "")


def test_a_figure_of_several_is_one_panel_with_their_names(tmp_path):
    path = tmp_path / "several.svg"
    done = forked.run(
        "theory", "--probe", "ghz,product", "--num-qubits", 20, "--noise", "dephasing,emission", "--plot", path
    )
    assert done.returncode == 0, done.stderr
    assert f"figure: {path}" in done.stdout
    picture = path.read_text()
    assert picture.count('<g id="axes_') == 1
    alone = tmp_path / "alone.svg"
    assert forked.run("theory", "--probe", "ghz", "--num-qubits", 2, "--dephasing", 1, "--plot", alone).returncode == 0
    assert alone.read_text().count('<g id="axes_') == 3


def test_a_file_whose_name_has_a_comma_is_one_probe(tmp_path):
    import numpy as np

    np.save(tmp_path / "a,b.npy", np.array([1, 0, 0, 1]) / np.sqrt(2))
    got = answers("--probe", tmp_path / "a,b.npy", "--dephasing", 0.1)
    assert got["gain"][0] == pytest.approx(4)


def test_the_verdict_is_true_where_nothing_crosses():
    def last(*words):
        done = forked.run("theory", *words, "--times", "0")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-2:]

    noise = ("--dephasing", "0.1")
    assert last("--probe", "ghz", "--num-qubits", 1, *noise)[1] == "one spin: GHZ and product are the same state"
    assert last("--probe", "w", "--num-qubits", 3, *noise)[1] == "w: G = 0: this state commutes with the field"
    bound, verdict = last("--probe", "ghz", "--num-qubits", 2, "--dephasing", "0")
    assert bound == "no finite bound on 𝓘 is known"
    assert verdict == "GHZ leads product at all times: they never cross"


def test_the_amplitudes_that_optimal_prints_are_of_unit_length():
    done = forked.run("optimal", "--num-qubits", 3, "--dephasing", 0.1)
    line = next(one for one in done.stdout.splitlines() if "amplitudes" in one)
    assert sum(float(one) ** 2 for one in line.rpartition(":")[2].split(",")) == pytest.approx(1, abs=1e-3)
