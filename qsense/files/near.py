"""Which file was meant where there is none of a name."""

from __future__ import annotations

import difflib
from itertools import islice
from pathlib import Path

_MOST = 1000  # files that are looked at


def meant(path: Path, otherwise: str, endings: tuple[str, ...] = ("",)) -> str:
    """Returns how a message ends about a file that there is not: which one beside it was probably meant, or the advice.

    Args:
        path: of a file or folder that does not exist.
        otherwise: the advice where nothing is called alike.
        endings: of the kind of file; "" for any, and for folders.

    >>> meant(Path("nowhere/at_all.toml"), "give the path of a TOML file", (".toml",))
    'give the path of a TOML file.'
    """
    try:
        names = [one.name for one in islice(path.parent.iterdir(), _MOST) if one.name.endswith(endings)]
    except OSError:
        return f"{otherwise}."
    lower = {name.lower(): name for name in names}
    for wanted in (path.name, *(path.name + ending for ending in endings)):
        if close := difflib.get_close_matches(wanted.lower(), lower, n=1, cutoff=0.75):
            return f"did you mean {path.parent / lower[close[0]]}?"
    return f"{otherwise}."
