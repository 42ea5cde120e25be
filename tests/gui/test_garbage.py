"""Cycles of objects are collected in the GUI thread, and nowhere else."""

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from gui.threads.garbage import GarbageCollector


class Holder(QObject):
    """Holds itself, and notes in which thread it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.me = self


@pytest.fixture
def seldom():
    """A threshold that a few objects exceed."""
    before = gc.get_threshold()
    gc.set_threshold(50, 10, 10)
    yield
    gc.set_threshold(*before)


def test_cycles_go_in_the_gui_thread_only(qtbot: QtBot, seldom: None) -> None:
    went: list[threading.Thread] = []
    collector = GarbageCollector()
    collector.start()
    watched = weakref.ref(Holder(), lambda _: went.append(threading.current_thread()))
    rubbish: list[list[int]] = []
    thread = threading.Thread(target=lambda: rubbish.extend([n] for n in range(5000)))
    thread.start()
    thread.join()
    assert watched() is not None
    qtbot.waitUntil(lambda: watched() is None)
    assert went == [threading.main_thread()]
    collector.stop()
    assert gc.isenabled()


def test_what_was_loaded_before_the_start_is_not_looked_through(qtbot: QtBot) -> None:
    collector = GarbageCollector()
    assert not gc.isenabled()
    loaded = [[n] for n in range(5000)]
    before = gc.get_freeze_count()
    collector.start()
    assert gc.get_freeze_count() >= before + len(loaded)
    collector.stop()
    assert gc.get_freeze_count() == 0
