"""Results as JSON and as objects: Qiskit's Result and PrimitiveResult, Braket's results, plain dictionaries.

Their classes are not imported: a document is read for its numbers alone, and no name in it is looked up.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.errors import ContentError
from qsense.files import DAMAGED
from qsense.files.archives import read_array
from qsense.laboratory.answers import Answer, Numbers, as_answer, in_order, known_circuit, letters_of, of_text
from qsense.laboratory.arrays import SLACK, as_bits
from qsense.laboratory.design import Design, DesignedCircuit
from qsense.laboratory.sheets import MOST_COUNT

RATIO = 32  # bytes of packed bits that a compressed byte may stand for, beyond the slack
Found = tuple[str, str, dict[str, Answer]]


def answers(data: Any, source: str, design: Design) -> Found:
    """Returns the kind of a document, the order of its bits as in `Answers`, and the answers by circuit.

    Raises:
        ContentError: it is none of the known documents, or does not fit the design.
    """
    if isinstance(data, Mapping) and data.get("__type__") == "PrimitiveResult":
        return "Qiskit PrimitiveResult", "last", _primitive(data, source, design)
    if isinstance(data, Mapping) and isinstance(data.get("results"), Sequence) and not isinstance(data["results"], str):
        return "Qiskit Result", "last", _result(data, source, design)
    listed = data if isinstance(data, Mapping) else dict(enumerate(data)) if isinstance(data, list) else {}
    if _is_braket(listed):
        listed = {0: listed}
    if not listed:
        raise ContentError(
            f"{source}: is no result that is known: a Qiskit Result or PrimitiveResult, Braket's results, or "
            '{"circuit": {"bits": count}}.'
        )
    kinds = {_is_braket(one) for one in listed.values()}
    if kinds == {True}:
        return "Braket results", "spins", _each(listed, source, design, _braket)
    return "dictionaries", "letters", _each(listed, source, design, _histogram)


def _each(listed: Mapping[Any, Any], source: str, design: Design, read: Any) -> dict[str, Answer]:
    """The answers of a mapping by ids, or of a list in the order of the circuits."""
    if all(isinstance(name, int) for name in listed):
        circuits = in_order(design, len(listed), source, "results")
        named = list(zip(circuits, listed.values(), strict=True))
    else:
        named = [(known_circuit(design, str(name), source, f"key {str(name)[:60]!r}"), o) for name, o in listed.items()]
    if len({circuit.id for circuit, _ in named}) < len(named):
        raise ContentError(f"{source}: names a circuit twice; write each once.")
    return {circuit.id: read(one, circuit, source) for circuit, one in named}


def _histogram(one: Any, circuit: DesignedCircuit, source: str) -> Answer:
    place = f"circuit {circuit.id}"
    if not isinstance(one, Mapping):
        raise ContentError(f"{source}: {place}: must be {{bits: count}}, but is {type(one).__name__}.")
    entries = []
    seen: dict[str, str] = {}
    for bits, count in one.items():
        if not isinstance(bits, str):
            raise ContentError(f"{source}: {place}: the string {bits!r} must be text of 0 and 1.")
        before = seen.setdefault(letters_of(bits), bits)
        if before != bits:
            raise ContentError(
                f"{source}: {place}: the strings {before[:40]!r} and {bits[:40]!r} are the same; write each once."
            )
        if not letters_of(bits):
            raise ContentError(f"{source}: {place}: has an empty string; write the string that was read.")
        entry = of_text(bits, _count(count, source, f"{place}, string {bits[:40]!r}"), circuit, source, place)
        if entry[1]:
            entries.append(entry)
    return as_answer(entries, circuit.num_qubits, (), place)


def _count(count: Any, source: str, place: str) -> int:
    if isinstance(count, float | np.floating) and float(count).is_integer():  # as of pandas
        count = int(count)
    whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
    if not whole or not 0 <= count <= MOST_COUNT:
        raise ContentError(f"{source}: {place}: the count must be a whole number from 0 to 10⁹, but is {count!r}.")
    return int(count)


def _result(data: Mapping[str, Any], source: str, design: Design) -> dict[str, Answer]:
    experiments: list[tuple[str, Mapping[Any, Any]]] = []
    for at, one in enumerate(data["results"]):
        inner = one.get("data") if isinstance(one, Mapping) else None
        counts = inner.get("counts") if isinstance(inner, Mapping) else None
        if not isinstance(counts, Mapping):
            raise ContentError(f"{source}: results[{at}]: has no counts; run circuits that measure, with shots.")
        header = one.get("header")
        experiments.append((str(header.get("name")) if isinstance(header, Mapping) else "", counts))
    names = [name for name, _ in experiments]
    named = {design.by_id[name].id: design.by_id[name] for name in names if name in design.by_id}
    if len(named) == len(names):
        circuits: Sequence[DesignedCircuit] = list(named.values())
    else:
        circuits = in_order(design, len(experiments), source, "results")
    found = {}
    for circuit, (_, counts) in zip(circuits, experiments, strict=True):
        plain: dict[str, Any] = {}
        for key, count in counts.items():
            bits = _bits(key, circuit.num_qubits, source)
            if bits in plain:
                raise ContentError(
                    f"{source}: circuit {circuit.id}: the outcome {str(key)[:40]!r} is there twice; write each once."
                )
            plain[bits] = count
        found[circuit.id] = _histogram(plain, circuit, source)
    return found


def _bits(key: Any, size: int, source: str) -> str:
    text = str(key)
    if not text.lower().startswith("0x"):
        return text
    try:
        value = int(text, 16) if len(text) < 1000 else -1
    except ValueError:
        value = -1
    if value < 0 or value >> size:
        raise ContentError(f"{source}: the outcome {text[:40]!r} is none of {size} spins; one register per circuit.")
    return f"{value:0{size}b}"


def _primitive(data: Mapping[str, Any], source: str, design: Design) -> dict[str, Answer]:
    try:
        pubs = data["__value__"]["pub_results"]
        read = [_pub(pub, at, source) for at, pub in enumerate(pubs)]
    except DAMAGED as error:
        raise ContentError(
            f"{source}: is no PrimitiveResult of a sampler ({type(error).__name__}); save it with RuntimeEncoder."
        ) from error
    return of_bit_arrays(read, source, design)


def of_bit_arrays(read: Sequence[tuple[Any, int]], source: str, design: Design) -> dict[str, Answer]:
    """Returns the answers of Qiskit's bit arrays, each as its bytes, shape (…, shots, bytes), and its number of bits.

    Raises:
        ContentError: they do not fit the design.
    """
    rows = [(one, size) for array, size in read for one in array.reshape(-1, *array.shape[-2:])]
    circuits = in_order(design, len(rows), source, "circuits")
    found = {}
    for circuit, (array, size) in zip(circuits, rows, strict=True):
        if size != circuit.num_qubits or array.shape[1] * 8 < size:
            raise ContentError(f"{source}: {circuit.id} has {circuit.num_qubits} spins, but {size} bits were read.")
        bits = np.unpackbits(array, axis=1)[:, -size:].astype(np.int8)
        place = f"circuit {circuit.id}"
        found[circuit.id] = Answer(bits, np.ones(len(bits), dtype=np.int64), (), place)
    return found


def _pub(pub: Any, at: int, source: str) -> tuple[Any, int]:
    fields = pub["__value__"]["data"]["__value__"]["fields"]
    arrays = [one for one in fields.values() if one.get("__type__") == "BitArray"]
    if len(arrays) != 1:
        raise ContentError(f"{source}: pub {at} has {len(arrays)} registers of bits; measure all spins into one.")
    inner = arrays[0]["__value__"]
    packed = binascii.a2b_base64(inner["array"]["__value__"]) if inner["array"]["__type__"] == "ndarray" else b""
    unpacker = zlib.decompressobj()
    most = SLACK + RATIO * len(packed)
    content = unpacker.decompress(packed, most)
    if unpacker.unconsumed_tail:
        raise ContentError(f"{source}: pub {at} unpacks to more than {most} bytes; save it anew.")
    array = read_array(content)
    if array.dtype != np.uint8 or array.ndim < 2:
        raise ContentError(f"{source}: pub {at} is no array of bytes.")
    return array, int(inner["num_bits"])


def _is_braket(one: Any) -> bool:
    if not isinstance(one, Mapping) or "measuredQubits" not in one:
        return False
    return "measurements" in one or "measurementProbabilities" in one


def _braket(one: Mapping[str, Any], circuit: DesignedCircuit, source: str) -> Answer:
    place, numbers = f"circuit {circuit.id}", None
    measured, shares = one.get("measurements"), one.get("measurementProbabilities")
    if (measured is None or not len(measured)) and isinstance(shares, Mapping):  # as of devices that give no shots
        measured, numbers = [list(str(bits)) for bits in shares], _whole_numbers(one, shares, source, place)
    try:
        array = np.array(measured, dtype=np.int64)
        order = np.argsort(np.array(one["measuredQubits"], dtype=np.int64))
    except DAMAGED as error:
        raise ContentError(f"{source}: {place}: `measurements` must be shots × qubits of 0 and 1.") from error
    if array.ndim != 2 or order.ndim != 1 or array.shape[1] != len(order) or len(order) != circuit.num_qubits:
        raise ContentError(
            f"{source}: {place}: has measurements of shape {array.shape}, but needs shots × {circuit.num_qubits}."
        )
    bits = as_bits(array[:, order], source, "measurements")
    return Answer(bits, np.ones(len(bits), dtype=np.int64) if numbers is None else numbers, (), place)


def _whole_numbers(one: Mapping[str, Any], shares: Mapping[Any, Any], source: str, place: str) -> Numbers:
    """How often each outcome was read, of a result that gives shares of all shots."""
    try:
        shots = one["taskMetadata"]["shots"]
        exact = np.array([float(share) for share in shares.values()]) * _count(shots, source, f"{place}, shots")
    except DAMAGED as error:
        raise ContentError(f"{source}: {place}: has neither measurements nor their shares of `shots`.") from error
    found = np.rint(exact)
    if not np.all(np.abs(found - exact) < 1e-3) or found.sum() != shots or found.min(initial=0) < 0:
        raise ContentError(
            f"{source}: {place}: its measurementProbabilities are no shares of {shots} shots; give counts or shots."
        )
    return np.asarray(found, dtype=np.int64)
