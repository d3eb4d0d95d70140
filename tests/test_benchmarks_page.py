"""The tables of docs/benchmarks.md are what targets of the Makefile print."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.checkout
ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "benchmarks.md").read_text()
TABLES = re.findall(r"<!-- (bench-[a-z-]+) -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize("target", [target for target, _ in TABLES])
def test_each_table_has_a_target(target):
    """`make` can plan it, and the command above the table names it."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "benchmarks/" in done.stdout
    assert f"`make {target}`" in PAGE


def test_tables_are_whole():
    """No table stands twice, none is empty, and no mark is left without its other half."""
    assert (
        len({target for target, _ in TABLES}) == len(TABLES) == PAGE.count("<!-- bench-") == PAGE.count("<!-- end -->")
    )
    assert len(TABLES) > 12
    for target, table in TABLES:
        assert table.count("\n|") > 2, target
