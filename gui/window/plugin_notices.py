"""PluginNotices: says in the window which plug-ins are left out."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from engine.spec.plugins.record import PluginRecord
from gui.state.messages import Messages
from gui.state.plugin_controller import PluginController


class PluginNotices(QObject):
    """Names what is left out: with its reason when that is found, by name at later starts.

    Args:
        plugins: Knows them.
        messages: Where it is said.
    """

    def __init__(
        self, plugins: PluginController, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        plugins.refused.connect(self._on_refused)
        plugins.left_out.connect(self._on_left_out)
        plugins.failed.connect(self._on_failed)

    @Slot(object)
    def _on_refused(self, record: PluginRecord) -> None:
        text = self.tr("The plug-in “{name}” of the package {package} is left out. {reason}")
        words = text.format(name=record.name, package=record.package, reason=record.reason)
        self._messages.show_warning(words, record.hint)

    @Slot(object)
    def _on_left_out(self, records: tuple[PluginRecord, ...]) -> None:
        names = ", ".join(f"“{record.name}”" for record in records)
        text = self.tr("Plug-ins that are left out: {names}. “descent-cli plugins” says why.")
        self._messages.show_info(text.format(names=names))

    @Slot(str)
    def _on_failed(self, details: str) -> None:
        text = self.tr("What other packages add to Descent cannot be looked for.")
        self._messages.show_error(text, self.tr("Everything else works without it."), details)
