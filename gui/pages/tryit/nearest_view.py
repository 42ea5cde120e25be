"""NearestView: the training examples that are most like an input."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from engine.events.results import ShownExample
from engine.events.trying import NearestFound
from engine.spec.signature import Kind
from gui.formatting.numbers import count_text, value_text
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.image_grid import ImageGrid
from gui.widgets.text_table import TextTable

_EDGE = 9 * SPACING
_GRID_HEIGHT = 26 * SPACING
_TABLE_HEIGHT = 34 * SPACING
_LOW_HEIGHT = 28 * SPACING


class NearestView(QWidget):
    """Pictures, or a table, under a line that says by what they were compared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = Label(self.tr("Nearest training examples"))
        self.caption = Label()
        self.far = Label()
        self.grid: ImageGrid | None = None
        self.table: TextTable | None = None
        set_role(self.heading, "heading")
        set_role(self.caption, "small")
        set_role(self.far, "warning")
        for label in (self.caption, self.far):
            label.setWordWrap(True)
        line = QFrame()
        line.setProperty("separator", True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, SPACING, 0, 0)
        self._column.setSpacing(SPACING // 2)
        self._column.addWidget(line)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.far)
        self._column.addWidget(self.caption)
        self.clear()

    def clear(self) -> None:
        """Shows none."""
        self.hide()

    def fade(self) -> None:
        """They belong to an input that has changed since."""
        self.far.hide()

    def show_problem(self, text: str) -> None:
        """Says why there are none."""
        self._hide_examples()
        self.far.hide()
        self.caption.setText(text)
        self.show()

    def show_found(self, found: NearestFound) -> None:
        """Shows examples, the nearest first."""
        self.far.setVisible(found.is_far)
        self.far.setText(
            self.tr(
                "Nothing in the training examples is much like this: do not rely on the answer."
            )
        )
        self.caption.setText(
            self.tr("Of {n} of {all} training examples, compared {by}").format(
                n=count_text(found.n_searched), all=count_text(found.n_train), by=found.by
            )
        )
        self._hide_examples()
        if not found.examples:
            self.show_problem(self.tr("There are no training examples to compare with."))
            return
        if found.kind in (Kind.IMAGE.value, Kind.VIDEO.value):
            self._show_pictures(found)
        else:
            self._show_rows(found)
        self.show()

    def _hide_examples(self) -> None:
        for view in (self.grid, self.table):
            if view is not None:
                view.hide()

    def _show_pictures(self, found: NearestFound) -> None:
        if self.grid is None:
            self.grid = ImageGrid()
            self.grid.setFixedHeight(_GRID_HEIGHT)
            self.grid.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
            self._column.addWidget(self.grid)
        pictures = []
        for example in found.examples:
            picture = np.asarray(example.content)
            if found.kind == Kind.VIDEO.value:
                picture = picture[len(picture) // 2]
            pictures.append(picture if picture.ndim == 3 else picture[..., np.newaxis])
        names = [example.name for example in found.examples]
        truths = [example.truth or example.name for example in found.examples]
        self.grid.set_images(np.stack(pictures), truths, _EDGE, names)
        self.grid.show()

    def _show_rows(self, found: NearestFound) -> None:
        if self.table is None:
            self.table = TextTable(self.tr("Nearest training examples"))
            self._column.addWidget(self.table)
        headings = (self.tr("Example"), self.tr("Truth"), self.tr("What it is"))
        self.table.set_rows(
            headings, [(it.name, it.truth, _content_text(it, found)) for it in found.examples]
        )
        self.table.full.setVisible(found.kind == Kind.TEXT.value)
        self.table.setFixedHeight(_TABLE_HEIGHT if found.kind == Kind.TEXT.value else _LOW_HEIGHT)
        self.table.show()


def _content_text(example: ShownExample, found: NearestFound) -> str:
    """An example in a line of words."""
    if isinstance(example.content, str):
        return example.content
    if example.cells:
        said = [cell for cell in example.cells if cell[1] and cell[1] != example.truth]
        return ", ".join(f"{name} {value}" for name, value in said)
    values = np.asarray(example.content)
    if values.ndim == 1 and found.kind == Kind.TABLE.value:
        return ", ".join(value_text(float(value), 4) for value in values)
    if found.rate and values.ndim == 1:
        return f"{len(values) / found.rate:.2f} s"
    return " × ".join(map(str, values.shape))
