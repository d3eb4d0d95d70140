"""Opens what a user names as a source: a file of a known kind, the folder of a design, or an object in Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qsense.errors import ArgumentError, ContentError
from qsense.files import safe
from qsense.files.near import meant
from qsense.files.nesting import RepeatedKeyError, parse_json
from qsense.laboratory import arrays, documents, objects, sheets
from qsense.laboratory.answers import Answer, Answers
from qsense.laboratory.design import Design

LARGEST = 2**29
"""Bytes of a source."""


def read_source(path: Path, design: Design, axes: Sequence[str] = (), within: Path | None = None) -> Answers:
    """Returns what a file holds for a design.

    Args:
        path: of the file.
        design: what was asked for.
        axes: names of the axes of an array, in their order; () for its own, or circuits × shots × spins.
        within: the folder that holds it, in which no link is followed.

    Raises:
        ContentError: it cannot be read, is of an unknown kind, or does not fit the design; names file, place and fix.
        ArgumentError: it needs a package that is not installed.
    """
    ending, source = path.suffix.lower(), str(path)
    if ending not in (".csv", ".json", *arrays.ENDINGS):
        known = ", ".join((".csv", ".json", *arrays.ENDINGS))
        raise ContentError(f"{source}: is of an unknown kind; give a file that ends in {known}.")
    try:
        content = safe.read_bytes(path, within, LARGEST)
    except FileNotFoundError as error:
        raise ContentError(f"{source}: no such file; {meant(path, 'give the file that holds the counts')}") from error
    except OSError as error:
        raise ContentError(f"{source}: cannot be read: {error.strerror}.") from error
    digest = hashlib.sha256(content).hexdigest()
    if axes and ending in (".csv", ".json"):
        raise ArgumentError("Argument `axes` goes with arrays; leave it out.")
    if ending == ".csv":
        kind, found, notes = sheets.answers(content, source, design)
        return Answers(source, kind, digest, found, notes=notes)
    if ending == ".json":
        try:
            data = parse_json(content)
        except RepeatedKeyError as error:
            raise ContentError(f"{source}: {error}; write each once.") from error
        except ValueError as error:  # of Unicode, too
            raise ContentError(f"{source}: is no JSON ({' '.join(str(error).split())[:100]}); save it anew.") from error
        kind, order, found = documents.answers(data, source, design)
        return Answers(source, kind, digest, found, order)
    read = arrays.read(content, ending, source)
    found, notes = arrays.answers(read, axes, source, design)
    return Answers(source, f"{ending[1:]} array", digest, found, "spins", notes)


def of_object(data: Any, design: Design, axes: Sequence[str] = ()) -> Answers:
    """Returns what an object holds for a design: dictionaries, an array, or results of Qiskit or Braket.

    Raises:
        ContentError: it does not fit the design.
        ArgumentError: it is nothing that is known.
    """
    source, order = "counts", "spins"
    notes: tuple[str, ...] = ()
    labelled = objects.labelled(data)
    if labelled is not None:
        kind = "array" if len(labelled) == 1 else "arrays"
        found, notes = arrays.answers(labelled, axes, source, design)
    elif axes:
        raise ArgumentError("Argument `axes` goes with arrays; leave it out.")
    elif isinstance(data, Mapping | list | tuple) and not _has(data, "measured_qubits"):
        plain = dict(data) if isinstance(data, Mapping) else list(data)
        kind, order, found = documents.answers(plain, source, design)
    elif _has(data, "measured_qubits"):
        listed = [{"measurements": o.measurements, "measuredQubits": o.measured_qubits} for o in data]
        kind, order, found = documents.answers(listed, source, design)
    elif hasattr(data, "get_counts") and hasattr(data, "to_dict"):
        kind, order, found = documents.answers(data.to_dict(), source, design)
    elif objects.is_primitive(data):
        kind, order, found = "Qiskit PrimitiveResult", "last", _of_primitive(data, source, design)
    else:
        raise ArgumentError(
            f"Argument `counts` must be a path, an array, dictionaries or a result, but is {type(data).__name__}"
            f"{objects.hint(data)}."
        )
    return Answers(source, kind, _digest(found), found, order, notes)


def _has(data: Any, name: str) -> bool:
    return isinstance(data, Sequence) and len(data) > 0 and all(hasattr(one, name) for one in data)


def _of_primitive(data: Any, source: str, design: Design) -> dict[str, Answer]:
    read = []
    for at in range(len(data)):
        registers = [one for one in data[at].data.values() if hasattr(one, "num_bits")]
        if len(registers) != 1:
            raise ContentError(f"{source}: pub {at} has {len(registers)} registers; measure all spins into one.")
        read.append((registers[0].array, registers[0].num_bits))
    return documents.of_bit_arrays(read, source, design)


def _digest(found: Mapping[str, Answer]) -> str:
    plain = {name: [one.bits.tolist(), one.numbers.tolist()] for name, one in found.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
