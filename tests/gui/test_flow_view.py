"""Gradient flow on screen: the map, its numbers, and what it means in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.events.insights import GradientFlow
from engine.events.run_events import RunState
from engine.runs.store import RunStore
from gui.insights.flow_view import FlowView
from gui.insights.flow_words import Mark, findings
from gui.insights.live_panel import LivePanel
from gui.pages.results.results_page import ResultsPage
from gui.plots import flow_data
from gui.plots.flow_data import FlowHistory, FlowScale, Quantity
from gui.plots.flow_map import FlowMap, epoch_text, quantity_text, scale_ticks
from gui.style.theme import current_theme
from tests.gui.run_fixtures import MOONS, Stage, stage

LAYERS = ("dense", "dense_1", "dense_2", "output")
HEALTHY = (0.1, 0.2, 0.3, 0.4)


def measured(
    step: int = 40,
    gradients: tuple[float, ...] = HEALTHY,
    ratios: tuple[float, ...] = (1e-3, 1e-3, 2e-3, 1e-3),
    dead: tuple[float, ...] = (0.0, 0.25, 0.0, np.nan),
) -> GradientFlow:
    arrays = (np.array(one, np.float32) for one in (gradients, (1.0, 2.0, 3.0, 4.0), ratios, dead))
    return GradientFlow("run", step, step / 20, LAYERS, *arrays)


def history(*events: GradientFlow) -> FlowHistory:
    found = FlowHistory()
    for event in events:
        found.add(event)
    return found


def shown(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.addWidget(widget)
    widget.resize(360, 400)
    with qtbot.waitExposed(widget):
        widget.show()


@pytest.fixture
def view(qtbot: QtBot) -> FlowView:
    made = FlowView()
    shown(qtbot, made)
    return made


def show(view: FlowView, *events: GradientFlow) -> None:
    for event in events:
        view.show_insight(event)
    view.throttle.flush()


class TestHistory:
    def test_it_grows_and_gives_back_what_it_was_told(self) -> None:
        events = [measured(step, tuple(np.array(HEALTHY) * step)) for step in range(1, 200)]
        found = history(*events)
        assert len(found) == 199
        np.testing.assert_allclose(found.epochs, np.arange(1, 200) / 20)
        np.testing.assert_allclose(
            found.values(Quantity.GRADIENT), np.outer(HEALTHY, np.arange(1, 200)), rtol=1e-6
        )
        assert found.newest(Quantity.WEIGHT).tolist() == [1.0, 2.0, 3.0, 4.0]
        assert found.step(-1) == 199

    def test_a_run_that_goes_back_forgets_what_came_after(self) -> None:
        found = history(*(measured(step) for step in (10, 20, 30)), measured(20, (1.0,) * 4))
        assert [found.step(place) for place in range(len(found))] == [10, 20]
        assert found.newest(Quantity.GRADIENT).tolist() == [1.0] * 4

    def test_what_was_before_is_put_before_what_is_there(self) -> None:
        found = history(measured(30), measured(40))
        found.put_before([measured(10), measured(20), measured(35)])
        assert [found.step(place) for place in range(len(found))] == [10, 20, 30, 40]
        empty = FlowHistory()
        empty.put_before([measured(10), measured(20)])
        assert len(empty) == 2

    def test_it_stays_small_however_long_the_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(flow_data, "MAX_MEASUREMENTS", 10)
        found = history(*(measured(step) for step in range(100)))
        assert len(found) <= 10
        assert found.step(0) == 0
        assert found.step(-1) == 99

    def test_another_model_begins_anew(self) -> None:
        found = history(measured(10))
        one = np.ones(1, np.float32)
        found.add(GradientFlow("run", 20, 1.0, ("alone",), one, one, one, one))
        assert found.layers == ("alone",)
        assert len(found) == 1

    def test_time_runs_evenly_over_the_columns(self) -> None:
        found = history(measured(0), measured(60), measured(80))
        assert found.places(6).tolist() == [0, 0, 0, 1, 2, 2]
        assert found.measurement_at(0.0) == 0
        assert found.measurement_at(1.0) == 2

    def test_scales_are_whole_decades_and_what_has_no_place_is_none(self) -> None:
        found = history(measured(0, (3e-4, 0.02, 0.0, np.nan)))
        scale = found.scale(Quantity.GRADIENT)
        assert (scale.low, scale.high, scale.is_log) == (-4.0, -1.0, True)
        places = scale.places(np.array([1e-4, 0.1, 1e9, np.inf, 0.0, np.nan]))
        assert places[:4].tolist() == [0.0, 1.0, 1.0, 1.0]
        assert np.isnan(places[4:]).all()
        assert found.scale(Quantity.DEAD) == FlowScale(0.0, 1.0, is_log=False)
        assert history(measured(0, (0.0,) * 4)).scale(Quantity.GRADIENT).high == 0.0


class TestWords:
    def test_a_healthy_network_is_told_what_healthy_is(self) -> None:
        found = findings(history(measured()))
        assert found.marks == {}
        assert found.text.startswith("Every layer learns: a step changes 0.0010 to 0.0020")

    def test_gradients_that_fall_towards_the_input_vanish(self) -> None:
        found = findings(history(measured(gradients=(1e-5, 1e-3, 0.01, 0.5))))
        assert found.marks == {0: Mark.VANISHING}
        assert "that of dense is 50,000 times smaller than that of output" in found.text

    def test_a_layer_that_hardly_changes_while_others_do_vanishes(self) -> None:
        found = findings(history(measured(ratios=(1e-8, 1e-7, 1e-3, 1e-3))))
        assert found.marks == {0: Mark.VANISHING, 1: Mark.VANISHING}
        assert "vanish in dense, dense_1" in found.text

    def test_a_training_that_has_come_to_rest_is_no_vanishing(self) -> None:
        found = findings(history(measured(ratios=(1e-8,) * 4)))
        assert found.marks == {}
        assert "No layer changes any more" in found.text

    @pytest.mark.parametrize(
        ("gradients", "ratios"),
        [((1.0, np.inf, 1.0, 1.0), (1e-3,) * 4), ((1.0,) * 4, (1e-3, 0.5, 1e-3, 1e-3))],
    )
    def test_steps_far_too_large_and_gradients_beyond_numbers_explode(
        self, gradients: tuple[float, ...], ratios: tuple[float, ...]
    ) -> None:
        found = findings(history(measured(gradients=gradients, ratios=ratios)))
        assert found.marks == {1: Mark.EXPLODING}
        assert "explode in dense_1" in found.text

    def test_gradients_that_grow_towards_the_input_explode(self) -> None:
        found = findings(history(measured(gradients=(500.0, 3.0, 0.5, 0.1))))
        assert found.marks == {0: Mark.EXPLODING}
        assert "5,000 times larger" in found.text

    def test_dead_units_are_told_with_their_share(self) -> None:
        found = findings(history(measured(dead=(0.2, 0.5, 0.75, np.nan))))
        assert found.marks == {1: Mark.DEAD, 2: Mark.DEAD}
        assert "75 % of the units of dense_2 are dead" in found.text

    def test_one_odd_batch_says_nothing(self) -> None:
        odd = measured(50, ratios=(0.5, 1e-3, 1e-3, 1e-3))
        assert findings(history(*(measured(step) for step in range(10, 14)), odd)).marks == {}

    def test_layers_without_a_ratio_are_neither_still_nor_wild(self) -> None:
        assert findings(history(measured(ratios=(np.nan, 1e-3, 1e-3, 1e-3)))).marks == {}
        assert findings(history(measured(ratios=(np.nan,) * 4))).text == ""
        assert findings(FlowHistory()).text == ""


class TestView:
    def test_it_draws_when_something_is_measured_and_not_more_often(self, view: FlowView) -> None:
        before = view.throttle.n_redraws
        show(view, *(measured(step) for step in range(1, 30)))
        assert view.throttle.n_redraws == before + 1
        assert view.map.scale is not None
        assert "Every layer learns" in view.note.text()

    def test_the_quantity_is_chosen(self, view: FlowView) -> None:
        show(view, measured())
        seen = []
        for index, quantity in enumerate(Quantity):
            view.quantity.setCurrentIndex(index)
            view.throttle.flush()
            assert view.shown_quantity is quantity
            seen.append(view.map.accessibleName())
        assert len(set(seen)) == len(Quantity)
        assert view.map.scale == FlowScale(0.0, 1.0, is_log=False)
        assert "Hatched: units that cannot die." in view.pointed.text()

    def test_the_mouse_tells_exact_values_and_leaves_none_behind(
        self, view: FlowView, qtbot: QtBot
    ) -> None:
        show(view, measured(20), measured(40, (0.0005, 0.2, 0.3, 0.4)))
        rect = view.map.picture_rect()
        corner = QPointF(rect.right() - 2, rect.top() + 2).toPoint()
        qtbot.mouseMove(view.map, corner)
        assert view.pointed.text() == (
            "dense, epoch 2.00 (step 40): gradient 0.00050, update ÷ weights 0.0010, "
            "weights 1.0, dead 0 %"
        )
        assert view.map.accessibleDescription() == view.pointed.text()
        view.map.grab()
        qtbot.mouseMove(view.map, QPoint(2, 2))
        assert view.pointed.text().startswith("Point at a cell")

    def test_arrow_keys_go_through_layers_and_time(self, view: FlowView, qtbot: QtBot) -> None:
        show(view, *(measured(step) for step in (20, 40, 60)))
        view.map.setFocus()
        keys = Qt.Key
        for key, place in (
            (keys.Key_Down, (0, 2)),  # the first press begins at the newest
            (keys.Key_Down, (1, 2)),
            (keys.Key_Left, (1, 1)),
            (keys.Key_Home, (1, 0)),
            (keys.Key_Left, (1, 0)),
            (keys.Key_End, (1, 2)),
            (keys.Key_Up, (0, 2)),
            (keys.Key_Up, (0, 2)),
        ):
            qtbot.keyClick(view.map, key)
            assert view.map.cursor_place == place
        assert view.pointed.text().startswith("dense, epoch 3.00")
        view.map.grab()
        qtbot.keyClick(view.map, keys.Key_Escape)
        assert view.map.cursor_place is None

    def test_a_run_that_cannot_be_measured_says_why(self, view: FlowView) -> None:
        show(view, GradientFlow.unavailable("run", "Several devices share each batch."))
        assert view.note.text() == "Several devices share each batch."
        assert view.map.isHidden()
        view.map.grab()

    def test_all_of_a_stored_run_at_once(self, view: FlowView) -> None:
        show(view, measured(10))
        view.show_all([measured(step) for step in (100, 200)])
        view.throttle.flush()
        assert len(view.history) == 2

    def test_it_can_be_looked_at_in_both_themes_with_few_layers_and_many(
        self, view: FlowView
    ) -> None:
        show(view, measured(gradients=(0.0, np.nan, 1e-9, 1.0)))
        names = tuple(f"block_{place}/convolution" for place in range(120))
        values = [np.full(120, value, np.float32) for value in (0.1, 1.0, 1e-3, np.nan)]
        for mode in ("light", "dark"):
            current_theme().set_mode(mode)
            view.grab()
        show(view, GradientFlow("run", 1, 0.1, names, *values))
        view.grab()


class TestNumbers:
    def test_quantities(self) -> None:
        assert quantity_text(Quantity.GRADIENT, 0.28) == "0.28"
        assert quantity_text(Quantity.DEAD, 0.126) == "13 %"
        assert quantity_text(Quantity.DEAD, np.nan) == "–"

    def test_epochs(self) -> None:
        assert [epoch_text(value) for value in (0.0, 0.5, 12.4, 1234.0)] == [
            "0",
            "0.50",
            "12",
            "1,234",
        ]

    def test_ticks_are_as_many_as_there_is_room_for(self) -> None:
        scale = FlowScale(-8.0, 0.0, is_log=True)
        assert [exponent for exponent, _ in scale_ticks(scale, 5)] == [-8, -6, -4, -2, 0]
        assert [exponent for exponent, _ in scale_ticks(scale, 3)] == [-8, -4, 0]
        assert [text for _, text in scale_ticks(FlowScale(0, 1, is_log=False), 9)] == [
            "0 %",
            "50 %",
            "100 %",
        ]


def test_it_is_a_tab_of_a_run_and_what_was_before_it_went_on_comes_first(qtbot: QtBot) -> None:
    live = LivePanel()
    shown(qtbot, live)
    live.show_flow_before([])
    assert live.titles == ()
    live.add(measured(60))
    assert live.titles == ("Gradient flow",)
    live.show_flow_before([measured(20), measured(40)])
    view = live.view(GradientFlow)
    assert isinstance(view, FlowView)
    assert len(view.history) == 3


class TestResults:
    @pytest.fixture
    def on(self, qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[ResultsPage]]:
        with stage(qtbot, tmp_path, ResultsPage) as made:
            yield made

    def test_a_stored_run_opens_with_its_heat_map(self, on: Stage[ResultsPage]) -> None:
        with on.qtbot.waitSignal(on.controller.repository.result_read):
            run = on.train(MOONS)
        assert "inside" not in on.page.tabs.names
        with RunStore(on.engine.workspace) as store:
            flow = [GradientFlow(run, *_rest(measured(step))) for step in (20, 40)]
            store.record(flow)
        with on.qtbot.waitSignal(on.controller.repository.result_read):
            on.page.show_run(run)
        assert "inside" not in on.page.tabs._made  # nobody has looked yet
        on.page.tabs.show_tab("inside")
        view = on.page.tabs.view("inside").flow
        on.qtbot.waitUntil(view.isVisible)
        assert len(view.history) == 2
        assert on.controller.training.state is RunState.FINISHED


def _rest(event: GradientFlow) -> tuple[object, ...]:
    return (
        event.step,
        event.epoch,
        event.layers,
        event.gradient_norms,
        event.weight_norms,
        event.update_ratios,
        event.dead_units,
    )


def test_the_map_alone_is_empty_and_takes_keys_calmly(qtbot: QtBot) -> None:
    alone = FlowMap()
    shown(qtbot, alone)
    alone.grab()
    qtbot.keyClick(alone, Qt.Key.Key_Down)
    assert alone.cursor_place is None
    assert alone.place_at(QPointF(100, 50)) is None
