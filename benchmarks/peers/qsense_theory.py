"""qsense itself, asked as its peers are: same request, same clock, a process of its own.

`engine`: "gain" is what a user calls; "dense" forces the dense engine; "bound" is the bound on every probe, "best" the
best G of any state at each time, "moments" the bound from the mean of one direction of J. `probe`: "symmetric",
"state", "ghz", "product" or "one_axis". `rate` is one number; `rates` instead has a number or a list, one for each
spin, of every kind of noise.
"""

from exchange import amplitudes, serve, statevector


def prepare():
    import numpy as np

    import qsense
    from qsense.theory.dense import dense_gain
    from qsense.theory.moments import moment_bound

    def best(probe, noise, times):
        goals = [("gain", time) for time in times]
        return [qsense.optimal_probe(probe.num_qubits, noise, *goal, symmetric=False).value for goal in goals]

    engines = {
        "gain": qsense.gain,
        "dense": dense_gain,
        "bound": lambda probe, noise, times: qsense.gain_bound(probe.num_qubits, noise, times),
        "best": best,
        "moments": moment_bound,
    }

    def solve(request):
        if request["probe"] == "symmetric":
            probe = qsense.Probe.symmetric(amplitudes(request))
        elif request["probe"] == "state":
            probe = qsense.Probe.from_state(statevector(request)[0])
        elif request["probe"] == "one_axis":
            probe = qsense.Probe.named(f"one_axis:{request['twist'] / 2}", request["num_qubits"])
        else:
            probe = getattr(qsense.Probe, request["probe"])(request["num_qubits"])
        rates = request["rates"] if "rates" in request else {request["kind"]: request["rate"]}
        return engines[request["engine"]](probe, qsense.LocalNoise(**rates), np.array(request["times"]))

    return solve


if __name__ == "__main__":
    serve(prepare, ["qsense", "numpy"])
