"""What was deleted long ago is removed in the background, one run at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.datasets.packed_cache import packed_place
from engine.errors import WorkspaceError
from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.state.run_repository import RunRepository
from tests.gui.run_fixtures import MOONS


@pytest.fixture
def repository(qtbot: QtBot, tmp_path: Path) -> Iterator[RunRepository]:
    made = RunRepository(tmp_path)
    made.open(may_mark=True)
    yield made
    with qtbot.waitSignal(made.closed):
        made.close()


@pytest.fixture
def overdue(tmp_path: Path) -> list[str]:
    """Three runs that were deleted 40 days ago, which was found out two days ago."""
    with RunStore(tmp_path) as store:
        runs = [
            store.create(RunSpec.from_dict(MOONS.to_spec()), name, "Moons", "Model").id
            for name in ("alpha", "beta", "gamma")
        ]
        store.record([RunFinished(run, reason="Done.") for run in runs])
        for run in runs:
            store.delete(run)
        with store._database.write() as connection:
            moment = datetime.now(UTC) - timedelta(days=40)
            connection.execute("UPDATE runs SET deleted_at = ?", (moment.isoformat(),))
        store.overdue(datetime.now(UTC) - timedelta(days=2))
    return runs


def folders(tmp_path: Path) -> list[str]:
    return [folder.name for folder in (tmp_path / "runs").iterdir()]


def test_what_was_deleted_long_ago_goes_with_what_was_packed_for_it(
    qtbot: QtBot, tmp_path: Path, overdue: list[str], repository: RunRepository
) -> None:
    unused = packed_place("unused")
    unused.mkdir(parents=True)
    qtbot.waitUntil(lambda: len(repository.deleted) == 3)
    repository.tidy()
    qtbot.waitUntil(lambda: repository.deleted == ())
    assert folders(tmp_path) == []
    assert unused.exists()  # not for long yet


def test_a_run_that_is_restored_meanwhile_stays(
    qtbot: QtBot, tmp_path: Path, overdue: list[str], repository: RunRepository
) -> None:
    qtbot.waitUntil(lambda: len(repository.deleted) == 3)
    repository.tidy()
    repository.restore(overdue[0])  # asked after the look, before any run is removed
    qtbot.waitUntil(lambda: repository.deleted == ())
    assert [record.id for record in repository.runs] == [overdue[0]]
    assert folders(tmp_path) == [overdue[0]]


def test_it_is_done_once_a_day(
    qtbot: QtBot, tmp_path: Path, overdue: list[str], repository: RunRepository
) -> None:
    with RunStore(tmp_path) as other:
        assert sorted(other.overdue() or ()) == sorted(overdue)
    repository.tidy()
    with qtbot.waitSignal(repository.runs_changed):
        repository.refresh()
    assert len(repository.deleted) == 3


def test_a_run_that_cannot_be_removed_keeps_no_other_one(
    qtbot: QtBot,
    overdue: list[str],
    repository: RunRepository,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remove = RunStore.remove

    def fail_once(store: RunStore, run: str) -> bool:
        if run == overdue[1]:
            raise WorkspaceError("The disk is full.")
        return remove(store, run)

    monkeypatch.setattr(RunStore, "remove", fail_once)
    qtbot.waitUntil(lambda: len(repository.deleted) == 3)
    with caplog.at_level(logging.WARNING):
        repository.tidy()
        qtbot.waitUntil(lambda: [record.id for record in repository.deleted] == [overdue[1]])
    assert "The disk is full." in caplog.text


def test_closing_does_not_wait_for_it(
    qtbot: QtBot, tmp_path: Path, overdue: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = RunRepository(tmp_path)
    repository.open(may_mark=True)
    qtbot.waitUntil(lambda: len(repository.deleted) == 3)
    repository.tidy()
    with qtbot.waitSignal(repository.closed):
        repository.close()
    assert len(folders(tmp_path)) == 3


def test_a_window_that_may_only_look_removes_nothing(
    qtbot: QtBot, tmp_path: Path, overdue: list[str]
) -> None:
    repository = RunRepository(tmp_path)
    repository.open(may_mark=False)
    assert not repository._tidy_timer.isActive()
    with qtbot.waitSignal(repository.closed):
        repository.close()
