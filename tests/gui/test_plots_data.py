"""What plots compute without a window: buffers, pyramid, smoothing, contour, numbers, clock."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.plots.buffers import GrowingArray, Pyramid
from gui.plots.colors import class_mix, readable_on, scale_colors
from gui.plots.contour import zero_contour
from gui.plots.curve_data import CurveData, logarithm
from gui.plots.curve_items import thinned
from gui.plots.numbers import axis_duration, axis_number, power_number
from gui.plots.smoothing import MovingAverage
from gui.style.theme import DARK, LIGHT


class TestGrowingArray:
    def test_keeps_what_is_appended(self):
        array = GrowingArray()
        for value in range(1000):
            array.append(value)
        array.append(np.arange(1000, 5000))
        assert np.array_equal(array.values, np.arange(5000))

    def test_truncates(self):
        array = GrowingArray()
        array.append([1, 2, 3])
        array.truncate(1)
        array.append(9)
        assert array.values.tolist() == [1, 9]


class TestPyramid:
    @given(
        n=st.integers(1, 3000),
        cuts=st.lists(st.integers(0, 3000), max_size=5),
        first=st.integers(0, 3000),
        last=st.integers(0, 3000),
        width=st.integers(1, 300),
        seed=st.integers(0, 9),
    )
    def test_bars_are_the_extremes_of_their_stretch(self, n, cuts, first, last, width, seed):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=n).astype(np.float32)
        values[rng.random(n) < 0.1] = np.nan
        values[rng.random(n) < 0.02] = np.inf
        pyramid = Pyramid()
        for part in np.split(values, sorted(cut for cut in cuts if cut < n)):
            pyramid.append(part)
        middle, low, high, length = pyramid.bars(first, last, width)
        begin = first - first % length
        expected = []
        for start in range(begin, min(last, n), length):
            part = values[start : min(start + length, last, n)]
            part = part[np.isfinite(part)]
            if len(part) and last > first:
                expected.append((part.min(), part.max()))
        assert list(zip(low, high, strict=True)) == expected
        assert len(middle) == len(low) <= width + 2

    def test_no_value_is_ever_hidden(self):
        values = np.zeros(100_000, np.float32)
        values[54_321] = 7.0
        pyramid = Pyramid()
        pyramid.append(values)
        _, _, high, _ = pyramid.bars(0, len(values), 300)
        assert high.max() == 7.0

    def test_appending_moves_no_bar(self):
        values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
        pyramid = Pyramid()
        pyramid.append(values[:4096])
        before = pyramid.bars(0, 4096, 100)
        pyramid.append(values[4096:])
        after = pyramid.bars(0, 5000, 100)
        assert after[3] == before[3]
        assert np.array_equal(after[0][: len(before[0])], before[0])
        assert np.array_equal(after[2][: len(before[2])], before[2])

    def test_truncated_values_leave_the_extremes(self):
        pyramid = Pyramid()
        pyramid.append(np.arange(1000))
        pyramid.truncate(500)
        pyramid.append(np.zeros(500))
        assert pyramid.bars(0, 1000, 10)[2].max() == 499


class TestMovingAverage:
    @given(
        strength=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99]),
        cuts=st.lists(st.integers(0, 400), max_size=4),
        seed=st.integers(0, 5),
    )
    def test_equals_the_plain_loop_in_any_chunks(self, strength, cuts, seed):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=400)
        values[rng.random(400) < 0.05] = np.nan
        expected, total, n = [], 0.0, 0
        for value in values:
            if np.isfinite(value):
                n += 1
                total = strength * total + (1 - strength) * value
                expected.append(total / (1 - strength**n))
            else:
                expected.append(np.nan)
        average = MovingAverage(strength)
        parts = [average.extend(part) for part in np.split(values, sorted(cuts))]
        np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-5, atol=1e-6)

    def test_has_no_bias_to_zero(self):
        assert MovingAverage(0.99).extend(np.full(5, 3.0)) == pytest.approx([3.0] * 5)

    @pytest.mark.parametrize("strength", [-0.1, 1.0, math.nan])
    def test_strength_outside_is_refused(self, strength):
        with pytest.raises(ValueError, match="Received"):
            MovingAverage(strength)


class TestContour:
    def test_lies_on_the_circle(self):
        axis = np.linspace(-2, 2, 81)
        x, y = np.meshgrid(axis, axis)
        ends_x, ends_y = zero_contour(axis, axis, x**2 + y**2 - 1)
        assert len(ends_x) > 100
        np.testing.assert_allclose(np.hypot(ends_x, ends_y), 1, atol=2e-3)
        lengths = np.hypot(ends_x[1::2] - ends_x[::2], ends_y[1::2] - ends_y[::2])
        assert lengths.sum() == pytest.approx(2 * np.pi, rel=1e-2)

    def test_saddle_does_not_break_it(self):
        values = np.array([[1.0, -1.0], [-1.0, 1.0]])
        ends_x, _ = zero_contour(np.arange(2.0), np.arange(2.0), values)
        assert len(ends_x) == 4
        assert np.isfinite(ends_x).all()

    def test_nothing_where_there_is_no_zero(self):
        assert len(zero_contour(np.arange(3.0), np.arange(3.0), np.ones((3, 3)))[0]) == 0


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "spacing", "text"),
        [
            (0.001, 0.001, "0.001"),
            (0.5, 0.1, "0.5"),
            (1500, 500, "1,500"),
            (2_500_000, 500_000, "2.5·10⁶"),
            (-0.25, 0.05, "\u22120.25"),
            (1e-17, 0.1, "0"),
            (math.nan, 1, ""),
        ],
    )
    def test_axis(self, value, spacing, text):
        assert axis_number(value, spacing) == text

    @pytest.mark.parametrize(
        ("exponent", "text"),
        [
            (-3, "0.001"),
            (0, "1"),
            (3, "1000"),
            (-7, "10⁻⁷"),
            *((math.log10(float(text)), text) for text in ("0.2", "1.5", "20", "150", "0.0125")),
            (math.log10(2e5), ""),
        ],
    )
    def test_power(self, exponent, text):
        assert power_number(exponent) == text

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0 s"),
            (0.25, "0.25 s"),
            (3, "3 s"),
            (59, "59 s"),
            (185, "3:05"),
            (3727, "1:02:07"),
            (math.nan, ""),
        ],
    )
    def test_duration(self, seconds, text):
        assert axis_duration(seconds) == text

    def test_logarithm_of_what_has_none(self):
        got = logarithm([100.0, 0.0, -1.0, math.nan, math.inf])
        assert got[0] == 2
        assert np.isnan(got[1:4]).all()


class TestCurveData:
    def test_axes(self):
        data = CurveData()
        data.steps_per_epoch = 10
        data.append_steps(0, np.ones(10), 2.0)
        data.append_steps(10, np.ones(10), 6.0)
        assert data.x_of_steps(15, "epoch") == 1.5
        assert data.x_of_steps([5, 15], "time").tolist() == [1.0, 4.0]
        assert data.steps_of_x(4.0, "time") == 15
        assert data.end("step") == 20
        assert data.end("time") == 6.0

    def test_resumed_run_replaces_what_lay_behind_the_checkpoint(self):
        data = CurveData()
        data.append_steps(0, np.arange(30.0), 3.0)
        for epoch in (1, 2, 3):
            data.append_epoch(epoch, 10 * epoch, float(epoch), 1.0, None)
        data.append_steps(10, np.full(5, 99.0), 1.5)
        assert len(data) == 15
        assert data.batches.values[9:11].tolist() == [9.0, 99.0]
        assert data.epochs.values.tolist() == [1]

    def test_gap_stays_a_gap(self):
        data = CurveData()
        data.append_steps(5, np.ones(3), 1.0)
        assert np.isnan(data.batches.values[:5]).all()
        assert data.batches.bars(0, 8, 100)[0].tolist() == [5, 6, 7]

    def test_names_the_first_value_that_is_not_finite(self):
        data = CurveData()
        data.append_steps(0, np.array([1.0, 2.0]), 1.0)
        data.append_steps(2, np.array([1.0, np.nan, np.inf]), 2.0)
        assert data.first_not_finite == 4


def test_thinned_line_keeps_its_extremes():
    x = np.arange(10_000.0)
    y = np.random.default_rng(0).normal(size=10_000)
    thin_x, thin_y = thinned(x, y, 300)
    assert len(thin_x) == len(thin_y) <= 800
    assert thin_y.max() == y.max()
    assert thin_y.min() == y.min()


class TestColors:
    def test_scale_grows_lighter_evenly(self):
        colors = scale_colors(np.linspace(0, 1, 32), 0, 1).astype(float) / 255
        linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
        y = linear @ [0.2126, 0.7152, 0.0722]
        lightness = np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)
        steps = np.diff(lightness)
        assert (steps > 0).all()
        assert steps.max() < 2.5 * steps.mean()

    def test_scale_takes_what_is_not_finite(self):
        assert scale_colors(np.array([np.nan, np.inf, -np.inf]), 0, 1).shape == (3, 3)
        assert scale_colors(np.array([1.0, 2.0]), math.nan, math.nan).shape == (2, 3)

    def test_certain_classes_differ(self):
        mixed = class_mix(np.eye(3)[None], LIGHT).astype(int)
        assert len({tuple(color) for color in mixed[0]}) == 3

    @pytest.mark.parametrize("colors", [LIGHT, DARK])
    def test_readable_on_any_ground(self, colors):
        assert readable_on("#000000", colors) in ("#ffffff", colors.text)
        assert readable_on("#ffffff", colors) in ("#0d1526", colors.text)
