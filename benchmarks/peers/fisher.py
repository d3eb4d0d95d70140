"""The quantum Fisher information of the peers' states, as cheap and as exact as NumPy gives it.

The peers give ρ(t). Dephasing and emission commute with rotations about z, so that ∂_θρ = −i[J_z, ρ] and no second
state is needed; and (λ_m − λ_n)²/(λ_m + λ_n) needs no threshold for the kernel of ρ.
"""

import numpy as np


def gain(rho, generator, keep_complex=False):
    """Returns the QFI about the angle of a rotation by the diagonal generator.

    Args:
        rho: density matrix, shape (d, d).
        generator: the diagonal of J_z, shape (d,).
        keep_complex: a real matrix has a faster eigensolver, and is given to it unless this is set.
    """
    if not keep_complex and np.iscomplexobj(rho) and not rho.imag.any():
        rho = np.ascontiguousarray(rho.real)
    values, vectors = np.linalg.eigh(rho)
    values = np.maximum(values, 0)
    moved = vectors.conj().T @ (generator[:, None] * vectors)
    sums = values[:, None] + values
    weights = np.divide((values[:, None] - values) ** 2, sums, out=np.zeros_like(sums), where=sums > 0)
    return 2 * np.sum(weights * np.abs(moved) ** 2)
