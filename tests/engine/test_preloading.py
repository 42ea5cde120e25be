"""A worker that shows examples imports TensorFlow meanwhile, and asks nothing of it half made."""

from __future__ import annotations

import sys
import threading

import pytest

from engine.events.columns import ReadColumn
from engine.events.explaining import ExplainExample
from engine.events.results import ShowExamples
from engine.service.results import preloading


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Holds the import until it is set; nothing is imported in truth."""
    held = threading.Event()
    monkeypatch.setattr(preloading, "_threads", [])
    monkeypatch.setattr(preloading, "_load", held.wait)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    return held


def test_it_begins_once_and_delays_no_light_question(gate: threading.Event) -> None:
    preloading.preload_after(ShowExamples("run", (1,)))
    preloading.preload_after(ReadColumn("run"))
    (thread,) = preloading._threads
    preloading.wait_for(ReadColumn("run"))  # returns although the import is under way
    assert thread.is_alive()
    gate.set()
    thread.join()


def test_a_question_that_needs_it_waits_until_it_is_there(gate: threading.Event) -> None:
    preloading.preload_after(ShowExamples("run", (1,)))
    (thread,) = preloading._threads
    done = threading.Event()

    def ask() -> None:
        preloading.wait_for(ExplainExample("run", 1))
        assert not thread.is_alive()
        done.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert not done.is_set()
    gate.set()
    asking.join()
    assert done.is_set()


def test_where_it_is_there_or_nobody_looks_nothing_begins(gate: threading.Event) -> None:
    preloading.preload_after(ExplainExample("run", 1))
    sys.modules["tensorflow"] = sys
    preloading.preload_after(ShowExamples("run", (1,)))
    del sys.modules["tensorflow"]
    assert preloading._threads == []
    gate.set()
