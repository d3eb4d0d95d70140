"""Counts go into a file and come out as they were, for any number of spins."""

import json
import re

import numpy as np
import pytest

from qsense.circuits.counts import Counts
from qsense.circuits.histograms import checked, from_words
from qsense.errors import ArgumentError, RecordError
from qsense.estimators import ghz, product, shifts
from qsense.estimators.tomography import general, symmetric


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


IMPOSSIBLE = {
    "negative": (-1, "the outcome 1 has the count -1"),
    "fractional": (0.5, "the outcome 1 has the count 0.5"),
    "nan": (float("nan"), "the outcome 1 has the count nan"),
    "true": (True, "the outcome 1 has the count True"),
    "text": ("3", "the outcome 1 has the count '3'"),
    "huge": (2**64, "the counts add up to"),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_a_count_that_cannot_be_is_refused_with_its_row(kind):
    number, words = IMPOSSIBLE[kind]
    with pytest.raises(ArgumentError, match=f"`histograms`, row 1: {re.escape(words)}"):
        Counts.from_histograms(2, [{0: 3}, {0: 3, 1: number}])
    with pytest.raises(ArgumentError, match=re.escape(words)):
        checked(2, from_words(2, {"01": number}))


@pytest.mark.parametrize("outcome", [4, -1, 0.0, True, "01", 2**70])
def test_an_outcome_that_cannot_be_is_refused(outcome):
    with pytest.raises(ArgumentError, match="none of 2 spins: a whole number below 2\\^2"):
        Counts.from_histograms(2, [{outcome: 3}])


@pytest.mark.parametrize("word", ["0", "011", "0x1", "-1", "2 1", "", "0b1", "１0", "0_1", 1])
def test_a_word_that_is_no_outcome_is_refused(word):
    with pytest.raises(ArgumentError, match="must be 2 characters 0 or 1"):
        from_words(2, {word: 3})


def test_an_outcome_that_occurs_twice_is_refused():
    with pytest.raises(ArgumentError, match='"0 1" occurs twice'):
        from_words(2, {"01": 1, "0 1": 2})
    with pytest.raises(ArgumentError, match='"01" occurs twice'):
        from_words(2, json.loads('{"01": 1, "01": 2}', object_pairs_hook=list))


@pytest.mark.parametrize(
    "table", [[[1, -1]], [[0.5, 1.0]], [[True, False]], [[1, 2, 3, 4]], [1, 2], [["1", "2"]], [[2**63, 0]]]
)
def test_a_table_that_cannot_be_is_refused(table):
    with pytest.raises(ArgumentError, match="`table`"):
        Counts.from_table(1, np.array(table))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("numbers", np.array([1, -2]), "`numbers` has -2"),
        ("numbers", np.array([1, 0]), "`numbers` has 0"),
        ("numbers", np.array([1.5, 2.5]), "`numbers` must be whole numbers"),
        ("numbers", np.array([True, True]), "`numbers` must be whole numbers"),
        ("numbers", np.array([1, np.nan]), "`numbers` must be whole numbers"),
        ("numbers", np.array([2**63, 1], dtype=np.uint64), "`numbers` must be whole numbers below"),
        ("numbers", np.array([2**62, 2**62]), "`numbers` add up to more than"),
        ("outcomes", np.array([[7], [7]], dtype=np.uint8), "`outcomes` has an outcome twice"),
        ("num_bits", np.float64(3.2), "`num_bits` must be whole numbers"),
        ("offsets", np.array([0.0, 2.0]), "`offsets` must be whole numbers"),
    ],
)
def test_a_file_of_counts_that_cannot_be_is_refused(tmp_path, name, value, words):
    good = {
        "schema": np.int64(1),
        "num_bits": np.int64(3),
        "offsets": np.array([0, 2]),
        "outcomes": np.array([[0], [7]], dtype=np.uint8),
        "numbers": np.array([1, 2]),
    }
    path = tmp_path / "c.npz"
    np.savez(path, **good)
    assert Counts.load(path).numbers.tolist() == [1, 2]
    np.savez(path, **{**good, name: value})
    with pytest.raises(RecordError, match=f"c.npz: {re.escape(words)}"):
        Counts.load(path)


def test_an_outcome_may_occur_in_several_rows_and_counts_may_be_large(tmp_path):
    counts = Counts.from_histograms(2, [{3: 2**33, 0: 1}, {3: 1}, {}])
    path = tmp_path / "c.npz"
    path.write_bytes(counts.to_bytes())
    assert Counts.load(path).row_shots().tolist() == [2**33 + 1, 1, 0]


@pytest.mark.parametrize("table", [[[5, -5], [5, 5], [5, 5]], [[0.5, 0.5]] * 3, [[np.nan, 1]] * 3])
def test_estimators_refuse_tables_that_cannot_be(table):
    wrong = np.array(table)
    pairs = np.stack([wrong, wrong, wrong], axis=1)
    refusing = [
        lambda: ghz.gains(wrong[:2], 1, "parity", (0.0,)),
        lambda: product.gains(pairs),
        lambda: shifts.estimate(wrong, "local_x"),
        lambda: general.estimate(wrong, "commutator", np.random.default_rng(1)),
        lambda: symmetric.estimate(wrong, "commutator", np.random.default_rng(1)),
    ]
    for estimate in refusing:
        with pytest.raises(ArgumentError, match=r"counts are whole numbers|must be whole numbers"):
            estimate()
