"""Probes of a user's own in a run spec: states, amplitudes and circuits, and how a resolved spec holds them.

An entry names its probe and gives one of `state` (a .npy file, or 2^N numbers), `amplitudes` (over Dicke states) and
`circuit` (an OpenQASM file); from Python also an array, a QuantumCircuit or a Probe. A resolved spec holds the numbers
by their SHA-256: in a record and in a design as files of the folder `states/`, elsewhere within itself.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from qsense.errors import ArgumentError, ContentError
from qsense.files import safe
from qsense.files.toml_file import as_toml
from qsense.numerics.fisher import ComplexArray
from qsense.probes import FAMILIES, KINDS, Probe, states
from qsense.runs.spec_entries import ProbeEntry

Form = Literal["inline", "file", "hash"]
FOLDER = "states"
_INLINE = "base64:"
_GIVEN = ("state", "amplitudes", "circuit", "given")


def is_own_entry(entry: ProbeEntry) -> bool:
    """Whether an entry gives its probe itself, and does not only name it."""
    return entry.probe.endswith(".npy") or any(getattr(entry, key) is not None for key in _GIVEN)


def has_own_numbers(probe: Probe) -> bool:
    """Whether a probe is given by numbers of the user's own, so that no name means it.

    >>> has_own_numbers(Probe.symmetric([0.6, 0, 0.8], "mine")), has_own_numbers(Probe.named("dicke:1", 2))
    (True, False)
    """
    return probe.kind == "state" or (probe.kind == "symmetric" and probe.name.partition(":")[0] not in FAMILIES)


def own_probe(entry: ProbeEntry, sizes: Sequence[int], folder: Path) -> Probe:
    """Returns the probe that an entry gives.

    Args:
        entry: of a spec.
        sizes: its `num_qubits`; one of them must be that of the probe, if there are any.
        folder: beside which files are looked for.

    Raises:
        ArgumentError: nothing or more than one thing is given, the name is another probe's, or N is none of the sizes.
        ContentError: a file cannot be read, is damaged, or is no state.
    """
    keys = [key for key in _GIVEN if getattr(entry, key) is not None]
    if len(keys) > 1 or (keys and entry.qasm is not None):
        raise ArgumentError(f"`{keys[0]}` and `{[*keys, 'qasm'][1]}` both give the state; keep one")
    if entry.tilt:
        raise ArgumentError("`tilt` goes with a GHZ or a product probe only")
    probe = _read(entry, folder)
    kind = probe.name.partition(":")[0]
    if kind in KINDS or (kind in FAMILIES and probe.kind in ("symmetric", "pair_code")):
        raise ArgumentError(
            f'"{probe.name}" is a probe that qsense knows by that name; give yours another one, such as '
            f'{{ probe = "my_{kind}", … }}'
        )
    if entry.sha256 is None:
        _check_size(probe, sizes)
    elif has_own_numbers(probe) and states.sha256_of(_numbers_of(probe)) != entry.sha256:
        raise ContentError(f'the numbers of "{probe.name}" are not those of its sha256: they have been changed')
    return probe


def own_entry(probe: Probe, form: Form) -> dict[str, Any]:
    """Returns the entry of a resolved spec that means a probe of numbers; `hash` means it for the spec's id alone."""
    numbers = _numbers_of(probe)
    found = {"probe": probe.name, "sha256": states.sha256_of(numbers)}
    if form == "hash":
        return found
    if probe.kind == "symmetric":
        return found | {"amplitudes": [[one.real, one.imag] for one in numbers.tolist()]}
    if form == "file":
        return found | {"state": _file_name(found["sha256"])}
    return found | {"state": _INLINE + base64.b64encode(states.to_bytes(numbers)).decode()}


def state_files(probes: Sequence[Probe]) -> dict[str, bytes]:
    """Returns the files that the entries of form "file" name, by their names in the spec's folder."""
    every = [_numbers_of(probe) for probe in probes if probe.kind == "state"]
    return {_file_name(states.sha256_of(one)): states.to_bytes(one) for one in every}


