"""EditSession: a model being edited, what led to it, and what the engine says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.errors import Problem
from engine.events.messages import LayerInfo
from engine.graph.layer_graph import LayerGraph
from gui.editor.history import History
from gui.editor.layer_rows import Described, LayerRow, make_rows
from gui.state.own_model import FORM_PREFIX, GRAPH_FIELD, OwnModel

LAYERS_FIELD: Final = f"{GRAPH_FIELD}.layers."


class EditSession:
    """Keeps the states of one's own model, and answers about the present one."""

    def __init__(self) -> None:
        self._history = History(OwnModel("", LayerGraph(())))
        self._described: Described | None = None
        self._is_answered = False
        self._problems: dict[str, tuple[Problem, ...]] = {}

    # ---- the model

    @property
    def model(self) -> OwnModel:
        """The model as it is now."""
        return self._history.state

    @property
    def graph(self) -> LayerGraph:
        """Its layers."""
        return self.model.graph

    @property
    def undo_label(self) -> str:
        """What `undo` would take back; empty: nothing."""
        return self._history.undo_label

    @property
    def redo_label(self) -> str:
        """What `redo` would do again; empty: nothing."""
        return self._history.redo_label

    def names(self) -> tuple[str, ...]:
        """Names of the layers, in order."""
        return tuple(node.name for node in self.graph.nodes)

    def push(self, model: OwnModel, label: str, key: str = "") -> None:
        """Goes on to another model; `label` says what led to it, and equal keys are one step."""
        if not self.graph.nodes:
            self._history = History(model)  # nothing worth coming back to
        else:
            self._history.push(model, label, key)
        self.forget_answer()

    def undo(self) -> None:
        """Goes one step back."""
        self._history.undo()
        self.forget_answer()

    def redo(self) -> None:
        """Goes one step forward again."""
        self._history.redo()
        self.forget_answer()

    # ---- what the engine says

    def forget_answer(self) -> None:
        """The engine is asked anew; what it said before is kept as far as it may still hold."""
        self._problems = {}
        self._is_answered = False

    def take_answer(self, layers: Sequence[LayerInfo]) -> None:
        """Takes what the engine says of the layers of the present graph."""
        self._described = Described(self.graph, layers)
        self._problems = {}
        self._is_answered = True

    def remember(self, layers: Sequence[LayerInfo]) -> None:
        """Takes what is known of the layers from the model they are of, before any answer."""
        self._described = Described(self.graph, layers)

    def take_problems(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Takes why the engine refuses the present graph; returns what is about no layer."""
        found: dict[str, list[Problem]] = {}
        rest = []
        for problem in problems:
            name, field = self._layer_of(problem.field)
            if name:
                found.setdefault(name, []).append(Problem(field, problem.message, problem.hint))
            else:
                rest.append(problem)
        self._problems = {name: tuple(items) for name, items in found.items()}
        self._is_answered = True
        return tuple(rest)

    def problems_of(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with a layer; fields begin with `gui.state.own_model.FORM_PREFIX`."""
        return self._problems.get(name, ())

    @property
    def marked(self) -> dict[str, str]:
        """Why the model cannot be built, in words, by layer."""
        return {name: words_of(items) for name, items in self._problems.items()}

    def rows(self) -> tuple[LayerRow, ...]:
        """The layers as rows, with what is known of them."""
        return make_rows(self.graph, self._described, self.marked, self._is_answered)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of outputs that are known for certain."""
        described = self._described
        if described is None:
            return {}
        found = {name: described.info(name) for name in described.still_true(self.graph)}
        return {name: info.output_shape for name, info in found.items() if info is not None}

    def _layer_of(self, field: str) -> tuple[str, str]:
        """The layer a problem is about, and the field within its form; empty where none is."""
        if not field.startswith(LAYERS_FIELD):
            return "", ""
        number, _, rest = field.removeprefix(LAYERS_FIELD).partition(".")
        if not number.isdigit() or int(number) >= len(self.graph.nodes):
            return "", ""
        return self.graph.nodes[int(number)].name, f"{FORM_PREFIX}.{rest}" if rest else FORM_PREFIX


def words_of(problems: Sequence[Problem]) -> str:
    """Problems in words, without the paths of their fields."""
    return "\n".join(f"{item.message} {item.hint}".strip() for item in problems)
