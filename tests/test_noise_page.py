"""The tables of docs/noise.md: each cell is done, and is right beside an independent value, or is refused in words that
name who can.

What must come out is computed by tests/support/worlds.py, whose Lindblad equations and averages share nothing with
qsense.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import worlds
from pages import run_examples
from referee import fit_p_value, random_settings
from scipy.linalg import lstsq

import qsense
from qsense import backends, emulator
from qsense.backends.vendors.braket import BraketSampler
from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import QsenseError
from qsense.estimators.ghz.method import GhzBlock
from qsense.estimators.product.correlations import pairs
from qsense.noise import World
from qsense.theory.engines import engine_for

pytestmark = pytest.mark.checkout
ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "noise.md").read_text()
TIME, FIELD = 0.6, 0.8
# For each row: its noise for the oracle, and what a spec says beside it.
PARTS = {
    "emission, absorption, dephasing": ({"dephasing": 0.1, "emission": 0.3, "absorption": 0.1}, {}),
    "stretched dephasing": ({"dephasing": 0.3, "exponent": 2.0}, {}),
    "slow noise of each spin": ({"phases": [("local", "ou", 0.9, 0.4)]}, {}),
    "one white field for all": ({"dephasing": 0.1, "phases": [("collective", "white", 0.15)]}, {}),
    "one slow field for all": ({"dephasing": 0.1, "phases": [("collective", "ou", 1.2, 0.4)]}, {}),
    "correlated with distance": ({"dephasing": 0.1, "phases": [("line", "static", 1.0)]}, {}),
    "ZZ coupling": ({"dephasing": 0.1, "zz": 0.9}, {}),
    "ZZ coupling and emission": ({"emission": 0.3, "zz": 0.9}, {}),
    "dipolar coupling": ({"emission": 0.3, "dipolar": 0.9}, {}),
    "transverse noise": ({"dephasing": 0.1, "transverse": 0.15}, {}),
    "weights of both signs": ({"dephasing": 0.1}, {"signal": {"weights": "alternating"}}),
    "field and pulses": (
        {"dephasing": 0.1, "phases": [("collective", "ou", 1.2, 0.4)]},
        {"signal": {"frequency_hz": 1.4}, "idle": "hahn"},
    ),
}
ENGINES = {
    "closed, GHZ": "closed form",
    "closed, product": "closed form",
    "symmetric": "symmetric engine",
    "dense": "dense matrices",
    "Lindblad": "Lindblad equation",
}
BACKENDS = {"emulator": "emulator", "Aer": "aer", "Braket": "braket:local"}
ESTIMATORS = ("ghz", "product", "tomography", "parameter_shift", "moments")
COLUMNS = (*ENGINES, *BACKENDS, "N = 100", "devices", *ESTIMATORS)
DONE, OTHER, REFUSED, WITHHELD, OWN = "✓", "·", "–", "‡", "own"
SKEWED = np.array([0.6, 0.5, 0.2 + 0.3j, 0.1 - 0.5j])
SKEWED = SKEWED / np.linalg.norm(SKEWED)


def tables():
    """(row, column) → cell of every table of the page whose head begins with "part"."""
    found, head = {}, None
    for line in PAGE.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            head = None
        elif head is None:
            head = cells if cells[0] == "part" else []
        elif head and not set(cells[0]) <= set("-:"):
            found |= {(cells[0], column): cell for column, cell in zip(head[1:], cells[1:], strict=True)}
    return found


CELLS = tables()


def test_the_tables_have_every_part_and_every_column():
    assert sorted(CELLS) == sorted((part, column) for part in PARTS for column in COLUMNS)
    assert set(CELLS.values()) <= {DONE, OTHER, REFUSED, WITHHELD, OWN}


def cells(columns, step=1):
    """The cells of some columns; of those that take long, one in `step` of each row and of each column runs always."""
    rows = list(PARTS)
    return [
        pytest.param(part, column, cell, id=f"{part}-{column}", marks=[] if is_first else pytest.mark.study)
        for (part, column), cell in CELLS.items()
        if column in columns
        for is_first in [(rows.index(part) + COLUMNS.index(column)) % step == 0]
    ]


def world_of(part, size=2):
    noise, beside = PARTS[part]
    signal = beside.get("signal", {})
    return World(
        worlds.model_of(noise, size),
        qsense.Signal(signal.get("weights"), signal.get("frequency_hz", 0.0)),
        beside.get("idle", "free"),
    )


def probe_of(kind, part="", size=2):
    if kind == "ghz":
        return qsense.Probe.ghz(size, signs="+-" if part == "weights of both signs" else "")
    if kind == "dicke":
        return qsense.Probe.named("one_axis:0.4", size)
    return qsense.Probe.product(size) if kind == "product" else qsense.Probe.from_state(SKEWED)


def state_at(probe, part, angle):
    """ρ at the collected angle θ of K."""
    noise, beside = PARTS[part]
    weights = [1, -1] if beside.get("signal", {}).get("weights") else [1, 1]
    phases = [angle * weight for weight in weights]
    frequency = beside.get("signal", {}).get("frequency_hz", 0.0)
    return worlds.final_state(probe, noise, TIME, phases, beside.get("idle", "free"), frequency)


def part_collected(part):
    """W of the window: a cosine between the pulses of a Hahn echo, by hand."""
    turn = 2 * np.pi * PARTS[part][1].get("signal", {}).get("frequency_hz", 0.0) * TIME
    return 1.0 if not turn else (2 * np.sin(turn / 2) - np.sin(turn)) / turn


@cache
def right_gain(kind, part, field=FIELD):
    """G about φt by the SLD's linear equation, from a difference of two states."""
    probe, step = probe_of(kind, part), 1e-4
    collected = part_collected(part)
    angle = field * TIME * collected
    rho, ahead, behind = (state_at(probe, part, angle + shift) for shift in (0, step, -step))
    slope, one = (ahead - behind) / (2 * step), np.eye(len(rho))
    system = 0.5 * (np.kron(rho, one) + np.kron(one, rho.T))
    solved = lstsq(system, slope.ravel(), cond=1e-7)[0].reshape(rho.shape)
    return float(np.trace(slope @ solved).real) * collected**2


