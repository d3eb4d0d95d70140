"""Where a run's spins are on a device, and the noise that its calibration reports there.

A spec asks for it by `noise = "calibration"`. Before the first circuit the qubits are chosen and their T1 and T2 read;
both become part of the resolved spec, so that a record means the same when the device has been calibrated anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.quadrature import Rule
from qsense.spec_file import DeviceEntry

CALIBRATION = "calibration"
REPORTED = LocalNoise(name=CALIBRATION)
"""Stands for the noise of whatever qubits each probe gets."""


class Places(Protocol):
    """What can tell where spins are: a device's sampler."""

    def sensing_qubits(self, probe: Probe) -> tuple[int, ...]: ...

    def noise(self, probe: Probe, note: Callable[[str], None] | None = None) -> LocalNoise: ...

    def rounded(self, time: float) -> float: ...


@dataclass(frozen=True)
class Placement:
    """One probe's qubits, in the order of its spins, and their reported noise."""

    probe: str
    num_qubits: int
    qubits: tuple[int, ...]
    noise: LocalNoise

    @property
    def file_name(self) -> str:
        """The name of the counts file that calibrates the readout of these qubits."""
        return "readout-" + "-".join(map(str, self.qubits)) + ".npz"


@dataclass(frozen=True)
class OnDevice:
    """How a run uses its device.

    Attributes:
        idle: what spins do while sensing: "free", "hahn" or "xy4".
        qubits: those to use; None lets the calibration decide.
        readout_shots: for each known string that calibrates the readout of a probe's qubits; 0 leaves it as it is.
        tick: the step of the device's delays in s, once it is known.
        placements: where the spins of each probe are, once it is known.
    """

    idle: str = "free"
    qubits: tuple[int, ...] | None = None
    readout_shots: int = 0
    tick: float | None = None
    placements: tuple[Placement, ...] = ()

    @classmethod
    def from_entry(cls, entry: DeviceEntry) -> OnDevice:
        """Returns what a spec file says.

        Raises:
            ArgumentError: a placement's rates do not fit its qubits.
        """
        placements = []
        for item in entry.placements:
            noise = LocalNoise(item.dephasing_rate, item.emission_rate, name=CALIBRATION)
            noise.rates(item.num_qubits)
            placements.append(Placement(item.probe, item.num_qubits, tuple(item.qubits), noise))
        qubits = None if entry.qubits is None else tuple(entry.qubits)
        return cls(entry.idle, qubits, entry.readout_shots, entry.tick_s, tuple(placements))

    def as_dict(self) -> dict[str, Any]:
        """Returns the keys of a spec file."""
        entry: dict[str, Any] = {"idle": self.idle}
        if self.qubits is not None:
            entry["qubits"] = list(self.qubits)
        if self.readout_shots:
            entry["readout_shots"] = self.readout_shots
        if self.tick is not None:
            entry["tick_s"] = self.tick
        if self.placements:
            entry["placements"] = [
                {
                    "probe": p.probe,
                    "num_qubits": p.num_qubits,
                    "qubits": list(p.qubits),
                    "dephasing_rate": list(p.noise.dephasing),
                    "emission_rate": list(p.noise.emission),
                }
                for p in self.placements
            ]
        return entry

    def placed(
        self, probes: Sequence[Probe], places: Places, tick: float, note: Callable[[str], None] | None = None
    ) -> OnDevice:
        """Returns the same with every probe's qubits and noise, as the device reports them now.

        What is there already stays: a record's placements are not chosen anew.

        Raises:
            ArgumentError: a probe does not fit the device.
        """
        if self.placements:
            return self
        found = tuple(
            Placement(p.name, p.num_qubits, places.sensing_qubits(p), _as_lists(places.noise(p, note), p.num_qubits))
            for p in probes
        )
        return replace(self, tick=tick, placements=found)

    def noise_of(self, probe: Probe) -> LocalNoise:
        """Returns the reported noise of a probe's qubits.

        Raises:
            ArgumentError: it is not known: the backend is no device.
        """
        for placement in self.placements:
            if (placement.probe, placement.num_qubits) == (probe.name, probe.num_qubits):
                return placement.noise
        raise ArgumentError(
            f'the noise "{CALIBRATION}" is what a device reports; give a device as `backend`, such as "fake:boston"'
        )

    def on_clock(self, rule: Rule) -> Rule:
        """Returns the rule with its times as the device does them; weights stay, as a step is far below any T2.

        Raises:
            ArgumentError: a time is shorter than half a step of the device's clock.
        """
        if not self.tick:
            return rule
        ticks = np.round(rule.times / self.tick)
        if np.any((ticks == 0) & (rule.times > 0)):
            raise ArgumentError(f"a sensing time is shorter than the device can idle; use at least {self.tick:g} s")
        return replace(rule, times=ticks * self.tick)


def _as_lists(noise: LocalNoise, num_qubits: int) -> LocalNoise:
    rates = noise.rates(num_qubits)
    return LocalNoise(rates["dephasing"], rates["emission"], name=CALIBRATION)
