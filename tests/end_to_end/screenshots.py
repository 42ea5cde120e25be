"""Makes pictures of the real window, page by page, in both themes.

    python tests/end_to_end/screenshots.py FOLDER [--size 1280x800] [--data NAME --model NAME]
    python tests/end_to_end/screenshots.py FOLDER --look digits FILE FOLDER…
    python tests/end_to_end/screenshots.py FOLDER --data digits --tabs cnn resnet…

It opens the window without a display, trains for real, and saves what each page shows. With
`--look` it trains nothing, and saves every tab of the Data page for each of the data; with `--tabs`
every tab of the Model page for each of the models. The pictures of the README come from
`readme_pictures.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).parents[2]))

from PySide6.QtCore import QObject, QSettings, QTimer, Slot
from PySide6.QtWidgets import QApplication

from engine.events.run_events import EpochEnded, RunEnded
from engine.service.session import Session
from gui.pages.data.profile_view import wanted_tabs
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window.main_window import MainWindow
from gui.window.page_list import PAGES

SETTLE_MS = 700  # long enough for a page to be read, laid out and drawn


class Photographer(QObject):
    """Trains once, then goes through the pages in both themes."""

    def __init__(self, window: MainWindow, spec: dict[str, object], folder: Path) -> None:
        super().__init__()
        self._window, self._spec, self._folder = window, spec, folder
        self._views = [(mode, page) for mode in ("light", "dark") for page in PAGES]
        self._is_training_shown = False
        self._controller = window.controller
        self._controller.worker_ready.connect(self._on_ready)
        self._controller.training.run_event.connect(self._on_event)

    @Slot(object)
    def _on_ready(self, _: object) -> None:
        if self._controller.training.state is None:
            self._controller.drafts.set_draft(Draft.from_values(self._spec))
            self._window.show_page("train")
            QTimer.singleShot(2 * SETTLE_MS, self._controller.start)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, EpochEnded) and not self._is_training_shown:
            started = self._controller.training.started
            if started is not None and event.epoch >= 0.7 * started.epochs:
                self._is_training_shown = True
                self._save("training-light")
        elif isinstance(event, RunEnded):
            QTimer.singleShot(SETTLE_MS, self._next)

    @Slot()
    def _next(self) -> None:
        if not self._views:
            self._window.close()
            return
        mode, page = self._views[0]
        current_theme().set_mode(mode)
        current_theme().apply()
        self._window.show_page(page)
        QTimer.singleShot(SETTLE_MS, self._take)

    @Slot()
    def _take(self) -> None:
        mode, page = self._views.pop(0)
        self._save(f"{page}-{mode}")
        self._next()

    def _save(self, name: str) -> None:
        self._window.grab().save(str(self._folder / f"{name}.png"))


class Viewer(QObject):
    """Goes through the tabs of the Data page for some data, in both themes."""

    def __init__(self, window: MainWindow, sources: list[str], folder: Path) -> None:
        super().__init__()
        self._window, self._folder = window, folder
        self._sources = sources
        self._views: list[tuple[str, str]] = []
        self._controller = window.controller
        self._controller.worker_ready.connect(self._next_source)
        self._controller.drafts.profile_changed.connect(self._on_profile)
        self._controller.drafts.data_rejected.connect(self._on_rejected)
        self._is_waiting = False

    @Slot()
    def _next_source(self) -> None:
        if not self._sources:
            self._window.close()
            return
        self._window.show_page("data")
        self._is_waiting = True
        source = self._sources[0]
        self._controller.drafts.choose_data(source)
        self._controller.drafts.inspect_again()

    @Slot(object)
    def _on_profile(self, profile: object) -> None:
        if self._is_waiting and profile is not None:
            self._is_waiting = False
            QTimer.singleShot(SETTLE_MS, self._list_views)

    @Slot(object)
    def _on_rejected(self, _: object) -> None:
        if self._is_waiting:
            self._is_waiting = False
            QTimer.singleShot(SETTLE_MS, self._save_rejection)

    @Slot()
    def _save_rejection(self) -> None:
        self._save("rejected", "light")
        self._sources.pop(0)
        self._next_source()

    @Slot()
    def _list_views(self) -> None:
        view = self._window.pages["data"].profile_view  # type: ignore[attr-defined]
        tabs = wanted_tabs(self._controller.drafts.profile)  # type: ignore[arg-type]
        self._views = [(mode, tab) for mode in ("light", "dark") for tab in tabs]
        self._view = view
        self._next_view()

    @Slot()
    def _next_view(self) -> None:
        if not self._views:
            self._sources.pop(0)
            self._next_source()
            return
        mode, tab = self._views[0]
        current_theme().set_mode(mode)
        current_theme().apply()
        self._view.show_tab(tab)
        QTimer.singleShot(2 * SETTLE_MS if tab == "batch" else SETTLE_MS, self._take)

    @Slot()
    def _take(self) -> None:
        mode, tab = self._views.pop(0)
        self._save(tab, mode)
        self._next_view()

    def _save(self, tab: str, mode: str) -> None:
        name = Path(self._sources[0]).stem
        self._window.grab().save(str(self._folder / f"{name}-{tab}-{mode}.png"))


class ModelViewer(QObject):
    """Goes through the tabs of the Model page for some models, in both themes."""

    def __init__(self, window: MainWindow, data: str, models: list[str], folder: Path) -> None:
        super().__init__()
        self._window, self._folder = window, folder
        self._data, self._models = data, models
        self._views: list[tuple[str, int]] = []
        self._is_waiting = False
        self._controller = window.controller
        self._controller.worker_ready.connect(self._next_model)
        self._controller.drafts.model_changed.connect(self._on_model)

    @Slot()
    def _next_model(self) -> None:
        if not self._models:
            self._window.close()
            return
        self._window.show_page("model")
        self._is_waiting = True
        spec = {"data": {"source": self._data}, "model": {"name": self._models[0]}}
        self._controller.drafts.set_draft(Draft.from_values(spec))

    @Slot(object)
    def _on_model(self, model: object) -> None:
        if self._is_waiting and model is not None:
            self._is_waiting = False
            self._tabs = self._window.pages["model"].tabs  # type: ignore[attr-defined]
            count = self._tabs.count()
            self._views = [(mode, tab) for mode in ("light", "dark") for tab in range(count)]
            self._next_view()

    @Slot()
    def _next_view(self) -> None:
        if not self._views:
            self._models.pop(0)
            self._next_model()
            return
        mode, tab = self._views[0]
        current_theme().set_mode(mode)
        current_theme().apply()
        self._tabs.setCurrentIndex(tab)
        QTimer.singleShot(SETTLE_MS, self._take)

    @Slot()
    def _take(self) -> None:
        mode, tab = self._views.pop(0)
        title = self._tabs.tabText(tab).lower()
        name = f"{self._models[0]}-{title}-{mode}.png"
        self._window.grab().save(str(self._folder / name))
        self._next_view()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--look", nargs="+", default=[])
    parser.add_argument("--tabs", nargs="+", default=[])
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--epochs", type=int, default=None)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    spec: dict[str, object] = {
        "data": {"source": options.data},
        "model": {"name": options.model},
        "training": {"epochs": options.epochs},
    }
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    with tempfile.TemporaryDirectory() as aside:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, aside)
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, aside)
        current_theme().set_mode("light")
        current_theme().apply()
        workspace = Path(aside) / "workspace"
        window = MainWindow(Controller(workspace, lambda: Session(workspace)), Settings())
        window.resize(*(int(side) for side in options.size.split("x")))
        photographer: QObject
        if options.look:
            photographer = Viewer(window, options.look, options.folder)
        elif options.tabs:
            photographer = ModelViewer(window, options.data, options.tabs, options.folder)
        else:
            photographer = Photographer(window, spec, options.folder)
        window.finished.connect(application.quit)
        window.show()
        window.open()
        code = application.exec()
        del photographer
    return code


if __name__ == "__main__":
    sys.exit(main())
