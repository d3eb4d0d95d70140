"""docs/recharging.md says what really happens: its examples run, and no number of it comes from elsewhere."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "recharging.md"
pytestmark = pytest.mark.checkout


def examples(text):
    """The Python of the page as a doctest; a fence's line would else be read as output."""
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 5
    return doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)


def test_every_example_prints_what_is_shown():
    report = []
    result = doctest.DocTestRunner(verbose=False).run(examples(PAGE.read_text(encoding="utf-8")), out=report.append)
    assert result.attempted > 25
    assert not result.failed, "".join(report)


def test_every_number_of_the_prose_is_printed_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    printed = "".join(re.findall(r"^```(?:python|console)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    numbers = re.findall(r"(?<![\d.:/])\d+\.\d+(?![\d.])", re.sub(r"arXiv:\S+|https?:\S+", "", prose))
    for number in numbers:
        assert number in printed, number


def test_every_figure_is_made_by_a_command_of_the_page():
    text = PAGE.read_text(encoding="utf-8")
    figures = re.findall(r"\]\((figures/\S+)\)", text)
    assert len(figures) == 4
    for figure in figures:
        assert (PAGE.parent / figure).exists()
        assert f"--plot docs/{figure}" in text
