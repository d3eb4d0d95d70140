"""Makes docs/figures/how.svg, how qsense works in one picture: python docs/figures/how.py."""

from __future__ import annotations

from html import escape
from pathlib import Path

WIDTH, HEIGHT = 960, 430
INK, PAPER = "#1a1a2e", "#ffffff"
# Fill and edge of what the user has, what qsense does, where counts come from, the theory, and what comes out.
YOURS, STEP, SOURCE, THEORY, RESULT = (
    ("#fff4e0", "#E69F00"), ("#eaf2fb", "#0072B2"), ("#f3f3f3", "#777777"), ("#e8f6f1", "#009E73"),
    ("#fdeee6", "#D55E00"),
)  # fmt: skip


def picture() -> str:
    """Returns the picture as SVG, with a title and a description for those who cannot see it."""
    boxes = [
        _box(
            15,
            40,
            190,
            120,
            YOURS,
            "What you have",
            "a device, T1 and T2,",
            "or a noise model;",
            "the field and its signs",
        ),
        _box(250, 40, 190, 120, STEP, "Plan", "which probe, which N,", "when, how often;", "does it pay at all?"),
        _box(485, 40, 190, 120, STEP, "Run", "circuits that prepare,", "sense and read out", "each probe"),
        _box(735, 20, 210, 38, SOURCE, "exact emulator"),
        _box(735, 66, 210, 38, SOURCE, "Qiskit Aer"),
        _box(735, 112, 210, 38, SOURCE, "a device, its fake"),
        _box(735, 158, 210, 38, SOURCE, "your laboratory"),
        _box(
            485,
            250,
            190,
            130,
            STEP,
            "Estimate",
            "G(t), 𝓘 and φ from",
            "counts, with 95 %",
            "intervals; assumptions",
            "tested",
        ),
        _box(
            15,
            250,
            190,
            130,
            THEORY,
            "Exact theory",
            "G(t), 𝓘, crossover,",
            "bound on any probe,",
            "from the noise alone",
        ),
        _box(
            250, 250, 190, 130, RESULT, "Verdict", "how much, until when,", "how sure, and what was", "not as assumed"
        ),
    ]
    arrows = [
        _arrow(205, 100, 249, 100),
        _arrow(440, 100, 484, 100),
        _arrow(675, 107, 732, 107),
        _path("M 840 196 V 315 H 677", "counts", 770, 306),
        _arrow(485, 315, 442, 315),
        _arrow(205, 315, 248, 315),
        _arrow(110, 160, 110, 248),
    ]
    text = (
        "From a device or a noise, by a plan and a run, to counts; their estimates and exact theory meet in a verdict."
    )
    style = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" style="{style}">',
            f"<title>How qsense works</title><desc>{escape(text)}</desc>",
            f'<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
            f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{PAPER}"/>',
            *boxes,
            *arrows,
            _text(
                480, 412, "a record keeps spec, counts and results: everything after the counts can be made again", 14
            ),
            "</svg>\n",
        ]
    )


def _box(x: int, y: int, width: int, height: int, colours: tuple[str, str], title: str, *lines: str) -> str:
    fill, edge = colours
    top = y + (height / 2 + 6 if not lines else 28)
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    parts = [f'<rect {place} rx="8" fill="{fill}" stroke="{edge}" stroke-width="2"/>']
    parts.append(_text(x + width / 2, top, title, 17 if lines else 15, "600" if lines else "400"))
    parts += [_text(x + width / 2, top + 24 + 20 * at, line, 14) for at, line in enumerate(lines)]
    return "".join(parts)


def _text(x: float, y: float, text: str, size: int, weight: str = "400") -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="middle" fill="{INK}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>'


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    return _path(f"M {x1} {y1} L {x2} {y2}")


def _path(path: str, label: str = "", x: int = 0, y: int = 0) -> str:
    drawn = f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="2" marker-end="url(#tip)"/>'
    return drawn + (_text(x, y, label, 14) if label else "")


if __name__ == "__main__":
    Path(__file__).with_name("how.svg").write_text(picture())
