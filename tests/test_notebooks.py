"""The notebooks as they are in the repository: without outputs, with hidden solutions, and all of them on the site."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EVERY = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
pytestmark = pytest.mark.checkout


def cells_of(path, kind):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


@EVERY
def test_no_output_and_no_count_is_kept(path):
    for cell in cells_of(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert set(cell["metadata"]) <= {"jupyter", "tags"}
    assert set(json.loads(path.read_text())["metadata"]) == {"kernelspec", "language_info"}


@EVERY
def test_its_code_is_python_and_writes_nothing_beside_it(path):
    for cell in cells_of(path, "code"):
        source = re.sub(r"^[!%].*$", "pass", "".join(cell["source"]), flags=re.MULTILINE)
        for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in ("qsense.run", "qsense.import_counts"):
                assert len(call.args) > 1, "records go to a folder of their own"


@EVERY
def test_it_is_on_the_site_and_begins_with_its_title(path):
    assert f"- notebooks/{path.stem}.md" in (ROOT / "mkdocs.yml").read_text()
    first = "".join(cells_of(path, "markdown")[0]["source"])
    assert first.startswith("# ")


def test_the_class_has_a_hidden_solution_for_every_exercise():
    cells = json.loads((ROOT / "notebooks" / "does_entanglement_help.ipynb").read_text())["cells"]
    text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    solutions = [cell for cell in cells if "solution" in cell["metadata"].get("tags", ())]
    assert len(solutions) == len(re.findall(r"\*\*Exercise \d", text)) >= 5
    assert all(cell["metadata"]["jupyter"] == {"outputs_hidden": True, "source_hidden": True} for cell in solutions)


def test_there_are_five():
    assert len(PATHS) == 5
