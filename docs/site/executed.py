"""The notebooks as pages of the site: with the outputs that `make notebooks` has left in build/, solutions folded."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from textwrap import indent
from typing import Any

import nbformat

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m|\r")
MOST_LINES = 40


def notebook_pages(root: Path) -> dict[str, tuple[str | bytes, Path]]:
    """Path on the site → a page or a picture, and the notebook that it comes from.

    A notebook that has not been executed since it was written is shown without outputs.
    """
    found: dict[str, tuple[str | bytes, Path]] = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        executed = root / "build" / "notebooks" / path.name
        notebook = nbformat.read(path, as_version=4)
        if executed.exists() and _sources(done := nbformat.read(executed, as_version=4)) == _sources(notebook):
            notebook = done
        pictures: dict[str, bytes] = {}
        name = path.relative_to(root)
        parts = [_cell(cell, path.stem, pictures) for cell in notebook.cells]
        note = (
            f'\n\n*This page is the notebook* `{name}`: <a href="{path.name}" download>download it</a> *and run it.*\n'
        )
        first, _, rest = "\n\n".join(parts).partition("\n")
        found[f"notebooks/{path.stem}.md"] = (first + note + rest + "\n", name)
        found[f"notebooks/{path.name}"] = (path.read_bytes(), name)
        found |= {f"notebooks/{picture}": (content, name) for picture, content in pictures.items()}
    return found


def _sources(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells]


def _cell(cell: Any, stem: str, pictures: dict[str, bytes]) -> str:
    if cell.cell_type == "markdown":
        return str(cell.source)
    blocks = [f"```python\n{cell.source}\n```"]
    blocks += [block for output in _joined(cell.outputs) if (block := _output(output, stem, pictures))]
    text = "\n\n".join(blocks)
    if "solution" in cell.metadata.get("tags", ()):
        return '??? success "Solution"\n\n' + indent(text, "    ")
    return text


def _joined(outputs: list[Any]) -> list[Any]:
    """The outputs with prints that follow each other in one."""
    found: list[Any] = []
    for output in outputs:
        if found and output.get("name") == "stdout" == found[-1].get("name"):
            found[-1] = {**found[-1], "text": found[-1]["text"] + output["text"]}
        else:
            found.append(dict(output))
    return found


def _output(output: Any, stem: str, pictures: dict[str, bytes]) -> str:
    """One output; what is for people alone, such as progress on stderr, is left out."""
    if output["output_type"] == "stream":
        return _text(output["text"]) if output["name"] == "stdout" else ""
    data = output.get("data", {})
    if "image/png" in data:
        name = f"{stem}-{len(pictures)}.png"
        pictures[name] = base64.b64decode(data["image/png"])
        return f"![Figure {len(pictures)} of this notebook]({name})"
    if "text/html" in data:  # in one piece, so that Markdown takes no line of it for its own
        return f'<div class="notebook-output">{"".join(data["text/html"].splitlines())}</div>'
    return _text(data.get("text/plain", ""))


def _text(text: str) -> str:
    lines = _ESCAPES.sub("", text).rstrip("\n").splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], "…"]
    shown = "\n".join(lines)
    return f"````text\n{shown}\n````" if lines else ""
