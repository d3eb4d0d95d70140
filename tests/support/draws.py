"""Random probes, noises, fields and times, in units of time from 1e-10 to 1e10 s, and the referee's answers to them."""

from dataclasses import dataclass

import numpy as np
import precise

from qsense import Environment, LocalNoise, Probe

KINDS = ("dephasing", "emission", "absorption")


@dataclass(frozen=True)
class Draw:
    """A question to the theory.

    Attributes:
        probe, noise, field, times: as qsense takes them; times of shape (2,), or (1,) where the referee takes long.
        unit: of time, in s.
        numbers: the noise as `precise` takes it.
        evolve: how `precise` finds ρ(t).
    """

    probe: Probe
    noise: LocalNoise | Environment
    field: float
    times: np.ndarray
    unit: float
    numbers: dict
    evolve: object

    @property
    def state(self):
        return self.probe.density_matrix() if self.probe.is_mixed else self.probe.statevector()

    @property
    def local(self):
        return self.noise.local if isinstance(self.noise, Environment) else self.noise

    @property
    def is_transverse(self):
        return any(self.numbers["transverse"])

    @property
    def is_lindblad(self):
        return self.evolve is precise.lindblad

    def exact(self, time):
        """G to forty digits. Without a field an eigenvalue of 1e-28 is the rounding of the state, squared."""
        rho, slope = precise.state_and_slope(self.state, self.numbers, time, self.field, self.evolve)
        if self.is_transverse and self.field == 0:
            return precise.information(rho, slope, 1e-28)
        return precise.information(rho, slope)


def draw(seed):
    """The question of a seed."""
    rng = np.random.default_rng([seed, 12])
    unit = 10.0 ** rng.uniform(-10, 10)
    spins = int(rng.choice([1, 1, 2, 2, 2, 3]))
    probe = _probe(rng, spins)
    transverse = rng.random() < 0.3
    rates = {kind: _rates(rng, spins) / unit for kind in KINDS}
    if rng.random() < 0.1:
        gamma = _rates(rng, spins) / unit
        rates = {"dephasing": gamma / 4, "emission": gamma / 2, "absorption": gamma / 2}
    if transverse and rng.random() < 0.5:
        rates = {kind: np.zeros(spins) for kind in KINDS}
    sideways = (_rates(rng, spins, positive=True) if transverse else np.zeros(spins)) / unit
    exponent = 1.0 if transverse else float(rng.choice([1, 1, 1, 0.5, 1.5, 2, 3, 0.3]))
    collective = float(_rates(rng, 1)[0] / unit) if rng.random() < 0.25 else 0.0
    coupling = None
    flips = bool(transverse or rates["emission"].any() or rates["absorption"].any())
    if spins > 1 and rng.random() < 0.2 and not (flips and (spins > 2 or exponent != 1)):
        coupling = rng.normal(size=(spins, spins)) * 10.0 ** rng.uniform(-2, 1) / unit
        coupling = np.triu(coupling, 1) + np.triu(coupling, 1).T
    if spins > 2 and transverse:
        collective = 0.0
    field = float(rng.choice([0, 1, -1]) * 10.0 ** rng.uniform(-12, 1) / unit) if transverse else 0.0
    noise = LocalNoise(*rates.values(), exponent=exponent, transverse=sideways)
    if collective or coupling is not None:
        noise = Environment(noise, collective, 0.0 if coupling is None else coupling)
    numbers = {**rates, "transverse": sideways, "exponent": exponent, "collective": collective, "coupling": coupling}
    whole = (coupling is not None and flips) or (transverse and collective)
    times = np.sort(10.0 ** rng.uniform(-4, 0 if whole else 2, 2 if spins < 3 and not whole else 1)) * unit
    return Draw(probe, noise, field, times, unit, numbers, precise.lindblad if whole else precise.evolved)


def _probe(rng, spins):
    kind = rng.integers(10)
    if kind < 2:
        return Probe.ghz(spins)
    if kind < 4:
        return Probe.product(spins, tilt=float(rng.choice([0, 0, rng.uniform(-0.9, 0.9)])))
    if kind == 4:
        return Probe.named("w", spins)
    if kind == 5:
        return Probe.named(f"dicke_x:{rng.integers(spins + 1)}", spins)
    if kind == 6:
        return Probe.named(f"one_axis:{rng.uniform(0.05, 1):.3f}", spins)
    vector = rng.normal(size=2**spins) + 1j * rng.normal(size=2**spins) * rng.integers(2)
    if kind == 7:
        return Probe.from_state(vector / np.linalg.norm(vector))
    if kind == 8:
        amplitudes = rng.normal(size=spins + 1) + 1j * rng.normal(size=spins + 1)
        return Probe.symmetric(amplitudes / np.linalg.norm(amplitudes))
    rank = int(rng.choice([2, 2**spins]))
    roots = rng.normal(size=(2**spins, rank)) + 1j * rng.normal(size=(2**spins, rank))
    rho = roots @ roots.conj().T
    return Probe.from_state(rho / np.trace(rho).real)


def _rates(rng, spins, positive=False):
    kind = rng.integers(1 if positive else 0, 4)
    if kind == 0:
        return np.zeros(spins)
    if kind == 1:
        return np.full(spins, 10.0 ** rng.uniform(-2, 1))
    if kind == 2:
        return 10.0 ** rng.uniform(-1, 1, spins)
    rates = 10.0 ** rng.uniform(-10, 1, spins)
    if not positive:
        rates[rng.random(spins) < 0.3] = 0
    return rates


def panels(function, edges):
    """∫ over all panels, by 20 Gauss nodes each, halved until the halves confirm the whole."""
    starts, ends = edges[:-1], edges[1:]
    wholes, total = _gauss(function, starts, ends), 0.0
    for _ in range(6):
        middles = (starts + ends) / 2
        places = np.stack([starts, middles, ends], axis=1)
        halves = _gauss(function, places[:, :2].ravel(), places[:, 1:].ravel()).reshape(-1, 2)
        size = abs(total) + np.abs(halves).sum()
        open_ = np.abs(halves.sum(1) - wholes) > 1e-12 * size
        total += halves[~open_].sum()
        if not open_.any():
            break
        starts, ends, wholes = places[open_, :2].ravel(), places[open_, 1:].ravel(), halves[open_].ravel()
    else:
        total += wholes.sum()
    return float(total)


def _gauss(function, starts, ends):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = (ends - starts)[:, None] / 2
    times = starts[:, None] + half * (nodes + 1)
    return np.sum(function(times.ravel()).reshape(times.shape) * weights * half, axis=1)
