"""Times, rates and angular frequencies as people write them: everywhere the same, exact, and never mistaken."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsense.errors import ArgumentError
from qsense.files.units import quantities, quantity, whole_numbers, with_error

FIELD = "angular frequency"


@pytest.mark.parametrize("power", [-300, -9, -3, 0, 3, 9, 300])
@pytest.mark.parametrize("share", [1e-5, 0.3, 40.0])
def test_a_value_has_the_digits_that_its_error_leaves(power, share):
    value, error = 1.2345678 * 10.0**power, 1.2345678 * 10.0**power * share
    shown, said = (text.partition("e") for text in with_error(value, error).split(" ± "))
    for text, number in ((shown, value), (said, error)):
        assert abs(float("".join(text)) - number) <= 0.05001 * error
    assert max(len(shown[0]), len(said[0])) <= 12


@pytest.mark.parametrize("error", [0.0, 1e-9, 1.0, 1e9, math.inf, math.nan])
@pytest.mark.parametrize(("value", "said"), [(math.inf, "inf ± "), (-math.inf, "-inf ± "), (math.nan, "nan ± ")])
def test_a_value_that_is_no_finite_number_is_shown_as_it_is(value, said, error):
    assert with_error(value, error).startswith(said)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("3us", "time", "3e-6"),
        ("3 us", "time", "3e-6"),
        ("3 µs", "time", "3e-6"),  # the micro sign
        ("3 μs", "time", "3e-6"),  # the Greek letter
        ("2ms", "time", "2e-3"),
        (".5ns", "time", "5e-10"),
        ("7e-6", "time", "7e-6"),
        ("1e3us", "time", "1e-3"),
        ("2min", "time", "120"),
        ("1/0.2MHz", "rate", None),
        ("1/5us", "rate", "200000"),
        ("2 / 5 us", "rate", "400000"),
        ("3/ms", "rate", "3000"),
        ("0.2 1/us", "rate", "200000"),
        ("0.2MHz", "rate", "200000"),
        ("50 mHz", "rate", "0.05"),
        ("1/5", "rate", "0.2"),
        ("0.1", "rate", "0.1"),
        ("3 krad/s", FIELD, "3000"),
        ("0.2rad/us", FIELD, "200000"),
        ("-2 rad/s", FIELD, "-2"),
    ],
)
def test_a_text_is_the_nearest_double_of_its_number(text, kind, expected):
    if expected is None:
        with pytest.raises(ArgumentError):
            quantity(text, kind)
    else:
        assert quantity(text, kind) == float(Fraction(expected))


@given(st.integers(1, 10**9), st.integers(-6, 6))
def test_spellings_of_one_number_are_one_number(digits, power):
    one = quantity(f"{digits}e{power}us", "time")
    assert one == quantity(f"{digits}e{power - 6}", "time") == quantity(f"{digits}e{power + 3} ns", "time")
    assert one == float(Fraction(digits) * Fraction(10) ** (power - 6))
    assert quantity(f"1/{digits}us", "rate") == float(Fraction(10**6, digits))


def test_infinity_is_a_time():
    assert quantity("inf", "time") == quantity("Infinity s", "time") == math.inf


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("5us", "rate", '"5us" is a time; its inverse is 200000/s'),
        ("0.2MHz", "time", '"0.2MHz" is a rate; its inverse is 5e-06s'),
        ("3 kHz", FIELD, f'"3 kHz" is a frequency, {2 * math.pi * 3000:.10g}rad/s with its 2π'),
        ("3/ms", FIELD, '"3/ms" is a rate; write it in rad/s'),
        ("1 rad/s", "rate", "is an angular frequency; write it in /s"),
        ("x", "time", "must be a time such as 3us, 2ms"),
        ("nan", "time", "must be a time"),
        ("", "time", "must be a time"),
        ("3 KHz", "rate", "must be a rate"),
        ("1/0us", "rate", "must be a rate"),
        ("1/5MHz", "rate", "write a number before its unit"),
        ("1e999", "time", "must be a time"),
        ("1e9999999999", "time", "must be a time"),
        ("9" * 1000, "time", "must be a time"),
        ("3us\n", "rate", "is a time"),
        ("__import__('os')", "time", "must be a time"),
    ],
)
def test_what_is_wrong_is_said_with_the_fix(text, kind, says):
    with pytest.raises(ArgumentError) as caught:
        quantity(text, kind)
    assert says in str(caught.value)


def test_lists_and_ranges():
    assert quantities("0,1us,2us", "time") == [0, 1e-6, 2e-6]
    assert quantities("0:1us:0.1us", "time") == [float(Fraction(k, 10**7)) for k in range(11)]
    assert whole_numbers("2,4") == [2, 4]
    assert whole_numbers("2-8") == list(range(2, 9))
    assert whole_numbers("2:16:2, 20") == [*range(2, 17, 2), 20]


@pytest.mark.parametrize("text", ["0:1:0", "1:0:0.1", "0:1", "0:inf:1", "0:1:1e-9", "0:1:2:3", "0,,1"])
def test_ranges_that_are_none(text):
    with pytest.raises(ArgumentError):
        quantities(text, "time")


@pytest.mark.parametrize("text", ["", "2,", "2-", "-2", "8-2", "1:9:0", "1-999999999", "2.5", "²", "1:2:3:4"])
def test_sizes_that_are_none(text):
    with pytest.raises(ArgumentError):
        whole_numbers(text)
