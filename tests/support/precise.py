"""The referee in sixty digits: gains, written from the physics alone and sharing no code with qsense.

Rates are lists with a number for each spin; times, rates and fields are taken as the exact values of their doubles.
"""

import numpy as np
from mpmath import mp, mpc, mpf

mp.dps = 60


def one_spin(dephasing, emission, absorption, time, exponent=1):
    """The factor on the coherence and the probabilities that up stays, down is lifted, up falls, down stays."""
    total, time = mpf(emission) + mpf(absorption), mpf(time)
    kept, mixed = mp.exp(-total * time), -mp.expm1(-total * time)
    up, down = (mpf(rate) / total if total else mpf(0) for rate in (absorption, emission))
    coherence = mp.exp(-total * time / 2 - (2 * mpf(dephasing) * time) ** mpf(exponent))
    return coherence, (kept + up * mixed, up * mixed, down * mixed, kept + down * mixed)


def ghz_gain(dephasing, emission, absorption, time, exponent=1, collective=0):
    """N² 4|c|²/(p_up + p_down): all up and all down keep one coherence, and each may become the other."""
    coherence, ways = mpf(1), [mpf(1)] * 4
    spins = len(dephasing)
    for rates in zip(dephasing, emission, absorption, strict=True):
        own, moves = one_spin(*rates, time, exponent)
        coherence *= own
        ways = [way * move for way, move in zip(ways, moves, strict=True)]
    coherence *= mp.exp(-2 * mpf(collective) * spins**2 * mpf(time))
    return spins**2 * 2 * coherence**2 / sum(ways)


def product_gain(dephasing, emission, absorption, time, exponent=1, tilt=0):
    """(1 − δ²) times the sum over the spins of the square of the factor on their coherence."""
    rates = zip(dephasing, emission, absorption, strict=True)
    return (1 - mpf(tilt) ** 2) * sum(one_spin(*own, time, exponent)[0] ** 2 for own in rates)


def evolved(state, noise, time, field):
    """ρ(t) of a state vector or matrix in qsense's order (bit j is spin j, 1 is up), as an array of mp numbers.

    noise: dephasing, emission, absorption, transverse (lists, one rate a spin), exponent, collective, coupling (None or
    a symmetric matrix). Whatever flips spins must not meet a coupling, nor σ_x collective dephasing: see `lindblad`.
    """
    state = np.asarray(state)
    size = len(state)
    spins = size.bit_length() - 1
    numbers = np.vectorize(mpc, otypes=[object])(state)
    rho = numbers if state.ndim == 2 else np.outer(numbers, np.conj(numbers))
    time, field = mpf(time), mpf(field)
    tensor = rho.reshape((2,) * (2 * spins))
    for spin in range(spins):
        rates = [mpf(float(noise[kind][spin])) for kind in ("dephasing", "emission", "absorption", "transverse")]
        tensor = _spin_channel(tensor, spins - 1 - spin, spins, *rates, noise["exponent"], time, field)
    rho = tensor.reshape(size, size)
    index = np.arange(size)
    ups = np.array([bin(i).count("1") for i in index])
    bits = 1 - 2 * ((index[:, None] >> np.arange(spins)) & 1)
    coupling = noise["coupling"]
    for i in range(size):
        for j in range(size):
            order = int(ups[i] - ups[j])
            if noise["collective"]:
                rho[i, j] *= mp.exp(-2 * mpf(noise["collective"]) * order**2 * time)
            if coupling is not None:
                energies = [
                    sum(
                        mpf(float(coupling[a][b])) * int(bits[k, a] * bits[k, b]) / 2
                        for a in range(spins)
                        for b in range(a + 1, spins)
                    )
                    for k in (i, j)
                ]
                rho[i, j] *= mp.expj(-(energies[0] - energies[1]) * time)
    return rho


