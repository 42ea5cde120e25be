"""LayerEditor: builds a network layer by layer; the engine says what becomes of each change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.errors import DescentError, Problem, SpecError
from engine.events.messages import LayerInfo, ModelDescribed
from engine.graph import editing
from engine.graph.layer_graph import LayerGraph
from gui.editor import moves
from gui.editor.editor_frame import EditorFrame
from gui.editor.layer_palette import LayerPalette, layer_cards
from gui.editor.session import EditSession, words_of
from gui.state.draft import Draft
from gui.state.draft_controller import DraftController
from gui.state.own_model import CUSTOM, OwnModel


class LayerEditor(EditorFrame):
    """A list of layers, what can be done to them, and the settings of the one that is picked.

    Every change goes into the draft; shapes and counts come back from the engine.

    Signals:
        back_requested(): The person wants the list of models.
        layer_picked(str): The person picked the layer of that name.
        save_requested(): The model is to be kept among the person's own.
        open_requested(), json_requested(), code_requested(): A file is to be opened, or written.
    """

    back_requested = Signal()
    layer_picked = Signal(str)
    save_requested = Signal()
    open_requested = Signal()
    json_requested = Signal()
    code_requested = Signal()

    def __init__(self, drafts: DraftController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._session = EditSession()
        self._step_label = ""
        self._palette: LayerPalette | None = None
        self._connect()
        self._refresh()

    def _connect(self) -> None:
        self.back_button.clicked.connect(self.back_requested)
        self.title.textEdited.connect(self._on_title)
        self.layers.current_changed.connect(self._on_current)
        self.layers.selection_changed.connect(self._show_possible)
        self.layers.moved.connect(self._on_dragged)
        self.form.renamed.connect(self._on_renamed)
        self.form.inputs_changed.connect(self._on_inputs)
        self.form.parameters_changed.connect(self._on_parameters)
        for action, slot in (
            (self.actions_.add, self._on_add),
            (self.actions_.duplicate, self._on_duplicate),
            (self.actions_.delete, self._on_delete),
            (self.actions_.up, self._on_up),
            (self.actions_.down, self._on_down),
            (self.actions_.residual, self._on_residual),
            (self.actions_.branch, self._on_branch),
            (self.actions_.undo, self._on_undo),
            (self.actions_.redo, self._on_redo),
        ):
            action.triggered.connect(slot)
        self.actions_.save.triggered.connect(self.save_requested)
        self.actions_.open_file.triggered.connect(self.open_requested)
        self.actions_.export_json.triggered.connect(self.json_requested)
        self.actions_.export_code.triggered.connect(self.code_requested)

    # ---- what is shown

    @property
    def model(self) -> OwnModel:
        """The model as it is now."""
        return self._session.model

    @property
    def graph(self) -> LayerGraph:
        """Its layers."""
        return self._session.graph

    @property
    def marked(self) -> dict[str, str]:
        """Why the model cannot be built, in words, by layer."""
        return self._session.marked

    def name_next_step(self, label: str) -> None:
        """Says what the next model that comes with a draft is, for Undo."""
        self._step_label = label

    def show_draft(self, draft: Draft) -> None:
        """Shows the layers of a draft; what was on show before can be brought back by Undo."""
        if draft.model != CUSTOM:
            return
        try:
            own = OwnModel.from_parameters(draft.model_parameters)
        except SpecError as error:
            self.notify(_words(error))
            return
        if own == self.model:
            return
        self._session.push(own, self._step_label or self.tr("open another model"))
        self._step_label = ""
        self.notify("")
        self._refresh()
        if not self.layers.current_name and own.graph.nodes:
            self._select([own.graph.nodes[-1].name])

    def show_building(self) -> None:
        """The engine is asked; what it said before is shown greyed where it may have changed."""
        self._session.forget_answer()
        self._refresh()

    def show_model(self, model: ModelDescribed) -> None:
        """Shows shapes and counts; the answer is about the draft on show."""
        if model.spec.model.name == CUSTOM:
            self._session.take_answer(model.layers)
            self._refresh()

    def show_known(self, layers: Sequence[LayerInfo]) -> None:
        """Shows what is known of the layers already, since they were another model's."""
        self._session.remember(layers)
        self._refresh()

    def show_problems(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Marks the layers that the engine found fault with; returns what is about none of them."""
        rest = self._session.take_problems(problems)
        self._refresh()
        for name in self.marked:
            self.layers.scroll_to(name)
            break
        return rest

    def ask_for_title(self) -> bool:
        """Says whether the model has a title; asks for one if not."""
        if self.model.title.strip():
            return True
        self.notify(self.tr("Give the model a title first: your models are listed by it."))
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)
        return False

    @Slot(str)
    def pick_layer(self, name: str) -> None:
        """Picks a layer that was picked elsewhere."""
        if name != self.layers.current_name and name in self._session.names():
            self.form.flush()
            self._select([name])

    def _refresh(self) -> None:
        """Shows the model as it is, with what is known of it."""
        if self.title.text() != self.model.title:
            self.title.setText(self.model.title)
        self.layers.set_rows(self._session.rows())
        self._show_form()
        self._show_possible()

    def _show_form(self) -> None:
        name = self.layers.current_name
        node = next((item for item in self.graph.nodes if item.name == name), None)
        choices: tuple[str, ...] = ()
        if node is not None:
            choices = moves.possible_inputs(self.graph, name)
        self.form.show_layer(node, choices, self._session.problems_of(name))

    @Slot()
    def _show_possible(self) -> None:
        """Lets only be done what can be done."""
        actions, is_picked = self.actions_, bool(self._picked())
        for action in actions.on_layers:
            action.setEnabled(is_picked)
        actions.name_steps(self._session.undo_label, self._session.redo_label)

    def _picked(self) -> tuple[str, ...]:
        return self.layers.selected_names

    def _select(self, names: Sequence[str], current: str = "") -> None:
        self.layers.select(names, current)
        self._show_form()
        self._show_possible()
        self.layer_picked.emit(self.layers.current_name)

    # ---- editing

    def _edit(self, label: str, change: Callable[[LayerGraph], LayerGraph], key: str = "") -> bool:
        """Changes the layers, or says why that cannot be; returns whether it was done."""
        try:
            graph = change(self.graph)
        except DescentError as error:
            self.notify(_words(error))
            return False
        self.notify("")
        if graph == self.graph:
            return False
        before = self._session.names()
        self._session.push(self.model.with_graph(graph), label, key)
        fresh = [name for name in self._session.names() if name not in before]
        self._refresh()
        if fresh:
            self._select(fresh)
        self._say()
        return True

    def _say(self) -> None:
        """Makes the model the draft's."""
        draft = self._drafts.draft
        self._drafts.set_draft(draft.with_model_parameters(self.model.to_parameters()))

    @Slot()
    def _on_add(self) -> None:
        self.form.flush()
        if self._palette is None:
            self._palette = LayerPalette(layer_cards(), self)
            self._palette.picked.connect(self.add_layer)
            self._palette.left.connect(self.layers.setFocus)
        top = self.layers.mapTo(self, QPoint(0, 0)).y()
        self._palette.show_over(QRect(0, top, self.width(), self.height() - top))

    @Slot(str)
    def add_layer(self, type_name: str) -> None:
        """Adds a layer of a type behind the one that is picked."""
        after = self.layers.current_name or self.graph.nodes[-1].name
        label = self.tr("add {type}").format(type=type_name)
        self._edit(label, lambda graph: editing.add_after(graph, after, type_name))
        self.layers.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_duplicate(self) -> None:
        self._on_picked(self.tr("duplicate {names}"), editing.copy)

    @Slot()
    def _on_delete(self) -> None:
        names = self._picked()
        rows = [self.layers.rows_model.row_of(name) for name in names]
        if self._on_picked(self.tr("delete {names}"), editing.remove) and self.graph.nodes:
            row = min(min(rows), len(self.graph.nodes) - 1)
            self._select([self.graph.nodes[row].name])

    @Slot()
    def _on_residual(self) -> None:
        self._on_picked(
            self.tr("wrap {names}"),
            lambda graph, names: moves.wrap_residual(graph, names, self._session.shapes()),
        )

    @Slot()
    def _on_branch(self) -> None:
        self._on_picked(self.tr("branch beside {names}"), moves.add_branch)

    @Slot()
    def _on_up(self) -> None:
        self._move(-1)

    @Slot()
    def _on_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        rows = sorted(self.layers.rows_model.row_of(name) for name in self._picked())
        if rows:
            self._on_dragged(rows[0] - 1 if by < 0 else rows[-1] + 2)

    @Slot(int)
    def _on_dragged(self, row: int) -> None:
        names, current = self._picked(), self.layers.current_name
        self._on_picked(self.tr("move {names}"), lambda graph, names: moves.move(graph, names, row))
        self._select(names, current)

    def _on_picked(
        self, label: str, change: Callable[[LayerGraph, Sequence[str]], LayerGraph]
    ) -> bool:
        self.form.flush()
        names = self._picked()
        if not names:
            return False
        words = label.format(names=", ".join(names[:3]) + ("…" if len(names) > 3 else ""))
        return self._edit(words, lambda graph: change(graph, names))

    @Slot(str, str)
    def _on_renamed(self, name: str, wanted: str) -> None:
        label = self.tr("rename {name}").format(name=name)
        if self._edit(label, lambda graph: editing.rename(graph, name, wanted)):
            self._select([wanted])
        else:
            self._show_form()

    @Slot(str, object)
    def _on_inputs(self, name: str, inputs: tuple[str, ...]) -> None:
        label = self.tr("inputs of {name}").format(name=name)
        if not self._edit(label, lambda graph: editing.set_inputs(graph, name, inputs)):
            self._show_form()

    @Slot(str, object)
    def _on_parameters(self, name: str, values: dict[str, Any]) -> None:
        label = self.tr("settings of {name}").format(name=name)
        self._edit(
            label, lambda graph: editing.set_parameters(graph, name, values), key=f"set {name}"
        )

    @Slot(str)
    def _on_title(self, text: str) -> None:
        self._session.push(self.model.with_title(text), self.tr("title"), key="title")
        self._show_possible()
        self._say()

    @Slot()
    def _on_undo(self) -> None:
        self._step(self._session.undo)

    @Slot()
    def _on_redo(self) -> None:
        self._step(self._session.redo)

    def _step(self, go: Callable[[], None]) -> None:
        """Goes a step; what came back is picked, or the layer above what went."""
        self.form.flush()
        before, above = self._session.names(), max(self.layers.currentIndex().row() - 1, 0)
        go()
        self.notify("")
        self._refresh()
        names = self._session.names()
        back = [name for name in names if name not in before]
        if back or not self._picked():
            self._select(back or names[above : above + 1])
        self._say()

    @Slot(str)
    def _on_current(self, name: str) -> None:
        self.form.flush()
        self._show_form()
        self.layer_picked.emit(name)


def _words(error: DescentError) -> str:
    """What is wrong, without the path of the field."""
    if isinstance(error, SpecError):
        return words_of(error.problems)
    return str(error)
