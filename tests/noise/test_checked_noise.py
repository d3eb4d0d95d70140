"""A noise from outside the package: what it answers is checked wherever it is used, and each fault is named."""

from dataclasses import dataclass

import numpy as np
import pytest
import studies

import qsense
from qsense import emulator
from qsense.backends.aer_noise import kraus_operators
from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import ArgumentError, SpecError
from qsense.files.toml_file import Table
from qsense.noise import LocalNoise, NoiseKind, SpinChannel
from qsense.runs.spec import RunSpec
from qsense.store import Store
from qsense.study.cells import cells
from qsense.study.leads import leads
from qsense.study.results import study_results

FAULTS = {
    "shape": (lambda c, one: (c[:, 0], one[:, 0], one[:, 0]), "`coherence` of its channel in the shape"),
    "pair": (lambda c, one: (c, one), "must return a SpinChannel"),
    "complex": (lambda c, one: (c + 0j, one, one), "an array of real numbers"),
    "list": (lambda c, one: (c.tolist(), one, one), "an array of real numbers"),
    "nan": (lambda c, one: (np.where(c < 0.5, np.nan, c), one, one), "finite numbers, but gives nan"),
    "above": (lambda c, one: (c, one + 0.3 * (c < 1), one), "`stay_up` must be from 0 to 1, but gives 1.3"),
    "impossible": (lambda c, one: (c, c**2 * 0.1 ** (c < 1), one), "coherence² is above stay_up · stay_down"),
    "start": (lambda c, one: (0.9 * c, one, one), "must do nothing at t = 0"),
    "unequal": (lambda c, one: (c ** np.arange(1, c.shape[1] + 1), one, one), "says that it is uniform"),
    "raises": (lambda c, one: {}["channel"], "failed in `channel`: KeyError: 'channel'"),
}


@dataclass(frozen=True)
class Decay:
    """Dephasing with coherence e^{−t}, that of a law or that with a fault."""

    law: object = staticmethod(lambda t: np.exp(-t))
    fault: str = ""
    rates: object = 2.0
    name: str = "decay"
    is_uniform = True

    def check(self, num_qubits):
        if self.fault == "check":
            raise ValueError("no\nsuch size")

    def channel(self, times, num_qubits):
        c = np.repeat(self.law(times)[:, None], num_qubits, axis=1)
        one = np.ones_like(c)
        return FAULTS[self.fault][0](c, one) if self.fault in FAULTS else SpinChannel(c, one, one)

    def decay_rates(self, num_qubits):
        return np.full(num_qubits, self.rates) if isinstance(self.rates, float) else self.rates

    def to_dict(self):
        return {"kind": "decay", "name": self.name}


TIMES = [0.0, 0.5, 2.0]
USES = {
    "gain": lambda noise: qsense.gain(qsense.Probe.ghz(2), noise, TIMES),
    "w": lambda noise: qsense.gain(qsense.Probe.named("w", 2), noise, TIMES),
    "integrated_gain": lambda noise: qsense.integrated_gain(qsense.Probe.ghz(2), noise),
    "crossover": lambda noise: qsense.crossover(2, noise),
    "gain_bound": lambda noise: qsense.gain_bound(2, noise, TIMES),
    "optimal_probe": lambda noise: qsense.optimal_probe(2, noise),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_public_function_names_what_is_wrong_with_a_channel(fault, use):
    if (fault, use) in {("start", "optimal_probe"), ("start", "crossover")}:
        return  # asks for no time at which this noise is wrong
    with pytest.raises(ArgumentError) as caught:
        USES[use](Decay(fault=fault))
    assert str(caught.value).startswith('The noise "decay" ')
    assert FAULTS[fault][1] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"start"}))
def test_emulator_and_aer_check_the_channel_that_they_use(fault):
    noise, probe = Decay(fault=fault), qsense.Probe.product(2)
    with pytest.raises(ArgumentError, match='The noise "decay" '):
        kraus_operators(noise, 2.0, 0, 2)
    settings = Settings(*np.zeros((3, 1, 2)))
    with pytest.raises(ArgumentError, match='The noise "decay" '):
        emulator.sample(Experiment(probe, 2.0), settings, 10, noise, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fault": "check"}, "failed in `check`: ValueError: no"),
        ({"rates": [2.0, 2.0]}, "`decay_rates` as an array of real numbers"),
        ({"rates": "abc"}, "`decay_rates` as an array of real numbers, but gives abc"),
        ({"rates": np.ones(1)}, "`decay_rates` in the shape"),
        ({"rates": -1.0}, "decay rates of 0 or from 1e-30 to"),
        ({"rates": float("inf")}, "`decay_rates` as finite numbers, but gives inf"),
        ({"rates": 1e-300}, "decay rates of 0 or from 1e-30 to"),
        ({"name": "<a b>"}, "The name of a noise must be letters"),
    ],
)
def test_rates_names_and_exceptions_are_named_too(change, message):
    for use in ("integrated_gain", "crossover"):
        with pytest.raises(ArgumentError) as caught:
            USES[use](Decay(**change))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


# Rates that choose the times of integrals and crossovers


