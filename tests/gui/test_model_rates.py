"""Learning rates on the Model page: found by trying, scheduled, and stopped; forms of training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine.errors import Problem
from engine.events.commands import Control, FindRate, Train
from engine.events.messages import RatesTried, Rejected
from engine.spec.signature import Kind, Output
from engine.spec.training_spec import ScheduleSpec
from gui.pages.model.model_page import ModelPage
from gui.pages.model.rate_view import RateView
from gui.plots.rate_curve import RateCurve
from gui.plots.rate_plot import RatePlot
from gui.state.draft import Draft
from gui.state.rate_controller import RateState
from gui.widgets.parameter_fields import ChoiceField, NumberField
from gui.widgets.parameter_form import ParameterForm
from tests.gui.frame_fixtures import PageStage, page_stage

DIGITS = Draft(source="digits", model="cnn")
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[ModelPage]]:
    with page_stage(qtbot, tmp_path, ModelPage) as made:
        with qtbot.waitSignal(made.controller.drafts.model_changed, check_params_cb=bool):
            made.controller.drafts.set_draft(DIGITS)
        yield made


def find(on: PageStage[ModelPage]) -> RateView:
    """Presses the button below the learning rate."""
    on.qtbot.mouseClick(on.page.forms.rate_button, LEFT)
    assert on.page.rates is not None
    return on.page.rates


def reaches(on: PageStage[ModelPage], state: RateState) -> RateView:
    on.qtbot.waitUntil(lambda: on.controller.rates.state is state)
    assert on.page.rates is not None
    return on.page.rates


class TestFinding:
    def test_a_press_tries_rates_for_the_draft_and_shows_the_best(
        self, on: PageStage[ModelPage]
    ) -> None:
        find(on)
        view = reaches(on, RateState.DONE)
        (asked,) = [command for command in on.engine.commands if isinstance(command, FindRate)]
        assert asked.spec == on.controller.drafts.draft.to_spec()
        assert view.plot.isVisible()
        assert len(view.plot) == len(on.engine.rates.losses)
        assert view.plot.suggestion == 0.003
        assert view.reason.text() == on.engine.rates.reason
        assert view.use_button.text() == "Use 0.003"
        assert not view.stop_button.isVisible()

    def test_the_suggestion_goes_into_the_draft_and_nothing_else_changes(
        self, on: PageStage[ModelPage]
    ) -> None:
        on.controller.drafts.set_draft(on.controller.drafts.draft.with_training({"epochs": 4}))
        find(on)
        view = reaches(on, RateState.DONE)
        on.qtbot.mouseClick(view.use_button, LEFT)
        assert on.controller.drafts.draft.training == {"epochs": 4, "learning_rate": 0.003}
        assert on.page.forms.training_form.field("learning_rate").value() == 0.003
        assert view.use_button.text() == "0.003 is used"
        assert not view.use_button.isEnabled()
        assert on.controller.rates.state is RateState.DONE  # it still holds

    def test_the_curve_grows_and_stop_keeps_what_was_tried(self, on: PageStage[ModelPage]) -> None:
        on.engine.try_rates.close()
        view = find(on)
        on.qtbot.waitUntil(lambda: len(view.plot) == 30)
        assert view.plot.isVisible()
        assert view.stop_button.isVisible()
        assert not view.use_button.isVisible()
        on.qtbot.mouseClick(view.stop_button, LEFT)
        reaches(on, RateState.DONE)
        assert on.engine.controls == [Control.STOP]
        assert len(view.plot) == 30
        assert view.reason.text().startswith("Stopped before the end.")
        assert not view.use_button.isVisible()

    def test_it_can_be_tried_again(self, on: PageStage[ModelPage]) -> None:
        find(on)
        view = reaches(on, RateState.DONE)
        on.engine.try_rates.close()
        on.qtbot.mouseClick(view.again_button, LEFT)
        reaches(on, RateState.TRYING)
        assert view.plot.suggestion is None
        on.engine.try_rates.open()
        reaches(on, RateState.DONE)

    def test_what_goes_wrong_is_said_with_a_way_on(self, on: PageStage[ModelPage]) -> None:
        on.engine.rejections["rates"] = Rejected("It does not fit.", "Make it smaller.")
        find(on)
        view = reaches(on, RateState.FAILED)
        assert view.state_panel.isVisible()
        assert view.state_panel.text.text() == "It does not fit.\nMake it smaller."
        del on.engine.rejections["rates"]
        on.qtbot.mouseClick(view.state_panel.button, LEFT)
        reaches(on, RateState.DONE)

    @pytest.mark.parametrize(
        "change",
        [
            lambda draft: draft.with_training({"batch_size": 8}),
            lambda draft: draft.with_model("mlp"),
            lambda draft: draft.with_model_parameters({"dropout": 0.5}),
            lambda draft: draft.with_seed(3),
        ],
    )
    def test_a_result_of_another_draft_is_forgotten(self, on: PageStage[ModelPage], change) -> None:
        find(on)
        view = reaches(on, RateState.DONE)
        on.controller.drafts.set_draft(change(on.controller.drafts.draft))
        assert on.controller.rates.state is RateState.NONE
        assert view.state_panel.isVisible()
        assert not view.use_button.isVisible()

    @pytest.mark.parametrize(
        "change",
        [
            lambda draft: draft.with_training({"epochs": 3, "learning_rate": 0.5}),
            lambda draft: draft.with_schedule({"name": "cosine"}),
            lambda draft: draft.with_stopping({"patience": 3}),
        ],
    )
    def test_what_does_not_matter_to_it_keeps_it(self, on: PageStage[ModelPage], change) -> None:
        find(on)
        reaches(on, RateState.DONE)
        on.controller.drafts.set_draft(change(on.controller.drafts.draft))
        assert on.controller.rates.state is RateState.DONE

    def test_data_that_is_read_anew_forgets_it(self, on: PageStage[ModelPage]) -> None:
        find(on)
        reaches(on, RateState.DONE)
        on.controller.drafts.inspect_again()
        assert on.controller.rates.state is RateState.NONE

    def test_one_under_way_is_stopped_by_another_draft(self, on: PageStage[ModelPage]) -> None:
        on.engine.try_rates.close()
        view = find(on)
        on.qtbot.waitUntil(lambda: len(view.plot) == 30)
        on.controller.drafts.set_draft(on.controller.drafts.draft.with_seed(3))
        assert on.controller.rates.state is RateState.NONE
        on.qtbot.waitUntil(lambda: on.engine.controls == [Control.STOP])
        on.engine.try_rates.open()
        find(on)
        reaches(on, RateState.DONE)

    def test_a_training_takes_the_worker(self, on: PageStage[ModelPage]) -> None:
        on.engine.try_rates.close()
        view = find(on)
        on.qtbot.waitUntil(lambda: len(view.plot) == 30)
        on.controller.start()
        reaches(on, RateState.FAILED)
        assert "A training began" in view.state_panel.text.text()
        with on.qtbot.waitSignal(on.controller.training.run_event):
            pass
        assert isinstance(on.engine.commands[-1], Train)
        on.qtbot.waitUntil(lambda: not on.controller.training.is_active)

    def test_the_tab_alone_asks_nothing(self, on: PageStage[ModelPage]) -> None:
        on.page.tabs.setCurrentIndex(on.page._rates_index)
        view = on.page.rates
        assert view is not None
        assert view.state_panel.button.text() == "Try learning rates"
        assert on.controller.rates.state is RateState.NONE


class TestForms:
    def _choose(self, on: PageStage[ModelPage], form: ParameterForm, name: str, value) -> None:
        with on.qtbot.waitSignal(on.controller.drafts.draft_changed):
            field = form.field(name)
            if isinstance(field, ChoiceField):
                field.set_value(value)
            else:
                assert isinstance(field, NumberField)
                edit = field.findChild(QLineEdit)
                assert edit is not None
                edit.selectAll()
                QTest.keyClicks(edit, value)

    def test_every_group_is_in_the_draft(self, on: PageStage[ModelPage]) -> None:
        forms = on.page.forms
        self._choose(on, forms.schedule_form, "name", "cosine")
        self._choose(on, forms.stopping_form, "patience", "4")
        self._choose(on, forms.execution_form, "device", "cpu")
        self._choose(on, forms.training_form, "clip_norm", "1.5")
        draft = on.controller.drafts.draft
        assert draft.schedule == {"name": "cosine"}
        assert draft.stopping == {"patience": 4}
        assert draft.execution == {"device": "cpu"}
        assert draft.training == {"clip_norm": 1.5}

    def test_only_what_the_schedule_needs_is_shown(self, on: PageStage[ModelPage]) -> None:
        form = on.page.forms.schedule_form
        needed = {
            "constant": set(),
            "cosine": {"final"},
            "exponential": {"final"},
            "step": {"every", "factor"},
        }
        for name, shown in needed.items():
            on.controller.drafts.set_draft(on.controller.drafts.draft.with_schedule({"name": name}))
            visible = {
                field
                for field in ("final", "every", "factor")
                if form.field(field).isVisibleTo(form)
            }
            assert visible == shown, name

    def test_details_of_rules_are_shown_with_the_rules(self, on: PageStage[ModelPage]) -> None:
        schedule, stopping = on.page.forms.schedule_form, on.page.forms.stopping_form
        assert schedule.fold is not None
        assert stopping.fold is not None
        assert schedule.fold.isHidden()
        assert not stopping.fold.isHidden()  # early stopping is on by itself
        draft = on.controller.drafts.draft.with_stopping({"patience": 0})
        on.controller.drafts.set_draft(draft)
        assert stopping.fold.isHidden()
        on.controller.drafts.set_draft(draft.with_schedule({"plateau_patience": 2}))
        assert not schedule.fold.isHidden()
        assert not stopping.fold.isHidden()  # what counts as an improvement is said there
        assert not stopping.field("start_from").isVisibleTo(stopping)
        on.controller.drafts.set_draft(draft.with_stopping({"patience": 2}))
        assert schedule.fold.isHidden()
        assert not stopping.fold.isHidden()

    def test_label_smoothing_is_for_classes(self, on: PageStage[ModelPage]) -> None:
        forms = on.page.forms
        fold = forms.training_form.fold
        assert fold is not None
        fold.set_open(True)
        field = forms.training_form.field("label_smoothing")
        for kind, output, is_shown in (
            (Kind.TABLE, Output.NUMBERS, False),
            (Kind.TEXT, Output.TOKENS, True),
            (Kind.AUDIO, Output.TOKENS, False),
            (Kind.IMAGE, Output.CLASSES, True),
        ):
            forms.show_kind(kind, output)
            assert field.isVisibleTo(forms) is is_shown, (kind, output)

    @pytest.mark.parametrize(
        "path",
        ["schedule.warmup", "stopping.patience", "execution.xla", "training.label_smoothing"],
    )
    def test_problems_are_shown_at_their_fields(self, on: PageStage[ModelPage], path: str) -> None:
        on.page.forms.show_kind(Kind.TABLE, Output.NUMBERS)
        rest = on.page.forms.show_problems((Problem(path, "Is wrong.", "Mend it."),))
        assert rest == ()
        assert on.page.focus_field(path)
        group, _, name = path.partition(".")
        form = getattr(on.page.forms, f"{group}_form")
        assert form.error_text(name) == "Is wrong. Mend it."


class TestScheduleCurve:
    def test_is_drawn_where_the_rate_changes(self, on: PageStage[ModelPage]) -> None:
        form = on.page.forms.schedule_form
        assert form.curve is None
        draft = on.controller.drafts.draft.with_training({"learning_rate": 0.5, "epochs": 8})
        on.controller.drafts.set_draft(draft.with_schedule({"name": "step", "every": 2}))
        assert form.curve is not None
        epochs, rates = form.curve.shown
        assert (epochs[0], epochs[-1]) == (0, 8)
        assert set(np.unique(rates)) == {0.5, 0.25, 0.125, 0.0625, 0.03125}
        on.controller.drafts.set_draft(draft)
        assert form.curve.isHidden()

    def test_takes_what_is_automatic_from_the_model(self, on: PageStage[ModelPage]) -> None:
        with on.qtbot.waitSignal(
            on.controller.drafts.model_changed, check_params_cb=bool
        ) as answer:
            on.controller.drafts.set_draft(
                on.controller.drafts.draft.with_schedule({"name": "cosine"})
            )
        training = answer.args[0].spec.training
        curve = on.page.forms.schedule_form.curve
        assert curve is not None
        epochs, rates = curve.shown
        assert epochs[-1] == training.epochs
        assert rates[0] == np.float32(training.learning_rate)

    @pytest.mark.parametrize("training", [{"epochs": "many"}, {"learning_rate": -1}, {"epochs": 0}])
    def test_is_hidden_while_something_is_wrong(
        self, on: PageStage[ModelPage], training: dict
    ) -> None:
        draft = on.controller.drafts.draft.with_schedule({"name": "cosine"})
        on.controller.drafts.set_draft(draft.with_training({"epochs": 5, "learning_rate": 0.1}))
        on.controller.drafts.set_draft(draft.with_training({"learning_rate": 0.1, **training}))
        curve = on.page.forms.schedule_form.curve
        assert curve is not None
        assert curve.isHidden()

    @pytest.mark.parametrize("epochs", [1, 7, 400, 100_000])
    def test_has_few_points_whatever_the_length(self, qtbot: QtBot, epochs: int) -> None:
        curve = RateCurve()
        qtbot.addWidget(curve)
        curve.show_schedule(0.1, ScheduleSpec(name="cosine"), epochs)
        curve.redraw()
        places, rates = curve.shown
        assert 100 < len(places) == len(rates) < 1000
        assert places[-1] == pytest.approx(epochs, rel=0.01)
        assert rates[0] == np.float32(0.1)


class TestRatePlot:
    def test_an_explosion_leaves_the_axis(self, qtbot: QtBot) -> None:
        plot = RatePlot()
        qtbot.addWidget(plot)
        rates = np.geomspace(1e-7, 1.0, 50)
        losses = np.r_[np.full(30, 2.0), np.linspace(2, 0.5, 18), 40.0, 1e6]
        plot.set_result(rates, losses, 1e-3)
        plot.redraw()
        low, high = plot.view.viewRange()[1]
        assert low < 0.5
        assert 2.0 < high < 4.0
        assert plot.view.viewRange()[0] == pytest.approx([-7.32, 1.32])
        assert plot.mark.value() == pytest.approx(-3)
        values = {entry.name: entry.value for entry in plot.legend.entries}
        assert values["Suggestion"] == "0.001"

    def test_nothing_tried_is_no_mistake(self, qtbot: QtBot) -> None:
        plot = RatePlot()
        qtbot.addWidget(plot)
        empty = RatesTried(np.empty(0, np.float32), np.empty(0, np.float32), None, "Nothing.")
        plot.set_result(empty.learning_rates, empty.losses, empty.suggestion)
        plot.redraw()
        assert len(plot) == 0
