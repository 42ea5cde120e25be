"""A few values far from all others do not press the rest of a curve into a line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from gui.formatting.run_rule_words import ChangeMark
from gui.plots.curves_plot import CurvesPlot
from gui.plots.extents import finite_extent, robust_extent

Floats = npt.NDArray[np.float64]


@pytest.fixture
def plot(qtbot: QtBot) -> CurvesPlot:
    made = CurvesPlot("loss", "Loss")
    qtbot.addWidget(made)
    made.resize(640, 400)
    made.show()
    return made


def spiked(n: int = 200) -> Floats:
    values = np.linspace(1.0, 0.5, n)
    values[2] = 50_000.0
    return values


def test_a_spike_does_not_flatten_the_rest_and_is_marked(plot: CurvesPlot) -> None:
    plot.append_steps(0, spiked(), 1.0)
    plot.redraw()
    assert plot.view.viewRange()[1][1] < 2
    assert plot.far.places == ([3.0], [])
    assert plot.legend.caption == "1 far value"


def test_so_it_is_below(plot: CurvesPlot) -> None:
    plot.append_steps(0, -spiked(), 1.0)
    plot.redraw()
    assert plot.view.viewRange()[1][0] > -2
    assert plot.far.places == ([], [3.0])


def test_all_is_shown_when_asked_for(plot: CurvesPlot) -> None:
    plot.append_steps(0, spiked(), 1.0)
    plot.show_all()
    plot.redraw()
    assert plot.view.viewRange()[1][1] > 50_000
    assert plot.far.n_places == 0
    plot.reset_view()
    plot.redraw()
    assert plot.far.n_places == 1


def test_a_curve_that_falls_as_curves_do_is_shown_whole(plot: CurvesPlot) -> None:
    plot.append_steps(0, 2.3 * np.exp(-np.arange(400) / 40) + 0.05, 1.0)
    plot.redraw()
    assert plot.view.viewRange()[1][1] > 2.2
    assert plot.far.n_places == 0


def test_a_first_epoch_far_off_does_not_flatten_those_after_it(plot: CurvesPlot) -> None:
    for epoch, loss in enumerate([9_000.0, 1.2, 1.1, 1.0, 0.9, 0.85, 0.8], start=1):
        plot.append_epoch(epoch, 10 * epoch, float(epoch), loss, loss)
    plot.redraw()
    assert plot.view.viewRange()[1][1] < 2
    assert plot.far.places == ([10.0], [])


def test_labels_of_marks_stand_above_the_points(plot: CurvesPlot) -> None:
    plot.resize(500, 300)
    plot.append_steps(0, np.linspace(1.0, 0.5, 100), 1.0)
    plot.redraw()
    before = plot.view.viewRange()[1][1]
    plot.add_mark(ChangeMark(50, "The learning rate was changed.", "rate 0.1"))
    plot.redraw()
    top = plot.view.viewRange()[1][1]
    assert top > before
    pixel = plot.view.viewPixelSize()[1]
    assert (top - 1.0) / pixel >= 20  # a line of text fits between


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_an_extent_leaves_out_few_values_or_none(values: list[float]) -> None:
    array = np.array(values)
    low, high = robust_extent(array)
    if not values:
        assert np.isnan([low, high]).all()
        return
    assert finite_extent(array)[0] <= low <= high <= finite_extent(array)[1]
    assert np.sum((array < low) | (array > high)) <= 2 * max(1, int(0.05 * len(values)))


def test_what_is_not_finite_is_no_value() -> None:
    assert robust_extent(np.array([np.nan, 1.0, np.inf, 2.0]), np.empty(0)) == (1.0, 2.0)
