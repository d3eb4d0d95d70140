"""On which qubits of a device the probes of a run were, and whether a comparison of two probes is also one of qubits.

It is read from the tables of a spec alone: of a RunSpec, or of the file of a record whose names are not looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SAME, BEST = "same", "best"
ALSO_OF_QUBITS = "the verdict is also of the qubits"
NAMED = "named"
_OWN = f"each probe on its own best qubits: {ALSO_OF_QUBITS}"
_MOVED = f"a circuit moves its spins to other qubits: {ALSO_OF_QUBITS}"
_SIZE = re.compile(r", N = (\d+): (?!no verdict|one spin)")


@dataclass(frozen=True)
class QubitsUsed:
    """Where the probes of a run were.

    Attributes:
        chosen: "same" for all probes of a size, "best" for each its own, or "named" in the spec.
        qubits: (probe, number of spins) → the qubits of its spins, in their order.
    """

    chosen: str
    qubits: Mapping[tuple[str, int], tuple[int, ...]]

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> QubitsUsed | None:
        """Returns what the tables of a spec say; None where they place no probes.

        >>> one = {"probe": "ghz", "num_qubits": 2, "qubits": [1, 2]}
        >>> QubitsUsed.of({"device": {"placements": [one, {**one, "probe": "product", "qubits": [0, 3]}]}}).chosen
        'best'
        """
        device = spec.get("device")
        if not isinstance(device, Mapping) or not device.get("placements"):
            return None
        try:
            found = {
                (str(one["probe"]), int(one["num_qubits"])): tuple(int(qubit) for qubit in one["qubits"])
                for one in device["placements"]
            }
        except (KeyError, TypeError, ValueError):
            return None
        asked = device.get("qubits", BEST)  # before there was a choice
        return cls(asked if asked in (SAME, BEST) else NAMED, found)

    @property
    def are_same(self) -> bool:
        """Whether all probes of each size were on the same qubits."""
        return not any(self.remark(size) for size in self._sizes)

    def remark(self, num_qubits: int, probes: Sequence[str] | None = None) -> str | None:
        """Returns what is to be said of a verdict on probes of a size; None where they were on the same qubits.

        Args:
            num_qubits: the size.
            probes: the names of those that are compared; None for all of this size.

        >>> QubitsUsed("best", {("ghz", 2): (0, 1), ("product", 2): (3, 0)}).remark(2)
        'each probe on its own best qubits: the verdict is also of the qubits'
        """
        used = {
            frozenset(qubits)
            for (probe, size), qubits in self.qubits.items()
            if size == num_qubits and (probes is None or probe in probes)
        }
        if len(used) < 2 or num_qubits < 2:
            return None
        return _OWN if self.chosen == BEST else _MOVED

    def lines(self, apart_only: bool = False) -> list[str]:
        """Returns a line for each size, or only for those whose probes were apart: which probes were on which qubits.

        >>> QubitsUsed("same", {("ghz", 2): (0, 1), ("product", 2): (0, 1)}).lines()
        ['N = 2 on qubits 0, 1: ghz, product']
        """
        found = []
        for size in self._sizes:
            on: dict[tuple[int, ...], list[str]] = {}
            for (probe, of), qubits in self.qubits.items():
                if of == size:
                    on.setdefault(qubits, []).append(probe)
            parts = [f"{', '.join(map(str, qubits))}: {', '.join(probes)}" for qubits, probes in on.items()]
            remark = self.remark(size)
            if apart_only and remark is None:
                continue
            found.append(f"N = {size} on qubits {'; '.join(parts)}" + ("" if remark is None else f" ({remark})"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Returns the same for JSON."""
        probes = [{"probe": p, "num_qubits": n, "qubits": list(qubits)} for (p, n), qubits in self.qubits.items()]
        remarks = dict.fromkeys(remark for size in self._sizes if (remark := self.remark(size)) is not None)
        return {"chosen": self.chosen, "are_same": self.are_same, "remarks": list(remarks), "probes": probes}

    @property
    def _sizes(self) -> list[int]:
        return list(dict.fromkeys(size for _, size in self.qubits))


def with_qubits_said(verdicts: Sequence[Any], used: QubitsUsed) -> list[Any]:
    """Returns verdicts that an earlier version wrote, with what is to be said of their qubits.

    >>> used = QubitsUsed("best", {("ghz", 2): (0, 1), ("product", 2): (3, 0)})
    >>> with_qubits_said(["lab, N = 2: GHZ leads.", "lab, N = 3: GHZ leads."], used)[0]
    'lab, N = 2: GHZ leads; each probe on its own best qubits: the verdict is also of the qubits.'
    """
    found = []
    for verdict in verdicts:
        sizes = _SIZE.findall(verdict) if isinstance(verdict, str) else []
        remark = used.remark(int(sizes[-1])) if sizes else None
        found.append(verdict if remark is None else f"{verdict.removesuffix('.')}; {remark}.")
    return found
