"""DraftKeeper: what was picked and chosen is there again at the next start."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Slot

from gui.state.draft import Draft
from gui.state.draft_controller import DraftController
from gui.state.settings import Settings

FIRST_DATA: Final = "digits"
"""Picked where nothing was picked before: Train, Start, and it learns."""


class DraftKeeper(QObject):
    """Keeps the draft, and those of other data, in the settings.

    Args:
        drafts: Whose drafts.
        settings: Where they are kept.
    """

    def __init__(
        self, drafts: DraftController, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._settings = settings
        self._source = ""
        drafts.draft_changed.connect(self._on_draft)

    @Slot()
    def restore(self) -> None:
        """Brings back what was kept; every kind of data and model has been imported by now."""
        self._drafts.memory.add_values(self._settings.get("drafts", list[object]()))
        draft = Draft.from_values(self._settings.get("draft", dict[str, object]()))
        if draft.has_data:
            self._drafts.set_draft(draft)
        else:
            self._drafts.choose_data(FIRST_DATA)

    @Slot(object)
    def _on_draft(self, draft: Draft) -> None:
        if draft.source != self._source:  # the one before is remembered now
            self._source = draft.source
            self._settings.set("drafts", self._drafts.memory.to_values())
        self._settings.set("draft", draft.to_spec())
