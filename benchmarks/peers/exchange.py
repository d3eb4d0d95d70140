"""How a script of the benchmark answers: one JSON request on stdin, one JSON answer as the last line of stdout.

A request has `num_qubits`, `amplitudes` ([re, im] over Dicke states, index = number of spins up), `kind`
("dephasing" or "emission"), `rate` (1/s), `times` (s), `repeats`, `clock` ("wall" or "cpu"), and what a script wants
beside. An answer has `gain`, `seconds` (of every repetition, in order, measured after the imports), `peak_mib`,
`imports_mib`, `versions` and `note`; or `missing`.
"""

import importlib.metadata
import json
import os
import resource
import sys
import time
import warnings

import numpy as np

ENOUGH_SECONDS = 3.0


def serve(prepare, packages):
    """Answers one request. `prepare()` does the imports and returns the function that is timed.

    Args:
        prepare: returns solve, with solve(request) -> gains, or (gains, note).
        packages: the distributions whose versions the answer names.
    """
    warnings.filterwarnings("ignore")
    # What a library prints must not get between the lines of the answer.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.read())
    clock = time.process_time if request.get("clock") == "cpu" else time.perf_counter
    try:
        solve = prepare()
        versions = {name: importlib.metadata.version(name) for name in packages}
    except ImportError as error:
        answer = {"missing": str(error)}
    else:
        before = _peak_mib()
        seconds, result = [], None
        while not seconds or (len(seconds) < request.get("repeats", 5) and sum(seconds) < ENOUGH_SECONDS):
            start = clock()
            result = solve(request)
            seconds.append(clock() - start)
        gains, note = result if isinstance(result, tuple) else (result, "")
        answer = {
            "gain": [float(value) for value in gains],
            "seconds": seconds,
            "peak_mib": _peak_mib(),
            "imports_mib": before,
            "versions": versions,
            "note": note,
        }
    print(json.dumps(answer), file=answer_to, flush=True)


def amplitudes(request):
    """Returns the amplitudes over Dicke states, normalised, shape (N+1,); real if they all are."""
    values = np.array([complex(re, im) for re, im in request["amplitudes"]])
    values /= np.linalg.norm(values)
    return values if values.imag.any() else values.real


def statevector(request):
    """Returns the 2^N amplitudes, by the number of ones of the index (which end is qubit 0 does not matter)."""
    num_qubits = request["num_qubits"]
    dicke = amplitudes(request)
    ups = np.array([index.bit_count() for index in range(2**num_qubits)])
    return (dicke / np.sqrt(np.bincount(ups)))[ups], ups - num_qubits / 2


def _peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
