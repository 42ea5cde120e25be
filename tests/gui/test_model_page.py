"""The Model page: what fits, what is set, and the layers that come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine.architectures import ARCHITECTURES
from engine.errors import Problem
from engine.events.commands import DescribeModel
from engine.events.messages import LayerInfo, Rejected
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.runs.store import RunStore
from engine.runs.verdicts import findings_text
from engine.spec.parameters import describe
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Task
from gui.network.layer_view import LayerView, takes_from
from gui.pages.model.model_cards import ModelCards
from gui.pages.model.model_page import ModelPage
from gui.state.draft import Draft
from gui.state.draft_controller import DraftController
from gui.state.run_repository import Listing, RunRepository
from gui.widgets.parameter_fields import ChoiceField, NumberField
from tests.gui.frame_fixtures import PageStage, page_stage

DIGITS = Draft(source="digits", model="cnn")
LINE = Draft(source="noisy_line", model="linear_regression")


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[ModelPage]]:
    with page_stage(qtbot, tmp_path, ModelPage) as made:
        yield made


def show(on: PageStage[ModelPage], draft: Draft) -> None:
    with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
        on.controller.drafts.set_draft(draft)
    on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)


def asked(on: PageStage[ModelPage]) -> dict[str, object]:
    commands = [command for command in on.engine.commands if isinstance(command, DescribeModel)]
    return commands[-1].spec


class TestPicking:
    def test_without_data_it_leads_to_data(self, on: PageStage[ModelPage]) -> None:
        assert on.page.empty_panel.isVisible()
        with on.qtbot.waitSignal(on.page.page_requested) as wanted:
            on.qtbot.mouseClick(on.page.empty_panel.button, Qt.MouseButton.LeftButton)
        assert wanted.args == ["data"]

    def test_what_does_not_fit_says_why_and_cannot_be_picked(
        self, on: PageStage[ModelPage]
    ) -> None:
        show(on, DIGITS)
        cards = {card.name: card for card in on.page.cards.cards}
        assert "image" in cards["linear_regression"].obstacle
        assert cards["cnn"].obstacle == ""
        obstacles = [bool(card.obstacle) for card in on.page.cards.cards]
        assert obstacles == sorted(obstacles)
        index = on.page.cards._index_of("linear_regression")
        place = on.page.cards.visualRect(index).center()
        on.qtbot.mouseClick(on.page.cards.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert on.controller.drafts.draft.model == "cnn"

    def test_the_recommended_one_comes_first_and_is_marked(self, on: PageStage[ModelPage]) -> None:
        show(on, LINE)
        first = on.page.cards.cards[0]
        assert (first.name, first.badge, first.is_marked) == (
            "linear_regression",
            "recommended",
            True,
        )
        assert not any(card.is_marked for card in on.page.cards.cards[1:])

    @pytest.mark.parametrize(
        ("source", "kind", "task", "recommended"),
        [
            ("mackey_glass", Kind.SERIES, Task.FORECASTING, "series_hybrid"),  # brings none along
            ("iris", Kind.TABLE, Task.ANOMALY, "table_prototypes"),  # brings one for classes
        ],
    )
    def test_one_is_recommended_whatever_is_asked_of_the_data(
        self, source: str, kind: Kind, task: Task, recommended: str
    ) -> None:
        profile = SimpleNamespace(signature=SimpleNamespace(kind=kind, task=task))
        drafts = SimpleNamespace(profile=profile, draft=Draft(source=source))
        runs = SimpleNamespace(runs=())
        cards = ModelCards(cast(DraftController, drafts), cast(RunRepository, runs)).cards(())
        assert [card.name for card in cards if card.is_marked] == [recommended]

    def test_what_did_better_on_this_data_is_recommended_from_then_on(
        self, on: PageStage[ModelPage], tmp_path: Path
    ) -> None:
        show(on, Draft(source="moons", model="mlp"))
        evidence = {"baseline": "linear", "metric": "accuracy", "baseline_value": 0.97}
        finding = Finding(FindingKind.WORSE_THAN_BASELINE, Severity.WARNING, "Better.", evidence)
        data = {"source": "moons", "target": None, "task": "classification"}
        spec = RunSpec.from_dict({"data": data, "model": {"name": "mlp"}})
        with RunStore(tmp_path) as store:
            made = store.create(spec, "Mine", "Moons", "MLP")
        told = replace(made, findings_json=findings_text([finding]))
        on.controller.repository._on_runs(Listing((told,)))
        first, second = on.page.cards.cards[:2]
        assert (first.name, first.badge) == ("logistic_regression", "recommended")
        assert first.text == "In “Mine” linear did better: accuracy 97.0 %."
        assert not second.badge
        assert on.page.cards.current_name == "mlp"  # nobody's choice is changed

    def test_another_one_is_picked_with_its_words_and_settings(
        self, on: PageStage[ModelPage]
    ) -> None:
        show(on, DIGITS)
        index = on.page.cards._index_of("mlp")
        with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
            on.qtbot.mouseClick(
                on.page.cards.viewport(),
                Qt.MouseButton.LeftButton,
                pos=on.page.cards.visualRect(index).center(),
            )
        mlp = ARCHITECTURES["mlp"]
        assert on.controller.drafts.draft.model == "mlp"
        assert on.page.title.text() == mlp.title
        assert on.page.summary.text() == mlp.summary
        assert on.page.formula.text() == mlp.formula
        form = on.page.forms.form
        assert form is not None
        for item in describe(mlp.parameters):
            assert form.field(item.name).accessibleName().startswith(item.label)


class TestSetting:
    def test_what_is_typed_is_asked_once_the_person_pauses(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        epochs = on.page.forms.training_form.field("epochs")
        with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
            QTest.keyClicks(epochs.findChild(QLineEdit), "25")
        assert asked(on)["training"] == {"epochs": 25}

    def test_automatic_shows_what_the_engine_chose(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        cnn = ARCHITECTURES["cnn"].defaults
        batch = on.page.forms.training_form.field("batch_size")
        optimizer = on.page.forms.training_form.field("optimizer")
        assert isinstance(batch, NumberField)
        assert isinstance(optimizer, ChoiceField)
        assert batch.lineEdit().placeholderText() == f"automatic: {cnn.batch_size}"
        assert optimizer.currentText() == f"automatic: {cnn.optimizer}"

    def test_mistakes_show_at_their_fields_and_hold_the_way_on(
        self, on: PageStage[ModelPage]
    ) -> None:
        show(on, DIGITS)
        on.engine.rejections["cnn"] = Rejected(
            "",
            problems=(
                Problem("model.parameters.kernel_size", "Nothing is left.", "Use 3."),
                Problem("training.loss", "Does not fit."),
            ),
        )
        with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
            on.controller.drafts.set_draft(DIGITS.with_model_parameters({"kernel_size": 15}))
        form = on.page.forms.form
        assert form is not None
        assert form.error_text("kernel_size") == "Nothing is left. Use 3."
        assert on.page.forms.training_form.error_text("loss") == "Does not fit."
        assert "marked" in on.page.state_panel.text.text()
        assert not on.page.next_button.isEnabled()
        del on.engine.rejections["cnn"]
        show(on, DIGITS)
        assert form.error_text("kernel_size") == ""
        assert on.page.next_button.isEnabled()

    def test_only_what_makes_sense_for_the_task_is_offered(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        scaling = on.page.forms.preprocessing_form.field("target_scaling")
        loss = on.page.forms.training_form.field("loss")
        assert isinstance(loss, ChoiceField)
        assert not scaling.isVisible()
        assert loss.findData("mean_squared_error") < 0
        show(on, LINE)
        assert scaling.isVisible()
        assert loss.findData("mean_squared_error") > 0

    def test_wrong_data_is_said_as_such_and_leads_there(self, on: PageStage[ModelPage]) -> None:
        problem = Rejected("", problems=(Problem("split.test", "Too much kept aside."),))
        on.engine.rejections["digits"] = on.engine.rejections["cnn"] = problem
        with on.qtbot.waitSignals(
            [on.controller.drafts.model_rejected, on.controller.drafts.data_rejected]
        ):
            on.controller.drafts.set_draft(DIGITS)
        assert on.page.state_panel.title.text() == "The data cannot be used yet"
        assert "Too much kept aside." in on.page.state_panel.text.text()
        with on.qtbot.waitSignal(on.page.page_requested) as wanted:
            on.qtbot.mouseClick(on.page.state_panel.button, Qt.MouseButton.LeftButton)
        assert wanted.args == ["data"]


class TestLayers:
    def test_tensorflow_getting_ready_is_said(self, qtbot: QtBot, tmp_path: Path) -> None:
        with page_stage(qtbot, tmp_path, ModelPage, is_warm=False) as on:
            on.engine.describe.close()
            on.controller.drafts.set_draft(DIGITS)
            title = on.page.state_panel.title
            qtbot.waitUntil(lambda: "TensorFlow is getting ready" in title.text())
            assert on.page.next_button.isEnabled()
            on.engine.warm_up.open()
            qtbot.waitUntil(lambda: "Building" in title.text())
            with qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
                on.engine.describe.open()
            assert on.page.tabs.layers.isVisible()

    def test_layers_and_totals_are_shown_before_training(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        model = on.controller.drafts.model
        assert model is not None
        assert on.page.tabs.layers.layers == model.layers
        assert on.page.tabs.layers.layers[0].type == "Input"
        assert on.page.totals.text() == "3 parameters"

    def test_a_layer_is_read_aloud_in_full(self, qtbot: QtBot) -> None:
        view = LayerView()
        qtbot.addWidget(view)
        view.set_layers([LayerInfo("conv", "Conv2D", (26, 26, 32), 18_496, "32 filters")])
        spoken = view.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert spoken == "Conv2D conv: output 26×26×32, 18,496 parameters"

    def test_arrows_join_only_what_follows_on_each_other(self) -> None:
        left = LayerInfo("left", "Conv1D", (24, 8), 0, "", inputs=("tokens",))
        right = LayerInfo("right", "Conv1D", (24, 8), 0, "", inputs=("tokens",))
        joined = LayerInfo("joined", "Concatenate", (24, 16), 0, "", inputs=("left", "right"))
        assert not takes_from(right, left)
        assert takes_from(joined, right)

    def test_next_leads_to_training(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        with on.qtbot.waitSignal(on.page.page_requested) as wanted:
            on.qtbot.mouseClick(on.page.next_button, Qt.MouseButton.LeftButton)
        assert wanted.args == ["train"]
