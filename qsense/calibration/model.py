"""The noise model of what a calibration measured, and its file."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

import numpy as np

from qsense.calibration.analysis import Characterisation
from qsense.circuits.transpilation import Idle
from qsense.estimators.result import Estimate
from qsense.noise import LocalNoise

logger = logging.getLogger(__name__)


def noise_model(found: Characterisation, idle: Idle, name: str) -> LocalNoise:
    """Returns the measured noise as a model; a T2 above 2 T1 is reduced to it, with a warning in the log.

    Args:
        found: what was measured.
        idle: which T2 the model has: "free" for T2*, "hahn" for that of the echo.
        name: of the model.
    """
    t2s = found.t2_star if idle == "free" else found.t2
    used = []
    for qubit, one, two in zip(found.qubits, found.t1, t2s, strict=True):
        if two.value > 2 * one.value:
            logger.warning(f"qubit {qubit}: T2 = {1e6 * two.value:.4g} µs was measured above 2 T1 and is reduced to it")
        used.append(min(two.value, 2 * one.value))
    return LocalNoise.from_t1_t2([e.value for e in found.t1], used, name=name)


def model_file(found: Characterisation, backend: str, name: str, idle: Idle, day: date | None = None) -> dict[str, Any]:
    """Returns the contents of a noise model file.

    Args:
        found: what was measured.
        backend: where, for the source of each number.
        name: of the model.
        idle: which T2 the model has: "free" for T2*, "hahn" for that of the echo.
        day: of the measurement; today by default.
    """
    noise = noise_model(found, idle, name)
    listed = ", ".join(map(str, found.qubits))
    source = f"measured by qsense calibrate on {backend}, qubits {listed}"

    def entry(values: list[float], errors: list[float], unit: str, what: str) -> dict[str, Any]:
        return {
            "value": values, "stderr": errors, "unit": unit, "source": f"{source}: {what}", "date": day or date.today(),
        }  # fmt: skip

    def times(estimates: tuple[Estimate, ...], what: str) -> dict[str, Any]:
        return entry([1e6 * e.value for e in estimates], [1e6 * e.stderr for e in estimates], "us", what)

    used = found.t2_star if idle == "free" else found.t2
    t2 = times(used, "T2* of free decay" if idle == "free" else "T2 of a Hahn echo")
    t2["value"] = (1e6 * noise.t2(len(found.qubits))).tolist()
    errors = np.sqrt(found.readout.variances())
    return {
        "schema": 1,
        "name": name,
        "description": f"{backend}, qubits {listed}, in this order",
        "t1": times(found.t1, "T1"),
        "t2": t2,
        "t2_star": times(found.t2_star, "T2* of free decay"),
        "t2_echo": times(found.t2, "T2 of a Hahn echo"),
        "up_given_down": entry(
            found.readout.up_given_down.tolist(), errors[0].tolist(), "1", "read up when prepared down"
        ),
        "down_given_up": entry(
            found.readout.down_given_up.tolist(), errors[1].tolist(), "1", "read down when prepared up"
        ),
    }
