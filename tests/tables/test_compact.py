"""Columns of many trials: the same values as lists of Python's numbers, in any order, in a fraction of their memory."""

import random
import tracemalloc

import numpy as np
import pytest

from qsense.tables.columns import Columns
from qsense.tables.compact import Column, Curves, Rows, View

NAN = float("nan")
KINDS = {
    "floats": lambda draw: draw.choice([0.5, -0.0, 1e300, None]),
    "integers": lambda draw: draw.choice([1, -5, 2**62]),
    "large integers": lambda draw: draw.choice([1, 2**63, 2**80]),
    "both": lambda draw: draw.choice([1, 1.0, 0, 0.0, -0.0, True, False, None]),
    "texts": lambda draw: draw.choice(["a", "1", "", None]),
    "lists": lambda draw: draw.choice([[1], [1.0], {"a": 1}]),
    "anything": lambda draw: draw.choice([1, 2.5, "a", None, [1], 2**70, True]),
}


def same(one, other):
    return [(type(v), repr(v)) for v in one] == [(type(v), repr(v)) for v in other]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_gives_back_what_was_put_in_in_any_order(kind):
    draw = random.Random(1)
    for length in (0, 1, 3, 50):
        values = [KINDS[kind](draw) for _ in range(length)]
        column = Column()
        for start in range(0, length, 7):
            column.extend(values[start : start + 7])
        order = np.array([draw.randrange(length) for _ in range(2 * length)], dtype=np.int64)
        view, expected = View(column, order), [values[place] for place in order]
        assert same(view, expected)
        assert same([view[k] for k in range(-len(view), len(view))], expected + expected)
        assert same(view[1:-1], expected[1:-1])
        assert view == expected
        assert same(View.of(expected), expected)
        if length:
            as_list, as_view = Columns({"a": expected}), Columns({"a": view})
            assert as_view.to_csv() == as_list.to_csv()
            assert as_view.units == as_list.units
            one, other = as_view.array("a"), as_list.array("a")
            assert one.dtype == other.dtype
            assert same(one.tolist(), other.tolist())


def test_nan_is_not_taken_for_none():
    assert same(View.of([NAN, None, 1.0]), [NAN, None, 1.0])


def test_a_place_that_there_is_not_is_refused():
    with pytest.raises(IndexError):
        View.of([1.0, 2.0])[2]
    with pytest.raises(IndexError):
        Curves.of([{"time_s": [1.0]}])[1]


def test_rows_are_the_columns_that_lists_of_them_are():
    draw = random.Random(2)
    names = "abcdef"
    rows = [{name: draw.choice([0.5, 1, None, "x"]) for name in draw.sample(names, 4)} for _ in range(40)]
    added = Rows()
    for row in rows:
        added.add(row)
    order = np.array([draw.randrange(40) for _ in range(60)], dtype=np.int64)
    expected = Columns.of_rows([rows[place] for place in order]).values
    found = added.columns(order)
    assert list(found) == list(expected)
    assert all(same(found[name], expected[name]) for name in expected)


def test_curves_are_the_tables_that_were_added():
    draw = random.Random(3)
    curves = []
    for number in range(30):
        length = draw.randrange(1, 6)
        more = {"phase_rad": [draw.choice([0.1, None]) for _ in range(length)]} if number % 3 else {}
        times = [float(k) for k in range(length)]
        curves.append({"time_s": times, "gain": [draw.random() for _ in times], "shots": [100] * length, **more})
    added, order = Curves.of(curves), np.array([draw.randrange(30) for _ in range(50)], dtype=np.int64)
    expected, found = [curves[place] for place in order], added.ordered(order)
    assert list(found) == expected
    assert found[3:9] == expected[3:9]
    assert found.columns(["gain"])["gain"] == [value for curve in expected for value in curve["gain"]]
    rows = np.array([k for k, curve in enumerate(expected) if len(curve["gain"]) > 1], dtype=np.int64)
    assert found.at_time("gain", rows, 1) == [expected[row]["gain"][1] for row in rows]
    with pytest.raises(IndexError):
        found.at_time("gain", np.arange(len(expected)), 4)


def test_a_number_takes_eight_bytes_and_a_text_is_held_once():
    tracemalloc.start()
    try:
        rows = Rows()
        for number in range(5000):
            numbers = {f"value_{k}": number + k / 7 for k in range(30)}
            rows.add({**numbers, "probe": "".join(["gh", "z"]), "seed": number})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5000 * 33 * 12  # growing arrays have room to spare; a list of numbers takes 32 bytes for each
