"""What is shown of the inside of a network, from made insights."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.events.insights import (
    AttendedText,
    AttentionMap,
    AttentionUpdated,
    Bytes,
    EpisodePlayed,
    FeatureMaps,
    FeatureMapsUpdated,
    FilterBank,
    FiltersUpdated,
    Forecast,
    ForecastsMade,
    HiddenUnitsUpdated,
    TextSample,
    TextsPredicted,
    UnitMaps,
)
from gui.insights.attention_view import AttentionView
from gui.insights.feature_maps_view import FeatureMapsView
from gui.insights.filters_view import FiltersView
from gui.insights.forecast_view import ForecastView
from gui.insights.insight_view import InsightView
from gui.insights.insight_views import promise
from gui.insights.live_panel import LivePanel
from gui.insights.pole_view import PoleView
from gui.insights.samples_view import SamplesView, marked
from gui.insights.units_view import UnitsView
from gui.plots.attention_plot import AttentionPlot
from gui.plots.colors import signed_colors, strength_colors
from gui.style.theme import DARK, LIGHT, current_theme
from tests.gui.fake_data import fake_profile


def shown(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.addWidget(widget)
    widget.resize(340, 380)
    with qtbot.waitExposed(widget):
        widget.show()


def show(view: InsightView, insight: object) -> None:
    view.show_insight(insight)  # type: ignore[arg-type]
    view.throttle.flush()


def units(n_first: int = 4) -> HiddenUnitsUpdated:
    axis = np.linspace(-1, 1, 5, dtype=np.float32)
    answers = np.stack([np.meshgrid(axis, axis)[0] * (unit + 1) for unit in range(n_first)])
    layers = (
        UnitMaps("hidden_1", n_first, Bytes.around_zero(answers)),
        UnitMaps("hidden_2", 99, Bytes.around_zero(-answers[:2])),
    )
    return HiddenUnitsUpdated("run", (axis, axis), layers)


def banks() -> FiltersUpdated:
    random = np.random.default_rng(0)
    return FiltersUpdated(
        "run",
        (
            FilterBank("first", 3, Bytes.around_zero(random.normal(size=(3, 3, 3, 1))), True),
            FilterBank("deep", 2, Bytes.around_zero(random.normal(size=(2, 3, 3, 4))), False),
            FilterBank("color", 5, Bytes.around_zero(random.normal(size=(5, 3, 3, 3))), True),
        ),
    )


def maps(n_maps: int = 3) -> FeatureMapsUpdated:
    random = np.random.default_rng(0)
    answers = Bytes.of(random.random((2, n_maps, 6, 6)))
    layers = (FeatureMaps("first", 7, answers), FeatureMaps("second", 7, answers))
    return FeatureMapsUpdated("run", ("zero", "one"), Bytes.of(random.random((2, 8, 8, 1))), layers)


def attention() -> AttentionUpdated:
    weights = np.zeros((2, 2, 3))
    weights[0, :, 0] = 1
    weights[1, :, 2] = 1
    seen = AttentionMap("attention_1", ("a", "b"), ("x", "y", "z"), Bytes.of(weights, 0.0, 1.0))
    return AttentionUpdated("run", (AttendedText("x y z", (seen,)), AttendedText("z", ())))


def texts(epoch: int = 3, predicted: str = "dix-huit") -> TextsPredicted:
    samples = (
        TextSample("seventeen", "dix-sept", predicted),
        TextSample("<b>one</b>", "un", "un"),
    )
    return TextsPredicted("run", epoch, samples)


def forecasts(epoch: int = 2) -> ForecastsMade:
    past = np.arange(5, dtype=np.float32)
    ahead = np.array([5, 6], np.float32)
    windows = (Forecast("1", past, ahead, ahead + 1), Forecast("9", past, ahead, ahead + 3))
    return ForecastsMade("run", epoch, "load", windows)


def episode(n_steps: int, epoch: int = 1) -> EpisodePlayed:
    states = np.zeros((n_steps + 1, 4), np.float32)
    states[:, 2] = np.linspace(0, 0.2, n_steps + 1)
    return EpisodePlayed("run", epoch, states, 500, 0.02)


class TestUnits:
    def test_a_map_for_each_unit_with_the_lowest_value_of_the_axis_below(
        self, qtbot: QtBot
    ) -> None:
        view = UnitsView()
        shown(qtbot, view)
        show(view, units())
        assert len(view.maps.maps) == 4
        assert view.maps.grid.n_images == 4
        left, right = view.maps.maps[3].pixels[0, 0], view.maps.maps[3].pixels[0, -1]
        assert left[2] > left[0]  # blue below zero
        assert right[0] > right[2]  # orange above
        assert "Click" in view.note.text()

    def test_the_layer_is_chosen_and_stays_chosen(self, qtbot: QtBot) -> None:
        view = UnitsView()
        shown(qtbot, view)
        show(view, units())
        view.layer.setCurrentIndex(1)
        view.throttle.flush()
        assert len(view.maps.maps) == 2
        assert "first 2" in view.note.text()
        show(view, units())
        assert view.layer.currentIndex() == 1

    def test_a_click_enlarges_one_which_stays_large(self, qtbot: QtBot) -> None:
        view = UnitsView()
        shown(qtbot, view)
        show(view, units())
        canvas = view.maps.grid.widget()
        middle = canvas.rect_of(1).center()  # type: ignore[attr-defined]
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
        assert view.maps.is_large
        assert view.maps.title.text() == "Unit 2 of hidden_1"
        show(view, units())
        assert view.maps.is_large
        qtbot.keyClick(view.maps, Qt.Key.Key_Right)
        assert view.maps.title.text() == "Unit 3 of hidden_1"
        qtbot.keyClick(view.maps, Qt.Key.Key_Escape)
        assert not view.maps.is_large
        qtbot.keyClick(view.maps, Qt.Key.Key_Return)
        assert view.maps.is_large
        qtbot.mouseClick(view.maps.back, Qt.MouseButton.LeftButton)
        assert not view.maps.is_large

    def test_fewer_units_than_before(self, qtbot: QtBot) -> None:
        view = UnitsView()
        shown(qtbot, view)
        show(view, units())
        view.maps.enlarge(3)
        show(view, units(2))
        assert view.maps.title.text() == "Unit 2 of hidden_1"


class TestConvolutions:
    def test_filters_over_grey_have_no_channel_to_choose(self, qtbot: QtBot) -> None:
        view = FiltersView()
        shown(qtbot, view)
        show(view, banks())
        assert len(view.maps.maps) == 3
        assert view.channel.isHidden()

    def test_deeper_filters_show_the_mean_or_a_channel(self, qtbot: QtBot) -> None:
        view = FiltersView()
        shown(qtbot, view)
        show(view, banks())
        view.layer.setCurrentIndex(1)
        view.throttle.flush()
        assert view.channel.count() == 5
        mean = view.maps.maps[0].pixels
        view.channel.setCurrentIndex(2)
        view.throttle.flush()
        kernels = banks().banks[1].kernels
        expected = signed_colors(kernels.values[0, :, :, 1], kernels.high, current_theme().palette)
        np.testing.assert_array_equal(view.maps.maps[0].pixels, expected)
        assert not np.array_equal(mean, expected)

    def test_filters_over_color_are_in_color(self, qtbot: QtBot) -> None:
        view = FiltersView()
        shown(qtbot, view)
        show(view, banks())
        view.layer.setCurrentIndex(2)
        view.throttle.flush()
        np.testing.assert_array_equal(view.maps.maps[4].pixels, banks().banks[2].kernels.levels[4])
        assert "red, green and blue" in view.note.text()

    def test_filters_over_many_bands_are_wide_enough_to_see(self, qtbot: QtBot) -> None:
        view = FiltersView()
        shown(qtbot, view)
        bank = FilterBank("sound", 2, Bytes.around_zero(np.ones((2, 40, 5, 1))), False)
        show(view, FiltersUpdated("run", (bank,)))
        height, width, _ = view.maps.maps[0].pixels.shape
        assert height == 40
        assert width == 10

    def test_the_chosen_sample_and_its_maps(self, qtbot: QtBot) -> None:
        view = FeatureMapsView()
        shown(qtbot, view)
        show(view, maps())
        assert [one.label for one in view.maps.maps] == ["input", "1", "2", "3"]
        before = view.maps.maps[1].pixels
        view.sample.setCurrentIndex(1)
        view.throttle.flush()
        assert "one" in view.maps.maps[0].title
        assert not np.array_equal(before, view.maps.maps[1].pixels)
        assert "first 3" in view.note.text()

    def test_over_time_there_is_one_map_of_all_filters(self, qtbot: QtBot) -> None:
        view = FeatureMapsView()
        shown(qtbot, view)
        show(view, maps(n_maps=1))
        assert len(view.maps.maps) == 1
        assert view.maps.is_large
        assert not view.seen.isHidden()
        assert "row for each filter" in view.note.text()


class TestAttention:
    def test_the_mean_of_the_heads_or_one(self, qtbot: QtBot) -> None:
        view = AttentionView()
        shown(qtbot, view)
        show(view, attention())
        area = view.plot._area()
        first = QPointF(area.left() + 2, area.top() + 2)
        assert view.plot.text_at(first) == "“a” looks at “x”: 50 %"
        view.head.setCurrentIndex(1)
        view.throttle.flush()
        assert view.plot.text_at(first) == "“a” looks at “x”: 100 %"
        last = QPointF(area.right() - 2, area.bottom() - 2)
        assert view.plot.text_at(last) == "“b” looks at “z”: 0 %"
        assert view.plot.text_at(QPointF(1, 1)) == ""

    def test_a_text_without_attention_changes_nothing(self, qtbot: QtBot) -> None:
        view = AttentionView()
        shown(qtbot, view)
        show(view, attention())
        view.text.setCurrentIndex(1)
        view.throttle.flush()
        assert view.plot.text_at(view.plot._area().center()) != ""

    def test_weights_must_fit_the_tokens(self, qtbot: QtBot) -> None:
        plot = AttentionPlot()
        qtbot.addWidget(plot)
        with pytest.raises(ValueError, match=r"2 rows and 1 columns. Received: \(1, 2\)"):
            plot.show_weights(("a", "b"), ("c",), np.zeros((1, 2)))

    def test_many_long_tokens_fit(self, qtbot: QtBot) -> None:
        plot = AttentionPlot()
        shown(qtbot, plot)
        tokens = [f"extraordinarily{n}" for n in range(40)]
        plot.show_weights(tokens, tokens, np.eye(40))
        area = plot._area()
        assert area.width() > 150
        assert area.height() > 150
        plot.grab()


class TestSamples:
    def test_wrong_parts_are_marked_on_both_sides(self) -> None:
        expected, predicted = marked("dix-sept", "dix-huit", "#ff0000")
        assert expected.startswith("dix-")
        assert "text-decoration:underline" in expected
        assert "text-decoration:underline" in predicted
        assert expected.count("<span") == 1  # a word as a whole
        digits, _ = marked("123", "153", "#ff0000")
        assert digits.startswith("1<span")
        assert digits.endswith("</span>3")
        assert marked("un", "un", "#ff0000") == ("un", "un")
        assert marked("a<b", "a<b", "#ff0000")[0] == "a&lt;b"

    def test_the_epoch_and_how_many_are_right(self, qtbot: QtBot) -> None:
        view = SamplesView()
        shown(qtbot, view)
        show(view, texts())
        assert "After epoch 3: 1 of 2 exactly right" in view.note.text()
        text = view.texts.toPlainText()
        assert "seventeen" in text
        assert "dix-huit" in text
        assert "<b>one</b>" in text
        show(view, texts(epoch=4, predicted="dix-sept"))
        assert "After epoch 4: 2 of 2" in view.note.text()

    def test_nothing_written_is_told(self, qtbot: QtBot) -> None:
        view = SamplesView()
        shown(qtbot, view)
        show(view, texts(predicted=""))
        assert "–" in view.texts.toPlainText()


class TestForecast:
    def test_lines_meet_at_the_last_step_that_was_seen(self, qtbot: QtBot) -> None:
        view = ForecastView()
        shown(qtbot, view)
        show(view, forecasts())
        view.plot.redraw()
        past, truth, forecast = (curve.getData() for curve in view.plot.curves)
        assert past[0].tolist() == [-4, -3, -2, -1, 0]
        assert truth[0].tolist() == [0, 1, 2]
        assert truth[1].tolist() == [4, 5, 6]
        assert forecast[1].tolist() == [4, 6, 7]
        assert "off by 2" in view.note.text()
        view.window_choice.setCurrentIndex(1)
        view.throttle.flush()
        view.plot.redraw()
        assert view.plot.curves[2].getData()[1].tolist() == [4, 8, 9]

    def test_without_a_past(self, qtbot: QtBot) -> None:
        view = ForecastView()
        shown(qtbot, view)
        ahead = np.ones(1, np.float32)
        window = Forecast("1", np.zeros(0, np.float32), ahead, ahead)
        show(view, ForecastsMade("run", 1, "load", (window,)))
        view.plot.redraw()
        assert view.plot.curves[2].getData()[0].tolist() == [1]


class TestPole:
    def test_the_episode_is_replayed_and_rests_while_hidden(self, qtbot: QtBot) -> None:
        view = PoleView()
        shown(qtbot, view)
        show(view, episode(30))
        assert view.plot.is_moving
        qtbot.waitUntil(lambda: view.plot.step > 0)
        assert view.counter.text().startswith("Epoch 1 · step ")
        assert "over after 30 of 500 steps" in view.note.text()
        view.hide()
        assert not view.plot.is_moving
        view.show()
        assert view.plot.is_moving

    def test_all_steps_are_a_success(self, qtbot: QtBot) -> None:
        view = PoleView()
        shown(qtbot, view)
        show(view, episode(500))
        assert "balanced for all 500 steps" in view.note.text()

    def test_the_next_episode_waits_for_the_end_of_this_one(self, qtbot: QtBot) -> None:
        view = PoleView()
        shown(qtbot, view)
        show(view, episode(30))
        show(view, episode(8, epoch=2))
        view.plot.show_step(99)
        assert view.plot.step == 30
        assert view.plot.episode is not None
        assert view.plot.episode.epoch == 1
        view.plot._began -= 10
        view.plot._advance()
        assert view.plot.episode.epoch == 2


class TestPanel:
    def test_tabs_are_those_that_the_run_has(self, qtbot: QtBot) -> None:
        live = LivePanel()
        qtbot.addWidget(live)
        assert live.isHidden()
        live.add(maps())
        live.add(banks())
        assert live.titles == ("Filters", "Feature maps")
        assert not live.isHidden()
        made = live.view(FiltersUpdated)
        live.add(banks())
        assert live.view(FiltersUpdated) is made
        live.show_model("mlp")
        assert live.titles == ()
        assert live.isHidden()

    def test_coefficients_stay_in_front(self, qtbot: QtBot) -> None:
        live = LivePanel()
        qtbot.addWidget(live)
        live.show_model("linear_regression")
        live.add(units())
        assert live.titles == ("Prediction", "Units")
        assert live.tabs.currentIndex() == 0

    def test_every_insight_has_its_view(self, qtbot: QtBot) -> None:
        live = LivePanel()
        shown(qtbot, live)
        made = (units(), banks(), maps(), attention(), texts(), forecasts(), episode(3))
        for insight in made:
            live.add(insight)
        assert len(live.titles) == len(made)
        for mode in ("light", "dark"):
            current_theme().set_mode(mode)
            for index in range(live.tabs.count()):
                live.tabs.setCurrentIndex(index)
                view = live.tabs.currentWidget()
                assert isinstance(view, InsightView)
                view.refresh()
                live.grab()


def test_colors_tell_signs_apart_in_both_themes() -> None:
    for palette in (LIGHT, DARK):
        below, zero, above = signed_colors(np.array([-2.0, 0.0, 2.0]), 1.0, palette).tolist()
        assert QColor(*below).name() == palette.series[0]
        assert QColor(*zero).name() == palette.surface
        assert QColor(*above).name() == palette.series[1]
        unknown = signed_colors(np.array([np.nan]), 1.0, palette)[0].tolist()
        assert QColor(*unknown).name() == palette.surface
        full = strength_colors(np.array([1.0]), palette)[0].tolist()
        assert QColor(*full).name() == palette.series[0]


@pytest.mark.parametrize(
    ("source", "model", "said"),
    [("digits", "cnn", "Filters"), ("digits", "mlp", ""), ("river.csv", "mlp", "Forecasts")],
)
def test_only_what_the_model_has_is_promised(source: str, model: str, said: str) -> None:
    text = promise(fake_profile(source), model)
    assert text.startswith(said)
    assert bool(text) == bool(said)
