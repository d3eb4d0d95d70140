"""Packages import only packages before them; no file imports itself in a circle; estimators and theory stay apart."""

import ast
from functools import cache
from pathlib import Path

import pytest

import qsense

pytestmark = pytest.mark.checkout
ROOT = Path(__file__).resolve().parents[1]
# From the bottom up: a package may import those before it. docs/architecture.md says what each is for.
LAYERS = [
    "version", "installation", "errors", "numerics", "files", "extensions", "store", "probes", "signals", "devices",
    "noise", "circuits", "theory", "emulator", "estimators", "backends", "recharging", "planning", "runs", "laboratory",
    "services", "jobs", "comparison", "tables", "reports", "plot", "calibration", "workflow", "study", "cli",
]  # fmt: skip
MOST_LEVELS = 14
MOST_LINES = 300
FILES = sorted(
    p for p in (ROOT / "qsense").rglob("*.py") if p.parent != ROOT / "qsense" or p.stem not in ("__init__", "__main__")
)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}
HOMES = qsense._HOMES


def package_of(module):
    return module.split(".")[1]


@cache
def imports(module):
    """The modules of qsense that a file imports, at once or inside a function; not those for type checkers only."""
    return frozenset(imports_in(MODULES[module].read_text()) - {module})


def imports_in(text):
    tree = ast.parse(text)
    for_types = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and getattr(guard.test, "id", "") == "TYPE_CHECKING"
        for statement in guard.body
        for node in ast.walk(statement)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute here"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if node.module == "qsense" and alias.name in HOMES:  # a public name stands for the module that has it
                    inner = HOMES[alias.name][0]
                names.append(inner if inner in MODULES else node.module)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            names = [str(getattr(argument, "value", "")) for argument in node.args]
        found |= {name for name in names if name in MODULES}
    return found


@cache
def imported_packages(package):
    return {package_of(o) for m in MODULES if package_of(m) == package for o in imports(m)} - {package}


@cache
def level(package):
    """1 for a package that imports no other, else one more than the highest that it imports."""
    return 1 + max((level(other) for other in imported_packages(package)), default=0)


def test_a_package_imports_only_packages_before_it():
    assert {package_of(module) for module in MODULES} <= set(LAYERS)
    upward = [
        f"{module} imports {other}, which comes after it"
        for module in MODULES
        for other in imports(module)
        if LAYERS.index(package_of(other)) > LAYERS.index(package_of(module))
    ]
    assert not upward, "\n".join(upward)


@pytest.mark.parametrize("line", [
    "from qsense import sweep", "from qsense.study import sweep", "import qsense.study.sweep",
    "def later():\n    import qsense.study.sweep", "importlib.import_module('qsense.study.sweep')",
    "if TYPE_CHECKING:\n    pass\nelse:\n    import qsense.study.sweep",
])  # fmt: skip
def test_an_import_is_seen_in_any_form(line):
    assert {package_of(module) for module in imports_in(line)} == {"study"}


def test_an_import_for_type_checkers_alone_does_not_count():
    assert not imports_in("if TYPE_CHECKING:\n    from qsense.study import sweep")


def test_a_relative_import_is_refused():
    with pytest.raises(AssertionError, match="absolute"):
        imports_in("from ..study.sweep import sweep")


def test_every_layer_is_a_package():
    assert {package_of(module) for module in MODULES} == set(LAYERS)


def test_there_are_few_levels():
    assert max(level(package) for package in LAYERS) <= MOST_LEVELS


def test_no_files_import_each_other_in_a_circle():
    state = {}

    def visit(module, trail):
        assert state.get(module) != "open", f"a circle of imports: {' -> '.join([*trail, module])}"
        if module not in state:
            state[module] = "open"
            for other in sorted(imports(module)):
                # A package's face imports its own files; a file of the package that imports the face is a circle.
                visit(other, [*trail, module])
            state[module] = "done"

    for module in sorted(MODULES):
        visit(module, [])


def test_estimators_and_theory_do_not_know_each_other():
    assert "theory" not in imported_packages("estimators")
    assert "estimators" not in imported_packages("theory")


def test_no_file_is_longer_than_it_can_be_read():
    for path in FILES:
        assert len(path.read_text().splitlines()) <= MOST_LINES, path
