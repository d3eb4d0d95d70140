"""G of a GHZ probe from the 2×2 block that carries all of its information, for any N.

Under local noise a GHZ state stays a block (all up, all down) beside a diagonal that knows nothing of the phase:

    G = N² V²/P,   P = p_up + p_down,   V = 2|c|,   the fringe V cos(Nθ).

A probe |not b> + |b> with b up where s_j = +1, equal or not, under a signal of weights w_j has ν = Σ s_j w_j for N
(`Branch`).

Three methods measure P and V. Fringe angles β are relative to the expected fringe Nθ, β = 0 its top; as V² = x² + y²
comes from two quadratures, a phase that is not as expected does no harm.

- `loss_flag` undoes the fan-out: spin 0 shows the fringe, any other spin up flags a shot from outside the block. One
  circuit gives P and a point of the fringe, so no ratio is taken: G = N² P·(V/P)², and V/P is the visibility among
  unflagged shots. With β = 0 alone it reaches the smallest variance that quantum mechanics allows (`floor`).
  Bias: none, up to (1−P)^shots.
- `parity`: P from all spins along Z, V from the parity of all spins along the equator. Needs no second entangling
  circuit. Bias: none, up to (1−P)^shots, as 1/P is estimated by (S+1)/(k+1).
- `multiple_quantum`: the whole preparation is undone; the probability to return to |0…0> is (P + V cos(Nθ + β))/2.
  O(1) angles, or the 2N + 2 of `multiple_quantum.full_scan`. Bias: that of first order in 1/shots is removed.

The variance is that of the binomial counts, as a function of the true G.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.histograms import check_whole
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError, nearest
from qsense.estimators import tally
from qsense.estimators.fringe import Squared, as_estimates, inverse, scaled, squared_visibility
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.ghz.returns import gain_of_returns, return_system
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray

Method = Literal["loss_flag", "parity", "multiple_quantum"]
ENDINGS: dict[str, Ending] = {"loss_flag": "loss_flag", "parity": "directions", "multiple_quantum": "unprepare"}
ANGLES = {
    "loss_flag": (0.0, np.pi / 2),
    "parity": (0.0, np.pi / 2),
    "multiple_quantum": (0.0, np.pi / 2, np.pi, 3 * np.pi / 2),
}
ANTIPODAL = (0.0, np.pi / 2, 3 * np.pi / 2, np.pi)
"""Both sides of the fringe, in the order in which even drift cancels: unlike readout of up and down adds nothing."""
MIN_SHOTS = 5  # a row; fewer shift G by a quarter of its error where many shots leave the block


class Block(NamedTuple):
    """What the counts say of the block: P, and the fringe's quadratures at the expected phase (x) and across it (y)."""

    population: Estimate
    along: Estimate
    across: Estimate


def design(
    num_qubits: int,
    phase: float,
    method: Method = "loss_flag",
    angles: Sequence[float] | None = None,
    branch: Branch | None = None,
) -> tuple[Ending, Settings]:
    """Returns how the circuit ends and the settings of one time: a row per fringe angle; for `parity` row 0 is along Z.

    Args:
        num_qubits: N.
        phase: the expected signal angle θ = φt in rad.
        method: how P and V are measured.
        angles: fringe angles β in rad; two quadratures (four for `multiple_quantum`) by default. (0,) alone trusts the
            phase: it halves the circuits of `loss_flag`, and reads G cos²(N δθ) if the phase is off by δθ. Its interval
            covers less than it says (83 % seen) where fewer than some three shots fall on the wrong side of the fringe.
        branch: the signs of the probe and the weights of the signal; all +, all 1 by default.

    Raises:
        ArgumentError: an unknown method, or angles that do not fix the fringe.

    >>> ending, settings = design(100, 0.0)
    >>> ending, len(settings)
    ('loss_flag', 2)
    """
    beta, branch = fringe_angles(method, angles), branch or Branch.plain(num_qubits)
    shape = (len(beta), num_qubits)
    own, turned = np.array(branch.weights) * phase, beta[:, None] / num_qubits * np.array(branch.signs)
    phases, polars, azimuths = np.broadcast_to(own, shape), np.zeros(shape), np.zeros(shape)
    if method == "loss_flag":
        polars[:, 0] = np.pi / 2
        azimuths[:, 0] = branch.frequency * phase - beta
    elif method == "parity":
        polars[:] = np.pi / 2
        azimuths[:] = own - turned  # Σ s_j azimuth_j = νθ − β
        along_z = np.zeros((1, num_qubits))
        phases = np.concatenate([along_z + own, phases])
        polars, azimuths = (np.concatenate([along_z, rows]) for rows in (polars, azimuths))
    else:
        phases = phases + turned
    return ENDINGS[method], Settings(phases, polars, azimuths)


def fringe_angles(method: Method, angles: Sequence[float] | None = None) -> FloatArray:
    """Returns the fringe angles of a method, its own by default, shape (angles,), in rad.

    Raises:
        ArgumentError: an unknown method, or angles that do not fix the fringe.

    >>> fringe_angles("multiple_quantum").round(2).tolist()
    [0.0, 1.57, 3.14, 4.71]
    """
    if method not in ENDINGS:
        raise ArgumentError(f'Unknown method "{method}". {nearest(str(method), ENDINGS)}')
    beta = np.asarray(ANGLES[method] if angles is None else angles, dtype=np.float64)
    if method == "multiple_quantum":
        if beta.ndim != 1 or np.linalg.matrix_rank(return_system(beta), tol=1e-3) < 3:
            raise ArgumentError("Argument `angles` must hold three different fringe angles, such as (0, 2π/3, 4π/3).")
    else:
        inverse(beta)
    return beta


