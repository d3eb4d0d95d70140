"""What recharging costs: energy, and the gain that it is set against.

𝓘 = ∫G dt is a time. With ħ = 1 a time is an inverse energy, and the paper reads 𝓘 so. In SI units that is 𝓘/ħ, in 1/J.
It is a conversion of units, not a measure of what a sensor consumes: 𝓘 of a product probe is N/(4γ), whatever the
spins' transition frequency is, and the energy that their recharging takes is proportional to that frequency.
"""

from __future__ import annotations

import math

from qsense.errors import ArgumentError

HBAR = 1.054571817e-34
"""ħ in J s (exact in the SI since 2019, here to ten digits)."""


def quantum_of_energy(frequency: float) -> float:
    """Returns ħω of a spin's transition, in J.

    Args:
        frequency: ω/2π in Hz, positive.

    Raises:
        ArgumentError: the frequency is not positive and finite.

    >>> round(quantum_of_energy(2.87e9) * 1e24, 6)  # an NV centre without a field
    1.901682
    """
    if not 0 < frequency < math.inf:
        raise ArgumentError(f"Argument `transition` must be a positive frequency, but is {frequency:g} Hz.")
    return HBAR * 2 * math.pi * frequency


def pumping_quanta(rate: float, num_qubits: int, time: float) -> float:
    """Returns γ_↑ N t, how many quanta ħω pumping spends in a window if it acts at its full rate.

    A spin that is up absorbs nothing, so that what spins hold is less; what a light source spends is no less.

    >>> pumping_quanta(0.1, 4, 2.5)
    1.0
    """
    return rate * num_qubits * time


def as_inverse_energy(integrated_gain: float) -> float:
    """Returns 𝓘/ħ in 1/J, the paper's reading of 𝓘.

    Source: arXiv:2512.21661v1, below Eq. 10.

    >>> f"{as_inverse_energy(10.0):.4g}"
    '9.483e+34'
    """
    return integrated_gain / HBAR
