"""The referee: G to forty digits. It shares no code with qsense, and the peers' dense states agree with it to 1e-12.

GHZ and product probes with a rate for every spin: the 2×2 channels of all spins, multiplied out.

One-axis squeezed probes under dephasing: <J_x>² over the variance of J_y by the formulas of Kitagawa & Ueda (1993), of
which dephasing leaves η² and η², beside N (1 − η²)/4.

Symmetric probes: one spin's channel turns (|down> + z|up>)(<down| + w<up|) into a 2×2 matrix M(z, w) of polynomials,
and N of them its N-th power into M^⊗N. On k pairs of spins in the singlet and n = N − 2k in a Dicke state that has the
elements

    (det M)^k · <D_p| M^⊗n |D_q>,
    <D_p| M^⊗n |D_q> = Σ_s n!/(s!(p−s)!(q−s)!(n−p−q+s)!)
                       · M_uu^s M_ud^(p−s) M_du^(q−s) M_dd^(n−p−q+s) / √(C(n,p) C(n,q)).

The coefficient of z^a w^b belongs to the Dicke operator |D_a><D_b| / √(C(N,a) C(N,b)). The block of total spin n/2
comes C(N,k) − C(N,k−1) times, and its QFI is 2 Σ (λ_m−λ_n)²/(λ_m+λ_n) |<m|J_z|n>|².
"""

from math import comb

import numpy as np
from exchange import serve

DIGITS = 40
KINDS = ("dephasing", "emission", "absorption")


def prepare():
    import mpmath

    def solve(request):
        mpmath.mp.dps = DIGITS
        if request["probe"] == "one_axis":
            return [squeezed(mpmath, request, time) for time in request["times"]]
        if "rates" in request:
            return [unlike(mpmath, request, time) for time in request["times"]]
        state = [mpmath.mpc(re, im) for re, im in request["amplitudes"]]
        norm = mpmath.sqrt(sum(abs(value) ** 2 for value in state))
        num_qubits = len(state) - 1
        state = [value / norm / mpmath.sqrt(comb(num_qubits, ups)) for ups, value in enumerate(state)]
        return [gain(mpmath, state, request["kind"], mpmath.mpf(request["rate"]) * t) for t in request["times"]]

    return solve


def unlike(mpmath, request, time):
    """Returns G of a GHZ or product probe whose spins have rates of their own."""
    num_qubits = request["num_qubits"]
    rates = [np.broadcast_to(request["rates"].get(kind, 0.0), num_qubits).tolist() for kind in KINDS]
    coherence = up_stays = up_falls = down_stays = down_lifted = mpmath.mpf(1)
    total = mpmath.mpf(0)
    for dephasing, emission, absorption in zip(*rates, strict=True):
        relaxation = mpmath.mpf(emission) + mpmath.mpf(absorption)
        own = mpmath.exp(-(relaxation / 2 + 2 * mpmath.mpf(dephasing)) * time)
        mixed = -mpmath.expm1(-relaxation * time) / relaxation if relaxation else mpmath.mpf(0)
        total += own**2
        coherence *= own
        up_stays *= 1 - emission * mixed
        up_falls *= emission * mixed
        down_stays *= 1 - absorption * mixed
        down_lifted *= absorption * mixed
    if request["probe"] == "product":
        return total
    return num_qubits**2 * 2 * coherence**2 / (up_stays + down_lifted + up_falls + down_stays)


def squeezed(mpmath, request, time):
    """Returns <J_x>²/Var J_y of a one-axis squeezed probe after dephasing, squeezed along y."""
    size, twist = request["num_qubits"], mpmath.mpf(request["twist"])
    mean = size * mpmath.cos(twist / 2) ** (size - 1) / 2
    one = 1 - mpmath.cos(twist) ** (size - 2)
    other = 4 * mpmath.sin(twist / 2) * mpmath.cos(twist / 2) ** (size - 2)
    least = mpmath.mpf(size) / 4 + mpmath.mpf(size * (size - 1)) / 16 * (one - mpmath.sqrt(one**2 + other**2))
    left = mpmath.exp(-4 * mpmath.mpf(request["rate"]) * time)
    return left * mean**2 / (mpmath.mpf(size) * (1 - left) / 4 + left * least)


