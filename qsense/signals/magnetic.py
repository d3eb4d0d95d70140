"""Magnetic fields: between φ in rad/s and B in tesla, and what a rate of information means per root of a second.

**Convention.** H = φ J_z, and J_z of one spin is ±½: φ is the angular frequency at which one spin precesses. A
gyromagnetic ratio in Hz/T is the frequency of the transition between the two levels of a spin, per tesla along the
axis, so that φ = 2π · ratio · B. The sign: B > 0 with a ratio > 0 raises the level "up" (the qubit's excited state |1>)
above "down", and φ > 0; a ratio < 0 says that it lowers it. Whoever counts a device's rz the other way has the opposite
sign of φ, and of B (`estimators.phase.posterior`). Errors and sensitivities have no sign.

A spin whose transition has no linear shift, as a clock's, has no ratio: its sensitivity is in Hz/√Hz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from qsense.errors import ArgumentError, nearest
from qsense.files.units import quantity

KEY = "gyromagnetic_ratio_hz_per_t"


class Spin(NamedTuple):
    """The gyromagnetic ratio of a kind of spin.

    Attributes:
        ratio: in Hz/T.
        transition: of which two levels.
        source: where the number is from.
        date: of the source's reading, ISO.
    """

    ratio: float
    transition: str
    source: str
    date: str


_BOHR = "times the Bohr magneton over h, 13.99624491710 GHz/T (CODATA 2022)"
SPINS = {
    "electron": Spin(
        28.0249513861e9, "the two states of a free electron's spin", "CODATA 2022, electron gyromagnetic ratio, 2π left"
        " out: 28024.9513861(87) MHz/T", "2026-11-26",
    ),
    "nv": Spin(
        28.03e9, "m_s = 0 and +1 of an NV centre, B along its axis",
        f"g = 2.0029(2) along the axis, Felton et al., Phys. Rev. B 79, 075203 (2009), {_BOHR}", "2026-11-26",
    ),
    "ca40_ground": Spin(
        28.024074e9, "4S1/2, m = -1/2 and +1/2 of 40Ca+",
        f"g = 2.00225664(9), Tommaseo et al., Eur. Phys. J. D 25, 113 (2003), abstract, {_BOHR}", "2026-11-26",
    ),
    "ca40_optical": Spin(
        5.61195e9, "4S1/2, m = -1/2 and 3D5/2, m = -1/2 of 40Ca+",
        "half the difference of g = 2.00225664(9) of 4S1/2 (Tommaseo et al. 2003) and 1.2003340(3) of 3D5/2 (Chwalla et"
        f" al., Phys. Rev. Lett. 102, 023002 (2009)), {_BOHR}", "2026-11-26",
    ),
    "cs133": Spin(
        3.4986e9, "6S1/2, F = 4, neighbouring m_F of 133Cs (F = 3: -3.5098 GHz/T)",
        f"g_F = g_J/8 + 7 g_I/8 with g_J = 2.00254032, g_I = -0.00039885 of Steck, Cesium D Line Data, {_BOHR}",
        "2026-11-26",
    ),
}  # fmt: skip
"""Known ratios, by the names that stand for them in specs and on the command line."""


def checked_ratio(value: float | str) -> float:
    """Returns a gyromagnetic ratio in Hz/T: a number, a text such as "28.03 GHz/T", or the name of one of SPINS.

    Raises:
        ArgumentError: it is none of these, is 0 or is not finite; the message begins with "must", for its name.

    >>> checked_ratio("nv"), checked_ratio("2.8 MHz/G"), checked_ratio(-3.5e9)
    (28030000000.0, 28000000000.0, -3500000000.0)
    """
    if isinstance(value, str):
        name = value.strip()
        if name in SPINS:
            return SPINS[name].ratio
        if name.isidentifier():
            raise ArgumentError(f'must be in Hz/T or name a spin, but is "{name}". {nearest(name, list(SPINS))}')
        value = quantity(name, "gyromagnetic ratio")
    if not (math.isfinite(value) and value != 0):
        raise ArgumentError(
            f"must be finite and not 0 (Hz/T), but is {value:g}; leave it out for a transition that the field does not "
            "shift."
        )
    return float(value)


def phase_rate(field: float, ratio: float) -> float:
    """Returns φ in rad/s of a field in T, 2π · ratio · B; an error of one is an error of the other.

    >>> round(phase_rate(1e-9, 28.03e9), 3)
    176.118
    """
    return 2 * math.pi * ratio * field


def magnetic_field(phase_rate: float, ratio: float) -> float:
    """Returns B in T of φ in rad/s.

    Args:
        phase_rate: φ, the angular frequency of one spin.
        ratio: in Hz/T, not 0; its sign is that of B/φ.

    >>> magnetic_field(2 * math.pi, -2.0)
    -0.5
    """
    return phase_rate / (2 * math.pi * ratio)


def field_sensitivity(rate: float, ratio: float) -> float:
    """Returns δB·√T in T/√Hz of an operational rate max Q/(t + t_dead) in s: 1/(2π |ratio| √rate).

    >>> field_sensitivity(1.0, 1 / (2 * math.pi))
    1.0
    """
    return frequency_sensitivity(rate) / abs(ratio)


def frequency_sensitivity(rate: float) -> float:
    """Returns δf·√T in Hz/√Hz of an operational rate in s, f = φ/2π: what a clock or any spin without a ratio has.

    >>> frequency_sensitivity(1 / (2 * math.pi) ** 2)
    1.0
    """
    return 1 / (2 * math.pi * math.sqrt(rate)) if rate > 0 else math.inf


def dynamic_range(reach: float, time: float) -> float:
    """Returns the largest |φ| in rad/s that a fringe tells without ambiguity, π/(N t).

    Past it the fringe repeats: an entangled probe of N spins is ambiguous N times earlier than one spin.

    Args:
        reach: N of a GHZ probe, or |Σ s_j w_j|; 1 of a product probe, whose spins are read one by one.
        time: t in s for which the field is collected.

    >>> dynamic_range(4, 0.25)
    3.141592653589793
    """
    return math.pi / (reach * time) if reach * time > 0 else math.inf


def sensing_time(shots: Sequence[float], times: Sequence[float], dead_time: float = 0.0) -> float:
    """Returns how long measuring takes in s, Σ shots · (t + t_dead).

    Args:
        shots: at each time, over all circuits.
        times: in s.
        dead_time: of preparation and readout of one shot, in s.

    >>> sensing_time([100, 50], [1.0, 2.0], 0.5)
    275.0
    """
    return float(sum(number * (time + dead_time) for number, time in zip(shots, times, strict=True)))


def field_unit(tesla: float) -> tuple[float, str]:
    """Returns the unit in which a field reads well, in T, and its symbol.

    >>> field_unit(2.4e-11), field_unit(0.0)
    ((1e-12, 'pT'), (1.0, 'T'))
    """
    size = abs(tesla)
    for unit, symbol in ((1.0, "T"), (1e-3, "mT"), (1e-6, "µT"), (1e-9, "nT"), (1e-12, "pT"), (1e-15, "fT")):
        if size >= unit or size == 0:
            return unit, symbol
    return 1e-18, "aT"


def readable_field(tesla: float, per_root_hertz: bool = False) -> str:
    """Returns a field, or a sensitivity, with the unit that suits its size.

    >>> readable_field(2.44e-11), readable_field(3.2e-9, per_root_hertz=True)
    ('24.4 pT', '3.2 nT/√Hz')
    """
    unit, symbol = field_unit(tesla)
    return f"{tesla / unit:.3g} {symbol}{'/√Hz' if per_root_hertz else ''}"


def readable_ratio(ratio: float) -> str:
    """Returns a gyromagnetic ratio in Hz/T with the unit that suits its size.

    >>> readable_ratio(28.03e9), readable_ratio(-10.7e6), readable_ratio(28.0)
    ('28.03 GHz/T', '-10.7 MHz/T', '28 Hz/T')
    """
    units = ((1e9, "GHz/T"), (1e6, "MHz/T"), (1e3, "kHz/T"))
    size, symbol = next((unit for unit in units if abs(ratio) >= unit[0]), (1.0, "Hz/T"))
    return f"{ratio / size:.6g} {symbol}"
