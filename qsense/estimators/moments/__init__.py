"""A lower bound on G from moments of the collective spin, any probe of any N, two to four settings a time.

For every observable M, G ≥ |∂_θ<M>|²/Var M. Here M is the best combination of the moments of one measured direction of
J, and ∂_θ<M> = <i[K, M]> is measured as well, without shifted circuits. **Assumption**: the noise commutes with the
field, so that the state after noise turns with θ. Nothing is assumed of the state, of correlations between spins or of
the phase: whatever is measured is a bound, also with shared noise, or where readout errs alike for up and down; a wrong
phase only lowers it. Unequal readout errors add an offset to the slope, and the bound may then be too high.

Order 1 is M = Σ_j |w_j| σ_j/2 across the mean spin, the standard readout of squeezed and product probes: the bound is
N/ξ² with Wineland's ξ². Order 2 adds M² in a direction close to the expected one, for states without a mean spin, such
as Dicke states along x and twin-Fock states.

- `prepared`: from the prepared state, the direction of its mean spin, and which order serves it;
- `bound`: the settings, and G from their counts;
- `squeezing`: the squeezing parameters, and the finite-sample test of "not squeezed";
- `method`: the estimator `moments` of run specs.
"""

from qsense.estimators.moments.bound import Frame, Moments, design, estimate, moments
from qsense.estimators.moments.squeezing import Squeezing, p_not_squeezed, squeezing

__all__ = ["Frame", "Moments", "Squeezing", "design", "estimate", "moments", "p_not_squeezed", "squeezing"]
