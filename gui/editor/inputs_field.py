"""InputsField: from which layers a layer takes its inputs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.parameter_form import LABEL_WIDTH


class InputsField(QWidget):
    """A choice for each input; more can be added where the layer takes several.

    Signals:
        inputs_changed(tuple[str, ...]): The person chose other inputs.
    """

    inputs_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inputs: tuple[str, ...] = ()
        self._choices: tuple[str, ...] = ()
        self._most = 1
        self._lines: list[_InputLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING // 2)
        self.add_button = QPushButton(self.tr("Another input"), self)
        self.add_button.setIcon(icon("add"))
        set_role(self.add_button, "flat")
        self.add_button.clicked.connect(self._on_add)
        row = QHBoxLayout()
        row.addSpacing(LABEL_WIDTH + SPACING)
        row.addWidget(self.add_button)
        row.addStretch(1)
        self._column.addLayout(row)

    @property
    def boxes(self) -> tuple[ChoiceBox, ...]:
        """Where the inputs are chosen, in order."""
        return tuple(line.box for line in self._lines)

    def show_inputs(
        self, inputs: Sequence[str], choices: Sequence[str], least: int, most: int | None
    ) -> None:
        """Shows inputs. Emits nothing.

        Args:
            inputs: The layers taken from now; one that is no choice is shown all the same.
            choices: The layers that can be taken from.
            least: Fewest inputs of such a layer.
            most: Most of them; None: any number.
        """
        self._inputs, self._choices = tuple(inputs), tuple(choices)
        self._most = len(choices) + 8 if most is None else most
        n_lines = max(len(self._inputs), least)
        while len(self._lines) > n_lines:
            line = self._lines.pop()
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        while len(self._lines) < n_lines:
            line = _InputLine(len(self._lines), self)
            line.chosen.connect(self._on_chosen)
            line.removed.connect(self._on_removed)
            self._column.insertWidget(len(self._lines), line)
            self._lines.append(line)
        for at, line in enumerate(self._lines):
            name = self._inputs[at] if at < len(self._inputs) else ""
            line.show_input(name, self._choices, n_lines > 1, len(self._inputs) > least)
        self.add_button.setVisible(self._most > 1 and len(self._inputs) < self._most)

    @Slot(int, str)
    def _on_chosen(self, at: int, name: str) -> None:
        inputs = list(self._inputs)
        if at < len(inputs):
            inputs[at] = name
        else:
            inputs.append(name)
        self._say(inputs)

    @Slot(int)
    def _on_removed(self, at: int) -> None:
        self._say([name for place, name in enumerate(self._inputs) if place != at])

    @Slot()
    def _on_add(self) -> None:
        unused = [name for name in reversed(self._choices) if name not in self._inputs]
        if unused or self._choices:
            self._say([*self._inputs, unused[0] if unused else self._choices[-1]])

    def _say(self, inputs: Sequence[str]) -> None:
        self._inputs = tuple(inputs)
        self.inputs_changed.emit(self._inputs)


class _InputLine(QWidget):
    """One input.

    Signals:
        chosen(int, str): Another layer was chosen for the input of that number.
        removed(int): That input is not wanted any more.
    """

    chosen = Signal(int, str)
    removed = Signal(int)

    def __init__(self, at: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._at = at
        self._is_setting = False
        self._label = Label(self)
        self._label.setFixedWidth(LABEL_WIDTH)
        self.box = ChoiceBox(self)
        self.box.currentIndexChanged.connect(self._on_index)
        self._label.setBuddy(self.box)
        self.remove_button = QToolButton(self)
        self.remove_button.setIcon(icon("close", "muted"))
        set_role(self.remove_button, "flat")
        self.remove_button.clicked.connect(self._on_remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(self._label)
        row.addWidget(self.box, 1)
        row.addWidget(self.remove_button)

    def show_input(
        self, name: str, choices: Sequence[str], is_one_of_many: bool, is_removable: bool
    ) -> None:
        title = self.tr("Input {n}").format(n=self._at + 1) if is_one_of_many else self.tr("Input")
        self._label.setText(title)
        self.box.setAccessibleName(title)
        self.box.setToolTip(self.tr("The layer whose output comes in here."))
        self.remove_button.setVisible(is_removable)
        self.remove_button.setAccessibleName(self.tr("Remove {input}").format(input=title))
        self.remove_button.setToolTip(self.tr("Remove this input"))
        offered = [*choices] if name in choices else [*choices, name]
        self._is_setting = True
        if [self.box.itemText(at) for at in range(self.box.count())] != offered:
            self.box.clear()
            self.box.addItems(offered)
        self.box.setCurrentIndex(offered.index(name))
        self._is_setting = False

    @Slot(int)
    def _on_index(self, _index: int) -> None:
        if not self._is_setting:
            self.chosen.emit(self._at, self.box.currentText())

    @Slot()
    def _on_remove(self) -> None:
        self.removed.emit(self._at)
