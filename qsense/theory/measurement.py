"""What a readout can give: the exact classical gain of the measurements that qsense makes, at mid-fringe."""

from __future__ import annotations

from functools import reduce

import numpy as np

from qsense.errors import ArgumentError
from qsense.fisher import FloatArray, cfi
from qsense.integration import integrate
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.theory import IntegratedGain, integrated_gain
from qsense.theory.closed import ghz_gain, ghz_parity_gain, product_gain
from qsense.theory.dense import density_matrices, generator


def classical_gain(probe: Probe, noise: LocalNoise, times: FloatArray, readout: str) -> FloatArray:
    """Returns the classical Fisher information about θ of a readout at mid-fringe, shape (times,), 1.

    Args:
        probe: the state that is prepared.
        noise: local noise.
        times: shape (times,), in s.
        readout: "local_x" (joint outcome of all spins, a quarter turn from the signal), and for a GHZ probe "parity" or
            "loss_flag".

    Raises:
        ArgumentError: the readout does not go with the probe, or a dense probe is too large.

    Source: the integrand of arXiv:2512.21661v1, Eq. 60, times t² over one repetition; derived in tests/test_theory.py.

    >>> classical_gain(Probe.ghz(2), LocalNoise(emission=1.0), np.array([0.0]), "parity")
    array([4.])
    """
    if probe.kind == "ghz" and readout == "loss_flag":
        return ghz_gain(probe.num_qubits, noise, times)
    if probe.kind == "ghz" and readout == "parity":
        return ghz_parity_gain(probe.num_qubits, noise, times)
    if probe.kind == "product" and readout == "local_x":
        return product_gain(probe.num_qubits, noise, times, probe.tilt)
    if readout == "local_x":
        return _local_x(probe, noise, times)
    raise ArgumentError(f'The readout "{readout}" goes with a GHZ probe, but the probe is "{probe.name}".')


def integrated_classical_gain(probe: Probe, noise: LocalNoise, readout: str) -> IntegratedGain:
    """Returns 𝓘_C = ∫₀^∞ of `classical_gain` in s; at most 𝓘.

    Source: arXiv:2512.21661v1, Eq. 60, for one repetition of an unbiased estimate.

    >>> round(integrated_classical_gain(Probe.ghz(3), LocalNoise(emission=0.5), "parity").value, 9)
    6.0
    """
    if (probe.kind, readout) in (("ghz", "loss_flag"), ("product", "local_x")):
        return integrated_gain(probe, noise)
    rates = 2 * noise.coherence_rates(probe.num_qubits)
    slowest = float(rates.sum() if readout == "parity" else rates.min())
    if not slowest > 0:
        raise ArgumentError(f'Under the noise "{noise.name}" some spin never decays: the integral may diverge.')
    result = integrate(lambda times: classical_gain(probe, noise, times, readout), slowest, float(rates.sum()))
    return IntegratedGain(result.value, result.error, f"quadrature, {readout}")


def _local_x(probe: Probe, noise: LocalNoise, times: FloatArray) -> FloatArray:
    rho = density_matrices(probe, noise, times, np.zeros(len(times)))
    diagonal = generator(probe.num_qubits)
    slope = -1j * (diagonal[:, None] - diagonal[None, :]) * rho
    # Rows: the eigenvectors of the direction at azimuth −π/2, which is −Y.
    spin = np.array([[1, 1j], [1, -1j]]) / np.sqrt(2)
    basis = reduce(np.kron, [spin] * probe.num_qubits)
    probabilities = np.einsum("oi,tij,oj->to", basis, rho, basis.conj(), optimize=True).real
    derivatives = np.einsum("oi,tij,oj->to", basis, slope, basis.conj(), optimize=True).real
    # An outcome that rounding alone makes possible has no information.
    possible = probabilities > 1e-15
    return cfi(np.where(possible, probabilities, 0), np.where(possible, derivatives, 0))
