"""What MkDocs calls while it builds the site: pages that are generated, links that lead out of docs/, and checks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from check import faults_of
from commands import commands_page
from executed import notebook_pages
from keys import keys_page, schema_files
from outside import shipped_pages, with_links_of_the_site
from public import python_page

ROOT = Path(__file__).resolve().parents[2]
log = logging.getLogger("mkdocs.hooks")
_origins: dict[str, Path] = {}


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages that are made from the code and from files outside docs/."""
    from mkdocs.structure.files import File

    pages = {"reference/python.md": (python_page(), None), "reference/commands.md": (commands_page(), None)}
    pages["reference/keys.md"] = (keys_page(), None)
    pages |= {path: (content, None) for path, content in schema_files().items()}
    pages |= shipped_pages(ROOT) | notebook_pages(ROOT)
    _origins.clear()
    for path, (content, origin) in pages.items():
        files.append(File.generated(config, path, content=content))
        if origin is not None:
            _origins[path] = origin
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to files of the repository lead to their copies on the site."""
    path = page.file.src_uri
    return with_links_of_the_site(markdown, _origins.get(path, Path("docs") / path), path)


def on_post_build(config: Any) -> None:
    """Every link of the finished pages leads somewhere, and nothing is fetched from elsewhere."""
    for fault in faults_of(Path(config.site_dir)):
        log.warning(fault)
