"""The records of a folder as one page that needs nothing else: no network, no other file, and no code but its own."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from qsense.files.terminal import printable
from qsense.runs.listing import DAMAGED, OPEN, ListedRecord

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: .3em .7em; border-bottom: 1px solid #ddd }
th { position: sticky; top: 0; background: #fff; white-space: nowrap }
th button { all: unset; cursor: pointer; font-weight: 600 }
th button:focus-visible { outline: 2px solid #0072b2 }
th[aria-sort=ascending] button::after { content: " ▲" }
th[aria-sort=descending] button::after { content: " ▼" }
td.number { text-align: right; font-variant-numeric: tabular-nums }
td.id { font-family: monospace }
tr.damaged td { color: #a33 }
input { font: inherit; padding: .2em .5em; width: 20em; margin-bottom: 1em }
@media (prefers-color-scheme: dark) {
  body, th { background: #1b1b1b; color: #ddd }
  th, td { border-color: #444 }
  a { color: #6cb6ff }
  tr.damaged td { color: #f99 }
}
"""
_SCRIPT = """
const body = document.querySelector("tbody"), heads = [...document.querySelectorAll("th")];
heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
  const up = head.getAttribute("aria-sort") !== "ascending", numeric = head.dataset.kind === "number";
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = row => row.children[place].dataset.key ?? row.children[place].textContent;
  const empty = text => text === "";
  const rows = [...body.rows].map(row => [key(row), row]);
  rows.sort(([a], [b]) => empty(a) - empty(b) ||
    (up ? 1 : -1) * (numeric ? Number(a) - Number(b) : a.localeCompare(b)));
  body.append(...rows.map(([, row]) => row));
}));
const search = document.querySelector("input"), shown = document.querySelector("#shown");
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\\s+/);
  let count = 0;
  for (const row of body.rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    count += !row.hidden;
  }
  shown.textContent = count;
});
"""
_COLUMNS = ("name", "id", "date", "backend", "N", "noise", "headline", "|z|")
_NUMERIC = ("N", "|z|")


def records_page(records: Sequence[ListedRecord], folder: Path, page: Path) -> bytes:
    """Returns an HTML page with the list of records, to be sorted and searched in the browser.

    All that comes from files is escaped, and its policy (Content-Security-Policy) allows no script and no style but the
    page's own, known by their hashes, and no connection.

    Args:
        records: of the folder.
        folder: that holds them.
        page: where the page will be; its links are relative to it.
    """
    policy = f"default-src 'none'; script-src '{_hash(_SCRIPT)}'; style-src '{_hash(_STYLE)}'; base-uri 'none'"
    heads = "".join(
        f'<th scope="col" data-kind="{"number" if name in _NUMERIC else "text"}"><button>{name}</button></th>'
        for name in _COLUMNS
    )
    base = _relative(folder, page)
    rows = "\n".join(_row(one, base) for one in records)
    title = f"Records in {_shown(folder.resolve().name)}"
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p><span id="shown">{len(records)}</span> of {len(records)} records</p>
<input type="search" placeholder="words to look for" aria-label="words to look for">
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<script>{_SCRIPT}</script>
</body>
</html>
"""
    return text.encode()


def _row(one: ListedRecord, base: str) -> str:
    said = {OPEN: "not estimated yet", DAMAGED: f"damaged: {one.reason}"}.get(one.state, one.headline)
    link = f"{base}{quote(one.folder, safe='', errors='surrogateescape')}/"
    sizes = ", ".join(map(str, one.num_qubits))
    z = "" if one.largest_z is None else f"{one.largest_z:.2f}"
    cells = (
        f'<td><a href="{escape(link)}">{_shown(one.name)}</a></td>',
        f'<td class="id">{_shown(one.id)}</td>',
        f'<td data-key="{_shown(one.created)}">{_shown(one.created[:10])}</td>',
        f"<td>{_shown(one.backend)}</td>",
        f'<td class="number" data-key="{one.num_qubits[0] if one.num_qubits else ""}">{sizes}</td>',
        f"<td>{_shown(', '.join(one.noises))}</td>",
        f"<td>{_shown(said)}</td>",
        f'<td class="number">{z}</td>',
    )
    begin = '<tr class="damaged">' if one.state == DAMAGED else "<tr>"
    return f"{begin}{''.join(cells)}</tr>"


def _shown(text: str) -> str:
    """A text of a file, without what is no letter, as HTML."""
    return escape(printable(text))


def _relative(folder: Path, page: Path) -> str:
    """The folder as seen from the page's, as the beginning of a link; "" where they are the same."""
    at, to = page.parent.resolve(), folder.resolve()
    try:
        way = Path(os.path.relpath(to, at)).as_posix()
    except ValueError:  # on another drive
        return f"{to.as_uri()}/"
    return "" if way == "." else f"{quote(way, errors='surrogateescape')}/"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
