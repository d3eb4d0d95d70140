"""Figures of runs and studies are made, but not drawn: that takes most of a small run's time, and has its own tests."""

from contextlib import contextmanager

import pytest

from qsense.files.figures import render_figure

_EMPTY = {"png": b"\x89PNG, not drawn", "svg": b"<?xml version='1.0'?><svg>not drawn</svg>"}
_now = {"drawn": ()}


def kinds_drawn():
    return _now["drawn"]


def kinds_for(item):
    """The kinds of files that a test draws: all where it is marked `drawn`, or those that the mark names."""
    mark = item.get_closest_marker("drawn")
    return () if mark is None else mark.args or tuple(_EMPTY)


@contextmanager
def drawn(kinds):
    """Here figures beside tables of runs and studies are drawn for such files; others hold a placeholder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_now, "drawn", kinds)
        yield


@contextmanager
def drawn_where_asked():
    """What is plotted is always computed; see `drawn`."""
    from qsense.reports import run_figures
    from qsense.study import figures

    def render(figure, kind):
        return render_figure(figure, kind) if kind in kinds_drawn() else _EMPTY[kind]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_figures, "render_figure", render)
        patch.setattr(figures, "render_figure", render)
        yield
