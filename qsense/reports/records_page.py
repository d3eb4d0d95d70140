"""The records of a folder as one page that needs nothing else: no network, no other file, and no code but its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qsense.files.terminal import printable
from qsense.reports.page.files import REPORT, link_to
from qsense.reports.page.rendering import rendered
from qsense.runs.listing import DAMAGED, OPEN, ListedRecord

_COLUMNS = ("name", "id", "date", "backend", "N", "noise", "headline", "|z|")
_NUMERIC = ("N", "|z|")


def records_page(records: Sequence[ListedRecord], folder: Path, page: Path) -> bytes:
    """Returns an HTML page with the list of records, to be sorted and searched in the browser.

    A record's name leads to its report, or to its folder where it has none.

    Args:
        records: of the folder.
        folder: that holds them.
        page: where the page will be; its links are relative to it.
    """
    base = link_to(folder, page)
    return rendered(
        "records.html",
        "records.js",
        title=f"Records in {printable(folder.resolve().name)}",
        columns=[(name, name in _NUMERIC) for name in _COLUMNS],
        records=[_row(one, folder, base) for one in records],
    )


def _row(one: ListedRecord, folder: Path, base: str) -> dict[str, Any]:
    page = REPORT if (folder / one.folder / REPORT).is_file() else ""
    return {
        "of": one,
        "link": f"{base}{quote(one.folder, safe='', errors='surrogateescape')}/{page}",
        "said": {OPEN: "not estimated yet", DAMAGED: f"damaged: {one.reason}"}.get(one.state, one.headline),
        "sizes": ", ".join(map(str, one.num_qubits)),
        "least": one.num_qubits[0] if one.num_qubits else "",
        "z": "" if one.largest_z is None else f"{one.largest_z:.2f}",
        "is_damaged": one.state == DAMAGED,
    }
