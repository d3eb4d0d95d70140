"""A device's qubits and couplings as a picture, with those that held the spins of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.reports.page.charts import short

WIDTH, MARGIN = 720.0, 14.0
MOST_QUBITS = 1500  # drawn; of a larger device those near the used ones
_DENSE = 6.0  # couplings a qubit has on average, from which all sit on a circle


@dataclass(frozen=True)
class Site:
    """One qubit of the picture: where it is, its number, and what is said of it; "" where it held no spin."""

    x: str
    y: str
    qubit: int
    text: str = ""


@dataclass(frozen=True)
class DeviceMap:
    """A picture of a device.

    Attributes:
        width, height: of it.
        radius: of a qubit.
        couplings: (x, y, x, y) of each, and whether a run's circuits may use it: both its qubits held spins.
        sites: the qubits.
        description: in words.
    """

    width: float
    height: float
    radius: float
    couplings: tuple[tuple[tuple[str, str, str, str], bool], ...]
    sites: tuple[Site, ...]
    description: str


def device_map(name: str, couplings: Sequence[tuple[int, int]], used: Mapping[int, str]) -> DeviceMap | None:
    """Returns the picture of a device; None where nothing is known to draw.

    Args:
        name: of the device.
        couplings: pairs of qubits with a two-qubit gate; those of the used qubits alone are not known where empty.
        used: qubit → what is said of it.
    """
    qubits = sorted({qubit for pair in couplings for qubit in pair} | set(used))
    if not qubits or len(qubits) > MOST_QUBITS:
        return None
    place = {qubit: number for number, qubit in enumerate(qubits)}
    pairs = np.array([[place[a], place[b]] for a, b in couplings if a != b], dtype=np.int64).reshape(-1, 2)
    spots, height, step = _scaled(_positions(len(qubits), pairs))
    x, y = ([short(value) for value in spots[:, axis]] for axis in (0, 1))
    lines = tuple(
        ((x[a], y[a], x[b], y[b]), qubits[a] in used and qubits[b] in used) for a, b in pairs.tolist()
    )  # fmt: skip
    sites = tuple(Site(x[k], y[k], qubit, used.get(qubit, "")) for k, qubit in enumerate(qubits))
    listed = ", ".join(map(str, sorted(used)))
    text = f"{name}: {len(qubits)} qubits and {len(lines)} couplings; spins were on the qubits {listed}."
    return DeviceMap(WIDTH, height, float(np.clip(0.34 * step, 2.5, 11)), lines, sites, text)


def _positions(number: int, pairs: Any) -> FloatArray:
    """Where qubits are: distances in the picture follow the number of couplings between them, shape (qubits, 2).

    Source: classical scaling (Torgerson, Psychometrika 17, 401 (1952)) of distances in the graph.
    """
    if len(pairs) == 0:
        return np.stack([np.arange(number, dtype=np.float64), np.zeros(number)], axis=1)
    if 2 * len(pairs) > _DENSE * number:
        angle = 2 * np.pi * np.arange(number) / number
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    distances = _distances(number, pairs)
    centred = distances**2 - (distances**2).mean(0) - (distances**2).mean(1)[:, None] + (distances**2).mean()
    values, vectors = np.linalg.eigh(-0.5 * centred)
    spots = vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0))
    spots *= np.where(spots[np.abs(spots).argmax(0), [0, 1]] < 0, -1.0, 1.0)  # the same picture on every machine
    return np.asarray(_upright(spots, pairs))


def _upright(spots: FloatArray, pairs: Any) -> FloatArray:
    """Turned so that couplings are along the edges of the picture, where they are square to each other."""
    steps = spots[pairs[:, 0]] - spots[pairs[:, 1]]
    turns = (steps[:, 0] + 1j * steps[:, 1]) ** 4
    if abs(turns.sum()) < 0.5 * np.abs(turns).sum():
        return spots
    angle = float(np.angle(turns.sum())) / 4
    cos, sin = np.cos(angle), np.sin(angle)
    turned = spots @ np.array([[cos, -sin], [sin, cos]])
    size = np.ptp(turned, axis=0)
    return np.asarray(turned if size[0] >= size[1] else turned[:, ::-1])


def _distances(number: int, pairs: Any) -> FloatArray:
    """Couplings between any two qubits; one more than the largest where there is no way, shape (qubits, qubits)."""
    near = np.zeros((number, number), dtype=bool)
    near[pairs[:, 0], pairs[:, 1]] = near[pairs[:, 1], pairs[:, 0]] = True
    steps = near.astype(np.float32)
    found = np.full((number, number), -1.0)
    reached = np.eye(number, dtype=bool)
    found[reached] = 0.0
    front, distance = reached, 0
    while front.any():
        distance += 1
        front = (front.astype(np.float32) @ steps > 0) & ~reached
        found[front] = distance
        reached |= front
    found[found < 0] = found.max() + 1
    return found


def _scaled(spots: FloatArray) -> tuple[FloatArray, float, float]:
    """In units of the picture: positions, its height, and the distance of neighbours."""
    size = np.ptp(spots, axis=0)
    scale = (WIDTH - 2 * MARGIN) / max(float(size[0]), 1e-9)
    if len(spots) < 8:
        scale = min(scale, 60.0 / _nearest(spots))
    height = min(float(size[1]) * scale, 0.8 * WIDTH)
    scale = min(scale, height / float(size[1])) if size[1] > 1e-9 else scale
    moved = (spots - spots.min(0)) * scale + MARGIN
    return moved, float(np.ptp(moved[:, 1])) + 2 * MARGIN, _nearest(spots) * scale


def _nearest(spots: FloatArray) -> float:
    """The median distance to the nearest other; 1 for a single one."""
    if len(spots) < 2:
        return 1.0
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(1))) or 1.0
