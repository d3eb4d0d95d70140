"""Signals, pulses, shared noise and couplings on the command line: numbers of the physics, and errors of one line."""

import json
from math import exp, pi

import pytest
from typer.testing import CliRunner

from qsense.cli import app
from qsense.cli.options import noise_of
from qsense.cli.world_options import described, shared_parts, signal_of, world_with
from qsense.errors import ArgumentError, QsenseError
from qsense.noise import (
    Collective,
    Exponential,
    LocalNoise,
    NoiseModel,
    OrnsteinUhlenbeck,
    Pairs,
    PhaseNoise,
    QuasiStatic,
    White,
    World,
)
from qsense.runs.spec import RunSpec
from qsense.signals import Signal


def answer(*arguments):
    done = CliRunner().invoke(app, ["theory", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_the_gradient_of_two_spins():
    """Checked by hand: GHZ of matched signs does not feel the shared field, 𝓘 = N/4γ; the product loses half."""
    noise = ["--dephasing", 0.1, "--collective-dephasing", 1]
    pair = answer("--probe", "ghz:+-", "--weights", "1,-1", *noise)
    assert pair["integrated_gain_s"] == pytest.approx(5.0, rel=1e-9)
    assert pair["signal"] == {"weights": [1.0, -1.0]}
    assert pair["idle"] == "free"
    assert pair["gain"] == pytest.approx([4 * exp(-8 * 0.1 * t) for t in pair["times_s"]], rel=1e-9)
    assert answer("--probe", "ghz", "--weights", "1,-1", *noise)["probe"] == "ghz:+-"
    assert answer("--probe", "ghz", "--num-qubits", 4, "--weights", "alternating", *noise)["probe"] == "ghz:+-+-"
    product = answer("--probe", "product", "--num-qubits", 2, "--weights", "1,-1", *noise)
    assert product["integrated_gain_s"] == pytest.approx(2.5152, abs=1e-4)


def test_an_alternating_field_is_sensed_between_pulses():
    """CPMG in step with the field: |W| = 2/π whatever the time, and quasi-static noise is refocused."""
    got = answer(
        "--probe", "product", "--num-qubits", 1, "--dephasing", 0.1, "--frequency", "matched", "--idle", "cpmg:4",
        "--phase-noise", "space=collective memory=quasi_static spread=2krad/s",
    )  # fmt: skip
    assert got["signal"] == {"frequency_hz": "matched"}
    assert got["idle"] == "cpmg:4"
    assert got["gain"] == pytest.approx([(2 / pi) ** 2 * exp(-0.4 * t) for t in got["times_s"]], rel=1e-9)


def test_a_tilted_ghz_has_less_gain():
    got = answer("--probe", "ghz", "--num-qubits", 3, "--dephasing", 0.1, "--tilt", 0.6)
    assert got["gain"][0] == pytest.approx(9 * (1 - 0.36))


def test_what_is_written_is_the_noise_of_a_spec():
    got = answer(
        "--probe", "ghz", "--num-qubits", 2, "--t1", "inf", "--t2", 5, "--collective-dephasing", "5 kHz",
        "--phase-noise", "space=collective memory=ornstein_uhlenbeck spread=2krad/s correlation_time=3us",
        "--phase-noise", "space=exponential positions=0,1e-6 length=1e-6 memory=white rate=5kHz",
        "--coupling", "1krad/s",
    )  # fmt: skip
    spec = RunSpec.from_dict({
        "schema": 1, "name": "r", "probes": "ghz", "num_qubits": 2, "noise": got["noise"], "estimators": "auto",
        "field_rad_per_s": 0.2, "shots": 100, "seed": 1,
    })  # fmt: skip
    assert spec.noises == (
        NoiseModel(
            LocalNoise(dephasing=0.1), 5000.0, 1000.0, phase_noise=[
                PhaseNoise(Collective(), OrnsteinUhlenbeck(2000.0, 3e-6)),
                PhaseNoise(Exponential((0.0, 1e-6), 1e-6), White(5000.0)),
            ],
        ),
    )  # fmt: skip


def test_options_and_json_mean_the_same():
    words = shared_parts(["space=pairs pairs=[[0,1,0.5]] memory=quasi_static spread_rad_per_s=2"], None)
    table = {"space": "pairs", "pairs": [[0, 1, 0.5]], "memory": "quasi_static", "spread_rad_per_s": 2}
    assert words == shared_parts([json.dumps(table)], None)
    assert words == {"phase_noise": (PhaseNoise(Pairs(((0, 1, 0.5),)), QuasiStatic(2.0)),)}
    pairs = shared_parts(None, ["spins=0,1 zz=2krad/s", "spins=1,2 dipolar=1"])
    found = NoiseModel(**pairs)
    assert found.pairs(3).tolist() == [[0, 2e3, 0], [0, 0, 0], [0, 0, 0]]
    assert found.pairs(3, dipolar=True).tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    positions = shared_parts(["space=exponential positions=0,1 length=2 memory=white rate=1"], None)
    assert positions["phase_noise"][0].space == Exponential((0.0, 1.0), 2.0)


def test_a_noise_model_may_stand_beside_shared_noise():
    found = noise_of("dephasing", {}, None, None, 1.0, shared_parts(None, None, "0.5"))
    assert found == NoiseModel(LocalNoise.load("dephasing"), 0.5)


def test_the_title_says_everything():
    noise = NoiseModel(LocalNoise(0.1), 0.2, phase_noise=[PhaseNoise(Collective(), QuasiStatic(2.0))])
    assert described(LocalNoise(0.1)) == "dephasing 0.1 1/s"
    assert described(NoiseModel()) == "no noise"
    assert described(World(noise, Signal([1, -1], "matched"), "hahn")) == (
        "dephasing 0.1 1/s, collective dephasing 0.2 1/s, collective quasi_static noise (spread 2 rad/s), signal of "
        "weights 1, -1, field in step with the pulses, pulses hahn"
    )
    assert described(NoiseModel(coupling=[[0, 1], [1, 0]])) == "coupling of a matrix rad/s"


WRONG = [
    (lambda: shared_parts(["space=collective spred=1"], None), 'has "spred=1". Did you mean "spread"?'),
    (lambda: shared_parts(["collective"], None), 'Option --phase-noise must be words key=value, but has "collective"'),
    (lambda: shared_parts(["space=collective memory=static spread=1"], None), 'unknown `memory` "static"'),
    (lambda: shared_parts(["space=collective rate=5us"], None), "`rate`: must be a rate, but"),
    (lambda: shared_parts(["{space"], None), "Option --phase-noise is not valid JSON"),
    (lambda: shared_parts(None, ["spins=0,0 zz=1"]), "must be two different spins"),
    (lambda: shared_parts(None, ["spins=0,1 zz=1"], coupling="2"), "Give the couplings once"),
    (lambda: shared_parts(None, None, "-1x"), "Option --collective-dephasing must be a rate"),
    (lambda: signal_of("1,x", None, 0.0), "Option --weights must be numbers or alternating"),
    (lambda: signal_of(None, "5 us", 0.0), "Option --frequency must be a rate"),
    (lambda: signal_of(None, None, 1.0), "Option --signal-phase goes with an alternating field; give --frequency"),
    (lambda: world_with(LocalNoise(0.1), Signal(), "han"), 'Option --idle: unknown idle sequence "han"'),
    (
        lambda: world_with(LocalNoise(0.1), Signal(), "hahn"),
        "Option --idle hahn refocuses a constant field: an echo senses an alternating one, of f = 1/(2t)",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_option_is_named(call, message):
    with pytest.raises(QsenseError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_optimal_names_what_it_cannot_do():
    words = ["optimal", "--num-qubits", "2", "--dephasing", "1", "--weights", "1,-1"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ArgumentError)
    assert "Option --weights goes with --all-states (N ≤ 8)" in str(done.exception)


@pytest.mark.parametrize("name", ["ghz:+x", "ghz:", "ghz:3"])
def test_wrong_signs_of_a_ghz_probe_are_told(name):
    found = CliRunner().invoke(app, ["theory", "--probe", name, "--dephasing", "0.1"])
    assert found.exit_code != 0
    assert "must have a sign + or - for every spin, such as ghz:+-+" in " ".join(
        f"{found.output} {found.exception}".split()
    )
