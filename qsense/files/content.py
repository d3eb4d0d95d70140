"""Finds the content that qsense ships: probe circuits (OpenQASM 3) and noise models (TOML).

In a checkout the folders `circuits/` and `noise_models/` lie beside the package; in a wheel they are inside it,
under `qsense/_content`. A name that is a path to an existing file always wins.
"""

from __future__ import annotations

from pathlib import Path

from qsense.errors import ContentError, nearest
from qsense.files.near import meant

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIX = {"circuits": ".qasm", "noise_models": ".toml"}


def folder(kind: str) -> Path:
    """Returns the folder that holds the shipped content of one kind.

    Args:
        kind: "circuits" or "noise_models".

    Raises:
        ContentError: the folder is in neither place, so the installation is broken.

    >>> folder("noise_models").name
    'noise_models'
    """
    for root in (_PACKAGE / "_content", _PACKAGE.parent):
        if (root / kind).is_dir():
            return root / kind
    raise ContentError(f"The folder `{kind}` is missing from this installation; reinstall qsense.")


def names(kind: str) -> list[str]:
    """Returns the names of the shipped content, sorted.

    >>> "dephasing" in names("noise_models")
    True
    """
    return sorted(path.stem for path in folder(kind).glob(f"*{_SUFFIX[kind]}"))


def find(kind: str, name_or_path: str, beside: Path | None = None) -> Path:
    """Returns the file that a name or a path stands for.

    Args:
        kind: "circuits" or "noise_models".
        name_or_path: a shipped name ("dephasing"), or the path of a file.
        beside: the folder that a relative path starts from; the working directory by default.

    Raises:
        ContentError: there is no such name and no such file.

    >>> find("circuits", "w4").name
    'w4.qasm'
    """
    suffix = _SUFFIX[kind]
    looks_like_path = name_or_path.endswith(suffix) or "/" in name_or_path or "\\" in name_or_path
    if looks_like_path:
        path = Path(name_or_path) if beside is None else beside / name_or_path
        if path.is_file():
            return path
        advice = f"give the path of a {suffix} file or one of: {', '.join(names(kind))}"
        raise ContentError(f"{path}: no such file; {meant(path, advice, (suffix,))}")
    if name_or_path in names(kind):
        return folder(kind) / f"{name_or_path}{suffix}"
    what = "circuit" if kind == "circuits" else "noise model"
    raise ContentError(f'Unknown {what} "{name_or_path}". {nearest(name_or_path, names(kind))}')