LAWS = {
    "exponential": (lambda t: np.exp(-t), 2.0, 1.0),
    "Gaussian": (lambda t: np.exp(-(t**2)), 2.0, np.sqrt(np.pi / 2)),
    "oscillating": (lambda t: np.cos(6 * t) * np.exp(-t), 2.0, 0.5 * (1 + 4 / (4 + 144))),
    "two exponentials": (lambda t: 0.7 * np.exp(-200 * t) + 0.3 * np.exp(-t), 2.0, 0.49 / 200 + 0.42 * 2 / 201 + 0.09),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("factor", [1e-6, 1e-3, 0.01, 0.1, 1, 10, 100, 1e3, 1e6, 0.0])
def test_rates_are_good_enough_or_refused(law, factor):
    """1.7e18, 0 ± 0 or None is never an answer."""
    function, rate, integral = LAWS[law]
    noise = Decay(function, rates=rate * factor)
    try:
        found, crossing = qsense.integrated_gain(qsense.Probe.product(2), noise), qsense.crossover(2, noise)
    except ArgumentError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "has `decay_rates` and a channel that disagree" in refused
        assert not 0.1 <= factor <= 10
        return
    assert found.value == pytest.approx(integral, rel=1e-6)
    assert abs(found.value - integral) <= found.error + 1e-9
    assert crossing == pytest.approx(qsense.crossover(2, Decay(function, rates=rate)), rel=1e-9)


@pytest.mark.parametrize("size", [2, 20])
@pytest.mark.parametrize("rate", [2.0, 0.0])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_a_coherence_that_stays_has_an_infinite_integral(level, rate, size):
    noise = Decay(lambda t: level + (1 - level) * np.exp(-t), rates=rate)
    for probe in (qsense.Probe.ghz(size), qsense.Probe.product(size)):
        assert qsense.integrated_gain(probe, noise).value == np.inf
        assert np.isfinite(qsense.integrated_gain(probe, noise, until=3.0).value)


# Registered kinds


class Keys(Table):
    level: float = 1.0
    how: str = ""


@dataclass(frozen=True)
class Kind:
    level: float = 1.0
    how: str = ""
    name: str = "kind"
    is_uniform = True
    check, decay_rates = Decay.check, Decay.decay_rates
    rates, fault, law = 2.0, "", staticmethod(lambda t: np.exp(-t))
    channel = Decay.channel

    def to_dict(self):
        entry = {"kind": "kind", "name": self.name, "level": self.level, "how": self.how}
        if self.how == "raises":
            raise RuntimeError("no\nentry")
        changes = {"level": {"level": 2.0}, "numpy": {"level": np.float64(1)}, "other": {"name": "other"}}
        if self.how == "lost":
            del entry["how"]
        return None if self.how == "none" else {**entry, **changes.get(self.how, {})}


def build(level=1.0, how="", name="kind"):
    if how == "build":
        raise RuntimeError("cannot build")
    return {"nothing": None, "hostile": Kind(level, "", "<script>")}.get(how, Kind(level, how, name))


@pytest.fixture
def kind():
    yield qsense.register_noise(NoiseKind("kind", Keys, build, {"level": "1", "how": "1"}))
    qsense.unregister_noise("kind")


def spec(**keys):
    return RunSpec.from_dict({"schema": 1, "name": "one", **studies.RUN, "noise": {"kind": "kind", **keys}})


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("build", 'The kind of noise "kind" failed in `build`: RuntimeError: cannot build'),
        ("nothing", 'The kind of noise "kind" must build a noise'),
        ("hostile", "The name of a noise must be letters"),
        ("raises", "failed in `to_dict`: RuntimeError: no"),
        ("none", "must return plain numbers, texts and lists from `to_dict`"),
        ("numpy", "must return plain numbers, texts and lists from `to_dict`"),
        ("other", "`to_dict` must give its `kind` and `name`"),
        ("level", "`build` with the keys of `to_dict` is another noise"),
        ("lost", "`build` with the keys of `to_dict` is another noise"),
    ],
)
def test_a_kind_that_does_not_build_or_write_itself_back_is_refused(kind, how, message):
    with pytest.raises(SpecError) as caught:
        spec(how=how)
    assert "key `noise[0]`: " in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["kind", "name", "collective_dephasing_rate", "dephasing_rate", "t1_s", "noise"])
def test_keys_of_plain_entries_are_reserved(key):
    keys = type("Reserved", (Table,), {"__annotations__": {key: float}, key: 1.0})
    with pytest.raises(ArgumentError, match=f"has a key `{key}`"):
        qsense.register_noise(NoiseKind("reserved", keys, build, {key: "1"}))


def test_only_a_noise_kind_of_a_plain_name_is_registered():
    with pytest.raises(ArgumentError, match=r"must be a qsense\.noise\.NoiseKind"):
        qsense.register_noise(Kind)
    for name in ("two words", "", "a\nb", 3):
        with pytest.raises(ArgumentError, match="The name of a kind of noise must be"):
            qsense.register_noise(NoiseKind(name, Keys, build, {"level": "1", "how": "1"}))


@pytest.mark.parametrize("change", [{"keys": dict}, {"keys": None}, {"build": None}, {"units": None}])
def test_what_a_kind_lacks_is_named(change):
    parts = {"name": "lacking", "keys": Keys, "build": build, "units": {"level": "1", "how": "1"}}
    with pytest.raises(ArgumentError, match=f'The kind of noise "lacking" must have .*`{next(iter(change))}`'):
        qsense.register_noise(NoiseKind(**{**parts, **change}))


def test_a_study_of_a_registered_kind_has_its_exact_crossover(kind, tmp_path):
    entry = studies.filled(tmp_path / "s", studies.study({"noise": {"kind": "kind", "level": 2.0}}), together=True)
    with Store(tmp_path / "s", read_only=True) as store:
        (pair,) = leads(cells(study_results(store, entry)))
    assert pair.exact == pytest.approx(qsense.crossover(2, LocalNoise(dephasing=0.5)), rel=1e-9)