def tallies(counts: Counts, method: Method, branch: Branch | None = None) -> IntArray:
    """Returns the shots of each row by class, all that this module reads of the counts, shape (rows, classes).

    `loss_flag`: spin 0 down, up, flagged. `parity`: row 0 in a branch, or in none; other rows even, odd.
    `multiple_quantum`: returned, not returned.
    """
    if method == "loss_flag":
        return tally.flagged(counts)
    if method == "parity":
        signs = None if branch is None else branch.signs
        return np.concatenate([tally.alike(counts, signs)[:1], tally.parity(counts)[1:]])
    return tally.returned(counts)


def gains(shares: IntArray, num_qubits: int, method: Method, angles: Sequence[float] | None = None) -> Squared:
    """Returns G from tallies, for any number of repetitions at once.

    Args:
        shares: tallies, shape (..., rows, classes).
        num_qubits: N.
        method, angles: as in `design`.

    Raises:
        ArgumentError: the rows do not fit the design, or a row has fewer than MIN_SHOTS, 5 shots.
    """
    beta = fringe_angles(method, angles)
    check_whole("shares", shares)
    tally.check_rows(shares.shape[-2], len(beta) + (method == "parity"), f"{method} with {len(beta)} angles")
    total = shares.sum(-1)
    tally.check_shots(total, MIN_SHOTS)
    square = float(num_qubits**2)
    if method == "multiple_quantum":
        return gain_of_returns(shares[..., 0] / total, total.astype(np.float64), beta, square)
    if method == "parity":
        inside, shots = shares[..., 0, 0], total[..., 0]
        means = (shares[..., 1:, 0] - shares[..., 1:, 1]) / total[..., 1:]
        fringe = squared_visibility(means, total[..., 1:].astype(np.float64), beta)
        population = (inside + 1) / (shots + 1)  # the mean of its inverse is 1/P
        factor = square / population
        return scaled(fringe, factor, factor, (0.0, (1 - population) / (population * shots)))
    kept = shares[..., :2].sum(-1)
    seen = np.maximum(kept, 1).astype(np.float64)
    fringe = squared_visibility((shares[..., 0] - shares[..., 1]) / seen, seen, beta)
    inside, shots = kept.sum(-1), total.sum(-1)
    near = square * (inside + 1) / (shots + 1)  # of the variance only: it must not vanish when every shot is flagged
    return scaled(fringe, square * inside / shots, near, (square / shots, -1 / shots))


def estimate(
    counts: Counts,
    method: Method = "loss_flag",
    angles: Sequence[float] | None = None,
    branch: Branch | None = None,
) -> Estimate:
    """Returns G (the QFI about θ) of a GHZ probe from the counts of one time, with `plug_in` beside it.

    Args:
        counts: of the settings of `design`, in their order.
        method, angles, branch: as in `design`.

    Raises:
        ArgumentError: the counts do not fit the design, or a row has fewer than MIN_SHOTS, 5 shots.

    Source: arXiv:2512.21661v1, Eq. 42 for the block; unbiased forms and variance derived in
        tests/estimators/test_ghz.py.

    >>> counts = Counts.from_histograms(3, [{0: 95, 1: 5}, {0: 50, 1: 50}])  # nothing flagged, visibility 0.9
    >>> round(estimate(counts).value, 2)
    7.18
    """
    found = gains(tallies(counts, method, branch), counts.num_bits, method, angles)
    plain = as_estimates(found, (0.0, float(counts.num_bits**2)))[0]
    return plain if branch is None else branch.scaled(plain)


def block(
    counts: Counts,
    method: Method = "loss_flag",
    angles: Sequence[float] | None = None,
    branch: Branch | None = None,
) -> Block:
    """Returns the population P of the block and its fringe's quadratures, V = √(x² + y²), each unbiased.

    The fringe lies at νθ + atan2(−y, x) for the expected θ, ν = N by default.

    Raises:
        ArgumentError: as `estimate`; or the angles hold one quadrature only.
    """
    beta = fringe_angles(method, angles)
    shares = tallies(counts, method, branch)
    tally.check_rows(len(shares), len(beta) + (method == "parity"), f"{method} with {len(beta)} angles")
    total = shares.sum(-1)
    tally.check_shots(total, MIN_SHOTS)
    if method == "multiple_quantum":
        returned = shares[:, 0] / total
        solve = np.linalg.pinv(return_system(beta))
        values, variances = solve @ returned, solve**2 @ tally.share_variance(returned, total)
    else:
        solve = inverse(beta)
        if len(solve) < 2:
            raise ArgumentError("Argument `angles` must hold two directions of the fringe to find its phase.")
        rows = shares[1:] if method == "parity" else shares
        shots = rows.sum(-1)
        means = (rows[:, 0] - rows[:, 1]) / shots
        square = (rows[:, 0] + rows[:, 1]) / shots
        scatter = (square - means**2) / (shots - 1)
        scatter = np.where(scatter > 0, scatter, 4 * tally.share_variance(np.ones(len(shots)), shots))
        inside, of = (shares[0, 0], total[0]) if method == "parity" else (shares[:, :2].sum(), total.sum())
        population = inside / of
        values = np.concatenate([[population], solve @ means])
        variances = np.concatenate(
            [[float(tally.share_variance(np.array(population), np.array(of)))], solve**2 @ scatter]
        )
    errors = np.sqrt(variances)
    limits = ((0.0, 1.0), (-1.0, 1.0), (-1.0, 1.0))
    return Block(*(Estimate(float(v), float(e), limits=r) for v, e, r in zip(values, errors, limits, strict=True)))
