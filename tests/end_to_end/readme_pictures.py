"""Makes the pictures of the README: `python tests/end_to_end/readme_pictures.py [FOLDER]`.

It opens the window without a display, trains for real, and saves what the README shows: the Train
page in both themes while a network learns, its inside, the layer editor, and the Data page.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).parents[2]))

from PySide6.QtCore import QObject, QSettings, QTimer, Slot
from PySide6.QtWidgets import QApplication

from engine.events.run_events import EpochEnded, RunEnded
from engine.service.session import Session
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window.main_window import MainWindow

FOLDER = Path(__file__).parents[2] / "resources" / "screenshots"
SIZE = (1280, 800)
SETTLE_MS = 900
LEARNS = {"data": {"source": "digits"}, "model": {"name": "cnn"}, "training": {"epochs": 12}}


class Pictures(QObject):
    """Goes from picture to picture; each is taken once what it shows has come."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__()
        self._window, self._folder = window, folder
        self._controller = window.controller
        self._is_taken = False
        self._later: list[Callable[[], object]] = []
        window.pages_built.connect(self._on_built)
        self._controller.worker_ready.connect(self._on_ready)
        self._controller.training.run_event.connect(self._on_event)

    def _page(self, name: str) -> Any:
        return self._window.pages[name]

    @Slot()
    def _on_built(self) -> None:
        self._window.resize(*SIZE)  # the screen of this platform is smaller

    @Slot(object)
    def _on_ready(self, _: object) -> None:
        if self._controller.training.state is None:
            self._controller.drafts.set_draft(Draft.from_values(LEARNS))
            self._window.show_page("train")
            QTimer.singleShot(4 * SETTLE_MS, self._controller.start)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 8 and not self._is_taken:
            self._is_taken = True
            for mode in ("light", "dark"):
                self._dress(mode)
                QApplication.processEvents()
                self._save(f"train-{mode}")
        elif isinstance(event, RunEnded):
            self._later = [
                partial(self._dress, "dark"),
                self._show_inside,
                partial(self._save, "inside-dark"),
                partial(self._dress, "light"),
                self._open_editor,
                self._wrap,
                self._await_model,
                self._fit_picture,
                partial(self._save, "editor-light"),
                self._show_sounds,
                lambda: None,
                partial(self._save, "data-light"),
                partial(self._dress, "dark"),
                partial(self._save, "data-dark"),
                self._window.close_now,
            ]
            self._go_on()

    @Slot()
    def _go_on(self) -> None:
        if self._later:
            self._later.pop(0)()
            QTimer.singleShot(SETTLE_MS, self._go_on)

    def _dress(self, mode: str) -> None:
        current_theme().set_mode(mode)
        current_theme().apply()

    def _show_inside(self) -> None:
        live = self._page("train").live
        live.tabs.setCurrentIndex(live.titles.index("Feature maps"))

    def _open_editor(self) -> None:
        self._window.show_page("model")
        page = self._page("model")
        page.editing.open()
        page.tabs.setCurrentIndex(1)
        page.editing.editor.pick_layer("conv2d_1")

    def _wrap(self) -> None:
        self._page("model").editing.editor.actions_.residual.trigger()

    def _await_model(self) -> None:
        if self._controller.drafts.model is None:
            self._later.insert(0, self._await_model)

    def _fit_picture(self) -> None:
        self._page("model").picture.view.fit()

    def _show_sounds(self) -> None:
        self._controller.drafts.choose_data("keypad_tones")
        self._window.show_page("data")

    def _save(self, name: str) -> None:
        self._window.grab().save(str(self._folder / f"{name}.png"))


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    with tempfile.TemporaryDirectory() as aside:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, aside)
        current_theme().set_mode("light")
        current_theme().apply()
        workspace = Path(aside) / "workspace"
        window = MainWindow(Controller(workspace, lambda: Session(workspace)), Settings())
        pictures = Pictures(window, folder)
        window.finished.connect(application.quit)
        window.show()
        window.open()
        code = application.exec()
        del pictures
    return code


if __name__ == "__main__":
    sys.exit(main())
