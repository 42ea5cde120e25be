"""A model of one's own in the real window: edited, refused by the engine, mended, trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from gui.state.draft import Draft
from gui.state.own_model import CUSTOM
from tests.end_to_end.test_window import Program


@pytest.fixture
def program(qtbot, tmp_path: Path, warm_workers):
    program = Program(qtbot, tmp_path / "workspace")
    program.open()
    yield program
    if not program.is_over:
        program.close()


def test_layers_are_edited_marked_mended_and_trained(program, qtbot):
    controller, window = program.controller, program.window

    def answered(act, signal=controller.drafts.model_changed) -> None:
        with qtbot.waitSignal(signal, check_params_cb=bool):
            act()

    window.show_page("model")
    start = {"data": {"source": "digits"}, "model": {"name": "cnn"}, "training": {"epochs": 1}}
    answered(lambda: controller.drafts.set_draft(Draft.from_values(start)))
    n_before = controller.drafts.model.n_parameters
    answered(lambda: program.press("Edit layers…"))
    editor = window.pages["model"].editing.editor
    assert controller.drafts.model.n_parameters == n_before
    assert all(row.shape and not row.is_stale for row in editor.layers.rows)

    # A Dropout behind the dense layer changes no shape.
    dense = next(node.name for node in editor.graph.nodes if node.type == "Dense")
    editor.pick_layer(dense)
    answered(lambda: editor.add_layer("Dropout"))
    assert controller.drafts.model.n_parameters == n_before

    # Behind Flatten nothing is left for a convolution: marked before any training.
    flatten = next(node.name for node in editor.graph.nodes if node.type == "Flatten")
    editor.pick_layer(flatten)
    answered(lambda: editor.add_layer("Conv2D"), controller.drafts.model_rejected)
    (marked,) = [row for row in editor.layers.rows if row.reason]
    assert marked.type == "Conv2D"
    assert "(height, width, channels)" in marked.reason
    assert not window.pages["model"].next_button.isEnabled()

    answered(editor.actions_.delete.trigger)
    assert not any(row.reason for row in editor.layers.rows)
    assert controller.drafts.model.n_parameters == n_before
    program.press("Next: train")
    ended = program.wait_for(RunFinished, lambda: program.press("Start"))
    assert ended.metrics["test_accuracy"] > 0.7
    with RunStore(controller.workspace) as store:
        (record,) = store.runs()
    assert record.spec.model.name == CUSTOM
    layers = record.spec.model.parameters["graph"]["layers"]
    assert [layer["type"] for layer in layers].count("Dropout") == 1
