"""How many spins must be entangled for a gain to be as large as it is."""

from __future__ import annotations

import math

from qsense.errors import ArgumentError


def most_gain(num_qubits: int, entangled: int) -> int:
    """Returns the largest G of states whose spins are entangled in groups of at most k, s k² + (N − s k)², s = ⌊N/k⌋.

    It holds for signals of weight +1 or −1 on every spin: the sign of a weight is a turn of that spin alone.

    Args:
        num_qubits: N.
        entangled: k, from 1 (no entanglement) to N.

    Raises:
        ArgumentError: k is not from 1 to N.

    Source: Tóth, Phys. Rev. A 85, 022322 (2012), and Hyllus et al., Phys. Rev. A 85, 022321 (2012), arXiv:1006.4366.

    >>> most_gain(10, 1), most_gain(10, 4), most_gain(10, 10)
    (10, 36, 100)
    """
    if not 1 <= entangled <= num_qubits:
        raise ArgumentError(f"Argument `entangled` must be from 1 to {num_qubits}, but is {entangled}.")
    groups, rest = divmod(num_qubits, entangled)
    return groups * entangled**2 + rest**2


def entanglement_depth(gain: float, num_qubits: int) -> int:
    """Returns how many spins at least are entangled with each other in a state with more than this gain; 1 is none.

    Args:
        gain: a lower limit of G for a signal of weight +1 or −1 on every spin.
        num_qubits: N.

    Raises:
        ArgumentError: the gain is no number, or no state has more.

    >>> entanglement_depth(10.0, 10), entanglement_depth(10.5, 10), entanglement_depth(36.1, 10)
    (1, 2, 5)
    """
    if math.isnan(gain) or gain > num_qubits**2:
        raise ArgumentError(f"Argument `gain` must be at most N² = {num_qubits**2}, but is {gain}.")
    low, high = 1, num_qubits  # the largest gain grows with k
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if gain <= most_gain(num_qubits, middle) else (middle + 1, high)
    return low
