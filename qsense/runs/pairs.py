"""Which probes of a spec are compared with each other: the pairs of its key `compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qsense.errors import ArgumentError, nearest
from qsense.probes import Probe
from qsense.runs.probe_entries import probe_entries
from qsense.signals import Signal

Pair = tuple[str, str]


def checked_pairs(
    pairs: Sequence[Sequence[str]], probes: Sequence[Probe], signal: Signal, written: Mapping[str, Sequence[str]]
) -> tuple[Pair, ...]:
    """Returns pairs of names as a resolved spec has them, if they mean probes that can be compared.

    Args:
        pairs: as written.
        probes: all of the spec.
        signal: of the spec.
        written: names of its entries as written → as a resolved spec has them.

    Raises:
        ArgumentError: a name is unknown, a pair is listed twice or is of one probe, or the two have no number of spins
            in common; the message names the place in the list and the fix.

    >>> checked_pairs([["ghz", "product"]], [Probe.ghz(2), Probe.product(2)], Signal(), {})
    (('ghz', 'product'),)
    """
    found: list[Pair] = []
    known = named(probes, signal)
    for index, pair in enumerate(pairs):
        where = f"pair {index + 1}"
        if len(pair) != 2:
            raise ArgumentError(f'{where} has {len(pair)} names; write two, such as ["ghz", "product"]')
        for name in pair:
            if name not in known and name not in written:
                raise ArgumentError(f'{where}: "{name}" is none of `probes`. {nearest(name, {*known, *written})}')
        ones, others = (written.get(name, [name]) for name in pair)
        if {probe for name in ones for probe in known[name]} & {probe for name in others for probe in known[name]}:
            raise ArgumentError(f'{where} is "{pair[0]}" and "{pair[1]}", the same probe; name two')
        every = [(a, b) for a in ones for b in others if probes_of_pairs([(a, b)], probes, signal)]
        if not every:
            raise ArgumentError(
                f'{where}: "{pair[0]}" and "{pair[1]}" have no number of spins in common; add it to `num_qubits`'
            )
        if {*every, *((b, a) for a, b in every)} & {*found}:
            raise ArgumentError(f'{where}, "{pair[0]}" and "{pair[1]}", is listed twice; list it once')
        found += every
    return tuple(found)


def probes_of_pairs(pairs: Sequence[Pair], probes: Sequence[Probe], signal: Signal) -> list[tuple[Probe, Probe]]:
    """Returns the probes of every pair, one pair of each size that both have.

    Args:
        pairs: names of probes, as `checked_pairs` returns them.
        probes, signal: of the spec.

    >>> pairs = probes_of_pairs([("ghz", "product")], [Probe.ghz(2), Probe.ghz(3), Probe.product(3)], Signal())
    >>> [(one.name, one.num_qubits, other.name) for one, other in pairs]
    [('ghz', 3, 'product')]
    """
    known = named(probes, signal)
    return [
        (one, other)
        for first, second in pairs
        for one in known[first]
        for other in known[second]
        if one.num_qubits == other.num_qubits
    ]


def named(probes: Sequence[Probe], signal: Signal) -> dict[str, list[Probe]]:
    """What names mean: an entry's all its sizes, a table's its probes; the entry's where both have the name."""
    by_entry: dict[str, list[Probe]] = {}
    by_name: dict[str, list[Probe]] = {}
    for probe in probes:
        if not probe.tilt:
            by_entry.setdefault(probe_entries([probe], signal)[0]["probe"], []).append(probe)
        by_name.setdefault(probe.name, []).append(probe)
    return by_name | by_entry
