"""From what an instrument gives to the counts of a design: every bit in its place, every shot accounted for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, ContentError
from qsense.laboratory.answers import LOST, Answer, Answers
from qsense.laboratory.design import Design, DesignedCircuit
from qsense.laboratory.known import check_known, given
from qsense.laboratory.reading import Reading
from qsense.runs.point import Point

_SHOWN = 3
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Brought:
    """Counts of a design, brought in.

    Attributes:
        points: of the design, each with the shots that its circuits have.
        counts: of each point, a row for each circuit.
        lost: shots that were left out, as a spin was lost in them.
        kept: shots in which a spin was lost, whose other spins count.
        missing: shots that were planned and are not there.
        known: counts of the known strings, a row for each, and the strings, bit j being spin j; by number of spins.
        left_open: what the known strings do not tell, a line each.
    """

    points: tuple[Point, ...]
    counts: tuple[Counts, ...]
    lost: int
    kept: int
    missing: int
    known: dict[int, tuple[tuple[int, ...], Counts]]
    left_open: tuple[str, ...] = ()

    @property
    def checked(self) -> int:
        """How many known strings the bits were held against."""
        return sum(len(strings) for strings, _ in self.known.values())


def arranged(design: Design, answers: Answers, reading: Reading) -> Brought:
    """Returns the counts of a design's points; all checks are made before anything is returned.

    Args:
        design: what was asked for.
        answers: what was given.
        reading: what its letters and numbers mean.

    Raises:
        ContentError: circuits or shots are missing, spins are lost, or the known strings are read wrongly; the message
            names the source, where in it, and the fix.
        ArgumentError: the order of the spins is none.
    """
    read = {name: _read(one, answers.order, reading) for name, one in answers.by_id.items()}
    left_open = check_known(design, read, answers.source, answers.order, reading)
    absent = [one.id for one in design.measuring if one.id not in read or not read[one.id].numbers.sum()]
    if absent:
        listed = ", ".join(absent[:_SHOWN]) + (f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else "")
        raise ContentError(
            f"{answers.source}: has no counts of {len(absent)} of {len(design.measuring)} circuits ({listed}); measure "
            "them, or make a design without them."
        )
    lost = partly = missing = 0
    kept: dict[str, Answer] = {}
    for circuit in design.measuring:
        holed = (read[circuit.id].bits == LOST).any(1)
        kept[circuit.id] = _without_lost(read[circuit.id], holed, circuit, answers, reading)
        gone = int(read[circuit.id].numbers.sum() - kept[circuit.id].numbers.sum())
        lost += gone
        partly += int(read[circuit.id].numbers[holed].sum()) - gone
        missing += _missing(read[circuit.id], circuit, answers, reading)
        _check_enough(kept[circuit.id], circuit, answers)
    points, counts, at = [], [], 0
    for point in design.points:
        rows, times = point.circuits_per_time, len(point.rule.times)
        own = [kept[one.id] for one in design.measuring[at : at + rows * times]]
        at += rows * times
        found = _counts(point.probe.num_qubits, own)
        shots = found.row_shots().tolist()
        points.append(replace(point, rows=tuple(tuple(shots[k * rows : (k + 1) * rows]) for k in range(times))))
        counts.append(found)
    return Brought(tuple(points), tuple(counts), lost, partly, missing, _known_counts(design, read), left_open)


def _read(answer: Answer, order: str, reading: Reading) -> Answer:
    """The answer with spin j in column j, up 1."""
    bits = answer.bits
    if order == "last" or (order == "letters" and reading.leftmost == "last"):
        bits = bits[:, ::-1]
    size = bits.shape[1]
    if reading.spins:
        if sorted(reading.spins) != list(range(size)):
            raise ArgumentError(
                f"Argument `spins` must have each of 0 to {size - 1} once, but is {list(reading.spins)}; it says which "
                "spin each place is."
            )
        ordered = np.empty_like(bits)
        ordered[:, list(reading.spins)] = bits
        bits = ordered
    if reading.one == "down":
        bits = np.where(bits == LOST, LOST, 1 - bits).astype(np.int8)
    return replace(answer, bits=bits)


def _known_counts(design: Design, read: dict[str, Answer]) -> dict[int, tuple[tuple[int, ...], Counts]]:
    return {
        size: (tuple(sum(1 << spin for spin in one.ups) for one in own), _counts(size, [read[one.id] for one in own]))
        for size, own in sorted(given(design, read).items())
    }


def _without_lost(answer: Answer, holed: Bools, circuit: DesignedCircuit, answers: Answers, reading: Reading) -> Answer:
    """The answer without the entries that do not count: those with lost spins, or where these are kept, without any."""
    number = int(answer.numbers[holed].sum())
    if not number:
        return answer
    what = f"{answers.source}: {answer.where(int(np.argmax(holed)))}: {number} shots of {circuit.id} have lost spins"
    estimator = "" if circuit.point is None else circuit.point.estimator.name
    if reading.lost == "refuse":
        needs = f", and the estimator {estimator} needs all" if estimator else ""
        raise ContentError(
            f'{what} or are missing{needs}; say `lost = "drop"` (--lost drop) to leave such shots out'
            f"{_or_keep(circuit)}."
        )
    if reading.lost == "keep" and not _reads_single_spins(circuit):
        raise ContentError(
            f"{what}, but the estimator {estimator} needs all spins of a shot: say `lost = "
            '"keep_or_drop"` (--lost keep_or_drop) to leave such shots out of its circuits alone.'
        )
    if reading.lost != "drop" and _reads_single_spins(circuit):
        holed = (answer.bits == LOST).all(1)
    keep = ~holed
    places = [answer.places[k] for k in np.flatnonzero(keep).tolist()] if answer.places else ()
    return replace(answer, bits=answer.bits[keep], numbers=answer.numbers[keep], places=places)


def _reads_single_spins(circuit: DesignedCircuit) -> bool:
    return circuit.point is not None and circuit.point.method.reads_single_spins


def _or_keep(circuit: DesignedCircuit) -> str:
    kept = ', or `lost = "keep"` (--lost keep) to use the spins that are left'
    return kept if _reads_single_spins(circuit) else ""


def _missing(answer: Answer, circuit: DesignedCircuit, answers: Answers, reading: Reading) -> int:
    """How many shots are missing: those that are said to be, and those that were planned beyond them."""
    if answer.missing and reading.lost == "refuse":
        raise ContentError(
            f"{answers.source}: {answer.missing[0]}: {len(answer.missing)} shots of {circuit.id} are missing; say "
            '`lost = "drop"` (--lost drop) if so few were read.'
        )
    total = int(answer.numbers.sum())
    if reading.shots == "measured" or total == circuit.shots:
        return len(answer.missing)
    what = f"{answers.source}: {circuit.id} has {total} shots, but {circuit.shots} were planned"
    if total > circuit.shots:
        raise ContentError(f'{what}; say `shots = "measured"` (--shots measured) if so many were taken.')
    if reading.lost == "refuse":
        raise ContentError(
            f'{what}; say `lost = "drop"` (--lost drop) if shots are missing, `shots = "measured"` (--shots measured) '
            "if so many were taken."
        )
    return circuit.shots - total


def _check_enough(answer: Answer, circuit: DesignedCircuit, answers: Answers) -> None:
    if circuit.point is None:
        return
    least = min(circuit.point.method.min_shots, circuit.shots)
    total = int((answer.numbers @ (answer.bits != LOST)).min(initial=int(answer.numbers.sum())))
    if total < least:
        raise ContentError(
            f"{answers.source}: {circuit.id} has {total} shots in which no spin that counts is lost, but the estimator "
            f"{circuit.point.estimator.name} needs {least} of every circuit; measure more."
        )


def _counts(size: int, own: list[Answer]) -> Counts:
    """The counts of several circuits, a row for each."""
    numbers = np.concatenate([one.numbers for one in own])
    bits = np.concatenate([one.bits for one in own])[numbers > 0]
    rows = np.repeat(np.arange(len(own)), [len(one.numbers) for one in own])[numbers > 0]
    planes = [np.packbits(plane, axis=1, bitorder="little") for plane in (bits == 1, bits == LOST)]
    return Counts.from_entries(size, len(own), rows, np.concatenate(planes, axis=1), numbers[numbers > 0])
