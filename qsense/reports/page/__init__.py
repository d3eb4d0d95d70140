"""The report as one HTML file: a page for records, studies and plans that needs no network and no other file.

`blocks` says what a page is made of, `record`, `beside` and `plan` make it of what was measured or planned (a study's
is made by `study.page`), `charts` and `axes` place what is drawn, and the templates turn it into HTML and SVG.
"""

from __future__ import annotations

from collections.abc import Sequence

from qsense.reports.page.blocks import Part
from qsense.reports.page.rendering import rendered
from qsense.version import __version__


def page(parts: Sequence[Part], beside: Part | None = None) -> bytes:
    """Returns the page of some parts, as the content of an HTML file.

    Args:
        parts: records, studies and plans; one at least.
        beside: what is said of several together; it comes first.
    """
    every = [*([] if beside is None else [beside]), *parts]
    title = every[0].title if len(every) == 1 else f"{len(parts)} results in one page"
    return rendered("report.html", "report.js", title=title, parts=every, version=__version__)