@pytest.mark.parametrize(("part", "column", "cell"), cells(ENGINES))
def test_the_engine_answers_and_is_right(part, column, cell):
    kinds = {"closed, GHZ": ["ghz"], "closed, product": ["product"], "symmetric": ["dicke"]}.get(
        column, ["skewed", "product"]
    )
    answered = False
    for kind in kinds:
        engine = engine_for(probe_of(kind, part), world_of(part), FIELD)
        if engine.method == ENGINES[column]:
            answered = True
            assert engine.gain(np.array([TIME]))[0] == pytest.approx(right_gain(kind, part), rel=1e-5)
    assert answered == (cell == DONE)
    assert cell in (DONE, OTHER)


MANY = 100
COMMUTATOR = {"estimator": "tomography", "derivative": "commutator"}


def refusal_of(call):
    """The text of a refusal; None where there is none."""
    try:
        call()
    except QsenseError as error:
        return str(error)
    return None


def experiment_of(part, probe, time=TIME, ending="directions"):
    world = world_of(part, probe.num_qubits)
    return Experiment(probe, time, ending, world.signal, world.pulses), world.noise


@pytest.mark.parametrize(("part", "column", "cell"), cells(("emulator", "Aer", "Braket")))
def test_the_backend_counts_what_the_oracle_expects_or_refuses(part, column, cell):
    settings, shots = random_settings(2, 3, seed=5), 2000
    for kind in ("ghz", "product"):
        experiment, noise = experiment_of(part, probe_of(kind, part))
        if cell == REFUSED:
            assert column == "Braket"
            sampler = BraketSampler(None)
            refused = refusal_of(lambda e=experiment, n=noise, s=sampler: s.sample(e, settings, 1, n, 1))
            assert "emulator" in str(refused)
            continue
        assert cell == DONE
        if column == "Braket":
            pytest.importorskip("qiskit_braket_provider", reason="needs the extra braket")
        counts = backends.sampler(BACKENDS[column]).sample(experiment, settings, shots, noise, 7)
        frequency = PARTS[part][1].get("signal", {}).get("frequency_hz", 0.0)
        expected = shots * worlds.probabilities(experiment, PARTS[part][0], settings, frequency)
        assert fit_p_value(counts.table().ravel(), expected.ravel()) > 1e-4


def collected_noise(part, time, size):
    """X of all noise of the phase in rad², and what flips leave of a spin's coherence."""
    noise, beside = PARTS[part]
    found = np.eye(size) * 2 * (2 * noise.get("dephasing", 0.0) * time) ** noise.get("exponent", 1.0)
    for space, memory, *numbers in noise.get("phases", []):
        law = (
            4 * numbers[0] * time
            if memory == "white"
            else worlds.slow_variance(memory, numbers, time, beside.get("idle", "free"))
        )
        found = found + worlds.SPACES[space](size)[1] * law
    return found, np.exp(-(noise.get("emission", 0.0) + noise.get("absorption", 0.0)) * time / 2)


