"""How long `qsense records` takes for thousands of records, with its index, without it, and where none can be written.

    python benchmarks/records.py [NUMBER]

The records are copies of runs/reference/paper-* with another name, seed, noise, date and id each. Seconds are those of
the whole command, from the interpreter's start to its last line: of the processor (user and system), which a busy
machine hardly changes, and of the clock. Each is the median of three.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = next((Path(__file__).resolve().parents[1] / "runs" / "reference").glob("paper-*"))
INDEX = ".records.json"
ROUNDS = 3


def make_records(folder: Path, number: int) -> None:
    """Makes so many records, without figures and counts."""
    spec, summary = (SOURCE / "spec.toml").read_text(), (SOURCE / "summary.json").read_text()
    provenance = json.loads((SOURCE / "provenance.json").read_text())
    for place in range(number):
        made = folder / f"run{place}-ghz-product-n1-4-aer-{place:012x}"
        (made / "counts").mkdir(parents=True)
        text = re.sub(r"seed = \d+", f"seed = {place}", spec.replace('"paper"', f'"run{place}"'))
        (made / "spec.toml").write_text(text.replace("rate = 0.1", f"rate = {0.1 + place * 1e-6}"))
        (made / "summary.json").write_text(summary.replace('"spec_id"', f'"place": {place}, "spec_id"'))
        created = f"2026-{1 + place % 12:02d}-{1 + place % 28:02d}T10:00:00+00:00"
        (made / "provenance.json").write_text(
            json.dumps({**provenance, "spec_id": f"{place:012x}", "created": created})
        )


def listed(folder: Path, number: int) -> tuple[float, float]:
    """Returns the seconds of the processor and of the clock that listing takes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "qsense.cli", "records", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.endswith(f"{number} records in {folder}\n")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def main(number: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "records"
        folder.mkdir()
        make_records(folder, number)
        time.sleep(2.5)  # files that have just been written are not kept
        listed(folder, number)
        print(f"{number} records, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for what in ("with the index", "the first time", "index is a folder: none can be read or written"):
            found = []
            for _ in range(ROUNDS):
                if what != "with the index":
                    shutil.rmtree(folder / INDEX) if (folder / INDEX).is_dir() else (folder / INDEX).unlink()
                if what.startswith("index is"):
                    (folder / INDEX / "x").mkdir(parents=True)
                found.append(listed(folder, number))
            processor, clock = (statistics.median(values) for values in zip(*found, strict=True))
            print(f"{what}: {processor:.2f} s of the processor, {clock:.2f} s by the clock")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
