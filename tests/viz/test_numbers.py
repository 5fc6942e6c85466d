"""Numbers in a drawing are short and never lie."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.numbers import number, parse, power_of_ten, shape_text, statistics


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3, "3"),
        (3.0, "3"),
        (-0.12345, "−0.1235"),
        (0.0001234567, "1.235e−4"),
        (0.001234567, "0.001235"),
        (12345.6, "1.235e4"),
        (12000.0, "12000"),
        (999999, "999999"),
        (1e300, "1e300"),
        (5e-324, "4.941e−324"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
        (True, "true"),
        (np.float32(0.1), "0.1"),
        (np.int64(-7), "−7"),
    ],
)
def test_number_is_written_as_a_reader_expects(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_read_back_is_the_number_to_four_digits(value: float) -> None:
    assert parse(number(value)) == pytest.approx(value, rel=5.01e-4, abs=0)


@given(st.floats(allow_nan=False))
def test_zero_is_written_for_zero_only(value: float) -> None:
    assert (number(value) == "0") == (value == 0)


def test_numbers_that_are_no_numbers_are_read_back_too() -> None:
    assert math.isnan(parse(number(math.nan))) and parse(number(-math.inf)) == -math.inf


def test_statistics_of_an_array_are_its_mean_deviation_and_range() -> None:
    assert statistics(np.array([1.0, 2.0, 3.0, 4.0])) == ("2.5 ± 1.118", "1 … 4")


def test_statistics_count_what_is_not_finite() -> None:
    array = np.array([1.0, np.nan, np.inf, 3.0])
    assert statistics(array) == ("1 NaN and 1 ∞ of 4", "1 … 3")


def test_statistics_do_not_overflow() -> None:
    array = np.array([1e300, -1e300, 1e300])
    assert statistics(array)[0] == "3.333e299 ± 9.428e299"


def test_a_mean_of_rounding_errors_is_not_given_digits() -> None:
    assert statistics(np.array([0.1, 0.2, -0.3], np.float32))[0].startswith("≈ 0 ±")


def test_constant_empty_whole_and_true_or_false_arrays_are_said_in_words() -> None:
    assert statistics(np.zeros((3, 2))) == ("all 0", "")
    assert statistics(np.zeros((0, 2))) == ("empty", "")
    assert statistics(np.array([0, 9, 4])) == ("0 … 9", "")
    assert statistics(np.array([True, False, True])) == ("2 of 3 true", "")


def test_shapes_and_powers_are_written_in_plain_characters() -> None:
    assert (shape_text(()), shape_text((3,)), shape_text(("batch", 64))) == ("scalar", "3", "batch × 64")
    assert [power_of_ten(k) for k in (-3, 0, 1, 12)] == ["10⁻³", "1", "10", "10¹²"]
