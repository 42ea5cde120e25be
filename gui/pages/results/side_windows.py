"""SideWindows: what opens beside the Results page for the run that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings

if TYPE_CHECKING:
    from engine.runs.record import RunRecord
    from gui.pages.results.export_window import ExportWindow
    from gui.pages.shared.why_window import WhyWindow


class SideWindows(QObject):
    """Opens the review of labels, the export and explanations, each made when first wanted.

    Args:
        controller: The engine's side of the window.
        messages: The one door for messages.
        settings: What is remembered.
        page: The windows' parent.
    """

    def __init__(
        self, controller: Controller, messages: Messages, settings: Settings, page: QWidget
    ) -> None:
        super().__init__(page)
        self._controller, self._messages, self._settings = controller, messages, settings
        self._page = page
        self._record: RunRecord | None = None
        self._why: WhyWindow | None = None
        self._export: ExportWindow | None = None
        controller.closed.connect(self.close_all)

    def follow(self, record: RunRecord | None) -> None:
        """Says which run the page shows; what belongs to another one is closed."""
        if self._record is not None and (record is None or record.id != self._record.id):
            self.close_all()
        self._record = record

    @Slot()
    def open_labels(self) -> None:
        """Opens the review of the run's labels, or brings it to the front."""
        if self._record is None:
            return
        from gui.pages.results.label_review import LabelReview

        run = self._record.id
        reviews = self._page.findChildren(LabelReview)
        review = next((it for it in reviews if it.run == run), None)
        if review is None:
            review = LabelReview(self._controller, self._messages, run, self._page)
            review.begin()
        review.raise_()
        review.activateWindow()

    @Slot()
    def open_export(self) -> None:
        """Offers what the run's result can be taken away as."""
        if self._record is None:
            return
        if self._export is None:
            from gui.pages.results.export_window import ExportWindow

            results, repository = self._controller.results, self._controller.repository
            self._export = ExportWindow(results, repository, self._settings, self._page)
        self._export.show_run(self._record.id, self._record.name)

    @Slot(int, str)
    def open_why(self, row: int, name: str) -> None:
        """Explains an example of the run's data, by its index."""
        if self._record is None:
            return
        if self._why is None:
            from gui.pages.shared.why_window import WhyWindow

            self._why = WhyWindow(self._controller.results, self._page)
        self._why.explain_row(self._record.id, row, name)

    @Slot()
    def close_all(self) -> None:
        """Closes what belongs to the run alone; a review is kept, with what was answered."""
        for window in (self._why, self._export):
            if window is not None:
                window.close()
