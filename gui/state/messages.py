"""Messages: the one door through which the window speaks to the person, without a dialog."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

Action = Callable[[], object]

KEPT: Final = 20
"""How many messages can be read again."""


@dataclass(frozen=True)
class Message:
    """Something that was said.

    Attributes:
        level: ``info``, ``warning`` or ``error``.
        text: What happened, in a sentence.
        hint: What to do next; may be empty.
        details: A traceback or a log, to be copied; may be empty.
        action_text: What the button says; empty: no button.
        is_lasting: It describes how things are, until it is withdrawn.
        undoes: The action takes back what the message tells of; Ctrl+Z does it, too.
    """

    level: str
    text: str
    hint: str = ""
    details: str = ""
    action_text: str = ""
    is_lasting: bool = False
    undoes: bool = False


class SaidMessage(QObject):
    """A message, when it was said, and what can still be done about it.

    Signals:
        acted(): The action was done; it is done once.
    """

    acted = Signal()

    def __init__(
        self, message: Message, action: Action | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.message = message
        self.said_at = datetime.now().astimezone()
        self._action = action

    @property
    def can_act(self) -> bool:
        """There is an action, and it was not done yet."""
        return self._action is not None

    @Slot()
    def act(self) -> None:
        """Does what the button says."""
        action, self._action = self._action, None
        if action is not None:
            action()
            self.acted.emit()


class Messages(QObject):
    """Everything that was said: shown by the window for a while, and kept to be read again.

    What can be undone stays so for the whole session, however many messages came since.

    Signals:
        shown(SaidMessage): Something is to be shown.
        put_away(SaidMessage): It need not be shown any more.
        history_changed(): The list of what can be read again is another one.

    Attributes:
        history: Everything that was said, oldest first.
    """

    shown = Signal(object)
    put_away = Signal(object)
    history_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history: list[Message] = []
        self._said: list[SaidMessage] = []

    @property
    def kept(self) -> tuple[SaidMessage, ...]:
        """What can be read again, newest first: what still holds, and the last `KEPT`."""
        newest = self._said[-KEPT:]
        lasting = [said for said in self._said[:-KEPT] if said.message.is_lasting]
        return tuple(reversed(lasting + newest))

    @property
    def newest(self) -> SaidMessage:
        """What was said last.

        Raises:
            IndexError: Nothing was said.
        """
        return self._said[-1]

    def show_info(self, text: str, action_text: str = "", action: Action | None = None) -> None:
        """Says that something went well; goes away by itself.

        Args:
            text: What happened.
            action_text: What the button says.
            action: What the button does.
        """
        self._show(Message("info", text, action_text=action_text), action)

    def show_done(self, text: str, undo: Action) -> None:
        """Says what was done, with a button that takes it back; Ctrl+Z does it as well.

        Args:
            text: What was done.
            undo: Takes it back.
        """
        message = Message("info", text, action_text=self.tr("Undo"), undoes=True)
        self._show(message, undo)

    def show_warning(
        self,
        text: str,
        hint: str = "",
        action_text: str = "",
        action: Action | None = None,
        is_lasting: bool = False,
    ) -> None:
        """Says what the person should know.

        Args:
            text: What is so.
            hint: What to do about it.
            action_text: What the button says.
            action: What the button does.
            is_lasting: It describes how things are, until it is withdrawn.
        """
        message = Message("warning", text, hint, action_text=action_text, is_lasting=is_lasting)
        self._show(message, action)

    def show_error(self, text: str, hint: str = "", details: str = "") -> None:
        """Says that something went wrong; `details` can be unfolded and copied."""
        self._show(Message("error", text, hint, details), None)

    def withdraw(self, text: str) -> None:
        """Forgets every message of that text; what it said is no longer so."""
        self._forget([said for said in self._said if said.message.text == text])

    @Slot()
    def undo(self) -> None:
        """Takes back what was done last and can still be taken back."""
        for said in reversed(self._said):
            if said.message.undoes and said.can_act:
                said.act()
                return
        self.show_info(self.tr("There is nothing to undo."))

    def _show(self, message: Message, action: Action | None) -> None:
        self.history.append(message)
        # What can be undone was done each time; all else that is said again is said anew.
        if not message.undoes:
            self._forget([said for said in self._said if said.message == message])
        said = SaidMessage(message, action, self)
        said.acted.connect(self._on_acted)
        self._said.append(said)
        self.shown.emit(said)
        self.history_changed.emit()

    def _forget(self, those: Iterable[SaidMessage]) -> None:
        for said in those:
            self._said.remove(said)
            self.put_away.emit(said)
            said.deleteLater()
        self.history_changed.emit()

    @Slot()
    def _on_acted(self) -> None:
        said = self.sender()
        if said in self._said:
            self.put_away.emit(said)
            self.history_changed.emit()


def messages_of(widget: QWidget) -> Messages:
    """Returns where a widget's page or window speaks to the person.

    Raises:
        LookupError: It belongs to neither.
    """
    above: QWidget | None = widget
    while above is not None:
        found = getattr(above, "messages", None)
        if isinstance(found, Messages):
            return found
        above = above.parentWidget()
    raise LookupError(f"{widget!r} belongs to no page.")
