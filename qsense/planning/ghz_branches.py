"""A GHZ state through its preparation, window and readout: the coherence of its branches and its populations.

All noise here is depolarisation and relaxation, so two numbers carry G, as in `theory.block`. The coherence is
multiplied at every step: any spin that is replaced by the mixed state loses it, and relaxation multiplies it by
e^{−t/T2}. The populations are those of classical bits that a fan-out copies, errors make random and relaxation lowers:
a tree, whose sums are done from its leaves, exactly, in a time that grows as N. (A single-qubit error of a target
before its gate halves the coherence and makes its bit random; relaxation there is left out: the spin is not entangled.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.steps import Around
from qsense.signals import FREE, Pulses

Flags = Sequence[bool]


@dataclass
class Node:
    """One spin of the tree: what happens to it, in order, from the gate that joined it on.

    Attributes:
        spin: its number.
        events: waits and turns (λ, time, None), or forks (λ, time, child).
        before: λ of its own gates before it was joined.
    """

    spin: int
    events: list[tuple[float, float, Node | None]] = field(default_factory=list)
    before: float = 0.0


@dataclass(frozen=True, eq=False)
class Relaxation:
    """T1 and T2 of each spin in s, shape (draws, 1, spins), the chances to read a spin wrong, shape (spins,), and what
    turns the spins over in their window."""

    t1: FloatArray
    t2: FloatArray
    up_given_down: FloatArray
    down_given_up: FloatArray
    pulses: Pulses = FREE


def tree(around: Around) -> Node:
    """Returns the tree of a fan-out, whose root is spin 0, from the steps of its circuit.

    >>> from qsense.planning.steps import Step
    >>> root = tree(Around((Step((0,), 0.1, 0.0), Step((0, 1), 0.2, 0.0)), np.zeros(2)))
    >>> [(lost, child and child.spin) for lost, _, child in root.events]
    [(0.1, None), (0.2, 1)]
    """
    root = Node(0)
    nodes, waiting = {0: root}, dict[int, float]()
    for step in around.before:
        if len(step.spins) == 1:
            spin = step.spins[0]
            if spin in nodes:
                nodes[spin].events.append((step.lost, step.time, None))
            else:
                waiting[spin] = 1 - (1 - waiting.get(spin, 0.0)) * (1 - step.lost)
            continue
        inside = [spin for spin in step.spins if spin in nodes]
        if len(inside) == 2:  # a second native gate of the same fan-out gate
            for spin in step.spins:
                nodes[spin].events.append((1 - np.sqrt(1 - step.lost), step.time, None))
            continue
        control, target = (inside[0], next(s for s in step.spins if s != inside[0])) if inside else step.spins
        child = Node(target, before=waiting.pop(target, 0.0))
        nodes[target] = child
        nodes[control].events.append((step.lost, step.time, child))
    return root


def coherence_of_preparation(node: Node, relaxation: Relaxation, is_undone: bool = False) -> FloatArray:
    """Returns by what the preparation multiplies the coherence of the branches, shape (draws, 1).

    Args:
        node: the root.
        relaxation: of the spins; it acts behind each gate.
        is_undone: whether it is the preparation undone, whose gates release their targets before these relax.
    """
    kept = np.ones(relaxation.t2.shape[:2])
    for lost, time, child in node.events:
        kept = kept * (1 - lost) * np.exp(-time / relaxation.t2[..., node.spin])
        if child is not None:
            if not is_undone:
                kept = kept * np.exp(-time / relaxation.t2[..., child.spin]) * (1 - child.before / 2)
            kept = kept * coherence_of_preparation(child, relaxation, is_undone)
    return kept


def alike(node: Node, window: FloatArray, flipped: Flags, relaxation: Relaxation, after: FloatArray) -> FloatArray:
    """Returns the probability to read all spins in one branch or all in the other, shape (draws, times).

    Args:
        node: the root.
        window: times in s, shape (times,).
        flipped: whether each spin is turned over behind the fan-out.
        relaxation: of the spins.
        after: λ of the last turns, shape (spins,).
    """

    def likelihood(one: Node, value: int) -> FloatArray:
        """Of all readings in the branch of `value`, given the bit of the spin when it was joined; bits first."""
        spin = one.spin
        down, up = (_read(value, bit, spin, flipped[spin], relaxation) for bit in (0, 1))
        found = down + (up - down) * _windowed(window, spin, flipped[spin], relaxation, after)
        for lost, time, child in reversed(one.events):
            if child is None:
                found = _before(_ups(lost, time, spin, relaxation), found)
                continue
            below = _before(_ups(0.0, time, child.spin, relaxation), likelihood(child, value))
            above = _before(_ups(0.0, time, spin, relaxation), found)
            found = (1 - lost) * _mixed(child.before, below) * above
            found = found + lost / 4 * below.sum(0) * above.sum(0)
        return np.asarray(found)

    return np.asarray(sum(likelihood(node, value).mean(0) for value in (0, 1)))


def unflagged(node: Node, window: FloatArray, flipped: Flags, relaxation: Relaxation, after: FloatArray) -> FloatArray:
    """Returns the probability that every spin but 0 is read down after the fan-out is undone, shape (draws, times).

    Arguments as of `alike`. The gates of the undoing are taken to be those of the fan-out, in reverse.
    """

    def kernel(one: Node) -> FloatArray:
        """Bits when a spin is joined × when it is released, with all that hang on it released and read down."""
        ups = _windowed(window, one.spin, flipped[one.spin], relaxation)
        found = np.stack([1 - ups, ups], axis=1)
        for lost, time, child in reversed(one.events):
            if child is None:
                noise = _ups(lost, time, one.spin, relaxation)
                found = _behind(_before(noise, found), noise)
                continue
            found = _bracket(found, kernel(child), child, lost, (one.spin, time), relaxation, after)
        return found

    return np.asarray(kernel(node).sum((0, 1)) / 2)


def _bracket(
    inner: FloatArray,
    below: FloatArray,
    child: Node,
    lost: float,
    gate: tuple[int, float],
    relaxation: Relaxation,
    after: FloatArray,
) -> FloatArray:
    """A fork, what both spins do until they are joined again, and the flag of the child; the first bits are before."""
    spin, time = gate
    own, other = (_ups(0.0, time, s, relaxation) for s in (spin, child.spin))
    inner, below = _before(own, inner), _before(other, below)
    down, up = (_flag(bit, child.spin, child.before, relaxation, after) for bit in (0, 1))
    stays = other[1]  # relaxation comes after the gate: it may take a flag back, and no coherence
    read = down, stays * up + (1 - stays) * down

    def flagged(ends: FloatArray) -> FloatArray:
        """By the control's bit at the end, which leaves the child down where both are the same; ends of the child."""
        return np.asarray(read[0] * ends + read[1] * ends[::-1])

    unread = _mixed(child.before, below)  # by the bit that the control had
    at_random = flagged(below.sum(0)) * inner.sum(0)  # a gate that loses both spins, by the control's end
    released = np.stack([inner[bit] * flagged(unread[bit]) for bit in (0, 1)])
    released = (1 - lost) * released + lost / 4 * at_random
    if lost:  # the second gate may lose both as well
        both = (1 - lost) * inner.sum(1) * unread.sum(1) + lost / 4 * below.sum((0, 1)) * inner.sum((0, 1))
        released = (1 - lost) * released + (lost / 4 * (read[0] + read[1]) * both)[:, None]
    return _behind(released, own)


