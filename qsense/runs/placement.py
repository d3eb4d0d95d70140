"""The qubits of a run on a device, and the noise that the calibration reports for them.

A spec requests it by `noise = "calibration"`. Before the first circuit the qubits are chosen and their T1 and T2 read;
both become part of the resolved spec, so that a record means the same when the device has been calibrated anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import LocalNoise
from qsense.numerics.quadrature import Rule
from qsense.probes import Probe
from qsense.runs.qubits import SAME
from qsense.runs.spec_entries import DeviceEntry

CALIBRATION = "calibration"
LONGEST_NAME = 100


@dataclass(frozen=True)
class CalibrationNoise:
    """A placeholder for the noise that the calibration reports for the qubits of each probe."""

    name: str = CALIBRATION

    def to_dict(self) -> dict[str, Any]:
        """Returns the keys of a spec file."""
        return {"noise": CALIBRATION}


class QubitSource(Protocol):
    """Says on which qubits a probe's spins are, and their noise; a device's sampler does."""

    def sensing_qubits(self, probe: Probe) -> tuple[int, ...]: ...

    def first_qubits(self, probe: Probe) -> tuple[int, ...]: ...

    def reported_noise(self, probe: Probe) -> tuple[LocalNoise, list[str]]: ...

    def rounded(self, time: float) -> float: ...


@dataclass(frozen=True)
class Placement:
    """Where the spins of one probe are, and the noise that is reported there.

    Attributes:
        probe, num_qubits: whose.
        qubits: where its spins sense, in their order.
        noise: what the calibration reports for them.
        begins_on: where its preparation begins, if that is elsewhere: a circuit may move its spins.
    """

    probe: str
    num_qubits: int
    qubits: tuple[int, ...]
    noise: LocalNoise
    begins_on: tuple[int, ...] | None = None

    @property
    def file_name(self) -> str:
        """The name of the counts file that calibrates the readout of these qubits.

        >>> Placement("ghz", 2, (4, 7), LocalNoise()).file_name
        'readout-4-7.npz'
        """
        words = "-".join(map(str, self.qubits))
        if len(words) > LONGEST_NAME:  # a file system takes 255 letters
            words = f"{self.num_qubits}-qubits-{hashlib.sha256(words.encode()).hexdigest()[:16]}"
        return f"readout-{words}.npz"


@dataclass(frozen=True)
class DeviceOptions:
    """How a run uses its device.

    Attributes:
        idle: the pulses of the sensing window, such as "free", "hahn", "xy4" or "cpmg:4"; those of the whole run.
        qubits: those to use; None lets the calibration decide.
        choice: how it does: "same" for all probes of a size, or "best" for each its own; None leaves it open, which is
            "same" in a new run. With placements, None is that of a record before there was a choice: each on its best.
        readout_shots: for each bitstring that calibrates the readout of a probe's qubits; 0 for no calibration.
        tick: the step of the device's delays in s, once it is known.
        placements: where the spins of each probe are, once it is known.
    """

    idle: str = "free"
    qubits: tuple[int, ...] | None = None
    readout_shots: int = 0
    tick: float | None = None
    placements: tuple[Placement, ...] = ()
    choice: str | None = None

    @classmethod
    def from_entry(cls, entry: DeviceEntry) -> DeviceOptions:
        """Returns what a spec file says.

        Raises:
            ArgumentError: a placement's rates do not fit its qubits.
        """
        placements = []
        for item in entry.placements:
            noise = LocalNoise(item.dephasing_rate, item.emission_rate, name=CALIBRATION)
            noise.rates(item.num_qubits)
            begins_on = None if item.begins_on is None else tuple(item.begins_on)
            placements.append(Placement(item.probe, item.num_qubits, tuple(item.qubits), noise, begins_on))
        choice = entry.qubits if isinstance(entry.qubits, str) else None
        qubits = tuple(entry.qubits) if isinstance(entry.qubits, list) else None
        return cls(entry.idle or "free", qubits, entry.readout_shots, entry.tick_s, tuple(placements), choice)

    def to_dict(self) -> dict[str, Any]:
        """Returns the keys of a spec file."""
        entry: dict[str, Any] = {"idle": self.idle}
        if self.qubits is not None:
            entry["qubits"] = list(self.qubits)
        elif self.choice is not None:
            entry["qubits"] = self.choice
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
                    **({} if p.begins_on is None else {"begins_on": list(p.begins_on)}),
                    "dephasing_rate": list(p.noise.dephasing),
                    "emission_rate": list(p.noise.emission),
                }
                for p in self.placements
            ]
        return entry

    def place_probes(
        self, probes: Sequence[Probe], source: QubitSource, tick: float
    ) -> tuple[DeviceOptions, list[str]]:
        """Returns the same with every probe's qubits and noise, as the device reports them now, and what was assumed.

        Existing placements stay: those of a record are not chosen anew.

        Raises:
            ArgumentError: a probe does not fit the device, or its placement no longer does.
        """
        if self.placements:
            for probe in probes:
                place = self.placement_of(probe)
                if place is None or source.sensing_qubits(probe) != place.qubits:
                    raise ArgumentError(
                        f'"{probe.name}" of {probe.num_qubits} spins is not placed as the device places it now; give '
                        "another folder (`out`), or leave `placements` out"
                    )
            return self, []
        found, assumptions = [], []
        for p in probes:
            qubits, first = source.sensing_qubits(p), source.first_qubits(p)
            noise, assumed = source.reported_noise(p)
            assumptions += assumed
            first_elsewhere = None if first == qubits else first
            found.append(Placement(p.name, p.num_qubits, qubits, _as_lists(noise, p.num_qubits), first_elsewhere))
        choice = self.choice or (SAME if self.qubits is None else None)
        return replace(self, tick=tick, placements=tuple(found), choice=choice), assumptions

    def is_as_reported(self, probes: Sequence[Probe], source: QubitSource) -> bool:
        """Returns whether the device still reports the noise of the placements."""
        for probe in probes:
            before, (now, _) = self.noise_of(probe), source.reported_noise(probe)
            if _as_lists(now, probe.num_qubits) != before:
                return False
        return True

    @property
    def asked_qubits(self) -> tuple[int, ...] | str | None:
        """The qubits to use, or how they are to be chosen."""
        return self.choice if self.qubits is None else self.qubits

    @property
    def is_before_choice(self) -> bool:
        """Whether these are of a record before there was a choice: each probe on its own best qubits."""
        return bool(self.placements) and self.qubits is None and self.choice is None

    def answers(self, asked: str | None) -> bool:
        """Returns whether qubits chosen in this way are those that were asked for."""
        return asked != SAME if self.is_before_choice else (self.choice or SAME) == (asked or SAME)

    @property
    def requested(self) -> DeviceOptions:
        """The same before the device chose."""
        return replace(self, tick=None, placements=())

    def placement_of(self, probe: Probe) -> Placement | None:
        """Returns where a probe is; None if it has not been placed."""
        for placement in self.placements:
            if (placement.probe, placement.num_qubits) == (probe.name, probe.num_qubits):
                return placement
        return None

    def noise_of(self, probe: Probe) -> LocalNoise:
        """Returns the reported noise of a probe's qubits.

        Raises:
            ArgumentError: the noise is not known: the backend is not a device.
        """
        placement = self.placement_of(probe)
        if placement is not None:
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
