"""What the tests of the frame's own pages share: a page or a window on the fake engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pytestqt.qtbot import QtBot

from engine.devices.sampler import DeviceInfo
from gui.pages.shared.page import Page
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window.main_window import MainWindow
from tests.gui.fake_engine import FakeEngine, FakeSampler

P = TypeVar("P", bound=Page)


@dataclass
class PageStage(Generic[P]):
    """A page whose engine is not opened yet."""

    qtbot: QtBot
    engine: FakeEngine
    controller: Controller
    messages: Messages
    settings: Settings
    page: P


@contextmanager
def page_stage(
    qtbot: QtBot, folder: Path, page_class: type[P], is_warm: bool = True
) -> Iterator[PageStage[P]]:
    """Builds a page on an open controller; ends what is behind it afterwards.

    Args:
        qtbot, folder: The test's fixtures.
        page_class: The page.
        is_warm: TensorFlow gets ready; if not, the gate `engine.warm_up` is closed.
    """
    current_theme().apply()
    engine = FakeEngine(folder / "workspace")
    if not is_warm:
        engine.warm_up.close()
    controller = Controller(engine.workspace, engine, FakeSampler)
    messages = Messages()
    settings = Settings()
    page = page_class(controller, messages, settings)
    qtbot.addWidget(page)
    page.resize(1080, 760)
    page.show()
    controller.open()
    try:
        yield PageStage(qtbot, engine, controller, messages, settings, page)
    finally:
        engine.open_gates()
        with qtbot.waitSignal(controller.closed):
            controller.close()


class Machine(FakeSampler):
    """A sampler that knows its machine."""

    def describe(self) -> DeviceInfo:  # type: ignore[override]
        return DeviceInfo("A processor", 2, 4, 8 * 2**30, ())


@dataclass
class WindowStage:
    """A whole window on the fake engine."""

    qtbot: QtBot
    engine: FakeEngine
    controller: Controller
    window: MainWindow


@contextmanager
def window_stage(qtbot: QtBot, folder: Path) -> Iterator[WindowStage]:
    """Opens a window with all its pages; closes it afterwards, if the test has not."""
    current_theme().apply()
    engine = FakeEngine(folder / "workspace")
    controller = Controller(engine.workspace, engine, Machine)
    window = MainWindow(controller, Settings(), folder / "window.log")
    window.show()
    with qtbot.waitSignals([window.pages_built, controller.worker_ready]):
        window.open()
    try:
        yield WindowStage(qtbot, engine, controller, window)
    finally:
        engine.open_gates()
        if not window.is_finished:
            with qtbot.waitSignal(window.finished):
                window.close_now()
        # Not `qtbot.addWidget`: it would close the window before the engine is told to go on.
        window.deleteLater()
