"""What notebooks show: small pieces of HTML and SVG, in which every text is escaped and none is taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from qsense.files.terminal import printable

_CELL = 14  # pixels of one number of a map
_MOST_CHARACTERS = 200


class _HasKeys(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


def text(value: Any) -> str:
    """Returns any value as escaped text: numbers to five digits, long texts cut.

    >>> text("<b>"), text(0.1 + 0.2), text([1.0, 2.5]), text(None)
    ('&lt;b&gt;', '0.3', '1, 2.5', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{text(key)} {text(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(text(one) for one in value)
    shown = printable(str(value))
    return escape(shown if len(shown) <= _MOST_CHARACTERS else shown[: _MOST_CHARACTERS - 1] + "…")


def table(rows: Iterable[Sequence[Any]], head: Sequence[str] = ()) -> str:
    """Returns a table of values.

    >>> table([("a", 1)])
    '<table><tbody><tr><td>a</td><td>1</td></tr></tbody></table>'
    """
    first = "".join(f"<th>{text(one)}</th>" for one in head)
    body = "".join("<tr>" + "".join(f"<td>{text(one)}</td>" for one in row) + "</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{first}</tr></thead>' if first else ''}<tbody>{body}</tbody></table>"


def paragraph(words: str) -> str:
    """Returns a text as a paragraph."""
    return f"<p>{escape(printable(words))}</p>"


def bullets(lines: Iterable[str]) -> str:
    """Returns lines as a list; nothing where there are none."""
    found = "".join(f"<li>{escape(printable(str(line)))}</li>" for line in lines)
    return f"<ul>{found}</ul>" if found else ""


def grid(shares: Sequence[Sequence[float]], labels: Sequence[str], description: str) -> str:
    """Returns a square map of numbers as SVG; a number of 0 is white and of 1 is dark.

    Args:
        shares: N rows of N numbers from 0 to 1.
        labels: of the rows and columns, as they are pointed at.
        description: for those who cannot see it.
    """
    side = _CELL * len(shares)
    squares = [
        f'<rect x="{_CELL * column}" y="{_CELL * row}" width="{_CELL}" height="{_CELL}" fill="#0072B2" '
        f'fill-opacity="{share:.3f}"><title>{text(labels[row])}, {text(labels[column])}: {share:.3g}</title></rect>'
        for row, one in enumerate(shares)
        for column, share in enumerate(one)
        if share >= 5e-4
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side + 2}" height="{side + 2}" role="img" '
        f'viewBox="-1 -1 {side + 2} {side + 2}"><title>{text(description)}</title>'
        f'<rect width="{side}" height="{side}" fill="#fff" stroke="#777"/>{"".join(squares)}</svg>'
    )


def html_repr(item: _HasKeys) -> str:
    """Returns the keys of an item that differ from nothing, as a table. In a class: `_repr_html_ = html_repr`."""
    rows = [(key, value) for key, value in item.to_dict().items() if value not in (None, 0, 0.0, "", [], {})]
    return paragraph(type(item).__name__) + table(rows)
