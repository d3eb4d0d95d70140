"""The walk through the paper says what really happens: its examples run, and the tests it names exist."""

import doctest
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "paper.md"
pytestmark = pytest.mark.checkout


def examples():
    """The page as a doctest: a fence's line would else be read as output. Line numbers stay the page's."""
    text = re.sub(r"^```.*$", "", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)


def prose():
    return re.sub(r"^```python\n.*?^```$", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_every_example_prints_what_is_shown():
    report = []
    result = doctest.DocTestRunner(verbose=False).run(examples(), out=report.append)
    assert result.attempted > 80
    assert not result.failed, "".join(report)


def test_a_changed_number_fails():
    text = PAGE.read_text(encoding="utf-8")
    start = text[: text.index("## II A")].replace("gamma = 0.1 ", "gamma = 0.2 ")
    lines = re.search(r"^>>> print\(f\"2 ln 2.*\n.*\n", text, re.MULTILINE).group()
    wrong = re.sub("^```.*$", "", start, flags=re.MULTILINE) + lines.replace("= 1.38629436", "= 1.38629437")
    test = doctest.DocTestParser().get_doctest(wrong, {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None).failed == 1


def test_every_fence_holds_examples():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        assert block.startswith(">>> ")
        assert block.endswith("\n\n"), "an empty line ends the last output"


def test_every_number_of_the_prose_is_printed_by_an_example():
    shown = "".join(example.source + example.want for example in examples().examples)
    for number in re.findall(r"(?<![\d.:])\d+\.\d+(?![\d.])", re.sub(r"arXiv:\S+|https?:\S+", "", prose())):
        assert number in shown, number


def test_every_test_that_the_page_names_exists():
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_paper*.py"))
    named = re.findall(r"`(test_\w+)`", prose())
    assert len(set(named)) > 30
    for name in named:
        assert f"def {name}(" in written, name


def test_every_file_that_the_page_names_exists():
    for target in re.findall(r"\]\((?!http|#)([^)#]+)\)", prose()):
        assert (PAGE.parent / target).exists(), target
    for target in re.findall(r"`(?:python )?((?:tests|docs)/[\w/.]+)`", prose()):
        assert (ROOT / target).exists(), target


def test_every_equation_of_the_paper_that_has_a_number_to_compute_is_on_the_page():
    covered = set()
    for first, last in re.findall(r"Eqs?\. (\d+)(?:–(\d+))?", prose()) + re.findall(
        r"\d, (\d+)(?:–(\d+))?\*\*", prose()
    ):
        covered |= set(range(int(first), int(last or first) + 1))
    wanted = {*range(6, 34), *range(35, 55), *range(55, 61)}
    assert wanted <= covered, sorted(wanted - covered)


def test_the_figure_is_drawn_by_its_script_and_shows_equation_60():
    drawn = runpy.run_path(str(ROOT / "docs" / "figures" / "paper.py"))["figure"]()
    assert len(drawn.axes) == 6
    for panel in drawn.axes:
        assert panel.get_xlabel()
        assert panel.get_ylabel()
        assert panel.get_legend() is not None
    curves = {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in drawn.axes[4].lines}
    assert np.allclose(curves["parity"], 1, rtol=1e-9)
    assert np.allclose(curves["joint outcome of σx"], 1, rtol=1e-9)
    assert np.allclose(curves["parity + loss flag"], curves[r"$\mathcal{I}$ of GHZ (left-hand side)"], rtol=1e-9)
    assert np.all(curves["parity + loss flag"] > 1.2)
