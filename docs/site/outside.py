"""Files outside docs/ that pages link to: they become pages of the site, and the links lead to them."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

FOLDERS = {
    "noise_models": "Noise models: every number with its unit, its source and its date.",
    "circuits": "Circuits that prepare a probe, in OpenQASM 3.",
    "runs": "Run specs and studies that come with qsense.",
}
TEXTS = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
LANGUAGES = {".toml": "toml", ".qasm": "text"}
_LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)


def shipped_pages(root: Path) -> dict[str, tuple[str | bytes, Path]]:
    """Path on the site → its content, and the file of the repository that it shows."""
    pages: dict[str, tuple[str | bytes, Path]] = {
        site: ((root / name).read_text(), Path(name)) for name, site in TEXTS.items()
    }
    for folder, what in FOLDERS.items():
        shown = [path for path in sorted((root / folder).iterdir()) if path.suffix in LANGUAGES]
        lines = [f"# {folder}", "", what, ""]
        for path in shown:
            lines.append(f"- [`{path.name}`]({path.name}.md)")
            text = f"# {folder}/{path.name}\n\n````{LANGUAGES[path.suffix]}\n{path.read_text()}````\n"
            pages[f"files/{folder}/{path.name}.md"] = (text, path.relative_to(root))
        pages[f"files/{folder}/index.md"] = ("\n".join(lines) + "\n", Path(folder) / "index")
    for path in sorted((root / "runs" / "reference").glob("*/*.png")):
        name = path.relative_to(root)
        pages[f"files/{name.as_posix()}"] = (path.read_bytes(), name)
    return pages


def with_links_of_the_site(markdown: str, origin: Path, page: str) -> str:
    """Returns the text of a page with its links as they are on the site.

    Args:
        markdown: as it stands in the repository; code is left alone.
        origin: the file of the repository that it comes from, relative to the root.
        page: the path of the page on the site.
    """

    def linked(match: re.Match[str]) -> str:
        target = match[2]
        if ":" in target or target.startswith("/"):
            return match[0]
        place = _on_the_site(PurePosixPath(os.path.normpath(origin.parent / target)), target.endswith("/"))
        if place is None:
            return match[0]
        return f"{match[1]}{os.path.relpath(place, PurePosixPath(page).parent)}{match[3]}"

    parts = _CODE.split(markdown)
    return "".join(part if at % 2 else _LINK.sub(linked, part) for at, part in enumerate(parts))


def _on_the_site(path: PurePosixPath, is_folder: bool) -> str | None:
    """Where the site has a file of the repository; None where it is generated under its own path."""
    name = path.as_posix()
    if name in TEXTS:
        return TEXTS[name]
    if name == "README.md":
        return "index.md"
    head, _, rest = name.partition("/")
    if head == "docs":
        return rest
    if head == "notebooks" and path.suffix == ".ipynb":
        return f"notebooks/{path.stem}.md"
    if head in FOLDERS and path.suffix in LANGUAGES:
        return f"files/{name}.md"
    if head in FOLDERS and (is_folder or not rest):
        return f"files/{head}/index.md"
    return f"files/{name}" if head in FOLDERS else None
