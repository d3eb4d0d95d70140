"""Makes the tables of docs/benchmarks.md anew, in one go.

    python benchmarks/page.py [bench-dense bench-start …]

Between `<!-- bench-dense -->` and `<!-- end -->` stands what `make bench-dense` prints, and so on. Every target that
the page names is run, or those that are given, one after the other; the page is written after each. Below a table
stands when it was made, of which commit, how long it took, and how busy the machine was with other things meanwhile:
tables are for a quiet one. Where a target fails, its old table stays and the command ends with an error.
"""

import argparse
import os
import re
import resource
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from qsense.files import atomic

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
TABLE = re.compile(r"<!-- (?P<target>bench-[a-z-]+) -->\n(?P<table>.*?)<!-- end -->", re.DOTALL)


def main() -> None:
    names = [found["target"] for found in TABLE.finditer(PAGE.read_text())]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="bench-NAME", help="by default all of the page")
    chosen = parser.parse_args().targets or names
    if unknown := set(chosen) - set(names):
        parser.error(f"not in {PAGE.name}: {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    failed = []
    for target in chosen:
        print(f"{datetime.now():%H:%M:%S} {target}", flush=True)
        table = printed(target)
        if table is None:
            failed.append(target)
        else:
            atomic.write(PAGE, replaced(PAGE.read_text(), target, table).encode())
    if failed:
        raise SystemExit(f"failed, with the old table left: {', '.join(failed)}")


def replaced(page: str, target: str, table: str) -> str:
    """Returns the page with another table of that target.

    >>> replaced("<!-- bench-a -->\\nold\\n<!-- end -->", "bench-a", "new\\n")
    '<!-- bench-a -->\\nnew\\n<!-- end -->'
    """
    return TABLE.sub(
        lambda found: f"<!-- {target} -->\n{table}<!-- end -->" if found["target"] == target else found[0], page
    )


def printed(target: str) -> str | None:
    """Returns what a target prints and how it was made, or None where it fails."""
    begin, busy, own = time.monotonic(), busy_seconds(), child_seconds()
    done = subprocess.run(["make", "-s", target], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return None
    taken = time.monotonic() - begin
    others = max(0.0, (busy_seconds() - busy) - (child_seconds() - own)) / (taken * (os.cpu_count() or 1))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit.stdout.strip()}, in {taken / 60:.1f} min"
    return f"{done.stdout.strip()}\n\nMade {made}; other processes took {100 * others:.0f} % of the machine.\n"


def busy_seconds() -> float:
    """Processor time of all processes since the start of the machine."""
    spent = psutil.cpu_times()
    return sum(getattr(spent, kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq"))


def child_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