def _file_name(sha256: str) -> str:
    return f"{FOLDER}/{sha256}.npy"


def _numbers_of(probe: Probe) -> ComplexArray:
    if probe.kind == "state":
        return probe.density_matrix() if probe.is_mixed else probe.statevector()
    found = probe.dicke_amplitudes()
    assert found is not None
    return found


def _read(entry: ProbeEntry, folder: Path) -> Probe:
    if entry.given is not None:
        if entry.given.kind in KINDS:
            raise ArgumentError(f'a {entry.given.kind} probe is named in a spec: write "{entry.given.name}"')
        return entry.given
    if entry.amplitudes is not None:
        return Probe.symmetric(_numbers("amplitudes", entry.amplitudes), entry.probe)
    if entry.circuit is not None:
        return _of_circuit(entry.circuit, entry.probe, folder)
    if entry.state is None:
        return Probe.from_file(folder / entry.probe)
    if isinstance(entry.state, str | Path):
        return Probe.from_state(_array(str(entry.state), entry, folder), entry.probe)
    if isinstance(entry.state, list | tuple):
        return Probe.from_state(_numbers("state", entry.state), entry.probe)
    return Probe.from_state(entry.state, entry.probe)


def _array(state: str, entry: ProbeEntry, folder: Path) -> Any:
    """The array of a file, or of a text that a resolved spec holds."""
    if state.startswith(_INLINE):
        try:
            content = base64.b64decode(state.removeprefix(_INLINE), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ContentError(f'the numbers of "{entry.probe}" are damaged ({type(error).__name__})') from error
        return states.from_bytes(content, f'the numbers of "{entry.probe}"')
    if entry.sha256 is None:
        return states.load(folder / state)
    # Of a record or a design, which somebody else may have made: nothing outside of it is read.
    path = folder / state
    try:
        if PurePosixPath(state) != PurePosixPath(_file_name(entry.sha256)):
            raise ContentError(f"{state} is no file of a record; it should be {_file_name(entry.sha256)}")
        return states.from_bytes(safe.read_bytes(path, folder, states.MOST_BYTES), str(path))
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}; restore it from a copy") from error


def _of_circuit(circuit: Any, name: str, folder: Path) -> Probe:
    if isinstance(circuit, str | Path):
        found = Probe.from_qasm(circuit, beside=folder)
        return Probe("circuit", found.num_qubits, name=name, qasm=found.qasm)
    return Probe.from_circuit(circuit, name)


def _numbers(key: str, given: Any) -> ComplexArray:
    """Numbers of a list in which each is real or [re, im]."""
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if not isinstance(given, list | tuple):
        raise ArgumentError(f"`{key}` should be a list of numbers, each real or [re, im], but is {as_toml(given):.40}")
    found = []
    for one in given:
        parts = one if isinstance(one, list | tuple) else (one, 0.0)
        if isinstance(one, complex):
            parts = (one.real, one.imag)
        if len(parts) != 2 or not all(type(part) in (int, float) for part in parts):
            raise ArgumentError(
                f"`{key}` should be a list of numbers, each real or [re, im], but has {as_toml(one):.40}"
            )
        if not all(map(math.isfinite, parts)):
            raise ArgumentError(f"`{key}` should be a list of finite numbers, but has {as_toml(one):.40}")
        found.append(complex(*parts))
    return np.array(found, dtype=np.complex128)


def _check_size(probe: Probe, sizes: Sequence[int]) -> None:
    size, shown = probe.num_qubits, ", ".join(map(str, sizes))
    if not sizes or size in sizes:
        return
    if probe.kind == "symmetric" and size + 1 in {2**one for one in sizes}:
        raise ArgumentError(
            f'"{probe.name}" has {size + 1} `amplitudes`, those of the Dicke states of {size} spins, but `num_qubits` '
            f"is {shown}; give amplitudes of all basis states as `state`"
        )
    raise ArgumentError(
        f'"{probe.name}" has {size} spins, but `num_qubits` is {shown}; add {size}, or give a state of another size'
    )
