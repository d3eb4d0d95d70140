"""What the folder of a record is called, and where the record of a spec is.

The name says what is inside, and follows from the spec alone: no date is in it, so that a run that was killed before
midnight, or is carried to another machine, finds its folder again. Records of earlier versions are called <name>-<id>,
and stay where they are.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from qsense.files.safe import is_plain_name, is_reserved
from qsense.runs.spec import RunSpec

_LONGEST_NAME = 64  # letters of a run's name; its file allows no more
_LONGEST_PROBES = 24
_LONGEST_BACKEND = 24


def folder_name(spec: RunSpec) -> str:
    """Returns the name of the folder in which a spec's record is made: <name>-<probes>-n<sizes>-<backend>-<id>.

    It holds letters, digits and `_.-` alone and is at most 160 of them long, whatever probes and backends are called.

    >>> spec = RunSpec.from_dict({
    ...     "schema": 1, "name": "small", "probes": ["ghz", "product"], "num_qubits": [2, 4], "noise": "dephasing",
    ...     "estimators": "tomography", "field_rad_per_s": 0.2, "shots": 100, "seed": 1})
    >>> folder_name(spec).rpartition("-")[0]
    'small-ghz-product-n2-4-emulator'
    """
    return f"{_beginning(spec)}-{spec.id}"


def folder_names(spec: RunSpec) -> tuple[str, ...]:
    """Returns the names that the folder of a spec's record can have: today's, and that of earlier versions."""
    earlier = f"{spec.name}-{spec.id}"
    return (folder_name(spec), *([earlier] if is_plain_name(earlier) else []))


def record_path(spec: RunSpec, parent: Path) -> Path:
    """Returns where the record of a spec is under a folder, or is to be made."""
    paths = [parent / name for name in folder_names(spec)]
    return next((path for path in paths if os.path.lexists(path)), paths[0])


def may_be_request(name: str, spec: RunSpec) -> bool:
    """Returns whether a folder of this name may hold a record of a spec, on whichever qubits it was run."""
    beginnings = "|".join(map(re.escape, (_beginning(spec), spec.name)))
    return re.fullmatch(rf"({beginnings})-[0-9a-f]{{12}}", name) is not None


def _beginning(spec: RunSpec) -> str:
    """The name without the id. Whoever changes it has records of devices measured anew: they are found by it."""
    probes = list(dict.fromkeys(_letters(probe.name) for probe in spec.probes))
    shown = "-".join(probes)
    if len(shown) > _LONGEST_PROBES:
        more = f"-and-{len(probes) - 1}-more" if len(probes) > 1 else ""
        shown = probes[0][: _LONGEST_PROBES - len(more)].strip("_.-") + more
    sizes = sorted({probe.num_qubits for probe in spec.probes})
    span = f"n{sizes[0]}" + (f"-{sizes[-1]}" if len(sizes) > 1 else "")
    name = _letters(spec.name)[:_LONGEST_NAME]
    backend = _letters(spec.backend)[:_LONGEST_BACKEND].strip("_.-")
    return "_" * is_reserved(name) + "-".join(part for part in (name, shown, span, backend) if part)


def _letters(text: str) -> str:
    """A text without what a file's name cannot hold on every system."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).lstrip("-.").rstrip("_.-") or "_"
