"""What an instrument gives for each circuit, whatever the format: entries of bits in the source's own order."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qsense.errors import ContentError
from qsense.laboratory.design import Design, DesignedCircuit

LOST = -1
Bits = NDArray[np.int8]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """The entries of one circuit.

    Attributes:
        bits: 0, 1, or LOST, −1, of each entry, letters from left to right or spins in their order, shape (entries, N).
        numbers: how often each was read, shape (entries,).
        places: where each entry stands, such as "row 7"; () where `place` says it for all.
        place: where the answer stands.
        missing: where shots stand that are said to be missing, beside the entries.
    """

    bits: Bits
    numbers: Numbers
    places: Sequence[str] = ()
    place: str = ""
    missing: tuple[str, ...] = ()

    def where(self, entry: int) -> str:
        """Returns where an entry stands."""
        return self.places[entry] if self.places else f"{self.place}, shot {entry}"


@dataclass(frozen=True)
class Answers:
    """All that a source holds.

    Attributes:
        source: what an error calls it.
        kind: of the source, such as "counts sheet".
        sha256: of its content.
        by_id: the answers, by the id of their circuit.
        order: how the bits of an entry are ordered: "letters" of a text, as the reading says; "last" spin first, as
            Qiskit's integers; "spins" in their order, as in arrays.
        notes: what of the source was not read, a line each.
    """

    source: str
    kind: str
    sha256: str
    by_id: dict[str, Answer]
    order: str = "letters"
    notes: tuple[str, ...] = field(default=())


def letters_of(text: str) -> str:
    """Returns the letters of a text of bits, without what people write between and before them.

    >>> letters_of(" '00 11 ")
    '0011'
    """
    return text.strip().removeprefix("'").replace(" ", "").replace("_", "")


def of_text(text: str, number: int, circuit: DesignedCircuit, source: str, place: str) -> tuple[list[int], int]:
    """Returns one entry of a text of bits: 0, 1 and ? for a lost spin.

    Raises:
        ContentError: it is no such text, or has another length than the circuit has spins.
    """
    letters = letters_of(text)
    size = circuit.num_qubits
    wrong = sorted(set(letters) - set("01?"))
    if wrong:
        hint = "; format the column as text" if {"E", "e", "+", ".", ","} & set(wrong) else ""
        raise ContentError(
            f"{source}: {place}, column bits: has {wrong[0]!r}, but a bit string has 0, 1, and ? for a lost spin{hint}."
        )
    if len(letters) != size:
        short = len(letters) < size
        hint = " (spreadsheets drop zeros at the beginning: format the column as text)" if short else ""
        raise ContentError(
            f"{source}: {place}, column bits: {letters[:40]!r} has {len(letters)} letters, but {circuit.id} has "
            f"{size} spins{hint}; write one letter for each."
        )
    return [LOST if letter == "?" else int(letter) for letter in letters], number


def known_circuit(design: Design, name: str, source: str, place: str) -> DesignedCircuit:
    """Returns the circuit of an id.

    Raises:
        ContentError: the design has none.
    """
    found = design.by_id.get(name)
    if found is None:
        shown = name if len(name) <= 60 else f"{name[:57]}..."
        close = difflib.get_close_matches(name[:200], design.by_id, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]!r}?" if close else f"its ids are like {next(iter(design.by_id))!r}; correct it."
        raise ContentError(f"{source}: {place}, column circuit: {shown!r} is no circuit of this design; {hint}")
    return found


def in_order(design: Design, number: int, source: str, what: str) -> tuple[DesignedCircuit, ...]:
    """Returns the circuits that so many answers without ids are of: all, or all but the known strings.

    Raises:
        ContentError: it is neither number.
    """
    for circuits in (design.circuits, design.measuring):
        if number == len(circuits):
            return circuits
    expected = f"{len(design.measuring)}"
    if design.known:
        expected += f", or {len(design.circuits)} with the known strings"
    raise ContentError(
        f"{source}: has {number} {what}, but the design has {expected}: give one for each circuit, in the order of "
        "settings.csv."
    )


def as_answer(entries: list[tuple[list[int], int]], size: int, places: Sequence[str] = (), place: str = "") -> Answer:
    """Returns the answer of entries made by `of_text`."""
    bits = np.array([one for one, _ in entries], dtype=np.int8).reshape(len(entries), size)
    return Answer(bits, np.array([number for _, number in entries], dtype=np.int64), places, place)
