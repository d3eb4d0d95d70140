"""Which qubits of a device hold the spins, and how a GHZ state grows over them.

All probes of one size sit on the same qubits, spin by spin, so that they are compared with each other and not their
qubits. These are the best for a GHZ probe, as it needs most of a device: connected qubits with good two-qubit gates,
which any set for all must be, while a product probe can sit anywhere. They depend on the device and the size alone, so
that runs of one probe each can be compared as well. Only if each probe is to be on its own best qubits is a product
probe placed apart.

The gain of a GHZ probe depends on Σ 1/T2 (the harmonic mean of T2) and on every gate and readout error of its qubits;
that of a product probe on the arithmetic mean of T2, each spin weighted by its own readout. The figures of merit are
logarithms of the integrated gain that the calibration predicts:

    GHZ       2 Σ ln(1 − two-qubit error) + 2 Σ ln(1 − 2·readout error) − ln Σ 1/T2
    product   ln Σ T2·(1 − 2·readout error)²
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from qsense.devices.device import Device
from qsense.devices.fan_out import Layers, fan_out
from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

_KEPT = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)  # shares of the qubits, best first, within which a GHZ state grows
_PRICE = itemgetter(0)


@dataclass(frozen=True)
class Layout:
    """The qubits of a probe.

    Attributes:
        qubits: qubits[j] holds spin j; spin 0 of a GHZ probe is the root of its fan-out.
        layers: the fan-out of a GHZ probe, (control, target) by spins; empty for other probes.
    """

    qubits: tuple[int, ...]
    layers: Layers = ()


def choose(device: Device, probe: Probe, qubits: Sequence[int] | None = None, *, on_its_best: bool = False) -> Layout:
    """Returns the layout of a probe on a device.

    Args:
        device: its calibration.
        probe: the probe to place.
        qubits: the qubits to use; by default those with the largest predicted gain of a GHZ probe of this size,
            whatever the probe. For a GHZ probe the order of the spins follows the fan-out, for others it is the given
            order, and by default that of the GHZ probe. Where no GHZ probe of this size fits, product probes are on
            their own best qubits.
        on_its_best: whether the qubits are those with the largest predicted gain of this probe instead.

    Raises:
        ArgumentError: the device has too few qubits, a named qubit does not exist, or a GHZ probe's qubits are not
            connected.

    >>> line = Device.uniform(5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    >>> choose(line, Probe.ghz(4), [4, 3, 2, 1]).qubits
    (2, 3, 1, 4)
    >>> choose(line, Probe.ghz(3)).qubits == choose(line, Probe.product(3)).qubits
    True
    """
    size = probe.num_qubits
    if size > device.num_qubits:
        raise ArgumentError(
            f'The backend "{device.name}" has {device.num_qubits} qubits, but "{probe.name}" needs {size}; '
            "use fewer spins or a larger backend."
        )
    if qubits is not None:
        named = tuple(qubits)
        device.check_qubits(named)
        if len(named) != size:
            raise ArgumentError(f'"{probe.name}" has {size} spins, but {len(named)} qubits are named; name {size}.')
        return _grown(device, named) if probe.kind == "ghz" else Layout(named)
    region = None if on_its_best and probe.kind == "product" else _best_region(device, size)
    if region is None and probe.kind == "product":
        merit = product_merits(device)
        merit[list(device.unread)] = -1.0
        if size > device.num_qubits - len(device.unread):
            raise ArgumentError(
                f'The backend "{device.name}" measures {device.num_qubits - len(device.unread)} of its '
                f'{device.num_qubits} qubits, but "{probe.name}" needs {size}; use fewer spins.'
            )
        return Layout(tuple(sorted(np.argsort(-merit, kind="stable")[:size].tolist())))
    if region is None:
        that_work = "" if device.working() == device.neighbours() else " that are not marked broken"
        that_work += " and measured" if device.unread else ""
        raise ArgumentError(
            f'The backend "{device.name}" has no {size} qubits that are connected by two-qubit gates{that_work}; use '
            "fewer spins."
        )
    shared = _grown(device, region)
    if probe.kind == "ghz":
        return shared
    return Layout(region if on_its_best else shared.qubits)


def ghz_merit(device: Device, qubits: Sequence[int], edges: Sequence[tuple[int, int]]) -> float:
    """Returns the logarithm of the integrated gain that the calibration predicts of a GHZ probe, up to a constant.

    Args:
        device: its calibration.
        qubits: of the probe.
        edges: the couplings of its CNOTs, in any order.
    """
    return _ghz_merit(*_costs(device, 1), qubits, edges)


def product_merits(device: Device) -> FloatArray:
    """Returns each qubit's part of a product probe's integrated gain, T2 (1 − 2·readout error)², shape (qubits,)."""
    costs, _ = _costs(device, 1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(-costs.readout) / costs.decay)


@dataclass(frozen=True)
class _QubitCosts:
    readout: FloatArray  # −2 ln(1 − 2 e)
    decay: FloatArray  # 1/T2, in units of the device's median
    whole: FloatArray  # by how much the qubit reduces the merit of a GHZ probe of the given size


def _costs(device: Device, size: int) -> tuple[_QubitCosts, dict[tuple[int, int], float]]:
    """Returns the costs of qubits and couplings; an unreported number is replaced by the worst reported one."""
    readout = -2 * np.log(np.maximum(1 - 2 * _worst_for_unknown(device.readout_error, 0.0), 1e-9))
    with np.errstate(divide="ignore"):
        rates = 1 / np.minimum(device.t2, 2 * np.where(np.isnan(device.t1), np.inf, device.t1))
    rates = _worst_for_unknown(np.minimum(rates, np.finfo(float).max), 1.0)
    decay = rates / (np.median(rates) or rates.max() or 1.0)  # some or all may never decay
    errors = _worst_for_unknown(np.array(list(device.edges.values()), dtype=np.float64), 0.0)
    links = dict(zip(device.edges, (-2 * np.log(np.maximum(1 - errors, 1e-9))).tolist(), strict=True))
    return _QubitCosts(readout, decay, readout + decay / size), links


def _ghz_merit(
    costs: _QubitCosts, links: dict[tuple[int, int], float], qubits: Sequence[int], edges: Sequence[tuple[int, int]]
) -> float:
    lost = sum(links[min(edge), max(edge)] for edge in edges)
    decay = float(costs.decay[list(qubits)].sum())
    return float(-lost - costs.readout[list(qubits)].sum() - (math.log(decay) if decay else -math.inf))


def _worst_for_unknown(values: FloatArray, if_all_unknown: float) -> FloatArray:
    known = values[~np.isnan(values)]
    return np.where(np.isnan(values), known.max() if len(known) else if_all_unknown, values)


def _best_region(device: Device, size: int) -> tuple[int, ...] | None:
    """Returns the connected qubits of largest merit for a GHZ probe; None if no so many are connected.

    Gates and qubits that are marked broken are not used. Regions are grown from every root, within ever fewer qubits.
    """
    costs, links = _costs(device, size)
    neighbours = device.working()
    order = np.argsort(costs.whole, kind="stable")
    whole, readout, decay = costs.whole.tolist(), costs.readout.tolist(), costs.decay.tolist()
    steps = [
        [
            _Step(lost + whole[new], lost + readout[new], decay[new], q, new)
            for new in neighbours[q]
            for lost in [links[min(q, new), max(q, new)]]
        ]
        for q in range(device.num_qubits)
    ]
    best: tuple[float, tuple[int, ...]] | None = None
    for share in _KEPT:
        kept = set(order[: max(size, int(np.ceil(share * device.num_qubits)))].tolist())
        for root in sorted(kept):
            least = -math.inf if best is None else best[0] - 1e-6  # for what rounding may do to partial sums
            edges = _grow(root, size, kept, steps, (readout[root], decay[root]), least)
            if edges is not None:
                qubits = (root, *(target for _, target in edges))
                merit = _ghz_merit(costs, links, qubits, edges)
                if best is None or merit > best[0] + 1e-12:
                    best = merit, qubits
    return None if best is None else best[1]


class _Step(NamedTuple):
    """What a gate to a new qubit and that qubit cost."""

    price: float  # by which the cheapest is chosen
    lost: float  # of the merit, by gate and readout
    decay: float  # 1/T2
    control: int
    target: int


def _grow(
    root: int, size: int, kept: set[int], steps: list[list[_Step]], start: tuple[float, float], least: float
) -> list[tuple[int, int]] | None:
    """Returns the edges of a region grown from a root; None if too few qubits are connected, or it cannot be the best.

    Every layer adds as many new qubits as the couplings allow, the cheapest first, by the steps from each qubit. Each
    makes the merit smaller, so that a region whose merit is below `least` before it is whole is given up; `start` is
    what its root costs by readout and decay.
    """
    reached, free, edges = {root}, kept - {root}, list[tuple[int, int]]()
    lost, decay = start
    while len(reached) < size:
        candidates = [step for qubit in reached for step in steps[qubit] if step[4] in free]
        candidates.sort(key=_PRICE)
        busy, left = set[int](), size - len(reached)
        for step in candidates:
            _, own_loss, own_decay, control, target = step
            if left and control not in busy and target not in busy:
                edges.append((control, target))
                busy.add(control)
                busy.add(target)
                left -= 1
                lost += own_loss
                decay += own_decay
        if not busy or (decay and -lost - math.log(decay) < least):
            return None
        reached |= busy
        free -= busy
    return edges


def _grown(device: Device, qubits: tuple[int, ...]) -> Layout:
    """Returns the fan-out over these qubits, with spins numbered in the order in which it reaches them."""
    layers = fan_out(device.neighbours(), qubits)
    order = [layers[0][0][0] if layers else qubits[0], *(target for layer in layers for _, target in layer)]
    spin = {qubit: number for number, qubit in enumerate(order)}
    return Layout(tuple(order), tuple(tuple((spin[c], spin[t]) for c, t in layer) for layer in layers))
