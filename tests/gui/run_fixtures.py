"""What the tests of the run pages share: a page on a controller on the fake engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from engine.events.run_events import EpochEnded, RunState
from gui.pages.shared.page import Page
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.theme import current_theme
from tests.gui.fake_engine import FakeEngine, FakeSampler

DIGITS = Draft(source="digits", model="cnn", training={"epochs": 4})
MOONS = Draft(source="moons", model="logistic_regression", training={"epochs": 4})
LINE = Draft(source="noisy_line", model="linear_regression", training={"epochs": 4})

P = TypeVar("P", bound=Page)


@dataclass
class Stage(Generic[P]):
    """A page, and what is behind it."""

    qtbot: QtBot
    engine: FakeEngine
    controller: Controller
    messages: Messages
    settings: Settings
    page: P

    def wait_for(self, state: RunState | None) -> None:
        if self.controller.training.state is not state:
            signal = self.controller.training.state_changed
            with self.qtbot.waitSignal(signal, check_params_cb=lambda s: s is state):
                pass

    def train(self, draft: Draft) -> str:
        """Trains to the end; returns the run."""
        self.controller.drafts.set_draft(draft)
        self.controller.start()
        self.wait_for(RunState.FINISHED)
        return str(self.controller.training.run)

    def hold(self, draft: Draft, epoch: int = 2) -> None:
        """Trains up to an epoch and stays there."""

        def is_there(event: Any) -> bool:
            return isinstance(event, EpochEnded) and event.epoch == epoch

        self.engine.hold_after_epoch = epoch
        self.controller.drafts.set_draft(draft)
        with self.qtbot.waitSignal(self.controller.training.run_event, check_params_cb=is_there):
            self.controller.start()


@contextmanager
def stage(qtbot: QtBot, folder: Path, page_class: type[P]) -> Iterator[Stage[P]]:
    """Opens a page; closes everything behind it at the end."""
    current_theme().apply()
    engine = FakeEngine(folder)
    controller = Controller(folder, engine, FakeSampler)
    messages = Messages()
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    settings = Settings(store)
    page = page_class(controller, messages, settings)
    qtbot.addWidget(page)
    page.resize(1080, 760)
    page.show()
    with qtbot.waitSignal(controller.worker_ready):
        controller.open()
    try:
        yield Stage(qtbot, engine, controller, messages, settings, page)
    finally:
        engine.open_gates()
        if not controller.is_closing:
            with qtbot.waitSignal(controller.closed):
                controller.close()
