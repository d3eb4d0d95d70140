"""What a backend's name, or a noise, means as the source of a plan."""

from __future__ import annotations

from typing import Any

from qsense.errors import ArgumentError
from qsense.planning.device_source import DeviceSource
from qsense.planning.noise_source import NoiseSource
from qsense.planning.question import Question
from qsense.planning.site import Source


def source_of(
    backend: str | None, noise: Any, question: Question, qubits: Any = None, allow_code: bool = False
) -> Source:
    """Returns the source that a backend's name or a noise stands for.

    Raises:
        ArgumentError: neither or both are given, or the backend is a simulator, which has no noise of its own.
    """
    if (backend is None) == (noise is None):
        raise ArgumentError("Give either a device (`backend`) or a noise (`noise`) to plan for.")
    if backend is None:
        name = noise if isinstance(noise, str) else str(getattr(noise, "name", "noise"))
        if isinstance(noise, str):
            from qsense.noise.loading import load_noise

            noise = load_noise(noise)
        return NoiseSource(noise, name)
    from qsense.backends import is_device, sampler

    if not is_device(backend):
        sampler(backend)  # refuses a name that is none
        raise ArgumentError(
            f'The backend "{backend}" is a simulator without noise of its own: name a device, such as "fake:boston", '
            "or give `noise`."
        )
    return DeviceSource(sampler(backend, qubits=qubits, allow_code=allow_code), backend)
