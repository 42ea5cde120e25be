"""The run store: what was recorded lasts, who owns a run, and what people do with runs."""

import math
import os
import re
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UnknownNameError, WorkspaceError
from engine.events.insights import SurfaceUpdated
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunFailed,
    RunFinished,
    RunState,
    RunStopped,
    StateChanged,
    StepsDone,
)
from engine.runs.database import SCHEMA_NUMBER
from engine.runs.owner import Owner
from engine.runs.steps import STEPS_PER_BLOB
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec

ROOT = Path(__file__).parents[2]
LATER = datetime.now(UTC) + timedelta(days=31)
SPEC = RunSpec.from_dict(
    {"data": {"source": "digits"}, "model": {"name": "cnn", "parameters": {"filters": [32, 64]}}}
)

# Trains for ever: says how many steps it has recorded after each call of `record`.
WORKER = """
import sys
from pathlib import Path
import numpy as np
from engine.events.run_events import (EpochEnded, StateChanged, RunState, StepsDone,)
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec

store = RunStore(Path(sys.argv[1]))
spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
run = store.create(spec, "", "Iris", "MLP").id
store.record([StateChanged(run, RunState.RUNNING)])
print(run, flush=True)
step = 0
for epoch in range(1, 1_000_000):
    losses = np.arange(step, step + 3, dtype=np.float32)
    step += 3
    store.record([
        StepsDone(run, epoch, step - 3, {"loss": losses}, float(step)),
        EpochEnded(run, epoch, step, {"loss": 1.0 / epoch}, 1.0, float(step), 3.0, True),
    ])
    print(step, flush=True)
"""


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path) as opened:
        yield opened


