"""The fan-out of a GHZ state along a device's couplings, in few layers of CNOTs.

Within a layer every qubit takes part in at most one CNOT, so the number of qubits reached can at most double. Two
strategies are tried from every root, and the shallower result is taken: growing (in every layer each reached qubit is
the control of one CNOT to a new neighbour), and the breadth-first tree, where each qubit serves the child with the
deepest subtree first, which gives the least depth of this tree.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qsense.devices.device import Edge
from qsense.errors import ArgumentError

Layers = tuple[tuple[Edge, ...], ...]


def fan_out(neighbours: Sequence[Collection[int]], qubits: Collection[int]) -> Layers:
    """Returns the layers of (control, target) that spread one qubit's state over all the others.

    The control of the first CNOT is the root.

    Args:
        neighbours: for each qubit of the device, the qubits with which it has a two-qubit gate.
        qubits: the qubits to reach, and no others.

    Raises:
        ArgumentError: the qubits are not connected; the message names the connected parts.

    >>> fan_out([{1}, {0, 2}, {1, 3}, {2}], [0, 1, 2, 3])
    (((1, 2),), ((1, 0), (2, 3)))
    """
    inside = sorted(qubits)
    graph = {qubit: sorted(set(neighbours[qubit]) & set(inside)) for qubit in inside}
    parts = _parts(graph)
    if len(parts) > 1:
        shown = " | ".join(", ".join(map(str, part)) for part in parts)
        raise ArgumentError(
            f"The qubits of a GHZ probe must be connected by two-qubit gates, but fall into the parts {shown}; name "
            "neighbours, or leave `qubits` out."
        )
    best: Layers | None = None
    for root in inside:
        for layers in (_grown(graph, root), _tree(graph, root)):
            if best is None or len(layers) < len(best):
                best = layers
    return best or ()


def _parts(graph: dict[int, list[int]]) -> list[list[int]]:
    parts, seen = [], set[int]()
    for start in graph:
        if start not in seen:
            part = list(_distances(graph, start))
            seen.update(part)
            parts.append(sorted(part))
    return parts


def _distances(graph: dict[int, list[int]], start: int) -> dict[int, int]:
    """Returns the distance of each qubit from the start, breadth first, in the order of reaching them."""
    distance = {start: 0}
    queue = [start]
    for qubit in queue:
        for other in graph[qubit]:
            if other not in distance:
                distance[other] = distance[qubit] + 1
                queue.append(other)
    return distance


def _grown(graph: dict[int, list[int]], root: int) -> Layers:
    """Returns the layers in which each reached qubit serves the new neighbour that has most new neighbours."""
    reached, layers = [root], []
    while len(reached) < len(graph):
        left = set(graph) - set(reached)
        layer, taken = [], set[int]()
        # Qubits with the least choice go first.
        for qubit in sorted(reached, key=lambda q: len(left & set(graph[q]))):
            choice = [other for other in graph[qubit] if other in left and other not in taken]
            if choice:
                target = max(choice, key=lambda q: (len(left & set(graph[q])), -q))
                layer.append((qubit, target))
                taken.add(target)
        layers.append(tuple(layer))
        reached += [target for _, target in layer]
    return tuple(layers)


def _tree(graph: dict[int, list[int]], root: int) -> Layers:
    """Returns the layers of the breadth-first tree, in which each qubit serves its deepest child first."""
    distance = _distances(graph, root)
    children: dict[int, list[int]] = {qubit: [] for qubit in graph}
    parents: dict[int, int] = {}
    for qubit in distance:
        near = [other for other in graph[qubit] if distance[other] == distance[qubit] - 1]
        if near:
            parents[qubit] = min(near, key=lambda q: (len(children[q]), q))
            children[parents[qubit]].append(qubit)
    needs: dict[int, int] = {}
    for qubit in reversed(list(distance)):
        children[qubit].sort(key=lambda child: -needs[child])
        needs[qubit] = max((place + 1 + needs[child] for place, child in enumerate(children[qubit])), default=0)
    layers: list[list[Edge]] = [[] for _ in range(needs[root])]
    informed = {root: 0}
    for qubit in distance:
        for place, child in enumerate(children[qubit]):
            layers[informed[qubit] + place].append((qubit, child))
            informed[child] = informed[qubit] + place + 1
    return tuple(tuple(layer) for layer in layers)
