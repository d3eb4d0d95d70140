"""Templates become pages: one file each, with their own style and script in them, and nothing else.

All that comes from files is escaped by Jinja, after characters that are not drawn (control characters, and those that
turn the direction of text) have become escape sequences. The policy of a page (Content-Security-Policy) allows no
connection, and no style and no script but its own, known by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from qsense.files.terminal import printable
from qsense.reports.page.charts import short

if TYPE_CHECKING:
    from jinja2 import Environment, Template

STYLE = "page.css"


def rendered(template: str, script: str, **values: Any) -> bytes:
    """Returns a page.

    Args:
        template: the name of its template.
        script: the name of its script.
        values: of the template's names.
    """
    from markupsafe import Markup

    style, code = read(STYLE), read(script)
    policy = (
        f"default-src 'none'; script-src '{_hash(code)}'; style-src '{_hash(style)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    own = {"policy": Markup(policy), "style": Markup(style), "script": Markup(code)}  # ours, not from files
    return _template(template).render(**own, **values).encode()


@cache
def read(name: str) -> str:
    """Returns a file of the folder of templates."""
    return resources.files("qsense.reports.page").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["px"] = short
    return made


def _shown(value: Any) -> Any:
    """A value as it is drawn: plain texts without characters that are not."""
    return printable(value) if type(value) is str else value


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
