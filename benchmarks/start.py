"""What a start costs: processor time of commands, of one checkout or of two in turn.

    OMP_NUM_THREADS=1 python benchmarks/start.py [FOLDER]

FOLDER is another checkout, which is measured in turn with this one. Bytecode is compiled before, into a folder of the
benchmark's own. Prints Markdown: the smallest and the median of seven runs, each the processor time of a process and
its children.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
RUNS = 7
SPEC = HERE / "tests" / "support" / "small.toml"  # the run whose modules tests/cli/test_start.py counts


def main():
    folders = [HERE, *(Path(word).resolve() for word in sys.argv[1:2])]
    with tempfile.TemporaryDirectory() as place:
        commands = {
            "python -c pass": ["-c", "pass"],
            "python -c 'import qsense'": ["-c", "import qsense"],
            "qsense --help": ["-m", "qsense", "--help"],
            "qsense theory --probe ghz,product --num-qubits 4 --dephasing 0.1": [
                "-m", "qsense", "theory", "--probe", "ghz,product", "--num-qubits", "4", "--dephasing", "0.1",
            ],
            "qsense run small.toml": ["-m", "qsense", "run", str(SPEC), "--out"],
            "qsense run small.toml --no-report": ["-m", "qsense", "run", str(SPEC), "--no-report", "--out"],
        }  # fmt: skip
        print("| command | " + " | ".join(f"{what}s (median)" for what in ("", "before, ")[: len(folders)]) + " |")
        print("|---" * (1 + len(folders)) + "|")
        for name, words in commands.items():
            found = {folder: [] for folder in folders}
            for _ in range(RUNS + 1):  # the first compiles
                for folder in folders:
                    more = [tempfile.mkdtemp(dir=place)] if words[-1] == "--out" else []
                    found[folder].append(seconds([sys.executable, *words, *more], folder, place))
            cells = [f"{min(one[1:]):.3f} ({statistics.median(one[1:]):.3f})" for one in found.values()]
            print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


def seconds(command, folder, place):
    cached = f"{place}/bytecode-{folder.name}"
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": cached, "OMP_NUM_THREADS": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
