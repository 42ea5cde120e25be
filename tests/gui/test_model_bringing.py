"""A model of another program is brought in from the Model page, and a start is chosen there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.graph.checking import checked_graph
from engine.graph.library import ModelLibrary
from engine.service.importing import bringing
from engine.service.importing.opening import ForeignModelError, OpenedModel
from gui.pages.model.model_cards import OWN
from gui.pages.model.model_page import ModelPage
from gui.pages.model.replace_question import ReplaceQuestion
from gui.state.draft import Draft
from gui.state.own_model import CUSTOM
from tests.gui.frame_fixtures import PageStage, page_stage
from tests.gui.spoken import SpokenMessages

On = PageStage[ModelPage]
GRAPH = {
    "schema_version": 1,
    "layers": [
        {"name": "image", "type": "Input", "parameters": {"shape": [28, 28, 1]}},
        {"name": "flat", "type": "Flatten", "inputs": ["image"]},
        {"name": "output", "type": "Dense", "inputs": ["flat"], "parameters": {"units": 10}},
    ],
}


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[On]:
    with page_stage(qtbot, tmp_path, ModelPage) as made:
        made.engine.has_graphs = True
        drafts = made.controller.drafts
        with qtbot.waitSignal(drafts.model_changed, check_params_cb=bool):
            drafts.set_draft(Draft(source="digits", model="cnn"))
        yield made


def opened(path: Path, progress: Any) -> OpenedModel:
    """What the confined process would find."""
    graph = checked_graph(GRAPH)
    return OpenedModel(graph, "net", b"weights", (28, 28, 1), (10,), 7850, False, "namespace", 0)


def press(on: On) -> None:
    QTest.mouseClick(on.page._list.button, Qt.MouseButton.LeftButton)


def test_it_is_picked_and_begins_with_what_it_has_learnt(
    on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bringing, "open_foreign", opened)
    press(on)
    dialog = on.page.findChildren(QFileDialog)[-1]
    with on.qtbot.waitSignal(on.controller.own_models.bringing_changed, check_params_cb=_is_over):
        dialog.fileSelected.emit(str(tmp_path / "their net.keras"))
        dialog.close()
    draft = on.controller.drafts.draft
    assert (draft.model, draft.start) == (CUSTOM, {"source": "their net"})
    assert draft.model_parameters["graph"] == checked_graph(GRAPH).to_dict()
    assert on.page.editing.card_of(draft) == f"{OWN}their net"
    assert on.page.forms.start_form.values()["source"] == "their net"
    assert on.page.forms.start_form.field("freeze").isVisibleTo(on.page)
    on.page.editing.pick("cnn")
    assert on.controller.drafts.draft.start == {}  # it was a matter of that model


def test_what_is_refused_is_told_and_nothing_is_kept(
    on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoken: SpokenMessages
) -> None:
    def refuse(path: Path, progress: Any) -> OpenedModel:
        raise ForeignModelError("'net.keras' is not opened: it is a Lambda.", "Bring another.")

    monkeypatch.setattr(bringing, "open_foreign", refuse)
    models = on.controller.own_models
    with on.qtbot.waitSignal(models.problem_found) as told:
        on.page._list.bring_in(str(tmp_path / "net.keras"))
    assert "Lambda" in told.args[0].message
    on.qtbot.waitUntil(lambda: not models.is_bringing)
    assert models.models == ()
    assert on.controller.drafts.draft.model == "cnn"


@pytest.mark.parametrize("answer", ["both", "replace", None])
def test_a_name_that_is_taken_is_asked_about(
    on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str | None
) -> None:
    models, path = on.controller.own_models, str(tmp_path / "Net.keras")
    library = ModelLibrary(on.controller.workspace)
    contents = [b"first", b"second"]

    def read(path: Path, progress: Any) -> OpenedModel:
        return replace(opened(path, progress), content=contents.pop(0))

    monkeypatch.setattr(bringing, "open_foreign", read)
    with on.qtbot.waitSignal(models.bringing_changed, check_params_cb=_is_over):
        on.page._list.bring_in(str(tmp_path / "net.keras"))
    on.page._list.bring_in(path)
    question = on.page.findChildren(ReplaceQuestion)[-1]
    assert "“net”" in question.text()
    assert not models.is_bringing
    if answer is None:
        question.reject()
        assert not models.is_bringing
        assert [model.name for model in models.models] == ["net"]
        return
    with on.qtbot.waitSignal(models.bringing_changed, check_params_cb=_is_over):
        getattr(question, answer).click()
    kept = {"both": {"net": b"first", "Net 2": b"second"}, "replace": {"Net": b"second"}}[answer]
    found = {name: library.weights_of(library.load(name)) for name in library.names}
    assert {name: it[0].read_bytes() for name, it in found.items() if it} == kept
    assert {model.name for model in models.models} == kept.keys()


def test_it_can_be_given_up(on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    begun = threading.Event()

    def wait(path: Path, progress: Any) -> OpenedModel:
        begun.set()
        while True:  # ends by what the progress raises
            progress("Looking at the file", 0, 2)

    monkeypatch.setattr(bringing, "open_foreign", wait)
    models = on.controller.own_models
    on.page._list.bring_in(str(tmp_path / "net.keras"))
    assert begun.wait(10)
    assert "Cancel" in on.page._list.button.text()
    with on.qtbot.waitSignal(models.bringing_changed, check_params_cb=_is_over):
        press(on)
    assert models.models == ()
    assert on.page._list.button.text() == "Bring a model in…"


def test_a_start_is_offered_to_models_that_can(on: On) -> None:
    form = on.page.forms.start_form
    assert form.isVisibleTo(on.page)
    assert not form.field("freeze").isVisibleTo(on.page)  # of nothing
    drafts = on.controller.drafts
    drafts.set_draft(drafts.draft.with_start({"source": "a run", "freeze": "body"}))
    assert form.values()["source"] == "a run"
    assert form.field("freeze").isVisibleTo(on.page)
    assert drafts.draft.to_spec()["start"] == {"source": "a run", "freeze": "body"}
    _assert_thaw_is_offered(on)
    drafts.set_draft(drafts.draft.with_model("logistic_regression"))
    assert not form.isVisibleTo(on.page)


def test_models_that_were_brought_in_are_offered_while_typing(
    on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bringing, "open_foreign", opened)
    with on.qtbot.waitSignal(on.controller.own_models.bringing_changed, check_params_cb=_is_over):
        on.page._list.bring_in(str(tmp_path / "theirs.keras"))
    field = on.page.forms.start_form.field("source")
    completer = field.completer()
    completer.setCompletionPrefix("HEIR")
    assert completer.completionCount() == 1
    assert completer.currentCompletion() == "theirs"


def _is_over(is_bringing: bool) -> bool:
    return not is_bringing


def _assert_thaw_is_offered(on: On) -> None:
    """Where something is kept; its rate where it is wanted; and the drawn rate falls there."""
    form, drafts = on.page.forms.start_form, on.controller.drafts
    kept = {"source": "a run", "freeze": "body"}

    def shown() -> list[bool]:
        return [form.field(name).isVisibleTo(form) for name in ("thaw_after", "thaw_rate")]

    drafts.set_draft(drafts.draft.with_start({"source": "a run"}))
    assert shown() == [False, False]
    drafts.set_draft(drafts.draft.with_start(kept))
    assert shown()[0]
    drafts.set_draft(drafts.draft.with_start({**kept, "thaw_after": 2}))
    drafts.set_draft(drafts.draft.with_training({"epochs": 4, "learning_rate": 0.01}))
    epochs, rates = on.page.forms.schedule_form.curve.shown
    assert rates[epochs < 2].min() == pytest.approx(0.01)
    assert rates[epochs >= 2].max() == pytest.approx(0.001)
    drafts.set_draft(drafts.draft.with_start(kept))
    assert on.page.forms.schedule_form.curve.isHidden()
