"""The house: a room imports only rooms above it; estimators know no theory, and theory knows no estimator."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# From the top of the house down; `a.b` is a room within a room.
ROOMS = [
    "errors", "units", "files", "toml_file", "content", "fisher", "integration", "device", "noise", "quadrature",
    "probes", "layout", "theory", "counts", "sensing", "transpilation", "estimate", "fidelity", "rendering",
    "emulation", "emulator", "spec_file", "placement", "spec", "estimators", "plan", "backends", "characterise",
    "provenance", "record", "mounting", "execution", "jobs", "ledger", "remote", "dispatch", "fetching",
    "submission", "collection", "calibration_jobs",
    "measured", "against_calibration", "derived", "advantage", "compare", "pictures", "report", "workflow",
    "reproduction", "tables", "store", "study", "cli",
]  # fmt: skip


def imports(path):
    """The rooms that a file imports, lazily or not."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "qsense" else [f"qsense.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("qsense.") and name.split(".")[1] in ROOMS:
                yield name.split(".")[1]


def room(path):
    return path.relative_to(ROOT / "qsense").parts[0].removesuffix(".py")


FILES = sorted(p for p in (ROOT / "qsense").rglob("*.py") if p != ROOT / "qsense" / "__init__.py")


@pytest.mark.checkout
@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_rooms_above_it(path):
    own = room(path)
    assert own in ROOMS, f"{own} is not in the list of rooms"
    for other in imports(path):
        assert ROOMS.index(other) <= ROOMS.index(own), f"{own} imports {other}, which is below it"


@pytest.mark.checkout
def test_estimators_and_theory_do_not_know_each_other():
    for path in FILES:
        if room(path) == "estimate":
            assert "theory" not in set(imports(path)), path
        if room(path) == "theory":
            assert "estimate" not in set(imports(path)), path


@pytest.mark.checkout
def test_no_room_has_grown_past_300_lines():
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 300, path


@pytest.mark.checkout
def test_the_list_of_rooms_has_no_room_too_many():
    assert {room(path) for path in FILES} == set(ROOMS)
