"""A workspace whose database is damaged or lost: the runs are found again, and nothing is lost."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
import upkeep_cases
from stored_workspace import RUNS, unpack
from upkeep_cases import (
    DAMAGES,
    SPEC,
    content,
    epoch,
    everything,
    fill,
    garble,
    lose,
    started,
)

from engine.cli import main as cli
from engine.errors import DatabaseDamaged, WorkspaceError
from engine.events.run_events import (
    RunState,
    RunStopped,
)
from engine.runs.run_file import HISTORY_FILE
from engine.runs.run_folders import folders_of_runs
from engine.runs.store import RunStore
from engine.runs.workspace_lock import WorkspaceLock
from engine.service.upkeep.checking import check_workspace
from engine.service.upkeep.repairing import repair_workspace

workspace = upkeep_cases.workspace


class TestDatabase:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_every_run_is_found_again_and_what_was_there_is_set_aside(
        self, workspace, damage, capsys
    ):
        before = everything(workspace)
        damage(workspace / "runs.sqlite")
        damaged = content(workspace)
        assert cli.main(["runs", "list", "--workspace", str(workspace)]) == 2
        told = capsys.readouterr()
        assert "workspace check --repair" in told.err
        assert "Traceback" not in told.err
        with pytest.raises(DatabaseDamaged), RunStore(workspace) as store:
            store.runs()
        assert not check_workspace(workspace).is_database_whole
        left = {name: value for name, value in content(workspace).items() if "logs" not in name}
        assert {name: left.get(name) for name in damaged} == damaged, "looking changes nothing"
        assert cli.main(["workspace", "check", "--repair", "--workspace", str(workspace)]) == 0
        assert "3 runs found again" in capsys.readouterr().out
        assert everything(workspace) == before
        if damage is not lose:
            (aside,) = (workspace / "damaged").iterdir()
            kept = {
                f"runs.sqlite{name[11:]}": value
                for name, value in damaged.items()
                if name.startswith("runs.sqlite")
            }
            assert {name: content(aside).get(name) for name in kept} == kept

    def test_looking_says_what_would_be_done_and_changes_nothing(self, workspace, capsys):
        garble(workspace / "runs.sqlite")
        before = content(workspace)
        assert cli.main(["workspace", "check", "--workspace", str(workspace), "--json"]) == 1
        (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert not found["is_sound"]
        kinds = [problem["kind"] for problem in found["problems"]]
        assert kinds == ["database", *["run_not_listed"] * 3]
        assert all(problem["remedy"] for problem in found["problems"])
        assert content(workspace) == before

    def test_a_whole_workspace_is_left_as_it_is(self, workspace, capsys):
        before = content(workspace)
        assert cli.main(["workspace", "check", "--workspace", str(workspace)]) == 0
        assert "Nothing is damaged." in capsys.readouterr().out
        assert content(workspace) == before
        done = repair_workspace(workspace)
        assert (done.found_again, done.aside) == ((), None)
        assert content(workspace) == before

    def test_what_was_written_last_waits_beside_the_database_and_is_read(self, workspace):
        with RunStore(workspace) as store:
            store.set_note(store.get("one").id, "not yet in the file itself")
            shutil.copytree(workspace, workspace.with_name("copied"))
        copied = workspace.with_name("copied")
        assert (copied / "runs.sqlite-wal").stat().st_size
        before = content(copied)
        found = check_workspace(copied)
        assert found.problems == ()
        assert content(copied) == before
        lose(copied / "runs.sqlite")
        with pytest.raises(DatabaseDamaged):
            RunStore(copied)
        assert (copied / "runs.sqlite-wal").exists(), "SQLite would throw it away"

    def test_a_database_that_another_process_is_just_making_is_not_called_lost(
        self, workspace, monkeypatch
    ):
        whole = workspace.with_name("whole.sqlite")
        shutil.copy(workspace / "runs.sqlite", whole)
        lose(workspace / "runs.sqlite")

        def finds_them_once_it_is_made(folder):
            shutil.copy(whole, workspace / "runs.sqlite")
            return folders_of_runs(folder)

        monkeypatch.setattr("engine.runs.database.folders_of_runs", finds_them_once_it_is_made)
        with RunStore(workspace) as store:
            assert {run.name for run in store.runs()} >= {"one"}

    def test_a_newer_schema_is_refused_and_left(self, workspace):
        with closing(sqlite3.connect(workspace / "runs.sqlite")) as database:
            database.execute("PRAGMA user_version = 99")
        before = content(workspace)
        for ask in (check_workspace, repair_workspace):
            with pytest.raises(WorkspaceError, match="newer version"):
                ask(workspace)
        assert content(workspace) == before

    def test_nobody_repairs_what_is_in_use(self, workspace, capsys):
        garble(workspace / "runs.sqlite")
        with WorkspaceLock(workspace):
            words = ["workspace", "check", "--repair", "--workspace", str(workspace)]
            assert cli.main(words) == 2
        assert "in use by" in capsys.readouterr().err

    def test_no_workspace_is_made_by_looking(self, tmp_path, capsys):
        assert cli.main(["workspace", "check", "--workspace", str(tmp_path / "none")]) == 2
        assert cli.main(["workspace", "check", "--repair", "--workspace", str(tmp_path / "x")]) == 2
        assert list(tmp_path.iterdir()) == []
        assert "There is no workspace" in capsys.readouterr().err


class TestFolders:
    def test_a_run_that_was_being_trained_has_every_epoch_up_to_then(self, tmp_path):
        with RunStore(tmp_path) as store:
            run = store.create(SPEC, "cut off", "Iris", "MLP").id
            store.record([started(run), epoch(run, 1), epoch(run, 2, loss=0.25)])
            expected = store.epochs(run)
        lose(tmp_path / "runs.sqlite")
        with (tmp_path / "runs" / run / HISTORY_FILE).open("a") as file:
            file.write("0badc0de {half a li")
        repair_workspace(tmp_path)
        with RunStore(tmp_path) as store:
            record = store.get(run)
            assert store.epochs(run) == expected
            assert (record.epochs_done, record.epochs_planned) == (2, 3)
            assert record.metrics == {"loss": 0.25}

    def test_what_was_cut_stays_cut(self, tmp_path):
        with RunStore(tmp_path) as store:
            run = store.create(SPEC, "", "Iris", "MLP").id
            store.record([epoch(run, 1), epoch(run, 2), epoch(run, 3)])
            store.record([RunStopped(run, reason="Stopped.")])
            store.reopen(run, SPEC, kept=(5, 1))
            store.record([epoch(run, 2, loss=0.1), RunStopped(run, reason="Stopped.")])
            expected = store.epochs(run)
            assert [item.epoch for item in expected] == [1, 2]
        lose(tmp_path / "runs.sqlite")
        repair_workspace(tmp_path)
        with RunStore(tmp_path) as store:
            assert store.epochs(run) == expected

    def test_a_changed_line_is_left_out_and_never_a_wrong_number(self, tmp_path):
        with RunStore(tmp_path) as store:
            run = fill(store, "one")
        lose(tmp_path / "runs.sqlite")
        path = tmp_path / "runs" / run / HISTORY_FILE
        path.write_text(path.read_text().replace('"val_loss": 1.0', '"val_loss": 9.0'))
        repair_workspace(tmp_path)
        with RunStore(tmp_path) as store:
            assert [item.epoch for item in store.epochs(run)] == [1, 3]

    def test_runs_of_an_older_version_are_found_as_far_as_their_files_tell(self, tmp_path):
        workspace = unpack(tmp_path) / "workspace"
        with RunStore(workspace) as store:
            known = {run: store.epochs(run) for run in RUNS.values()}
            states = {run: store.get(run).state for run in RUNS.values()}
        for path in workspace.glob("runs/*/run.json"):
            path.unlink()
        lose(workspace / "runs.sqlite")
        done = repair_workspace(workspace)
        assert set(RUNS.values()) <= set(done.found_again)
        with RunStore(workspace) as store:
            for run, epochs in known.items():
                found = store.epochs(run)
                n_saved = len(found)
                assert n_saved
                assert [e.metrics for e in found] == [e.metrics for e in epochs[:n_saved]]
                record = store.get(run)
                assert record.spec.data.source
                assert record.state.is_active is False
                assert (record.state is RunState.FINISHED) == (states[run] is RunState.FINISHED)
