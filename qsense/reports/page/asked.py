"""What a run is asked to do, as facts of a page: of a record, and of a plan's run spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qsense.comparison.asked import GOALS
from qsense.comparison.verdicts import probe_name
from qsense.files.units import readable_time
from qsense.noise.wording import described
from qsense.reports.page.blocks import Facts
from qsense.runs.placement import CalibrationNoise
from qsense.runs.spec import RunSpec

_LONGEST = 300  # letters of what a key means


def asked_of(spec: RunSpec, estimators: str = "") -> Facts:
    """Returns what a spec asks for.

    Args:
        spec: a run's.
        estimators: the names of those that were used, if it is known.
    """
    sizes = sorted({probe.num_qubits for probe in spec.probes})
    goal = "" if spec.plan is None else spec.plan.goal
    asked = {
        "planned for": GOALS.get(goal, goal),
        "probes": ", ".join(dict.fromkeys(probe_name(probe.name) for probe in spec.probes)),
        "spins": ", ".join(map(str, sizes)),
        "noise": "; ".join(map(noise_text, spec.noises)),
        "field φ": f"{spec.field:.6g} rad/s",
        "estimators": estimators,
        "times": _times(spec),
        "pulses": "" if spec.idle == "free" else spec.idle,
        "signal": "" if spec.signal.is_default else flat(spec.signal.to_dict()),
        "shots of a circuit": ", ".join(dict.fromkeys(str(one.shots) for one in spec.estimators)),
        "shots shared out": "" if spec.allocation == "equal" else spec.allocation,
        "steps": "" if spec.strategy == "one_step" else spec.strategy,
        "backend": spec.backend,
        "seed": str(spec.seed),
    }
    return Facts(tuple((name, text) for name, text in asked.items() if text))


def _times(spec: RunSpec) -> str:
    if spec.times_of:
        return "; ".join(f"{probe_name(name)} {', '.join(map(readable_time, times))}" for name, times in spec.times_of)
    return "designed for 𝓘" if spec.times is None else ", ".join(map(readable_time, spec.times))


def noise_text(noise: Any) -> str:
    """Returns a noise's name and numbers; those of a device are in its calibration."""
    if isinstance(noise, CalibrationNoise):
        return "what the device's calibration reports"
    return shortened(f"{noise.name}: {described(noise)}")


def flat(table: Mapping[str, Any]) -> str:
    """Returns a table in a line."""
    return shortened(", ".join(f"{key} = {value}" for key, value in table.items()))


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Returns a text, of a long one its beginning.

    >>> shortened("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
