"""What is shown of explanations, from made ones, and how another class or method is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot

from engine.events.explaining import (
    Choice,
    ColumnImportance,
    Dependence,
    Explained,
    ExplainExample,
    Explanation,
    ModelExplained,
    ModelExplanation,
    Sanity,
)
from engine.events.messages import Rejected
from gui.formatting.explanation_words import contribution_text, headline, sum_text
from gui.insights.explanation_view import ExplanationView
from gui.insights.model_explanation_view import ModelExplanationView
from gui.insights.overlay_view import overlaid
from gui.pages.shared.explanation_panel import ExplanationPanel
from gui.style.theme import current_theme

METHODS = (Choice("a", "Method A", "It does a."), Choice("b", "Method B", "It does b."))


def explanation(kind: str = "table", **values: object) -> Explanation:
    found: dict[str, object] = {
        "kind": kind, "task": "classification", "method": METHODS[0], "methods": METHODS,
        "target": "yes", "targets": ("yes", "no"), "target_name": "answer", "unit": "probability",
        "prediction": 0.9, "said": "yes (90.0%)", "values": np.array([0.3, -0.1, 0.2]),
        "parts": ("age", "<b>city</b>", "size"), "cells": ("4", "Rome", "1.5"),
        "baseline": 0.5, "compared_with": "the mean prediction", "tolerance": 1e-6,
        "sanity": Sanity(0.1, 0.6, 2),
    }  # fmt: skip
    return Explanation(**{**found, **values})  # type: ignore[arg-type]


def of_kind(kind: str) -> Explanation:
    rng = np.random.default_rng(1)
    match kind:
        case "image":
            content = rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)
            return explanation(kind, values=rng.normal(size=(6, 8)), content=content, parts=())
        case "audio":
            content = rng.normal(size=(9, 5))
            return explanation(kind, values=rng.normal(size=(9, 5)), content=content, parts=())
        case "video":
            content = rng.integers(0, 255, (4, 6, 8, 1)).astype(np.uint8)
            values = np.zeros((4, 6, 8))
            values[2, 1, 1] = 5.0
            return explanation(kind, values=values, content=content, parts=())
        case "text":
            return explanation(kind, parts=("so", " <i>good</i>", " it"), content=" and more")
        case "series":
            values = np.stack([np.zeros(7), np.arange(7.0)], axis=1)
            return explanation(
                kind, values=values, content=rng.normal(size=(7, 2)), parts=("one", "two")
            )
        case _:
            return explanation()


@pytest.fixture
def view(qtbot: QtBot) -> ExplanationView:
    found = ExplanationView()
    qtbot.addWidget(found)
    found.resize(480, 480)
    with qtbot.waitExposed(found):
        found.show()
    return found


def show(view: ExplanationView, found: Explanation) -> None:
    view.show_explained(Explained("run", 3, "row 4", found))


@pytest.mark.parametrize("kind", ["table", "image", "audio", "video", "text", "series"])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_kind_has_its_picture_in_both_themes(
    view: ExplanationView, kind: str, mode: str
) -> None:
    show(view, of_kind(kind))
    current_theme().set_mode(mode)
    try:
        assert view.grab().toImage().size() == view.size()
        pages = {
            "table": view._bars_page, "text": view.text, "series": view._series_page,
        }  # fmt: skip
        assert view.pages.currentWidget() is pages.get(kind, view.overlay)
        assert view.title.text() == "answer: yes · 90.0 %"
    finally:
        current_theme().set_mode("system")


def test_the_strongest_column_comes_first_with_what_stands_in_it(view: ExplanationView) -> None:
    show(view, explanation(errors=np.array([0.01, 0.02, 0.0])))
    bars = view.bars.bars
    assert [bar.name for bar in bars] == ["age = 4", "size = 1.5", "<b>city</b> = Rome"]
    assert [bar.text for bar in bars] == ["+30.0", "+20.0", "−10.0"]
    assert bars[0].high == pytest.approx(0.3 + 1.96 * 0.01)


def test_many_columns_end_in_one_bar_for_all_others(view: ExplanationView) -> None:
    values = np.linspace(1, 0.01, 60)
    names = tuple(f"c{n}" for n in range(60))
    show(view, explanation(values=values, parts=names, cells=("1",) * 60))
    bars = view.bars.bars
    assert len(bars) == 25
    assert bars[-1].name == "36 other columns"
    assert sum(bar.value for bar in bars) == pytest.approx(values.sum())


def test_a_text_is_plain_and_each_token_tells_what_it_adds(view: ExplanationView) -> None:
    show(view, of_kind("text"))
    assert view.text.toPlainText() == "so <i>good</i> it and more"
    assert view.text.tip_at(0) == "so: +30.0"
    assert view.text.tip_at(6) == "<i>good</i>: −10.0"
    assert view.text.tip_at(22) == ""


def test_a_clip_opens_at_its_strongest_frame(view: ExplanationView) -> None:
    show(view, of_kind("video"))
    assert view.overlay.frame.value() == 2
    show(view, of_kind("image"))
    assert not view.overlay.frame.isVisible()


def test_a_series_opens_at_the_channel_that_adds_most(view: ExplanationView) -> None:
    show(view, of_kind("series"))
    assert view.channel.currentText() == "two"
    np.testing.assert_array_equal(view.steps.columns()["adds"], np.arange(7.0))


def test_marks_cover_the_picture_as_much_as_they_are_strong() -> None:
    ground = np.full((1, 2, 3), 100, np.uint8)
    values = np.array([[0.0, 2.0]])
    np.testing.assert_array_equal(overlaid(ground, values, 2.0, 0.0), ground)
    marked = overlaid(ground, values, 2.0, 1.0)
    np.testing.assert_array_equal(marked[0, 0], [100, 100, 100])
    orange = current_theme().palette.series[1]
    assert "#" + bytes(marked[0, 1]).hex() == orange


def test_another_choice_asks_again_and_showing_does_not(
    qtbot: QtBot, view: ExplanationView
) -> None:
    heard: list[tuple[str, str]] = []
    view.asked.connect(lambda *words: heard.append(words))
    show(view, explanation())
    assert heard == []
    view.target.setFocus()
    qtbot.keyClick(view.target, Qt.Key.Key_Down)
    assert heard == [("no", "a")]
    show(view, explanation(target="no"))
    view.method.setFocus()
    qtbot.keyClick(view.method, Qt.Key.Key_Down)
    assert heard == [("no", "a"), ("no", "b")]


def test_another_example_takes_the_old_picture_away_and_another_class_does_not(
    qtbot: QtBot, view: ExplanationView
) -> None:
    show(view, explanation())
    view.asked.connect(lambda *_words: view.show_waiting())
    view.target.setFocus()
    qtbot.keyClick(view.target, Qt.Key.Key_Down)
    assert view.title.text()
    assert not view.pages.isEnabled()
    assert view.target.hasFocus()
    qtbot.keyClick(view.target, Qt.Key.Key_Up)  # back again, before the answer
    assert view._wanted == ("yes", "a")
    show(view, explanation())
    assert view.pages.isEnabled()
    view.show_waiting()
    assert view.title.text() == ""
    assert view.waiting.text() == "Explaining…"
    assert view.pages.currentWidget() is view.waiting


def test_marks_that_prove_nothing_say_so_as_a_warning(view: ExplanationView) -> None:
    show(view, explanation(sanity=Sanity(0.9, 0.6, 1)))
    assert view.sanity_note.property("role") == "warning"
    assert view.sanity_note.text().startswith("Take care")
    show(view, explanation(sanity=Sanity(float("nan"), 0.6, 1)))
    assert view.sanity_note.property("role") == "small"


def test_words_of_sums() -> None:
    assert "points, to 90.0 %." in sum_text(explanation())
    missed = sum_text(explanation(values=np.array([0.3, 0.0, 0.0])))
    assert "miss +10.0 points" in missed
    alone = explanation(tolerance=float("nan"), compared_with="")
    assert sum_text(alone) == "It does a."
    assert headline(explanation(target="answer", unit="unit", prediction=12.0)) == "answer · 12.00"
    assert contribution_text(-0.05, "probability") == "−5.0"
    assert contribution_text(2.5, "unit") == "+2.500"


class Results(QObject):
    """Stands for the controller: notes what is asked, and answers when told to."""

    answered = Signal(object)
    refused = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[ExplainExample] = []

    def ask(self, command: ExplainExample, key: str = "") -> None:
        self.asked.append(command)

    def cancel(self, key: str) -> None:
        pass


def test_the_panel_asks_for_its_example_and_takes_its_own_answer_alone(qtbot: QtBot) -> None:
    results = Results()
    panel, other = (ExplanationPanel(results) for _ in range(2))  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    qtbot.addWidget(other)
    panel.explain_row("run", 3)
    other.explain_new("run", "a text")
    (mine, theirs) = results.asked
    assert (mine.row, theirs.x) == (3, "a text")
    results.answered.emit(Explained("run", 3, "row 4", explanation(), mine.key))
    assert panel.view.title.text()
    assert not other.view.title.text()
    panel.view.asked.emit("no", "b")
    again = results.asked[-1]
    assert (again.row, again.target, again.method, again.key) == (3, "no", "b", mine.key)
    results.refused.emit(theirs, Rejected("It is gone.", "Bring it back."))
    assert other.view.waiting.text() == "It is gone. Bring it back."
    panel.clear()
    assert not panel.view.title.text()


def test_a_whole_model_shows_bars_with_intervals_and_the_chosen_curve(qtbot: QtBot) -> None:
    x = np.linspace(0, 1, 5)
    mean = np.stack([x, 1 - x], axis=1)
    curves = (
        Dependence("age", ("yes", "no"), x, mean, mean - 0.1, mean + 0.1, np.arange(5)),
        Dependence(
            "city", ("yes", "no"), np.arange(2.0), mean[:2], mean[:2], mean[:2],
            np.array([3, 4]), ("Rome", "Oslo"),
        ),
    )  # fmt: skip
    found = ModelExplanation(
        "test", 50, "accuracy", 0.9, False, 10,
        (ColumnImportance("age", 0.2, (0.1, 0.3)), ColumnImportance("city", 0.0, (-0.1, 0.1))),
        curves, "answer",
    )  # fmt: skip
    view = ModelExplanationView()
    qtbot.addWidget(view)
    view.resize(720, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.show_explained(ModelExplained("run", found))
    assert [(bar.name, bar.low) for bar in view.bars.bars] == [("age", 0.1), ("city", -0.1)]
    view.output.setCurrentIndex(1)
    np.testing.assert_allclose(view.plot.columns()["mean"], 1 - x)
    view.column.setCurrentIndex(1)
    assert view.plot.columns()["city"] == ["Rome", "Oslo"]
    one = Dependence("size", ("answer",), x, x[:, None], x[:, None], x[:, None], np.arange(5))
    view.show_explained(ModelExplained("run", replace(found, dependence=(one,))))
    np.testing.assert_array_equal(view.plot.columns()["mean"], x)
    view.show_explained(ModelExplained("run", replace(found, dependence=())))
    assert not view.plot.isVisible()
    assert view.nothing.isVisible()
    assert view.column.count() == view.output.count() == 0
    view.show_explained(ModelExplained("run", found))
    assert view.plot.columns()["age"] is x
    assert not view.grab().isNull()
