"""What the list of layers shows: rows made of a graph and of what the engine said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from engine.devices.console.escaping import escaped
from engine.events.messages import LayerInfo
from engine.graph.layer_graph import LayerGraph, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.spec.formatting import NOTHING, shape_text
from gui.editor.outline import outline
from gui.formatting.numbers import count_text
from gui.formatting.plain_text import plain_tip
from gui.formatting.translation import translate

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE: Final = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class LayerRow:
    """One row.

    Attributes:
        name, type: The layer's.
        title: What its type is called on screen.
        depth: How many blocks it is inside of.
        note: Where it takes its input, where that is not the row above, and whether its output is
            used; may be empty.
        shape: Of its output, in words.
        count: Its parameters, in words.
        is_stale: Shape and count are of before, until the engine has answered.
        reason: Why the model cannot be built with it as it is; may be empty.
    """

    name: str
    type: str
    title: str
    depth: int = 0
    note: str = ""
    shape: str = NOTHING
    count: str = NOTHING
    is_stale: bool = False
    reason: str = ""

    @property
    def spoken(self) -> str:
        """The row as it is read aloud."""
        words = translate("{type} {name}: output {shape}, {n} parameters").format(
            type=self.title, name=self.name, shape=self.shape, n=self.count
        )
        block = translate("in block, level {n}").format(n=self.depth) if self.depth else ""
        return "; ".join(part for part in (words, block, self.note, self.reason) if part)


class Described:
    """What the engine said last of the layers of a graph.

    Args:
        graph: The graph it was asked about.
        layers: What it said.
    """

    def __init__(self, graph: LayerGraph, layers: Sequence[LayerInfo]) -> None:
        self._nodes = {node.name: node for node in graph.nodes}
        self._layers = {layer.name: layer for layer in layers}

    def info(self, name: str) -> LayerInfo | None:
        """Returns what was said of a layer."""
        return self._layers.get(name)

    def still_true(self, graph: LayerGraph) -> frozenset[str]:
        """Names of layers that are as they were, and so is all that leads to them."""
        same: set[str] = set()
        for node in graph.nodes:
            if self._nodes.get(node.name) == node and all(
                source_of(name) in same for name in node.inputs
            ):
                same.add(node.name)
        return frozenset(same)


def make_rows(
    graph: LayerGraph,
    described: Described | None,
    reasons: Mapping[str, str],
    is_answered: bool,
) -> tuple[LayerRow, ...]:
    """Makes the rows of a graph.

    Args:
        graph: The graph as it is now.
        described: What is known of it, perhaps from before the last changes.
        reasons: Why the model cannot be built, by layer.
        is_answered: The engine has answered about this very graph.
    """
    true = described.still_true(graph) if described is not None else frozenset()
    rows = []
    for item in outline(graph):
        name = item.node.name
        info = described.info(name) if described is not None else None
        is_true = name in true
        if is_answered and not is_true:
            info = None  # what was known before says nothing about a model that was refused
        rows.append(
            LayerRow(
                name,
                item.node.type,
                title_of(item.node.type),
                item.depth,
                _note(item.sources, item.is_unused),
                shape_text(info.output_shape) if info is not None else NOTHING,
                _count(info),
                not is_true and info is not None,
                reasons.get(name, ""),
            )
        )
    return tuple(rows)


def title_of(type_name: str) -> str:
    """What a type of layer is called on screen."""
    return LAYER_TYPES[type_name].title if type_name in LAYER_TYPES else type_name


def _count(info: LayerInfo | None) -> str:
    if info is None:
        return NOTHING
    return count_text(info.n_parameters) if info.n_parameters else "0"


def _note(sources: Sequence[str], is_unused: bool) -> str:
    parts = []
    if sources:
        parts.append(translate("from {names}").format(names=", ".join(sources)))
    if is_unused:
        parts.append(translate("nothing takes its output"))
    return " · ".join(parts)


class LayerRows(QAbstractListModel):
    """The rows as a list that can be dragged about."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: tuple[LayerRow, ...] = ()

    @property
    def rows(self) -> tuple[LayerRow, ...]:
        """The rows, from input to output."""
        return self._rows

    def set_rows(self, rows: Sequence[LayerRow]) -> bool:
        """Replaces the rows.

        Returns:
            Whether they are other layers or in another order, so that a selection is lost.
        """
        rows = tuple(rows)
        if [row.name for row in rows] == [row.name for row in self._rows]:
            changed = [at for at, row in enumerate(rows) if row != self._rows[at]]
            self._rows = rows
            for at in changed:
                self.dataChanged.emit(self.index(at), self.index(at))
            return False
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
        return True

    def row_of(self, name: str) -> int:
        """Returns where a layer stands; -1: nowhere."""
        return next((at for at, row in enumerate(self._rows) if row.name == name), -1)

    # ---- what QAbstractListModel asks

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return escaped(row.name)
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.spoken
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(row.reason) or None
        return row if role == ROW_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled  # between rows, never upon one
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return usual | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction
