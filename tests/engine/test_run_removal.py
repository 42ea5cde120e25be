"""Deleted runs are kept for 30 days; then they leave the disk, whole, with what was cached."""

import os
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.datasets.packed_cache import packed_place
from engine.datasets.tables import table_passes
from engine.errors import WorkspaceError
from engine.events.run_events import RunFinished, RunState, StateChanged
from engine.files import cache_folder
from engine.runs import removal
from engine.runs.packed_names import read_packed_names, save_packed_names
from engine.runs.record import KEPT_DAYS
from engine.runs.store import RunStore
from engine.service.tidying import clear_cache, tidy
from engine.spec.run_spec import RunSpec
from engine.training.prepared_data import prepare

ROOT = Path(__file__).parents[2]
SPEC = RunSpec.from_dict({"data": {"source": "moons"}, "model": {"name": "mlp"}})
NOW = datetime.now(UTC)
OLD_S = NOW.timestamp() - (KEPT_DAYS + 1) * 24 * 3600

# Dies while it removes the run that it is told, once it comes to the call that it is told.
REMOVER = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from engine.runs import removal, store

def die(*_):
    os._exit(9)

place, run = sys.argv[2:]
setattr(store if place == "delete_aside" else removal, place, die)
opened = store.RunStore(Path(sys.argv[1]))
opened.remove(run, datetime.now(UTC) + timedelta(days=40))
"""


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(store):
    return deleted(store, "gone")


def deleted(store, name):
    made = store.create(SPEC, name, "Moons", "MLP").id
    store.record([RunFinished(made, reason="Done.")])
    store.delete(made)
    return made


def is_whole(store, run):
    known = [*store.runs(), *store.runs(deleted=True)]
    return run in [record.id for record in known] and (store.folder(run) / "spec.json").exists()


def is_gone(store, run):
    known = [*store.runs(), *store.runs(deleted=True)]
    left = [path.name for path in store.folder(run).parent.iterdir() if run in path.name]
    return run not in [record.id for record in known] and not left


class TestWhen:
    def test_two_looks_after_thirty_days_are_needed(self, store, run):
        assert store.overdue(days(0)) == []
        assert store.overdue(days(29.9)) == []
        assert store.overdue(days(31)) == []
        assert store.overdue(days(32)) == [run]
        assert store.remove(run, days(32))
        assert is_gone(store, run)

    def test_is_asked_once_a_day_by_all_processes_together(self, store, run, tmp_path):
        assert store.overdue(days(31)) == []
        assert store.overdue(days(31.9)) is None
        with RunStore(tmp_path) as other:
            assert other.overdue(days(31.9)) is None
            assert other.overdue(days(32)) == [run]
        assert store.overdue(days(32.1)) is None

    def test_a_restored_run_is_not_removed_even_where_it_was_found_before(self, store, run):
        store.overdue(days(31))
        assert store.overdue(days(32)) == [run]
        store.restore(run)
        assert not store.remove(run, days(32))
        assert is_whole(store, run)

    def test_a_run_deleted_again_is_kept_as_long_again(self, store, run):
        store.restore(run)
        store.delete(run)
        assert not store.remove(run, days(29))
        assert is_whole(store, run)

    def test_a_run_that_is_still_trained_stays(self, store):
        run = store.create(SPEC, "", "Moons", "MLP").id
        store.record([StateChanged(run, RunState.RUNNING)])
        store.delete(run)
        store.overdue(days(31))
        assert store.overdue(days(32)) == []
        assert not store.remove(run, days(32))


class TestClock:
    def test_set_forward_for_some_hours(self, store, run):
        assert store.overdue(days(5_000)) == []
        assert store.overdue(days(5_000.5)) is None
        assert store.overdue(days(0.1)) == []
        assert store.overdue(days(1.2)) == []
        assert is_whole(store, run)

    def test_set_back_between_two_looks(self, store, run):
        store.overdue(days(40))
        assert store.overdue(days(35)) == []
        assert store.overdue(days(36)) == [run]

    def test_set_back_while_something_is_deleted(self, store, monkeypatch):
        run = store.create(SPEC, "", "Moons", "MLP").id
        store.record([RunFinished(run, reason="Done.")])

        class Slow(datetime):
            @classmethod
            def now(cls, tz=None):
                return NOW - timedelta(days=9_000)

        with monkeypatch.context() as patched:
            patched.setattr(removal, "datetime", Slow)
            store.delete(run)
        record = store.get(run)
        assert record.deleted_at == record.ended_at

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"looked_at": 3}', '{"looked_at": "x"}'])
    def test_a_note_of_the_last_look_that_cannot_be_read(self, store, run, tmp_path, content):
        (tmp_path / removal.FILE_NAME).write_text(content)
        assert store.overdue(days(31)) == []
        assert store.overdue(days(32)) == [run]


class TestWholeOrNothing:
    @pytest.mark.parametrize("place", ["flush_directory", "delete_aside"])
    def test_a_process_that_dies(self, store, run, tmp_path, place):
        command = [sys.executable, "-c", REMOVER, str(tmp_path), place, run]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
        assert not store.folder(run).exists()
        store.overdue(days(1))
        assert is_whole(store, run) if place == "flush_directory" else is_gone(store, run)

    def test_what_a_dying_process_set_aside_is_restored_at_once(self, store, run, tmp_path):
        command = [sys.executable, "-c", REMOVER, str(tmp_path), "flush_directory", run]
        subprocess.run(command, cwd=ROOT, check=False)
        store.restore(run)
        assert is_whole(store, run)
        assert [record.id for record in store.runs()] == [run]

    def test_a_folder_in_use_stays_with_its_run(self, store, run, monkeypatch):
        def refuse(path, target):
            raise PermissionError(13, "in use")

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", refuse)
            assert not store.remove(run, days(40))
        assert is_whole(store, run)
        assert store.remove(run, days(40))

    def test_a_folder_that_is_gone_already(self, store, run):
        shutil.rmtree(store.folder(run))
        assert store.remove(run, days(40))
        assert is_gone(store, run)

    def test_a_write_that_fails_brings_the_folder_back(self, store, run):
        with store._database.write() as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE DELETE ON runs "
                "BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
            )
        with pytest.raises(WorkspaceError):
            store.remove(run, days(40))
        store.overdue(days(1))
        assert is_whole(store, run)

    def test_a_removed_run_cannot_be_restored(self, store, run):
        store.remove(run, days(40))
        with pytest.raises(WorkspaceError, match="no run"):
            store.restore(run)
        assert is_gone(store, run)

    def test_several_remove_and_restore_at_once(self, store, tmp_path):
        runs = [deleted(store, f"run {number}") for number in range(12)]
        restored, removed = [], []
        start = threading.Barrier(3)

        def restore():
            start.wait()
            with RunStore(tmp_path) as mine:
                for run in runs:
                    try:
                        mine.restore(run)
                    except WorkspaceError:
                        continue
                    restored.append(run)

        def remove():
            start.wait()
            with RunStore(tmp_path) as mine:
                for run in reversed(runs):
                    if mine.remove(run, days(40)):
                        removed.append(run)

        threads = [threading.Thread(target=job) for job in (restore, remove, remove)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(restored + removed) == sorted(runs)
        assert all(is_whole(store, run) for run in restored)
        assert all(is_gone(store, run) for run in removed)


class TestCache:
    def pack(self, name, used_s=OLD_S):
        folder = packed_place(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rows.bin").write_bytes(b"rows")
        os.utime(folder, (used_s, used_s))
        return folder

    def test_what_nobody_used_for_long_goes(self, store):
        old, new = self.pack("old"), self.pack("new", NOW.timestamp())
        assert clear_cache(store) == 1
        assert list((cache_folder() / "packed").iterdir()) == [new]
        assert not old.exists()

    def test_what_a_run_uses_stays_until_the_run_is_gone(self, store, run):
        kept = store.create(SPEC, "", "Moons", "MLP").id
        folders = {name: self.pack(name) for name in ("both", "gone", "kept")}
        save_packed_names({"both", "gone"}, store.folder(run))
        save_packed_names({"both", "kept"}, store.folder(kept))
        assert clear_cache(store) == 0
        store.remove(run, days(40))
        assert clear_cache(store) == 1
        assert {name for name, folder in folders.items() if folder.exists()} == {"both", "kept"}

    def test_what_is_used_at_this_very_moment_stays(self, store, monkeypatch):
        folder = self.pack("old")
        rename = Path.rename

        def use_first(path, target):
            os.utime(path)
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", use_first)
        assert clear_cache(store) == 0
        assert (folder / "rows.bin").read_bytes() == b"rows"

    def test_what_is_held_open_stays(self, store, monkeypatch):
        folder = self.pack("old")

        def refuse(path, target):
            raise PermissionError(13, "in use")

        monkeypatch.setattr(Path, "rename", refuse)
        assert clear_cache(store) == 0
        assert folder.exists()

    def test_what_a_dying_process_left_goes(self, store):
        self.pack("leaving-1234")
        self.pack("making-1234")
        assert clear_cache(store) == 2

    def test_prepared_data_knows_what_it_uses(self, tmp_path, monkeypatch):
        monkeypatch.setattr(table_passes, "LARGE_BYTES", 0)
        table = tmp_path / "table.csv"
        table.write_text("a,b\n" + "".join(f"{n},{n % 3}\n" for n in range(60)))
        prepared = prepare(
            RunSpec.from_dict({"data": {"source": str(table)}, "model": {"name": "mlp"}})
        )
        packed = {folder.name for folder in (cache_folder() / "packed").iterdir()}
        assert len(packed) == 2
        assert prepared.packed_names == packed

    def test_there_is_no_cache(self, store):
        assert clear_cache(store) == 0

    @pytest.mark.parametrize("content", ["", "{", "3", "[[]]"])
    def test_notes_that_cannot_be_read_are_none(self, tmp_path, content):
        (tmp_path / "packed.json").write_text(content)
        assert not read_packed_names(tmp_path) - {"[]"}


class TestTidying:
    def test_removes_runs_and_what_was_cached_for_them(self, store, run, monkeypatch):
        packed = TestCache().pack("mine")
        save_packed_names({"mine"}, store.folder(run))
        with store._database.write() as connection:
            connection.execute("UPDATE runs SET deleted_at = '2000-01-01T00:00:00+00:00'")
        tidy(store)
        assert is_whole(store, run)
        store.overdue(days(-1))  # as if the look had been yesterday
        tidy(store)
        assert is_gone(store, run)
        assert not packed.exists()

    def test_what_goes_wrong_is_logged(self, store, run, monkeypatch, caplog):
        def fail():
            raise WorkspaceError("Cannot write.")

        monkeypatch.setattr(store, "overdue", fail)
        tidy(store)
        assert "could not be removed" in caplog.text
