"""Inspection in a worker: it tells how far it is, and stops when it is asked to."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import Cancelled
from engine.events.commands import Control, InspectData
from engine.events.messages import DataInspected, DataProgress, Rejected
from engine.events.watch import Watch
from engine.service.execution import inspect_data
from engine.service.session import Session
from tests import slow_workers


@pytest.fixture
def many_images(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


def test_progress_is_told_and_ends_with_the_profile(many_images: Path) -> None:
    notified: list[tuple[str, int, int]] = []
    found = inspect_data(
        {"data": {"source": str(many_images)}}, lambda *step: notified.append(step)
    ).profile
    assert found.n_samples == 80
    assert notified
    assert all(what for what, _, _ in notified)


def test_a_cancelled_inspection_stops(many_images: Path) -> None:
    asked = threading.Event()
    asked.set()
    with pytest.raises(Cancelled):
        inspect_data({"data": {"source": str(many_images)}}, Watch(lambda _: None, asked.is_set))


def test_the_watch_tells_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("engine.events.watch.time.perf_counter", lambda: now[0])
    notified: list[DataProgress] = []
    watch = Watch(notified.append, lambda: False)
    for step in range(100):
        now[0] = step / 64
        watch("Reading", step, 100)
    assert [event.done for event in notified] == list(range(7, 100, 7))


def test_a_worker_hears_a_stop_while_it_inspects(
    many_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm_workers: None
) -> None:
    monkeypatch.setattr("engine.service.session.worker.main", slow_workers.held_while_reading)
    session = Session(tmp_path / "workspace")
    try:
        events = []
        for event in session.run(InspectData({"data": {"source": str(many_images)}})):
            events.append(event)
            if isinstance(event, DataProgress):
                session.control(Control.STOP)
        assert isinstance(events[-1], Rejected)
        assert events[-1].message == "Cancelled."
        # It is there for the next question.
        again = list(session.run(InspectData({"data": {"source": "moons"}})))
        assert isinstance(again[-1], DataInspected)
    finally:
        session.close()
