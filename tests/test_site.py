"""What builds the site: dead links, anchors and foreign scripts are found; links out of docs/ lead to pages of it."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.checkout


@pytest.fixture(autouse=True)
def _site(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "site"))
    for name in ("check", "outside", "doctests", "executed"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def site_of(tmp_path, body):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "page.html").write_text('<h1 id="top">A</h1><a href="../index.html#here">up</a>')
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "index.html").write_text(f'<p id="here">B</p>{body}')
    from check import faults_of

    return list(faults_of(tmp_path))


@pytest.mark.parametrize(
    "body",
    ['<a href="sub/page.html#top">a</a>', '<a href="https://arxiv.org">a</a>', '<img src="a.png">',
     '<a href="#here">a</a>',
     '<link rel="canonical" href="https://elsewhere.org">', '<img src="data:image/png;base64,">'],
)  # fmt: skip
def test_right_pages_pass(tmp_path, body):
    assert site_of(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="sub/none.html">a</a>', "sub/none.html, which is not there"),
        ('<a href="sub/page.html#none">a</a>', "no such anchor"),
        ('<a href="#none">a</a>', "no such anchor"),
        ('<script src="https://unpkg.com/x"></script>', "from elsewhere"),
        ('<script src="//unpkg.com/x"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="https://fonts.googleapis.com/css">', "from elsewhere"),
        ('<img src="none.png">', "none.png, which is not there"),
    ],
)
def test_wrong_ones_are_said(tmp_path, body, said):
    (fault,) = site_of(tmp_path, body)
    assert fault.startswith("index.html: ")
    assert said in fault


def test_links_out_of_docs_lead_to_pages_of_the_site():
    from outside import shipped_pages, with_links_of_the_site

    pages = shipped_pages(ROOT)
    text = "[a](../noise_models/nv_pair.toml) [b](../circuits/) [c](runs.md#x) [d](../CHANGELOG.md) `[e](../runs/)` [f](http://x)"
    found = with_links_of_the_site(text, Path("docs/noise.md"), "noise.md")
    links = ["files/noise_models/nv_pair.toml.md", "files/circuits/index.md", "runs.md#x", "changelog.md"]
    assert found == "[a]({}) [b]({}) [c]({}) [d]({}) `[e](../runs/)` [f](http://x)".format(*links)
    assert {links[0], links[1], links[3]} <= set(pages)
    deeper = with_links_of_the_site("[a](../docs/noise.md) [b](my.ipynb)", Path("notebooks/a.ipynb"), "notebooks/a.md")
    assert deeper == "[a](../noise.md) [b](my.md)"
    assert (ROOT / "noise_models" / "nv_pair.toml").read_text() in pages[links[0]][0]


def test_examples_of_docstrings_become_code():
    pytest.importorskip("griffe", reason="needs the extra docs")
    from doctests import fenced

    text = "Adds.\n\n>>> add(1,\n... 1)\n2\n>>> add(2, 2)\n4\n\nMore text."
    assert fenced(text) == "Adds.\n\n```pycon\n>>> add(1,\n... 1)\n2\n>>> add(2, 2)\n4\n```\n\nMore text."


def test_a_notebook_becomes_a_page_with_outputs_pictures_and_folded_solutions(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs the extra notebooks")
    from executed import notebook_pages

    new = nbformat.v4
    solution = new.new_code_cell("1 + 1", metadata={"tags": ["solution"]})
    cells = [new.new_markdown_cell("# Title\n\nText."), new.new_code_cell("print(1)"), solution]
    for folder in ("notebooks", "build/notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    nbformat.write(new.new_notebook(cells=cells), tmp_path / "notebooks" / "a.ipynb")
    cells[1].outputs = [
        new.new_output("stream", text="\x1b[31m1\x1b[0m\n"),
        new.new_output("stream", text="2\n"),
        new.new_output("stream", name="stderr", text="!"),
    ]
    data = {"image/png": "AAAA", "text/plain": "<Figure>"}
    cells[2].outputs = [
        new.new_output("execute_result", data={"text/plain": "2"}),
        new.new_output("display_data", data=data),
    ]
    nbformat.write(new.new_notebook(cells=cells), tmp_path / "build" / "notebooks" / "a.ipynb")
    pages = notebook_pages(tmp_path)
    assert set(pages) == {"notebooks/a.md", "notebooks/a.ipynb", "notebooks/a-0.png"}
    page = pages["notebooks/a.md"][0]
    assert page.startswith("# Title\n")
    assert "```python\nprint(1)\n```\n\n````text\n1\n2\n````" in page
    assert "!\n" not in page
    assert '??? success "Solution"\n\n    ```python\n    1 + 1\n    ```\n\n    ````text\n    2\n    ````' in page
    assert pages["notebooks/a-0.png"][0] == b"\0\0\0"
    cells[1].source = "print(2)"  # written anew, not executed since
    nbformat.write(new.new_notebook(cells=cells), tmp_path / "notebooks" / "a.ipynb")
    nbformat.write(new.new_notebook(cells=cells[:1]), tmp_path / "build" / "notebooks" / "a.ipynb")
    assert "print(2)" in notebook_pages(tmp_path)["notebooks/a.md"][0]
