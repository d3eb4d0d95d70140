"""Files and text: atomic files, TOML checked by a model, the content that ships with qsense, units, figures as files.

It imports `errors` alone. `write` writes a file whole or not at all, `DAMAGED` are the errors of damaged files,
`is_plain_name` says whether a name stays in its folder, `short_repr` is a repr for dataclasses and `html_repr` one for
notebooks; the rest is in the modules.
"""

from qsense.files.atomic import DAMAGED, write
from qsense.files.markup import html_repr
from qsense.files.representation import short_repr
from qsense.files.safe import is_plain_name

__all__ = ["DAMAGED", "html_repr", "is_plain_name", "short_repr", "write"]
