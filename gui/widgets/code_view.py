"""CodeView: the chosen model as Keras code, to read, to copy and to keep."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from pygments.lexers.python import PythonLexer
from pygments.token import Token, _TokenType
from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.events.messages import ModelDescribed
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, set_role

FOLDER_SETTING: Final = "code/folder"

# A token's colour: a field of the palette, or a position in its series.
_COLORS: Final[tuple[tuple[_TokenType, str | int], ...]] = (
    (Token.Comment, "muted"),
    (Token.Literal.String, 2),
    (Token.Literal.Number, 1),
    (Token.Keyword, "accent"),
    (Token.Operator.Word, "accent"),
    (Token.Name.Builtin, 6),
    (Token.Name.Function, 6),
    (Token.Name.Class, 6),
)


class PythonHighlighter(QSyntaxHighlighter):
    """Colours Python, as Pygments reads it, in the theme's colours."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._lines: list[list[tuple[int, int, _TokenType]]] = []
        current_theme().changed.connect(self.rehighlight)

    def read(self, text: str) -> None:
        """Takes a text apart; to be called before the document gets it."""
        self._lines = [[]]
        column = 0
        for kind, value in _lexer().get_tokens(text):
            for number, piece in enumerate(value.split("\n")):
                if number:
                    self._lines.append([])
                    column = 0
                if piece:
                    self._lines[-1].append((column, len(piece), kind))
                    column += len(piece)

    def highlightBlock(self, text: str) -> None:
        number = self.currentBlock().blockNumber()
        if number >= len(self._lines):
            return
        for start, length, kind in self._lines[number]:
            color = _color(kind)
            if color:
                shape = QTextCharFormat()
                shape.setForeground(QColor(color))
                if kind in Token.Comment:
                    shape.setFontItalic(True)
                self.setFormat(start, length, shape)


class CodeView(QWidget):
    """Code with Copy and Save.

    Signals:
        copied(): The code is on the clipboard.

    Args:
        messages: Says that the code was saved, or why not.
        settings: Remembers the folder.
    """

    copied = Signal()

    def __init__(
        self, messages: Messages, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        self._settings = settings
        self._name = "model"
        self.caption = Label(self)
        self.copy_button = QPushButton(icon("copy"), self.tr("Copy"), self)
        self.save_button = QPushButton(icon("export"), self.tr("Save…"), self)
        self.text = QPlainTextEdit(self)
        self._highlighter = PythonHighlighter(self.text.document())
        self._build()
        self.show_model(None)

    def _build(self) -> None:
        set_role(self.caption, "muted")
        self.caption.setWordWrap(True)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(code_font())
        self.text.setAccessibleName(self.tr("Keras code"))
        self.copy_button.clicked.connect(self.copy_code)
        self.save_button.clicked.connect(self.ask_where_to_save)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(self.caption, 1)
        row.addWidget(self.copy_button)
        row.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.text, 1)
        self.setFocusProxy(self.text)

    @property
    def code(self) -> str:
        """The code that is shown."""
        return self.text.toPlainText()

    def show_architecture(self, name: str) -> None:
        """Names the file to save after the architecture."""
        self._name = name or "model"

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows a model's code."""
        code = model.code if model is not None else ""
        if code != self.code:
            self._highlighter.read(code)
            self.text.setPlainText(code)
        if code:
            self.caption.setText(self.tr("This model with its present settings, in plain Keras."))
        elif model is not None:
            self.caption.setText(self.tr("This model cannot be written as Keras code."))
        else:
            self.caption.setText(self.tr("The code appears once the model is built."))
        self.text.setVisible(bool(code))
        for button in (self.copy_button, self.save_button):
            button.setEnabled(bool(code))
        layout = self.layout()
        assert layout is not None
        layout.activate()

    @Slot()
    def copy_code(self) -> None:
        """Puts the code on the clipboard."""
        QGuiApplication.clipboard().setText(self.code)
        self._messages.show_info(self.tr("The code is on the clipboard."))
        self.copied.emit()

    @Slot()
    def ask_where_to_save(self) -> None:
        """Lets the person pick a file, without holding up the window."""
        folder = self._settings.get(FOLDER_SETTING, str(Path.home()))
        suggestion = str(Path(folder) / f"{self._name}.py")
        dialog = QFileDialog(self, self.tr("Save the code"), suggestion)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("Python (*.py)"))
        dialog.setDefaultSuffix("py")
        dialog.selectFile(suggestion)
        dialog.fileSelected.connect(self.save_code)
        dialog.open()

    @Slot(str)
    def save_code(self, path: str) -> None:
        """Writes the code to a file."""
        try:
            Path(path).write_text(self.code.rstrip() + "\n", encoding="utf-8")
        except OSError as error:
            self._messages.show_error(
                self.tr("The code could not be saved to {path}: {reason}.").format(
                    path=path, reason=error.strerror or error
                ),
                self.tr("Choose another folder."),
            )
            return
        self._settings.set(FOLDER_SETTING, str(Path(path).parent))
        self._messages.show_info(self.tr("Saved as {name}.").format(name=Path(path).name))


def code_font() -> QFont:
    """The system's font for code, in the size of small text."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(TEXT_SMALL)
    return font


@cache
def _lexer() -> Any:
    return PythonLexer(stripnl=False, ensurenl=False)


def _color(kind: _TokenType) -> str:
    """The colour of a sort of token; empty for plain text."""
    palette = current_theme().palette
    for parent, color in _COLORS:
        if kind in parent:
            return palette.series[color] if isinstance(color, int) else str(getattr(palette, color))
    return ""
