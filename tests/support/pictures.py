"""Figures of runs and studies are made, but not drawn: that takes most of a small run's time, and has its own tests."""

from contextlib import contextmanager

import pytest

from qsense.files.figures import render_figure

_EMPTY = {"png": b"\x89PNG, not drawn", "svg": b"<?xml version='1.0'?><svg>not drawn</svg>"}
_now = {"drawn": False}


def are_drawn():
    return _now["drawn"]


@contextmanager
def drawn(whether=True):
    """Here the figures beside tables of runs and studies are drawn; else their files hold a placeholder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_now, "drawn", whether)
        yield


@contextmanager
def drawn_where_asked():
    """What is plotted is always computed; see `drawn`."""
    from qsense.reports import run_figures
    from qsense.study import figures

    def render(figure, kind):
        return render_figure(figure, kind) if are_drawn() else _EMPTY[kind]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_figures, "render_figure", render)
        patch.setattr(figures, "render_figure", render)
        yield
