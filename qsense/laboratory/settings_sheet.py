"""settings.csv of a design: a row for every circuit, with all that an instrument needs to know of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from qsense.laboratory.design import Design, DesignedCircuit, short_name

FILE = "settings.csv"
PLAIN = (
    "circuit", "probe", "num_qubits", "noise", "estimator", "time_s", "basis", "ending", "shots", "pulses",
    "all_spins_alike", "prepared_up",
)  # fmt: skip
_ANGLES = ("phase", "polar", "azimuth")


def columns(design: Design) -> list[str]:
    """Returns the names of the columns: those of the circuit, then the angles of every spin in rad and degrees."""
    most = max(one.num_qubits for one in design.circuits)
    return [*PLAIN, *(f"{n}_{u}_{j}" for u in ("rad", "deg") for n in _ANGLES for j in range(most))]


def row(one: DesignedCircuit) -> dict[str, Any]:
    """Returns the cells of a circuit, by column; angles of known strings are 0."""
    point = one.point
    cells: dict[str, Any] = {
        "circuit": one.id,
        "probe": "" if point is None else point.probe.name,
        "num_qubits": one.num_qubits,
        "noise": "" if point is None else point.noise.name,
        "estimator": "" if point is None else short_name(point.estimator),
        "time_s": 0.0 if one.experiment is None else one.experiment.time,
        "basis": one.basis,
        "ending": "directions" if one.experiment is None else one.experiment.ending,
        "shots": one.shots,
        "pulses": "free" if point is None else point.pulses.name,
        "all_spins_alike": "yes" if one.is_global else "no",
        "prepared_up": " ".join(map(str, one.ups)),
    }
    for name in _ANGLES:
        angles = getattr(one.settings, f"{name}s")[0]
        for unit, values in (("rad", angles), ("deg", np.degrees(angles))):
            cells |= {f"{name}_{unit}_{spin}": float(value) for spin, value in enumerate(values)}
    return cells