@pytest.fixture
def worker(tmp_path):
    """Another process that trains in `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    yield process
    process.kill()
    process.communicate()


def create(store, name="", dataset="Digits", model="CNN"):
    return store.create(SPEC, name, dataset, model)


def steps(run, first_step, *losses, **others):
    metrics = {"loss": losses, **others}
    arrays = {name: np.array(values, np.float32) for name, values in metrics.items()}
    return StepsDone(run, 1, first_step, arrays, elapsed_s=0.5)


def epoch(run, number, is_best=False, **metrics):
    return EpochEnded(run, number, 10 * number, metrics, 2.0, 2.0 * number, 100.0, is_best)


def blobs(store, run):
    with store._database.read() as connection:
        query = "SELECT COUNT(*) FROM steps WHERE run = ?"
        return connection.execute(query, (run,)).fetchone()[0]


class TestCreate:
    def test_is_complete_on_disk(self, store):
        before = datetime.now(UTC)
        record = create(store, "  First\n try ")
        assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", record.id)
        assert record.name == "First try"
        assert record.state is RunState.PREPARING
        assert record.spec == SPEC
        assert before - timedelta(seconds=1) < record.created_at <= datetime.now(UTC)
        assert (record.dataset_title, record.model_title) == ("Digits", "CNN")
        assert record.owner_pid == os.getpid()
        assert record.owner.is_alive
        assert (record.ended_at, record.deleted_at, record.best_epoch) == (None, None, None)
        spec_file = store.folder(record.id) / "spec.json"
        assert RunSpec.model_validate_json(spec_file.read_text("utf-8")) == SPEC

    def test_unnamed_runs_are_numbered(self, store):
        names = [create(store).name for _ in range(3)]
        assert names == ["Digits · CNN", "Digits · CNN 2", "Digits · CNN 3"]

    def test_full_disk_leaves_nothing(self, store, tmp_path):
        with store._database.read() as connection:
            connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(WorkspaceError, match="No space left") as caught:
            store.create(SPEC, "x" * 200, "y" * 5000, "z")
        assert "disk is full" in caught.value.hint
        assert list((tmp_path / "runs").iterdir()) == []
        assert store.runs() == []


class TestRecord:
    def test_states_plan_and_end(self, store):
        run = create(store).id
        plan = PlanChosen(run, "chunked", "CPU:0", xla=True, resident=True, reason="Faster.")
        store.record([plan, StateChanged(run, RunState.RUNNING)])
        assert store.get(run).state is RunState.RUNNING
        assert store.get(run).plan == {
            "execution": "chunked",
            "device": "CPU:0",
            "xla": True,
            "resident": True,
            "layers": "keras",
            "precision": "float32",
            "replicas": 1,
            "speedup": 0.0,
            "reason": "Faster.",
        }
        store.record([epoch(run, 1, loss=2.0, val_loss=3.0)])
        ended = RunFinished(
            run, reason="All epochs are done.", metrics={"loss": 1.0, "test_a": 0.9}
        )
        store.record([ended])
        record = store.get(run)
        assert record.state is RunState.FINISHED
        assert record.reason == "All epochs are done."
        assert record.metrics == {"loss": 1.0, "val_loss": 3.0, "test_a": 0.9}
        assert record.ended_at >= record.created_at

    def test_failure_keeps_hint_and_details(self, store):
        run = create(store).id
        store.record([RunFailed(run, reason="NaN", hint="Lower it.", details="Traceback")])
        record = store.get(run)
        assert (record.state, record.hint, record.details) == (
            RunState.FAILED,
            "Lower it.",
            "Traceback",
        )

    def test_epochs_come_back_as_they_were(self, store):
        run = create(store).id
        events = [
            epoch(run, 1, is_best=True, loss=np.float32(0.5), val_loss=0.6),
            epoch(run, 2, is_best=True, loss=0.4, val_loss=0.5),
            epoch(run, 3, loss=0.3, val_loss=math.inf),
        ]
        store.record(events[:1])
        store.record(events[1:])
        assert store.epochs(run) == events
        record = store.get(run)
        assert (record.epochs_done, record.best_epoch, record.duration_s) == (3, 2, 6.0)
        assert record.metrics == {"loss": 0.3, "val_loss": math.inf}

    def test_nan_survives(self, store):
        run = create(store).id
        store.record([epoch(run, 1, loss=math.nan)])
        assert math.isnan(store.get(run).metrics["loss"])

    def test_steps_of_several_calls_and_runs(self, store):
        one, two = create(store).id, create(store).id
        store.record([steps(one, 0, 1, 2, accuracy=[0, 1]), steps(two, 0, 9), steps(one, 2, 3)])
        store.record([steps(one, 3, 4, math.nan)])
        found = store.steps(one)
        assert list(found) == ["loss", "accuracy"]
        assert found["loss"].dtype == np.float32
        np.testing.assert_array_equal(found["loss"], [1, 2, 3, 4, math.nan])
        np.testing.assert_array_equal(found["accuracy"], [0, 1])
        np.testing.assert_array_equal(store.steps(two)["loss"], [9])
        assert store.steps(create(store).id) == {}

    def test_repeated_steps_have_their_later_values_and_lost_ones_are_nan(self, store):
        run = create(store).id
        store.record([steps(run, 0, 1, 2, 3), steps(run, 5, 6)])
        store.record([steps(run, 1, 20, 30)])
        expected = [1, 20, 30, math.nan, math.nan, 6]
        np.testing.assert_array_equal(store.steps(run)["loss"], expected)
        store.record([RunStopped(run, reason="Stopped.")])
        np.testing.assert_array_equal(store.steps(run)["loss"], expected)

    def test_chunks_of_one_call_share_a_blob(self, store):
        run = create(store).id
        store.record([steps(run, 2 * index, index, index) for index in range(50)])
        assert blobs(store, run) == 1

    def test_a_million_steps_are_joined_at_the_end(self, store):
        run = create(store).id
        losses = np.random.default_rng(0).random(1_000_000, np.float32)
        for first in range(0, len(losses), 5_000):
            piece = losses[first : first + 5_000]
            store.record([StepsDone(run, 1, first, {"loss": piece}, 1.0)])
        assert blobs(store, run) == 200
        store.record([RunFinished(run, reason="Done.")])
        assert blobs(store, run) == math.ceil(1_000_000 / STEPS_PER_BLOB)
        np.testing.assert_array_equal(store.steps(run)["loss"], losses)

    def test_what_does_not_last_passes_by(self, store):
        run = create(store).id
        store.record(
            [SurfaceUpdated(run, (np.zeros(2, np.float32),), np.zeros((2, 1), np.float32))]
        )
        store.record([])
        assert store.get(run).state is RunState.PREPARING

    def test_a_call_is_stored_whole_or_not_at_all(self, store):
        run = create(store).id
        with pytest.raises(WorkspaceError, match="no run '20000101-000000-0000'"):
            store.record([epoch(run, 1, loss=1.0), epoch("20000101-000000-0000", 1, loss=1.0)])
        assert store.epochs(run) == []
        assert store.get(run).epochs_done == 0


class TestRead:
    def test_newest_first(self, store):
        created = [create(store).id for _ in range(5)]
        assert [record.id for record in store.runs()] == created[::-1]

    def test_get_by_id_prefix_and_name(self, store):
        record = create(store, "My run")
        assert store.get(record.id) == record
        assert store.get(record.id[:-1]) == record
        assert store.get("My run") == record

    def test_unknown_run_names_the_nearest(self, store):
        create(store, "first try")
        create(store, "else")
        with pytest.raises(UnknownNameError) as caught:
            store.get("first tri")
        assert caught.value.message == "There is no run named 'first tri'."
        assert "'first try'" in caught.value.hint
        with pytest.raises(UnknownNameError):
            store.get("")

    def test_ambiguous_reference_lists_the_runs(self, store):
        both = [create(store, "same").id for _ in range(2)]
        for reference in ("same", both[0][:4]):
            with pytest.raises(WorkspaceError, match="means 2 runs") as caught:
                store.get(reference)
            assert all(run in caught.value.message for run in both)

    def test_folder_of_something_else_is_refused(self, store):
        with pytest.raises(WorkspaceError, match=r"Received: '\.\./x'"):
            store.folder("../x")

    def test_damaged_spec_spoils_its_own_run_only(self, store, tmp_path):
        good, bad = create(store), create(store)
        with store._database.write() as connection:
            connection.execute("UPDATE runs SET spec = '{}' WHERE id = ?", (bad.id,))
        records = {record.id: record for record in store.runs()}
        assert records[good.id].spec == SPEC
        with pytest.raises(WorkspaceError, match=bad.id):
            _ = records[bad.id].spec


class TestPeople:
    def test_rename_and_note(self, store):
        run = create(store).id
        store.rename(run, " better\tname ")
        store.set_note(run, "line one\nline two")
        record = store.get(run)
        assert (record.name, record.note) == ("better name", "line one\nline two")

    def test_empty_name_is_refused(self, store):
        run = create(store, "kept").id
        with pytest.raises(WorkspaceError, match="Received: '  '"):
            store.rename(run, "  ")
        assert store.get(run).name == "kept"

    def test_delete_restore_remove(self, store):
        kept, gone = create(store, "kept").id, create(store, "gone").id
        store.record([steps(gone, 0, 1), epoch(gone, 1, loss=1.0), RunStopped(gone, reason="x")])
        store.delete(gone)
        assert [record.id for record in store.runs()] == [kept]
        assert [record.id for record in store.runs(deleted=True)] == [gone]
        assert store.folder(gone).exists()
        with pytest.raises(UnknownNameError):
            store.get("gone")
        store.restore(gone)
        assert len(store.runs()) == 2
        store.delete(gone)
        assert store.remove(gone, LATER)
        assert not store.folder(gone).exists()
        assert (store.steps(gone), store.epochs(gone), store.runs(deleted=True)) == ({}, [], [])
        assert not store.remove(gone, LATER)
        assert store.folder(kept).exists()

    @pytest.mark.parametrize("change", ["rename", "set_note"])
    def test_missing_run(self, store, change):
        with pytest.raises(WorkspaceError, match="no run"):
            getattr(store, change)("20000101-000000-0000", "x")


class TestOwner:
    def test_what_a_killed_worker_recorded_is_kept(self, store, worker):
        run = worker.stdout.readline().strip()
        for _ in range(20):
            confirmed = int(worker.stdout.readline())
        with pytest.raises(WorkspaceError, match=f"process {worker.pid}"):
            store.delete(run)
        assert store.mark_interrupted() == []
        assert store.get(run).state is RunState.RUNNING

        worker.kill()
        if hasattr(os, "waitid"):
            # Left uncollected: a process that is dead and still listed is dead all the same.
            os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        else:
            worker.wait()
        rest = [int(line) for line in worker.stdout if line.endswith("\n")]
        confirmed = max([confirmed, *rest])
        ended = store.mark_interrupted()

        assert [record.id for record in ended] == [run]
        assert ended[0].state is RunState.INTERRUPTED
        assert f"after {ended[0].epochs_done}" in ended[0].reason
        losses = store.steps(run)["loss"]
        assert len(losses) >= confirmed
        np.testing.assert_array_equal(losses, np.arange(len(losses)))
        assert len(store.epochs(run)) == len(losses) // 3
        assert store.mark_interrupted() == []

    def test_a_reused_process_number_is_not_the_owner(self):
        mine = Owner.this_process()
        assert mine.is_alive
        assert not Owner(mine.pid, mine.started_s - 3600).is_alive

    def test_ended_runs_are_left_alone(self, store):
        run = create(store).id
        store.record([RunFinished(run, reason="Done.")])
        with store._database.write() as connection:
            connection.execute("UPDATE runs SET owner_started_s = 0")
        assert store.mark_interrupted() == []
        assert store.get(run).state is RunState.FINISHED


class TestSharing:
    def test_threads_read_while_one_writes(self, store):
        run = create(store).id
        failures = []
        is_done = threading.Event()

        def read():
            try:
                while not is_done.is_set():
                    found = store.steps(run).get("loss", np.zeros(0))
                    np.testing.assert_array_equal(found, np.arange(len(found)))
                    assert len(store.runs()) == 1
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for step in range(200):
            store.record([steps(run, step, step)])
        is_done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.steps(run)["loss"]) == 200
        assert len(store._database._idle) <= 4

    def test_processes_open_a_new_workspace_at_once(self, tmp_path):
        script = (
            "import sys; from pathlib import Path; from engine.runs.store import RunStore\n"
            "sys.stdin.read(); RunStore(Path(sys.argv[1])).close()"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, str(tmp_path)],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for _ in range(4)
        ]
        for process in processes:
            process.stdin.close()
        for process in processes:
            errors = process.stderr.read()
            process.stderr.close()
            assert process.wait() == 0, errors

    def test_closed_store_says_so(self, tmp_path):
        store = RunStore(tmp_path)
        store.close()
        store.close()
        with pytest.raises(WorkspaceError, match="closed"):
            store.runs()

    def test_committed_means_flushed(self, store):
        with store._database.read() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


class TestFaults:
    def test_file_that_is_no_database(self, tmp_path):
        (tmp_path / "runs.sqlite").write_bytes(b"not a database at all, for sure" * 100)
        with pytest.raises(WorkspaceError, match="damaged") as caught:
            RunStore(tmp_path)
        assert "workspace check --repair" in caught.value.hint

    def test_damage_inside(self, tmp_path):
        with RunStore(tmp_path) as store:
            for _ in range(20):
                create(store)
        path = tmp_path / "runs.sqlite"
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xa5" * (len(content) - 4096)
        path.write_bytes(content)
        with pytest.raises(WorkspaceError, match="damaged"), RunStore(tmp_path) as store:
            store.runs()

    def test_newer_schema_is_refused_and_untouched(self, tmp_path):
        RunStore(tmp_path).close()
        connection = sqlite3.connect(tmp_path / "runs.sqlite")
        connection.execute(f"PRAGMA user_version = {SCHEMA_NUMBER + 1}")
        connection.close()
        with pytest.raises(WorkspaceError, match="newer version") as caught:
            RunStore(tmp_path)
        assert f"schema {SCHEMA_NUMBER + 1}" in caught.value.message
        assert "Update" in caught.value.hint

    def test_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(WorkspaceError, match=r"Cannot write .*file") as caught:
            RunStore(tmp_path / "file" / "workspace")
        assert caught.value.hint

    def test_database_that_cannot_be_opened(self, tmp_path):
        (tmp_path / "runs.sqlite").mkdir()
        with pytest.raises(WorkspaceError, match="is a folder"):
            RunStore(tmp_path)

    def test_full_disk_keeps_what_was_recorded(self, store):
        run = create(store).id
        store.record([epoch(run, 1, loss=1.0)])
        with store._database.read() as connection:
            connection.execute("PRAGMA max_page_count = 1")
        big = np.zeros(100_000, np.float32)
        with pytest.raises(WorkspaceError, match="No space left") as caught:
            store.record([epoch(run, 2, loss=0.5), StepsDone(run, 2, 0, {"loss": big}, 1.0)])
        assert "disk is full" in caught.value.hint
        assert [found.epoch for found in store.epochs(run)] == [1]
        assert store.steps(run) == {}
