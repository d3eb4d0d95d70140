"""Which qubits hold the spins, and in how few layers a GHZ state grows over them."""

from itertools import combinations

import numpy as np
import pytest

from qsense.devices.device import Device
from qsense.devices.fan_out import _tree, fan_out
from qsense.devices.layout import choose, ghz_merit
from qsense.errors import ArgumentError
from qsense.probes import Probe


def random_tree(rng, size):
    edges = [(int(rng.integers(node)), node) for node in range(1, size)]
    return [{b if a == n else a for a, b in edges if n in (a, b)} for n in range(size)]


def random_graph(rng, size):
    neighbours = random_tree(rng, size)
    for _ in range(size // 2):
        a, b = rng.choice(size, 2, replace=False).tolist()
        neighbours[a].add(b)
        neighbours[b].add(a)
    return neighbours


def least_depth(neighbours, roots=None):
    """By brute force: the sets that can be reached in one more layer, from every root."""
    size = len(neighbours)
    frontier, depth = {frozenset([root]) for root in (range(size) if roots is None else roots)}, 0
    while not any(len(reached) == size for reached in frontier):
        grown = set()
        for reached in frontier:
            pairs = [(c, t) for c in reached for t in neighbours[c] - reached]
            found = {reached}
            for c, t in pairs:  # every matching, by adding pair after pair
                found |= {(r, u | {c}, x | {t}) for r, u, x in _as_matchings(found) if c not in u and t not in x}
            grown |= {r | x for r, u, x in _as_matchings(found)}
        frontier = grown
        depth += 1
    return depth


def _as_matchings(found):
    return [entry if isinstance(entry, tuple) else (entry, frozenset(), frozenset()) for entry in found]


@pytest.mark.parametrize("seed", range(10))
def test_a_fan_out_reaches_every_qubit_once_along_couplings_one_gate_a_qubit_a_layer(seed):
    rng = np.random.default_rng(seed)
    neighbours = random_graph(rng, int(rng.integers(2, 30)))
    reached = None
    for layer in fan_out(neighbours, range(len(neighbours))):
        reached = {layer[0][0]} if reached is None else reached
        used = [qubit for pair in layer for qubit in pair]
        assert len(used) == len(set(used))
        assert all(control in reached and target in neighbours[control] - reached for control, target in layer)
        reached |= {target for _, target in layer}
    assert reached == set(range(len(neighbours)))


@pytest.mark.parametrize("seed", range(12))
def test_on_a_tree_the_fan_out_has_the_least_depth_there_is(seed):
    neighbours = random_tree(np.random.default_rng(seed), 7)
    assert len(fan_out(neighbours, range(7))) == least_depth(neighbours)


@pytest.mark.parametrize("seed", range(6))
def test_the_tree_serves_its_slowest_branches_first(seed):
    """The breadth-first tree alone, from every root of a tree: no depth is less."""
    neighbours = random_tree(np.random.default_rng(100 + seed), 7)
    graph = {qubit: sorted(found) for qubit, found in enumerate(neighbours)}
    for root in range(7):
        assert len(_tree(graph, root)) == least_depth(neighbours, [root])


@pytest.mark.parametrize("size", [2, 5, 8, 16, 31])
def test_where_all_qubits_are_coupled_the_depth_is_the_logarithm(size):
    neighbours = [set(range(size)) - {q} for q in range(size)]
    assert len(fan_out(neighbours, range(size))) == int(np.ceil(np.log2(size)))


def test_qubits_that_fall_apart_are_refused_with_their_parts():
    with pytest.raises(ArgumentError, match=r"fall into the parts 0, 1 \| 3, 4"):
        choose(Device.uniform(5, [(0, 1), (1, 2), (2, 3), (3, 4)]), Probe.ghz(4), [0, 1, 3, 4])


def test_more_spins_than_qubits_are_refused():
    with pytest.raises(ArgumentError, match='has 2 qubits, but "ghz" needs 3'):
        choose(Device.uniform(2, [(0, 1)]), Probe.ghz(3))


def test_too_small_a_connected_part_is_refused():
    with pytest.raises(ArgumentError, match="no 3 qubits that are connected"):
        choose(Device.uniform(4, [(0, 1), (2, 3)]), Probe.ghz(3))


@pytest.mark.parametrize(("qubits", "message"), [([0, 0], "named twice"), ([0, 9], "but not 9"), ([0], "name 2")])
def test_wrong_names_of_qubits_are_refused(qubits, message):
    with pytest.raises(ArgumentError, match=message):
        choose(Device.uniform(3, [(0, 1), (1, 2)]), Probe.product(2), qubits)


def uneven(rng, size=8):
    even = Device.uniform(size, [(q, q + 1) for q in range(size - 1)])
    errors = {edge: float(e) for edge, e in zip(even.edges, rng.uniform(1e-3, 0.1, size - 1), strict=True)}
    return Device(
        "uneven", rng.uniform(50e-6, 200e-6, size), rng.uniform(20e-6, 90e-6, size), rng.uniform(0, 0.1, size),
        rng.uniform(0, 0.1, size), even.gate_error, errors, even.pulse_time,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_on_a_line_the_ghz_probe_gets_the_stretch_of_most_predicted_gain(seed):
    device = uneven(np.random.default_rng(seed))
    stretches = [list(range(start, start + 3)) for start in range(6)]
    merits = [ghz_merit(device, s, [(s[0], s[1]), (s[1], s[2])]) for s in stretches]
    assert sorted(choose(device, Probe.ghz(3)).qubits) == stretches[int(np.argmax(merits))]


def test_the_merit_orders_stretches_as_their_integrated_gain_without_errors():
    device = uneven(np.random.default_rng(3))
    perfect = Device(
        "perfect", device.t1, device.t2, 0 * device.t1, 0 * device.t1, device.gate_error,
        dict.fromkeys(device.edges, 0.0), device.pulse_time,
    )  # fmt: skip
    # 𝓘 of dephased GHZ probes is N²/(2 Σ 1/T2).
    stretches = [list(range(start, start + 3)) for start in range(6)]
    merits = [ghz_merit(perfect, s, [(s[0], s[1]), (s[1], s[2])]) for s in stretches]
    images = [9 / (2 * (1 / device.t2[s]).sum()) for s in stretches]
    assert np.allclose(np.exp(merits) / images, np.exp(merits[0]) / images[0])


def test_a_product_probe_gets_the_qubits_of_most_summed_gain_wherever_they_are():
    device = uneven(np.random.default_rng(1))
    gain = device.t2 * (1 - 2 * device.readout_error) ** 2
    best = max(combinations(range(8), 3), key=lambda qubits: gain[list(qubits)].sum())
    assert choose(device, Probe.product(3), on_its_best=True).qubits == best


@pytest.mark.parametrize("seed", range(4))
def test_all_probes_of_a_size_are_where_a_ghz_probe_is_best_spin_by_spin(seed):
    device = uneven(np.random.default_rng(seed))
    qubits = choose(device, Probe.ghz(3)).qubits
    assert choose(device, Probe.product(3)).qubits == choose(device, Probe.named("w", 3)).qubits == qubits
    assert choose(device, Probe.ghz(3), on_its_best=True).qubits == qubits
    assert choose(device, Probe.ghz(4)).qubits == choose(device, Probe.product(4)).qubits


def test_where_no_ghz_probe_fits_a_product_probe_is_on_its_own_best_qubits():
    apart = Device.uniform(4, [(0, 1), (2, 3)])
    apart.t2[1] = 1e-6
    assert choose(apart, Probe.product(3)).qubits == (0, 2, 3)


def test_a_qubit_without_t2_comes_last():
    device = Device.uniform(4, [(0, 1), (1, 2), (2, 3)])
    device.t2[0] = device.t1[0] = np.nan
    device.t2[1] = 60e-6
    device.t2[2] = 70e-6
    assert choose(device, Probe.product(2), on_its_best=True).qubits == (2, 3)


def test_the_root_of_the_fan_out_is_spin_0():
    layout = choose(Device.uniform(5, [(0, 1), (1, 2), (2, 3), (3, 4)]), Probe.ghz(5))
    assert layout.layers[0][0][0] == 0
    assert sorted(layout.qubits) == [0, 1, 2, 3, 4]
