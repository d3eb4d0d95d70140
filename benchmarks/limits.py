"""What limits each engine of the theory: where its time goes, and what share of the core's peak it reaches.

    OMP_NUM_THREADS=1 python benchmarks/limits.py

Prints Markdown. Processor time of one call at 50 times, the median of five after one that fills what is kept. "eigen"
is the time inside `eigh`, "products" inside `matmul`, the rest is arithmetic on arrays element by element and Python;
"Python" is what the same call takes for a single time, in which there is next to no arithmetic where N is small.
Operations are counted, not measured: 6 d³ for the eigenvectors of a real matrix (4/3 for the reduction to tridiagonal
form, 8/3 for divide and conquer, 2 for the way back) and 16 d³ of a complex one, 2 for each multiplication of a real
product and 8 of a complex one. The peak is that of a product of 1024 rows on the same core, in the same run.
"""

import time
from statistics import median

import numpy as np
from peers.exchange import amplitudes, statevector
from races import BOTH, MANY, TIMES, random_probe, random_state

import qsense
from qsense.numerics import arrays
from qsense.theory.dense import dense_gain

RUNS = 5


class Inside:
    """Counts the time and the operations of functions that it stands in for."""

    def __init__(self, function, operations):
        self.function, self.operations = function, operations
        self.clear()

    def clear(self):
        self.seconds, self.count = 0.0, 0.0

    def __call__(self, *given, **named):
        begin = time.process_time()
        found = self.function(*given, **named)
        self.seconds += time.process_time() - begin
        self.count += self.operations(*given)
        return found


def of_eigh(matrices, *_):
    return (16.0 if np.iscomplexobj(matrices) else 6.0) * matrices.size * matrices.shape[-1]


def of_matmul(one, other, *_):
    rows = np.prod(np.broadcast_shapes(one.shape[:-2], other.shape[:-2])) * one.shape[-2] * other.shape[-1]
    return (8.0 if np.iscomplexobj(one) and np.iscomplexobj(other) else 2.0) * rows * one.shape[-1]


def peak() -> tuple[float, float]:
    """Returns GFLOP/s of a product of 1024 rows, and GB/s of a sum of two arrays of 64 MB into a third."""
    square, long = np.random.default_rng(1).normal(size=(1024, 1024)), np.ones(2**23)
    other, into = long.copy(), long.copy()
    product = min(_seconds(lambda: square @ square) for _ in range(5))
    added = min(_seconds(lambda: np.add(long, other, out=into)) for _ in range(5))
    return 2 * 1024**3 / product / 1e9, 3 * long.nbytes / added / 1e9


def _seconds(function) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def cases():
    """Yields (engine, N, what, function of times)."""
    for num_qubits in (4, 6, 8, 9):
        for kind in BOTH:
            for complex_amplitudes in (False, True):
                request = random_state(num_qubits, kind, complex_amplitudes)
                probe, noise = qsense.Probe.from_state(statevector(request)[0]), qsense.LocalNoise(**{kind: 0.1})
                words = f"{kind}, {'complex' if complex_amplitudes else 'real'}"
                yield "dense", num_qubits, words, lambda t, probe=probe, noise=noise: dense_gain(probe, noise, t)
    for num_qubits in (8, 20, 50, 100):
        for kind in BOTH:
            probe = qsense.Probe.symmetric(amplitudes(random_probe(num_qubits, kind)))
            noise = qsense.LocalNoise(**{kind: 0.1})
            yield "symmetric", num_qubits, kind, lambda t, probe=probe, noise=noise: qsense.gain(probe, noise, t)
    for probe in (qsense.Probe.ghz(MANY), qsense.Probe.product(MANY)):
        for rates, words in ((0.1, "equal rates"), (np.linspace(0.05, 0.15, MANY).tolist(), "a rate a spin")):
            noise = qsense.LocalNoise(dephasing=rates)
            times = MANY if probe.kind == "ghz" else 1

            def closed(t, probe=probe, noise=noise, times=times):
                return qsense.gain(probe, noise, t / times)

            yield f"closed form, {probe.kind}", MANY, words, closed


def main() -> None:
    eigh, matmul = Inside(np.linalg.eigh, of_eigh), Inside(np.matmul, of_matmul)
    gflops, bandwidth = peak()
    np.linalg.eigh, np.matmul = eigh, matmul
    object.__setattr__(arrays.CPU, "eigh", eigh)
    print(f"A product of 1024 rows: {gflops:.1f} GFLOP/s; sums of arrays of 64 MB: {bandwidth:.1f} GB/s.\n")
    rates = "one time, ms | eigen, GFLOP/s | products, GFLOP/s | of the peak"
    print(f"| engine | N | noise | s | eigen | products | rest | {rates} |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for engine, num_qubits, words, function in cases():
        function(TIMES)
        alone = median(_seconds(lambda: function(TIMES[:1])) for _ in range(RUNS))  # noqa: B023
        rows = []
        for _ in range(RUNS):
            eigh.clear()
            matmul.clear()
            rows.append((_seconds(lambda: function(TIMES)), eigh.seconds, matmul.seconds))  # noqa: B023
        total, inside, products = (median(column) for column in zip(*rows, strict=True))
        rates = [one.count / one.seconds / 1e9 if one.count else 0.0 for one in (eigh, matmul)]
        share = (eigh.count + matmul.count) / total / 1e9 / gflops
        print(
            f"| {engine} | {num_qubits} | {words} | {total:.3g} | {inside / total:.0%} | {products / total:.0%} "
            f"| {1 - (inside + products) / total:.0%} | {1e3 * alone:.2g} | {rates[0]:.1f} | {rates[1]:.1f} "
            f"| {share:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
