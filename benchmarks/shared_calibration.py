"""Coverage of the amplitude that `compare` fits to G with readout mitigated, when all times share one calibration.

    python benchmarks/shared_calibration.py [--repetitions 1000]

Prints a Markdown table. Three spins are read wrong with 1 % (down) and 6 % (up); each run has its own calibration, of
200 to 5000 shots a bitstring, and five times of 4000 shots a circuit. `independent` takes the times as independent,
`shared` with the covariance of the calibration (`Estimate.shared`), `refused` is how often the right decay is refused
at 1 %.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
import misread

from qsense.estimators.spam import fit_amplitude


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1000)
    options = parser.parse_args()
    print(f"{options.repetitions} repetitions\n")
    print("| estimator | calibration shots | independent | shared | refused, independent | refused, shared |")
    print("|---|---|---|---|---|---|")
    for name, readout, antipodal in (("ghz", "loss_flag", False), ("ghz", "parity", False), ("product", "", True)):
        case = misread.Case.of(name, readout, antipodal)
        for shots in (200, 1000, 5000):
            rng = np.random.default_rng([shots, *map(ord, name + readout)])
            inside, refused = np.zeros(2), np.zeros(2)
            for _ in range(options.repetitions):
                found = case.mitigated(rng, shots)
                for column, one in enumerate(([replace(e, shared=()) for e in found], found)):
                    fit = fit_amplitude(one, case.exact)
                    inside[column] += abs(fit.amplitude.value - 1) < 1.96 * fit.amplitude.stderr
                    refused[column] += fit.p_value < 0.01
            shown = [f"{share:.1%}" for share in (*(inside / options.repetitions), *(refused / options.repetitions))]
            label = f"{name} {readout}{' antipodal' if antipodal else ''}"
            print(f"| {label} | {shots} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
