"""The pages of the site say what really happens: their commands are run, each page in a folder of its own.

Run by `make docs`, as devices take their time. With QSENSE_UPDATE_PAGES=1 the pages are written anew instead.
"""

import os
from pathlib import Path

import pytest
from pages import CONSOLE, run_examples, with_outputs

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.checkout, pytest.mark.site]
NAMES = [
    "index",
    "start",
    "concepts",
    "gallery",
    *(f"guides/{path.stem}" for path in (ROOT / "docs" / "guides").glob("*.md")),
]
PAGES = {name: ROOT / "docs" / f"{name}.md" for name in NAMES if (ROOT / "docs" / f"{name}.md").exists()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_what_its_commands_print(name, tmp_path):
    text = PAGES[name].read_text()
    (tmp_path / "runs").mkdir()  # records go beside the specs, into this folder
    for path in (ROOT / "runs").glob("*.toml"):
        (tmp_path / "runs" / path.name).symlink_to(path)
    found = with_outputs(text, tmp_path)
    if os.environ.get("QSENSE_UPDATE_PAGES"):
        PAGES[name].write_text(found)
    else:
        assert found == text
    attempted, failed, report = run_examples(text, name)
    assert not failed, report
    assert attempted or CONSOLE.search(text) or name in ("index", "gallery"), "a page without an example"
