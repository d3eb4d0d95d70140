"""Templates are compiled once, and kept where Python keeps bytecode; what is kept changes no page."""

import sys

import jinja2
import pytest

from qsense.reports.page import rendering


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of what is kept, and how many templates have been compiled."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    compiled = []
    real = jinja2.Environment.compile
    monkeypatch.setattr(jinja2.Environment, "compile", lambda *one: compiled.append(one[2]) or real(*one))
    forget()
    yield tmp_path, compiled
    forget()


def forget():
    """Forgets templates, as a new process would."""
    rendering._template.cache_clear()
    rendering._environment.cache_clear()


def head():
    """A template, as it is rendered by a new process."""
    forget()
    return rendering._template("head.html").render(policy="p", style="s", script="t", title="a run")


def files(folder):
    return list(folder.rglob("templates/*"))


def test_a_template_is_compiled_once(kept):
    folder, compiled = kept
    first = head()
    assert head() == first
    assert compiled == ["head.html"]
    assert len(files(folder)) == 1


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:12], lambda data: data[:-9], lambda data: b"x"]
)
def test_what_is_damaged_is_compiled_again(kept, damage):
    folder, compiled = kept
    first = head()
    (path,) = files(folder)
    path.write_bytes(damage(path.read_bytes()))
    assert head() == first
    assert head() == first
    assert len(compiled) == 2


def test_a_template_that_has_changed_is_compiled_again(kept, monkeypatch):
    _, compiled = kept
    head()
    monkeypatch.setattr(rendering, "read", lambda name: "changed")
    assert head() == "changed"
    assert len(compiled) == 2


def test_nothing_is_written_where_python_writes_no_bytecode(kept, monkeypatch):
    folder, compiled = kept
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    head(), head()
    assert len(compiled) == 2
    assert not files(folder)


def test_a_folder_that_cannot_be_made_stops_no_page(kept, monkeypatch):
    folder, compiled = kept
    (folder / "file").touch()
    monkeypatch.setattr(sys, "pycache_prefix", str(folder / "file"))
    assert head() == head()
    assert len(compiled) == 2
