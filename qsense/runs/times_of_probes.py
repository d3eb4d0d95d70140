"""Times of their own for some probes of a spec: the key `times_s` as a table, by the names of probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qsense.errors import ArgumentError, nearest
from qsense.probes import Probe
from qsense.runs.pairs import named
from qsense.signals import Signal

TimesOfProbes = tuple[tuple[str, tuple[float, ...]], ...]


def checked_times(
    given: Mapping[str, Sequence[float]],
    probes: Sequence[Probe],
    signal: Signal,
    written: Mapping[str, Sequence[str]],
) -> TimesOfProbes:
    """Returns the times of each probe by its name as a resolved spec has it, if they mean probes of the spec.

    Args:
        given: as written: the name of a probe, all its sizes → times in s.
        probes: all of the spec.
        signal: of the spec.
        written: names of its entries as written → as a resolved spec has them.

    Raises:
        ArgumentError: a name is unknown, or two names mean the same probe.

    >>> checked_times({"ghz": [0.0, 1.0]}, [Probe.ghz(2), Probe.product(2)], Signal(), {})
    (('ghz', (0.0, 1.0)),)
    """
    known = named(probes, signal)
    found: dict[str, tuple[float, ...]] = {}
    meant: dict[Probe, str] = {}
    for name, times in given.items():
        if name not in known and name not in written:
            raise ArgumentError(f'"{name}" is none of `probes`. {nearest(name, {*known, *written})}')
        for one in written.get(name, [name]):
            found[one] = tuple(times)
            for probe in known[one]:
                if probe in meant:
                    raise ArgumentError(f'"{meant[probe]}" and "{name}" are the same probe; give its times once')
                meant[probe] = name
    return tuple(sorted(found.items()))


def times_for(
    probe: Probe, of_all: tuple[float, ...] | None, by_name: TimesOfProbes, signal: Signal
) -> tuple[float, ...] | None:
    """Returns the times of a probe; None where they are designed.

    Args:
        probe: of a spec.
        of_all: the times of all probes.
        by_name: those of some.
        signal: of the spec.
    """
    if not by_name:
        return of_all
    names = named([probe], signal)
    return next((times for name, times in by_name if name in names), None)
