"""How the window writes numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gui.formatting.numbers import (
    count_text,
    counted,
    data_text,
    hertz_text,
    number_text,
    power_of_ten,
    rate_text,
    rounded_text,
    short_count,
    value_text,
)
from gui.formatting.profile_words import cell_text, target_columns, target_text, value_range
from gui.formatting.run_rule_words import plan_details, plan_parts
from gui.formatting.run_words import averaged_title, metric_text
from tests.gui.fake_data import fake_profile


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1_797, "1,797"), (2_500_000, "2,500,000"), (11.6, "12"), (-5, "−5")],
)
def test_counts(value: float, text: str) -> None:
    assert count_text(value) == text


def test_counts_with_their_noun() -> None:
    texts = [counted(n, "{n} row", "{n} rows") for n in (0, 1, 1_300)]
    assert texts == ["0 rows", "1 row", "1,300 rows"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (999.6, "1 K"), (34_826, "34.8 K"), (2_170_000, "2.17 M")],
)
def test_large_counts_in_short(value: float, text: str) -> None:
    assert short_count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (4, "4.000"),
        (64, "64.00"),
        (12_000, "12,000"),
        (0.123456, "0.1235"),
        (0.00123456, "0.001235"),
        (99.987, "99.99"),
        (1_234.56, "1,235"),
        (123_456.7, "123,457"),
        (-0.25, "−0.2500"),
        (1e-7, "1.00·10⁻⁷"),
        (-2.5e7, "−2.50·10⁷"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_what_was_measured(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.21, "3.2"), (4, "4.0"), (12.4, "12"), (123.4, "123")]
)
def test_what_was_measured_in_two_digits(value: float, text: str) -> None:
    assert number_text(value, 2) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.28, "0.28"),
        (0.99999, "1.0"),
        (12, "12"),
        (346, "350"),
        (49_800, "50,000"),
        (3.9e-4, "0.00039"),
        (1.24e-6, "1.2·10⁻⁶"),
        (5e7, "5.0·10⁷"),
        (math.inf, "∞"),
    ],
)
def test_what_changes_all_the_time(value: float, text: str) -> None:
    assert rounded_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (64, "64"),
        (-12_000, "−12,000"),
        (0.123456, "0.1235"),
        (99.987, "99.99"),
        (2e7, "2.00·10⁷"),
        (math.nan, "–"),
    ],
)
def test_values_of_data(value: float, text: str) -> None:
    assert data_text(value) == text


def test_powers_of_ten() -> None:
    assert [power_of_ten(exponent) for exponent in (-7, 0, 12)] == ["10⁻⁷", "10⁰", "10¹²"]


def test_values_as_they_are_typed() -> None:
    texts = [value_text(value) for value in (0.001, 3e-05, 12.0, 1.23456789)]
    assert texts == ["0.001", "3e-05", "12", "1.23457"]
    assert value_text(1.23456789, 3) == "1.23"


def test_rates() -> None:
    assert [rate_text(rate) for rate in (0.001, 3e-05, 0.000123456)] == [
        "0.001",
        "3e-05",
        "0.0001235",
    ]
    assert [hertz_text(rate) for rate in (8_000, 44_100)] == ["8 kHz", "44.1 kHz"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("loss", 0.123456, "0.1235"),
        ("val_accuracy", 0.9724, "97.2 %"),
        ("accuracy", math.nan, "not a number"),
        ("accuracy", math.inf, "∞"),
        ("loss", math.nan, "not a number"),
        ("loss", None, "–"),
    ],
)
def test_metrics(name: str, value: float | None, text: str) -> None:
    assert metric_text(name, value) == text


@pytest.mark.parametrize(
    ("name", "average", "title"),
    [
        ("recall", "macro", "Recall (mean of the classes)"),
        ("r2_score", "uniform_average", "R² (mean of the numbers)"),
        ("precision", "binary", "Precision (of the unusual class)"),
        ("accuracy", "", "Accuracy"),
    ],
)
def test_a_metric_says_how_it_averages(name: str, average: str, title: str) -> None:
    assert averaged_title(name, average) == title


class TestTargets:
    def test_one_is_said_in_words(self) -> None:
        assert target_text("a <b>text</b>", ()) == "a <b>text</b>"
        assert target_text(1, ("cat", "dog")) == "dog"
        assert target_text(np.array([1, 0, 1]), ("red", "big", "old")) == "red, old"
        assert target_text(np.array([1.5, 2.0]), ()) == "1.5, 2"
        assert target_text(np.arange(9.0), ()).endswith(", …")

    def test_each_number_has_a_heading(self) -> None:
        cart = fake_profile("cart.npz")
        assert target_columns(cart) == ("push", "brake")
        assert target_columns(replace(cart, target_name="force")) == ("force 1", "force 2")
        assert target_columns(fake_profile("noisy_line")) == ("y",)

    def test_a_cell_is_a_category_a_number_or_nothing(self) -> None:
        looked = replace(fake_profile("people.csv"), categories={"town": ("Oslo", "Bergen")})
        assert cell_text(looked, 1, 1.0) == "Bergen"
        assert cell_text(looked, 1, 7.0) == "7"  # no category of that number
        assert cell_text(looked, 0, 31.5) == "31.5"
        assert cell_text(looked, 0, math.nan) == ""
        assert cell_text(looked, 99, 2.0) == "2"

    def test_ranges_of_what_is_finite(self) -> None:
        assert value_range(np.array([0.0, math.inf, 2.0])) == "values from 0 to 2"
        assert value_range(np.array([math.nan])) == ""
        assert value_range(np.array([3, 5])) == "values from 3 to 5"


class TestPlans:
    def test_what_is_unusual_is_named(self) -> None:
        assert plan_parts({}) == plan_details({}) == ""
        plan = {"device": "GPU:0", "execution": "chunked", "xla": True}
        assert plan_parts(plan) == "GPU:0, chunked, with XLA"
        more = {"layers": "fused", "precision": "mixed_float16", "replicas": 2, "resident": True}
        said = plan_parts({**plan, **more})
        assert said.endswith("data in memory, fused layers, mixed float16, 2 replicas")
