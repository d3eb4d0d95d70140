"""How a script of the benchmark answers: JSON requests on stdin, one a line, each with one line of JSON on stdout.

A request has `num_qubits`; `amplitudes` ([re, im] over Dicke states, index = number of spins up) or `state` ([re, im]
over 2^N basis states, bit 1 = up); `kind` ("dephasing" or "emission"), `rate` (1/s), `times` (s), `calls`, `clock`
("wall" or "cpu"), and what a script wants beside. An answer has `gain`, `seconds` (of one call, the mean of `calls`,
imports left out), `peak_mib`, `imports_mib`, `versions` and `note`; or `missing`.
"""

import importlib.metadata
import json
import os
import resource
import sys
import time
import warnings

import numpy as np


def serve(prepare, packages):
    """Answers requests until there are no more. `prepare()` does the imports and returns the function that is timed.

    Args:
        prepare: returns solve, with solve(request) -> gains, or (gains, note).
        packages: the distributions whose versions the answers name.
    """
    warnings.filterwarnings("ignore")
    # What a library prints must not get between the lines of the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        solve, missing = prepare(), ""
        versions = {name: _version(name) for name in packages}
    except ImportError as error:
        missing = str(error)
    imports = _peak_mib()
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"missing": missing}
        if not missing:
            answer = {**_answer(solve, request), "imports_mib": imports, "versions": versions}
        print(json.dumps(answer), file=answers, flush=True)


def _version(name):
    module = sys.modules.get(name)  # a checkout on the path has no metadata
    return getattr(module, "__version__", None) or importlib.metadata.version(name)


def _answer(solve, request):
    clock = time.process_time if request.get("clock") == "cpu" else time.perf_counter
    calls = request.get("calls", 1)
    start = clock()
    for _ in range(calls):
        result = solve(request)
    seconds = (clock() - start) / calls
    gains, note = result if isinstance(result, tuple) else (result, "")
    return {"gain": [float(one) for one in gains], "seconds": seconds, "peak_mib": _peak_mib(), "note": note}


def amplitudes(request):
    """Returns the amplitudes over Dicke states, normalised, shape (N+1,); real if they all are."""
    return _normalised(request["amplitudes"])


def statevector(request):
    """Returns the 2^N amplitudes by basis state, and the diagonal of J_z; which end is qubit 0 does not matter."""
    num_qubits = request["num_qubits"]
    ups = np.array([index.bit_count() for index in range(2**num_qubits)])
    if "state" in request:
        return _normalised(request["state"]), ups - num_qubits / 2
    return (amplitudes(request) / np.sqrt(np.bincount(ups)))[ups], ups - num_qubits / 2


def _normalised(pairs):
    values = np.array([complex(re, im) for re, im in pairs])
    values /= np.linalg.norm(values)
    return values if values.imag.any() else values.real


def _peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
