"""The form made from declared parameters: every kind, every mistake, both directions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from engine.architectures import ARCHITECTURES
from engine.datasets import DATASETS
from engine.errors import Problem
from engine.spec.parameters import Parameter, Parameters, describe, parameter
from engine.spec.run_spec import PreprocessingSpec, SplitSpec
from engine.spec.training_spec import ExecutionSpec, ScheduleSpec, StoppingSpec, TrainingSpec
from gui.widgets.parameter_fields import (
    ChoiceField,
    IntegerListField,
    NumberField,
    SwitchField,
    TextField,
)
from gui.widgets.parameter_form import FieldRow, ParameterForm


class Everything(Parameters):
    count: int = parameter(8, label="Count", help="How many.", unit="things", ge=1, le=500)
    share: float = parameter(0.25, label="Share", help="A share.", ge=0.0, le=1.0)
    rate: float | None = parameter(None, label="Rate", help="A rate.", gt=0.0)
    shape: Literal["round", "square"] = parameter("round", label="Shape", help="The shape.")
    mood: Literal["calm", "wild"] | None = parameter(None, label="Mood", help="The mood.")
    wanted: bool = parameter(False, label="Wanted", help="Yes or no.")
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = parameter(
        (4, 2), label="Sizes", help="Several.", min_length=1, max_length=3
    )
    word: str = parameter("hello", label="Word", help="A word.", advanced=True)


def allowed(item: Parameter) -> Any:
    """A value that a parameter takes: its default, or one in its range."""
    if item.default is not None:
        return item.default
    if item.choices:
        return item.choices[0]
    low = item.minimum or 0
    if not item.minimum_excluded:
        return low
    return (low + (low + 2 if item.maximum is None else item.maximum)) / 2


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    made = ParameterForm(Everything, "model.parameters")
    qtbot.addWidget(made)
    made.show()
    return made


def type_into(form: ParameterForm, name: str, text: str) -> None:
    field = form.field(name)
    line = field.line_edit if isinstance(field, IntegerListField) else field
    edit = line if isinstance(line, QLineEdit) else line.findChild(QLineEdit)
    assert edit is not None
    edit.selectAll()
    if text:
        QTest.keyClicks(edit, text)
    else:
        QTest.keyClick(edit, Qt.Key.Key_Delete)


class TestFields:
    def test_each_kind_has_its_editor(self, form: ParameterForm) -> None:
        kinds = {item.name: type(form.field(item.name)) for item in describe(Everything)}
        assert kinds == {
            "count": NumberField,
            "share": NumberField,
            "rate": NumberField,
            "shape": ChoiceField,
            "mood": ChoiceField,
            "wanted": SwitchField,
            "sizes": IntegerListField,
            "word": TextField,
        }

    def test_untouched_it_says_nothing_differs(self, form: ParameterForm) -> None:
        assert form.values() == {}

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("count", "12", 12),
            ("count", "12.0", 12),
            ("count", "1.5", 1.5),
            ("count", "many", "many"),
            ("share", "0,5", 0.5),
            ("share", "nan", "nan"),
            ("rate", "1e-3", 0.001),
            ("sizes", "16, 8", [16, 8]),
            ("sizes", "[16,8,]", [16, 8]),
            ("sizes", "a lot", "a lot"),
            ("sizes", "", []),
            ("word", "bye", "bye"),
        ],
    )
    def test_what_is_typed_is_the_value(
        self, form: ParameterForm, name: str, text: str, value: Any
    ) -> None:
        type_into(form, name, text)
        assert form.values() == {name: value}

    def test_an_emptied_number_is_automatic_or_the_default(self, form: ParameterForm) -> None:
        form.set_values({"rate": 0.5, "count": 9})
        type_into(form, "rate", "")
        type_into(form, "count", "")
        assert form.values() == {}

    @pytest.mark.parametrize(
        ("name", "start", "up", "down"),
        [
            ("count", 8, 9, 7),
            ("count", 64, 70, 60),
            ("count", 10, 20, 9),
            ("count", 500, 500, 400),
            ("count", 1, 2, 1),
            ("share", 0.25, 0.3, 0.2),
            ("share", 1.0, 1.0, 0.95),
            ("rate", 0.001, 0.002, 0.0005),
            ("rate", 0.3, 0.5, 0.2),
        ],
    )
    def test_stepping_stays_in_the_range(
        self, form: ParameterForm, name: str, start: float, up: float, down: float
    ) -> None:
        field = form.field(name)
        assert isinstance(field, NumberField)
        for steps, wanted in ((1, up), (-1, down)):
            field.set_value(start)
            field.stepBy(steps)
            assert field.value() == pytest.approx(wanted)

    def test_stepping_from_automatic_starts_at_what_it_means(self, form: ParameterForm) -> None:
        form.set_resolved({"rate": 0.01})
        field = form.field("rate")
        assert isinstance(field, NumberField)
        field.stepBy(1)
        assert field.value() == pytest.approx(0.02)

    def test_a_list_grows_and_shrinks_within_its_limits(
        self, form: ParameterForm, qtbot: QtBot
    ) -> None:
        field = form.field("sizes")
        assert isinstance(field, IntegerListField)
        qtbot.mouseClick(field._add, Qt.MouseButton.LeftButton)
        assert field.value() == [4, 2, 2]
        assert not field._add.isEnabled()
        for _ in range(2):
            qtbot.mouseClick(field._remove, Qt.MouseButton.LeftButton)
        assert field.value() == [4]
        assert not field._remove.isEnabled()

    def test_a_wheel_that_scrolls_the_form_changes_nothing(self, form: ParameterForm) -> None:
        form.setFocus()
        for name in ("count", "shape"):
            field = form.field(name)
            middle = QPointF(field.rect().center())
            event = QWheelEvent(
                middle,
                field.mapToGlobal(middle),
                QPoint(0, 0),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(field, event)
        assert form.values() == {}


class TestValues:
    def test_values_come_back_as_they_went_in(self, form: ParameterForm) -> None:
        values = {
            "count": 3,
            "share": 0.5,
            "rate": 2.0,
            "shape": "square",
            "mood": "wild",
            "wanted": True,
            "sizes": [9],
            "word": "x",
        }
        form.set_values(values)
        assert form.values() == values
        form.set_values({})
        assert form.values() == {}

    def test_wrong_values_come_back_too(self, form: ParameterForm) -> None:
        values = {"count": "many", "shape": "oval", "sizes": "some"}
        form.set_values(values)
        assert form.values() == values

    def test_setting_values_is_no_edit(self, form: ParameterForm, qtbot: QtBot) -> None:
        with qtbot.assertNotEmitted(form.values_changed):
            form.set_values({"count": 3})
            form.flush()

    def test_what_is_being_typed_survives_a_change_from_elsewhere(
        self, form: ParameterForm, qtbot: QtBot
    ) -> None:
        said: list[dict[str, Any]] = []
        form.values_changed.connect(said.append)
        type_into(form, "count", "12")
        form.set_values({"share": 0.5})
        form.flush()
        assert said == [{"count": 12, "share": 0.5}]
        form.set_values({})
        assert form.values() == {}

    def test_an_edit_is_said_once_after_a_pause(self, form: ParameterForm, qtbot: QtBot) -> None:
        said: list[dict[str, Any]] = []
        form.values_changed.connect(said.append)
        with qtbot.waitSignal(form.values_changed):
            type_into(form, "count", "123")
        assert said == [{"count": 123}]

    def test_automatic_shows_what_it_means(self, form: ParameterForm) -> None:
        form.set_resolved({"rate": 0.001, "mood": "calm"})
        rate, mood = form.field("rate"), form.field("mood")
        assert isinstance(rate, NumberField)
        assert isinstance(mood, ChoiceField)
        assert rate.lineEdit().placeholderText() == "automatic: 0.001"
        assert mood.currentText() == "automatic: calm"
        assert form.values() == {}

    def test_what_the_data_asks_for_is_usual_and_marked(
        self, form: ParameterForm, qtbot: QtBot
    ) -> None:
        edits: list[object] = []
        form.values_changed.connect(edits.append)
        row = form.focus_field("model.parameters.count")
        assert isinstance(row, FieldRow)
        form.set_fitted({"count": 3, "sizes": [1]})
        assert form.field("count").value() == 3
        assert list(form.field("sizes").value()) == [1]
        assert form.values() == {}
        assert row.fitted is not None
        assert row.fitted.text() == "fitted to the data (else 8)"
        assert row.fitted.isVisible()
        assert row.field.accessibleDescription() == row.fitted.text()
        form.set_values({})
        assert form.field("count").value() == 3
        type_into(form, "count", "8")
        assert form.values() == {"count": 8}
        assert not row.fitted.isVisible()
        assert row.reset is not None
        form.set_fitted({"count": 3})  # what was chosen stays
        assert form.field("count").value() == 8
        assert list(form.field("sizes").value()) == [4, 2]
        qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
        assert form.field("count").value() == 3
        form.set_fitted({})
        assert form.field("count").value() == 8
        assert form.values() == {}
        assert not row.fitted.isVisible()

    def test_only_some_choices_can_be_offered(self, form: ParameterForm) -> None:
        form.set_values({"mood": "wild"})
        form.set_choices("mood", ("calm",))
        mood = form.field("mood")
        assert isinstance(mood, ChoiceField)
        assert [mood.itemData(i) for i in range(mood.count())] == [None, "calm", "wild"]
        assert form.values() == {"mood": "wild"}


class TestProblems:
    def test_a_mistake_shows_at_its_field_at_once(self, form: ParameterForm) -> None:
        type_into(form, "count", "501")
        assert "less than or equal to 500" in form.error_text("count")
        assert "501" in form.error_text("count")
        assert form.field("count").property("invalid") is True
        type_into(form, "count", "500")
        assert form.error_text("count") == ""
        assert form.field("count").property("invalid") is False

    def test_an_item_of_a_list_is_the_lists_mistake(self, form: ParameterForm) -> None:
        type_into(form, "sizes", "4, 0")
        assert "0" in form.error_text("sizes")

    def test_the_engines_findings_go_to_their_fields(self, form: ParameterForm) -> None:
        rest = form.set_problems(
            [
                Problem("model.parameters.count", "Too many here.", "Use 4."),
                Problem("model.parameters", "Do not go together."),
                Problem("model.name", "Not mine."),
                Problem("model.parameters_of_others", "Not mine either."),
            ]
        )
        assert form.error_text("count") == "Too many here. Use 4."
        assert form.error_text() == "Do not go together."
        assert [item.message for item in rest] == ["Not mine.", "Not mine either."]

    def test_an_edit_takes_the_engines_finding_away(self, form: ParameterForm) -> None:
        form.set_problems([Problem("model.parameters.count", "Too many here.")])
        type_into(form, "count", "4")
        assert form.error_text("count") == ""

    def test_a_mistake_in_a_folded_setting_unfolds_it(self, form: ParameterForm) -> None:
        assert form.fold is not None
        assert not form.fold.is_open
        form.set_problems([Problem("model.parameters.word", "No such word.")])
        assert form.fold.is_open

    def test_rules_over_several_fields_are_said_below(self, qtbot: QtBot) -> None:
        form = ParameterForm(SplitSpec, "split")
        qtbot.addWidget(form)
        form.set_values({"validation": 0.6, "test": 0.6})
        assert "leave less than a tenth" in form.error_text()


class TestWhatMeansNothing:
    def test_is_hidden_and_keeps_its_value(self, form: ParameterForm) -> None:
        form.set_values({"count": 12})
        form.set_row_shown("count", False)
        assert not form.field("count").isVisible()
        assert form.values() == {"count": 12}
        assert form.focus_field("model.parameters.count") is None

    def test_is_shown_while_something_is_wrong_with_it(self, form: ParameterForm) -> None:
        form.set_row_shown("count", False)
        form.set_problems([Problem("model.parameters.count", "Does not fit.", "Use 3.")])
        assert form.field("count").isVisible()
        assert form.error_text("count") == "Does not fit. Use 3."
        form.set_problems([])
        assert not form.field("count").isVisible()

    def test_a_fold_with_nothing_in_it_goes_as_well(self, form: ParameterForm) -> None:
        assert form.fold is not None
        form.set_row_shown("word", False)
        assert not form.fold.isVisible()
        form.set_row_shown("word", True)
        assert form.fold.isVisible()


def test_a_button_can_stand_below_an_editor(form: ParameterForm) -> None:
    button = QPushButton("Find…")
    form.add_below("rate", button)
    row = form.focus_field("model.parameters.rate")
    assert row is not None
    assert row.isAncestorOf(button)


class TestForEveryone:
    def test_every_field_can_be_read_aloud_and_reached(self, form: ParameterForm) -> None:
        for item in describe(Everything):
            field = form.field(item.name)
            assert item.label in field.accessibleName()
            assert item.help in field.accessibleDescription()
            assert item.help in field.toolTip()
            reached = field.focusProxy() or field
            assert reached.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert form.field("count").accessibleName() == "Count (things)"
        assert "from 1 to 500" in form.field("count").toolTip()

    @pytest.mark.parametrize(
        "declared",
        [
            TrainingSpec,
            ScheduleSpec,
            StoppingSpec,
            ExecutionSpec,
            SplitSpec,
            PreprocessingSpec,
            *[item.parameters for item in ARCHITECTURES],
            *[item.parameters for item in DATASETS],
        ],
        ids=lambda declared: declared.__name__,
    )
    def test_every_declaration_makes_a_form_without_mistakes(
        self, qtbot: QtBot, declared: type[Parameters]
    ) -> None:
        form = ParameterForm(declared, "some.where")
        qtbot.addWidget(form)
        form.set_values({})
        assert form.values() == {}
        assert form.error_text() == ""
        for item in describe(declared):
            assert form.error_text(item.name) == ""
            form.set_values({item.name: allowed(item)})
            assert form.error_text(item.name) == "", item.name
