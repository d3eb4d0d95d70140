"""The referee in sixty digits: gains, written from the physics alone and sharing no code with qsense.

Rates are lists with a number for each spin; times, rates and fields are taken as the exact values of their doubles.
"""

from mpmath import mp, mpf

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
