"""Known strings among what an instrument gives: are bits where the reading says, and what do the strings leave open?

A spin of a string that is read wrong in most shots by more than chance is refused: the smallest chance of all spins and
strings must pass Holm's test. What is not told, by few shots, lost spins, or strings that prepare spins alike, is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ContentError
from qsense.laboratory.answers import LOST, Answer
from qsense.laboratory.design import Design, DesignedCircuit
from qsense.laboratory.reading import Reading
from qsense.numerics.fisher import FloatArray

REFUSED_BELOW = 1e-4
"""The share of imports in which spins that are read wrong in half of the shots, or fewer, may be refused."""
_TOLD_BELOW = 0.01  # how seldom a spin that is read at random must pass for one that is read right
_SHOWN = 3


class Strings(NamedTuple):
    """The known strings of one size that have shots.

    Attributes:
        circuits: of each.
        prepared: whether a spin is up in it, shape (strings, spins).
        wrong, shots: how often each spin is read wrong, and is there, shape (strings, spins).
    """

    circuits: tuple[DesignedCircuit, ...]
    prepared: FloatArray
    wrong: FloatArray
    shots: FloatArray

    @property
    def seen(self) -> FloatArray:
        """What most shots say, 1 for up; NaN where a spin is never there or as often up as down."""
        most = np.where(2 * self.wrong > self.shots, 1 - self.prepared, self.prepared)
        return np.asarray(np.where((self.shots > 0) & (2 * self.wrong != self.shots), most, np.nan))


def given(design: Design, read: Mapping[str, Answer]) -> dict[int, tuple[DesignedCircuit, ...]]:
    """Returns the known strings that have shots, by number of spins."""
    found: dict[int, tuple[DesignedCircuit, ...]] = {}
    for one in design.known:
        if one.id in read and read[one.id].numbers.sum():
            found[one.num_qubits] = (*found.get(one.num_qubits, ()), one)
    return found


def check_known(
    design: Design, read: Mapping[str, Answer], source: str, order: str, reading: Reading
) -> tuple[str, ...]:
    """Returns what the known strings leave open, a line each; () also where there are none.

    Args:
        design: what was asked for.
        read: the answers by their circuits' ids, spin j in column j, up 1.
        source, order: of the answers.
        reading: by which they were read.

    Raises:
        ContentError: bits are not in the places where known strings have them, by more than chance.
    """
    tables = {size: _table(own, read) for size, own in given(design, read).items()}
    family = max(sum(int((one.shots > 0).sum()) for one in tables.values()), 1)
    for one in tables.values():
        refused = _chance(one.wrong, one.shots) * family < REFUSED_BELOW
        if refused.any():
            at = int(np.argmax(refused.any(1)))
            raise ContentError(
                f"{source}: {one.circuits[at].id}: spins {_listed(refused[at])} are read wrong more often than not, so "
                f"bits are not where the reading says; {_remedy(one.seen, one.prepared, order, reading)}."
            )
    lines = [line for one in tables.values() for line in _open(one, order, reading)]
    return (*lines, *_missing(design, read, tables)) if tables else ()


def _table(own: tuple[DesignedCircuit, ...], read: Mapping[str, Answer]) -> Strings:
    prepared = np.array([[float(spin in one.ups) for spin in range(one.num_qubits)] for one in own])
    answers = [read[one.id] for one in own]
    there = [one.bits != LOST for one in answers]
    shots = np.array([one.numbers @ here for one, here in zip(answers, there, strict=True)], dtype=np.float64)
    ups = np.array([one.numbers @ (one.bits == 1) for one in answers], dtype=np.float64)
    return Strings(own, prepared, np.where(prepared > 0, shots - ups, ups), shots)


def _chance(wrong: FloatArray, shots: FloatArray) -> FloatArray:
    """How likely at least so many are read wrong, if each is in half of the shots."""
    from scipy.special import betainc

    return np.asarray(np.where(wrong > 0, betainc(np.maximum(wrong, 1), shots - wrong + 1, 0.5), 1.0))


def _open(one: Strings, order: str, reading: Reading) -> list[str]:
    """What the strings of one size do not tell."""
    lines = []
    for at, circuit in enumerate(one.circuits):
        doubted = 2 * one.wrong[at] > one.shots[at]
        if doubted.any():
            spin = int(np.argmax(doubted))
            remedy = _remedy(one.seen, one.prepared, order, reading)
            lines.append(
                f"{circuit.id}: spins {_listed(doubted)} are read wrong more often than not (spin {spin} in "
                f"{one.wrong[at, spin]:g} of {one.shots[at, spin]:g} shots), which may be chance: whether bits are "
                f"where the reading says is undecided; take more shots; {remedy}"
            )
    for spin in np.flatnonzero((one.shots == 0).any(0)).tolist():
        where = _few([own.id for own, number in zip(one.circuits, one.shots[:, spin], strict=True) if not number])
        lines.append(f"spin {spin} is lost in all shots of {where}: they do not check it")
    wrong, shots = one.wrong.sum(0), one.shots.sum(0)
    few = _chance(shots - wrong, shots) > _TOLD_BELOW
    size = one.circuits[0].num_qubits
    if few.any():
        lines.append(
            f"known strings of {size} spins do not tell whether spins {_listed(few)} are read as prepared: too few "
            "shots of them, or too many errors"
        )
    columns = [tuple(column) for column in np.where(one.shots > 0, one.prepared, 2).T.tolist()]
    alike = np.array([columns.count(column) > 1 for column in columns])
    if alike.any():
        lines.append(
            f"the known strings that were measured prepare spins {_listed(alike)} alike: their order is taken as "
            "stated, not checked; measure the design's other strings"
        )
    if size > 1 and Counter(columns) == Counter(tuple(1 - bit for bit in column) for column in columns):
        lines.append(
            f"the known strings of {size} spins that were measured look the same with another meaning and order of "
            "bits at once: both are taken as stated; measure the design's other strings"
        )
    return lines


def _missing(design: Design, read: Mapping[str, Answer], tables: Mapping[int, Strings]) -> list[str]:
    """What was planned of known strings and is not there."""
    lines = []
    sizes = sorted({one.num_qubits for one in design.measuring} - set(tables))
    if sizes:
        named = ", ".join(map(str, sizes))
        lines.append(f"no known strings of {named} spins were measured: their bits are taken as stated, not checked")
    if design.known_shots < 2:  # a spec that was imported without its folder plans none
        return lines
    counted = {one.id: int(read[one.id].numbers.sum()) if one.id in read else 0 for one in design.known}
    short = [f"{one.id} has {counted[one.id]}" for one in design.known if counted[one.id] < one.shots]
    if short:
        lines.append(f"known strings lack shots, of {design.known_shots} that were planned: {_few(short)}")
    return lines


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _listed(spins: Sequence[bool] | np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    return ", ".join(map(str, np.flatnonzero(spins)))


def _remedy(seen: FloatArray, prepared: FloatArray, order: str, reading: Reading) -> str:
    """What makes the strings right, in words: another order or meaning, as far as the strings tell."""
    flipped = {"up": "down", "down": "up"}[reading.one]
    turned = {"first": "last", "last": "first"}[reading.leftmost]
    letters = order == "letters" and not reading.spins
    tries = (("", seen), (f'`one = "{flipped}"`', 1 - seen))
    for words, table in tries:
        if words and _is(table, prepared):
            return f"with {words} they are right (--one {flipped})"
        if letters and _is(table[:, ::-1], prepared):
            with_one = f" and {words}" if words else ""
            option = f" --one {flipped}" if words else ""
            return f'with `leftmost = "{turned}"`{with_one} they are right (--leftmost {turned}{option})'
    for words, table in tries:
        places = [
            [spin for spin in range(table.shape[1]) if _is(table[:, place], prepared[:, spin])]
            for place in range(table.shape[1])
        ]
        if all(len(one) == 1 for one in places) and not reading.spins:
            order_of = [one[0] for one in places]
            if sorted(order_of) == list(range(len(order_of))):
                with_one = f" and {words}" if words else ""
                option = f" --one {flipped}" if words else ""
                option = f"--spins {','.join(map(str, order_of))}{option}"
                return f"with `spins = {order_of}`{with_one} they are right ({option})"
    return "check the order of the spins (`spins`), what 1 means (`one`), and the preparation of the strings"


def _is(table: FloatArray, prepared: FloatArray) -> bool:
    return bool(((table == prepared) | np.isnan(table)).all())