def gain(mpmath, state, kind, elapsed):
    """Returns G at γt = `elapsed`; `state` holds the amplitudes over √C(N, ups)."""
    num_qubits = len(state) - 1
    lost = 0 if kind == "dephasing" else 1 - mpmath.exp(-elapsed)
    coherence = mpmath.exp(-2 * elapsed if kind == "dephasing" else -elapsed / 2)
    total = mpmath.mpf(0)
    for pairs in range(num_qubits // 2 + 1):
        size = num_qubits - 2 * pairs
        copies = comb(num_qubits, pairs) - (comb(num_qubits, pairs - 1) if pairs else 0)
        total += copies * qfi(mpmath, block(mpmath, state, pairs, size, lost, coherence), size)
    return total


def block(mpmath, state, pairs, size, lost, coherence):
    """Returns ρ of one copy of the total spin size/2, by the number of spins up."""
    # M_uu = (1−lost) zw, M_dd = 1 + lost·zw, M_ud = coherence·z, M_du = coherence·w; y = zw in what follows, and
    # det M = ((1−lost) − coherence²) y + lost (1−lost) y².
    linear, square = (1 - lost) - coherence**2, lost * (1 - lost)
    singlets = [mpmath.mpf(0)] * (2 * pairs + 1)
    if lost:  # (1−lost) = coherence² exactly: only the highest power is left
        singlets[2 * pairs] = square**pairs
    else:
        singlets[pairs] = linear**pairs
    factorial = [mpmath.factorial(k) for k in range(size + 1)]
    rho = mpmath.matrix(size + 1, size + 1)
    for both_up in range(size + 1):
        for both_down in range(size + 1 - both_up):
            # Coefficients of y^l in (det M)^k M_uu^s M_dd^r.
            weights = {}
            for power, weight in enumerate(singlets):
                if weight:
                    for fallen in range(both_down + 1 if lost else 1):
                        value = weight * (1 - lost) ** both_up * comb(both_down, fallen) * mpmath.mpf(lost) ** fallen
                        weights[power + both_up + fallen] = value
            for row_only in range(size + 1 - both_up - both_down):
                column_only = size - both_up - both_down - row_only
                shared = coherence ** (row_only + column_only) / (
                    factorial[both_up] * factorial[both_down] * factorial[row_only] * factorial[column_only]
                )
                rho[both_up + row_only, both_up + column_only] += shared * sum(
                    weight * state[power + row_only] * mpmath.conj(state[power + column_only])
                    for power, weight in weights.items()
                )
    # n! / √(C(n,p) C(n,q)) = √(p! (n−p)! q! (n−q)!)
    scale = [mpmath.sqrt(factorial[p] * factorial[size - p]) for p in range(size + 1)]
    for p in range(size + 1):
        for q in range(size + 1):
            rho[p, q] *= scale[p] * scale[q]
    return rho


def qfi(mpmath, rho, size):
    if all(value.imag == 0 for value in rho):
        values, vectors = mpmath.eigsy(rho.apply(mpmath.re))
    else:
        values, vectors = mpmath.eighe(rho)
    number = range(size + 1)
    columns = [[vectors[p, m] for p in number] for m in number]
    total = mpmath.mpf(0)
    for m in number:
        turned = [(p - mpmath.mpf(size) / 2) * mpmath.conj(columns[m][p]) for p in number]
        for n in range(m):
            both = abs(values[m]) + abs(values[n])
            if both:
                element = mpmath.fdot(turned, columns[n])
                total += 4 * (values[m] - values[n]) ** 2 / both * abs(element) ** 2
    return total


if __name__ == "__main__":
    serve(prepare, ["mpmath", "gmpy2"])
