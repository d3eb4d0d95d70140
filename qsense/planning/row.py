"""The row of a plan: one probe of one N, with what it reaches, costs and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from qsense.planning.costs import Cost
from qsense.signals.magnetic import dynamic_range, field_sensitivity, frequency_sensitivity, magnetic_field


class Interval(NamedTuple):
    """A planned number, and the ends of its 95 % interval from what T1 and T2 leave open; `high` may be infinite."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Returns the same for JSON, where infinity is null."""
        return {name: one if math.isfinite(one) else None for name, one in self._asdict().items()}


@dataclass(frozen=True)
class Row:
    """What one probe of N spins reaches.

    Attributes:
        probe: its name, "ghz" (of other signs "ghz:+-"), "product", or "one_axis:χ".
        num_qubits: N.
        qubits: of the device, where spin j is; empty without one.
        readout: "loss_flag", "parity", "local_x", "moments", or "any".
        gain_start: G(0) as the run's estimator shows it, preparation and readout included.
        best_time_s: the sensing time that tells most of φ per total time.
        advantage_db: over the product probe on the same qubits, of what the goal asks: information at equal total time,
            or 𝓘 where the goal is "img".
        leads_until_s: until when its G is above that of the product probe; 0 if it never is, infinite if always.
        cost: how often it is measured, and what that costs.
        phase_error_rad: of θ = φt at the best time, if all repetitions are there and at the best phase: the limit.
        run_frequency_error_rad_per_s: of φ in rad/s by all circuits and times of the run.
        rate_s: information about φ per total time, in s.
        integrated_gain_s: 𝓘 in s, as its estimator shows it.
        overhead_s: preparation and readout of one repetition.
        reach: how many times faster than one spin its fringe turns, alternating signals included.
        ratio: gyromagnetic, in Hz/T; None where it is not known.
        intervals: name of a number → its interval.
        idle: the pulses of its window.
        mitigation_db: of the information about φ at the best time, if the readout of every spin is inverted before.
    """

    probe: str
    num_qubits: int
    qubits: tuple[int, ...]
    readout: str
    gain_start: float
    best_time_s: float
    advantage_db: Interval
    leads_until_s: float | None
    cost: Cost
    phase_error_rad: float
    run_frequency_error_rad_per_s: float
    rate_s: float
    integrated_gain_s: float
    overhead_s: float
    reach: float
    ratio: float | None
    intervals: Mapping[str, Interval]
    idle: str = "free"
    mitigation_db: float = 0.0

    @property
    def kind(self) -> str:
        """ "ghz", "product", "squeezed" or "optimal"."""
        name = self.probe.partition(":")[0]  # a GHZ probe of other signs is "ghz:+-"
        if name.startswith("optimal"):
            return "optimal"
        return "squeezed" if name == "one_axis" else name

    @property
    def is_estimate(self) -> bool:
        """Whether its preparation is estimated: qsense has no circuit that squeezes the spins of a device."""
        return self.kind == "squeezed" and bool(self.qubits)

    @property
    def leads(self) -> str | None:
        """When its G is above that of product spins: "never", "until" a time, "always"; None for product spins."""
        if self.leads_until_s is None:
            return None
        return "always" if math.isinf(self.leads_until_s) else "until" if self.leads_until_s else "never"

    @property
    def shots(self) -> float:
        """Repetitions of all its circuits and times; 0 where not one of each fits, infinite where none will do."""
        return self.cost.shots

    @property
    def device_s(self) -> float:
        """What they take at the times of the run, dead times included."""
        return self.cost.device_s

    @property
    def frequency_error_rad_per_s(self) -> float:
        """The error of φ in rad/s that goes with `phase_error_rad`, the limit."""
        return self.phase_error_rad / self.best_time_s

    @property
    def run_phase_error_rad(self) -> float:
        """The error of θ = φt at the best time that the run reaches."""
        return self.run_frequency_error_rad_per_s * self.best_time_s

    @property
    def dynamic_range_rad_per_s(self) -> float:
        """The largest |φ| that its fringe tells without ambiguity at the best time, π/(N t)."""
        return dynamic_range(self.reach, self.best_time_s)

    def in_tesla(self, phase_rate: float) -> float | None:
        """Returns φ in rad/s, or an error of it, as a field in T; None where no ratio is known."""
        return None if self.ratio is None else abs(magnetic_field(phase_rate, self.ratio))

    @property
    def field_error_t(self) -> float | None:
        """The error of the field that goes with `phase_error_rad`, the limit, in T."""
        return self.in_tesla(self.frequency_error_rad_per_s)

    @property
    def run_field_error_t(self) -> float | None:
        """The error of the field that the run reaches, in T."""
        return self.in_tesla(self.run_frequency_error_rad_per_s)

    @property
    def sensitivity_t_per_root_hz(self) -> float | None:
        """δB·√T of the rate, at the best time and phase, in T/√Hz."""
        return None if self.ratio is None else field_sensitivity(self.rate_s, self.ratio)

    @property
    def sensitivity_hz_per_root_hz(self) -> float:
        """δf·√T of the rate, f = φ/2π, in Hz/√Hz."""
        return frequency_sensitivity(self.rate_s)

    def to_dict(self) -> dict[str, Any]:
        """Returns the row for JSON: infinity is null, and so is what is not known."""
        numbers = {name: plain(getattr(self, name)) for name in _NUMBERS}
        numbers |= {
            "frequency_error_hz": plain(self.frequency_error_rad_per_s / (2 * math.pi)),
            "run_frequency_error_hz": plain(self.run_frequency_error_rad_per_s / (2 * math.pi)),
            "dynamic_range_t": plain(self.in_tesla(self.dynamic_range_rad_per_s)),
        }
        each = self.cost.circuit_shots
        return {
            "probe": self.probe,
            "num_qubits": self.num_qubits,
            "qubits": list(self.qubits),
            "readout": self.readout,
            "idle": self.idle,
            "is_estimate": self.is_estimate,
            "leads": self.leads,
            "advantage_db": self.advantage_db.to_dict(),
            **numbers,
            "shots": int(self.shots) if math.isfinite(self.shots) else None,
            "circuit_shots": int(each) if math.isfinite(each) else None,
            "circuits": self.cost.circuits,
            "times_s": list(self.cost.times_s),
            "precision_floor": plain(self.cost.floor) if math.isinf(self.shots) else None,
            "intervals": {name: one.to_dict() for name, one in self.intervals.items()},
        }


_NUMBERS = (
    "gain_start", "best_time_s", "leads_until_s", "device_s", "phase_error_rad", "frequency_error_rad_per_s",
    "field_error_t", "run_phase_error_rad", "run_frequency_error_rad_per_s", "run_field_error_t", "rate_s",
    "sensitivity_hz_per_root_hz", "sensitivity_t_per_root_hz", "dynamic_range_rad_per_s", "integrated_gain_s",
    "overhead_s", "mitigation_db",
)  # fmt: skip


def plain(value: float | None) -> float | None:
    """Returns a number for JSON; None for what is infinite or not known."""
    return float(value) if value is not None and math.isfinite(value) else None