def ghz_gain_of(part, probe, time):
    """N² 4|c|²/(p_b + p_not b) of the fringe's N spins, with the populations of spins that flip one by one."""
    noise, size = PARTS[part][0], probe.num_qubits
    covariance, kept = collected_noise(part, time, size)
    branch = probe.branch
    down, up = noise.get("emission", 0.0), noise.get("absorption", 0.0)
    left = 1 - np.exp(-(down + up) * time)
    lost, gained = (rate / (down + up) * left if down + up else 0.0 for rate in (down, up))
    # Both branches up, all stay up; all down, all come up; and the same for down.
    populations = sum(one**size for one in (1 - lost, gained, lost, 1 - gained)) / 2
    coherence = kept**size * np.exp(-branch @ covariance @ branch / 2) / 2
    return size**2 * 4 * coherence**2 / populations


@pytest.mark.parametrize(("part", "column", "cell"), cells(("N = 100",)))
def test_a_product_probe_of_a_hundred_spins_on_the_emulator(part, column, cell):
    zero = np.zeros((2, MANY))
    settings = Settings(zero, zero + np.pi / 2, np.array([[0.0], [np.pi / 2]]) + zero)
    experiment, noise = experiment_of(part, qsense.Probe.product(MANY))
    if cell == REFUSED:
        refused = refusal_of(lambda: emulator.sample(experiment, settings, 100, noise, 1))
        assert re.search("fewer|leave|theory", str(refused)), refused
        return
    assert cell == DONE
    along, across = pairs(emulator.sample(experiment, settings, 4096, noise, seed=3), [0, 1])
    covariance, kept = collected_noise(part, TIME, MANY)
    one = kept * np.exp(-np.diag(covariance) / 2)
    assert np.abs(np.abs(along.means) - one).max() < 5 / 64
    shared = (np.outer(one, one) * np.sinh(covariance))[np.triu_indices(MANY, 1)].sum()
    assert across.total == pytest.approx(shared, abs=0.1 * shared + 5 * np.sqrt(across.scatter))


@pytest.mark.parametrize(
    "part", [part for part, column in CELLS if column == "N = 100" and CELLS[part, column] == DONE]
)
def test_a_ghz_probe_of_a_hundred_spins_on_the_emulator(part):
    has_signs = part == "weights of both signs"
    probe = qsense.Probe.ghz(MANY, signs="+-" * 50 if has_signs else "")
    time = next(t for t in np.geomspace(1e-6, 1, 400) if ghz_gain_of(part, probe, t) < 0.6 * MANY**2)
    experiment, noise = experiment_of(part, probe, float(time), "loss_flag")
    method = GhzBlock.for_probe(probe, readout="loss_flag")
    method = method.with_weights((1.0, -1.0) * 50) if has_signs else method
    _, settings = method.design(0.0)
    found = method.estimate(emulator.sample(experiment, settings, 4096, noise, seed=4), np.random.default_rng(0))
    assert found.value == pytest.approx(ghz_gain_of(part, probe, time), abs=5 * found.stderr)


@pytest.mark.parametrize(("part", "column", "cell"), cells(("devices",), 2))
def test_a_device_has_its_own_noise_and_senses_the_signal_that_is_asked_for(part, column, cell):
    """With the noise of the spec and without it the counts are the same; each spin points where it was to be turned."""
    pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")
    world, angle, time = world_of(part), 0.7, 2e-6
    turned = np.array([[angle, -angle if part == "weights of both signs" else angle]])
    settings = Settings(turned, turned * 0 + np.pi / 2, turned)
    signal = qsense.Signal(world.signal.weights, 1 / (2 * time) if world.signal.frequency else 0.0)
    experiment = Experiment(probe_of("product"), time, "directions", signal, world.pulses)
    sampler = backends.sampler("fake:manila", idle=world.pulses.name)
    counts = [
        sampler.sample(experiment, settings, 2000, noise, 5).table() for noise in (world.noise, qsense.NoiseModel())
    ]
    assert cell == (OWN if world.is_plain else DONE)
    assert np.array_equal(*counts)
    first, second = counts[0][0] @ np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]]) / 2000
    assert min(abs(first), abs(second)) > 0.8


