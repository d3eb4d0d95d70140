"""Whether the probes of a spec go with its noise, signal and pulses, and whether they sense the signal at all."""

from __future__ import annotations

from collections.abc import Sequence

from qsense.errors import SpecError, at_key
from qsense.files import content
from qsense.noise import Noise, World
from qsense.noise.checked import check_channel
from qsense.probes import Probe
from qsense.runs.placement import CalibrationNoise
from qsense.signals import Pulses, Signal
from qsense.theory.blind import BLIND, senses_nothing


def check_worlds(
    source: str, probes: Sequence[Probe], noises: Sequence[Noise | CalibrationNoise], signal: Signal, pulses: Pulses
) -> None:
    """Refuses noise, weights or pulses that do not go with a probe's number of spins, or with each other.

    Raises:
        SpecError: the message names the file and the key.
    """
    sizes = list(dict.fromkeys(probe.num_qubits for probe in probes))
    if isinstance(signal.weights, tuple) and sizes != [len(signal.weights)]:
        raise SpecError(
            f"{source}: key `signal.weights`: {len(signal.weights)} weights go with probes of that many "
            f'spins alone, but these have {", ".join(map(str, sizes))}; give one size, or weights = "alternating".'
        )
    for index, noise in enumerate(noises):
        if isinstance(noise, CalibrationNoise):
            continue
        for size in sizes:
            with at_key(source, f"noise[{index}]"):
                check_channel(noise, size)
            with at_key(source, "signal" if pulses.is_free else "idle"):
                World(noise, signal, pulses).check(size)


def check_senses(source: str, probes: Sequence[Probe], signal: Signal) -> None:
    """Refuses a probe whose gain is 0 at all times, whatever the noise of a run is.

    The circuits that qsense ships as controls, such as w4, may run.

    Raises:
        SpecError: the message names the file and the probe.
    """
    for probe in probes:
        if senses_nothing(probe, World(signal=signal)) and not _is_control(probe):
            raise SpecError(
                f'{source}: key `probes`: "{probe.name}" (N = {probe.num_qubits}): {BLIND}, so that no time and no '
                "estimator lets it sense the signal; turn it across the field, or leave it out."
            )


def is_blind_control(probe: Probe, signal: Signal) -> bool:
    """Whether a probe is a control that runs although it cannot sense the signal."""
    return _is_control(probe) and senses_nothing(probe, World(signal=signal))


def _is_control(probe: Probe) -> bool:
    is_shipped = probe.kind == "circuit" and probe.name in content.names("circuits")
    return is_shipped and Probe.from_qasm(probe.name).qasm == probe.qasm
