"""What the row of facts says of a run: seldom while it trains, at once where it has ended."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from engine.events.run_events import EpochEnded, RunFinished
from gui.pages.train.run_progress import RunProgress

RUN = "20261201-000000-abcd"


def test_the_last_numbers_are_told_at_once(qtbot: QtBot) -> None:
    progress = RunProgress()
    qtbot.addWidget(progress)
    epoch = EpochEnded(RUN, 1, 4, {"loss": 1.0}, 6.0, 6.0, 9.0, True, 0.1)
    progress.add(epoch)
    elapsed = progress.facts.facts["elapsed"].value
    assert elapsed.text() == "–"  # it waits for more
    progress.add(RunFinished(RUN, reason="Done."))
    assert elapsed.text() == "6.0 s"
    assert not progress._timer.isActive()