def spec_of(part, probe, estimator):
    noise, beside = PARTS[part]
    return qsense.RunSpec.from_dict(
        {
            "schema": 1,
            "name": "cell",
            "probes": [probe],
            "num_qubits": [2],
            "noise": [worlds.model_of(noise, 2).to_dict()],
            "estimators": [estimator],
            "field_rad_per_s": FIELD,
            "times_s": [TIME],
            "shots": 20000,
            "backend": "emulator",
            "seed": 11,
            **beside,
        }
    )


def right_readout_gain(part):
    """The classical Fisher information about φt of both spins' outcomes, read across the expected phase."""
    probe, step = probe_of("product", part), 1e-4
    collected = part_collected(part)
    weights = np.array([1, -1] if part == "weights of both signs" else [1, 1])
    angle = FIELD * TIME * collected
    readout = np.kron(*(worlds.turn(np.pi / 2, angle * w - w * np.pi / 2) for w in weights[::-1]))
    one, ahead, behind = (
        np.diag(readout @ state_at(probe, part, angle + shift) @ readout.conj().T).real for shift in (0, step, -step)
    )
    return float(np.sum(((ahead - behind) / (2 * step)) ** 2 / one)) * collected**2


def right_bound(part):
    """(∂<M>)²/Var M about φt, with M the collective spin across the expected phase."""
    probe, step = probe_of("product", part), 1e-4
    collected = part_collected(part)
    angle = FIELD * TIME * collected
    weights = [1, -1] if part == "weights of both signs" else [1, 1]
    turns = [worlds.turn(np.pi / 2, (angle - np.pi / 2) * w) for w in weights]
    spins = [0.5 * turn.conj().T @ worlds.Z @ turn for turn in turns]
    moment = np.kron(np.eye(2), spins[0]) + np.kron(spins[1], np.eye(2))
    one, ahead, behind = (
        [np.trace(state_at(probe, part, angle + shift) @ operator).real for operator in (moment, moment @ moment)]
        for shift in (0, step, -step)
    )
    return ((ahead[0] - behind[0]) / (2 * step)) ** 2 / (one[1] - one[0] ** 2) * collected**2


PROBES_OF = {"ghz": ["ghz"], "product": ["product"], "moments": ["product"]}
RIGHT = {
    "integrated_gain": right_gain,
    "classical_integrated_gain": lambda kind, part: right_readout_gain(part),
    "integrated_gain_bound": lambda kind, part: right_bound(part),
}


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize(("part", "column", "cell"), cells(ESTIMATORS, 2))
def test_the_estimator_is_right_or_withholds_or_refuses(part, column, cell, tmp_path):
    for kind in PROBES_OF.get(column, ["ghz", "product"]):
        commutes_with_shifts = part != "dipolar coupling" or column != "tomography"
        estimator = column if commutes_with_shifts else COMMUTATOR
        records = []
        refused = refusal_of(lambda k=kind, e=estimator, r=records: r.append(qsense.run(spec_of(part, k, e), tmp_path)))
        if (cell == REFUSED and kind == "product") or part == "transverse noise":
            assert re.search("tomography|theory", str(refused)), refused
            continue
        assert refused is None
        (record,) = records
        (row,) = record.read_json("summary.json")["rows"]
        (found,) = record.read_csv("estimates.csv")
        is_withheld = any("no estimate of G" in one["consequence"] for one in row["assumptions"])
        assert is_withheld == (cell == WITHHELD)
        if is_withheld:  # a bound from the same counts stands in its place
            assert row["quantity"] == "integrated_gain_bound"
            assert "tomography" in row["assumptions"][0]["consequence"]
        assert found["gain"] == pytest.approx(RIGHT[row["quantity"]](kind, part), abs=4 * found["stderr"])


def test_every_example_prints_what_is_shown():
    attempted, failed, report = run_examples(PAGE, "noise.md")
    assert attempted > 20
    assert not failed, report


def test_every_figure_is_made_by_a_command_of_the_page():
    made = re.findall(r"--plot docs/(figures/\S+)", PAGE)
    assert made
    for figure in re.findall(r"\]\((figures/\S+)\)", PAGE):
        assert figure in made
        assert (ROOT / "docs" / figure).exists()


def test_what_refuses_a_part_of_a_run_names_who_can(tmp_path):
    for estimator in ("tomography", "parameter_shift"):
        with pytest.raises(QsenseError, match='"tomography", derivative = "commutator"'):
            qsense.run(spec_of("dipolar coupling", "product", estimator), out=tmp_path)
