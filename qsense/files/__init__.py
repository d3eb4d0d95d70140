"""Files and text: atomic files, TOML checked by a model, the content that ships with qsense, units, figures as files.

It imports `errors` alone. `write` writes a file whole or not at all, `DAMAGED` are the errors of damaged files, and
`short_repr` is a repr for dataclasses; the rest is in the modules.
"""

from qsense.files.atomic import DAMAGED, write
from qsense.files.representation import short_repr

__all__ = ["DAMAGED", "short_repr", "write"]
