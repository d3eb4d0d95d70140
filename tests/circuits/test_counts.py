"""Counts go into a file and come out as they were, for any number of spins."""

import numpy as np
import pytest

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, RecordError


@pytest.mark.parametrize("num_bits", [1, 7, 8, 9, 100])
def test_counts_survive_a_file(tmp_path, num_bits):
    rng = np.random.default_rng(num_bits)
    histograms = [
        {
            int(rng.integers(0, 2 ** min(num_bits, 62))) << max(0, num_bits - 62): int(rng.integers(1, 9))
            for _ in range(5)
        }
        for _ in range(4)
    ]
    counts = Counts.from_histograms(num_bits, histograms)
    path = tmp_path / "c.npz"
    path.write_bytes(counts.to_bytes())
    again = Counts.load(path)
    for name in ("offsets", "outcomes", "numbers"):
        assert np.array_equal(getattr(again, name), getattr(counts, name))
    assert again.shots == sum(sum(h.values()) for h in histograms)


def test_the_table_has_bit_j_of_the_outcome_for_spin_j():
    assert Counts.from_histograms(3, [{0b100: 5}]).table()[0].tolist() == [0, 0, 0, 0, 5, 0, 0, 0]


def test_joined_counts_are_the_rows_in_order():
    one, two = Counts.from_histograms(1, [{0: 1}, {1: 2}]), Counts.from_histograms(1, [{0: 3, 1: 4}])
    assert Counts.joined([one, two]).table().tolist() == [[1, 0], [0, 2], [3, 4]]


def test_a_table_of_too_many_spins_is_refused():
    with pytest.raises(ArgumentError, match=r"2\^40"):
        Counts.from_histograms(40, [{0: 1}]).table()


def test_arrays_that_do_not_fit_together_are_refused(tmp_path):
    path = tmp_path / "c.npz"
    good = Counts.from_histograms(3, [{0: 1, 7: 2}])
    bad = [
        Counts(3, np.array([0, 5]), good.outcomes, good.numbers),
        Counts(9, good.offsets, good.outcomes, good.numbers),
        Counts(2, good.offsets, good.outcomes, good.numbers),
        Counts(3, np.array([0, 2, 1, 2]), good.outcomes, good.numbers),
    ]
    for counts in bad:
        path.write_bytes(counts.to_bytes())
        with pytest.raises(RecordError, match="do not fit together"):
            Counts.load(path)


def test_counts_of_a_newer_schema_are_refused(tmp_path):
    path = tmp_path / "c.npz"
    np.savez(path, schema=np.int64(9))
    with pytest.raises(RecordError, match="newer qsense"):
        Counts.load(path)


@pytest.mark.parametrize("num_bits", [1, 7, 8, 9, 63, 64, 65, 100])
def test_counts_of_shots_are_those_of_their_histogram(num_bits):
    rng = np.random.default_rng(num_bits)
    few = rng.integers(0, 2, (6, num_bits), dtype=np.uint8)  # so that outcomes repeat
    bits = few[rng.integers(0, 6, (3, 50))]
    counts = Counts.from_shots(num_bits, np.packbits(bits, axis=2, bitorder="little"))
    histograms = []
    for row in bits:
        values = [sum(int(bit) << spin for spin, bit in enumerate(shot)) for shot in row]
        histograms.append({value: values.count(value) for value in values})
    wanted = Counts.from_histograms(num_bits, histograms)
    for name in ("offsets", "outcomes", "numbers"):
        assert np.array_equal(getattr(counts, name), getattr(wanted, name)), name


def test_counts_of_a_table_are_those_of_their_histogram():
    rng = np.random.default_rng(1)
    table = rng.integers(0, 3, (5, 2**10)) * np.array([[1], [0], [1], [1], [0]])  # some rows are empty
    counts = Counts.from_table(10, table)
    wanted = Counts.from_histograms(10, [{k: int(n) for k, n in enumerate(row) if n} for row in table])
    for name in ("offsets", "outcomes", "numbers"):
        assert np.array_equal(getattr(counts, name), getattr(wanted, name)), name
    assert np.array_equal(counts.table(), table)
