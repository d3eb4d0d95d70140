"""The `probes` of a run spec: the probes that an entry means, and the entries that mean probes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qsense.errors import ArgumentError, SpecError, at_key, nearest
from qsense.files import content
from qsense.probes import FAMILIES, KINDS, Probe
from qsense.runs.own_probes import Form, has_own_numbers, is_own_entry, own_entry, own_probe
from qsense.runs.spec_entries import ProbeEntry
from qsense.runs.spec_file import SpecFile
from qsense.signals import Signal


def all_probes(entry: SpecFile, signal: Signal, folder: Path, source: str) -> tuple[list[Probe], dict[str, list[str]]]:
    """Returns the probes that a spec means, and the names of its entries as written → as a resolved spec has them.

    Args:
        entry: the spec's keys.
        signal: of the spec.
        folder: beside which circuits are looked for.
        source: what an error calls the spec.

    Raises:
        SpecError: as `probes_of`; the message names the key.
    """
    probes: list[Probe] = []
    written: dict[str, list[str]] = {}
    for index, item in enumerate(entry.probes):
        with at_key(source, f"probes[{index}]"):
            meant = probes_of(item, entry.num_qubits, signal, folder)
        probes += meant
        if not item.tilt:
            written[item.probe] = [one["probe"] for one in probe_entries(meant, signal)]
    labels = [(probe.name, probe.num_qubits) for probe in probes]
    twice = next((name for at, (name, size) in enumerate(labels) if (name, size) in labels[:at]), None)
    if twice is not None:
        sizes = entry.num_qubits
        if (size := next((n for at, n in enumerate(sizes) if n in sizes[:at]), None)) is not None:
            raise SpecError(f"{source}: key `num_qubits`: {size} is listed twice; name each once.")
        matched = twice.startswith("ghz:") and "ghz" in written
        meaning = ', as "ghz" means it with the weights of this signal' if matched else ""
        raise SpecError(f'{source}: key `probes`: "{twice}" is listed twice{meaning}; name each once.')
    return probes, written


def probes_of(entry: ProbeEntry, sizes: Sequence[int], signal: Signal, folder: Path) -> list[Probe]:
    """Returns the probes that an entry means, one of every size.

    `ghz` alone has the signs of the signal's weights; signs that are written out, as in "ghz:+-", give their own size.

    Args:
        entry: of a spec.
        sizes: its `num_qubits`.
        signal: of the spec.
        folder: beside which circuits are looked for.

    Raises:
        ArgumentError: the name is unknown, or a size is missing or another one.
        ContentError: a circuit cannot be read.
    """
    if is_own_entry(entry):
        return [own_probe(entry, sizes, folder)]
    if entry.qasm is not None:
        return [Probe.from_text(entry.qasm, entry.probe)]
    kind, _, rest = entry.probe.partition(":")
    if kind == "ghz" and rest and not set(rest) - {"+", "-"}:
        if sizes and len(rest) not in sizes:
            raise ArgumentError(
                f'"{entry.probe}" has {len(rest)} spins, but `num_qubits` is {", ".join(map(str, sizes))}; add '
                f"{len(rest)}, or write another sign for every spin"
            )
        return [Probe.ghz(len(rest), rest, entry.tilt)]
    if kind in (*KINDS, *FAMILIES):
        if not sizes:
            raise ArgumentError("the number of spins is missing; add `num_qubits`, such as num_qubits = [1, 2, 3, 4]")
        if entry.probe == "ghz":
            return [Probe.ghz(n, _matching(signal, n), entry.tilt) for n in sizes]
        return [Probe.named(entry.probe, n, entry.tilt) for n in sizes]
    if entry.tilt:
        raise ArgumentError("`tilt` goes with a GHZ or a product probe only")
    if entry.probe.endswith(".qasm") or entry.probe in content.names("circuits"):
        return [Probe.from_qasm(entry.probe, beside=folder)]
    raise ArgumentError(
        f'unknown probe "{entry.probe}". {nearest(entry.probe, [*KINDS, *FAMILIES, *content.names("circuits")])}'
    )


def probe_entries(probes: Sequence[Probe], signal: Signal, form: Form = "hash") -> list[dict[str, Any]]:
    """Returns the entries that mean these probes under a signal, each once for all its sizes.

    Args:
        probes: of a spec.
        signal: of the spec.
        form: how the numbers of a user's own states are held.

    >>> probe_entries([Probe.ghz(2), Probe.ghz(3), Probe.ghz(2, "+-")], Signal())
    [{'probe': 'ghz'}, {'probe': 'ghz:+-'}]
    """
    found: list[dict[str, Any]] = []
    for probe in probes:
        entry = _entry(probe, signal, form)
        if entry not in found:
            found.append(entry)
    return found


def named_sizes(probes: Sequence[Probe]) -> list[int]:
    """Returns the sizes of the probes that are named, not given: the `num_qubits` of a resolved spec."""
    return list(dict.fromkeys(p.num_qubits for p in probes if p.kind != "circuit" and not has_own_numbers(p)))


def _entry(probe: Probe, signal: Signal, form: Form) -> dict[str, Any]:
    if has_own_numbers(probe):
        return own_entry(probe, form)
    if probe.kind == "circuit":
        return {"probe": probe.name, "qasm": probe.qasm}
    if probe.kind in ("symmetric", "pair_code"):
        return {"probe": probe.name}
    name: str = probe.kind
    if probe.kind == "ghz" and probe.signs != Probe.ghz(probe.num_qubits, _matching(signal, probe.num_qubits)).signs:
        name = "ghz:" + (probe.signs or "+" * probe.num_qubits)
    return {"probe": name, "tilt": probe.tilt} if probe.tilt else {"probe": name}


def _matching(signal: Signal, num_qubits: int) -> str:
    """The signs of a signal's weights; none where these are for another number of spins, which is refused later."""
    if isinstance(signal.weights, tuple) and len(signal.weights) != num_qubits:
        return ""
    return signal.matching_signs(num_qubits)
