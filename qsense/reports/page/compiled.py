"""Templates that were compiled before: to compile them takes longer than to render a page of a small run."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError

from jinja2 import BytecodeCache, __version__
from jinja2.bccache import Bucket

from qsense.files.atomic import write

_TEMPLATES = Path(__file__).parent / "templates"


class Compiled(BytecodeCache):
    """Keeps the bytecode of templates where Python keeps that of modules, under the same settings.

    What is kept has the checksum of its template, and Jinja compiles again where they differ. A folder that cannot be
    written is left as it is.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError, EOFError, UnpicklingError), _file_of(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            path = _file_of(bucket)
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path, bucket.bytecode_to_string())


def _file_of(bucket: Bucket) -> Path:
    return Path(cache_from_source(str(_TEMPLATES / f"{bucket.key}-{__version__}.py")))
