"""ParameterForm: a form made from declared parameters, with each mistake shown at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.errors import Problem, SpecError
from engine.spec.parameters import Parameter, ParameterKind, Parameters, describe, validate
from gui.formatting.plain_text import plain_html
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.fold import Fold
from gui.widgets.parameter_fields import ChoiceField, Field, IntegerListField, make_field
from gui.widgets.reset_button import ResetButton

EDIT_DELAY_MS: Final = 150
LABEL_WIDTH: Final = 14 * SPACING


class ParameterForm(QWidget):
    """Edits one group of parameters.

    Values are checked against the declaration at each keystroke, so a mistake shows at once; the
    engine's own findings, which need the data, are added by `set_problems`.

    Signals:
        values_changed(dict): The person has edited and paused; what differs from the defaults.

    Args:
        declared: The declaration.
        prefix: Path of the group in a `RunSpec`, such as ``model.parameters``; empty: the root.
    """

    values_changed = Signal(object)

    def __init__(
        self, declared: type[Parameters], prefix: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._declared = declared
        self._prefix = prefix
        self._found: tuple[Problem, ...] = ()
        self._is_setting = False
        self._unsaid: set[str] = set()
        self._meaningless: set[str] = set()
        self._rows: dict[str, FieldRow] = {}
        self._fold: Fold | None = None
        self._general = _problem_label(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EDIT_DELAY_MS)
        self._timer.timeout.connect(self._emit_values)
        self._build()

    def _build(self) -> None:
        """Makes each row where it stays: to move it would be to dress it twice."""
        self._column = column = _column_in(self)
        parameters = describe(self._declared)
        rows = {item.name: FieldRow(item, self) for item in parameters if not item.advanced}
        for row in rows.values():
            column.addWidget(row)
        advanced = [item for item in parameters if item.advanced]
        if advanced:
            self._fold = Fold(self.tr("More settings"), QWidget(), self)
            column.addWidget(self._fold)
            inner = _column_in(self._fold.content)
            for item in advanced:
                row = rows[item.name] = FieldRow(item, self._fold.content)
                inner.addWidget(row)
        for item in parameters:
            self._rows[item.name] = rows[item.name]
            rows[item.name].edited.connect(self._on_edited)
        column.addWidget(self._general)

    @property
    def is_empty(self) -> bool:
        """There is nothing to set."""
        return not self._rows

    @property
    def fold(self) -> Fold | None:
        """Where the advanced settings are, if there are any."""
        return self._fold

    def field(self, name: str) -> Field:
        """Returns the editor of a parameter."""
        return self._rows[name].field

    def focus_field(self, path: str) -> QWidget | None:
        """Puts the cursor into the field of a path in a `RunSpec`.

        Returns:
            The row of the field, to be scrolled to; None where this form does not show it.
        """
        row = self._rows.get(self._name_of(path)) if self._owns(path) else None
        if row is None or row.isHidden():
            return None
        if row.parameter.advanced and self._fold is not None:
            self._fold.set_open(True)
        row.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return row

    def error_text(self, name: str = "") -> str:
        """Returns what is shown as wrong at a field, or in general."""
        label = self._rows[name].problem if name else self._general
        return label.text() if not label.isHidden() else ""

    def values(self) -> dict[str, Any]:
        """Returns what differs from the defaults, as JSON-ready values that may be wrong."""
        chosen = {}
        for name, row in self._rows.items():
            if row.is_changed:
                chosen[name] = row.field.value()
        return chosen

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Shows values; what is missing takes its default. Emits nothing.

        What the person has just typed, and the form has not said yet, stays.
        """
        self._is_setting = True
        for name, row in self._rows.items():
            if name in self._unsaid:
                continue
            wanted = values.get(name, row.default)
            if not _is_same(row.field.value(), wanted):
                row.field.set_value(wanted)
        self._is_setting = False
        self._check()

    def set_resolved(self, values: Mapping[str, Any]) -> None:
        """Shows what the open choices ("automatic") mean at present."""
        for name, row in self._rows.items():
            row.field.set_resolved(values.get(name))

    def set_fitted(self, values: Mapping[str, Any]) -> None:
        """Takes other values as usual than the declared ones, and marks them. Emits nothing.

        A field that shows what was usual before shows what is usual now.

        Args:
            values: By name, what the data asks for; the others are as they are declared.
        """
        self._is_setting = True
        for name, row in self._rows.items():
            row.set_default(values.get(name, row.parameter.default))
        self._is_setting = False
        self._check()

    def set_row_shown(self, name: str, is_shown: bool) -> None:
        """Shows or hides a parameter that means nothing here; its value stays.

        While something is wrong with it, it is shown all the same.
        """
        if is_shown:
            self._meaningless.discard(name)
        else:
            self._meaningless.add(name)
        self._show_row(self._rows[name])

    def _show_row(self, row: FieldRow) -> None:
        name = row.parameter.name
        row.setVisible(name not in self._meaningless or bool(row.problem.text()))
        if row.parameter.advanced and self._fold is not None:
            advanced = (item for item in self._rows.values() if item.parameter.advanced)
            self._fold.setVisible(any(not item.isHidden() for item in advanced))

    def add_below(self, name: str, widget: QWidget) -> None:
        """Puts a button, say, below the editor of a parameter."""
        self._rows[name].add_below(widget)

    def set_choices(self, name: str, choices: Iterable[str]) -> None:
        """Offers only some of a parameter's choices; the value shown stays on the list."""
        field = self._rows[name].field
        if isinstance(field, ChoiceField):
            self._is_setting = True
            field.offer(tuple(choices))
            self._is_setting = False

    def set_problems(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Shows the engine's findings at their fields.

        Returns:
            Those that belong to no field of this form.
        """
        problems = tuple(problems)
        self._found = tuple(item for item in problems if self._owns(item.field))
        self._check()
        return tuple(item for item in problems if item not in self._found)

    @Slot()
    def flush(self) -> None:
        """Says the values now, without waiting for the person to pause."""
        if self._timer.isActive():
            self._timer.stop()
            self._emit_values()

    @Slot()
    def _emit_values(self) -> None:
        self._unsaid.clear()
        self.values_changed.emit(self.values())

    @Slot(str)
    def _on_edited(self, name: str) -> None:
        if self._is_setting:
            return
        # What the engine found is about the value of before.
        self._found = tuple(item for item in self._found if self._name_of(item.field) != name)
        self._unsaid.add(name)
        self._check()
        self._timer.start()

    def _check(self) -> None:
        try:
            validate(self._declared, self.values(), self._prefix)
            mistakes: tuple[Problem, ...] = ()
        except SpecError as error:
            mistakes = error.problems
        names_in_error = {self._name_of(item.field) for item in mistakes}
        found = [item for item in self._found if self._name_of(item.field) not in names_in_error]
        by_name: dict[str, list[str]] = {}
        for item in (*mistakes, *found):
            text = f"{item.message} {item.hint}".strip()
            by_name.setdefault(self._name_of(item.field), []).append(text)
        for name, row in self._rows.items():
            row.show_problem("\n".join(dict.fromkeys(by_name.pop(name, []))))
            self._show_row(row)
            if row.problem.text() and row.parameter.advanced and self._fold is not None:
                self._fold.set_open(True)
        rest = "\n".join(text for texts in by_name.values() for text in texts)
        self._general.setText(rest)
        self._general.setVisible(bool(rest))

    def _owns(self, path: str) -> bool:
        if not self._prefix:
            return self._name_of(path) in self._rows
        return path == self._prefix or path.startswith(f"{self._prefix}.")

    def _name_of(self, path: str) -> str:
        """The parameter a path is about; empty where it is about the group."""
        rest = path.removeprefix(self._prefix).removeprefix(".") if self._prefix else path
        return rest.partition(".")[0]


class FieldRow(QWidget):
    """A label, an editor, and room for what is wrong.

    Signals:
        edited(str): The value of the parameter of that name is another one.
    """

    edited = Signal(str)

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parameter = parameter
        self.default = parameter.default
        self.field = make_field(parameter, self)
        self.fitted: Label | None = None
        self.problem = _problem_label(self)
        name = parameter.label
        if parameter.unit and parameter.unit.lower() not in name.lower():
            name = f"{name} ({parameter.unit})"
        label = Label(name, self)
        label.setWordWrap(True)
        label.setFixedWidth(LABEL_WIDTH)
        label.setBuddy(self.field)
        self.field.setAccessibleName(name)
        self._help = f"{parameter.help} {parameter.range_text}".strip()
        self.field.setAccessibleDescription(self._help)
        for widget in (label, self.field):
            widget.setToolTip(self._tool_tip())
        self.field.set_resolved(None)
        self.field.set_value(parameter.default)
        self.field.value_changed.connect(self._on_value)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(label)
        row.addWidget(self.field, 1)
        row.addSpacing(ResetButton.EDGE + SPACING)  # its place is kept, so that nothing moves
        self._reset: ResetButton | None = None
        self._row = row
        self._column = column = _column_in(self, SPACING // 2)
        column.addLayout(row)
        column.addWidget(self.problem)

    def add_below(self, widget: QWidget) -> None:
        """Puts a widget below the editor."""
        row = QHBoxLayout()
        row.addSpacing(LABEL_WIDTH + SPACING)
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
        row.addStretch(1)
        self._column.insertLayout(1, row)

    def set_default(self, value: Any) -> None:
        """Takes another value as usual; where it is not the declared one, the data asked for it."""
        if _is_same(value, self.default):
            return
        was_changed = self.is_changed
        self.default = value
        if not was_changed:
            self.field.set_value(value)
        self._show_whether_changed()

    def _show_whether_fitted(self) -> None:
        """Says below the editor that what it shows was fitted to the data."""
        is_fitted = not self.is_changed and not _is_same(self.default, self.parameter.default)
        if self.fitted is None and is_fitted:
            self.fitted = Label(self)
            set_role(self.fitted, "small")
            self.fitted.setWordWrap(True)
            self.fitted.setTextFormat(Qt.TextFormat.PlainText)
            self.add_below(self.fitted)
        if self.fitted is not None:
            text = self.tr("fitted to the data (else {usual})")
            self.fitted.setText(text.format(usual=_text_of(self.parameter.default)))
            self.fitted.setVisible(is_fitted)
            self.field.setAccessibleDescription(self.fitted.text() if is_fitted else self._help)

    def show_problem(self, text: str) -> None:
        """Shows what is wrong, or nothing."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        target = self.field.line_edit if isinstance(self.field, IntegerListField) else self.field
        if bool(target.property("invalid")) is not bool(text):
            target.setProperty("invalid", bool(text))
            target.style().unpolish(target)
            target.style().polish(target)

    def _tool_tip(self) -> str:
        parameter = self.parameter
        lines = [parameter.help]
        if parameter.kind not in (ParameterKind.BOOLEAN, ParameterKind.CHOICE):
            allowed = parameter.range_text
            if allowed:
                lines.append(self.tr("Allowed: {range}.").format(range=allowed))
        if parameter.default is not None:
            lines.append(self.tr("Usual: {value}.").format(value=_text_of(parameter.default)))
        # As rich text, so that a long help text wraps.
        return "".join(f"<p>{plain_html(line)}</p>" for line in lines if line)

    @property
    def is_changed(self) -> bool:
        """The value differs from the usual one."""
        return not _is_same(self.field.value(), self.default)

    @property
    def reset(self) -> ResetButton | None:
        """The mark of a changed value, which takes it back; None: it was never changed."""
        return self._reset

    @Slot()
    def _on_value(self) -> None:
        self._show_whether_changed()
        self.edited.emit(self.parameter.name)

    def _show_whether_changed(self) -> None:
        if self.is_changed and self._reset is None:
            self._row.takeAt(self._row.count() - 1)
            self._reset = ResetButton(self.parameter, self)
            self._reset.clicked.connect(self._on_reset)
            self._row.addWidget(self._reset)
        if self._reset is not None:
            self._reset.setVisible(self.is_changed)
        self._show_whether_fitted()

    @Slot()
    def _on_reset(self) -> None:
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.set_value(self.default)


def _text_of(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _column_in(widget: QWidget, spacing: int = SPACING) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(spacing)
    return column


def _problem_label(parent: QWidget) -> Label:
    label = Label(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_role(label, "danger")
    label.hide()
    return label


def _is_same(value: Any, other: Any) -> bool:
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return list(value) == list(other)
    return bool(value == other) and isinstance(value, bool) is isinstance(other, bool)
