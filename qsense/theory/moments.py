"""What moments of one direction of J can give: the lower bound on G that `estimators.moments` estimates, exactly.

The frame is that of the estimator: azimuths in the equator, 0 where each spin is expected and in the sense of its
weight, J_α = ½ Σ_j r_j σ_j(α), ∂_θ J_α = J_{α−π/2} with weights r_j |w_j|. Noise must commute with the field; then
∂_θ<M> = <i[K, M]> in the state after noise. Three ways, all exact:

- order 1 of symmetric probes: pairs of spins. With z_j = |0><1| of qubit j, noise multiplies <z_j> by η_j e^{−X_jj/2},
  <z_j z_k> and <z_j z_k†> by η_j η_k e^{−(X_jj + X_kk ± 2X_jk)/2}; η is each spin's own coherence, X the covariance of
  shared phase noise. Any weights, any N.
- order 2 of symmetric probes under noise that is alike for all spins: blocks of total spin, N ≤ 100;
- all else: density matrices, N ≤ 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.numerics.integration import as_times, integrate
from qsense.probes import Probe
from qsense.theory.bounds import gain_tail
from qsense.theory.dense import density_matrices
from qsense.theory.engines import decay_scales, engine_for, uniform_channel
from qsense.theory.gains import IntegratedGain
from qsense.theory.symmetric import blocks

Order = Literal[1, 2]
_RANK = 1e-10  # of a covariance of moments: combinations that scatter less are none


def moment_bound(
    probe: Probe,
    noise: AnyNoise,
    times: Sequence[float] | FloatArray,
    order: Order = 1,
    angle: float = np.pi / 2,
    azimuths: Sequence[float] = (),
) -> FloatArray:
    """Returns dᵀC⁻¹d, a lower bound on G, shape (times,): d the slopes of J_α (and J_α²), C their covariance.

    Args:
        probe: the state that is prepared.
        noise: any noise, or a World; its weights are those of the signal.
        times: shape (times,), in s, not negative, in any order.
        order: 1 for J_α, 2 for J_α and J_α².
        angle: α in rad from where the spins are expected.
        azimuths: where each spin is expected at θ = 0, in rad; () is 0 for all.

    Raises:
        ArgumentError: the noise does not commute with the field, order 2 with weights of other sizes than 1, or N is
            too large for the method that it needs.

    Source: Pezzè & Smerzi, Phys. Rev. Lett. 102, 100401 (2009); Gessner, Smerzi & Pezzè, Phys. Rev. Lett. 122, 090503
        (2019); derived in tests/theory/test_moments.py.

    >>> from qsense.noise import LocalNoise
    >>> moment_bound(Probe.product(50), LocalNoise(dephasing=0.25), [0.0, 1.0]).round(6)
    array([50.      , 18.393972])
    """
    distinct, places = np.unique(times, return_inverse=True)
    times, world = as_times(distinct), world_of(noise)
    check_moments(probe, world, order)
    n = probe.num_qubits
    each = np.broadcast_to(np.array(azimuths if len(azimuths) else 0.0, dtype=np.float64), (n,))
    pairs = None if world.noise.is_coupled or order == 2 else _prepared_pairs(probe)
    if pairs is not None:
        slopes, covariance = _from_pairs(pairs, world, n, times, angle, each)
    elif _is_alike(probe, world, each):
        slopes, covariance = _from_blocks(probe, world, times, order, angle + float(each[0]))
    else:
        slopes, covariance = _from_matrices(probe, world, times, order, angle, each)
    return (_bound(slopes, covariance) * world.collected(times) ** 2)[places]


def integrated_moment_bound(
    probe: Probe, noise: AnyNoise, order: Order = 1, angle: float = np.pi / 2, azimuths: Sequence[float] = ()
) -> IntegratedGain:
    """Returns ∫₀^∞ of `moment_bound` in s; at most 𝓘.

    Raises:
        ArgumentError: as `moment_bound`, or some spin never decays.

    >>> from qsense.noise import LocalNoise
    >>> round(integrated_moment_bound(Probe.product(3), LocalNoise(emission=0.5)).value, 9)
    6.0
    """
    world = world_of(noise)
    check_moments(probe, world, order)
    slowest, fastest = decay_scales(probe, noise)
    if not slowest > 0:
        raise ArgumentError(f'Under the noise "{world.name}" some spin never decays: the integral may diverge.')
    quantum, tail = engine_for(probe, noise), gain_tail(probe.num_qubits, noise)

    def beyond(start: float, _: float) -> float:
        return tail(start, float(quantum.gain(np.array([start]))[0])) if tail else np.inf

    result = integrate(
        lambda times: moment_bound(probe, world, times, order, angle, azimuths),
        slowest,
        fastest,
        tail=beyond if tail else None,
        rtol=1e-9,
    )
    return IntegratedGain(result.value, result.error, f"quadrature, moments of order {order}")


def check_moments(probe: Probe, noise: AnyNoise, order: Order = 1) -> None:
    """Refuses what the moments' slopes without shifted circuits are not for.

    Raises:
        ArgumentError: the noise does not commute with the field, or order 2 with weights of other sizes than 1.
    """
    world = world_of(noise)
    n = probe.num_qubits
    if not world.noise.is_covariant or not _turns(world, n):
        raise ArgumentError(
            f'moments take noise that commutes with the field, but the noise "{world.name}" does not; use the '
            "estimator parameter_shift or tomography with shifts."
        )
    if order == 2 and np.any(np.abs(world.weights(n)) != 1):
        raise ArgumentError("moments of order 2 are for signals of weights +1 and -1; use `order = 1`.")


def _turns(world: World, num_qubits: int) -> bool:
    """Whether couplings leave K conserved: those that exchange spins do so between equal weights alone."""
    weights = world.weights(num_qubits)
    return not world.noise.is_dipolar or bool(np.all(weights == weights[0]))


def _is_alike(probe: Probe, world: World, azimuths: FloatArray) -> bool:
    """Whether blocks of total spin serve."""
    plain = world.noise.is_uniform and not world.noise.is_coupled and np.all(world.weights(probe.num_qubits) == 1)
    return bool(plain and np.all(azimuths == azimuths[0]) and probe.dicke_amplitudes() is not None)


def _bound(slopes: FloatArray, covariance: FloatArray) -> FloatArray:
    """dᵀC⁻¹d of arrays of shape (times, order) and (times, order, order)."""
    scale = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 1e-300))
    scaled = slopes / scale
    inverse = np.linalg.pinv(covariance / (scale[:, :, None] * scale[:, None, :]), rcond=_RANK, hermitian=True)
    return np.asarray(np.einsum("ti,tij,tj->t", scaled, inverse, scaled))


def _prepared_pairs(probe: Probe) -> tuple[complex, complex, float] | None:
    """<z>, <z z'> and <z z'†> of any spin and pair of a symmetric probe, z = |0><1|; None if it is not symmetric."""
    n = probe.num_qubits
    if probe.kind == "product":
        mean = np.sqrt(1 - probe.tilt**2) / 2
        return complex(mean), complex(mean**2), float(mean**2)
    amplitudes = probe.dicke_amplitudes()
    if amplitudes is None:
        return None
    ups = np.arange(n)
    raised = np.sqrt((n - ups) * (ups + 1.0)) * amplitudes[:-1]  # Σ |1><0|, without the amplitude of no spin up
    once = np.vdot(amplitudes[1:], raised)
    twice = np.vdot(amplitudes[2:], np.sqrt((n - ups[1:]) * (ups[1:] + 1.0)) * raised[:-1])
    # Σ_jk z_j z_k† = Σ_j |0><0|_j + the pairs, and the norm of the raised state is its mean.
    own = float((n - np.arange(n + 1)) @ np.abs(amplitudes) ** 2)
    pairs = max(n * (n - 1), 1)
    return (
        complex(np.conj(once)) / n,
        complex(np.conj(twice)) / pairs,
        float((np.vdot(raised, raised).real - own) / pairs),
    )


def _from_pairs(
    pairs: tuple[complex, complex, float], world: World, n: int, times: FloatArray, angle: float, azimuths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    mean, same, opposite = pairs
    weights = world.weights(n)
    size, turned = np.abs(weights), azimuths + angle * np.where(weights < 0, -1.0, 1.0)
    before = turned - np.pi / 2 * np.where(weights < 0, -1.0, 1.0)
    shared, eta = world.covariance(times, n), world.spin_channel(times, n).coherence
    alone = np.diagonal(shared, axis1=1, axis2=2)
    one = eta * np.exp(-alone / 2)
    slope = (one * 2 * np.real(np.exp(-1j * before) * mean)) @ size**2 / 2
    value = (one * 2 * np.real(np.exp(-1j * turned) * mean)) @ size / 2
    both_alone = (alone[:, :, None] + alone[:, None, :]) / 2  # ≥ |shared|: no exponent is above 0 but by rounding
    up = np.real(np.exp(-1j * (turned[:, None] + turned)) * same)
    down = np.cos(turned[:, None] - turned) * opposite
    both = up * np.exp(-both_alone - shared) + down * np.exp(shared - both_alone)
    both *= 2 * eta[:, :, None] * eta[:, None, :]
    both[:, np.arange(n), np.arange(n)] = 1.0
    variance = np.einsum("j,tjk,k->t", size, both, size) / 4 - value**2
    return slope[:, None], variance[:, None, None]


def _from_blocks(
    probe: Probe, world: World, times: FloatArray, order: Order, azimuth: float
) -> tuple[FloatArray, FloatArray]:
    amplitudes, n = probe.dicke_amplitudes(), probe.num_qubits
    assert amplitudes is not None
    channel, slopes, covariances = uniform_channel(world.noise, n, times), [], []
    for part in channel.parts(n):
        means, derivatives = np.zeros((len(part), 2 * order)), np.zeros((len(part), order))
        for block in blocks(amplitudes, part):
            powers, turned = _spin_powers(block.shape[-1] - 1, azimuth, 2 * order)
            means += np.real(np.einsum("tij,kji->tk", block, powers[1:]))
            derivatives += np.real(np.einsum("tij,kji->tk", block, turned[:order]))
        slopes.append(derivatives)
        covariances.append(_covariance(means, order))
    return np.concatenate(slopes), np.concatenate(covariances)


def _spin_powers(ups: int, azimuth: float, highest: int) -> tuple[ComplexArray, ComplexArray]:
    """Powers 0 … of J_α of a block, from fewest spins up, and ∂_θ of J_α and J_α²: shapes (powers, d, d), (2, d, d)."""
    steps = np.sqrt((ups - np.arange(ups)) * (np.arange(ups) + 1.0))
    raising = np.diag(steps, -1)
    measured, before = (
        (np.exp(1j * one) * raising + np.exp(-1j * one) * raising.T) / 2 for one in (azimuth, azimuth - np.pi / 2)
    )
    powers = [np.eye(ups + 1, dtype=np.complex128)]
    for _ in range(highest):
        powers.append(powers[-1] @ measured)
    return np.stack(powers), np.stack([before, before @ measured + measured @ before])


def _from_matrices(
    probe: Probe, world: World, times: FloatArray, order: Order, angle: float, azimuths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    n, weights = probe.num_qubits, world.weights(probe.num_qubits)
    sense, size = np.where(weights < 0, -1.0, 1.0), np.abs(weights)
    measured = _collective(size, azimuths + sense * angle)
    before = _collective(size**2, azimuths + sense * (angle - np.pi / 2))
    powers = [np.eye(2**n, dtype=np.complex128)]
    for _ in range(2 * order):
        powers.append(powers[-1] @ measured)
    turned = [before, before @ measured + measured @ before][:order]
    noise, slopes, means = _without_signal(world), [], []
    for time in times:
        rho = density_matrices(probe, noise, np.array([time]), np.zeros(1))[0]
        means.append([np.real(np.sum(rho * power.T)) for power in powers[1:]])
        slopes.append([np.real(np.sum(rho * one.T)) for one in turned])
    return np.array(slopes), _covariance(np.array(means), order)


def _without_signal(world: World) -> AnyNoise:
    """The noise, in a window of the same pulses: the moments are taken where the phase is 0."""
    return world.noise if world.pulses.is_free else World(world.noise, idle=world.pulses)


def _collective(weights: FloatArray, azimuths: FloatArray) -> ComplexArray:
    """½ Σ_j r_j σ_j(α_j) over all basis states, shape (2^N, 2^N)."""
    n = len(weights)
    index, matrix = np.arange(2**n), np.zeros((2**n, 2**n), dtype=np.complex128)
    for spin in range(n):
        down = index[index >> spin & 1 == 0]
        matrix[down | 1 << spin, down] += weights[spin] * np.exp(1j * azimuths[spin]) / 2
    return matrix + matrix.conj().T


def _covariance(means: FloatArray, order: Order) -> FloatArray:
    """Of J_α (and J_α²) from the means of its powers, shape (times, order, order)."""
    first = means[:, 0]
    if order == 1:
        return np.asarray((means[:, 1] - first**2)[:, None, None])
    second, third, fourth = means[:, 1], means[:, 2], means[:, 3]
    mixed = third - first * second
    return np.moveaxis(np.array([[second - first**2, mixed], [mixed, fourth - second**2]]), 2, 0)
