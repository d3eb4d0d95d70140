"""Checks the finished site: every link leads to a page and an anchor that are there, and nothing is from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "source": "src", "iframe": "src", "link": "href", "video": "src"}
NOT_FETCHED = {"canonical", "prev", "next", "alternate", "edit"}


class _Page(HTMLParser):
    """The anchors of a page, its links, and what a browser fetches for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in FETCHED and FETCHED[tag] in given and given.get("rel") not in NOT_FETCHED:
            self.fetched.append(given[FETCHED[tag]])


def faults_of(site: Path) -> Iterator[str]:
    """Yields what is wrong with a site, a line each.

    Args:
        site: the folder of the built site.
    """
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site)
        for target in page.fetched:
            parts = urlsplit(target)
            if parts.scheme not in ("", "data") or parts.netloc:
                yield f"{name}: fetches {target} from elsewhere"
            elif not parts.scheme and not _file(site, path, parts.path).is_file():
                yield f"{name}: fetches {target}, which is not there"
        for target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = _file(site, path, parts.path)
            if not file.is_file():
                yield f"{name}: links to {target}, which is not there"
            elif parts.fragment and file in pages and unquote(parts.fragment) not in pages[file].anchors:
                yield f"{name}: links to {target}, which has no such anchor"


def _file(site: Path, page: Path, target: str) -> Path:
    """The file that a link leads to."""
    if not target:
        return page
    found = (site / target.lstrip("/") if target.startswith("/") else page.parent / unquote(target)).resolve()
    return found / "index.html" if found.is_dir() else found
