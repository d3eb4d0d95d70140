"""qsense itself, asked as its peers are: same request, same clock, a process of its own.

`engine`: "gain" is what a user calls; "dense" forces the dense engine. `probe`: "symmetric", "ghz" or "product". `rate`
is one number; `rates` instead has a number or a list, one for each spin, of every kind of noise.
"""

from exchange import amplitudes, serve


def prepare():
    import numpy as np

    import qsense
    from qsense.theory.dense import dense_gain

    def solve(request):
        if request["probe"] == "symmetric":
            probe = qsense.Probe.symmetric(amplitudes(request))
        else:
            probe = getattr(qsense.Probe, request["probe"])(request["num_qubits"])
        rates = request["rates"] if "rates" in request else {request["kind"]: request["rate"]}
        noise, times = qsense.LocalNoise(**rates), np.array(request["times"])
        return dense_gain(probe, noise, times) if request["engine"] == "dense" else qsense.gain(probe, noise, times)

    return solve


if __name__ == "__main__":
    serve(prepare, ["numpy"])