def _spin_channel(tensor, row, spins, dephasing, emission, absorption, transverse, exponent, time, field):
    lifts, falls = absorption + transverse, emission + transverse
    total = lifts + falls
    kept, mixed = mp.exp(-total * time), -mp.expm1(-total * time)
    up, down = (rate / total if total else mpf(0) for rate in (lifts, falls))
    damped = mp.exp(-((emission + absorption) / 2 + transverse) * time - (2 * dephasing * time) ** mpf(exponent))
    kappa = mp.sqrt(mpc(transverse**2 - field**2))
    if abs(kappa * time) > mpf(10) ** -25:
        cosh, sinh = mp.cosh(kappa * time), mp.sinh(kappa * time) / kappa
    else:
        cosh, sinh = 1 + (kappa * time) ** 2 / 2, time * (1 + (kappa * time) ** 2 / 6)
    out = np.empty_like(tensor)
    places = [tuple({row: r, row + spins: c}.get(axis, slice(None)) for axis in range(2 * spins)) for r, c in _PLACES]
    dd, du, ud, uu = (tensor[place] for place in places)
    out[places[0]] = (kept + down * mixed) * dd + down * mixed * uu
    out[places[3]] = up * mixed * dd + (kept + up * mixed) * uu
    # d/dt (ρ_01, ρ_10) = (−iφ ρ_01 + γ_x ρ_10, γ_x ρ_01 + iφ ρ_10) beside the damping
    out[places[1]] = damped * ((cosh - 1j * field * sinh) * du + transverse * sinh * ud)
    out[places[2]] = damped * ((cosh + 1j * field * sinh) * ud + transverse * sinh * du)
    return out


_PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))


def lindblad(state, noise, time, field):
    """ρ(t) by the exponential of the whole Lindblad generator; N ≤ 2, exponent 1. Arguments as in `evolved`."""
    state = np.asarray(state)
    size = len(state)
    spins = size.bit_length() - 1
    numbers = np.vectorize(mpc, otypes=[object])(state)
    rho = numbers if state.ndim == 2 else np.outer(numbers, np.conj(numbers))
    one, z, lower, x = (np.array(m) for m in ([[1, 0], [0, 1]], [[1, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 1], [1, 0]]))

    def on(matrix, spin):
        full = np.ones((1, 1), dtype=int)
        for j in range(spins - 1, -1, -1):
            full = np.kron(full, matrix if j == spin else one)
        return full

    hamiltonian = sum(on(z, j) for j in range(spins)) * (mpf(field) / 2)
    if noise["coupling"] is not None:
        for a in range(spins):
            for b in range(a + 1, spins):
                hamiltonian = hamiltonian + on(z, a) @ on(z, b) * (mpf(float(noise["coupling"][a][b])) / 2)
    jumps = [(noise["collective"], sum(on(z, j) for j in range(spins)))]
    for kind, matrix in (("dephasing", z), ("emission", lower), ("absorption", lower.T), ("transverse", x)):
        jumps += [(noise[kind][j], on(matrix, j)) for j in range(spins)]
    eye = np.eye(size, dtype=int)
    total = (np.kron(hamiltonian, eye) - np.kron(eye, hamiltonian.T)) * mpc(0, -1)
    for rate, jump in jumps:
        square = jump.T @ jump
        total = total + (2 * np.kron(jump, jump) - np.kron(square, eye) - np.kron(eye, square)) * (mpf(float(rate)) / 2)
    total, state = total * mpf(time), rho.ravel()
    rows = [[(j, entry) for j, entry in enumerate(row) if entry] for row in total]
    steps = int(max(sum(abs(entry) for _, entry in row) for row in rows) / 10) + 1
    for _ in range(steps):  # Taylor's series; a step loses ten digits at most
        term, order = state, 1
        while max(abs(entry) for entry in term) > mpf(10) ** -(mp.dps + 5):
            term = np.array([mp.fsum(entry * term[j] for j, entry in row) / (steps * order) for row in rows])
            state, order = state + term, order + 1
    return state.reshape(size, size)


def state_and_slope(state, noise, time, field, evolve=evolved):
    """ρ and ∂_θρ = ∂_φρ/t: a mean and a central difference whose step and rounding both leave 40 digits."""
    time = mpf(time)
    step = mpf(10) ** -30 / time
    with mp.workdps(90):
        before, after = (evolve(state, noise, time, mpf(field) + sign * step) for sign in (-1, 1))
        return (after + before) / 2, (after - before) / (2 * step * time)


_LEAST = mpf(10) ** -45


def information(rho, slope, least=_LEAST):
    """2 Σ |<m|∂ρ|n>|²/(λ_m + λ_n) over pairs with λ_m + λ_n above `least`."""
    size = len(rho)
    matrix = mp.matrix(rho.tolist())
    values, vectors = mp.eighe((matrix + matrix.H) / 2)
    moved = vectors.H * mp.matrix(slope.tolist()) * vectors
    total = mpf(0)
    for m in range(size):
        for n in range(size):
            weight = values[m] + values[n]
            if weight > least:
                total += 2 * abs(moved[m, n]) ** 2 / weight
    return total


def gain(state, noise, time, field=0, evolve=evolved):
    """G of a state vector or matrix at a time t > 0."""
    return information(*state_and_slope(state, noise, time, field, evolve))