def _flag(bit: int, spin: int, before: float, relaxation: Relaxation, after: FloatArray) -> float:
    """The chance to read a released spin down."""
    lost = 1 - (1 - before) * (1 - after[spin])
    down = (1 - lost) * (bit == 0) + lost / 2
    return float(down * (1 - relaxation.up_given_down[spin]) + (1 - down) * relaxation.down_given_up[spin])


def _read(value: int, bit: int, spin: int, is_flipped: bool, relaxation: Relaxation) -> float:
    """The chance that a spin's bit is read as that of a branch; both are turned over where the spin is."""
    real, wanted = (bit, value) if not is_flipped else (1 - bit, 1 - value)
    wrong = float((relaxation.down_given_up if real else relaxation.up_given_down)[spin])
    return 1 - wrong if real == wanted else wrong


def _mixed(lost: float, found: FloatArray) -> FloatArray:
    """What is found by a bit, first axis, that is replaced by a random one with the probability `lost`."""
    return found if lost == 0 else np.asarray((1 - lost) * found + lost / 2 * found.sum(0))


def _ups(lost: float, time: float, spin: int, relaxation: Relaxation) -> FloatArray:
    """The chances of depolarisation and relaxation to leave a spin up that was down, or up; shape (2, draws, 1)."""
    stays = np.exp(-time / relaxation.t1[..., spin])
    return np.stack([lost / 2 * stays, (1 - lost / 2) * stays])


def _windowed(
    window: FloatArray, spin: int, is_flipped: bool, relaxation: Relaxation, after: FloatArray | None = None
) -> FloatArray:
    """The same of the window, pulses and last turns included, shape (2, draws, times)."""
    edges = relaxation.pulses.edges()
    ups = np.array([0.0, 1.0])[:, None, None]
    for piece, share in enumerate(np.diff(edges)):
        ups = ups * np.exp(-share * window / relaxation.t1[..., spin])
        if piece + 2 < len(edges) or relaxation.pulses.num_flips % 2:  # the last one closes an odd number
            ups = 1 - ups
    if is_flipped:
        ups = 1 - ups[::-1]
    if after is not None:
        ups = (1 - after[spin]) * ups + after[spin] / 2
    return np.asarray(ups)


def _before(ups: FloatArray, found: FloatArray) -> FloatArray:
    """What is found by a bit, first axis, by that which becomes it."""
    ups = ups.reshape(*ups.shape[:1], *(1,) * (found.ndim - ups.ndim), *ups.shape[1:])
    return np.asarray(found[0] + ups * (found[1] - found[0]))


def _behind(found: FloatArray, ups: FloatArray) -> FloatArray:
    """Bits before × after, of bits before × between and of what becomes of these."""
    raised = found[:, 0] * ups[0] + found[:, 1] * ups[1]
    return np.stack([found[:, 0] + found[:, 1] - raised, raised], axis=1)
